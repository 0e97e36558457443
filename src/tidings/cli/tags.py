"""Tags on the command line: all of them, one with its papers, and what curators do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidings.cli.commands import HOME, cli, opened
from tidings.errors import NotFoundError

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.people import Reader

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_CURATOR = click.option(
    "--by", "email", required=True, metavar="ADDRESS", help="The curator in whose name this stands in the log."
)


@cli.group()
def tags() -> None:
    """What curators described in a line, and papers get by themselves where that is sure.

    \b
    tidings tags list
    tidings tags show "low rank"
    tidings tags add "low rank" "adapting large models by few weights" --by ada@lab.example
    tidings tags teach "low rank" arxiv:2106.09685 --by ada@lab.example
    """


@tags.command("list")
@HOME
@_JSON
def list_tags(home: Path | None, as_json: bool) -> None:
    """List all tags, by name."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        found = catalog.tags()
    if as_json:
        print_json([asdict(tag) for tag in found])
        return
    for tag in found:
        click.echo(f"{tag.id:>5}  {tag.name}  ({tag.description})")
    if not found:
        click.echo("There are no tags yet.")


@tags.command("show")
@click.argument("which")
@HOME
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many papers.")
def show(which: str, home: Path | None, limit: int) -> None:
    """Show the papers of a tag, the surest first; WHICH is its name or number."""
    from tidings.plain import plain

    with opened(home) as catalog:
        page, sure = catalog.tagged(which, limit=limit)
    for hit in page.hits:
        click.echo(f"{sure[hit.paper.id]:>5.0%}  {plain(hit.paper.title)}  {hit.paper.key}")
    click.echo(f"{page.total:,} papers of the newest")


@tags.command("add")
@click.argument("name")
@click.argument("description", default="")
@HOME
@_CURATOR
def add(name: str, description: str, home: Path | None, email: str) -> None:
    """Make a tag called NAME that means DESCRIPTION; it works at once."""
    with opened(home) as catalog:
        made = catalog.add_tag(_curator(catalog, email), name, description)
    click.echo(f"Tag {made.id}: {made.name}")


@tags.command("teach")
@click.argument("which")
@click.argument("paper")
@HOME
@_CURATOR
@click.option("--not", "misfit", is_flag=True, help="It does not fit.")
def teach(which: str, paper: str, home: Path | None, email: str, misfit: bool) -> None:
    """Say that a tag fits a paper, or that it does not."""
    with opened(home) as catalog:
        taught = catalog.teach_tag(_curator(catalog, email), which, paper, not misfit)
    click.echo(f"{taught.name}: {taught.fits} that fit, {taught.misfits} that do not")


@tags.command("remove")
@click.argument("which")
@HOME
@_CURATOR
def remove(which: str, home: Path | None, email: str) -> None:
    """Remove a tag."""
    with opened(home) as catalog:
        catalog.remove_tag(_curator(catalog, email), which)


def _curator(catalog: Catalog, email: str) -> Reader:
    """Return the reader with an address; whether they may is asked where it is done."""
    from tidings.people import Reader

    found = [account for account in catalog.members()[0] if account.email == email.strip().lower()]
    if not found:
        raise NotFoundError(f"nobody here has the address {email}")
    return Reader(found[0])
