"""Read the papers the encoder learns from: one record per paper, doubles removed.

Run as a script to write `corpus.jsonl` into the working folder:

    python -m training.corpus /tmp/encoder
"""

import json
import lzma
import os
import random
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path

from lxml import etree

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = Path(os.environ.get("TIDINGS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
SEED = 7
MATH_SHARE = 3  # one paper in three of arXiv math: its abstracts are mostly of one category
SHORTEST_ABSTRACT = 80
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class TrainingPaper:
    """One paper as the training sees it; keywords and summary are what people and machines said of it."""

    source: str
    id: str
    title: str
    abstract: str
    authors: list[str] = field(default_factory=list)
    keywords: str = ""
    summary: str = ""

    @property
    def text(self) -> str:
        """Return title and abstract in the form every encoder of Tidings reads."""
        return f"{self.title}\n{self.abstract}"


def plain(text: str | None) -> str:
    """Return the text on one line with single blanks; empty for none."""
    return _SPACE.sub(" ", text or "").strip()


def title_key(title: str) -> str:
    """Return what two spellings of one title have in common."""
    return _NOT_WORD.sub("", title.lower())


def json_lines(path: Path) -> Iterator[dict]:
    """Yield the objects of an xz-compressed file of JSON lines."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def conference_papers() -> Iterator[TrainingPaper]:
    """Yield the proceedings' papers, with keywords and area where the venue states them."""
    for row in json_lines(SHARED_DATA / "papers" / "conference_papers.jsonl.xz"):
        yield TrainingPaper(
            source="conference",
            id=f"{row['src']}/{row.get('id') or row.get('title')}",
            title=plain(row.get("title")),
            abstract=plain(row.get("abstract")),
            authors=[name.strip() for name in (row.get("author") or "").split(";") if name.strip()],
            keywords=plain((row.get("keywords") or "").replace(";", ", ")),
        )


def arxiv_papers(name: str) -> Iterator[TrainingPaper]:
    """Yield the papers of one arXiv listing; they state no keywords."""
    for row in json_lines(SHARED_DATA / "papers" / f"arxiv_{name}.jsonl.xz"):
        yield TrainingPaper(
            source=name,
            id=row["id"],
            title=plain(row.get("title")),
            abstract=plain(row.get("abstract")),
            authors=row.get("authors") or [],
        )


def anthology_papers() -> Iterator[TrainingPaper]:
    """Yield the ACL Anthology's papers; markup inside titles and abstracts is read as text."""
    with tarfile.open(SHARED_DATA / "papers" / "acl_anthology_xml.tar.xz", "r:xz") as archive:
        for member in archive:
            if not member.name.endswith(".xml"):
                continue
            content = archive.extractfile(member)
            if content is None:
                continue
            tree = etree.parse(content, etree.XMLParser(resolve_entities=False, recover=True))
            for volume in tree.iter("volume"):
                for paper in volume.iter("paper"):
                    yield _anthology_paper(paper, f"{Path(member.name).stem}-{volume.get('id')}")


def _anthology_paper(paper: etree._Element, volume: str) -> TrainingPaper:
    authors = [" ".join(plain("".join(part.itertext())) for part in author) for author in paper.findall("author")]
    return TrainingPaper(
        source="acl",
        id=f"{volume}.{paper.get('id')}",
        title=_element_text(paper.find("title")),
        abstract=_element_text(paper.find("abstract")),
        authors=authors,
    )


def _element_text(element: etree._Element | None) -> str:
    return "" if element is None else plain("".join(element.itertext()))


def machine_summaries() -> dict[str, str]:
    """Return the one-sentence summaries a daily list of papers shows, by title; damaged days are left out."""
    summaries = {}
    with tarfile.open(SHARED_DATA / "papers" / "huggingface_daily.tar.xz", "r:xz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            try:
                day = json.load(content) if content else []
            except ValueError:
                continue
            for entry in day if isinstance(day, list) else []:
                paper = entry.get("paper") if isinstance(entry, dict) else None
                if isinstance(paper, dict):
                    summaries[title_key(paper.get("title") or "")] = plain(paper.get("ai_summary"))
    return summaries


def deduplicated(papers: Iterator[TrainingPaper]) -> Iterator[TrainingPaper]:
    """Yield each title once, the first record that has an abstract."""
    seen = set()
    for paper in papers:
        key = title_key(paper.title)
        if key and key not in seen and len(paper.abstract) >= SHORTEST_ABSTRACT:
            seen.add(key)
            yield paper


def training_papers() -> list[TrainingPaper]:
    """Return all papers, shuffled, mathematics last, so that any prefix is a fair sample."""
    summaries = machine_summaries()
    everything = chain(conference_papers(), arxiv_papers("cs"), anthology_papers(), arxiv_papers("math"))
    papers = [replace(paper, summary=summaries.get(title_key(paper.title), "")) for paper in deduplicated(everything)]
    shuffle = random.Random(SEED).shuffle
    mathematics = [paper for paper in papers if paper.source == "math"]
    others = [paper for paper in papers if paper.source != "math"]
    shuffle(mathematics)
    shuffle(others)
    return others + mathematics[: len(mathematics) // MATH_SHARE]


def main(folder: Path) -> None:
    """Write the papers as JSON lines and say how many each source gave."""
    folder.mkdir(parents=True, exist_ok=True)
    papers = training_papers()
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as lines:
        for paper in papers:
            lines.write(json.dumps(asdict(paper), ensure_ascii=False) + "\n")
    for source in ("conference", "cs", "acl", "math"):
        print(source, sum(paper.source == source for paper in papers))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
