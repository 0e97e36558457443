"""Papers to begin an interest with: those of a file, of a library that is synced, or of an author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from tidings import identifiers
from tidings.catalog.learning import Learning
from tidings.catalog.words import LONGEST_NAME, one_line
from tidings.errors import InputError, NotFoundError, SourceError
from tidings.merge import fingerprints, same
from tidings.people import Reader, require
from tidings.types import Gathered, Paper, Record, Term

MOST_GATHERED = 20_000
"""Records that are looked at in one file or library, and papers of one author."""

_LIBRARY = "zotero"
_TOGETHER = 500


class Gathering(Learning):
    """Finding papers that somebody has elsewhere; nothing here changes the archive."""

    def papers_in(self, reader: Reader | None, file: Path | BinaryIO) -> Gathered:
        """Return the papers of a file that the archive holds: BibTeX, RIS, Zotero's CSV, whatever can be added.

        A paper is recognised as when it is added: by an id, else by title, authors and abstract. Of the others the
        titles are named. Nothing of the file enters the archive.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            SourceError: the file cannot be read, or is of no known kind.
        """
        from tidings.sources import read

        require(reader, "interests")
        try:
            return self._recognised(item for item in read(file) if isinstance(item, Record))
        except OSError as error:
            raise SourceError(f"{file}: {error.strerror or error}") from error

    def papers_of_library(self, reader: Reader | None) -> Gathered:
        """Return the papers of the Zotero library that this installation syncs, as ``papers_in``.

        It is the library of whoever runs the installation, so only administrators see it.

        Raises:
            SignInError, ForbiddenError: the reader is no administrator.
            NotFoundError: none is synced.
        """
        require(reader, "admin")
        held = self._store.holdings(_LIBRARY)
        if not held:
            raise NotFoundError("no Zotero library is synced here; add zotero to TIDINGS_SOURCES and sync it")
        return self._recognised(held)

    def papers_by(self, reader: Reader | None, author: str) -> Gathered:
        """Return the papers of an author, newest first: all whose name reads like that.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or the token may not.
            InputError: no name.
        """
        require(reader, "interests")
        name = author_of(author)
        ids = self._index.newest(Term(name, "author", phrase=True), MOST_GATHERED).tolist()
        pieces = (ids[start : start + _TOGETHER] for start in range(0, len(ids), _TOGETHER))
        return Gathered(tuple(paper for some in pieces for paper in self._store.papers(some)))

    def _recognised(self, records: Iterable[Record]) -> Gathered:
        """Return the papers of records, each once, in their order, and the titles of records that are none here."""
        found: dict[int, Paper] = {}
        missing: dict[str, None] = {}
        coming = islice(records, MOST_GATHERED)
        while some := list(islice(coming, _TOGETHER)):
            papers = self._papers_of_records(some)
            found |= {paper.id: paper for paper in papers if paper is not None}
            missing |= {record.title: None for record, paper in zip(some, papers, strict=True) if paper is None}
        return Gathered(tuple(found.values()), tuple(missing))

    def _papers_of_records(self, records: Sequence[Record]) -> list[Paper | None]:
        by_id = self._store.interests.held([value for record in records for value in record.ids])
        prints = [fingerprints(record) for record in records]
        sharing = self._store.sharing({value for values in prints for value in values})
        wanted = {*by_id.values(), *(number for numbers in sharing.values() for number in numbers)}
        papers = {paper.id: paper for paper in self._store.papers(sorted(wanted))}
        return [
            next((papers[by_id[v]] for v in record.ids if by_id.get(v) in papers), None)
            or next(
                (papers[n] for v in own for n in sharing.get(v, ()) if n in papers and same(record, papers[n])), None
            )
            for record, own in zip(records, prints, strict=True)
        ]

    def _numbers(self, ids: Sequence[str]) -> list[int]:
        """Return the internal ids of papers by any of their ids or addresses.

        Raises:
            NotFoundError: nothing has one of them.
        """
        try:
            values = [identifiers.parse(text) for text in ids]
        except SourceError as error:
            raise NotFoundError(str(error)) from error
        held = self._store.interests.held(values)
        for text, value in zip(ids, values, strict=True):
            if value not in held:
                raise NotFoundError(f"no paper here has the id {text}")
        return [held[value] for value in values]


def author_of(text: str) -> str:
    """Return a name as it is looked for: on one line, given names first.

    Raises:
        InputError: it is none.
    """
    family, comma, given = one_line(text, LONGEST_NAME).partition(",")
    name = f"{given.strip()} {family.strip()}".strip() if comma else family
    if not any(character.isalpha() for character in name):
        raise InputError("whose papers? Name an author")
    return name
