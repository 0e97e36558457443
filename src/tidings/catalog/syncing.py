"""Running the sources: those that are due or those that are named, one report each; and how each of them does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tidings.catalog.archive import Archive, Clock
from tidings.errors import BusyError, InputError, PausedError, SourceError, StoreError, TidingsError
from tidings.index.follow import keeping_up
from tidings.settings import Settings
from tidings.sync import Tally
from tidings.sync.run import next_run, run
from tidings.types import SourceStatus, SyncReport

if TYPE_CHECKING:  # what asks other hosts is imported by those who ask
    from tidings.sources import Source
    from tidings.sources.client import Client, Patience
    from tidings.store import Claim, JobState

ARXIV = "arxiv"

_log = logging.getLogger(__name__)

# Seconds. A paper comes by the feed and again, with its versions, by the history: a day is indexed once, at its end,
# and a long way back every now and then.
_FOLLOWED_EVERY = 10.0

# The source's name, the records read so far, and until when its host wants to be left alone where we wait for that.
SyncProgress = Callable[[str, int, datetime | None], None]


class Syncing(Archive):
    """Taking what the sources published, and saying how that goes."""

    def sync(
        self,
        names: Sequence[str] = (),
        *,
        since: date | None = None,
        categories: Sequence[str] = (),
        progress: SyncProgress | None = None,
        record: Path | None = None,
        replay: Path | None = None,
    ) -> tuple[SyncReport, ...]:
        """Run the named sources now, else every enabled one that is due, and return what each did.

        A source that fails, or that another process is running, says so in its report and does not stop the others.
        ``since`` first puts the named sources back to that day. ``categories`` are taken from arXiv in this run instead
        of those of the settings; how far they are read is kept apart. ``record`` keeps every exchange in a folder,
        ``replay`` answers from such a folder.

        Raises:
            NotFoundError: no source has that name.
            InputError: the day is still to come, or no source is named for it; a category is none, or not for arXiv.
        """
        _check(names, since, categories, self._clock())
        watch = _Watch(progress, self._clock, self._sleep)
        with self._open_client(watch.sleep, record, replay) as client, keeping_up(self.catch_up, _FOLLOWED_EVERY):
            if categories:
                return tuple(self._run_named(self._narrowed(categories, client), since, watch))
            sources, lacking = self._made(names or self.settings.sources, client, self.settings)
            reports = self._run_named(sources, since, watch) if names else self._run_due(sources, watch)
            return (*(SyncReport(name, error=error) for name, error in lacking.items()), *reports)

    def sync_due(self) -> SyncReport | None:
        """Run the enabled source that has been due longest; return what it did, or None where nothing is due."""
        names = self._due_names()
        sources = self._made(names, self._client, self.settings)[0] if names else {}
        claim = self._store.jobs.claim_due(sources, self._clock()) if sources else None
        if claim is None:
            return None
        with keeping_up(self.catch_up, _FOLLOWED_EVERY):
            return self._run(sources[claim.name], claim, _Watch(None, self._clock, self._sleep))

    def sources(self) -> tuple[SourceStatus, ...]:
        """Return how every source does, those that are switched off included."""
        return self._statuses(self._store.counts())

    def close(self) -> None:
        """Let go of files and connections."""
        if "_client" in self.__dict__:
            self._client.close()
        super().close()

    # --- running ---

    def _run_named(self, sources: Mapping[str, Source], since: date | None, watch: _Watch) -> Iterator[SyncReport]:
        self._store.jobs.ensure(sources, self._clock())
        for name, source in sources.items():
            try:
                claim = self._store.jobs.claim(name, self._clock())
            except BusyError:
                yield SyncReport(name, busy=True)
                continue
            yield self._run(source, claim, watch, since)

    def _run_due(self, sources: Mapping[str, Source], watch: _Watch) -> Iterator[SyncReport]:
        """Run each source once that is due, whatever it says about when it is due next."""
        self._store.jobs.ensure(sources, self._clock())
        left = dict(sources)
        while left and (claim := self._store.jobs.claim_due(left, self._clock())):
            yield self._run(left.pop(claim.name), claim, watch)
        due = self._due_names()
        yield from (SyncReport(name, busy=True) for name in left if name in due)

    def _due_names(self) -> list[str]:
        """Return the enabled sources that are due, claimed or not. Looking costs no write."""
        self._store.jobs.ensure(self.settings.sources, self._clock())
        states = self._store.jobs.states()
        return [name for name in self.settings.sources if states[name].next_run_at <= self._clock()]

    def _run(self, source: Source, claim: Claim, watch: _Watch, since: date | None = None) -> SyncReport:
        """Run a source and give its job back, due when there may be news.

        Interrupted, it is due at once and goes on from the last page. Where the store cannot be written, or the process
        is killed, the job is not given back: its lease keeps it from being tried again and again.
        """
        tally, started, error = Tally(), perf_counter(), None
        try:
            if since is not None:
                self._rewind(source, claim, since)
            watch.begins(claim.name)
            for read in run(self._store, source, claim, self._clock, tally):
                watch.reads(read)
        except KeyboardInterrupt:
            self._store.jobs.release(claim, self._clock())
            raise
        except BusyError:
            return _report(claim.name, tally, started, busy=True)
        except StoreError:
            raise
        except TidingsError as failure:
            error = failure
        except Exception as fault:  # noqa: BLE001 - it must be seen, must not stop the others, and must not come back at once
            error = self._note_fault(source.name, claim, fault)
        kept = self._store.progress(source.name)
        self._store.jobs.release(claim, next_run(source, kept, self._clock(), error))
        failed = error is not None and not isinstance(error, PausedError)
        return _report(claim.name, tally, started, note=kept.note, error=str(error) if failed else None)

    def _note_fault(self, name: str, claim: Claim, fault: Exception) -> SourceError:
        """Keep a fault of our own as the source's failure, where people look."""
        _log.error("unforeseen error in the source %s", name, exc_info=fault)
        error = SourceError(f"a fault of Tidings itself, please report it: {type(fault).__name__}: {fault}")
        now, failures = self._clock(), self._store.progress(name).failures + 1
        with self._store.writer(now) as writer:
            writer.advance(claim, name, failed=now, failures=failures, error=str(error))
        return error

    def _rewind(self, source: Source, claim: Claim, since: date) -> None:
        """Put a source back to a day, and keep that, so that what is stopped goes on from where it came to."""
        cursor = source.rewind(self._store.progress(source.name).cursor, since)
        now = self._clock()
        with self._store.writer(now) as writer:
            writer.advance(claim, source.name, cursor=cursor)

    # --- making ---

    def _made(
        self, names: Iterable[str], client: Client, settings: Settings
    ) -> tuple[dict[str, Source], dict[str, str]]:
        """Return the sources, and of those that lack a setting which one, in words."""
        from tidings.sources import Means, make

        means = Means(settings, client, self._clock, self._store.papers_after)
        made, lacking = dict[str, "Source"](), dict[str, str]()
        for name in names:
            try:
                made[name] = make(name, means)
            except InputError as error:
                lacking[name] = str(error)
        return made, lacking

    def _narrowed(self, categories: Sequence[str], client: Client) -> dict[str, Source]:
        """Return arXiv with other categories than usual, so that what is known of the usual ones stays."""
        chosen = self.settings.arxiv.model_copy(update={"categories": list(categories)})
        settings = self.settings.model_copy(update={"arxiv": chosen})
        made, lacking = self._made([ARXIV], client, settings)
        if lacking:
            raise InputError(lacking[ARXIV])
        job = self._store.jobs.states().get(ARXIV)
        due = job.next_run_at if job else self._clock()
        return {ARXIV: _Apart(made[ARXIV], f"{ARXIV} {','.join(sorted(set(categories)))}", due)}

    @cached_property
    def _client(self) -> Client:
        return self._open_client(self._sleep)

    def _open_client(
        self,
        sleep: Callable[[float], None],
        record: Path | None = None,
        replay: Path | None = None,
        patience: Patience | None = None,
    ) -> Client:
        from tidings.sources.client import Client, Recorder, open_client, place_of, user_agent

        gates, agent = self._store.gates, user_agent(self.settings.contact)
        if self._transport is None or replay is not None:
            trusted = frozenset(map(place_of, self.settings.own_addresses))
            return open_client(
                gates,
                agent=agent,
                now=self._clock,
                sleep=sleep,
                trusted=trusted,
                record=record,
                replay=replay,
                patience=patience,
            )
        transport = self._transport if record is None else Recorder(record, self._transport)
        return Client(gates, agent=agent, now=self._clock, sleep=sleep, transport=transport, patience=patience)

    # --- telling ---

    def _statuses(self, counts: Mapping[str, Mapping[str, int]]) -> tuple[SourceStatus, ...]:
        from tidings.sources import NAMES

        sources, lacking = self._made(NAMES, self._client, self.settings)
        jobs, refused = self._store.jobs.states(), counts["quarantined_by_source"]
        return tuple(
            self._status(name, sources.get(name), jobs.get(name), lacking.get(name), refused.get(name, 0))
            for name in NAMES
        )

    def _status(
        self, name: str, source: Source | None, job: JobState | None, lacks: str | None, quarantined: int
    ) -> SourceStatus:
        now, kept = self._clock(), self._store.progress(name)
        gate = self._store.gates.state(source.limit, now) if source else None
        enabled = name in self.settings.sources
        return SourceStatus(
            name,
            enabled,
            succeeded=kept.succeeded,
            newest=kept.newest,
            behind=source.behind(kept.newest, now) if source else 0,
            next_run=(job.next_run_at if job else now) if enabled and source else None,
            next_call=gate.next_at if gate else None,
            started=kept.started,
            running=job is not None and job.locked_until is not None and job.locked_until > now,
            used=gate.used if gate else 0,
            limit=source.limit if source else None,
            lacks=lacks,
            error=kept.error if kept.failures else None,
            note=kept.note,
            read=kept.read,
            new=kept.new,
            quarantined=quarantined,
        )


class _Apart:
    """A source under another name: how far it is read is kept apart, and when the usual run is due stays."""

    def __init__(self, source: Source, name: str, due: datetime) -> None:
        self.name, self.limit, self.private = name, source.limit, source.private
        self.fetch, self.rewind, self.behind = source.fetch, source.rewind, source.behind
        self._due = due

    def due(self, _: datetime) -> datetime:
        return self._due


class _Watch:
    """Tells whoever looks on how far a run is, and what it waits for."""

    def __init__(self, progress: SyncProgress | None, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._progress, self._clock, self._sleep = progress, clock, sleep
        self._name, self._read = "", 0

    def begins(self, name: str) -> None:
        self._name = name
        self.reads(0)

    def reads(self, read: int) -> None:
        self._read = read
        self._tell(None)

    def sleep(self, seconds: float) -> None:
        self._tell(self._clock() + timedelta(seconds=seconds))
        self._sleep(seconds)
        self._tell(None)

    def _tell(self, until: datetime | None) -> None:
        if self._progress:
            self._progress(self._name, self._read, until)


def _check(names: Sequence[str], since: date | None, categories: Sequence[str], now: datetime) -> None:
    if since is not None and not names:
        raise InputError("back to a day, but which source? Name it: tidings sync arxiv --since 2025-01-01")
    if since is not None and since > now.date():
        raise InputError(f"{since} is still to come")
    if categories and set(names) != {ARXIV}:
        raise InputError("categories are arXiv's: tidings sync arxiv --categories cs.LG,stat.ML")


def _report(
    name: str, tally: Tally, started: float, *, note: str | None = None, error: str | None = None, busy: bool = False
) -> SyncReport:
    return SyncReport(
        name,
        tally.read,
        tally.new,
        tally.updated,
        tally.merged,
        tally.unchanged,
        tally.quarantined,
        seconds=perf_counter() - started,
        note=note,
        error=error,
        busy=busy,
    )
