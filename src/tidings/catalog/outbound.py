"""What others follow from their own programs: what is one's own, by an address that lets a program in to just that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from tidings.catalog.feeds import Feeds
from tidings.catalog.keys import Keys
from tidings.people import IN_ADDRESSES, Reader, Shelf, require
from tidings.types import Feed, Interest


class Outbound(Feeds, Keys):
    """Views for feed readers. Those of everybody are asked for like any other; these are somebody's."""

    def permanent_id(self, thing: str) -> str:
        """Return the name of a thing of this archive that feed readers know it by, for ever, wherever it is served.

        It rests on neither an address nor an external id: those change when a paper turns out to be one with another.
        Names are of RFC 9562, version 5, within the archive.
        """
        return uuid5(UUID(self._store.archive_id), thing).urn

    def shelf_to_follow(self, reader: Reader | None, number: int) -> Shelf:
        """Return a shelf of one's own or of the lab to a program that follows it.

        Raises:
            SignInError, ForbiddenError: nobody asks, or the token may not.
            NotFoundError: there is none of that number that the reader may see.
        """
        return self.shelf(_reading(reader, "shelves"), number)

    def shelves_to_follow(self, reader: Reader | None) -> list[Shelf]:
        """Return the shelves of one's own, then those of the lab; raises as ``shelf_to_follow``."""
        own, others = self.shelves(_reading(reader, "shelves"))
        return [*own, *others]

    def feed_to_follow(self, reader: Reader | None, names: Sequence[str], *, limit: int) -> Feed:
        """Return the feed of some of the interests that one sees, or of all of one's own, whatever was shown before.

        Raises:
            SignInError, ForbiddenError: nobody asks, or the token may not.
            NotFoundError, InputError, IndexUnavailableError: as ``feed``.
        """
        return self.feed(_reading(reader, "interests"), names, limit=limit, unseen=False, outside=False)

    def interests_to_follow(self, reader: Reader | None) -> list[Interest]:
        """Return the interests of one's own; raises as ``shelf_to_follow``."""
        return self.interests(_reading(reader, "interests"))[0]

    def make_address_token(self, reader: Reader | None, label: str) -> str:
        """Return a token for addresses of feeds, which lasts until it is revoked; raises as ``make_token``."""
        return self.make_token(reader, label or "feed reader", IN_ADDRESSES)


def _reading(reader: Reader | None, scope: str) -> Reader | None:
    """Return a reader who may follow feeds as one who may see what they are made of."""
    require(reader, "feeds")
    return replace(reader, scopes=reader.scopes | {scope}) if reader else None
