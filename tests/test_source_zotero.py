"""Zotero: what changed in the libraries of a key, page by page, and nothing of it published."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.source_cases.zotero import GROUP, KEY, OWN, Library, World, build, recorded, world
from tests.source_help import Stage, keys, records, refusals, staged
from tidings.errors import FetchError, InputError, SourceError
from tidings.sources import Batch
from tidings.store import open_store
from tidings.sync import Tally, run
from tidings.types import Record

Answer = Callable[[httpx2.Request], httpx2.Response]


@contextmanager
def reading(folder: Path, played: World, play: Answer | None = None) -> Iterator[Stage]:
    """Set up the source in front of libraries."""
    case = replace(build(folder, damaged=False), answer=play or played.answer)
    with staged(folder, "zotero", case) as stage:
        yield stage


def alone(*items: dict[str, Any], most: int = 100) -> World:
    """Return the world of a key that reads its owner's library only."""
    key = {**KEY, "access": {"user": {"library": True}}}
    return World({OWN: Library(list(items), most=most)}, key)


def item(number: int, **data: Any) -> dict[str, Any]:
    """Return a paper that was added as the library's nth change."""
    key = f"ITEM{number:04}"
    said = {"key": key, "version": number, "itemType": "journalArticle", "title": f"Paper {number}", **data}
    return {"key": key, "version": number, "data": said}


def gone(batches: Iterable[Batch]) -> set[str]:
    return {key for batch in batches for key in batch.gone}


def pages(stage: Stage) -> list[str]:
    """Return the starts of the pages that were asked for."""
    return [asked.params["start"] for asked in stage.asked if asked.request.url.path.endswith("/items/top")]


# --- whose it is ---


def test_without_a_key_it_says_which_setting_is_missing(tmp_path: Path) -> None:
    case = replace(build(tmp_path, damaged=False), settings={})
    with staged(tmp_path, "zotero", case) as stage, pytest.raises(InputError) as caught:
        stage.source()
    assert "TIDINGS_ZOTERO_KEY_FILE" in str(caught.value)


def test_the_key_says_whose_library_it_is_and_which_groups_it_reads(tmp_path: Path) -> None:
    with reading(tmp_path, world()) as stage:
        stage.run()
    paths = [asked.request.url.path for asked in stage.asked]
    assert paths == [
        "/keys/current",
        "/users/475425/items/top",
        "/users/475425/deleted",
        "/groups/99/items/top",
        "/groups/99/deleted",
    ]
    for asked in stage.asked:
        assert asked.request.headers["zotero-api-version"] == "3"
        assert asked.request.headers["zotero-api-key"] == KEY["key"]
        assert KEY["key"] not in str(asked.request.url)


def test_a_key_for_all_groups_reads_each_that_there_is(tmp_path: Path) -> None:
    played = world()
    played.key = {**KEY, "access": {"user": {"library": True}, "groups": {"all": {"library": True, "write": False}}}}
    played.libraries["groups/7"] = Library([item(1)])
    with reading(tmp_path, played) as stage:
        batches = stage.run()
    assert {key.rpartition("/")[0] for _, key in keys(batches)} == {OWN, GROUP, "groups/7"}


def test_a_key_that_may_read_no_library_says_so_and_is_left_alone_for_a_day(tmp_path: Path) -> None:
    played = world()
    played.key = {**KEY, "access": {"user": {"notes": True}}}
    with reading(tmp_path, played) as stage, pytest.raises(FetchError, match="may read no library") as caught:
        stage.run()
    assert caught.value.retry_at == stage.clock() + timedelta(hours=24)


def test_a_key_that_is_refused_says_so_and_is_left_alone_for_a_day(tmp_path: Path) -> None:
    def refusing(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(403, text="Invalid key")

    with reading(tmp_path, world(), refusing) as stage, pytest.raises(FetchError, match="key was refused") as caught:
        stage.run()
    assert (caught.value.status, caught.value.retry_at) == (403, stage.clock() + timedelta(hours=24))
    assert KEY["key"] not in str(caught.value)


# --- what is read ---


def read(folder: Path) -> dict[str, Record]:
    with reading(folder, world()) as stage:
        return {record.key: record for record in records(stage.run())}


def test_papers_are_read_and_books_notes_and_the_trash_are_not(tmp_path: Path) -> None:
    with reading(tmp_path, world()) as stage:
        batches = stage.run()
    assert {key for _, key in keys(batches)} == {
        f"{OWN}/LORA2345",
        f"{OWN}/JRNL2345",
        f"{OWN}/CONF2345",
        f"{OWN}/THES2345",
        f"{GROUP}/LORA2345",
        f"{GROUP}/MNSC2345",
    }
    assert refusals(batches) == []


def test_a_preprint_is_known_by_its_arxiv_id_and_its_archive_is_no_venue(tmp_path: Path) -> None:
    record = read(tmp_path)[f"{OWN}/LORA2345"]
    assert record.ids == ("arxiv:2106.09685",)
    assert record.title == "LoRA: Low-Rank Adaptation of Large Language Models"
    assert record.authors == ("Edward J. Hu", "Yelong Shen")
    assert (record.venue, record.year) == (None, 2021)
    assert record.keywords == ("Computer Science - Computation and Language", "to read")
    assert record.abstract.startswith("An important paradigm")


def test_an_article_has_its_authors_its_journal_and_the_year_of_a_date_in_words(tmp_path: Path) -> None:
    record = read(tmp_path)[f"{OWN}/JRNL2345"]
    assert record.authors == ("Ada Weaver", "The Reading Consortium")
    assert record.ids == ("doi:10.1000/made.up",)
    assert (record.venue, record.year) == ("Journal of Made-up Results", 2020)


def test_a_mention_in_extra_names_the_preprint_of_a_conference_paper(tmp_path: Path) -> None:
    record = read(tmp_path)[f"{OWN}/CONF2345"]
    assert record.ids == ("arxiv:2101.00001",)
    assert (record.venue, record.year) == ("Proceedings of the Made-up Conference", 2022)


def test_a_date_that_nobody_can_read_is_no_year(tmp_path: Path) -> None:
    assert read(tmp_path)[f"{OWN}/THES2345"].year is None


def test_editors_stand_for_authors_only_where_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path)[f"{GROUP}/MNSC2345"].authors == ("Gil Hay",)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ({"title": ""}, "no title"),
        ({"title": None}, "title"),
        ({"creators": "Ada Weaver"}, "creators"),
        ({"itemType": 7}, "itemType"),
    ],
)
def test_a_damaged_item_is_refused_with_its_text_and_the_rest_is_read(
    tmp_path: Path, damage: dict[str, Any], reason: str
) -> None:
    with reading(tmp_path, alone(item(1, **damage), item(2))) as stage:
        batches = stage.run()
    (refusal,) = refusals(batches)
    assert refusal.source == "zotero" and refusal.where.startswith(OWN) and reason in refusal.reason
    assert json.loads(refusal.raw)["key"] == "ITEM0001"
    assert [record.key for record in records(batches)] == [f"{OWN}/ITEM0002"]


# --- what changed ---


def test_a_library_that_did_not_change_is_asked_for_once(tmp_path: Path) -> None:
    with reading(tmp_path, alone(item(1), item(2))) as stage:
        cursor = stage.run()[-1].cursor
        stage.asked.clear()
        assert stage.run(cursor) == []
    assert [asked.request.headers.get("if-modified-since-version") for asked in stage.asked] == [None, "2"]


def test_only_what_changed_is_asked_for(tmp_path: Path) -> None:
    played = alone(item(1), item(2))
    with reading(tmp_path, played) as stage:
        cursor = stage.run()[-1].cursor
        played.libraries[OWN].change("ITEM0001", title="Paper 1, corrected")
        played.libraries[OWN].items.append(item(4))
        (batch,) = stage.run(cursor)
    assert [record.title for record in records([batch])] == ["Paper 1, corrected", "Paper 4"]


def test_what_was_deleted_trashed_or_became_no_paper_is_gone(tmp_path: Path) -> None:
    played = alone(*map(item, (1, 2, 3, 4)))
    library = played.libraries[OWN]
    with reading(tmp_path, played) as stage:
        cursor = stage.run()[-1].cursor
        library.items = library.items[1:]
        library.deleted["ITEM0001"] = 5
        library.change("ITEM0002", deleted=1)
        library.change("ITEM0003", itemType="book")
        batches = stage.run(cursor)
    assert records(batches) == []
    assert gone(batches) == {f"{OWN}/ITEM000{number}" for number in (1, 2, 3)}


def test_an_item_that_leaves_the_trash_is_back(tmp_path: Path) -> None:
    played = alone(item(1, deleted=1))
    with reading(tmp_path, played) as stage:
        cursor = stage.run()[-1].cursor
        played.libraries[OWN].change("ITEM0001", deleted=0)
        assert len(records(stage.run(cursor))) == 1


def test_pages_may_be_shorter_than_asked_for(tmp_path: Path) -> None:
    with reading(tmp_path, alone(*map(item, range(1, 8)), most=3)) as stage:
        batches = stage.run()
    assert pages(stage) == ["0", "3", "6"]
    assert len(records(batches)) == 7 and len(batches) == 3


def test_a_library_that_changes_while_it_is_read_is_read_again_from_its_start(tmp_path: Path) -> None:
    played = alone(*map(item, range(1, 6)), most=2)
    changes = iter([7])

    def changing(request: httpx2.Request) -> httpx2.Response:
        if request.url.params.get("start") == "2" and (version := next(changes, None)):
            played.libraries[OWN].items.insert(0, item(version))
        return played.answer(request)

    with reading(tmp_path, played, changing) as stage:
        batches = stage.run()
    assert pages(stage) == ["0", "2", "0", "2", "4"]
    assert {key for _, key in keys(batches)} == {f"{OWN}/ITEM{number:04}" for number in (1, 2, 3, 4, 5, 7)}
    assert json.loads(batches[-1].cursor) == {"libraries": {OWN: {"version": 7}}}


def test_a_library_that_never_stands_still_is_left_for_the_next_run(tmp_path: Path) -> None:
    played = alone(*map(item, range(1, 6)), most=2)

    def changing(request: httpx2.Request) -> httpx2.Response:
        if request.url.params.get("start") == "2":
            played.libraries[OWN].change("ITEM0001", title="Again")
        return played.answer(request)

    with reading(tmp_path, played, changing) as stage, pytest.raises(FetchError, match="changes faster"):
        stage.run()
    assert len(pages(stage)) < 20


def test_what_changes_after_the_last_page_is_read_in_the_next_run(tmp_path: Path) -> None:
    played = alone(*map(item, (1, 2)))

    def changing(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/deleted") and len(played.libraries[OWN].items) == 2:
            played.libraries[OWN].items.append(item(3))
        return played.answer(request)

    with reading(tmp_path, played, changing) as stage:
        first = stage.run()
        second = stage.run(first[-1].cursor)
    assert [record.key for record in records(second)] == [f"{OWN}/ITEM0003"]


def test_a_run_that_was_stopped_begins_anew_where_the_library_changed_meanwhile(tmp_path: Path) -> None:
    played = alone(*map(item, range(1, 6)), most=2)
    with reading(tmp_path, played) as stage:
        (begun,) = stage.run(pages=1)
        played.libraries[OWN].items.insert(0, item(9))
        batches = stage.run(begun.cursor)
    assert {key for _, key in keys(batches)} == {f"{OWN}/ITEM{number:04}" for number in (1, 2, 3, 4, 5, 9)}


def test_an_empty_page_where_more_should_be_is_a_failure_and_not_the_end(tmp_path: Path) -> None:
    played = alone(*map(item, range(1, 6)), most=2)
    faults = iter(["an empty page"])

    def failing(request: httpx2.Request) -> httpx2.Response:
        answer = played.answer(request)
        if request.url.params.get("start") == "2" and next(faults, None):
            return httpx2.Response(200, json=[], headers={**answer.headers, "Content-Length": "2"})
        return answer

    begun: list[Batch] = []
    with reading(tmp_path, played, failing) as stage:
        with pytest.raises(FetchError, match="3 more should be"):
            begun.extend(stage.source().fetch(None))
        assert len(records(begun + stage.run(begun[-1].cursor))) == 5


@pytest.mark.parametrize("header", ["Last-Modified-Version", "Total-Results"])
def test_an_answer_without_its_version_or_total_cannot_be_understood(tmp_path: Path, header: str) -> None:
    played = alone(item(1))

    def failing(request: httpx2.Request) -> httpx2.Response:
        answer = played.answer(request)
        if request.url.path.endswith("/items/top"):
            del answer.headers[header]
        return answer

    with reading(tmp_path, played, failing) as stage, pytest.raises(SourceError, match=header):
        stage.run()


def test_a_wish_to_be_left_alone_is_obeyed_on_any_answer(tmp_path: Path) -> None:
    played = alone(item(1))

    def busy(request: httpx2.Request) -> httpx2.Response:
        answer = played.answer(request)
        answer.headers["Backoff"] = "30"
        return answer

    with reading(tmp_path, played, busy) as stage:
        stage.run()
    times = [asked.at for asked in stage.asked]
    assert all(after - before >= timedelta(seconds=30) for before, after in pairwise(times))


def test_a_source_that_is_put_back_reads_every_library_whole(tmp_path: Path) -> None:
    with reading(tmp_path, world()) as stage:
        batches = stage.run()
        again = stage.run(stage.source().rewind(batches[-1].cursor, date(2026, 3, 1)))
    assert keys(again) == keys(batches)


# --- where it goes ---


def test_nothing_of_a_library_enters_the_archive(tmp_path: Path) -> None:
    store = open_store(tmp_path / "archive")
    played = world()
    with reading(tmp_path, played) as stage:
        assert stage.source().private
        for _ in run(store, stage.source(), None, stage.clock, Tally()):
            pass
        assert store.counts()["papers"] == 0 and store.find("arxiv:2106.09685") is None
        assert len(store.holdings("zotero")) == 6
        library = played.libraries[OWN]
        library.items = [kept for kept in library.items if kept["key"] != "LORA2345"]
        library.deleted["LORA2345"] = 30
        for _ in run(store, stage.source(), None, stage.clock, Tally()):
            pass
    assert {record.key for record in store.holdings("zotero")} >= {f"{GROUP}/LORA2345", f"{OWN}/JRNL2345"}
    assert f"{OWN}/LORA2345" not in {record.key for record in store.holdings("zotero")}
    store.close()


def test_the_fixtures_hold_no_real_reader() -> None:
    assert recorded("key")["key"].startswith("madeup")
