"""The commands of interests, for the owner of a personal installation."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

import click
import msgspec

from tidings.cli.commands import HOME, cli, opened
from tidings.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tidings.types import Gathered, Interest

_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
_IN = click.option("--interest", metavar="NAME", help="Which of your interests; else the one nearest to the paper.")


@cli.group()
def interest() -> None:
    """What you want to know of: words and papers you like. For the owner of a personal installation.

    \b
    tidings interest new "efficient fine-tuning" --words "low-rank adaptation of large models"
    tidings interest new "my field" --from-file library.bib
    tidings interest like arxiv:2106.09685
    tidings feed "my field" --since 7d
    """


@interest.command("new")
@click.argument("name")
@HOME
@click.option("--words", default="", help="What it is about, in a few words or a whole abstract.")
@click.option("--query", default="", help="A search: its filter decides what may appear, its words count too.")
@click.option("--like", "likes", multiple=True, metavar="ID", help="A paper you like. May be given several times.")
@click.option("--from-file", "file", type=click.File("rb"), help="Like the papers of a BibTeX, RIS or other file.")
@click.option("--author", help="Like the papers of an author.")
@click.option("--library", is_flag=True, help="Like the papers of the Zotero library that is synced here.")
@click.option("--lab", is_flag=True, help="Share it with everybody who has an account here.")
def new(
    *,
    name: str,
    home: Path | None,
    words: str,
    query: str,
    likes: tuple[str, ...],
    file: BinaryIO | None,
    author: str | None,
    library: bool,
    lab: bool,
) -> None:
    """Make an interest called NAME, of words, a search, papers, or all of these."""
    with opened(home) as catalog:
        me = catalog.owner()
        gathered: list[Gathered] = []
        if file is not None:
            gathered.append(catalog.papers_in(me, file))
        if author is not None:
            gathered.append(catalog.papers_by(me, author))
        if library:
            gathered.append(catalog.papers_of_library(me))
        found = [paper.key for some in gathered for paper in some.papers]
        visibility = "lab" if lab else "private"
        made = catalog.make_interest(
            me, name, words=words, query=query, likes=[*likes, *dict.fromkeys(found)], visibility=visibility
        )
    click.echo(f"{made.name!r} is interest number {made.id}, with {_papers(made.liked)} liked.")
    _tell_missing([title for some in gathered for title in some.missing])


@interest.command("list")
@HOME
@_JSON
def list_(home: Path | None, as_json: bool) -> None:
    """List your interests."""
    from tidings.cli.output import print_json
    from tidings.export import to_json

    with opened(home) as catalog:
        own, others = catalog.interests(catalog.owner())
    if as_json:
        print_json([to_json(each) for each in [*own, *others]])
    else:
        _print_interests([*own, *others])


@interest.command("show")
@click.argument("name")
@HOME
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many papers.")
@_JSON
def show(name: str, home: Path | None, limit: int, as_json: bool) -> None:
    """Show an interest and what you said in it, the latest first."""
    from tidings.cli.output import cell, console, print_json, table
    from tidings.export import to_json
    from tidings.plain import plain

    with opened(home) as catalog:
        me = catalog.owner()
        found = catalog.interest(me, name)
        examples, count = catalog.examples(me, name, limit=limit)
    if as_json:
        said = [{"paper": to_json(p), "verdict": _word(e.verdict), "at": e.at} for p, e in examples]
        print_json({**to_json(found), "examples": said})
        return
    _print_interests([found])
    shown = table("", "title", "said on!", "id")
    for paper, example in examples:
        row = _word(example.verdict), cell(plain(paper.title)), f"{example.at:%Y-%m-%d}", cell(paper.key, "cyan")
        shown.add_row(*row)
    console().print(shown)
    console().print(f"{len(examples)} of {_papers(count)}", style="dim")


@interest.command("like")
@click.argument("ids", nargs=-1, required=True)
@HOME
@_IN
def like(ids: tuple[str, ...], home: Path | None, interest: str | None) -> None:
    """Like papers: feeds show more like them. Without any interest, "My papers" is made."""
    with opened(home) as catalog:
        me = catalog.owner()
        for one in ids:
            click.echo(f"liked in {catalog.like(me, one, interest).name!r}: {one}")


@interest.command("dismiss")
@click.argument("ids", nargs=-1, required=True)
@HOME
@_IN
def dismiss(ids: tuple[str, ...], home: Path | None, interest: str | None) -> None:
    """Dismiss papers: no feed shows them, and less like them."""
    with opened(home) as catalog:
        me = catalog.owner()
        for one in ids:
            click.echo(f"dismissed in {catalog.dismiss(me, one, interest).name!r}: {one}")


@interest.command("undo")
@click.argument("name")
@HOME
def undo(name: str, home: Path | None) -> None:
    """Undo the last step in an interest."""
    with opened(home) as catalog:
        for paper, verdict in catalog.undo_last(catalog.owner(), name):
            click.echo(f"no longer {_word(verdict)}: {paper.key}")


@interest.command("reset")
@click.argument("name")
@click.option("--to", "day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="How it was when this day ended.")
@HOME
def reset(name: str, day: datetime, home: Path | None) -> None:
    """Bring back what had been said in an interest by the end of a day. One undo takes that back."""
    with opened(home) as catalog:
        for paper, verdict in catalog.reset_interest(catalog.owner(), name, day.date()):
            click.echo(f"{_word(verdict)} again: {paper.key}")


@interest.command("remove")
@click.argument("name")
@HOME
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, home: Path | None, yes: bool) -> None:
    """Remove an interest and all that was said in it, for ever."""
    if not yes:
        click.confirm(f"Remove the interest {name!r} and everything in it?", abort=True)
    with opened(home) as catalog:
        catalog.remove_interest(catalog.owner(), name)
    click.echo(f"{name!r} is removed.")


@interest.command("export")
@click.argument("name")
@HOME
def export(name: str, home: Path | None) -> None:
    """Print an interest as JSON, to take it to another installation."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        print_json(catalog.export_interest(catalog.owner(), name))


@interest.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--name", help="Another name than the one in the file.")
@HOME
def import_(file: IO[bytes], name: str | None, home: Path | None) -> None:
    """Make an interest of an exported FILE (- is standard input). Papers that are not here wait in it."""
    try:
        data = msgspec.json.decode(file.read(), type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"that is not an exported interest: {error}") from error
    with opened(home) as catalog:
        made, missing = catalog.import_interest(catalog.owner(), data, name=name)
    click.echo(f"{made.name!r} is interest number {made.id}, with {_papers(made.liked)} liked.")
    _tell_missing(missing)


@interest.command("look-again")
@click.argument("name")
@HOME
def look_again(name: str, home: Path | None) -> None:
    """Take in the papers of an imported interest that have come since."""
    with opened(home) as catalog:
        found, missing = catalog.look_again(catalog.owner(), name)
    click.echo(f"{found.name!r} has {_papers(found.liked)} liked.")
    _tell_missing(missing)


# --- what is printed ---


def _papers(count: int) -> str:
    return f"{count:,} paper{'' if count == 1 else 's'}"


def _word(verdict: int) -> str:
    return {1: "liked", -1: "dismissed", 0: "not judged"}[verdict]


def _tell_missing(missing: Sequence[str]) -> None:
    from tidings.cli.output import visible

    if missing:
        click.echo(f"{_papers(len(missing))} not in the archive:", err=True)
        for title in missing:
            click.echo(f"  {visible(title)}", err=True)


def _print_interests(interests: Sequence[Interest]) -> None:
    from tidings.cli.output import cell, console, table

    shown = table("number>", "name", "words", "query", "liked>", "dismissed>", "seen by")
    for each in interests:
        name, words, query = (cell(text) for text in (each.name, each.words, each.query))
        seen_by = "the lab" if each.visibility == "lab" else "you"
        shown.add_row(str(each.id), name, words, query, str(each.liked), str(each.dismissed), seen_by)
    console().print(shown if interests else "No interest yet; `tidings interest new NAME --words …` makes one.")
