"""Names that a language model offers for topics: asked for by command, within a budget, each question once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from tidings.catalog.syncing import Syncing
from tidings.catalog.topic_care import TopicCare
from tidings.catalog.words import LONGEST_NAME, one_line
from tidings.errors import SourceError
from tidings.people import Reader, require
from tidings.plain import plain
from tidings.types import NameOffer, Topic

if TYPE_CHECKING:
    from tidings.sources.naming import Endpoint

_TITLES = 8
_MARKS = " \"'`*.“”„«»"


class TopicOffers(TopicCare, Syncing):
    """Asking for names. Topics have good names without; nothing is renamed by this, a curator takes what is better."""

    def offer_names(self, reader: Reader | None, *, most: int = 20) -> Iterator[NameOffer]:
        """Yield names for the ``most`` largest topics that no curator named, as the model of the settings offers them.

        What was offered before, for the same words and papers, is not asked for again. Ends when the tokens of
        ``TIDINGS_NAMES_TOKENS`` are used up: a further call goes on there.

        Raises:
            SignInError, ForbiddenError: the reader is no curator.
            InputError: no model is set, or its key file cannot be read.
            FetchError, SourceError: the model does not answer, or says nothing. What it offered before is kept.
        """
        from tidings.sources.naming import Endpoint

        require(reader, "curate")
        return self._offers(Endpoint(self._client, self.settings.names), most)

    def _offers(self, endpoint: Endpoint, most: int) -> Iterator[NameOffer]:
        kept, left = _Kept(self._topics_home / "offers.json"), self.settings.names.tokens
        for topic in self._unnamed(most):
            question = self._question(topic)
            key = blake2b(f"{endpoint.model}\n{question}".encode(), digest_size=16).hexdigest()
            name = kept.names.get(key)
            if name is None:
                if left <= 0:
                    return
                offer = endpoint.offer(question)
                left -= offer.tokens
                name = _clean(offer.name)
                kept.add(key, name)
            yield NameOffer(topic, name)

    def _unnamed(self, most: int) -> list[Topic]:
        living = [topic for topic in self._living_topics().values() if not topic.renamed]
        return sorted(living, key=lambda topic: (-topic.size, topic.id))[:most]

    def _question(self, topic: Topic) -> str:
        from tidings.sources.naming import question_of

        detail = self.topic(topic.id)
        # neighbours, not all: the rest would change with every topic, and each question be a new one
        others = [other.name for other in detail.neighbours]
        return question_of(topic.words, [plain(paper.title) for paper in detail.line.papers[:_TITLES]], others)


class _Kept:
    """What was offered, in a file: it can be deleted, and costs the same questions again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self.names: dict[str, str] = dict(json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):  # none yet, or damaged
            self.names = {}

    def add(self, key: str, name: str) -> None:
        self.names[key] = name
        made = self._file.with_suffix(".part")
        made.write_text(json.dumps(self.names, ensure_ascii=False, indent=1), "utf-8")
        made.replace(self._file)


def _clean(said: str) -> str:
    """Return the first line of an answer as a name can be.

    Raises:
        SourceError: nothing of it can be seen.
    """
    name = one_line(next(iter(said.splitlines()), "").strip(_MARKS), LONGEST_NAME)
    if not name:
        raise SourceError("the model offered a name in which nothing can be seen")
    return name
