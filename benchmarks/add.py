"""How fast do files become searchable, and in how much memory?"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.tables import DATA, publish, table

# A process of its own, so that its peak memory is its own.
_ADD = """
import json, resource, sys
import tidings
with tidings.open(sys.argv[1]) as catalog:
    report = catalog.add(sys.argv[2:])
    lag = catalog.lag
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([report.read, report.new, report.merged, report.quarantined, report.seconds, peak, lag]))
"""


def main() -> None:
    """Add everything under papers/, then add it all again."""
    with tempfile.TemporaryDirectory() as home:
        files = sorted(str(path) for path in (DATA / "papers").iterdir())
        rows = [_row("first", home, files), _row("again", home, files)]
        size = sum(path.stat().st_size for path in Path(home).rglob("*") if path.is_file())
    columns = ("run", "read", "new", "merged", "refused", "seconds", "records/s", "peak memory", "lag at the end")
    publish(
        "add",
        "How fast do files become searchable?",
        "Everything under papers/: parse, merge, store, encode, index; the clock stops when all of it can be found. "
        f"The home folder then holds {size / 1e6:,.0f} MB.",
        table(columns, rows),
    )


def _row(name: str, home: str, files: list[str]) -> tuple[object, ...]:
    done = subprocess.run([sys.executable, "-c", _ADD, home, *files], capture_output=True, text=True, check=True)
    read, new, merged, refused, seconds, peak, lag = json.loads(done.stdout)
    rate = f"{read / seconds:,.0f}"
    counts = (f"{value:,}" for value in (read, new, merged, refused))
    return (name, *counts, f"{seconds:.1f}", rate, f"{peak:,.0f} MB", lag)


if __name__ == "__main__":
    main()
