"""Topics of small archives: found, kept, changed by curators, and safe when a refit is killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.people_help import member, open_catalog
from tests.scripted import Clock
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.catalog.topic_naming import CHANGED
from tidings.errors import BusyError, ConflictError, InputError, NotFoundError
from tidings.index.topics import topics_lock
from tidings.people import Reader, Role
from tidings.rank.topics.names import compounds_of, phrases_of
from tidings.sources import FileReader, sample_path
from tidings.store import Store, open_store
from tidings.types import Record

FIELDS = {
    "zebras": "stripes of zebras in the savannah grazing herds of wild horses",
    "comets": "orbits of comets and their icy tails seen by the telescope",
    "violins": "wood and varnish of violins resonance of strings under the bow",
}
FIRST = date(2026, 1, 5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def catalog(store: Store, tmp_path: Path) -> Catalog:
    return open_catalog(store, tmp_path, Clock())


@pytest.fixture(scope="module")
def sample() -> list[Record]:
    """The records of the sample archive."""
    return [item for item in FileReader(sample_path()) if isinstance(item, Record)]


def made(field: str, number: int, **fields: object) -> Record:
    record = Record(
        "folder",
        f"{field}-{number}",
        f"{field.capitalize()} part {number}",
        abstract=f"On {FIELDS.get(field, '')} chapter {number}",
        ids=(f"doi:10.1000/{field}.{number}",),
        announced=FIRST + timedelta(days=number),
    )
    return replace(record, **fields)  # type: ignore[arg-type]


def filled(catalog: Catalog, store: Store, *records: Record) -> Catalog:
    take(store, *records)
    catalog.catch_up()
    return catalog


def leaves(catalog: Catalog) -> dict[int, int]:
    """Return the sizes of leaves by number."""
    return {leaf.topic.id: leaf.size for area in catalog.topics() for leaf in area.leaves}


def leaf_by_paper(catalog: Catalog) -> dict[int, int]:
    papers = [hit.paper for hit in catalog.newest(limit=1000).hits]
    return {number: found.topic.id for number, found in catalog.topics_of(papers).items()}


@pytest.fixture(scope="module")
def fitted_home(tmp_path_factory: pytest.TempPathFactory, sample: list[Record]) -> Path:
    """The sample archive with its topics, which each test has a copy of."""
    home = tmp_path_factory.mktemp("fitted")
    store = open_store(home)
    filled(open_catalog(store, home, Clock()), store, *sample).refit()
    store.close()
    return home


@pytest.fixture
def fitted(fitted_home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Catalog:
    shutil.copytree(fitted_home, tmp_path, dirs_exist_ok=True)
    catalog: Catalog = request.getfixturevalue("catalog")
    return catalog


@pytest.fixture
def curator(catalog: Catalog) -> Reader:
    return member(catalog, "Ada", Role.CURATOR)


# --- archives of every kind ---


def test_before_the_first_fit_there_are_no_topics_and_nothing_fails(catalog: Catalog, store: Store) -> None:
    filled(catalog, store, made("zebras", 1))
    assert (catalog.topics(), catalog.emerging(), catalog.place()) == ((), (), 0)
    assert leaf_by_paper(catalog) == {}
    with pytest.raises(NotFoundError):
        catalog.topic(1)


def test_an_empty_archive_can_be_fitted(catalog: Catalog) -> None:
    assert catalog.refit().leaves == 0
    assert catalog.topics() == ()


def test_ten_papers_are_one_topic(catalog: Catalog, store: Store) -> None:
    filled(catalog, store, *(made("zebras", number) for number in range(10)))
    report = catalog.refit()
    assert (report.leaves, report.placed) == (1, 10)
    assert "zebra" in catalog.topics()[0].leaves[0].topic.name.casefold()


def test_an_archive_of_one_topic_is_named_by_what_its_titles_share(catalog: Catalog, store: Store) -> None:
    subjects = ("mice", "toads", "kites", "looms", "reefs", "bells", "kilns", "moors", "tides", "vines")
    papers = [made("zebras", n, title=f"Striped horses and {subject}") for n, subject in enumerate(subjects)]
    filled(catalog, store, *papers)
    catalog.refit()
    [area] = catalog.topics()
    assert (area.line.topic.name, area.leaves[0].topic.name) == ("All papers", "Striped horses")


def test_a_few_papers_that_share_nothing_are_not_named_after_one_of_them(catalog: Catalog, store: Store) -> None:
    titles = ("Pale moths", "Steep roofs", "Long rivers", "Old violins", "Wet paint", "Deaf cats", "Far stars", "Ice")
    filled(catalog, store, *(made("x", n, title=title, abstract="") for n, title in enumerate(titles)))
    catalog.refit()
    assert [leaf.topic.name for area in catalog.topics() for leaf in area.leaves] == ["Of many kinds"]


def test_identical_texts_are_one_topic_however_many(catalog: Catalog, store: Store) -> None:
    same = [made("comets", n, title=f"Comets {'I' * n}", abstract="Icy tails of comets.") for n in range(1, 100)]
    filled(catalog, store, *[replace(record, abstract="Icy tails of comets.", title="Comets") for record in same])
    assert catalog.refit().leaves == 1
    assert catalog.topics()[0].leaves[0].topic.name == "Comets"


def test_papers_without_an_abstract_have_a_topic_by_their_title(catalog: Catalog, store: Store) -> None:
    filled(catalog, store, *(made(field, n, abstract="") for field in FIELDS for n in range(30)))
    catalog.refit()
    assert sum(leaves(catalog).values()) == 90


def test_a_paper_without_a_known_word_has_no_topic(catalog: Catalog, store: Store) -> None:
    filled(catalog, store, *(made("zebras", n) for n in range(12)), made("x", 1, title="∎", abstract=""))
    catalog.refit()
    assert sum(leaves(catalog).values()) == 12


def test_fields_that_share_no_word_are_told_apart(catalog: Catalog, store: Store) -> None:
    filled(catalog, store, *(made(field, n) for field in FIELDS for n in range(60)))
    catalog.refit()
    by_paper = leaf_by_paper(catalog)
    for hit in catalog.newest(limit=1000).hits:
        others = [h.paper for h in catalog.topic_papers(by_paper[hit.paper.id], limit=1000).hits]
        assert {paper.title.split()[0] for paper in others} == {hit.paper.title.split()[0]}


# --- the tree and its papers ---


def test_every_paper_is_in_one_leaf_and_areas_hold_their_leaves(fitted: Catalog) -> None:
    areas = fitted.topics()
    assert sum(leaves(fitted).values()) == fitted.topics_state().papers
    assert all(area.line.size == sum(leaf.size for leaf in area.leaves) for area in areas)
    assert all(leaf.topic.parent_id == area.line.topic.id for area in areas for leaf in area.leaves)


def test_names_differ_and_lead_to_their_topic(fitted: Catalog) -> None:
    names = [leaf.topic.name for area in fitted.topics() for leaf in area.leaves]
    assert len(names) == len(set(map(str.casefold, names)))
    for area in fitted.topics():
        for leaf in area.leaves:
            assert fitted.topic(leaf.topic.name).line.topic.id == leaf.topic.id


@pytest.mark.parametrize("sort", ["newest", "central", "voted"])
def test_paging_through_a_topic_shows_each_paper_once(fitted: Catalog, sort: str) -> None:
    number, size = max(leaves(fitted).items(), key=lambda item: item[1])
    seen: list[int] = []
    cursor = None
    while True:
        page = fitted.topic_papers(number, sort=sort, limit=7, cursor=cursor)
        seen += [hit.paper.id for hit in page.hits]
        cursor = page.cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == size == page.total


def test_a_cursor_of_another_topic_and_an_unknown_sort_are_refused(fitted: Catalog) -> None:
    first, second, *_ = leaves(fitted)
    cursor = fitted.topic_papers(first, limit=1).cursor
    with pytest.raises(InputError):
        fitted.topic_papers(second, cursor=cursor)
    with pytest.raises(InputError):
        fitted.topic_papers(first, sort="best")


def test_following_a_topic_makes_an_interest_that_ranks_its_papers_high(fitted: Catalog, curator: Reader) -> None:
    number = max(leaves(fitted), key=lambda n: leaves(fitted)[n])
    interest = fitted.follow_topic(curator, number)
    assert interest.name == fitted.topic(number).line.topic.name
    assert len(fitted.examples(curator, interest.id)[0]) == 5


@pytest.mark.parametrize("dash", ["-", "--", "–", "‑"])
def test_two_names_with_a_dash_are_one_phrase_whatever_the_dash(dash: str) -> None:
    assert set(compounds_of(f"On the Cahn{dash}Hilliard flow").values()) == {"cahn-hilliard", "cahn-hilliard flow"}


def test_articles_of_other_languages_begin_no_name() -> None:
    assert set(phrases_of("Les treebanks du français").values()) == {"treebanks", "treebanks du français", "français"}


# --- nights ---


def test_a_night_without_news_moves_hardly_anything(fitted: Catalog) -> None:
    before = leaf_by_paper(fitted)
    report = fitted.refit()
    assert (report.full, report.born, report.retired, report.renamed) == (False, (), (), ())
    after = leaf_by_paper(fitted)
    assert sum(after[number] != before[number] for number in before) == report.moved <= 0.0125 * len(before)


def test_what_is_new_is_born_between_what_was_there_and_only_once(fitted: Catalog, store: Store) -> None:
    title, text = "Quantum annealing of protein folding", "Quantum annealing hardware for protein folding on a lattice."
    filled(fitted, store, *(made("q", n, title=f"{title} {n}", abstract=text) for n in range(400, 409)))
    assert fitted.place() == 9
    assert len(fitted.refit().born) == 1
    (birth,) = fitted.emerging()
    assert (birth.line.size, len(birth.between), len(birth.first)) == (9, 2, 3)
    assert birth.sure > 0.9
    assert "annealing" in birth.line.topic.name.casefold() or "folding" in birth.line.topic.name.casefold()
    fitted.refit()
    assert len(fitted.emerging()) == 1


def test_new_papers_are_placed_beside_those_like_them(catalog: Catalog, store: Store) -> None:
    filled(catalog, store, *(made(field, n) for field in FIELDS for n in range(60)))
    catalog.refit()
    filled(catalog, store, *(made(field, 60) for field in FIELDS))
    assert catalog.place() == 3
    by_paper = leaf_by_paper(catalog)
    for hit in catalog.newest(limit=3).hits:
        near = catalog.topic_papers(by_paper[hit.paper.id], limit=5).hits
        assert all(other.paper.title.split()[0] == hit.paper.title.split()[0] for other in near)
    assert catalog.place() == 0


def test_a_full_refit_keeps_the_numbers_of_what_is_still_there(fitted: Catalog) -> None:
    before = leaf_by_paper(fitted)
    fitted.refit(full=True)
    after = leaf_by_paper(fitted)
    assert sum(after[number] == before[number] for number in before) > 0.5 * len(before)


def test_numbers_come_back_when_the_files_are_lost(fitted: Catalog, tmp_path: Path) -> None:
    before = leaf_by_paper(fitted)
    shutil.rmtree(tmp_path / "topics")
    again = Catalog(fitted._store, fitted.settings, clock=fitted._clock)
    assert leaf_by_paper(again) == {}
    again.refit()
    after = leaf_by_paper(again)
    assert sum(after[number] == before[number] for number in before) > 0.8 * len(before)


def test_a_name_changes_only_when_a_fifth_of_the_papers_did(
    catalog: Catalog, store: Store, sample: list[Record]
) -> None:
    filled(catalog, store, *sample[:200])
    catalog.refit()
    named, names = leaf_by_paper(catalog), leaf_names(catalog)
    for end, full in ((215, False), (260, True), (338, True)):
        filled(catalog, store, *sample[200:end])
        catalog.refit(full=full)
        now = leaf_by_paper(catalog)
        for number, name in leaf_names(catalog).items():
            then, there = (set_of(papers, number) for papers in (named, now))
            changed = 1 - len(then & there) / max(1, len(then), len(there))
            assert names.get(number, name) == name or changed >= CHANGED, (names[number], name)
            if names.get(number) != name:
                names[number] = name
                named = {n: leaf for n, leaf in named.items() if leaf != number and n not in there}
                named |= dict.fromkeys(there, number)


def leaf_names(catalog: Catalog) -> dict[int, str]:
    return {leaf.topic.id: leaf.topic.name for area in catalog.topics() for leaf in area.leaves}


def set_of(papers: dict[int, int], number: int) -> set[int]:
    return {paper for paper, leaf in papers.items() if leaf == number}


def test_topics_are_refitted_once_a_day(fitted: Catalog) -> None:
    assert fitted.refit_due() is None
    clock = fitted._clock
    assert isinstance(clock, Clock)
    clock.at += timedelta(days=1, seconds=1)
    assert fitted.refit_due() is not None


# --- what goes wrong ---


@pytest.mark.parametrize("where", ["write_generation", "drop_generations"])
def test_a_refit_that_is_killed_leaves_topics_whole(
    fitted: Catalog, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidings.catalog import topic_care

    before = leaf_by_paper(fitted)
    with monkeypatch.context() as patch:
        patch.setattr(topic_care, where, _killed)
        with pytest.raises(KeyboardInterrupt):
            fitted.refit()
    after = leaf_by_paper(fitted)
    assert after.keys() == before.keys()
    assert where == "drop_generations" or after == before
    fitted.refit()
    assert leaf_by_paper(fitted).keys() == before.keys()


def test_a_refit_that_is_killed_before_its_topics_are_stored_leaves_the_old_ones(
    fitted: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = leaf_by_paper(fitted), [area.line.topic.name for area in fitted.topics()]
    with monkeypatch.context() as patch:
        patch.setattr(type(fitted._store.topics), "replace", _killed)
        with pytest.raises(KeyboardInterrupt):
            fitted.refit(full=True)
    assert (leaf_by_paper(fitted), [area.line.topic.name for area in fitted.topics()]) == (before, names)


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_two_refits_at_once_are_one(fitted: Catalog, tmp_path: Path) -> None:
    with topics_lock(tmp_path / "topics"):
        with pytest.raises(BusyError):
            fitted.refit()
        assert fitted.place_new() == 0


# --- curators ---


def test_a_name_that_a_curator_gave_stays_and_can_be_taken_back(fitted: Catalog, curator: Reader) -> None:
    number = next(iter(leaves(fitted)))
    line = fitted.rename_topic(curator, number, "My topic")
    fitted.refit(full=True)
    assert fitted.topic("my topic").line.topic.id == number
    fitted.undo(curator, line)
    assert not fitted.topic(number).line.topic.renamed


def test_a_name_that_another_topic_has_is_refused(fitted: Catalog, curator: Reader) -> None:
    first, second, *_ = leaves(fitted)
    with pytest.raises(ConflictError):
        fitted.rename_topic(curator, first, fitted.topic(second).line.topic.name)


def test_a_merged_topic_gives_its_papers_to_the_other_and_gets_them_back(fitted: Catalog, curator: Reader) -> None:
    before = leaves(fitted)
    first, second, *_ = before
    line = fitted.merge_topics(curator, first, second)
    fitted.refit()
    fitted.refit(full=True)
    assert first not in leaves(fitted)
    assert fitted.topic(first).line.topic.id == second
    fitted.undo(curator, line)
    assert first in leaves(fitted)


def test_a_split_topic_is_several_that_stay_and_are_one_again_when_undone(fitted: Catalog, curator: Reader) -> None:
    before = leaves(fitted)
    number = max(before, key=lambda n: before[n])
    line = fitted.split_topic(curator, number, 3)
    parts = [n for n in leaves(fitted) if n not in before]
    assert len(parts) == 2
    assert sum(leaves(fitted)[n] for n in (number, *parts)) == before[number]
    fitted.refit()
    assert set(parts) <= set(leaves(fitted))
    fitted.undo(curator, line)
    assert leaves(fitted) == before


def test_a_topic_of_equal_papers_cannot_be_split(catalog: Catalog, store: Store, curator: Reader) -> None:
    filled(catalog, store, *(made("comets", n, title="Comets", abstract="Icy.") for n in range(12)))
    catalog.refit()
    with pytest.raises(InputError):
        catalog.split_topic(curator, next(iter(leaves(catalog))))


def test_a_pinned_topic_stays(fitted: Catalog, curator: Reader) -> None:
    number = min(leaves(fitted), key=lambda n: leaves(fitted)[n])
    fitted.pin_topic(curator, number)
    fitted.refit(full=True)
    assert number in leaves(fitted)
    with pytest.raises(ConflictError):
        fitted.pin_topic(curator, number)
