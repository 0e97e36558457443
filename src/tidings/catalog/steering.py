"""What steers all of a reader's feeds at once: muted words and authors, followed authors."""

from __future__ import annotations

from tidings.catalog.gathering import author_of
from tidings.catalog.moving import Moving
from tidings.catalog.words import one_line
from tidings.errors import InputError, NotFoundError
from tidings.people import Reader, require
from tidings.types import Filter, Rule, Term

MOST_RULES = 1_000
_LONGEST = 80
_MUTED = {"word": "mute-word", "author": "mute-author"}
_FOLLOWED = "follow-author"


class Steering(Moving):
    """Rules; each is its reader's alone."""

    def rules(self, reader: Reader | None) -> list[Rule]:
        """Return what oneself mutes and follows.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
        """
        return self._store.habits.rules(require(reader, "interests").id)

    def mute(self, reader: Reader | None, what: str, value: str) -> Rule:
        """Keep papers out of all one's feeds: those with a ``word`` (or several in a row), or of an ``author``.

        A word is muted in whatever form: "transformers" mutes "transformer". Muting an author ends following them.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError: it is neither a word nor an author, or nothing that a paper could have.
            ConflictError: there are too many rules.
        """
        account, kind = require(reader, "interests"), _kind(what)
        kept = author_of(value) if what == "author" else self._muted_word(value)
        self._store.habits.add_rule(account.id, kind, kept, self._clock(), most=MOST_RULES)
        if what == "author":
            self._store.habits.remove_rule(account.id, _FOLLOWED, kept)
        return Rule(kind, kept, self._clock())

    def unmute(self, reader: Reader | None, what: str, value: str) -> None:
        """Take that back; raises as ``mute``, and NotFoundError where it is not muted."""
        account = require(reader, "interests")
        self._forget(account.id, _kind(what), author_of(value) if what == "author" else self._muted_word(value))

    def follow(self, reader: Reader | None, author: str) -> Rule:
        """Have the papers of an author in one's feeds, whatever they score; raises as ``mute``."""
        account, name = require(reader, "interests"), author_of(author)
        self._store.habits.add_rule(account.id, _FOLLOWED, name, self._clock(), most=MOST_RULES)
        self._store.habits.remove_rule(account.id, _MUTED["author"], name)
        return Rule(_FOLLOWED, name, self._clock())

    def unfollow(self, reader: Reader | None, author: str) -> None:
        """Take that back; raises as ``mute``, and NotFoundError where nobody of that name is followed."""
        self._forget(require(reader, "interests").id, _FOLLOWED, author_of(author))

    def _forget(self, account_id: int, kind: str, value: str) -> None:
        if not self._store.habits.remove_rule(account_id, kind, value):
            raise NotFoundError(f"{value!r} is not {'followed' if kind == _FOLLOWED else 'muted'}")

    def _muted_word(self, text: str) -> str:
        word = one_line(text, _LONGEST).lower()
        if not self._index.stem(word):
            raise InputError("which word? It needs a letter or a digit")
        return word


def filter_of(rule: Rule) -> Filter:
    """Return what a paper has that a rule is about."""
    field = None if rule.kind == _MUTED["word"] else "author"
    return Term(rule.value, field, phrase=field is not None or " " in rule.value)


def _kind(what: str) -> str:
    if what not in _MUTED:
        raise InputError(f"a word or an author can be muted, not {what[:20]!r}")
    return _MUTED[what]
