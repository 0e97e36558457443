"""The commands of the sources: running them, and seeing how they do."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from tidings.cli.commands import HOME, cli, opened
from tidings.errors import BusyError, SourceError

if TYPE_CHECKING:
    from tidings.catalog import SyncProgress
    from tidings.types import SyncReport

_FOLDER = click.Path(file_okay=False, path_type=Path)


@cli.command()
@click.argument("sources", nargs=-1)
@HOME
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Go back to that day first: 2025-01-01.")
@click.option(
    "--categories",
    default="",
    metavar="NAMES",
    help="Of arXiv, take these this time: cs.LG,stat.ML. How far they are read is kept apart.",
)
@click.option("--record", type=_FOLDER, help="Keep every request and its answer in this folder.")
@click.option("--replay", type=_FOLDER, help="Answer requests from such a folder instead of asking anybody.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--quiet", is_flag=True, help="No progress line.")
def sync(
    *,
    sources: tuple[str, ...],
    home: Path | None,
    since: datetime | None,
    categories: str,
    record: Path | None,
    replay: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take what was published: from all enabled sources that are due, or from these SOURCES now, due or not.

    \b
    tidings sync
    tidings sync arxiv --since 2025-01-01
    tidings sync arxiv --categories cs.LG,stat.ML

    What is stopped, by Control-C or by anything else, goes on from there with the next `tidings sync`.
    """
    from tidings.cli.output import print_json, print_syncs, say_nothing_due

    day = since.date() if since else None
    chosen = [name.strip() for name in categories.split(",") if name.strip()]
    with opened(home) as catalog:
        with _progress(quiet) as progress:
            reports = catalog.sync(
                sources, since=day, categories=chosen, progress=progress, record=record, replay=replay
            )
        if as_json:
            print_json(reports)
        elif reports:
            print_syncs(reports)
        else:
            say_nothing_due(catalog.sources(), catalog.now())
    if status := _exit_status(reports):
        sys.exit(status)


def _exit_status(reports: Sequence[SyncReport]) -> int:
    if any(report.error for report in reports):
        return SourceError.exit_status
    return BusyError.exit_status if reports and all(report.busy for report in reports) else 0


@contextmanager
def _progress(quiet: bool) -> Iterator[SyncProgress | None]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    errors = Console(stderr=True)
    if quiet or not errors.is_terminal:
        yield None
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}", markup=False), console=errors, transient=True
    ) as bar:
        task, began = bar.add_task("", total=None), dict[str, float]()

        def show(name: str, read: int, until: datetime | None) -> None:
            rate = read / max(monotonic() - began.setdefault(name, monotonic()), 0.001)
            wait = f" · waiting until {until:%H:%M:%S} UTC" if until else ""
            bar.update(task, description=f"{name}: {read:,} records · {rate:,.0f}/s{wait}")

        yield show


@cli.command()
@HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def sources(home: Path | None, as_json: bool) -> None:
    """Say of every source when it last succeeded, what it holds, when it runs next, and what went wrong."""
    from tidings.cli.output import print_json, print_sources

    with opened(home) as catalog:
        statuses, now = catalog.sources(), catalog.now()
    if as_json:
        print_json(statuses)
    else:
        print_sources(statuses, now)
