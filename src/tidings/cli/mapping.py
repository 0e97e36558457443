"""The map, on the command line: drawing it, and a picture of it without a browser."""

from __future__ import annotations

from pathlib import Path

import click

from tidings.cli.commands import HOME, cli, opened
from tidings.errors import InputError, NotFoundError

_FILE = click.Path(dir_okay=False, path_type=Path)


@cli.command(name="map")
@HOME
@click.option("--png", type=_FILE, help="Write a picture of points.")
@click.option("--svg", type=_FILE, help="Write a picture with the names of topics.")
@click.option("--size", type=click.IntRange(200, 8000), default=1600, show_default=True, help="Pixels a side.")
@click.option("--dark", is_flag=True, help="Light on dark.")
@click.option("--anew", is_flag=True, help="Lay out all papers anew, beginning with where they are.")
def draw_map(*, home: Path | None, png: Path | None, svg: Path | None, size: int, dark: bool, anew: bool) -> None:
    """Bring the map of all papers up to date, and write a picture of it.

    \b
    tidings map
    tidings map --svg map.svg --png map.png --dark

    Papers that are on the map stay where they are; new ones stand amid their neighbours.
    """
    from tidings.catalog.map_picture import as_png, as_svg
    from tidings.cli.output import console

    out = console()
    with opened(home) as catalog:
        report = catalog.draw_map(anew=anew, progress=lambda what: out.print(what, style="dim"))
        sheet = catalog.map_sheet()
    if sheet is None:
        raise NotFoundError("the map was removed meanwhile; draw it once more")
    out.print(f"{report.papers:,} papers on the map, {report.placed:,} of them new, in {report.seconds:.1f} s")
    for path, picture in ((png, as_png), (svg, as_svg)):
        if path is not None:
            try:
                path.write_bytes(picture(sheet, size, dark))
            except OSError as error:
                raise InputError(f"{path} cannot be written: {error.strerror}") from error
