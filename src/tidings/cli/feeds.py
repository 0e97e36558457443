"""The commands of feeds, for the owner of a personal installation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidings.cli.commands import HOME, cli, opened

if TYPE_CHECKING:
    from tidings.types import Feed, FeedHit, Reason, WhyNot

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_SINCE = re.compile(r"([1-9]\d{0,3})([dwm]?)", re.ASCII)
_DAYS = {"": 1, "d": 1, "w": 7, "m": 30}


def _days(_: click.Context, __: click.Parameter, text: str) -> int:
    """Return how many days 7d, 2w or 1m are."""
    match = _SINCE.fullmatch(text)
    if match is None:
        raise click.BadParameter("write it as 7d, 2w or 1m")
    return int(match[1]) * _DAYS[match[2]]


_LOOKING_BACK = click.option(
    "--since", "days", default="7d", show_default=True, callback=_days, help="How far back, as 7d, 2w, 1m."
)


@cli.command()
@click.argument("names", nargs=-1)
@HOME
@_LOOKING_BACK
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="How many.")
@click.option("--breadth", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Narrow 0 to broad 1.")
@click.option("--fresh", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="By score 0 to by day 1.")
@click.option("--again", is_flag=True, help="What was shown before, too.")
@click.option(
    "--outside/--no-outside",
    default=None,
    help="With one paper from outside your interests; by default, where you read it and NAMES are not said.",
)
@_JSON
def feed(
    *,
    names: tuple[str, ...],
    home: Path | None,
    days: int,
    limit: int,
    breadth: float,
    fresh: float,
    again: bool,
    outside: bool | None,
    as_json: bool,
) -> None:
    """List what is new for your interests, or for those called NAMES, each paper with its reason.

    \b
    tidings feed
    tidings feed "my field" --since 2w
    tidings feed --json
    """
    from tidings.cli.output import print_json
    from tidings.export import to_json

    with opened(home) as catalog:
        me = catalog.owner()
        found = catalog.feed(
            me,
            names,
            days=days,
            limit=limit,
            breadth=breadth,
            freshness=fresh,
            unseen=not again,
            outside=not as_json if outside is None else outside,
        )
    if as_json:
        print_json(to_json(found))
    else:
        _print_feed(found)


@cli.command("why-not")
@click.argument("id")
@HOME
@click.option("--interest", metavar="NAME", help="Which of your interests; else the one nearest to the paper.")
@_LOOKING_BACK
@_JSON
def why_not(id: str, home: Path | None, interest: str | None, days: int, as_json: bool) -> None:  # noqa: A002
    """Say why a paper is not in a feed: below the line, muted, seen already, not announced yet."""
    from tidings.cli.output import print_json
    from tidings.export import to_json

    with opened(home) as catalog:
        answer = catalog.why_not(catalog.owner(), id, interest, days=days)
    if as_json:
        print_json(to_json(answer))
    else:
        _print_why_not(answer)


# --- what is printed ---


def _print_feed(feed: Feed) -> None:
    from tidings.cli.output import cell, console

    out = console()
    if feed.note:
        out.print(cell(feed.note, "italic"))
    above = max((place for place, hit in enumerate(feed.hits, 1) if hit.is_strong), default=0)
    for place, hit in enumerate(feed.hits):
        if place == above:
            out.print("below the line:", style="dim")
        _print_hit(hit)
    out.print(
        f"{feed.strong:,} of {feed.looked_at:,} papers from {feed.start} to {feed.end}; "
        f"{feed.seen:,} seen before, {feed.muted:,} muted, {feed.dismissed:,} dismissed",
        style="dim",
    )


def _print_hit(hit: FeedHit) -> None:
    from tidings.cli.output import authors, cell, console, day
    from tidings.plain import plain

    out = console()
    mark = {1: "♥ ", -1: "✗ "}.get(hit.verdict, "")
    out.print(cell(f"{mark}{plain(hit.paper.title)}", "bold"))
    out.print(cell(f"  {authors(hit.paper)} · {day(hit.paper)} · {hit.paper.key}"))
    said = [_drawn(hit.chance) if hit.chance else _because(hit.reason, hit.interest), _odds(hit.likely)]
    if any(said):
        out.print(cell(f"  {'; '.join(filter(None, said))}", "dim"))


def _odds(likely: float | None) -> str:
    from tidings.catalog.odds import in_words

    return "" if likely is None else f"would be liked: {in_words(likely)}"


def _drawn(chance: float) -> str:
    return f"outside your usual: drawn by lot, 1 in {round(1 / chance):,}"


def _because(reason: Reason, interest: str) -> str:
    """Return a reason in one line."""
    from tidings.plain import plain

    likes = " and ".join(f"“{plain(like.paper.title)}”" for like in reason.likes[:2])
    parts = [
        f"by {reason.author}, whom you follow" if reason.author else "",
        f"because you liked {likes}" if likes else "",
        f"words: {', '.join(word.word for word in reason.words)}" if reason.words else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f"{interest}: {said}" if interest and said else said


def _print_why_not(answer: WhyNot) -> None:
    from tidings.cli.output import cell, console
    from tidings.plain import plain

    out = console()
    out.print(cell(plain(answer.paper.title), "bold"))
    if answer.is_listed:
        out.print(
            cell(f"It is in the feed of “{answer.interest}”, at place {answer.rank:,} of {answer.of:,} by score.")
        )
    for cause in answer.causes:
        out.print(cell(cause))
    for said in (_because(answer.reason, answer.interest), _odds(answer.likely).capitalize()):
        if said:
            out.print(cell(said, "dim"))
