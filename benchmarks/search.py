"""How long does a search take, beside what a user would pick instead, on the same papers and the same queries?"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tidings
from benchmarks.tables import DATA, percentile, publish, table
from tidings.embed import load_default, paper_text
from tidings.plain import plain
from tidings.types import Paper

_QUERIES = 200
_FILTER = "year:2019..2023"
Search = Callable[[str], object]


def main() -> None:
    """Time Tidings, LanceDB, SQLite FTS5 and bm25s, then Tidings with filters and on 340k papers."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = _conference(home)
    columns = ("engine", "query", "p50 ms", "p99 ms", "against Tidings (p50)")
    publish(
        "search",
        "How long does a search take?",
        f"{_QUERIES} queries over the conference papers with an abstract, in process, 20 hits, one thread of queries. "
        "Titles are the words of a random paper's title; questions are people's own (AutoScholarQuery); abstracts are "
        "whole. Every engine returns the ids of its best 20; Tidings also reads the 20 papers from the store.",
        table(columns, rows),
    )


def _conference(home: Path) -> list[tuple[str, ...]]:
    with tidings.open(home / "tidings") as catalog:
        catalog.add([DATA / "papers" / "conference_papers.jsonl.xz"])
        papers = [hit.paper for hit in catalog.newest(limit=1_000_000).hits if hit.paper.abstract]
        titles, questions, abstracts = queries(papers)
        timed = [
            ("Tidings, hybrid", "titles", time_queries(catalog.search, titles)),
            ("Tidings, hybrid", "questions", time_queries(catalog.search, questions)),
            ("Tidings, hybrid, filtered", "titles", time_queries(lambda q: catalog.search(f"{q} {_FILTER}"), titles)),
            (
                "Tidings, hybrid, by author",
                "titles",
                time_queries(lambda q: catalog.search(f"{q} author:wang"), titles),
            ),
            ("Tidings, pasted abstract", "abstracts", time_queries(catalog.search, abstracts)),
        ]
    for name, make in (("LanceDB, hybrid", _lancedb), ("SQLite FTS5, OR", _fts5), ("bm25s", _bm25s)):
        search = make(papers, home)
        timed.append((name, "titles", time_queries(search, titles)))
        timed.append((name, "questions", time_queries(search, questions)))
    base = {query: percentile(ms, 0.5) for engine, query, ms in timed if engine == "Tidings, hybrid"}
    return [_row(engine, query, ms, base.get(query)) for engine, query, ms in timed]


def _row(engine: str, query: str, ms: list[float], base: float | None) -> tuple[str, ...]:
    p50 = percentile(ms, 0.5)
    ratio = f"{p50 / base:.1f} x" if base else ""
    return engine, query, f"{p50:.1f}", f"{percentile(ms, 0.99):.1f}", ratio


def queries(papers: list[Paper]) -> tuple[list[str], list[str], list[str]]:
    """Return title-like queries, people's questions and whole abstracts, the same for every engine."""
    chosen = random.Random(7).sample(papers, _QUERIES)
    lines = (DATA / "search" / "autoscholarquery.jsonl").read_text().splitlines()
    questions = [json.loads(line)["question"] for line in lines][:_QUERIES]
    return [words(paper.title) for paper in chosen], [words(q) for q in questions], [p.abstract for p in chosen]


def words(text: str) -> str:
    """Return the text as bare words, which no engine takes for syntax."""
    return " ".join("".join(c if c.isalnum() else " " for c in plain(text)).split())


def time_queries(search: Search, asked: list[str]) -> list[float]:
    """Return the milliseconds of each query, after a warm-up."""
    for query in asked[:10]:
        search(query)
    took = []
    for query in asked:
        started = time.perf_counter()
        search(query)
        took.append(1000 * (time.perf_counter() - started))
    return took


def _lancedb(papers: list[Paper], home: Path) -> Search:
    os.environ["LANCE_LOG"] = "error"  # or it writes two warnings for every query
    import lancedb
    import pyarrow

    encoder = load_default()
    vectors = encoder.encode([paper_text(p.title, p.abstract) for p in papers])
    columns = {
        "id": pyarrow.array([p.id for p in papers]),
        "text": pyarrow.array([f"{p.title}\n{p.abstract}" for p in papers]),
        "vector": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.ravel()), encoder.dimensions),
    }
    made = lancedb.connect(home / "lance").create_table("papers", pyarrow.table(columns))
    made.create_fts_index("text")
    made.create_index(metric="cosine", vector_column_name="vector")

    def search(query: str) -> object:
        vector = encoder.encode([query])[0]
        return made.search(query_type="hybrid").vector(vector).text(query).select(["id"]).limit(20).to_arrow()

    return search


def _fts5(papers: list[Paper], home: Path) -> Search:
    database = sqlite3.connect(home / "fts.db")
    database.execute("create virtual table paper using fts5(text, tokenize='porter unicode61')")
    database.executemany("insert into paper values (?)", ((f"{p.title}\n{p.abstract}",) for p in papers))
    database.commit()
    statement = "select rowid from paper where paper match ? order by rank limit 20"

    def search(query: str) -> object:
        return database.execute(statement, (" OR ".join(f'"{word}"' for word in query.split()),)).fetchall()

    return search


def _bm25s(papers: list[Paper], _: Path) -> Search:
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    texts = [f"{p.title}\n{p.abstract}" for p in papers]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stemmer=stemmer, show_progress=False), show_progress=False)

    def search(query: str) -> object:
        tokens = bm25s.tokenize(query, stemmer=stemmer, show_progress=False)
        return index.retrieve(tokens, k=20, show_progress=False)

    return search


if __name__ == "__main__":
    main()
