"""What is to be done about each subscription that is due: an edition, none today, or an end. Nothing here writes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tidings.digest.choosing import Editor
from tidings.digest.due import Due, decide, timetable
from tidings.errors import NotFoundError, QueryError, TidingsError
from tidings.store.editions import Draft
from tidings.types import Digest, Subscription

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.catalog.fresh_feeds import Known

TOGETHER = 100
"""Subscriptions that are looked at, and editions that are written, at a time."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NoneNow:
    """A subscription gets no edition now; the next is due then."""

    subscription: Subscription
    due: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A subscription cannot go on, and why."""

    subscription: Subscription
    why: str


Found = Draft | NoneNow | Ended
"""What is to be done about a subscription that is due."""


def decided(catalog: Catalog, editor: Editor, batch: Sequence[Subscription]) -> Iterator[Found]:
    """Yield what is to be done about subscriptions. An address is told nothing twice, of two that are due at once."""
    told = catalog.told({subscription.address for subscription in batch})
    lasts, newest, known = catalog.last_days(batch), catalog.newest_held(), _known(catalog, batch)
    for subscription in batch:
        now, heard = catalog.now(), told[subscription.address]
        due = decide(subscription, now, lasts.get(subscription.id))
        if due is None:
            continue
        found = _decided(catalog, editor, subscription, due, told=heard, known=known)
        if isinstance(found, Digest):
            heard.update(story.paper.id for story in found.stories)
            says = bool(found.stories) or subscription.when_empty == "say"
            since = subscription.due or due.at  # what was missed counts from there, should this one never leave
            yield Draft(found, "waiting" if says else "empty", since, newest, due.next)
        else:
            yield found


def due_now(catalog: Catalog) -> list[Found]:
    """Return what a run would do now."""
    editor, found, after = Editor(catalog), list[Found](), 0
    while batch := catalog.due_subscriptions(TOGETHER, after):
        after = batch[-1].id
        found += decided(catalog, editor, batch)
    return found


def preview(catalog: Catalog, subscription: Subscription) -> Digest:
    """Return what a subscription's reader would be told now, had it an edition.

    Raises:
        NotFoundError, QueryError: what it follows is gone, or cannot be read any more.
    """
    now = catalog.now()
    slot = timetable(subscription).latest(now)
    due = Due(slot.day.isoformat(), slot.at, 0, False, now)
    told = catalog.told({subscription.address})[subscription.address]
    return Editor(catalog).digest(subscription, due, told, catalog.look_up([subscription], now), now)


def _known(catalog: Catalog, batch: Sequence[Subscription]) -> Known | None:
    """Return what is known of the readers of a batch; None where one of them spoils it: each is then asked about alone.

    So whoever has a query that cannot be read any more, or meets a fault of ours, keeps nobody from theirs.
    """
    try:
        return catalog.look_up(batch, catalog.now())
    except Exception:  # noqa: BLE001 - whoever is asked about alone meets it again, and there it is seen
        return None


def _decided(
    catalog: Catalog, editor: Editor, subscription: Subscription, due: Due, *, told: set[int], known: Known | None
) -> Digest | NoneNow | Ended:
    now = catalog.now()
    try:
        of_reader = known or catalog.look_up([subscription], now)
        if due.name is None or not catalog.may_be_told(subscription, of_reader):
            return NoneNow(subscription, due.next)
        return editor.digest(subscription, due, told, of_reader, now)
    except (NotFoundError, QueryError) as error:
        return Ended(subscription, str(error))
    except TidingsError:
        raise
    except Exception:  # noqa: BLE001 - it must be seen, and must not keep the others from theirs
        _log.error("unforeseen error in the digest of subscription %s", subscription.id, exc_info=True)
        return NoneNow(subscription, due.next)
