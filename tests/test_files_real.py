"""Real files, read whole: the counts are known, so a paper lost or invented is seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tidings.sources import FileReader
from tidings.types import Record, Refusal


def count(path: Path) -> tuple[Counter[str], list[Refusal]]:
    """Return records by source, and the refusals."""
    records: Counter[str] = Counter()
    refusals: list[Refusal] = []
    reader = FileReader(path)
    for outcome in reader:
        if isinstance(outcome, Record):
            records[outcome.source] += 1
        else:
            refusals.append(outcome)
    assert reader.read_bytes == reader.total_bytes
    return records, refusals


@pytest.mark.parametrize(
    ("name", "source", "papers"),
    [
        ("papers/arxiv_cs.jsonl.xz", "arxiv", 65_681),
        ("papers/arxiv_math.jsonl.xz", "arxiv", 63_047),
        ("papers/huggingface_daily.tar.xz", "huggingface", 7_414),
        ("protocols/papers_page_dated.txt", "listing", 72),
        ("protocols/papers_page_search.txt", "listing", 197),
        ("sample_papers.jsonl", "sample", 338),
    ],
)
def test_every_paper_of_a_real_file_is_read(shared_data: Path, name: str, source: str, papers: int) -> None:
    assert count(shared_data / name) == ({source: papers}, [])


@pytest.mark.slow
def test_every_paper_of_the_anthology_is_read(shared_data: Path) -> None:
    assert count(shared_data / "papers" / "acl_anthology_xml.tar.xz") == ({"acl": 108_962}, [])


def test_of_the_proceedings_only_lines_without_title_are_refused(shared_data: Path) -> None:
    records, refusals = count(shared_data / "papers" / "conference_papers.jsonl.xz")
    assert records == {"proceedings": 95_562}
    assert [refusal.reason for refusal in refusals] == ["no title"] * 90


def test_the_exports_of_reference_managers_are_read(shared_data: Path) -> None:
    """751 files of BibTeX alone, many of them written to break readers: of 24,424 entries 25 are no BibTeX."""
    records, refusals = count(shared_data / "protocols" / "samples.tar.xz")
    assert records["bibtex"] >= 24_070 and records["ris"] >= 35 and records["zotero"] >= 1_900
    broken = [refusal for refusal in refusals if refusal.source == "bibtex" and refusal.reason != "no title"]
    assert len(broken) <= 25
