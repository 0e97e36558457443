"""What curators do, in the store, on both databases: logged, undone once, kept when they go."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest

from tests.people_help import account, at_once, merge, papers, standing
from tests.scripted import START
from tidings.errors import ConflictError, ForbiddenError, NotFoundError
from tidings.people import Role, Standing
from tidings.store import Store

DAY = date(2026, 3, 2)


def log(store: Store) -> list[tuple[int, str, str, str, str, int | None]]:
    """Return what curators did, oldest first."""
    lines = [act for act in store.journal.acts(100) if act.subject.startswith("paper:")]
    return [(a.id, a.verb, a.subject, a.detail, a.was, a.undone) for a in reversed(lines)]


def test_every_act_can_be_undone_once_and_the_log_keeps_both_lines(store: Store) -> None:
    [paper], bob = papers(store, 0), account(store, "Bob", Role.CURATOR).id
    acts = (
        (partial(store.voting.pick, paper, DAY, bob, START), "pick", "unpick", DAY.isoformat()),
        (partial(store.voting.hide, paper, "spam", bob, START), "hide", "unhide", "spam"),
    )
    for act, verb, opposite, said in acts:
        untouched = standing(store, paper)
        done = act()
        changed = standing(store, paper)
        assert changed != untouched
        back = store.voting.undo(done, bob, START)
        assert standing(store, paper) == untouched
        assert log(store)[-2:] == [
            (done, verb, f"paper:{paper}", said, "", back),
            (back, opposite, f"paper:{paper}", "", said, None),
        ]
        with pytest.raises(ConflictError, match=f"line {done} was undone already, by line {back}"):
            store.voting.undo(done, bob, START)
        again = store.voting.undo(back, bob, START)  # taking back is an act too
        assert standing(store, paper) == changed
        assert log(store)[-1] == (again, verb, f"paper:{paper}", said, "", None)
        with pytest.raises(ConflictError, match="undone already"):
            store.voting.undo(back, bob, START)


def test_undoing_brings_back_what_had_been_before(store: Store) -> None:
    [paper], bob = papers(store, 0), account(store, "Bob", Role.CURATOR).id
    later = date(2026, 3, 3)
    store.voting.pick(paper, DAY, bob, START)
    moved = store.voting.pick(paper, later, bob, START)
    store.voting.undo(moved, bob, START)
    assert standing(store, paper).picked == DAY
    store.voting.hide(paper, "spam", bob, START)
    reworded = store.voting.hide(paper, "an advertisement", bob, START)
    store.voting.undo(reworded, bob, START)
    assert standing(store, paper).hidden == "spam"


def test_an_act_cannot_be_undone_when_the_same_was_changed_again(store: Store) -> None:
    [paper], bob = papers(store, 0), account(store, "Bob", Role.CURATOR).id
    hidden = store.voting.hide(paper, "spam", bob, START)
    shown = store.voting.unhide(paper, bob, START)
    with pytest.raises(ConflictError, match=f"line {hidden} cannot be undone: the same was changed again since"):
        store.voting.undo(hidden, bob, START)
    store.voting.undo(shown, bob, START)
    assert standing(store, paper).hidden == "spam"
    store.voting.undo(hidden, bob, START)  # as it was when it was done: there is nothing in between any more
    assert standing(store, paper).hidden is None


def test_of_those_who_undo_one_act_at_once_one_does(store: Store) -> None:
    [paper], bob = papers(store, 0), account(store, "Bob", Role.CURATOR).id
    done = store.voting.pick(paper, DAY, bob, START)
    answers = at_once([lambda: store.voting.undo(done, bob, START)] * 6)
    assert sorted(type(answer).__name__ for answer in answers) == ["ConflictError"] * 5 + ["int"]
    assert len(log(store)) == 2


def test_an_act_on_a_paper_that_was_merged_since_is_undone_on_the_one_that_lives_on(store: Store) -> None:
    found, bob = papers(store, 0, 1), account(store, "Bob", Role.CURATOR).id
    done = store.voting.hide(found[1], "spam", bob, START)
    merge(store, 0, 1)
    store.voting.undo(done, bob, START)
    assert store.voting.all_hidden() == {}
    assert [line[2] for line in log(store)] == [f"paper:{found[1]}", f"paper:{found[0]}"]


def test_what_is_so_already_is_no_act(store: Store) -> None:
    [paper], bob = papers(store, 0), account(store, "Bob", Role.CURATOR).id
    for nothing, words in (
        (partial(store.voting.unpick, paper, bob, START), "it is no pick"),
        (partial(store.voting.unhide, paper, bob, START), "it is not hidden"),
    ):
        with pytest.raises(ConflictError, match=words):
            nothing()
    store.voting.pick(paper, DAY, bob, START)
    store.voting.hide(paper, "spam", bob, START)
    for again, words in (
        (partial(store.voting.pick, paper, DAY, bob, START), "pick of 2026-03-02 already"),
        (partial(store.voting.hide, paper, "spam", bob, START), "hidden for that reason already"),
    ):
        with pytest.raises(ConflictError, match=words):
            again()
    assert [line[1] for line in log(store)] == ["pick", "hide"]


def test_the_log_undoes_only_what_curators_do_and_only_what_is_there(store: Store) -> None:
    ada = account(store, "Ada", Role.ADMIN)
    store.accounts.set_role(account(store, "Bob").id, Role.CURATOR, ada.id, START)
    with pytest.raises(ConflictError, match="'role' cannot be undone here"):
        store.voting.undo(store.journal.acts(1)[0].id, ada.id, START)
    for missing in (0, -1, 99, 2**31, 2**63):
        with pytest.raises(NotFoundError):
            store.voting.undo(missing, ada.id, START)


def test_who_was_a_curator_when_the_page_was_opened_may_be_none_any_more(store: Store) -> None:
    [paper], ada, bob = papers(store, 0), account(store, "Ada", Role.ADMIN), account(store, "Bob", Role.CURATOR)
    done = store.voting.pick(paper, DAY, bob.id, START)
    store.accounts.set_role(bob.id, Role.READER, ada.id, START)
    for late in (
        partial(store.voting.hide, paper, "spam", bob.id, START),
        partial(store.voting.unpick, paper, bob.id, START),
        partial(store.voting.undo, done, bob.id, START),
    ):
        with pytest.raises(ForbiddenError):
            late()
    assert standing(store, paper) == Standing(picked=DAY)


def test_picks_are_found_by_their_days(store: Store) -> None:
    found, bob = papers(store, 0, 1, 2), account(store, "Bob", Role.CURATOR).id
    for place, paper in enumerate(found):
        store.voting.pick(paper, DAY + timedelta(days=place), bob, START)
    assert store.voting.picks(DAY, DAY + timedelta(days=1)) == {found[0]: DAY, found[1]: DAY + timedelta(days=1)}
    assert store.voting.picks(DAY + timedelta(days=1), DAY) == {}


def test_curation_stays_when_its_curator_goes_and_can_be_undone(store: Store) -> None:
    [paper], ada, bob = papers(store, 0), account(store, "Ada", Role.ADMIN).id, account(store, "Bob", Role.CURATOR).id
    picked = store.voting.pick(paper, DAY, bob, START)
    hidden = store.voting.hide(paper, "spam", bob, START)
    store.accounts.remove(bob, "leave", START)
    assert standing(store, paper, ada) == Standing(picked=DAY, hidden="spam")
    assert store.voting.picks(DAY, DAY) == {paper: DAY}
    assert store.voting.all_hidden() == {paper: "spam"}
    assert [(act.id, act.actor) for act in store.journal.acts(3)[1:]] == [(hidden, None), (picked, None)]
    assert store.voting.picks_of(bob) == store.voting.hidden_by(bob) == {}
    assert store.voting.picks_of(account(store, "Eve", Role.CURATOR).id) == {}
    for done in (picked, hidden):
        store.voting.undo(done, ada, START)
    assert standing(store, paper) == Standing()


def test_the_log_is_paged_without_gaps(store: Store) -> None:
    [paper], bob = papers(store, 0), account(store, "Bob", Role.CURATOR).id
    for number in range(5):
        store.voting.hide(paper, f"reason {number}", bob, START)
    whole = store.journal.acts(100)
    paged = store.journal.acts(2)
    while page := store.journal.acts(2, before=paged[-1].id):
        paged += page
    assert paged == whole
    assert len(whole) == 6
    assert store.journal.acts(100, before=2**63) == []
    assert store.journal.act(whole[0].id) == whole[0]
