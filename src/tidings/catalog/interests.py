"""Interests: words and examples that rank a feed. Everything is its reader's alone unless it is shared with the lab."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from tidings import learn
from tidings.catalog.gathering import Gathering
from tidings.catalog.learning import line_state, line_through
from tidings.catalog.words import LONGEST_NAME, one_line
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from tidings.people import Account, Reader, require
from tidings.plain import collapse
from tidings.rank.query import SOURCES, parse
from tidings.store.interests import Said
from tidings.types import DISMISSED, LIKED, TAKEN_BACK, Example, Interest, Paper

MINE = "My papers"
"""The interest that takes a like where there is none yet."""

SEEN_BY = ("private", "lab")
LONGEST_WORDS = 5_000
LONGEST_QUERY = 1_000
MOST_INTERESTS = 500


class Interests(Gathering):
    """Making interests, and saying in them what one likes; each method says who may."""

    # --- asking ---

    def interests(self, reader: Reader | None) -> tuple[list[Interest], list[Interest]]:
        """Return one's own interests, and those of others that they share with the lab, each by name.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
        """
        account = require(reader, "interests")
        others = [each for each in self._store.interests.of_lab() if each.account_id != account.id]
        return self._store.interests.of(account.id), others

    def interest(self, reader: Reader | None, which: int | str) -> Interest:
        """Return an interest by its number, or one of one's own by its name; a name goes before a number in words.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            NotFoundError: there is none, or it is somebody's who does not share it.
        """
        account = require(reader, "interests")
        if isinstance(which, str):
            named = self._store.interests.named(account.id, one_line(which, LONGEST_NAME))
            if named is not None:
                return named
            if not (which.isdecimal() and len(which) < 20):
                raise NotFoundError(f"you have no interest {which[:LONGEST_NAME]!r}")
        found = self._store.interests.get(int(which))
        if found.account_id != account.id and not (found.visibility == "lab" and self._is_member(found.account_id)):
            raise NotFoundError(f"no interest has the number {which}")  # that it exists is private too
        return found

    def _is_member(self, account_id: int) -> bool:
        return not self._store.accounts.get(account_id).disabled

    def examples(
        self, reader: Reader | None, which: int | str, *, limit: int = 50, offset: int = 0
    ) -> tuple[list[tuple[Paper, Example]], int]:
        """Return what was said of papers in an interest, the newest first, and how many that are in all.

        Of somebody else's the likes are shown, never what was dismissed.

        Raises:
            SignInError, ForbiddenError, NotFoundError: as ``interest``.
            InputError: the limit or the offset is senseless.
        """
        account, found = require(reader, "interests"), self.interest(reader, which)
        if limit < 1 or offset < 0:
            raise InputError(f"a limit of {limit} from {offset} on asks for nothing")
        said = self._store.interests.examples(found.id)[::-1]
        if found.account_id != account.id:
            said = [example for example in said if example.verdict == LIKED]
        page = said[offset : offset + limit]
        papers = {paper.id: paper for paper in self._store.papers([example.paper_id for example in page])}
        return [(papers[e.paper_id], e) for e in page if e.paper_id in papers], len(said)

    def verdicts(self, reader: Reader | None, papers: Sequence[Paper]) -> dict[int, int]:
        """Return what oneself said of papers last, LIKED or DISMISSED by internal id; nothing to whoever may not."""
        if reader is None or "interests" not in reader.scopes:
            return {}
        found = self._store.interests.verdicts(reader.account.id, [paper.id for paper in papers])
        return {number: list(said.values())[-1] for number, said in found.items()}

    # --- making and changing ---

    def make_interest(
        self,
        reader: Reader | None,
        name: str,
        *,
        words: str = "",
        query: str = "",
        likes: Sequence[str] = (),
        visibility: str = "private",
    ) -> Interest:
        """Make an interest of words, a query in the search language, papers that one likes, or all of these.

        A paper, a library (``papers_in``), an author's papers (``papers_by``) are likes; a saved search is a query: its
        filter decides what the feed may show, and its words count like the interest's own.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError, QueryError: no name, too many words, a query that cannot be read, no such visibility.
            NotFoundError: nothing has the id of a like.
            ConflictError: one has that name, or there are too many.
        """
        account, now = require(reader, "interests"), self._clock()
        said = [Said(number, LIKED, now) for number in self._numbers(likes)]
        return self._add_interest(
            account, name_of_interest(name), words=words, query=query, visibility=visibility, said=said
        )

    def _add_interest(
        self,
        account: Account,
        name: str,
        *,
        words: str = "",
        query: str = "",
        visibility: str = "private",
        said: Sequence[Said] = (),
        state: bytes | None = None,
    ) -> Interest:
        return self._store.interests.add(
            account.id,
            name,
            words=_words(words),
            query=self._checked_query(query),
            visibility=_visibility(visibility),
            now=self._clock(),
            said=said,
            state=state,
            most=MOST_INTERESTS,
        )

    def change_interest(
        self,
        reader: Reader | None,
        which: int | str,
        *,
        name: str | None = None,
        words: str | None = None,
        query: str | None = None,
        visibility: str | None = None,
    ) -> Interest:
        """Change an interest of one's own: all that is given or nothing; what is None stays.

        Raises:
            SignInError, NotFoundError, InputError, QueryError, ConflictError: as for making one.
            ForbiddenError: it is another's.
        """
        own = self._own_interest(reader, which)
        return self._store.interests.change(
            own.id,
            name=None if name is None else name_of_interest(name),
            words=None if words is None else _words(words),
            query=None if query is None else self._checked_query(query),
            visibility=None if visibility is None else _visibility(visibility),
            now=self._clock(),
        )

    def remove_interest(self, reader: Reader | None, which: int | str) -> None:
        """Remove an interest of one's own with all that was said in it; raises as ``change_interest``."""
        self._store.interests.remove(self._own_interest(reader, which).id)

    def _own_interest(self, reader: Reader | None, which: int | str) -> Interest:
        found = self.interest(reader, which)
        if reader is None or found.account_id != reader.account.id:
            raise ForbiddenError(f"the interest {found.name!r} is somebody else's; only its owner changes it")
        return found

    # --- saying ---

    def like(self, reader: Reader | None, id: str, interest: int | str | None = None) -> Interest:  # noqa: A002
        """Like a paper in an interest of one's own; twice is once. Return the interest that took it.

        None means the one that scores the paper highest, and "My papers" where one has none: it is made.

        Raises:
            SignInError: nobody is signed in.
            ForbiddenError: the token may not, or the interest is another's.
            NotFoundError: nothing has that id, or there is no such interest.
        """
        return self._say(reader, id, interest, LIKED)

    def dismiss(self, reader: Reader | None, id: str, interest: int | str | None = None) -> Interest:  # noqa: A002
        """Say that a paper is not what one looks for: no feed shows it, and less like it; raises as ``like``."""
        return self._say(reader, id, interest, DISMISSED)

    def like_all(self, reader: Reader | None, ids: Sequence[str], interest: int | str) -> Interest:
        """Like several papers as one step, which one undo takes back; raises as ``like``."""
        own, now = self._own_interest(reader, interest), self._clock()
        self._store.interests.say(own.id, [Said(number, LIKED, now) for number in self._numbers(ids)], now)
        return self._store.interests.get(own.id)

    def take_back(self, reader: Reader | None, id: str, interest: int | str | None = None) -> list[Interest]:  # noqa: A002
        """Take back what one said of a paper, in one interest or in all; return those where something was.

        Raises:
            SignInError, ForbiddenError, NotFoundError: as ``like``.
        """
        account, paper, now = require(reader, "interests"), self._find(id), self._clock()
        said = self._store.interests.verdicts(account.id, [paper]).get(paper, {})
        chosen = list(said) if interest is None else [self._own_interest(reader, interest).id]
        back = [number for number in chosen if self._store.interests.say(number, [Said(paper, TAKEN_BACK, now)], now)]
        return [self._store.interests.get(number) for number in back]

    def undo_last(self, reader: Reader | None, which: int | str) -> list[tuple[Paper, int]]:
        """Undo the last step in an interest of one's own; return the papers and what had been said of each.

        Raises:
            SignInError, ForbiddenError, NotFoundError: as ``change_interest``.
            ConflictError: there is nothing to undo.
        """
        own = self._own_interest(reader, which)
        undone = self._store.interests.undo(own.id, self._clock())
        if not undone:
            raise ConflictError(f"nothing was said in {own.name!r} yet")
        self._draw_line(own)
        return self._with_papers(undone)

    def reset_interest(self, reader: Reader | None, which: int | str, to: date) -> list[tuple[Paper, int]]:
        """Bring the examples of an interest of one's own back to how they were when a day (UTC) ended.

        That is one step, which can be undone. Return the papers whose verdict changed, and what it is now.

        Raises:
            SignInError, ForbiddenError, NotFoundError: as ``change_interest``.
        """
        own = self._own_interest(reader, which)
        until = datetime.combine(to, time(), UTC) + timedelta(days=1) if to < date.max else self._clock()
        return self._with_papers(self._store.interests.reset(own.id, until, self._clock()))

    def _with_papers(self, said: Sequence[Example]) -> list[tuple[Paper, int]]:
        papers = {paper.id: paper for paper in self._store.papers([example.paper_id for example in said])}
        return [(papers[e.paper_id], e.verdict) for e in said if e.paper_id in papers]

    def _say(self, reader: Reader | None, id: str, interest: int | str | None, verdict: int) -> Interest:  # noqa: A002
        account, paper, now = require(reader, "interests"), self._find(id), self._clock()
        own = self._nearest_interest(account, paper) if interest is None else self._own_interest(reader, interest)
        height, state = self._before_liking(own, paper) if verdict == LIKED else (None, None)
        self._store.interests.say(own.id, [Said(paper, verdict, now, height)], now, state)
        return self._store.interests.get(own.id)

    def _before_liking(self, own: Interest, paper: int) -> tuple[float | None, bytes | None]:
        """Return how rare the score of a paper is before it is liked, and the state of the interest afterwards."""
        if not self._index.is_ready():
            return None, None
        learnt = self._learnt(own)
        height = self._height(learnt, paper)
        if height is None:
            return None, None
        return height, line_state(self._store.interests.state(own.id), learnt.line.after(height))

    def _nearest_interest(self, account: Account, paper: int) -> Interest:
        """Return the interest of an account that scores a paper highest, made where there is none."""
        own = self._store.interests.of(account.id)
        if not own:
            return self._add_interest(account, MINE)
        if len(own) == 1 or not self._index.is_ready():
            return own[0]
        one = learn.prepare(self._corpus(), self._papers_of(np.array([paper], np.int64)))
        scores = learn.score_many([self._learnt(each).head for each in own], one)[:, 0]
        return own[int(scores.argmax())]

    def _draw_line(self, own: Interest) -> None:
        """Learn the line again from what is left of the log."""
        line = line_through(self._store.interests.heights(own.id))
        state = line_state(self._store.interests.state(own.id), line)
        self._store.interests.keep_state(own.id, state, self._clock())

    def _checked_query(self, text: str) -> str:
        query = one_line(text, LONGEST_QUERY + 1)
        if len(query) > LONGEST_QUERY:
            raise InputError(f"a query has at most {LONGEST_QUERY} characters")
        if query:
            parse(query, sources=SOURCES | self._index.sources())
        return query


def name_of_interest(text: str) -> str:
    """Return the name of an interest as it is kept.

    Raises:
        InputError: there is nothing to be seen in it.
    """
    if not (name := one_line(text, LONGEST_NAME)):
        raise InputError("an interest needs a name")
    return name


def _words(text: str) -> str:
    words = collapse(text)
    if len(words) > LONGEST_WORDS:
        raise InputError(f"an interest has at most {LONGEST_WORDS:,} characters of words; these are {len(words):,}")
    return words


def _visibility(text: str) -> str:
    if text not in SEEN_BY:
        raise InputError(f"an interest is {' or '.join(SEEN_BY)}; not {text[:20]!r}")
    return text
