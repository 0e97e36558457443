"""The command line. Help that a newcomer can follow; exit statuses that scripts can trust.

0 done, 1 unexpected, 2 wrong usage or query, 3 not found, 4 a source or file not understood, 5 the store, 6 the index,
7 another process is doing it, 8 not allowed, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from tidings.cli import (  # noqa: F401 - they add their commands
    digest,
    feeds,
    interests,
    mapping,
    people,
    syncing,
    tags,
    topics,
    trending,
)
from tidings.cli.commands import INTERRUPTED, cli
from tidings.errors import QueryError, TidingsError

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line; our own errors become one sentence on stderr and their exit status."""
    _write_anything()
    try:
        _run()
    except QueryError as error:
        hint = f"\ntry: {error.suggestion}" if error.suggestion else ""
        _stop(f"{error} (at character {error.position + 1}){hint}", error.exit_status)
    except TidingsError as error:
        _stop(str(error), error.exit_status)
    except BrokenPipeError:  # `tidings search … | head` is no error
        _drop_output()
        sys.exit(0)
    except OSError as error:  # the disk that the output goes to is full, or the like
        _drop_output()
        _stop(f"{error.filename or 'the output'}: {error.strerror or error}", TidingsError.exit_status)
    except KeyboardInterrupt:
        _stop("interrupted", INTERRUPTED)


def _run() -> None:
    try:
        cli(prog_name="tidings")
    finally:
        sys.stdout.flush()  # here an error can still be answered; at the interpreter's end it cannot


def _write_anything() -> None:
    """Let a character that the terminal's alphabet lacks be written as its number instead of stopping us."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Give up on what could not be written, or the interpreter would try once more at its end and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _stop(message: str, status: int) -> None:
    from tidings.cli.output import visible

    lines = "\n".join(map(visible, message.split("\n")))
    sys.stderr.write(f"tidings: {lines}\n")
    sys.exit(status)
