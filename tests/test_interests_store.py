"""Interests in the store, on both databases: a log of what was said that can be undone step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.people_help import account, merge, papers
from tests.scripted import START
from tidings.errors import ConflictError, NotFoundError, SignInError
from tidings.people import Role
from tidings.store import Store
from tidings.store.habits import Placed
from tidings.store.interests import Said
from tidings.types import DISMISSED, LIKED, TAKEN_BACK, Example, Interest, Rule, Showing

HOUR = timedelta(hours=1)
MOST = 5


def make(store: Store, account_id: int, name: str = "Zebras", *said: Said, visibility: str = "private") -> Interest:
    return store.interests.add(
        account_id, name, words="stripes", query="", visibility=visibility, now=START, said=said, most=MOST
    )


def says(store: Store, interest: Interest) -> dict[int, int]:
    return {example.paper_id: example.verdict for example in store.interests.examples(interest.id)}


def test_an_interest_is_found_by_what_it_has(store: Store) -> None:
    ada, [zebra] = account(store, "Ada"), papers(store, 0)
    made = make(store, ada.id, "Zebras", Said(zebra, LIKED, START))
    assert made == Interest(made.id, ada.id, "Ada", "Zebras", "stripes", "", "private", START, START, liked=1)
    assert store.interests.get(made.id) == store.interests.named(ada.id, "Zebras") == made
    assert store.interests.of(ada.id) == [made]
    assert store.interests.named(ada.id, "zebras") is None
    assert store.interests.examples(made.id) == [Example(zebra, LIKED, START)]
    with pytest.raises(NotFoundError):
        store.interests.get(made.id + 1)


def test_a_name_is_taken_once_by_each_account_and_room_ends(store: Store) -> None:
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    make(store, ada)
    make(store, bob)
    with pytest.raises(ConflictError, match="'Zebras' already"):
        make(store, ada)
    for number in range(MOST - 1):
        make(store, ada, f"{number}")
    with pytest.raises(ConflictError, match=f"at most {MOST}"):
        make(store, ada, "one more")


def test_of_what_was_said_of_a_paper_the_newest_counts(store: Store) -> None:
    ada, [zebra, comet] = account(store, "Ada").id, papers(store, 0, 1)
    made = make(store, ada)
    assert store.interests.say(made.id, [Said(zebra, LIKED, START), Said(comet, LIKED, START)], START) == [zebra, comet]
    assert store.interests.say(made.id, [Said(zebra, LIKED, START)], START) == []
    assert store.interests.say(made.id, [Said(zebra, DISMISSED, START)], START) == [zebra]
    assert store.interests.say(made.id, [Said(comet, TAKEN_BACK, START)], START) == [comet]
    assert says(store, made) == {zebra: DISMISSED}
    again = store.interests.get(made.id)
    assert (again.liked, again.dismissed) == (0, 1)


def test_every_state_of_an_interest_has_a_moment_of_its_own(store: Store) -> None:
    ada, [zebra] = account(store, "Ada").id, papers(store, 0)
    made = make(store, ada)
    moments = [made.changed]
    for verdict in (LIKED, DISMISSED, LIKED):
        store.interests.say(made.id, [Said(zebra, verdict, START)], START - HOUR)  # a clock that was put back
        moments.append(store.interests.get(made.id).changed)
    assert moments == sorted(set(moments))


def test_undoing_takes_back_step_by_step_what_was_said_at_once(store: Store) -> None:
    ada, [zebra, comet] = account(store, "Ada").id, papers(store, 0, 1)
    made = make(store, ada, "Zebras", Said(zebra, LIKED, START))
    store.interests.say(made.id, [Said(comet, LIKED, START), Said(zebra, DISMISSED, START)], START)
    undone = store.interests.undo(made.id, START)
    assert {(e.paper_id, e.verdict) for e in undone} == {(comet, LIKED), (zebra, DISMISSED)}
    assert says(store, made) == {zebra: LIKED}
    assert [e.paper_id for e in store.interests.undo(made.id, START)] == [zebra]
    assert store.interests.undo(made.id, START) == []


def test_steps_of_two_interests_are_undone_apart(store: Store) -> None:
    ada, [zebra, comet] = account(store, "Ada").id, papers(store, 0, 1)
    one, other = make(store, ada, "One"), make(store, ada, "Other")
    store.interests.say(one.id, [Said(zebra, LIKED, START)], START)
    store.interests.say(other.id, [Said(comet, LIKED, START)], START)
    store.interests.undo(other.id, START)
    store.interests.say(other.id, [Said(zebra, LIKED, START)], START)
    store.interests.undo(one.id, START)
    assert (says(store, one), says(store, other)) == ({}, {zebra: LIKED})


def test_a_reset_says_again_what_was_so_and_can_itself_be_undone(store: Store) -> None:
    ada, [zebra, comet, glacier] = account(store, "Ada").id, papers(store, 0, 1, 2)
    made = make(store, ada, "Zebras", Said(zebra, LIKED, START), Said(comet, DISMISSED, START))
    later = START + HOUR
    store.interests.say(made.id, [Said(zebra, DISMISSED, later), Said(glacier, LIKED, later)], later)
    changed = store.interests.reset(made.id, later, later + HOUR)
    assert {(e.paper_id, e.verdict) for e in changed} == {(zebra, LIKED), (glacier, TAKEN_BACK)}
    assert says(store, made) == {zebra: LIKED, comet: DISMISSED}
    assert store.interests.reset(made.id, later, later + HOUR) == []
    store.interests.undo(made.id, later)
    assert says(store, made) == {zebra: DISMISSED, comet: DISMISSED, glacier: LIKED}


def test_examples_follow_a_merge_and_the_newest_counts(store: Store) -> None:
    ada, [zebra, comet] = account(store, "Ada").id, papers(store, 0, 1)
    made = make(store, ada, "Zebras", Said(zebra, LIKED, START))
    store.interests.say(made.id, [Said(comet, DISMISSED, START)], START)
    assert merge(store, 0, 1) == zebra
    assert says(store, made) == {zebra: DISMISSED}
    store.interests.undo(made.id, START)
    assert says(store, made) == {zebra: LIKED}
    store.interests.say(made.id, [Said(comet, DISMISSED, START)], START)  # by the number that it had
    assert says(store, made) == {zebra: DISMISSED}


def test_of_a_paper_that_is_gone_nothing_is_kept(store: Store) -> None:
    ada = account(store, "Ada").id
    made = make(store, ada, "Zebras", Said(99, LIKED, START))
    assert store.interests.say(made.id, [Said(99, LIKED, START), Said(10**12, LIKED, START)], START) == []
    assert says(store, made) == {}


def test_verdicts_and_likers_of_papers(store: Store) -> None:
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    zebra, comet = papers(store, 0, 1)
    own = make(store, ada, "Zebras", Said(zebra, LIKED, START), Said(comet, DISMISSED, START))
    shared = make(store, bob, "Comets", Said(zebra, LIKED, START), Said(comet, DISMISSED, START), visibility="lab")
    assert store.interests.verdicts(ada, [zebra, comet, 99]) == {zebra: {own.id: LIKED}, comet: {own.id: DISMISSED}}
    assert store.interests.likers([zebra, comet]) == {zebra: {bob: "Bob"}}
    assert store.interests.of_lab() == [store.interests.get(shared.id)]
    store.interests.say(own.id, [Said(zebra, TAKEN_BACK, START)], START)
    assert store.interests.verdicts(ada, [zebra]) == {}


def test_changing_and_removing(store: Store) -> None:
    ada, [zebra] = account(store, "Ada").id, papers(store, 0)
    made, other = make(store, ada, "Zebras", Said(zebra, LIKED, START)), make(store, ada, "Other")
    with pytest.raises(ConflictError):
        store.interests.change(made.id, name="Other", words="lost", now=START)
    changed = store.interests.change(made.id, words="hooves", visibility="lab", now=START)
    assert (changed.name, changed.words, changed.visibility) == ("Zebras", "hooves", "lab")
    store.interests.remove(made.id)
    assert (store.interests.of(ada), store.interests.examples(made.id)) == ([other], [])
    with pytest.raises(NotFoundError):
        store.interests.say(made.id, [Said(zebra, LIKED, START)], START)


def test_nothing_is_kept_for_an_account_that_is_gone_or_kept_out(store: Store) -> None:
    ada, root = account(store, "Ada"), account(store, "Root", Role.ADMIN)
    made, [zebra] = make(store, ada.id, visibility="lab"), papers(store, 0)
    store.accounts.set_disabled(ada.id, True, None, START)
    assert store.interests.of_lab() == []
    for call in (
        lambda: store.interests.say(made.id, [Said(zebra, LIKED, START)], START),
        lambda: make(store, ada.id, "More"),
        lambda: store.habits.show(ada.id, {zebra: Placed(1)}, START),
        lambda: store.habits.open(ada.id, zebra, START),
        lambda: store.habits.add_rule(ada.id, "mute-word", "blockchain", START, most=9),
    ):
        with pytest.raises(SignInError):
            call()
    assert store.interests.of(root.id) == []


def test_the_first_time_a_paper_was_shown_and_opened_counts(store: Store) -> None:
    ada, [zebra, comet] = account(store, "Ada").id, papers(store, 0, 1)
    store.habits.show(ada, {zebra: Placed(3, 0.25), 99: Placed(4)}, START)
    store.habits.show(ada, {zebra: Placed(1)}, START + HOUR)
    store.habits.open(ada, zebra, START + HOUR)
    store.habits.open(ada, zebra, START + 2 * HOUR)
    store.habits.open(ada, comet, START)
    assert store.habits.showings(ada, [zebra, comet, 99]) == {
        zebra: Showing(zebra, START, 3, START + HOUR, 0.25),
        comet: Showing(comet, START, 0, START),
    }
    assert store.habits.shown_before(ada, START + HOUR, START) == [zebra]
    assert store.habits.shown_before(ada, START, START - HOUR) == []


def test_rules_are_kept_once_and_forgotten(store: Store) -> None:
    ada = account(store, "Ada").id
    for _ in range(2):
        store.habits.add_rule(ada, "mute-word", "blockchain", START, most=1)
    with pytest.raises(ConflictError, match="at most 1"):
        store.habits.add_rule(ada, "mute-word", "metaverse", START, most=1)
    assert store.habits.rules(ada) == [Rule("mute-word", "blockchain", START)]
    assert store.habits.remove_rule(ada, "mute-word", "blockchain")
    assert not store.habits.remove_rule(ada, "mute-word", "blockchain")


def test_papers_are_found_by_many_ids_at_once(store: Store) -> None:
    zebra, comet = papers(store, 0, 1)
    merge(store, 0, 1)
    ids = ["arxiv:2603.00001", "doi:10.1000/1", f"paper:{comet}", "paper:99", "arxiv:9999.99999", "paper:" + "9" * 30]
    assert store.interests.held(ids) == dict.fromkeys(ids[:3], zebra)
