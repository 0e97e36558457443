"""What trends, on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidings.cli.commands import HOME, cli, opened
from tidings.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from tidings.catalog.periods import Period
    from tidings.types import Trend


@cli.command()
@HOME
@click.option("--window", type=click.Choice(["day", "3d", "week", "month"]), help="What ends now; 3d is the default.")
@click.option("--day", "day", type=click.DateTime(["%Y-%m-%d"]), help="One day, as 2025-03-20.")
@click.option("--week", "week", metavar="WEEK", help="One week, as 2025-W12.")
@click.option("--month", "month", metavar="MONTH", help="One month, as 2025-03.")
@click.option("--category", metavar="NAME", help="Only papers of a category, as cs.CL; cs is the whole archive.")
@click.option("--by", type=click.Choice(["both", "here", "world"]), default="both", help="Whose votes count.")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="For programs, with what each score is made of.")
def trending(
    *,
    home: Path | None,
    window: str | None,
    day: datetime | None,
    week: str | None,
    month: str | None,
    category: str | None,
    by: str,
    limit: int,
    as_json: bool,
) -> None:
    """List papers by votes, given here and elsewhere, best first.

    \b
    tidings trending
    tidings trending --day 2025-03-20
    tidings trending --window week --category cs.CL --json
    """
    from tidings.catalog.periods import Period
    from tidings.cli.output import print_json
    from tidings.export import to_json

    ways = {"--window": window, "--day": day, "--week": week, "--month": month}
    if len(chosen := [name for name, value in ways.items() if value is not None]) > 1:
        raise InputError(f"ask for one of {' and '.join(chosen)}")
    with opened(home) as catalog:
        if day is not None:
            period = Period.day(day.date())
        elif week is not None:
            period = Period.week(week)
        elif month is not None:
            period = Period.month(month)
        else:
            period = Period.last(window or "3d", catalog.now())
        trend = catalog.trending(period, by=by, category=category, limit=limit)
    if as_json:
        print_json(to_json(trend))
    else:
        _print_trend(trend, period)


def _print_trend(trend: Trend, period: Period) -> None:
    from tidings.cli.output import cell, console, table
    from tidings.plain import plain

    out = console()
    if not trend.page.hits:
        nearest = trend.previous or trend.next
        out.print(
            f"Nothing from {period.start} to {period.end}." + (f" The nearest day is {nearest}." if nearest else "")
        )
        return
    shown = table(">", "here>", "elsewhere>", "title", "id")
    for rank, hit in enumerate(trend.page.hits, 1):
        counts = trend.why[hit.paper.id].counts
        here, elsewhere = (str(counts[name] or "") for name in ("votes", "upvotes"))
        title = plain(hit.paper.title) + (" (rising)" if trend.why[hit.paper.id].is_rising else "")
        shown.add_row(str(rank), here, elsewhere, cell(title), cell(hit.paper.key, "cyan"))
    out.print(shown)
    out.print(f"{trend.page.total:,} papers from {period.start} to {period.end}", style="dim")
