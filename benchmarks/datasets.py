"""The judged sets under the shared data, all in one shape: papers, queries, grades.

The folder is TIDINGS_SHARED_DATA, by default `../shared/data` beside the repository. Nothing here is ever
trained on.
"""

import ast
import csv
import json
import lzma
import re
import sys
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lxml import etree, html

from benchmarks.tables import DATA as SHARED_DATA

_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
csv.field_size_limit(sys.maxsize)


class AbsentError(Exception):
    """The shared data is not on this machine."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged set. Papers and queries are (title, abstract); a query without a title is words alone.

    ``grades[q]`` names the graded papers of query q by their place in ``papers``. ``candidates[q]``, where
    present, are the only papers that query ranks.
    """

    name: str
    metric: str
    papers: list[tuple[str, str]]
    queries: list[tuple[str, str]]
    grades: list[dict[int, float]]
    candidates: list[list[int]] | None = None
    notes: list[str] = field(default_factory=list)


def plain(text: str | None) -> str:
    """Return the text on one line with single blanks."""
    return _SPACE.sub(" ", text or "").strip()


def title_key(title: str) -> str:
    """Return what two spellings of one title have in common."""
    return _NOT_WORD.sub("", title.lower())


def shared(*parts: str) -> Path:
    """Return a path in the shared data, refusing where it is absent."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.exists():
        raise AbsentError(f"{path} is absent; set TIDINGS_SHARED_DATA")
    return path


def json_lines(path: Path) -> Iterator[dict]:
    """Yield the objects of JSON lines, xz-compressed or not."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def csfcube() -> Judged:
    """Return the expert-graded query papers by facet, each with its own candidates."""
    papers: dict[str, int] = {}
    texts: list[tuple[str, str]] = []
    queries, grades, candidates, notes = [], [], [], []
    for row in json_lines(shared("similar", "csfcube.jsonl.xz")):
        own = []
        graded = {}
        for candidate in row["candidates"]:
            place = papers.setdefault(candidate["id"], len(papers))
            if place == len(texts):
                texts.append((plain(candidate["title"]), plain(candidate["abstract"])))
            own.append(place)
            graded[place] = float(candidate["relevance"])
        queries.append((plain(row["query"]["title"]), plain(row["query"]["abstract"])))
        grades.append(graded)
        candidates.append(own)
        notes.append(row["facet"])
    return Judged("CSFCube", "ndcg%20", texts, queries, grades, candidates, notes)


def scifact() -> Judged:
    """Return scientific claims and the papers that are evidence on them (the 300 claims of the validation part)."""
    places: dict[str, int] = {}
    texts = []
    with lzma.open(shared("search", "scifact", "corpus_train.csv.xz"), "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            places[row["doc_id"]] = len(texts)
            texts.append((plain(row["title"]), plain(_numpy_strings(row["abstract"]))))
    claims: dict[str, str] = {}
    grades: dict[str, dict[int, float]] = defaultdict(dict)
    with shared("search", "scifact", "claims_validation.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            claims[row["id"]] = plain(row["claim"])
            for cited in re.findall(r"\d+", row["cited_doc_ids"]):
                grades[row["id"]][places[cited]] = 1.0
    kept = [claim for claim in claims if grades[claim]]
    return Judged("SciFact", "ndcg@10", texts, [("", claims[key]) for key in kept], [grades[key] for key in kept])


def _numpy_strings(text: str) -> str:
    """Return the sentences of a printed array of strings as one text."""
    found = re.findall(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", text, re.DOTALL)
    return " ".join(str(ast.literal_eval(part.replace("\n", " "))) for part in found) or text


def cacm() -> Judged:
    """Return CACM: papers of 1958 to 1979, mostly titles alone, and 52 questions that have an answer."""
    texts: list[tuple[str, str]] = []
    places: dict[str, int] = {}
    with tarfile.open(shared("search", "cacm", "cacm.tar.gz")) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith(".html") else None
            if content is None:
                continue
            body = html.fromstring(content.read().decode("latin-1")).text_content()
            blocks = [plain(block) for block in re.split(r"\n\s*\n", body.strip()) if block.strip()]
            places[Path(member.name).stem] = len(texts)
            texts.append((blocks[0], _cacm_abstract(blocks[1:])))
    topics = shared("search", "cacm", "topics.cacm.txt").read_text(encoding="latin-1")
    numbers = re.findall(r"<DOCNO>\s*(\d+)\s*</DOCNO>(.*?)</DOC>", topics, re.DOTALL)
    rows = [
        line.split() for line in shared("search", "cacm", "qrels.cacm.txt").read_text().splitlines() if line.strip()
    ]
    return _from_rows("CACM", texts, places, numbers, [(row[0], row[2], float(row[3])) for row in rows])


def _cacm_abstract(blocks: list[str]) -> str:
    ends = next((place for place, block in enumerate(blocks) if block.startswith("CACM ")), len(blocks))
    return " ".join(blocks[:ends])


def cisi() -> Judged:
    """Return CISI: papers on library science and questions of a sentence or a paragraph."""
    with lzma.open(shared("search", "cisi", "CISI.ALL.xz"), "rt", encoding="latin-1") as lines:
        records = re.split(r"^\.I ", lines.read(), flags=re.MULTILINE)[1:]
    texts, places = [], {}
    for record in records:
        number, parts = _dotted(record)
        places[number] = len(texts)
        texts.append((plain(parts.get("T")), plain(parts.get("W"))))
    asked = re.split(r"^\.I ", shared("search", "cisi", "CISI.QRY").read_text(encoding="latin-1"), flags=re.MULTILINE)
    numbers = [(number, parts.get("W", "")) for number, parts in map(_dotted, asked[1:])]
    rows = [line.split() for line in shared("search", "cisi", "CISI.REL").read_text().splitlines() if line.strip()]
    return _from_rows("CISI", texts, places, numbers, [(row[0], row[1], 1.0) for row in rows])


def _dotted(record: str) -> tuple[str, dict[str, str]]:
    """Return the number and the parts of one record in SMART's format."""
    head, *parts = re.split(r"^\.([A-Z])[ \t]*$", record, flags=re.MULTILINE)
    return head.strip(), dict(zip(parts[::2], parts[1::2], strict=False))


def cranfield() -> Judged:
    """Return Cranfield: papers on aerodynamics and 225 questions, numbered in their order for the judgements."""
    folder = ("search", "cranfield")
    parser = etree.XMLParser(recover=True)
    with lzma.open(shared(*folder, "cran.all.1400.xml.xz")) as content:
        tree = etree.fromstring(b"<all>" + re.sub(rb"<\?xml[^>]*\?>", b"", content.read()) + b"</all>", parser)
    texts, places = [], {}
    for paper in tree.iter("doc"):
        title = plain(paper.findtext("title"))
        body = plain(paper.findtext("text"))
        places[(paper.findtext("docno") or "").strip()] = len(texts)
        texts.append((title, body.removeprefix(title).strip()))
    asked = etree.fromstring(shared(*folder, "cran.qry.xml").read_bytes(), parser)
    numbers = [(str(order), plain(top.findtext("title"))) for order, top in enumerate(asked.iter("top"), 1)]
    rows = [line.split() for line in shared(*folder, "cranqrel.trec.txt").read_text().splitlines() if line.strip()]
    graded = [(row[0], row[2], float(row[3])) for row in rows]
    return _from_rows("Cranfield", texts, places, numbers, graded)


def _from_rows(
    name: str,
    texts: list[tuple[str, str]],
    places: dict[str, int],
    numbers: list[tuple[str, str]],
    rows: list[tuple[str, str, float]],
) -> Judged:
    grades: dict[str, dict[int, float]] = defaultdict(dict)
    for query, paper, grade in rows:
        if grade > 0 and paper in places:
            grades[query][places[paper]] = grade
    kept = [(plain(text), grades[number]) for number, text in numbers if grades[number]]
    return Judged(name, "ndcg@10", texts, [("", text) for text, _ in kept], [graded for _, graded in kept])


def s2_sample() -> Judged:
    """Return 100 queries of a scientific search engine with ten candidates each and the clicks on them."""
    texts, queries, grades, candidates = [], [], [], []
    for row in json_lines(shared("search", "s2_search_sample.jsonl.xz")):
        own = list(range(len(texts), len(texts) + len(row["candidates"])))
        texts += [(plain(paper["title"]), plain(paper["abstract"])) for paper in row["candidates"]]
        queries.append(("", plain(row["query"])))
        grades.append({place: float(paper["score"]) for place, paper in zip(own, row["candidates"], strict=True)})
        candidates.append(own)
    return Judged("S2 sample", "ndcg@10", texts, queries, grades, candidates)


@dataclass(frozen=True, slots=True)
class Archive:
    """All papers of the shared data, each title once; ``arxiv`` finds a place by arXiv id."""

    papers: list[tuple[str, str]]
    sources: list[str]
    titles: dict[str, int]
    arxiv: dict[str, int]


@cache
def archive() -> Archive:
    """Return the union of conferences, arXiv and the ACL Anthology, with papers that have no abstract too."""
    papers: list[tuple[str, str]] = []
    sources: list[str] = []
    titles: dict[str, int] = {}
    arxiv: dict[str, int] = {}
    for source, paper_id, title, abstract in _all_papers():
        key = title_key(title)
        if not key:
            continue
        place = titles.setdefault(key, len(papers))
        if place == len(papers):
            papers.append((title, abstract))
            sources.append(source)
        elif len(abstract) > len(papers[place][1]):
            papers[place] = (papers[place][0], abstract)
        if paper_id:
            arxiv.setdefault(paper_id, place)
    return Archive(papers, sources, titles, arxiv)


def _all_papers() -> Iterator[tuple[str, str, str, str]]:
    """Yield (source, arXiv id or empty, title, abstract)."""
    for row in json_lines(shared("papers", "conference_papers.jsonl.xz")):
        number = re.search(r"\d{4}\.\d{4,5}", row.get("arxiv") or "")
        yield "conference", number[0] if number else "", plain(row.get("title")), plain(row.get("abstract"))
    for name in ("arxiv_cs", "arxiv_math"):
        for row in json_lines(shared("papers", f"{name}.jsonl.xz")):
            yield name, row["id"], plain(row.get("title")), plain(row.get("abstract"))
    with tarfile.open(shared("papers", "acl_anthology_xml.tar.xz"), "r:xz") as files:
        for member in files:
            content = files.extractfile(member) if member.name.endswith(".xml") else None
            if content is not None:
                for paper in etree.parse(content, etree.XMLParser(resolve_entities=False, recover=True)).iter("paper"):
                    yield "acl", "", _inner_text(paper.find("title")), _inner_text(paper.find("abstract"))


def _inner_text(element: etree._Element | None) -> str:
    return "" if element is None else plain("".join(element.itertext()))


def autoscholarquery() -> Judged:
    """Return research questions over the whole archive; gold from citations, found by arXiv id or title."""
    pool = archive()
    queries, grades = [], []
    for row in json_lines(shared("search", "autoscholarquery.jsonl")):
        found = {pool.arxiv[number]: 1.0 for number in row["answer_arxiv_id"] if number in pool.arxiv}
        keys = [title_key(title) for title in row["answer"]]
        found |= {pool.titles[key]: 1.0 for key in keys if key in pool.titles}
        if found:
            queries.append(("", plain(row["question"])))
            grades.append(found)
    return Judged("AutoScholarQuery", "recall@10", pool.papers, queries, grades)


def own_words(*, everywhere: bool = True) -> Judged:
    """Return one-sentence descriptions in our own words, each of one paper, as known-item queries.

    The pool is every paper of the archive, or the conference papers alone.
    """
    pool = archive()
    kept = [place for place, source in enumerate(pool.sources) if everywhere or source == "conference"]
    new_place = {place: number for number, place in enumerate(kept)}
    queries, grades = [], []
    for row in json_lines(shared("sample_papers.jsonl")):
        place = pool.titles.get(title_key(row["title"]))
        if place in new_place and pool.papers[place][1]:
            queries.append(("", plain(row["summary"])))
            grades.append({new_place[place]: 1.0})
    name = "own words, archive" if everywhere else "own words, conferences"
    return Judged(name, "mrr", [pool.papers[place] for place in kept], queries, grades)


def author_summaries() -> Judged:
    """Return the one-sentence summaries that authors gave their own papers, as known-item queries over all papers."""
    pool = archive()
    queries, grades = [], []
    for row in json_lines(shared("papers", "conference_papers.jsonl.xz")):
        place = pool.titles.get(title_key(plain(row.get("title"))))
        if place is not None and len(plain(row.get("tldr"))) > 30:
            queries.append(("", plain(row["tldr"])))
            grades.append({place: 1.0})
    return Judged("author summaries", "mrr", pool.papers, queries, grades)


SMALL = (csfcube, scifact, cacm, cisi, cranfield, s2_sample)
