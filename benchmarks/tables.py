"""What every benchmark ends with: a table on the screen, and the same in results/ with its date and commit."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
DATA = Path(os.environ.get("TIDINGS_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table with padded columns."""
    cells = [[str(value) for value in row] for row in (columns, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def publish(name: str, question: str, *parts: str) -> None:
    """Print the answer to a question, and keep it as results/<name>.md."""
    text = "\n\n".join((f"# {question}", *parts))
    print(text + "\n", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(f"{text}\n\n{_origin()}\n")


def _origin() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    cores = os.cpu_count()
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} at commit {commit.stdout.strip() or 'unknown'}, Python "
        f"{platform.python_version()}, {platform.machine()}, {cores} cores."
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
