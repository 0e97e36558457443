"""What commands print: tables for people, JSON and BibTeX for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tidings.export import bibtex, to_json
from tidings.moments import at, away, short
from tidings.people import Account, Invitation
from tidings.plain import plain
from tidings.types import (
    AddReport,
    Check,
    HeldRecord,
    Page,
    Paper,
    Quarantined,
    Revision,
    SourceStatus,
    Stats,
    SyncReport,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

# What could move the cursor, recolour the screen, or make text read other than it is.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_FEW_AUTHORS = 3


def console() -> Console:
    """Return where people read; rich is imported late because programs that ask for JSON never need it."""
    from rich.console import Console

    return Console(highlight=False)


def visible(text: str) -> str:
    """Return the text with control characters as their numbers: what others wrote must not control the terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def cell(text: str, style: str = "") -> Text:
    """Return others' text as it stands: no markup, no control characters."""
    from rich.text import Text

    return Text(visible(text), style)


def table(*columns: str) -> Table:
    """Return a plain table: a rule under the head, no boxes. ``>`` puts numbers right, ``!`` keeps lines whole."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.endswith(">")
        made.add_column(
            column.rstrip(">!"), justify="right" if right else "left", overflow="fold", no_wrap="!" in column
        )
    return made


def print_json(value: object) -> None:
    """Print one JSON value and a line end."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def print_page(page: Page, style: str) -> None:
    """Print hits as a table, as JSON or as BibTeX."""
    if style == "json":
        print_json(to_json(page))
    elif style == "bibtex":
        sys.stdout.write(bibtex([hit.paper for hit in page.hits]))
    else:
        _print_hits(page)


def _print_hits(page: Page) -> None:
    out = console()
    if page.note:
        out.print(cell(page.note, "italic"))
    if not page.hits:
        out.print("Nothing found.")
        return
    shown = table(">", "title", "authors", "date", "id")
    for rank, hit in enumerate(page.hits, 1):
        paper = hit.paper
        shown.add_row(str(rank), cell(plain(paper.title)), cell(authors(paper)), day(paper), cell(paper.key, "cyan"))
    out.print(shown)
    out.print(f"{page.total:,} found in {page.milliseconds:.1f} ms", style="dim")


def authors(paper: Paper) -> str:
    """Return the first authors and how many more there are."""
    shown = ", ".join(paper.authors[:_FEW_AUTHORS])
    more = len(paper.authors) - _FEW_AUTHORS
    return f"{shown} + {more}" if more > 0 else shown


def day(paper: Paper) -> str:
    """Return the day a paper was known, else its year."""
    return str(paper.date or paper.year or "")


def print_paper(paper: Paper, records: Sequence[HeldRecord], revisions: Sequence[Revision], style: str) -> None:
    """Print one paper with the records it is made of, and what their sources changed."""
    if style == "json":
        described = to_json(paper)
        described["records"] = [
            {"id": r.id, "source": r.record.source, "key": r.record.key, "reason": r.reason} for r in records
        ]
        described["revisions"] = revisions
        print_json(described)
    elif style == "bibtex":
        sys.stdout.write(bibtex([paper]))
    else:
        _print_paper(paper, records)
        _print_revisions(revisions)


def _print_paper(paper: Paper, records: Sequence[HeldRecord]) -> None:
    out = console()
    out.print(cell(plain(paper.title), "bold"))
    for line in filter(
        None, (", ".join(paper.authors), _dates(paper), " ".join(paper.categories), " ".join(paper.ids))
    ):
        out.print(cell(line))
    if paper.abstract:
        out.print()
        out.print(cell(plain(paper.abstract)), width=min(out.width, 88))
    out.print()
    for link in paper.links:
        out.print(cell(f"{link.kind:<10} {link.url}"))
    shown = table("record>", "source", "key", "why it is this paper", "seen")
    for held in records:
        source, key, reason = (cell(text) for text in (held.record.source, held.record.key, held.reason))
        shown.add_row(str(held.id), source, key, reason, f"{held.seen:%Y-%m-%d}")
    out.print(shown)


def _print_revisions(revisions: Sequence[Revision]) -> None:
    out = console()
    for revision in revisions:
        version = f" · v{revision.version}" if revision.version else ""
        out.print()
        out.print(cell(f"changed {revision.seen:%Y-%m-%d}{version} · {revision.source}", "bold"))
        for change in revision.changes:
            out.print(cell(f"{change.field}: "), end="")
            out.print(cell(plain(change.before), "strike red"), cell("→"), cell(plain(change.after), "green"))


def _dates(paper: Paper) -> str:
    named = (("venue", paper.venue), ("submitted", paper.submitted), ("announced", paper.announced))
    return " · ".join(f"{name} {value}" for name, value in named if value) or str(paper.year or "")


def print_report(report: AddReport) -> None:
    """Print what an add did."""
    out = console()
    rate = report.read / report.seconds if report.seconds else 0
    shown = table("read>", "new>", "updated>", "merged>", "unchanged>", "quarantined>", "seconds>", "papers/s>")
    counts = (report.read, report.new, report.updated, report.merged, report.unchanged, report.quarantined)
    shown.add_row(*(f"{count:,}" for count in counts), f"{report.seconds:.1f}", f"{rate:,.0f}")
    out.print(shown)
    for reason, count in sorted(report.reasons.items(), key=lambda item: -item[1])[:10]:
        out.print(cell(f"  quarantined {count:,}: {reason}"))
    for failure in report.failed:
        sys.stderr.write(f"tidings: {visible(failure)}\n")


def print_syncs(reports: Sequence[SyncReport]) -> None:
    """Print what a sync did with each source; what failed goes to stderr."""
    out = console()
    columns = ("read", "new", "updated", "merged", "unchanged", "quarantined")
    shown = table("source", *(f"{name}>" for name in columns), "seconds>")
    ran = [report for report in reports if not report.busy]
    for report in ran:
        counts = (f"{getattr(report, name):,}" for name in columns)
        shown.add_row(report.name, *counts, f"{report.seconds:.1f}")
    if ran:
        out.print(shown)
    for report in reports:
        if report.busy:
            out.print(cell(f"{report.name}: another process is syncing it now"))
        if report.note:
            out.print(cell(f"{report.name}: {report.note}"))
        if report.error:
            sys.stderr.write(f"tidings: {report.name}: {visible(report.error)}\n")


def say_nothing_due(statuses: Sequence[SourceStatus], now: datetime) -> None:
    """Say that there is nothing to sync, and when there will be."""
    due = [(status.next_run, status.name) for status in statuses if status.next_run]
    if not due:
        console().print("No source is switched on; TIDINGS_SOURCES names those that are.")
        return
    moment, name = min(due)
    console().print(f"Nothing is due; next: {name} {at(moment, now)} ({away(moment, now)}).")


def print_sources(statuses: Sequence[SourceStatus], now: datetime) -> None:
    """Print how the sources do that are on, with what each has to say; then those that are off, and why."""
    out = console()
    on = [status for status in statuses if status.enabled]
    if on:
        columns = ("source!", "last success!", "newest held!", "next run!", "last run!", "requests>")
        shown = table(*columns)
        for status in on:
            shown.add_row(*_source_row(status, now))
        out.print(shown)
        out.print("Times are UTC.", style="dim")
    for status in on:
        for said in _said(status, now):
            out.print(cell(f"{status.name}: {said}"))
    for status in statuses:
        if not status.enabled:
            out.print(cell(f"{status.name} is off" + (f"; {status.lacks}" if status.lacks else "")))


def _source_row(status: SourceStatus, now: datetime) -> tuple[str, ...]:
    most = f" of {status.limit.most:,}" if status.limit and status.limit.most else ""
    return (
        status.name,
        _when(status.succeeded, now) or "never",
        "\n".join(filter(None, (str(status.newest or ""), f"{status.behind:,} behind" if status.behind else ""))),
        "running now" if status.running else _when(status.next_run, now),
        f"{status.read:,} read\n{status.new:,} new" if status.started else "",
        f"{status.used:,}{most}",
    )


def _when(moment: datetime | None, now: datetime) -> str:
    return f"{away(moment, now)}\n{short(moment, now)}" if moment else ""


def _said(status: SourceStatus, now: datetime) -> Iterator[str]:
    yield from filter(None, (status.lacks, status.error, status.note))
    if status.next_call and status.next_call > now:
        yield f"its host may be asked again {at(status.next_call, now)} ({away(status.next_call, now)})"
    if status.quarantined:
        yield f"{status.quarantined:,} in quarantine; see `tidings quarantine list`"


def print_stats(stats: Stats) -> None:
    """Print what the archive holds."""
    out = console()
    shown = table("papers>", "records>", "quarantined>", "first day", "last day", "store>", "index>")
    sizes = (f"{stats.bytes_store / 1e6:,.0f} MB", f"{stats.bytes_index / 1e6:,.0f} MB")
    days = (str(stats.first_day or ""), str(stats.last_day or ""))
    shown.add_row(f"{stats.papers:,}", f"{stats.records:,}", f"{stats.quarantined:,}", *days, *sizes)
    out.print(shown)
    sources = table("source", "records>")
    for source, count in stats.by_source.items():
        sources.add_row(cell(source), f"{count:,}")
    out.print(sources)


def print_checks(checks: Sequence[Check]) -> None:
    """Print doctor's findings."""
    out = console()
    for check in checks:
        mark = "[green]ok[/]  " if check.ok else "[red]bad[/] "
        out.print(f"{mark} {check.name}: ", end="")
        out.print(cell(check.message))


def print_quarantine(refusals: Sequence[Quarantined]) -> None:
    """Print refusals, a line each."""
    out = console()
    if not refusals:
        out.print("Nothing is in quarantine.")
        return
    shown = table("id>", "source", "where", "reason")
    for refusal in refusals:
        shown.add_row(str(refusal.id), *(cell(text) for text in (refusal.source, refusal.where, refusal.reason)))
    out.print(shown)


def print_members(accounts: Sequence[Account], invitations: Sequence[Invitation], now: datetime) -> None:
    """Print who has an account and who is invited."""
    out = console()
    shown = table("id>", "name", "address", "role", "seen!")
    for account in accounts:
        seen = "kept out" if account.disabled else away(account.seen, now) if account.seen else "never"
        shown.add_row(str(account.id), cell(account.name), cell(account.email or "–"), str(account.role), seen)
    for one in invitations:
        shown.add_row("", cell("(invited)"), cell(one.email), str(one.role), f"ends {away(one.expires, now)}")
    out.print(shown)
