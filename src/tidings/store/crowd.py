"""What is kept of many readers at once: a query of each kind, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from tidings.people import Account
from tidings.store.accounts import as_account
from tidings.store.among import among
from tidings.store.codec import decode_revision
from tidings.store.engine import reading, utc
from tidings.store.interests import interests_where
from tidings.store.tables import account, example, interest, record, revision, rule, told
from tidings.types import TAKEN_BACK, Example, Interest, Revision, Rule, Subscription


@dataclass(frozen=True, slots=True)
class Members:
    """What is kept of some accounts: by account, but ``examples`` and ``states`` by interest.

    ``examples`` are what was said of papers and not taken back, the oldest first; who is not there has none.
    """

    accounts: dict[int, Account] = field(default_factory=dict)
    rules: dict[int, list[Rule]] = field(default_factory=dict)
    interests: dict[int, list[Interest]] = field(default_factory=dict)
    examples: dict[int, list[Example]] = field(default_factory=dict)
    states: dict[int, bytes | None] = field(default_factory=dict)


class Crowd:
    """Readers by the hundred. Each method is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def members(self, account_ids: Collection[int]) -> Members:
        """Return what accounts mute, follow, are interested in and said; of one that is gone, nothing."""
        found = Members()
        if not account_ids:
            return found
        with reading(self._engine) as connection:
            for row in connection.execute(sa.select(account).where(among(account.c.id, account_ids))):
                found.accounts[row.id] = as_account(row)
            rules = sa.select(rule).where(among(rule.c.account_id, account_ids)).order_by(rule.c.kind, rule.c.value)
            for row in connection.execute(rules):
                found.rules.setdefault(row.account_id, []).append(Rule(row.kind, row.value, utc(row.at)))
            for own in interests_where(connection, among(interest.c.account_id, account_ids)):
                found.interests.setdefault(own.account_id, []).append(own)
            mine = [own.id for every in found.interests.values() for own in every]
            states = sa.select(interest.c.id, interest.c.state).where(among(interest.c.id, mine))
            found.states.update({row.id: row.state for row in connection.execute(states)})
            found.examples.update(_examples(connection, mine))
        return found

    def changed(self, subscriptions: Sequence[Subscription], until: datetime) -> dict[int, dict[int, Revision]]:
        """Return by subscription the papers that its member likes and a source changed since what it covered.

        With each comes what changed; of several changes the latest.
        """
        members = {each.account_id for each in subscriptions if each.account_id is not None}
        if not members:
            return {}
        since, liked = min(each.covered for each in subscriptions), _liked_by(members)
        query = sa.select(liked.c.account_id, record.c.paper_id, revision.c.seen, revision.c.data)
        query = query.join(record, record.c.id == revision.c.record_id)
        query = query.join(liked, liked.c.paper_id == record.c.paper_id)
        query = query.where(revision.c.seen > since, revision.c.seen <= until).order_by(revision.c.id)
        found: dict[int | None, dict[int, tuple[datetime, bytes]]] = defaultdict(dict)
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found[row.account_id][row.paper_id] = utc(row.seen), row.data
        return {
            each.id: {
                n: decode_revision(data) for n, (seen, data) in found[each.account_id].items() if seen > each.covered
            }
            for each in subscriptions
        }

    def joined(self, subscriptions: Sequence[Subscription]) -> dict[int, int]:
        """Return by subscription how many papers that its address was told of a record has joined since its last one.

        Of one that never had an edition, nothing is known.
        """
        since = {each.id: each.newest_record for each in subscriptions if each.newest_record is not None}
        if not since:
            return {}
        query = sa.select(told.c.address, told.c.paper_id, sa.func.max(record.c.id).label("newest"))
        query = query.join(record, record.c.paper_id == told.c.paper_id)
        query = query.where(record.c.id > min(since.values()), record.c.reason != "new")
        query = query.where(among(told.c.address, {each.address for each in subscriptions}))
        newest: dict[str, list[int]] = defaultdict(list)
        with reading(self._engine) as connection:
            for row in connection.execute(query.group_by(told.c.address, told.c.paper_id)):
                newest[row.address].append(row.newest)
        return {
            each.id: sum(number > since[each.id] for number in newest[each.address])
            for each in subscriptions
            if each.id in since
        }


def _latest() -> sa.Select[int]:
    """Return the newest line of each paper in each interest, to be narrowed to some interests."""
    return sa.select(sa.func.max(example.c.id)).group_by(example.c.interest_id, example.c.paper_id)


def _liked_by(account_ids: Collection[int]) -> sa.Subquery:
    """Return the papers that accounts like now, in any interest."""
    latest = _latest().join(interest, interest.c.id == example.c.interest_id)
    latest = latest.where(among(interest.c.account_id, account_ids))
    liked = sa.select(interest.c.account_id, example.c.paper_id).join(interest, interest.c.id == example.c.interest_id)
    return liked.where(example.c.id.in_(latest), example.c.verdict == 1).distinct().subquery()


def _examples(connection: sa.Connection, interest_ids: Collection[int]) -> dict[int, list[Example]]:
    latest = _latest().where(among(example.c.interest_id, interest_ids))
    query = sa.select(example).where(example.c.id.in_(latest), example.c.verdict != TAKEN_BACK).order_by(example.c.id)
    found: dict[int, list[Example]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.interest_id].append(Example(row.paper_id, row.verdict, utc(row.at)))
    return found
