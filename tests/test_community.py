"""Votes, curation and shelves by the façade: who sees what, what is kept of what people write, what can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.people_help import at_once, everything, member, merge, open_catalog, paper_id, papers, program, statements
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.catalog.community import QUEUE
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError, SignInError
from tidings.people import Reader, Role, Standing
from tidings.store import Store, open_store

PAPER = paper_id(0)
ODD = "\x00 two\nlines \u202eback\u2066 \x1b[31m \ud800"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    papers(store, 0, 1, 2)
    yield store
    store.close()


@pytest.fixture
def catalog(opened: Store, tmp_path: Path, clock: Clock) -> Catalog:
    return open_catalog(opened, tmp_path, clock)


@pytest.fixture
def ada(catalog: Catalog) -> Reader:
    return member(catalog, "Ada")


@pytest.fixture
def eve(catalog: Catalog) -> Reader:
    return member(catalog, "Eve")


@pytest.fixture
def bob(catalog: Catalog) -> Reader:
    return member(catalog, "Bob", Role.CURATOR)


def told(catalog: Catalog, reader: Reader | None = None, id: str = PAPER) -> Standing:  # noqa: A002
    paper = catalog.paper(id)
    return catalog.standings([paper], reader)[paper.id]


# --- votes ---


def test_a_vote_is_told_to_all_and_whose_it_is_only_to_its_voter(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    assert [catalog.vote(ada, PAPER), catalog.vote(ada, PAPER), catalog.vote(eve, PAPER)] == [1, 1, 2]
    assert catalog.unvote(eve, PAPER) == 1
    assert told(catalog) == told(catalog, eve) == Standing(votes=1)
    assert told(catalog, ada) == Standing(votes=1, voted=True)
    assert told(catalog, program(catalog, ada, "read")).voted
    assert not told(catalog, program(catalog, ada, "vote")).voted


@pytest.mark.parametrize(
    "id", ["", "arxiv:2603.99999", "paper:0", "paper:99", "paper:-1", "x", "\x00", "doi:10.1000/\ud800", "a" * 100_000]
)
def test_what_names_no_paper_here_is_not_found(catalog: Catalog, ada: Reader, id: str) -> None:  # noqa: A002
    for act in (catalog.vote, catalog.unvote, catalog.save):
        with pytest.raises(NotFoundError):
            act(ada, id)
    assert catalog.shelves(ada) == ([], [])


def test_a_vote_for_a_merged_paper_is_for_the_one_that_lives_on(catalog: Catalog, opened: Store, ada: Reader) -> None:
    catalog.vote(ada, paper_id(1))
    merge(opened, 0, 1)
    assert told(catalog, ada) == Standing(votes=1, voted=True)
    assert catalog.vote(ada, "paper:2") == 1
    assert catalog.unvote(ada, paper_id(1)) == 0


def test_the_standings_of_a_page_take_a_fixed_number_of_queries(catalog: Catalog, opened: Store, ada: Reader) -> None:
    found = [catalog.paper(paper_id(kind)) for kind in range(3)]
    seen = []
    for number in (1, 2, 3):
        with statements(opened) as made:
            catalog.standings(found[:number], ada)
        seen.append(sum(statement.startswith("SELECT") for statement in made))
    assert seen[0] == seen[1] == seen[2] <= 5


# --- curation ---


def test_a_pick_is_of_today_where_no_day_is_said(catalog: Catalog, clock: Clock, bob: Reader) -> None:
    clock.at += timedelta(hours=17, minutes=59)
    catalog.pick(bob, PAPER)
    catalog.pick(bob, paper_id(1), date(2025, 3, 20))
    assert (told(catalog).picked, told(catalog, id=paper_id(1)).picked) == (date(2026, 3, 2), date(2025, 3, 20))
    catalog.unpick(bob, PAPER)
    assert told(catalog).picked is None


def test_what_is_hidden_says_why_in_one_line(catalog: Catalog, bob: Reader) -> None:
    catalog.hide(bob, PAPER, ODD)
    assert told(catalog).hidden == "two lines back [31m"
    catalog.hide(bob, PAPER, "x" * 10_000)
    assert told(catalog).hidden == "x" * 500
    catalog.unhide(bob, PAPER)
    assert told(catalog).hidden is None
    for nothing in ("", "  ", "\x00\u202e", "\u200d"):
        with pytest.raises(InputError, match="say why"):
            catalog.hide(bob, PAPER, nothing)


def test_curators_see_what_was_done_and_take_it_back_once(catalog: Catalog, bob: Reader) -> None:
    line = catalog.hide(bob, PAPER, "spam")
    back = catalog.undo(bob, line)
    assert told(catalog) == Standing()
    with pytest.raises(ConflictError, match="undone already"):
        catalog.undo(bob, line)
    [newest, older] = catalog.acts(bob, limit=2)
    assert (newest.id, newest.actor, newest.verb, newest.undone) == (back, "Bob", "unhide", None)
    assert (older.id, older.actor, older.verb, older.detail, older.undone) == (line, "Bob", "hide", "spam", back)
    assert catalog.acts(bob, limit=1, before=newest.id) == [older]
    for senseless in (0, -1):
        with pytest.raises(InputError):
            catalog.acts(bob, limit=senseless)


def test_what_is_not_so_cannot_be_taken_back(catalog: Catalog, opened: Store, bob: Reader) -> None:
    before = everything(opened)
    for nothing in (catalog.unpick, catalog.unhide):
        with pytest.raises(ConflictError):
            nothing(bob, PAPER)
    with pytest.raises(ConflictError, match="cannot be undone here"):
        catalog.undo(bob, catalog.acts(bob)[0].id)
    assert everything(opened) == before


# --- shelves ---


def test_a_private_shelf_is_there_for_its_owner_only(catalog: Catalog, opened: Store, ada: Reader, eve: Reader) -> None:
    shelf = catalog.make_shelf(ada, "Secret")
    assert catalog.shelf(ada, shelf.id) == shelf
    assert catalog.shelves(eve) == ([], [])
    before = everything(opened)
    missing = shelf.id + 1
    for act in (
        lambda number: catalog.shelf(eve, number),
        lambda number: catalog.change_shelf(eve, number, name="Mine"),
        lambda number: catalog.remove_shelf(eve, number),
        lambda number: catalog.put(eve, number, PAPER),
        lambda number: catalog.take(eve, number, PAPER),
    ):
        said = []
        for number in (shelf.id, missing):
            with pytest.raises(NotFoundError) as refused:
                act(number)
            said.append(str(refused.value).replace(str(number), "N"))
        assert said[0] == said[1]  # that it exists is private too
    assert everything(opened) == before


def test_an_administrator_sees_no_private_shelf_either(catalog: Catalog, ada: Reader) -> None:
    shelf = catalog.make_shelf(ada, "Secret")
    with pytest.raises(NotFoundError):
        catalog.shelf(member(catalog, "Root", Role.ADMIN), shelf.id)


def test_a_shelf_of_the_lab_is_seen_by_members_and_changed_by_its_owner(
    catalog: Catalog, opened: Store, ada: Reader, eve: Reader
) -> None:
    shelf = catalog.make_shelf(ada, "Group", "lab")
    assert catalog.shelf(eve, shelf.id).owner == "Ada"
    assert catalog.shelves(eve) == ([], [shelf])
    assert catalog.shelves(ada) == ([shelf], [])
    with pytest.raises(SignInError):
        catalog.shelf(None, shelf.id)
    before = everything(opened)
    for act in (
        lambda: catalog.change_shelf(eve, shelf.id, visibility="private"),
        lambda: catalog.remove_shelf(eve, shelf.id),
        lambda: catalog.put(eve, shelf.id, PAPER),
        lambda: catalog.take(eve, shelf.id, PAPER),
    ):
        with pytest.raises(ForbiddenError, match="only its owner changes it"):
            act()
    assert everything(opened) == before


def test_a_shelf_with_a_link_is_for_whoever_has_the_link_while_it_is_one(
    catalog: Catalog, ada: Reader, eve: Reader
) -> None:
    shelf = catalog.make_shelf(ada, "Public", "link")
    catalog.put(ada, shelf.id, PAPER, "read this")
    assert shelf.key
    found = catalog.shelf_by_key(shelf.key)
    page, entries = catalog.on_shelf(found)
    assert [(hit.paper.key, entries[hit.paper.id].note) for hit in page.hits] == [(PAPER, "read this")]
    assert page.total == 1
    with pytest.raises(NotFoundError):
        catalog.shelf(eve, shelf.id)  # its number is no link
    assert catalog.shelves(eve) == ([], [])
    assert catalog.change_shelf(ada, shelf.id, visibility="link").key == shelf.key
    for visibility in ("lab", "private"):
        closed = catalog.change_shelf(ada, shelf.id, visibility=visibility)
        assert (closed.visibility, closed.key) == (visibility, None)
        with pytest.raises(NotFoundError, match="no shelf has this address"):
            catalog.shelf_by_key(shelf.key)
    opened_again = catalog.change_shelf(ada, shelf.id, visibility="link")
    assert opened_again.key not in (None, shelf.key)
    with pytest.raises(NotFoundError):
        catalog.shelf_by_key(shelf.key)
    assert catalog.shelf_by_key(opened_again.key or "").id == shelf.id


def test_what_is_no_key_leads_nowhere(store: Store, tmp_path: Path, clock: Clock) -> None:
    catalog = open_catalog(store, tmp_path, clock)
    catalog.make_shelf(member(catalog, "Ada"), "Secret")
    for key in ("", "None", "x", "\x00" * 16, "\ud800" * 16, "%" * 16, "a" * 16, "a" * 100_000):
        with pytest.raises(NotFoundError, match="no shelf has this address"):
            catalog.shelf_by_key(key)


def test_names_of_shelves_are_one_line_and_ones_own_are_different(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    shelf = catalog.make_shelf(ada, ODD)
    assert shelf.name == "two lines back [31m"
    with pytest.raises(ConflictError, match="already"):
        catalog.make_shelf(ada, "two  lines back [31m")
    assert catalog.make_shelf(eve, "two lines back [31m").owner == "Eve"
    assert catalog.make_shelf(ada, "x" * 10_000).name == "x" * 80
    with pytest.raises(ConflictError, match="already"):
        catalog.change_shelf(ada, shelf.id, name="x" * 90)
    assert catalog.change_shelf(ada, shelf.id, name="New", visibility="lab").visibility == "lab"
    assert catalog.change_shelf(ada, shelf.id).name == "New"
    for nothing in ("", " \n", "\x00\u202e", "\u200d"):
        with pytest.raises(InputError, match="needs a name"):
            catalog.make_shelf(ada, nothing)
        with pytest.raises(InputError, match="needs a name"):
            catalog.change_shelf(ada, shelf.id, name=nothing, visibility="link")
    assert catalog.shelf(ada, shelf.id).visibility == "lab"  # neither of the two was done


@pytest.mark.parametrize("visibility", ["", "Private", "public", "everybody", "link "])
def test_a_shelf_is_seen_in_ways_that_there_are(catalog: Catalog, ada: Reader, visibility: str) -> None:
    with pytest.raises(InputError, match="a shelf is private, lab, link"):
        catalog.make_shelf(ada, "Reading", visibility)
    shelf = catalog.make_shelf(ada, "Reading")
    with pytest.raises(InputError, match="a shelf is private, lab, link"):
        catalog.change_shelf(ada, shelf.id, name="Renamed", visibility=visibility)
    assert catalog.shelf(ada, shelf.id) == shelf


def test_notes_are_short_and_stay_until_they_are_changed(catalog: Catalog, ada: Reader) -> None:
    shelf = catalog.make_shelf(ada, "Reading")

    def note() -> str:
        return catalog.on_shelf(shelf)[1][catalog.paper(PAPER).id].note

    for given, kept in ((None, ""), (ODD, "two lines back [31m"), (None, "two lines back [31m"), ("", "")):
        catalog.put(ada, shelf.id, PAPER, given)
        assert note() == kept
    catalog.put(ada, shelf.id, PAPER, "word " * 2_000)
    assert note() == ("word " * 100).strip()


def test_a_paper_is_saved_to_read_with_one_call_and_keeps_its_note(catalog: Catalog, ada: Reader) -> None:
    queue = catalog.save(ada, PAPER)
    assert (queue.name, queue.visibility, queue.count) == (QUEUE, "private", 1)
    catalog.put(ada, queue.id, PAPER, "for Friday")
    assert catalog.save(ada, PAPER) == queue
    assert catalog.on_shelf(queue)[1][catalog.paper(PAPER).id].note == "for Friday"
    catalog.take(ada, queue.id, PAPER)
    assert catalog.shelf(ada, queue.id).count == 0


def test_papers_that_are_saved_at_once_are_all_on_the_one_shelf(catalog: Catalog, ada: Reader) -> None:
    answers = at_once([lambda: catalog.save(ada, PAPER), lambda: catalog.save(ada, paper_id(1))] * 3)
    [queue] = catalog.shelves(ada)[0]
    assert {answer.id for answer in answers if not isinstance(answer, Exception)} == {queue.id}
    assert queue.count == 2


def test_a_shelf_is_paged_the_latest_first(catalog: Catalog, clock: Clock, ada: Reader) -> None:
    shelf = catalog.make_shelf(ada, "Reading")
    for kind in range(3):
        clock.at += timedelta(minutes=1)
        catalog.put(ada, shelf.id, paper_id(kind))
    shelf = catalog.shelf(ada, shelf.id)
    pages = [catalog.on_shelf(shelf, limit=2, offset=offset)[0] for offset in (0, 2, 4)]
    assert [[hit.paper.key for hit in page.hits] for page in pages] == [[paper_id(2), paper_id(1)], [PAPER], []]
    assert {page.total for page in pages} == {3}
    for senseless in ({"limit": 0}, {"limit": -1}, {"offset": -1}, {"offset": 2**63}):
        with pytest.raises(InputError):
            catalog.on_shelf(shelf, **senseless)


def test_a_shelf_that_is_removed_is_gone_and_its_papers_are_not(catalog: Catalog, ada: Reader) -> None:
    shelf = catalog.make_shelf(ada, "Reading", "link")
    catalog.put(ada, shelf.id, PAPER)
    catalog.remove_shelf(ada, shelf.id)
    with pytest.raises(NotFoundError):
        catalog.shelf(ada, shelf.id)
    with pytest.raises(NotFoundError):
        catalog.shelf_by_key(shelf.key or "")
    assert catalog.paper(PAPER).key == PAPER
    assert catalog.make_shelf(ada, "Reading").id > shelf.id


def test_one_is_told_on_which_of_ones_own_shelves_papers_stand(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    found = [catalog.paper(paper_id(kind)) for kind in range(2)]
    shelf = catalog.make_shelf(ada, "Reading", "lab")
    catalog.put(ada, shelf.id, PAPER)
    queue = catalog.save(ada, PAPER)
    assert catalog.saved(ada, found) == {found[0].id: {shelf.id, queue.id}}
    for other in (eve, None, program(catalog, ada, "read")):
        assert catalog.saved(other, found) == {}
