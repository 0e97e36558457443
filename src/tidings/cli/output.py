"""What commands print: tables for people, JSON and BibTeX for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from tidings.export import bibtex, to_json
from tidings.plain import plain
from tidings.types import AddReport, Check, HeldRecord, Page, Paper, Quarantined, Stats

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
    """Return a plain table: a rule under the head, no boxes."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        right = column.endswith(">")
        made.add_column(column.rstrip(">"), justify="right" if right else "left", overflow="fold")
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


def print_paper(paper: Paper, records: Sequence[HeldRecord], style: str) -> None:
    """Print one paper with the records it is made of."""
    if style == "json":
        described = to_json(paper)
        described["records"] = [
            {"id": r.id, "source": r.record.source, "key": r.record.key, "reason": r.reason} for r in records
        ]
        print_json(described)
    elif style == "bibtex":
        sys.stdout.write(bibtex([paper]))
    else:
        _print_paper(paper, records)


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
