"""Syncing by the façade: what is due, what is named, what fails, what is stopped; and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

import tidings
from tests.people_help import everything
from tests.scripted import START, Clock, Scripted
from tidings import jobs
from tidings.catalog import Catalog
from tidings.errors import FetchError, InputError, NotFoundError, SourceError, StoreError, TidingsError
from tidings.settings import Settings, groups
from tidings.settings.sources import SourceGroup
from tidings.sources import NAMES, Batch, Means
from tidings.store import Store, open_store
from tidings.store.jobs import LEASE
from tidings.types import Limit, Record, Refusal, SourceStatus, SyncReport, Version

Made = dict[str, Scripted]


def record(number: int, title: str = "", **fields: object) -> Record:
    key = f"2603.{number:05}"
    return Record("arxiv", key, title or f"Study of zebra stripe {number}", ids=(f"arxiv:{key}",), **fields)  # type: ignore[arg-type]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """The sources that there are, by name; one that is not put here lacks a setting."""
    sources: Made = {}

    def make(name: str, means: Means) -> Scripted:
        if name not in sources:
            raise InputError(f"{name} needs TIDINGS_{name.upper()}_KEY_FILE")
        return sources[name]

    monkeypatch.setattr("tidings.sources.make", make)
    return sources


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, on SQLite alone: what each database does is held elsewhere."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def catalog(store: Store, tmp_path: Path, clock: Clock) -> Catalog:
    settings = Settings(home=tmp_path, sources=["arxiv", "huggingface"])
    return Catalog(store, settings, clock=clock, sleep=clock.sleep)


def status(catalog: Catalog, name: str) -> SourceStatus:
    return next(each for each in catalog.sources() if each.name == name)


def check(catalog: Catalog, name: str) -> tuple[bool, str]:
    return next((each.ok, each.message) for each in catalog.doctor() if each.name == name)


def counted(report: SyncReport) -> tuple[str, int, int]:
    return report.name, report.read, report.new


# --- what runs ---


def test_all_enabled_sources_that_are_due_run_and_their_papers_can_be_found(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([[record(1)], [record(2)]])
    made["huggingface"] = Scripted([[record(2), record(3)]], name="huggingface")
    assert [counted(report) for report in catalog.sync()] == [("arxiv", 2, 2), ("huggingface", 2, 1)]
    assert {hit.paper.key for hit in catalog.search("zebra stripe").hits} == {f"arxiv:2603.0000{n}" for n in (1, 2, 3)}


def test_the_source_that_is_due_longest_runs_first(catalog: Catalog, made: Made, store: Store, clock: Clock) -> None:
    made["arxiv"], made["huggingface"] = Scripted([]), Scripted([], name="huggingface")
    store.jobs.ensure(["huggingface"], START - timedelta(hours=1))
    assert [report.name for report in catalog.sync()] == ["huggingface", "arxiv"]


def test_what_is_not_due_waits(catalog: Catalog, made: Made, clock: Clock) -> None:
    made["arxiv"], made["huggingface"] = Scripted([]), Scripted([], name="huggingface")
    assert len(catalog.sync()) == 2
    assert catalog.sync() == ()
    clock.at += timedelta(hours=1)
    assert len(catalog.sync()) == 2


def test_a_named_source_runs_whether_it_is_due_or_not_and_switched_on_or_not(catalog: Catalog, made: Made) -> None:
    made["arxiv"], made["acl"] = Scripted([[record(1)]]), Scripted([[record(2)]], name="acl")
    catalog.sync(["arxiv"])
    assert [counted(report) for report in catalog.sync(["arxiv", "acl", "arxiv"])] == [("arxiv", 0, 0), ("acl", 1, 1)]


def test_a_source_that_is_never_switched_off_by_itself_runs_once_a_sync(catalog: Catalog, made: Made) -> None:
    class Hasty(Scripted):
        def due(self, now: datetime) -> datetime:
            return now

    made["arxiv"], made["huggingface"] = Hasty([]), Scripted([], name="huggingface")
    assert [report.name for report in catalog.sync()] == ["arxiv", "huggingface"]


def test_a_name_that_is_no_source_stops_everything_before_it_begins(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="arxive"):
        catalog.sync(["folder", "arxive"])
    assert status(catalog, "folder").started is None
    with pytest.raises(InputError, match="arxive"):
        Settings(sources=["arxive"])


def test_every_source_has_its_group_of_settings() -> None:
    assert set(groups(SourceGroup)) == set(NAMES)


# --- what fails ---


def test_a_source_that_fails_says_so_and_the_others_run(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([[record(1)], FetchError("arXiv answered 503")])
    made["huggingface"] = Scripted([[record(3)]], name="huggingface")
    failed, other = catalog.sync()
    assert (failed.read, failed.error, other.error, other.new) == (1, "arXiv answered 503", None, 1)
    assert catalog.paper("2603.00001")
    assert status(catalog, "arxiv").error == "arXiv answered 503"
    ok, said = check(catalog, "arxiv")
    assert not ok
    assert said == "arXiv answered 503; next try Mon 2 Mar 06:05 UTC (in 5 min)"


def test_a_source_that_asked_to_be_left_alone_is_left_alone(catalog: Catalog, made: Made, clock: Clock) -> None:
    later = START + timedelta(hours=2)
    made["arxiv"] = Scripted([FetchError("try later", status=429, retry_at=later)])
    catalog.sync(["arxiv"])
    assert status(catalog, "arxiv").next_run == later


def test_a_source_that_recovers_forgets_its_error(catalog: Catalog, made: Made, clock: Clock) -> None:
    made["arxiv"] = Scripted([SourceError("no sense in it")])
    catalog.sync(["arxiv"])
    made["arxiv"] = Scripted([[record(1)]])
    catalog.sync(["arxiv"])
    assert status(catalog, "arxiv").error is None
    assert check(catalog, "arxiv") == (True, "synced now; page 1")


def test_a_fault_of_our_own_is_seen_does_not_stop_the_others_and_does_not_come_back_at_once(
    catalog: Catalog, made: Made
) -> None:
    class Faulty(Scripted):
        def fetch(self, cursor: str | None) -> Iterator[Batch]:
            raise TypeError("nobody thought of this")

    made["arxiv"], made["huggingface"] = Faulty([]), Scripted([[record(1)]], name="huggingface")
    failed, other = catalog.sync()
    assert "nobody thought of this" in (failed.error or "")
    assert other.new == 1
    assert catalog.sync_due() is None
    assert "nobody thought of this" in (status(catalog, "arxiv").error or "")


def test_a_source_that_lacks_a_setting_says_which_and_the_others_run(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([[record(1)]])
    lacking, other = catalog.sync()
    assert (lacking.name, lacking.error) == ("huggingface", "huggingface needs TIDINGS_HUGGINGFACE_KEY_FILE")
    assert other.new == 1
    assert check(catalog, "huggingface") == (False, "huggingface needs TIDINGS_HUGGINGFACE_KEY_FILE")
    assert status(catalog, "zotero").lacks == "zotero needs TIDINGS_ZOTERO_KEY_FILE"


def test_a_source_that_another_process_runs_is_busy_and_the_others_run(
    catalog: Catalog, made: Made, store: Store
) -> None:
    made["arxiv"], made["huggingface"] = Scripted([]), Scripted([[record(1)]], name="huggingface")
    store.jobs.ensure(["arxiv"], START)
    store.jobs.claim("arxiv", START)
    assert [(report.name, report.busy) for report in catalog.sync()] == [("huggingface", False), ("arxiv", True)]
    assert [report.busy for report in catalog.sync(["arxiv", "huggingface"])] == [True, False]
    assert status(catalog, "arxiv").running
    assert check(catalog, "arxiv") == (True, "being synced now")


def test_a_store_that_cannot_be_written_is_said_and_the_source_not_asked_again_at_once(
    catalog: Catalog, made: Made
) -> None:
    class Full(Scripted):
        def fetch(self, cursor: str | None) -> Iterator[Batch]:
            raise StoreError("the disk is full")

    made["arxiv"] = Full([])
    with pytest.raises(StoreError):
        catalog.sync(["arxiv"])
    assert catalog.sync(["arxiv"])[0].busy


# --- what is stopped ---


class Interrupting:
    """Control-C after so many records."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, name: str, read: int, until: datetime | None) -> None:
        if read >= self.after:
            raise KeyboardInterrupt


def test_an_interrupted_sync_keeps_its_pages_and_the_next_one_goes_on(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([[record(1)], [record(2)], [record(3)]])
    with pytest.raises(KeyboardInterrupt):
        catalog.sync(["arxiv"], progress=Interrupting(after=2))
    assert catalog.search("zebra stripe").total == 2
    assert counted(catalog.sync_due() or SyncReport("")) == ("arxiv", 1, 1)


@pytest.mark.parametrize("after", [0, 1])
def test_a_stopped_backfill_goes_on_where_it_stopped(catalog: Catalog, made: Made, after: int) -> None:
    made["arxiv"] = Scripted([[record(1)], [record(2)], [record(3)]])
    catalog.sync(["arxiv"])
    made["arxiv"] = Scripted([[record(11)], [record(12)], [record(13)]])
    with pytest.raises(KeyboardInterrupt):
        catalog.sync(["arxiv"], since=date(2026, 3, 2), progress=Interrupting(after))
    assert counted(catalog.sync_due() or SyncReport("")) == ("arxiv", 2 - after, 2 - after)
    assert catalog.search("zebra stripe").total == 5


def test_a_process_that_died_leaves_the_source_to_others_once_its_time_is_up(
    catalog: Catalog, made: Made, store: Store, clock: Clock
) -> None:
    made["arxiv"] = Scripted([[record(1)]])
    store.jobs.ensure(["arxiv"], START)
    store.jobs.claim("arxiv", START)  # and never heard of again
    assert catalog.sync_due() is None
    clock.at += LEASE + timedelta(seconds=1)
    assert counted(catalog.sync_due() or SyncReport("")) == ("arxiv", 1, 1)


def test_going_back_to_a_day_needs_a_source_and_a_day_that_was(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([])
    with pytest.raises(InputError, match="which source"):
        catalog.sync(since=date(2026, 3, 1))
    with pytest.raises(InputError, match="still to come"):
        catalog.sync(["arxiv"], since=date(2026, 3, 3))


# --- choosing categories ---


def test_categories_of_one_run_reach_arxiv_and_leave_the_settings_alone(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def make(name: str, means: Means) -> Scripted:
        asked.append(means.settings.arxiv.categories)
        return Scripted([])

    monkeypatch.setattr("tidings.sources.make", make)
    usual = catalog.settings.arxiv.categories
    catalog.sync(["arxiv"], categories=["math.AG"])
    catalog.sync(["arxiv"])
    assert asked == [["math.AG"], usual]


def test_how_far_other_categories_are_read_is_kept_apart(catalog: Catalog, made: Made, clock: Clock) -> None:
    made["arxiv"] = Scripted([[record(1)]])
    catalog.sync(["arxiv"])
    usual = status(catalog, "arxiv")
    made["arxiv"] = Scripted([[record(11)], [record(12)]])
    with pytest.raises(KeyboardInterrupt):
        catalog.sync(["arxiv"], categories=["math.AG"], progress=Interrupting(after=1))
    assert counted(catalog.sync(["arxiv"], categories=["math.AG"])[0]) == ("arxiv", 1, 1)
    clock.at += timedelta(minutes=10)
    catalog.sync(["arxiv"], categories=["math.AG", "math.CO"])
    made["arxiv"] = Scripted([[record(1)], [record(2)]])
    after = status(catalog, "arxiv")
    assert (after.succeeded, after.newest, after.read) == (usual.succeeded, usual.newest, usual.read)
    assert counted(catalog.sync(["arxiv"])[0]) == ("arxiv", 1, 1)


def test_other_categories_leave_alone_when_the_usual_ones_are_due(catalog: Catalog, made: Made, clock: Clock) -> None:
    made["arxiv"] = Scripted([])
    catalog.sync(["arxiv"])
    clock.at += timedelta(minutes=10)
    catalog.sync(["arxiv"], categories=["math.AG"])
    assert status(catalog, "arxiv").next_run == START + timedelta(hours=1)


def test_a_category_that_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no category"):
        Catalog(store, Settings(home=tmp_path)).sync(["arxiv"], categories=["no category"])


@pytest.mark.parametrize("names", [[], ["huggingface"], ["arxiv", "huggingface"]])
def test_categories_are_arxivs_alone(catalog: Catalog, made: Made, names: list[str]) -> None:
    with pytest.raises(InputError, match="arXiv"):
        catalog.sync(names, categories=["cs.LG"])


# --- asking hosts ---


class Asking(Scripted):
    """A source that asks a host three times for a page."""

    limit = Limit("host.example", 3.0, most=5, window=60.0)

    def __init__(self, means: Means) -> None:
        super().__init__([])
        self._client = means.client

    def fetch(self, cursor: str | None) -> Iterator[Batch]:
        for number in range(1, 4):
            answer = self._client.get(f"https://host.example/{number}", self.limit)
            yield Batch((record(number, answer.body.decode()),), str(number))


@pytest.fixture
def asked(store: Store, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> tuple[Catalog, list[str]]:
    requests: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(f"{request.url.path} {request.headers['user-agent']}")
        return httpx2.Response(200, text=f"Paper of {request.url.path}")

    monkeypatch.setattr("tidings.sources.make", lambda name, means: Asking(means))
    settings = Settings(home=tmp_path, sources=["arxiv"], contact="librarian@lab.example")
    transport = httpx2.MockTransport(answer)
    return Catalog(store, settings, clock=clock, sleep=clock.sleep, transport=transport), requests


def test_hosts_are_told_who_asks_and_asked_no_sooner_than_they_wish(
    asked: tuple[Catalog, list[str]], clock: Clock
) -> None:
    catalog, requests = asked
    waits: list[datetime] = []
    catalog.sync(["arxiv"], progress=lambda name, read, until: waits.append(until) if until else None)
    assert all("librarian@lab.example" in request for request in requests)
    assert waits == [START + timedelta(seconds=3), START + timedelta(seconds=6)]
    told = status(catalog, "arxiv")
    assert (told.used, told.limit, told.next_call) == (3, Asking.limit, START + timedelta(seconds=9))


def test_a_recorded_sync_can_be_played_again_without_asking_anybody(
    asked: tuple[Catalog, list[str]], tmp_path: Path
) -> None:
    catalog, requests = asked
    catalog.sync(["arxiv"], record=tmp_path / "exchanges")
    with tidings.open(tmp_path / "another", Settings(home=tmp_path, sources=["arxiv"])) as fresh:
        assert fresh.sync(["arxiv"], replay=tmp_path / "exchanges")[0].new == 3
    assert len(requests) == 3


def test_only_hosts_that_somebody_wrote_into_a_setting_are_trusted() -> None:
    assert Settings().own_addresses == ()
    mirror = "http://mirror.lab:8080/oai"
    assert Settings(arxiv={"oai_url": mirror}, acl={"place": "/srv/anthology"}).own_addresses == (mirror,)


# --- what is said ---


def test_the_status_says_what_is_held_what_was_refused_and_when_it_runs_next(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([[record(1), Refusal("arxiv", "page 1", "no title", b"<x/>")]])
    assert status(catalog, "arxiv").started is None
    catalog.sync(["arxiv"])
    told = status(catalog, "arxiv")
    assert (told.enabled, told.succeeded, told.newest, told.note) == (True, START, date(2026, 3, 1), "page 1")
    assert (told.read, told.new, told.quarantined) == (2, 1, 1)
    assert told.next_run == START + timedelta(hours=1)
    assert not status(catalog, "acl").enabled


def test_what_was_never_tried_is_no_fault(catalog: Catalog, made: Made) -> None:
    made["arxiv"] = Scripted([])
    ok, said = check(catalog, "arxiv")
    assert ok
    assert "tidings serve" in said


class Late(Scripted):
    missing = 1

    def behind(self, newest: date | None, now: datetime) -> int:
        return self.missing


@pytest.mark.parametrize(
    ("missing", "later", "expected"),
    [
        (0, timedelta(0), None),
        (1, timedelta(hours=2), None),
        (1, timedelta(hours=25), "1 announcements are out"),
        (2, timedelta(0), "2 announcements are out and not held; next try Mon 2 Mar 07:00 UTC (in 1 h)"),
        (0, timedelta(hours=26), "due since Mon 2 Mar 07:00 UTC, and nothing ran it"),
    ],
)
def test_news_that_is_not_held_and_runs_that_nobody_makes_are_said(
    catalog: Catalog, made: Made, clock: Clock, missing: int, later: timedelta, expected: str | None
) -> None:
    source = Late([])
    source.missing = missing
    made["arxiv"] = source
    catalog.sync(["arxiv"])
    clock.at += later
    ok, said = check(catalog, "arxiv")
    assert ok == (expected is None)
    assert (expected or "synced") in said


def test_a_first_sync_that_was_killed_is_said_once_its_time_is_up(
    catalog: Catalog, made: Made, store: Store, clock: Clock
) -> None:
    made["arxiv"] = Scripted([])
    store.jobs.ensure(["arxiv"], START)
    claim = store.jobs.claim("arxiv", START)
    with store.writer(START) as writer:
        writer.advance(claim, "arxiv", started=START)
    assert check(catalog, "arxiv") == (True, "being synced now")
    clock.at += LEASE + timedelta(seconds=1)
    ok, said = check(catalog, "arxiv")
    assert not ok
    assert "begun and not ended" in said


def test_a_year_whose_holidays_nobody_wrote_down_is_said(catalog: Catalog, made: Made, clock: Clock) -> None:
    assert check(catalog, "holidays")[0]
    clock.at = datetime(2099, 1, 4, tzinfo=UTC)
    assert not check(catalog, "holidays")[0]


def test_what_a_source_changed_comes_newest_first(catalog: Catalog, made: Made, clock: Clock) -> None:
    titles = ("On zebras", "On the stripes of zebras", "On stripes")
    for number, title in enumerate(titles, 1):
        versions = tuple(Version(n, date(2026, 3, n)) for n in range(1, number + 1))
        made["arxiv"] = Scripted([[record(1, title, versions=versions)]] * number)
        catalog.sync(["arxiv"])
        clock.at += timedelta(days=1)
    newest, oldest = catalog.revisions("2603.00001")
    assert (newest.version, newest.changes[0].before, newest.changes[0].after) == (3, titles[1], titles[2])
    assert (oldest.version, oldest.seen) == (2, START + timedelta(days=1))


# --- in the background ---


def working(catalog: Catalog, sleep: Callable[[float], None]) -> None:
    with pytest.raises(KeyboardInterrupt):
        jobs.work(catalog, sleep=sleep)


def test_the_work_in_the_background_does_all_that_is_due_then_waits_until_more_is(
    catalog: Catalog, made: Made, clock: Clock
) -> None:
    made["arxiv"] = Scripted([[record(1)], [record(2)]])
    made["huggingface"] = Scripted([[record(3)]], name="huggingface")
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        assert 0 < seconds <= 30
        naps.append(seconds)
        clock.sleep(seconds)
        if clock.at > START + timedelta(hours=1, minutes=1):
            raise KeyboardInterrupt

    working(catalog, sleep)
    assert catalog.search("zebra stripe").total == 3
    assert status(catalog, "arxiv").succeeded == status(catalog, "huggingface").succeeded
    assert (status(catalog, "arxiv").succeeded or START) > START


def test_the_work_in_the_background_outlives_a_store_that_cannot_be_read(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: Iterator[SyncReport | TidingsError | None] = iter(
        [StoreError("the disk is full"), SyncReport("arxiv"), None]
    )

    def sync_due() -> SyncReport | None:
        answer = next(answers)
        if isinstance(answer, TidingsError):
            raise answer
        return answer

    monkeypatch.setattr(catalog, "sync_due", sync_due)
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            raise KeyboardInterrupt

    working(catalog, sleep)
    assert "the disk is full; trying again" in capsys.readouterr().err
    assert list(answers) == []


def test_the_work_in_the_background_forgets_each_hour_who_tried_to_come_in(
    catalog: Catalog, made: Made, clock: Clock, store: Store
) -> None:
    made["arxiv"] = made["huggingface"] = Scripted([])
    store.proofs.attempt({"link from 192.0.2.1": 5}, timedelta(hours=1), START)
    naps = iter([timedelta(hours=23), timedelta(minutes=61)])

    def sleep(_: float) -> None:
        nap = next(naps, None)
        if nap is None:
            raise KeyboardInterrupt
        assert "192.0.2.1" in everything(store)
        clock.at += nap

    working(catalog, sleep)
    assert "192.0.2.1" not in everything(store)
