"""The commands. Each opens the catalog, calls one of its methods and prints the answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TextIO, TypeVar

import click

from tidings.errors import InputError, SourceError

if TYPE_CHECKING:
    from tidings.catalog import Catalog, Progress

INTERRUPTED = 130  # as shells say of Control-C

Command = TypeVar("Command", bound=Callable[..., object])

HOME = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that holds the archive. Also TIDINGS_HOME.",
)
_LIMIT = click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many.")


def _style(command: Command) -> Command:
    as_json = click.option("--json", "style", flag_value="json", help="For programs.")
    as_bibtex = click.option("--bibtex", "style", flag_value="bibtex", help="For reference managers.")
    as_table = click.option("--table", "style", flag_value="table", default=True, help="For people (the default).")
    return as_table(as_json(as_bibtex(command)))


@contextmanager
def opened(home: Path | None) -> Iterator[Catalog]:
    from tidings.catalog import open as open_catalog

    with open_catalog(home) as catalog:
        yield catalog


class Interrupted(click.ClickException):
    """Control-C, said in one line."""

    exit_code = INTERRUPTED

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"\rtidings: {self.message}" if sys.stderr.isatty() else f"tidings: {self.message}", file, err=True)


class _Interruptible(click.Group):
    """Commands that may be interrupted: everything stored is kept, and adding again goes on from there."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted; what was stored before is kept") from error
        except BrokenPipeError:
            context.exit(0)  # the rest of the output has no reader; click would call it a failure


@click.group(cls=_Interruptible, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tidings")
def cli() -> None:
    """Tidings reads what the research world publishes, and finds what matters to you.

    \b
    tidings add papers.jsonl.xz library.bib     put papers into the archive
    tidings sync                                take what was published since the last time
    tidings search low-rank adaptation          find papers by a few words
    tidings similar arxiv:2106.09685            find papers like one you know
    tidings serve                               read it all in the browser
    """


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(readable=False, path_type=Path, allow_dash=True))
@HOME
@click.option("--quiet", is_flag=True, help="No progress bar.")
def add(files: tuple[Path, ...], home: Path | None, quiet: bool) -> None:
    """Put papers from FILES into the archive. A folder means every file in it; - means standard input.

    What a file holds is seen from its content: arXiv metadata, Daily Papers JSON, ACL Anthology XML, conference JSON
    lines, BibTeX, RIS, Zotero CSV, saved trending pages; compressed (xz, gz, bz2, zip) and tar archives too.
    Adding a file twice changes nothing.
    """
    from tidings.cli.output import print_report

    stdin = sys.stdin.buffer
    inputs: list[Path | BinaryIO] = [stdin if str(file) == "-" else file for file in files]
    with opened(home) as catalog, _progress(quiet) as progress:
        report = catalog.add(inputs, progress=progress)
    print_report(report)
    if report.failed:
        sys.exit(SourceError.exit_status)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from tidings.cli.output import visible

    errors = Console(stderr=True)
    if quiet or not errors.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(name: str, done: int, total: int | None) -> None:
            bar.update(task, description=visible(name[-40:]), completed=done, total=total)

        yield show


@cli.command()
@click.argument("words", nargs=-1, required=True)
@HOME
@_LIMIT
@click.option("--sort", type=click.Choice(["relevance", "newest"]), default="relevance", show_default=True)
@_style
def search(words: tuple[str, ...], home: Path | None, limit: int, sort: str, style: str) -> None:
    """Find papers by WORDS: a few words, a sentence or a whole abstract (- reads standard input).

    \b
    "exact phrase"   -not   (this OR that)   title:lora   author:hinton
    year:2023..2025  date:2025-03..  category:cs.CL  venue:iclr  has:code
    """
    from tidings.cli.output import print_page

    text = sys.stdin.read() if words == ("-",) else " ".join(words)
    with opened(home) as catalog:
        print_page(catalog.search(text, limit=limit, sort=sort), style)


@cli.command()
@click.argument("ids", nargs=-1)
@click.option("--text", "file", type=click.File("r", encoding="utf-8", errors="replace"), help="A text; - for stdin.")
@HOME
@_LIMIT
@_style
def similar(ids: tuple[str, ...], file: TextIO | None, home: Path | None, limit: int, style: str) -> None:
    """Find papers like the papers with these IDS (arxiv:2106.09685, a DOI, an address), or like a text."""
    from tidings.cli.output import print_page

    text = file.read() if file else None
    if not ids and not text:
        raise InputError("name at least one paper, or give a text with --text FILE")
    with opened(home) as catalog:
        print_page(catalog.similar(ids, text=text, limit=limit), style)


@cli.command()
@click.argument("paper_id", metavar="ID")
@HOME
@_style
def show(paper_id: str, home: Path | None, style: str) -> None:
    """Show one paper, its sources, why they are the same paper, and what its sources changed."""
    from tidings.cli.output import print_paper

    with opened(home) as catalog:
        print_paper(catalog.paper(paper_id), catalog.records(paper_id), catalog.revisions(paper_id), style)


@cli.command()
@click.argument("record_id", type=int)
@HOME
def split(record_id: int, home: Path | None) -> None:
    """Undo a merge: give the record with that number (see `tidings show`) a paper of its own."""
    with opened(home) as catalog:
        paper = catalog.split(record_id)
    click.echo(f"record {record_id} is now a paper of its own: paper:{paper.id}")


@cli.command()
@HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def stats(home: Path | None, as_json: bool) -> None:
    """Say what the archive holds."""
    from tidings.cli.output import print_json, print_stats

    with opened(home) as catalog:
        (print_json if as_json else print_stats)(catalog.stats())


@cli.command()
@HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--rebuild", is_flag=True, help="Make the index again from the store first.")
def doctor(home: Path | None, as_json: bool, rebuild: bool) -> None:
    """Check the archive; exit 1 when something is wrong. A lagging index is brought up to date."""
    from tidings.cli.output import print_checks, print_json

    with opened(home) as catalog:
        if rebuild:
            catalog.rebuild()
        catalog.catch_up()
        checks = catalog.doctor(thorough=True)
    (print_json if as_json else print_checks)(checks)
    if not all(check.ok for check in checks):
        sys.exit(1)


@cli.group()
def quarantine() -> None:
    """What was refused, and why."""


@quarantine.command("list")
@HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def quarantine_list(home: Path | None, as_json: bool) -> None:
    """List what was refused."""
    from tidings.cli.output import print_json, print_quarantine

    with opened(home) as catalog:
        refusals = catalog.quarantine()
    if as_json:
        print_json([{"id": r.id, "source": r.source, "where": r.where, "reason": r.reason} for r in refusals])
    else:
        print_quarantine(refusals)


@quarantine.command("show")
@click.argument("number", type=int)
@HOME
def quarantine_show(number: int, home: Path | None) -> None:
    """Show the text that was refused."""
    from tidings.cli.output import visible

    with opened(home) as catalog:
        refusal = catalog.refused(number)
    for line in (f"{refusal.where}: {refusal.reason}", *refusal.raw.decode(errors="replace").splitlines()):
        click.echo(visible(line))


@quarantine.command("retry")
@click.argument("numbers", nargs=-1, type=int)
@HOME
def quarantine_retry(numbers: tuple[int, ...], home: Path | None) -> None:
    """Read refused texts again: all, or those with the NUMBERS. What is understood now enters the archive."""
    from tidings.cli.output import print_report

    with opened(home) as catalog:
        print_report(catalog.retry(numbers))


@cli.command()
@HOME
@click.option("--host", help="The address to serve at. Also TIDINGS_HOST.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to serve at. Also TIDINGS_PORT.")
@click.option("--sample", is_flag=True, help="Load the sample archive first when the home folder is empty.")
def serve(home: Path | None, host: str | None, port: int | None, sample: bool) -> None:
    """Serve the pages and the API, and take what the sources publish as it comes due."""
    # a process has a core: further threads of linear algebra would only spin for it, at twice the processor time a feed
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tidings.web.serve import run

    with opened(home) as catalog:
        if sample and catalog.add_sample():
            click.echo("The archive was empty; the sample archive is loaded.")
        with suppress(KeyboardInterrupt):  # the ordinary way to end it
            run(catalog, host=host, port=port)
