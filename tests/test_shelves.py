"""Shelves in the store, on both databases: one of a name, keys of links, notes, and papers that are merged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from tests.people_help import account, at_once, merge, papers
from tests.scripted import START
from tests.test_sync import NOW
from tidings.errors import ConflictError, NotFoundError, SignInError
from tidings.people import Role, Shelf
from tidings.store import Store
from tidings.sync import split

HOUR = timedelta(hours=1)


def made(store: Store, who: int, name: str = "Reading", visibility: str = "private", key: str | None = None) -> Shelf:
    return store.shelves.add(who, name, visibility, key, START)


def renamed(store: Store, shelf: Shelf, name: str) -> Shelf:
    return store.shelves.change(shelf.id, name=name, visibility=None, key=None)


def shown(store: Store, shelf: Shelf, visibility: str, key: str | None) -> Shelf:
    return store.shelves.change(shelf.id, name=None, visibility=visibility, key=key)


def on(store: Store, shelf: Shelf) -> list[tuple[int, str]]:
    return [(entry.paper_id, entry.note) for entry in store.shelves.entries(shelf.id)]


def test_a_shelf_is_found_by_its_number_and_with_its_owners_others_by_name(store: Store) -> None:
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    shelf = made(store, ada, "beta")
    assert store.shelves.get(shelf.id) == shelf
    assert (shelf.owner, shelf.name, shelf.visibility, shelf.key, shelf.count) == ("Ada", "beta", "private", None, 0)
    made(store, ada, "Alpha", "lab"), made(store, ada, "Gamma"), made(store, bob, "Bob's", "lab")
    assert [s.name for s in store.shelves.of(ada)] == ["Alpha", "beta", "Gamma"]
    assert [(s.name, s.owner) for s in store.shelves.of_lab()] == [("Alpha", "Ada"), ("Bob's", "Bob")]


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 2**63])
def test_a_number_that_no_shelf_has_finds_none(store: Store, number: int) -> None:
    [paper] = papers(store, 0)
    for asked in (
        lambda: store.shelves.get(number),
        lambda: store.shelves.put(number, paper, None, START),
        lambda: store.shelves.change(number, name="x", visibility="lab", key=None),
    ):
        with pytest.raises(NotFoundError, match=f"no shelf has the number {number}"):
            asked()


def test_a_name_is_taken_for_its_owner_only(store: Store) -> None:
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    shelf, other = made(store, ada), made(store, ada, "Other")
    made(store, bob)
    with pytest.raises(ConflictError, match="you have a shelf 'Reading' already"):
        made(store, ada)
    with pytest.raises(ConflictError, match="you have a shelf 'Reading' already"):
        renamed(store, other, "Reading")
    with pytest.raises(ConflictError):
        store.shelves.change(other.id, name="Reading", visibility="link", key="k")
    assert store.shelves.get(other.id) == other  # a change is whole, or none
    assert renamed(store, shelf, "Reading") == shelf
    assert renamed(store, shelf, "Read").name == "Read"
    assert renamed(store, other, "Reading").name == "Reading"


def test_the_shelf_that_is_made_when_needed_is_made_once(store: Store) -> None:
    ada = account(store, "Ada").id
    answers = at_once([lambda: store.shelves.ensure(ada, "To read", START)] * 6)
    assert answers == store.shelves.of(ada) * 6
    assert len(answers) == 6


def test_nobody_who_is_gone_makes_a_shelf(store: Store) -> None:
    ada, bob = account(store, "Ada", Role.ADMIN), account(store, "Bob")
    store.accounts.set_disabled(bob.id, True, ada.id, START)
    for gone in (bob.id, bob.id + 1):
        with pytest.raises(SignInError):
            made(store, gone)
        with pytest.raises(SignInError):
            store.shelves.ensure(gone, "x", START)


def test_a_shelf_is_found_by_its_key_only_while_it_is_shown_by_a_link(store: Store) -> None:
    shelf = made(store, account(store, "Ada").id, visibility="link", key="k1")
    assert store.shelves.by_key("k1") == shelf
    assert store.shelves.by_key("") is store.shelves.by_key("k2") is None
    assert shown(store, shelf, "link", "k2").key == "k1"  # it is out already
    closed = shown(store, shelf, "lab", None)
    assert (closed.visibility, closed.key) == ("lab", None)
    assert store.shelves.by_key("k1") is None
    assert shown(store, shelf, "link", "k3").key == "k3"
    assert store.shelves.by_key("k1") is None


def test_a_paper_is_put_once_and_its_note_is_kept_until_another_is_given(store: Store) -> None:
    [one, other], shelf = papers(store, 0, 1), made(store, account(store, "Ada").id)
    store.shelves.put(shelf.id, one, None, START)
    assert on(store, shelf) == [(one, "")]
    store.shelves.put(shelf.id, one, "for Friday", START + HOUR)
    store.shelves.put(shelf.id, one, None, START + HOUR)
    store.shelves.put(shelf.id, other, "new", START + HOUR)
    assert on(store, shelf) == [(other, "new"), (one, "for Friday")]
    assert [entry.at for entry in store.shelves.entries(shelf.id)] == [START + HOUR, START]
    store.shelves.put(shelf.id, one, "", START)
    assert on(store, shelf)[1] == (one, "")
    assert store.shelves.get(shelf.id).count == 2
    assert [e.paper_id for e in store.shelves.entries(shelf.id, 1)] == [other]
    assert [e.paper_id for e in store.shelves.entries(shelf.id, 1, 1)] == [one]
    for _ in range(2):
        store.shelves.take(shelf.id, one)
    assert on(store, shelf) == [(other, "new")]
    for missing in (99, 0, 2**63):
        with pytest.raises(NotFoundError):
            store.shelves.put(shelf.id, missing, None, START)
        with pytest.raises(NotFoundError):
            store.shelves.take(shelf.id, missing)


def test_one_query_tells_on_which_shelves_papers_stand(store: Store) -> None:
    found, ada = papers(store, 0, 1, 2), account(store, "Ada").id
    shelves = [made(store, ada, name) for name in ("A", "B", "C")]
    for shelf, paper in ((0, 0), (1, 0), (1, 1), (2, 1)):
        store.shelves.put(shelves[shelf].id, found[paper], None, START)
    numbers = [shelf.id for shelf in shelves]
    assert store.shelves.saved(ada, found) == {found[0]: set(numbers[:2]), found[1]: set(numbers[1:])}
    assert store.shelves.saved(ada, []) == store.shelves.saved(account(store, "Bob").id, found) == {}


def test_removing_a_shelf_leaves_nothing_of_it_for_the_next(store: Store) -> None:
    [paper], ada = papers(store, 0), account(store, "Ada").id
    shelf = made(store, ada)
    store.shelves.put(shelf.id, paper, "secret", START)
    store.shelves.remove(shelf.id)
    assert (store.shelves.of(ada), store.shelves.entries(shelf.id)) == ([], [])
    following = made(store, ada)
    assert following.id > shelf.id
    assert following.count == 0


def test_entries_follow_two_merges_and_survive_a_split(store: Store) -> None:
    found, ada = papers(store, 0, 1, 2), account(store, "Ada").id
    shelf = made(store, ada)
    store.shelves.put(shelf.id, found[2], "the last", START)
    assert merge(store, 1, 2) == found[1]
    assert on(store, shelf) == [(found[1], "the last")]
    assert merge(store, 0, 1) == found[0]
    assert on(store, shelf) == [(found[0], "the last")]
    torn = next(held for held in store.records(found[0]) if held.record.source == "openreview")
    alone = split(store, torn.id, NOW)
    assert on(store, shelf) == [(found[0], "the last")]
    store.shelves.put(shelf.id, found[2], None, START)  # by the number that it had when the page was opened
    assert on(store, shelf) == [(found[0], "the last")]
    store.shelves.put(shelf.id, alone, None, START + HOUR)
    assert [paper for paper, _ in on(store, shelf)] == [alone, found[0]]


@pytest.mark.parametrize(
    ("kept", "merged", "together"),
    [("", "", ""), ("a", "", "a"), ("", "b", "b"), ("a", "a", "a"), ("a", "b", "a; b")],
)
def test_what_was_written_of_both_papers_of_a_merge_is_kept(
    store: Store, kept: str, merged: str, together: str
) -> None:
    found, ada = papers(store, 0, 1), account(store, "Ada").id
    shelf, other = made(store, ada), made(store, ada, "Other")
    for paper, note in zip(found, (kept, merged), strict=True):
        store.shelves.put(shelf.id, paper, note, START)
    store.shelves.put(other.id, found[1], "untouched", START)
    merge(store, 0, 1)
    assert on(store, shelf) == [(found[0], together)]
    assert on(store, other) == [(found[0], "untouched")]


def test_a_shelf_that_goes_while_papers_are_put_on_it_leaves_nothing(store: Store) -> None:
    found, shelf = papers(store, 0, 1, 2, 3), made(store, account(store, "Ada").id)
    putting: list[Callable[[], object]] = [partial(store.shelves.put, shelf.id, paper, None, START) for paper in found]
    answers = at_once([*putting[:2], lambda: store.shelves.remove(shelf.id), *putting[2:]])
    assert {type(answer) for answer in answers} <= {type(None), NotFoundError}
    assert store.shelves.entries(shelf.id) == []
