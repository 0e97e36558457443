"""Run the benchmarks: ``python -m benchmarks`` runs all, ``python -m benchmarks merge search`` some."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = (
    "add",
    "merge",
    "search",
    "scale",
    "pages",
    "cold_start",
    "quality",
    "sync",
    "trending",
    "digest",
    "gists",
    "feeds",
    "feeds_promises",
    "tags",
    "topics",
    "map",
)


def main() -> None:
    """Run those named, or all."""
    names = sys.argv[1:] or NAMES
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    for name in names:
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":  # a process that one of them begins reads this again
    main()
