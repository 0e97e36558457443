"""Single papers by their ids: the query API, https://info.arxiv.org/help/api/user-manual.html.

An answer with fewer papers than it counts is a passing fault and is asked for again; a paper that it does not count is
none of arXiv's. Errors look like papers, titled "Error".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from tidings import identifiers
from tidings.errors import FetchError, SourceError
from tidings.sources.client import Client
from tidings.sources.formats.arxiv_atom import is_error, queried
from tidings.sources.formats.arxiv_xml import name_of, refused
from tidings.sources.formats.common import Outcome, refusal
from tidings.sources.formats.trees import local_name, tree_of
from tidings.types import Limit

MOST = 100

_ATTEMPTS = 3
_BAD_REQUEST = 400


@dataclass(frozen=True, slots=True)
class QueryPage:
    """An answer: what it says of each paper by id, and how many papers there are in all."""

    outcomes: dict[str, Outcome]
    total: int


class Query:
    """Asks for papers by id."""

    def __init__(self, client: Client, url: str, limit: Limit) -> None:
        self._client, self._url, self._limit = client, url, limit

    def papers(self, ids: Iterable[str]) -> Iterator[Outcome]:
        """Yield the latest version of each paper in the order of the ids, each once; a refusal for an id that is none.

        Raises:
            FetchError: arXiv did not answer, or not with all that it has.
            SourceError: its answer cannot be understood.
        """
        wanted: dict[str, None] = {}
        for text in ids:
            try:
                wanted[identifiers.parse_arxiv_id(text)[0]] = None
            except SourceError as error:
                yield refusal("arxiv", f"api {text}", error)
        keys = list(wanted)
        for start in range(0, len(keys), MOST):
            yield from self._chunk(keys[start : start + MOST])

    def _chunk(self, keys: Sequence[str]) -> Iterator[Outcome]:
        try:
            found = self._ask(keys)
        except FetchError as error:
            if error.status != _BAD_REQUEST:
                raise
            if len(keys) == 1:
                yield refusal("arxiv", f"api {keys[0]}", error)
                return
            half = len(keys) // 2  # one bad id spoils the answer for all
            yield from self._chunk(keys[:half])
            yield from self._chunk(keys[half:])
            return
        for key in keys:
            yield found.get(key) or refusal("arxiv", f"api {key}", "arXiv has no such paper")

    def _ask(self, keys: Sequence[str]) -> dict[str, Outcome]:
        found: dict[str, Outcome] = {}
        for _ in range(_ATTEMPTS):
            missing = [key for key in keys if key not in found]
            params: dict[str, str | int | list[str]] = {"id_list": ",".join(missing), "start": 0}
            answer = self._client.get(self._url, self._limit, params=params | {"max_results": len(missing)})
            try:
                page = read_query(answer.body)
            except SourceError as error:
                raise SourceError(f"{answer.url}: {error}") from error
            found |= page.outcomes
            if len(page.outcomes) >= page.total:
                return found
        raise FetchError(f"{answer.url} answers with fewer papers than it counts (tried {_ATTEMPTS} times)")


def read_query(body: bytes) -> QueryPage:
    """Return what an answer of the query API holds.

    Raises:
        SourceError: it is no feed, or stands for an error, whose words are then the message.
    """
    root = tree_of(body)
    if local_name(root) != "feed":
        raise SourceError(f"a page named {local_name(root)!r} in place of a feed")
    outcomes: dict[str, Outcome] = {}
    for number, entry in enumerate(root.iterchildren("{*}entry"), start=1):
        if is_error(entry):
            queried(entry)  # raises with arXiv's own words
        outcomes[_key(entry) or f"entry {number}"] = _outcome(entry, number)
    total = next((child.text or "" for child in root.iterchildren("{*}totalResults")), "")
    return QueryPage(outcomes, int(total) if total.isdecimal() else len(outcomes))


def _outcome(entry: etree._Element, number: int) -> Outcome:
    try:
        return queried(entry)
    except SourceError as error:
        return refused(entry, f"api {name_of(entry) or f'entry {number}'}", error)


def _key(entry: etree._Element) -> str | None:
    try:
        return identifiers.parse_arxiv_id(name_of(entry) or "")[0]
    except SourceError:
        return None
