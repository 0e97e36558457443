"""What people attached to a paper follows it through merges, in the store, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people_help import account, at_once, merge, paper_id, papers, standing
from tests.scripted import START
from tests.test_sync import NOW
from tidings.people import Role, Standing
from tidings.store import Store, open_store
from tidings.sync import split

DAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)


def test_votes_while_a_paper_is_merged_all_count_for_the_one_that_lives_on(store: Store) -> None:
    [paper, goner] = papers(store, 0, 1)
    voters = [account(store, f"Voter{number}").id for number in range(8)]
    tasks: list[Callable[[], object]] = [partial(store.voting.vote, who, goner, START) for who in voters]
    answers = at_once([*tasks[:4], lambda: merge(store, 0, 1), *tasks[4:]])
    assert all(isinstance(answer, int) for answer in answers)
    assert standing(store, paper).votes == 8
    assert store.voting.votes_for([goner]) == []


def test_votes_follow_two_merges_and_none_counts_twice(store: Store) -> None:
    found = papers(store, 0, 1, 2)
    ada, bob, eve = (account(store, name).id for name in ("Ada", "Bob", "Eve"))
    for who, paper in ((ada, found[0]), (ada, found[1]), (bob, found[1]), (bob, found[2]), (eve, found[2])):
        store.voting.vote(who, paper, START)
    assert merge(store, 1, 2) == found[1]
    assert standing(store, found[1]).votes == 3
    assert merge(store, 0, 1) == found[0]
    assert sorted(v.account_id for v in store.voting.votes_for(found)) == [ada, bob, eve]
    assert standing(store, found[0], eve) == Standing(votes=3, voted=True)
    assert store.voting.unvote(eve, found[2]) == 2  # by the number that it had when the page was opened


def test_a_merge_the_other_way_round_leads_to_the_same(store: Store) -> None:
    found = papers(store, 0, 1, 2)
    ada = account(store, "Ada").id
    store.voting.vote(ada, found[2], START)
    merge(store, 0, 1)
    merge(store, 1, 2)
    assert [(v.account_id, v.paper_id, v.at) for v in store.voting.votes_of(ada)] == [(ada, found[0], START)]


def test_who_put_a_paper_forward_first_stays_so_through_a_merge(store: Store) -> None:
    found = papers(store, 0, 1, 2)
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    assert store.voting.submit(ada, found[1], START)
    assert not store.voting.submit(bob, found[1], START)
    assert store.voting.submit(bob, found[2], START + HOUR)
    merge(store, 0, 1)
    assert standing(store, found[0]).submitter == "Ada"
    assert not store.voting.submit(bob, found[1], START)
    merge(store, 0, 2)
    assert standing(store, found[0]).submitter == "Ada"
    assert store.voting.submissions_of(bob) == []
    assert [(v.account_id, v.paper_id) for v in store.voting.submitted_since(START)] == [(ada, found[0])]


def test_picks_and_what_is_hidden_follow_a_merge_and_what_the_survivor_has_it_keeps(store: Store) -> None:
    found, bob = papers(store, 0, 1, 2), account(store, "Bob", Role.CURATOR).id
    store.voting.pick(found[1], DAY, bob, START)
    store.voting.hide(found[1], "an advertisement", bob, START)
    store.voting.pick(found[2], date(2026, 3, 3), bob, START)
    merge(store, 0, 1)
    assert standing(store, found[0]) == Standing(picked=DAY, hidden="an advertisement")
    merge(store, 0, 2)
    assert standing(store, found[0]).picked == DAY
    assert store.voting.picks(DAY, date(2026, 3, 9)) == {found[0]: DAY}
    assert store.voting.all_hidden() == {found[0]: "an advertisement"}


def test_all_that_is_attached_survives_a_split(store: Store) -> None:
    found, bob = papers(store, 0, 1), account(store, "Bob", Role.CURATOR).id
    store.voting.vote(bob, found[1], START)
    store.voting.submit(bob, found[1], START)
    store.voting.pick(found[1], DAY, bob, START)
    survivor = merge(store, 0, 1)
    before = standing(store, survivor, bob)
    torn = next(held for held in store.records(survivor) if held.record.source == "crossref")
    alone = split(store, torn.id, NOW)
    assert standing(store, survivor, bob) == before == Standing(1, True, "Bob", DAY)
    assert standing(store, alone, bob) == Standing()
    assert store.voting.vote(bob, alone, START) == 1


@pytest.fixture(scope="module")
def kept_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_store(tmp_path_factory.mktemp("votes"))


serial = iter(range(1, 100_000))
KINDS, PEOPLE = st.integers(0, 3), st.integers(0, 2)
STEPS = st.one_of(
    st.tuples(st.just("vote"), PEOPLE, KINDS),
    st.tuples(st.just("unvote"), PEOPLE, KINDS),
    st.tuples(st.just("merge"), KINDS, KINDS),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25), st.permutations(range(4)))
def test_any_order_of_votes_and_merges_leaves_what_each_account_last_said_of_each_paper(
    kept_store: Store, steps: list[tuple[str, int, int]], order: list[int]
) -> None:
    number = next(serial)
    stored = dict(zip(order, papers(kept_store, *order, number=number), strict=True))
    people = [account(kept_store, f"P{number}x{place}").id for place in range(3)]
    one = dict(stored)  # which paper each of them is by now
    voted: set[tuple[int, int]] = set()
    for verb, first, second in steps:
        if verb == "merge" and one[first] != one[second]:
            survivor, goner = sorted((one[first], one[second]))
            assert merge(kept_store, first, second, number=number) == survivor
            one = {kind: survivor if paper == goner else paper for kind, paper in one.items()}
            voted = {(who, survivor if paper == goner else paper) for who, paper in voted}
        elif verb == "vote":
            kept_store.voting.vote(people[first], stored[second], START)
            voted.add((people[first], one[second]))
        elif verb == "unvote":
            kept_store.voting.unvote(people[first], stored[second])
            voted.discard((people[first], one[second]))
    kept = [(vote.account_id, vote.paper_id) for who in people for vote in kept_store.voting.votes_of(who)]
    assert sorted(kept) == sorted(voted)
    for paper, told in kept_store.voting.standings(sorted(set(one.values())), people[0]).items():
        assert told.votes == sum(each == paper for _, each in voted)
        assert told.voted == ((people[0], paper) in voted)
    assert {kept_store.find(paper_id(kind, number)) for kind in range(4)} == set(one.values())
