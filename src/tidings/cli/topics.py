"""Topics on the command line: the tree, one of them, finding them anew, and what curators do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tidings.cli.commands import HOME, cli, opened

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.people import Reader
    from tidings.types import RefitReport, TopicDetail, TopicLine

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_CURATOR = click.option(
    "--by", "email", required=True, metavar="ADDRESS", help="The curator in whose name this stands in the log."
)
_BARS = " ▁▂▃▄▅▆▇█"


@cli.group(invoke_without_command=True)
@click.pass_context
def topics(context: click.Context) -> None:
    """What the archive is about: topics that it finds in itself.

    \b
    tidings topics                        the tree
    tidings topics show "lora"            one topic, by name or number
    tidings topics emerging               what was born lately
    tidings topics refit                  find topics, or bring them up to date
    tidings topics rename 12 "Low rank"   give it another name (curators)
    """
    if context.invoked_subcommand is None:
        context.invoke(list_topics)


@topics.command("list")
@HOME
@_JSON
def list_topics(home: Path | None = None, as_json: bool = False) -> None:
    """List areas and the topics in them, the largest first, with papers by week and how they grow."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        areas = catalog.topics()
    if as_json:
        print_json([_line_data(area.line) | {"topics": [_line_data(leaf) for leaf in area.leaves]} for area in areas])
        return
    if not areas:
        click.echo("There are no topics yet; find them with: tidings topics refit")
    for area in areas:
        click.echo(f"\n{area.line.topic.name}  ({area.line.size:,})")
        for leaf in area.leaves:
            click.echo(f"  {leaf.topic.id:>5}  {leaf.size:>6,}  {_sparkline(leaf)}  {leaf.topic.name}")


@topics.command("show")
@HOME
@click.argument("which")
@_JSON
def show(home: Path | None, which: str, as_json: bool) -> None:
    """Show one topic: its words, papers, neighbours, authors and years."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        detail = catalog.topic(which)
    if as_json:
        print_json(_detail_data(detail))
    else:
        _print_detail(detail)


@topics.command("emerging")
@HOME
@click.option("--days", type=click.IntRange(1, 3650), default=60, show_default=True, help="How far back.")
@_JSON
def emerging(home: Path | None, days: int, as_json: bool) -> None:
    """List the topics that were born lately, and between which."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        births = catalog.emerging(days=days)
    if as_json:
        print_json(
            [
                _line_data(birth.line)
                | {"between": [topic.name for topic in birth.between], "sure": birth.sure, "born": birth.at}
                for birth in births
            ]
        )
        return
    for birth in births:
        between = " and ".join(topic.name for topic in birth.between)
        click.echo(f"{birth.at:%Y-%m-%d}  {birth.line.topic.name} ({birth.line.size:,}), between {between}")
    if not births:
        click.echo(f"No topic was born in the last {days} days.")


@topics.command("refit")
@HOME
@click.option("--full", is_flag=True, help="Find them anew; those that are still there keep their numbers.")
@_JSON
def refit(home: Path | None, full: bool, as_json: bool) -> None:
    """Find topics, or bring them up to date; `tidings serve` does that once a day."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        report = catalog.refit(full=full, progress=lambda text: click.echo(f"{text} …", err=True))
    if as_json:
        print_json(asdict(report))
    else:
        click.echo(_said(report))


@topics.command("rename")
@HOME
@_CURATOR
@click.argument("which")
@click.argument("name")
def rename(home: Path | None, email: str, which: str, name: str) -> None:
    """Give a topic a name that no refit changes."""
    _curate(home, email, lambda catalog, reader: catalog.rename_topic(reader, which, name))


@topics.command("offer")
@HOME
@_CURATOR
@click.option("--most", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Topics, largest first.")
@click.option("--take", is_flag=True, help="Rename them so; each can be undone in the log.")
def offer(home: Path | None, email: str, most: int, take: bool) -> None:
    """Let the language model of the settings offer names for topics that no curator named."""
    from tidings.errors import ConflictError

    with opened(home) as catalog:
        curator = _curator(catalog, email)
        for offered in catalog.offer_names(curator, most=most):
            click.echo(f"{offered.topic.id:>5}  {offered.topic.name}  →  {offered.name}")
            try:
                if take:
                    catalog.rename_topic(curator, offered.topic.id, offered.name)
            except ConflictError as error:  # another one has that name
                click.echo(f"       kept: {error}", err=True)


@topics.command("merge")
@HOME
@_CURATOR
@click.argument("which")
@click.argument("into")
def merge(home: Path | None, email: str, which: str, into: str) -> None:
    """Let the topic INTO take in the topic WHICH, with the papers that are to come."""
    _curate(home, email, lambda catalog, reader: catalog.merge_topics(reader, which, into))


@topics.command("split")
@HOME
@_CURATOR
@click.option("--parts", type=click.IntRange(2, 8), default=2, show_default=True, help="Into how many.")
@click.argument("which")
def split(home: Path | None, email: str, parts: int, which: str) -> None:
    """Make several topics of one; the largest part keeps its number."""
    _curate(home, email, lambda catalog, reader: catalog.split_topic(reader, which, parts))


@topics.command("pin")
@HOME
@_CURATOR
@click.option("--off", is_flag=True, help="Let it go again.")
@click.argument("which")
def pin(home: Path | None, email: str, off: bool, which: str) -> None:
    """Let a topic stay, whatever a refit finds."""
    _curate(home, email, lambda catalog, reader: catalog.pin_topic(reader, which, not off))


def _curate(home: Path | None, email: str, act: Callable[[Catalog, Reader], int]) -> None:
    with opened(home) as catalog:
        line = act(catalog, _curator(catalog, email))
    click.echo(f"Done; line {line} of the log, where it can be undone.")


def _curator(catalog: Catalog, email: str) -> Reader:
    from tidings.errors import NotFoundError
    from tidings.people import Reader

    found = [member for member in catalog.members()[0] if member.email == email.strip().lower()]
    if not found:
        raise NotFoundError(f"nobody here has the address {email}; see: tidings user list")
    return Reader(found[0])


def _said(report: RefitReport) -> str:
    changes = {"born": report.born, "split": report.split, "taken out": report.retired, "renamed": report.renamed}
    said = ", ".join(f"{len(numbers)} {what}" for what, numbers in changes.items() if numbers)
    return (
        f"{report.leaves:,} topics in {report.areas} areas of {report.papers:,} papers; {report.placed:,} placed, "
        f"{report.moved:,} moved{', ' + said if said else ''} in {report.seconds:.1f} s"
    )


def _sparkline(line: TopicLine) -> str:
    most = max(line.weeks) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in line.weeks)


def _print_detail(detail: TopicDetail) -> None:
    from tidings.plain import plain

    line = detail.line
    inside = f", in {detail.area.name}" if detail.area else ""
    click.echo(f"{line.topic.name}  (topic {line.topic.id}, {line.size:,} papers{inside})")
    click.echo(f"words: {', '.join(line.topic.words)}")
    click.echo(f"growth: {line.growth:.2f}; by week: {_sparkline(line)}")
    click.echo(f"near: {'; '.join(topic.name for topic in detail.neighbours)}")
    click.echo(f"years: {', '.join(f'{year} {count}' for year, count in detail.years.items())}")
    click.echo(f"authors: {', '.join(f'{name} {count}' for name, count in detail.authors)}")
    for hit in detail.newest.hits:
        click.echo(f"  {hit.paper.key}  {plain(hit.paper.title)}")


def _line_data(line: TopicLine) -> dict[str, Any]:
    topic = line.topic
    return {
        "id": topic.id,
        "name": topic.name,
        "words": topic.words,
        "size": line.size,
        "growth": round(line.growth, 3),
        "half_life": line.half_life,
        "weeks": line.weeks,
        "papers": [paper.key for paper in line.papers],
    }


def _detail_data(detail: TopicDetail) -> dict[str, Any]:
    return _line_data(detail.line) | {
        "area": detail.area.name if detail.area else None,
        "topics": [_line_data(leaf) for leaf in detail.leaves],
        "neighbours": [{"id": topic.id, "name": topic.name} for topic in detail.neighbours],
        "first": detail.first.key if detail.first else None,
        "newest": [hit.paper.key for hit in detail.newest.hits],
        "voted": [hit.paper.key for hit in detail.voted.hits],
        "authors": dict(detail.authors),
        "venues": dict(detail.venues),
        "years": {str(year): count for year, count in detail.years.items()},
    }
