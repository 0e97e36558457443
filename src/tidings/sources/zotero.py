"""A reader's Zotero: the papers of the libraries that a key may read. For interests only; nothing of it is published.

API: https://www.zotero.org/support/dev/web_api/v3/basics and …/v3/syncing. A library has a version, and so has each
item in it: what changed since a version is asked for, and held when its last page is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import msgspec

from tidings.errors import FetchError, SourceError
from tidings.sources.batches import read_cursor, write_cursor
from tidings.sources.client import Answer
from tidings.sources.enrichment import required_key
from tidings.sources.formats.common import Outcome, refusal
from tidings.sources.formats.references import Reference, from_reference
from tidings.sources.registry import Means
from tidings.sources.source import Batch
from tidings.types import Limit, Record

_PAGE = 100  # the most that may be asked for
_RESTARTS = 5  # a library that changes faster than it can be read is left for the next run
_REFUSED = timedelta(hours=24)
_PAPERS = frozenset(("journalArticle", "conferencePaper", "preprint", "manuscript", "report", "thesis", "bookSection"))


class _Library(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is held of a library: all up to ``version``; of the changes up to ``target`` those before ``start``."""

    version: int = 0
    target: int | None = None
    start: int = 0


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    libraries: dict[str, _Library] = {}


class _Grant(msgspec.Struct, frozen=True):
    library: bool = False


class _Access(msgspec.Struct, frozen=True):
    user: _Grant = _Grant()
    groups: dict[str, _Grant] = {}


class _Key(msgspec.Struct, frozen=True):
    user_id: int = msgspec.field(name="userID")
    access: _Access = _Access()


class _Creator(msgspec.Struct, frozen=True, rename="camel"):
    creator_type: str = "author"
    first_name: str = ""
    last_name: str = ""
    name: str = ""


class _Tag(msgspec.Struct, frozen=True):
    tag: str


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    item_type: str
    title: str = ""
    creators: list[_Creator] = []
    abstract_note: str = ""
    publication_title: str = ""
    proceedings_title: str = ""
    conference_name: str = ""
    book_title: str = ""
    date: str = ""
    doi: str = msgspec.field(name="DOI", default="")
    url: str = ""
    extra: str = ""
    archive_id: str = msgspec.field(name="archiveID", default="")
    report_number: str = ""
    tags: list[_Tag] = []


class _Item(msgspec.Struct, frozen=True):
    data: _Data


class _Kind(msgspec.Struct, frozen=True, rename="camel"):
    item_type: str
    deleted: int | bool = 0  # in the trash


class _Known(msgspec.Struct, frozen=True):
    """What is looked at first, also of an item that is no paper and of one that is damaged."""

    key: str
    data: _Kind


class _Deleted(msgspec.Struct, frozen=True):
    items: list[str] = []


class Zotero:
    """The papers of a person's library, and of the groups that the key may read."""

    name = "zotero"
    private = True
    limit = Limit("zotero.org", 1.0)

    def __init__(self, means: Means) -> None:
        settings = means.settings.zotero
        key = required_key(settings.key, "Zotero", "TIDINGS_ZOTERO_KEY_FILE")
        self._client, self._now = means.client, means.now
        self._url, self._every = settings.url.rstrip("/"), timedelta(minutes=settings.every)
        self._headers = {"Zotero-API-Version": "3", "Zotero-API-Key": key}

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        """Yield what changed in each library since its version, a batch for a page.

        Raises:
            FetchError: Zotero did not answer, or refused the key; ``retry_at`` is then a day away.
            SourceError: its answer as a whole cannot be understood.
        """
        libraries = dict(read_cursor(cursor, _Cursor).libraries)
        for library in self._libraries():
            for state, items, gone in self._changes(library, libraries.get(library, _Library())):
                libraries[library] = state
                yield Batch(tuple(items), write_cursor(_Cursor(libraries)), gone=tuple(gone))

    def _libraries(self) -> list[str]:
        """Return the libraries that the key may read, as the API names them: its owner's, then groups."""
        key: _Key = self._get("keys/current").json(_Key)
        own = [f"users/{key.user_id}"] if key.access.user.library else []
        named = {group for group, grant in key.access.groups.items() if grant.library}
        if "all" in named:
            groups: dict[str, int] = self._get(f"users/{key.user_id}/groups", format="versions").json(dict[str, int])
            named = (named - {"all"}) | groups.keys()
        if not own and not named:
            raise FetchError("the Zotero key may read no library", status=403, retry_at=self._now() + _REFUSED)
        return own + [f"groups/{group}" for group in sorted(named)]

    def _changes(self, library: str, state: _Library) -> Iterator[tuple[_Library, Sequence[Outcome], Sequence[str]]]:
        """Yield what is held after each page, what it brought, and the keys that are gone.

        A library that changes while it is read is read again from the first page: pages of two versions need not fit.
        """
        restarts = 0
        while True:
            answer = self._page(library, state)
            if answer.unchanged:
                return
            version = _number(answer, "Last-Modified-Version")
            if state.start and version != state.target:
                restarts += 1
                if restarts > _RESTARTS:
                    raise FetchError(f"the Zotero library {library} changes faster than it can be read")
                state = _Library(state.version)
                continue
            page: list[msgspec.Raw] = answer.json(list[msgspec.Raw])
            items, gone = _told_apart(library, page)
            read, total = state.start + len(page), _number(answer, "Total-Results")
            if read < total:
                if not page:
                    raise FetchError(f"Zotero answered no item of {library} where {total - read} more should be")
                state = _Library(state.version, version, read)
                yield state, items, gone
                continue
            yield _Library(version), items, [*gone, *self._deleted(library, state.version)]
            return

    def _page(self, library: str, state: _Library) -> Answer:
        """Ask for items that changed, those in the trash included: they are gone."""
        known = {"If-Modified-Since-Version": str(state.version)} if state.version and not state.start else {}
        return self._get(
            f"{library}/items/top",
            known,
            since=state.version,
            start=state.start,
            limit=_PAGE,
            format="json",
            sort="dateAdded",
            direction="asc",
            includeTrashed=1,
        )

    def _deleted(self, library: str, version: int) -> list[str]:
        deleted: _Deleted = self._get(f"{library}/deleted", since=version).json(_Deleted)
        return [f"{library}/{key}" for key in deleted.items]

    def _get(self, path: str, headers: Mapping[str, str] | None = None, **parameters: str | int) -> Answer:
        sent = {**self._headers, **(headers or {})}
        try:
            return self._client.get(f"{self._url}/{path}", self.limit, params=parameters, headers=sent)
        except FetchError as error:
            if error.status in {401, 403}:
                said = "the Zotero key was refused; https://www.zotero.org/settings/keys shows what it may read"
                raise FetchError(said, status=error.status, retry_at=self._now() + _REFUSED) from error
            raise

    def rewind(self, cursor: str | None, since: date) -> str:  # noqa: ARG002
        """Return the cursor that reads every library whole; the day plays no part, as libraries have versions."""
        return write_cursor(_Cursor())

    def due(self, now: datetime) -> datetime:
        """Return when the libraries are looked at next."""
        return now + self._every

    def behind(self, newest: date | None, now: datetime) -> int:  # noqa: ARG002
        """Return 0: a library announces nothing."""
        return 0


def _number(answer: Answer, header: str) -> int:
    text = answer.headers.get(header, "")
    if not text.isdecimal():
        raise SourceError(f"{answer.url}: no number in the header {header}: {text!r}")
    return int(text)


def _told_apart(library: str, page: Sequence[msgspec.Raw]) -> tuple[list[Outcome], list[str]]:
    """Return the papers of a page, and the keys of what is in the trash or is no paper (any more)."""
    items: list[Outcome] = []
    gone: list[str] = []
    for position, raw in enumerate(page):
        where = f"{library}[{position}]"
        try:
            item = msgspec.json.decode(raw, type=_Known)
            where = f"{library}/{item.key}"
            if item.data.deleted or item.data.item_type not in _PAPERS:
                gone.append(where)
            else:
                items.append(_record(where, msgspec.json.decode(raw, type=_Item).data))
        except (msgspec.MsgspecError, UnicodeDecodeError, SourceError) as error:
            items.append(refusal("zotero", where, error, bytes(raw)))
    return items, gone


def _record(key: str, data: _Data) -> Record:
    """Return the record of an item. Its key names the library too: two libraries may use the same one."""
    venue = data.publication_title or data.proceedings_title or data.conference_name or data.book_title
    reference = Reference(
        source="zotero",
        title=data.title,
        authors=tuple(_authors(data.creators)),
        abstract=data.abstract_note,
        venue=venue,
        year=data.date,  # as somebody typed it: "March 2021", "2021-03-04", "in press"
        keywords=tuple(tag.tag for tag in data.tags),
        doi=data.doi,
        url=data.url,
        mentions=(data.extra, data.archive_id, data.report_number),
    )
    return replace(from_reference(reference), key=key)


def _authors(creators: Sequence[_Creator]) -> Iterator[str]:
    """Yield the authors; the editors and whoever else is named only where no author is."""
    authors = [creator for creator in creators if creator.creator_type == "author"]
    for creator in authors or creators:
        yield creator.name or f"{creator.first_name} {creator.last_name}"
