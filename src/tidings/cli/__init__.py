"""The command line. Help that a newcomer can follow; exit statuses that scripts can trust.

0 done, 1 unexpected, 2 wrong usage or query, 3 not found, 4 a source or file not understood, 5 the store, 6 the index.
"""

from __future__ import annotations

import sys

from tidings.cli.commands import cli
from tidings.errors import QueryError, TidingsError

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line; our own errors become one sentence on stderr and their exit status."""
    try:
        cli(prog_name="tidings")
    except QueryError as error:
        hint = f"\ntry: {error.suggestion}" if error.suggestion else ""
        _stop(f"{error} (at character {error.position + 1}){hint}", error.exit_status)
    except TidingsError as error:
        _stop(str(error), error.exit_status)
    except BrokenPipeError:  # `tidings search … | head` is no error
        sys.stderr.close()
        sys.exit(0)


def _stop(message: str, status: int) -> None:
    sys.stderr.write(f"tidings: {message}\n")
    sys.exit(status)
