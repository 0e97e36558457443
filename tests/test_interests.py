"""Interests by the façade: making them, saying what one likes, taking it back; and that it stays one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.interest_help import AUTHORS, TODAY, archive, day_of, key, keys, record
from tests.people_help import member, program
from tests.scripted import Clock
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.catalog.interests import LONGEST_WORDS, MINE
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError, QueryError, SourceError
from tidings.people import Reader, Role
from tidings.store import Store
from tidings.types import DISMISSED, LIKED, TAKEN_BACK, Interest, Record

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Iterator[tuple[Catalog, Store]]:
    with archive(tmp_path, clock) as both:
        yield both


@pytest.fixture
def catalog(opened: tuple[Catalog, Store]) -> Catalog:
    return opened[0]


@pytest.fixture
def store(opened: tuple[Catalog, Store]) -> Store:
    return opened[1]


@pytest.fixture
def ada(catalog: Catalog) -> Reader:
    return member(catalog, "Ada")


@pytest.fixture
def eve(catalog: Catalog) -> Reader:
    return member(catalog, "Eve")


def said(catalog: Catalog, reader: Reader, which: int | str) -> dict[str, int]:
    """Return what is said in an interest, by the papers' ids."""
    examples, count = catalog.examples(reader, which, limit=1000)
    assert count == len(examples)
    return {paper.key: example.verdict for paper, example in examples}


def counts(interest: Interest) -> tuple[int, int]:
    return interest.liked, interest.dismissed


# --- making ---


def test_an_interest_is_made_of_words_a_query_and_papers(catalog: Catalog, ada: Reader) -> None:
    liked = keys("graphs", 0, 1)
    made = catalog.make_interest(ada, " Graphs\n", words="graph  networks", query="category:cs.LG", likes=liked)
    assert (made.name, made.words, made.query, counts(made)) == ("Graphs", "graph networks", "category:cs.LG", (2, 0))
    assert (
        catalog.interest(ada, "Graphs") == catalog.interest(ada, made.id) == catalog.interest(ada, str(made.id)) == made
    )
    assert catalog.interests(ada) == ([made], [])
    assert said(catalog, ada, "Graphs") == dict.fromkeys(liked, LIKED)


def test_a_name_goes_before_a_number_in_words(catalog: Catalog, ada: Reader) -> None:
    first = catalog.make_interest(ada, "2024")
    second = catalog.make_interest(ada, str(first.id))
    assert catalog.interest(ada, str(first.id)) == second
    assert catalog.interest(ada, first.id) == first


@pytest.mark.parametrize(
    "asked",
    [
        {"name": " \x00 "},
        {"words": "x" * (LONGEST_WORDS + 1)},
        {"query": "category:" + "x" * 2_000},
        {"visibility": "link"},
        {"visibility": ""},
    ],
)
def test_what_makes_no_sense_makes_no_interest(catalog: Catalog, ada: Reader, asked: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        catalog.make_interest(ada, **{"name": "Graphs", **asked})
    with pytest.raises(QueryError):
        catalog.make_interest(ada, "Graphs", query="year:soon")
    with pytest.raises(NotFoundError):
        catalog.make_interest(ada, "Graphs", likes=[key("graphs", 0), "arxiv:9999.99999"])
    assert catalog.interests(ada) == ([], [])


def test_an_interest_is_changed_wholly_or_not_at_all(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Taken")
    made = catalog.make_interest(ada, "Graphs", words="graph")
    with pytest.raises(ConflictError):
        catalog.change_interest(ada, "Graphs", words="lost", name="Taken")
    with pytest.raises(QueryError):
        catalog.change_interest(ada, "Graphs", words="lost", query="year:soon")
    changed = catalog.change_interest(ada, made.id, name="Networks", words="")
    assert (changed.name, changed.words, changed.id) == ("Networks", "", made.id)
    catalog.remove_interest(ada, "Networks")
    with pytest.raises(NotFoundError):
        catalog.interest(ada, made.id)


# --- gathering ---


def test_the_papers_of_a_file_are_recognised_and_the_others_named(catalog: Catalog, store: Store, ada: Reader) -> None:
    known = record("graphs", 3)
    bibtex = f"""
        @article{{a, title={{Anything}}, eprint={{{key("graphs", 2).partition(":")[2]}}}, archivePrefix={{arXiv}}}}
        @article{{b, title={{{known.title}}}, author={{Grace Hopper}}, abstract={{{known.abstract}}}, year={{2026}}}}
        @article{{c, title={{A Paper that Nobody Holds}}, author={{Nobody}}, year={{1999}}}}
    """
    before = store.position()
    found = catalog.papers_in(ada, BytesIO(bibtex.encode()))
    assert [paper.key for paper in found.papers] == [key("graphs", 2), key("graphs", 3)]
    assert found.missing == ("A Paper that Nobody Holds",)
    assert store.position() == before
    made = catalog.make_interest(ada, "Library", likes=[paper.key for paper in found.papers])
    assert made.liked == 2


def test_a_file_of_no_known_kind_is_refused(catalog: Catalog, ada: Reader, tmp_path: Path) -> None:
    for file in (BytesIO(b"\x00\x01\x02"), BytesIO(b""), tmp_path / "none.bib"):
        with pytest.raises(SourceError):
            catalog.papers_in(ada, file)


def test_the_papers_of_an_author_newest_first(catalog: Catalog, ada: Reader) -> None:
    found = catalog.papers_by(ada, "Lovelace, Ada")
    assert len(found.papers) == 32
    assert {paper.authors for paper in found.papers} == {(AUTHORS[0],)}
    days = [paper.date for paper in found.papers if paper.date]
    assert days == sorted(days, reverse=True)
    assert catalog.papers_by(ada, "Nobody at All").papers == ()
    for nothing in ("", " ", "12", ","):
        with pytest.raises(InputError):
            catalog.papers_by(ada, nothing)


def test_the_library_that_is_synced_is_its_administrators_only(catalog: Catalog, store: Store, ada: Reader) -> None:
    root = member(catalog, "Root", Role.ADMIN)
    with pytest.raises(NotFoundError, match="no Zotero library"):
        catalog.papers_of_library(root)
    with store.writer(catalog.now()) as writer:
        writer.write_holdings(
            [Record("zotero", "A", "One", ids=(key("speech", 1),)), Record("zotero", "B", "Another one of mine")]
        )
    found = catalog.papers_of_library(root)
    assert ([paper.key for paper in found.papers], found.missing) == ([key("speech", 1)], ("Another one of mine",))
    with pytest.raises(ForbiddenError):
        catalog.papers_of_library(ada)


# --- saying ---


def test_the_first_like_makes_the_interest_my_papers(catalog: Catalog, ada: Reader) -> None:
    took = catalog.like(ada, key("graphs", 0))
    assert (took.name, took.visibility, counts(took)) == (MINE, "private", (1, 0))
    assert catalog.like(ada, key("graphs", 0)) == took
    assert catalog.dismiss(ada, key("speech", 0)).id == took.id


def test_a_like_goes_to_the_interest_that_scores_the_paper_highest(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "A blank one")
    for theme in ("graphs", "speech", "planets"):
        catalog.make_interest(ada, theme, likes=keys(theme, 0, 1, 2))
    for theme in ("graphs", "speech", "planets"):
        assert catalog.like(ada, key(theme, 9)).name == theme
    assert catalog.like(ada, key("graphs", 10), "speech").name == "speech"


def test_of_contradicting_likes_the_newest_counts(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph")
    for verdict, say in ((LIKED, catalog.like), (DISMISSED, catalog.dismiss), (LIKED, catalog.like)):
        say(ada, key("graphs", 0), "Graphs")
        assert said(catalog, ada, "Graphs") == {key("graphs", 0): verdict}


def test_what_was_said_is_taken_back_in_one_interest_or_in_all(catalog: Catalog, ada: Reader) -> None:
    paper = key("graphs", 0)
    for name in ("One", "Two", "Three"):
        catalog.make_interest(ada, name, likes=[paper])
    assert [each.name for each in catalog.take_back(ada, paper, "Two")] == ["Two"]
    assert {each.name for each in catalog.take_back(ada, paper)} == {"One", "Three"}
    assert catalog.take_back(ada, paper) == []


def test_undoing_goes_back_step_by_step_to_the_beginning(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0, 1))
    catalog.like_all(ada, keys("graphs", 2, 3), "Graphs")
    catalog.dismiss(ada, key("graphs", 0), "Graphs")
    undone = [{(p.key, v) for p, v in catalog.undo_last(ada, "Graphs")} for _ in range(3)]
    assert undone == [
        {(key("graphs", 0), DISMISSED)},
        {(key("graphs", n), LIKED) for n in (2, 3)},
        {(key("graphs", n), LIKED) for n in (0, 1)},
    ]
    with pytest.raises(ConflictError, match="nothing was said"):
        catalog.undo_last(ada, "Graphs")


def test_undoing_a_like_brings_back_what_had_been_learnt(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks")
    before = catalog.feed(ada, ["Graphs"]), catalog.export_interest(ada, "Graphs")
    catalog.like(ada, key("planets", 0), "Graphs")
    assert [h.score for h in catalog.feed(ada, ["Graphs"]).hits] != [h.score for h in before[0].hits]
    catalog.undo_last(ada, "Graphs")
    after = catalog.feed(ada, ["Graphs"]), catalog.export_interest(ada, "Graphs")
    assert [(h.paper.key, h.score, h.is_strong) for h in after[0].hits] == [
        (h.paper.key, h.score, h.is_strong) for h in before[0].hits
    ]
    assert after[1]["examples"] == []


def test_a_like_moves_the_line_once(catalog: Catalog, ada: Reader) -> None:
    catalog.make_interest(ada, "Graphs", words="graph neural networks")
    line = catalog.why_not(ada, key("graphs", 1)).line
    catalog.like(ada, key("planets", 0), "Graphs")  # far below: what one likes is below the line, so it falls
    moved = catalog.why_not(ada, key("graphs", 1)).line
    assert line is not None
    assert moved is not None
    assert moved < line
    catalog.like(ada, key("planets", 0), "Graphs")
    assert catalog.why_not(ada, key("graphs", 1)).line == moved


def test_a_reset_brings_back_the_end_of_a_day(catalog: Catalog, ada: Reader, clock: Clock) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0))
    clock.at += DAY
    catalog.like(ada, key("graphs", 1), "Graphs")
    catalog.dismiss(ada, key("graphs", 0), "Graphs")
    clock.at += DAY
    changed = {(paper.key, verdict) for paper, verdict in catalog.reset_interest(ada, "Graphs", TODAY)}
    assert changed == {(key("graphs", 0), LIKED), (key("graphs", 1), TAKEN_BACK)}
    assert said(catalog, ada, "Graphs") == {key("graphs", 0): LIKED}
    catalog.undo_last(ada, "Graphs")
    assert said(catalog, ada, "Graphs") == {key("graphs", 0): DISMISSED, key("graphs", 1): LIKED}
    assert catalog.reset_interest(ada, "Graphs", date.max) == []
    catalog.reset_interest(ada, "Graphs", date.min)
    assert said(catalog, ada, "Graphs") == {}


def test_verdicts_of_a_list_are_ones_own_and_the_last_said_counts(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    one, other = (catalog.paper(key("graphs", n)) for n in (0, 1))
    catalog.make_interest(ada, "B", likes=[one.key])
    catalog.make_interest(ada, "A")
    catalog.dismiss(ada, one.key, "A")
    catalog.like(eve, other.key)
    assert catalog.verdicts(ada, [one, other]) == {one.id: DISMISSED}
    catalog.dismiss(ada, one.key, "B")
    catalog.like(ada, one.key, "B")
    assert catalog.verdicts(ada, [one]) == {one.id: LIKED}
    assert catalog.verdicts(None, [one]) == catalog.verdicts(program(catalog, ada, "read"), [one]) == {}


def test_examples_follow_a_merge(catalog: Catalog, ada: Reader, store: Store) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0))
    doi = Record("crossref", "x", "On something else", ids=("doi:10.1000/77",))
    take(store, doi)
    catalog.like(ada, "doi:10.1000/77", "Graphs")
    take(store, Record("folder", "both", "One paper", ids=("doi:10.1000/77", key("graphs", 0))))
    catalog.catch_up()
    assert said(catalog, ada, "Graphs") == {key("graphs", 0): LIKED}
    assert catalog.interest(ada, "Graphs").liked == 1
    assert all(hit.paper.key != key("graphs", 0) for hit in catalog.feed(ada).hits)


# --- whose it is ---


def test_a_private_interest_is_nobody_elses_whatever_their_role(catalog: Catalog, ada: Reader) -> None:
    made = catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0))
    paper = catalog.paper(key("graphs", 0))
    for role in Role:
        other = member(catalog, f"Other{role}", role)
        for call in (
            lambda who: catalog.interest(who, made.id),
            lambda who: catalog.interest(who, "Graphs"),
            lambda who: catalog.examples(who, made.id),
            lambda who: catalog.feed(who, [made.id]),
            lambda who: catalog.teach(who, made.id),
            lambda who: catalog.like(who, paper.key, made.id),
            lambda who: catalog.why_not(who, paper.key, made.id),
            lambda who: catalog.export_interest(who, made.id),
            lambda who: catalog.remove_interest(who, made.id),
            lambda who: catalog.undo_last(who, made.id),
        ):
            with pytest.raises(NotFoundError):
                call(other)
        assert catalog.interests(other) == ([], [])
        assert catalog.verdicts(other, [paper]) == {}
        assert [hit.likers for hit in catalog.lab_feed(other).hits] == []
        catalog.make_interest(other, "Mine", words="graph neural networks")
        assert {hit.likers for hit in catalog.feed(other).hits} == {()}


def test_a_shared_interest_is_read_by_the_lab_and_changed_by_its_owner(
    catalog: Catalog, ada: Reader, eve: Reader
) -> None:
    made = catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0), visibility="lab")
    catalog.dismiss(ada, key("speech", 0), made.id)
    assert [each.id for each in catalog.interests(eve)[1]] == [made.id]
    assert said(catalog, eve, made.id) == {key("graphs", 0): LIKED}  # never what was dismissed
    assert said(catalog, ada, made.id) == {key("graphs", 0): LIKED, key("speech", 0): DISMISSED}
    assert catalog.feed(eve, [made.id]).strong
    with pytest.raises(NotFoundError):
        catalog.interest(eve, "Graphs")  # names are of one's own
    for call in (
        lambda: catalog.like(eve, key("graphs", 1), made.id),
        lambda: catalog.change_interest(eve, made.id, name="Eve's"),
        lambda: catalog.remove_interest(eve, made.id),
        lambda: catalog.undo_last(eve, made.id),
        lambda: catalog.teach(eve, made.id),
        lambda: catalog.export_interest(eve, made.id),
        lambda: catalog.look_again(eve, made.id),
    ):
        with pytest.raises(ForbiddenError):
            call()
    catalog.change_interest(ada, made.id, visibility="private")
    with pytest.raises(NotFoundError):
        catalog.interest(eve, made.id)


# --- taking along ---


def test_an_export_makes_the_same_interest_elsewhere(catalog: Catalog, ada: Reader, eve: Reader) -> None:
    catalog.make_interest(
        ada, "Graphs", words="graph", query="category:cs.LG", likes=keys("graphs", 0), visibility="lab"
    )
    catalog.like(ada, key("graphs", 5), "Graphs")
    catalog.dismiss(ada, key("speech", 0), "Graphs")
    exported = catalog.export_interest(ada, "Graphs")
    assert len(json.dumps(exported)) < 2_000
    made, missing = catalog.import_interest(eve, json.loads(json.dumps(exported)))
    assert (made.name, made.words, made.query, made.visibility, missing) == (
        "Graphs",
        "graph",
        "category:cs.LG",
        "private",
        [],
    )
    again = catalog.export_interest(eve, "Graphs")
    assert {**again, "created": None} == {**exported, "created": None}
    assert [h.score for h in catalog.feed(eve, ["Graphs"]).hits] == [
        h.score for h in catalog.feed(ada, ["Graphs"]).hits
    ]


def test_papers_that_the_archive_does_not_hold_wait_in_the_interest(
    catalog: Catalog, ada: Reader, store: Store
) -> None:
    catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0))
    exported = catalog.export_interest(ada, "Graphs")
    exported["examples"].append({"paper": "arxiv:2603.99999", "verdict": "like", "at": "2026-01-01T00:00:00Z"})
    made, missing = catalog.import_interest(ada, exported, name="Again")
    assert (counts(made), missing) == ((1, 0), ["arxiv:2603.99999"])
    assert {e["paper"] for e in catalog.export_interest(ada, "Again")["examples"]} == {
        key("graphs", 0),
        "arxiv:2603.99999",
    }
    assert catalog.look_again(ada, "Again")[1] == missing
    take(store, Record("arxiv", "2603.99999", "It has come", ids=("arxiv:2603.99999",), announced=day_of(0)))
    found, left = catalog.look_again(ada, "Again")
    assert (counts(found), left) == ((2, 0), [])


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"form": "tidings interest 2"},
        {"name": 7},
        {"examples": [{"paper": "arxiv:1", "verdict": "love", "at": "2026-01-01T00:00:00Z"}]},
        {"examples": [{"paper": "arxiv:1", "verdict": "like", "at": "soon"}]},
        {"examples": "none"},
        {"line": {"promise": 2}},
        {"words": "x" * (LONGEST_WORDS + 1)},
    ],
)
def test_what_is_no_export_makes_no_interest(catalog: Catalog, ada: Reader, broken: dict[str, Any]) -> None:
    whole = {"form": "tidings interest 1", "name": "Graphs", "examples": []}
    with pytest.raises(InputError):
        catalog.import_interest(ada, {**whole, **broken} if broken else {})
    assert catalog.interests(ada) == ([], [])
    assert catalog.import_interest(ada, whole)[0].is_empty


# --- the account ---


def test_an_account_takes_its_interests_with_it(catalog: Catalog, ada: Reader, eve: Reader, store: Store) -> None:
    made = catalog.make_interest(ada, "Graphs", likes=keys("graphs", 0), visibility="lab")
    catalog.mute(ada, "word", "speech")
    catalog.mark_shown(ada, keys("graphs", 1))
    exported = catalog.export_account(ada)
    assert [each["name"] for each in exported["interests"]] == ["Graphs"]
    assert exported["interests"][0]["examples"][0]["paper"] == key("graphs", 0)
    assert [(rule["kind"], rule["value"]) for rule in exported["rules"]] == [("mute-word", "speech")]
    assert [(line["paper"], line["place"]) for line in exported["shown"]] == [(key("graphs", 1), 1)]
    catalog.delete_account(ada)
    assert store.interests.examples(made.id) == []
    assert catalog.interests(eve) == ([], [])
