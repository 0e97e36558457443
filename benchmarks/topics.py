"""Topics against the areas that conferences, the ACL Anthology and arXiv sort papers into, and against themselves.

python -m benchmarks.topics vectors     encode the papers once, into --cache
python -m benchmarks.topics agree       purity and NMI at equal numbers of groups (k-means and BERTopic: scikit-learn,
                                        bertopic and umap-learn where they are installed)
python -m benchmarks.topics stable      nights and weeks over the arXiv listing
python -m benchmarks.topics births      20 areas hidden from the first half, revealed in the second
python -m benchmarks.topics names       do names find their papers again?
python -m benchmarks.topics speed       placing a day's papers, a night, a full fit
python -m benchmarks.topics refit       a full refit with names of the archive in --cache, which it changes
"""

from __future__ import annotations

import argparse
import json
import lzma
import resource
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.topics_births import born
from tidings.rank.topics.fit import certainty, fit, leaf_count
from tidings.rank.topics.groups import nearest
from tidings.rank.topics.nightly import Night, night
from tidings.rank.topics.space import normalised, points, space_of

Vectors = NDArray[np.float32]
Labels = NDArray[np.str_]
Group = NDArray[np.int64]

CACHE = Path("/tmp/tidings-topics")
MOST = 10**9
DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "papers"
FILES = ("arxiv_cs", "conference_papers", "arxiv_math", "acl_workshops")
_OF_EVERYTHING = """
    findings lrec emnlp acl coling naacl semeval jeptalnrecital ijcnlp eacl tacl ranlp mtsummit ccl amta conll icon eamt
    aacl starsem cl nodalida alta clicit clib winlp insights rocling iwcs wnut nlp4dh gem mrl codi
"""  # venues of the ACL Anthology that are about more than one thing
_DRAWS = 200
_STARTS = 5  # times that each way is tried, with other random numbers


def main() -> None:
    """Run every part, encoding the papers first; a refit of a whole archive needs one."""
    for name, part in PARTS.items():
        if name != "refit":
            part(CACHE, MOST)


def _command() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("--cache", type=Path, default=CACHE, help="the vectors, or the archive that is refitted")
    parser.add_argument("--limit", type=int, default=MOST, help="papers of each set, for a first look")
    given = parser.parse_args()
    PARTS[given.part](given.cache, given.limit)


# --- what is asked ---


def encode(cache: Path, limit: int) -> None:
    """Encode the papers that have an abstract, and keep vectors and rows."""
    from tidings.embed import load_default, paper_text
    from tidings.plain import plain

    cache.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        if (cache / f"{name}.npy").exists():
            continue
        rows = [row for row in _raw(name) if row.get("abstract")][:limit]
        texts = [paper_text(plain(row["title"]), plain(row["abstract"])) for row in rows]
        np.save(cache / f"{name}.npy", load_default().encode(texts).astype(np.float16))
        (cache / f"{name}.json").write_text(json.dumps(rows))


def _raw(name: str) -> Iterator[dict[str, Any]]:
    if name == "acl_workshops":
        yield from _workshops()
        return
    with lzma.open(DATA / f"{name}.jsonl.xz", "rt") as file:
        yield from map(json.loads, file)


def _workshops() -> Iterator[dict[str, Any]]:
    """Yield the papers of workshops of the ACL Anthology, which are about one thing each."""
    from lxml import etree

    general = frozenset(_OF_EVERYTHING.split())
    with tarfile.open(DATA / "acl_anthology_xml.tar.xz", "r:xz") as files:
        for member in files:
            content = files.extractfile(member) if member.name.endswith(".xml") else None
            for volume in etree.parse(content).iter("volume") if content is not None else ():
                venues = [venue.text for venue in volume.findall("meta/venue") if venue.text != "ws"]
                if len(venues) != 1 or venues[0] in general:
                    continue
                for paper in volume.findall("paper"):
                    title, abstract = (paper.xpath(f"string({key})") for key in ("title", "abstract"))
                    yield {"venue": venues[0], "title": title, "abstract": abstract}


def _load(cache: Path, name: str, limit: int) -> tuple[Vectors, list[dict[str, Any]]]:
    vectors = np.load(cache / f"{name}.npy")[:limit].astype(np.float32)
    return vectors, json.loads((cache / f"{name}.json").read_text())[: len(vectors)]


def judged(cache: Path, limit: int) -> Iterator[tuple[str, Vectors, Labels]]:
    """Yield sets of papers whose area is known, each with 4 labels at least."""
    vectors, rows = _load(cache, "conference_papers", MOST)
    source, area = (np.array([row[key] or "" for row in rows]) for key in ("src", "primary_area"))
    for name in sorted({s for s in source.tolist() if s.startswith(("ijcai", "aaai"))}):
        chosen = np.flatnonzero((source == name) & (area != ""))
        if len(chosen) >= 400 and len(set(area[chosen].tolist())) >= 4:
            yield name.rpartition("/")[2].removesuffix(".json"), vectors[chosen], area[chosen]
    for name in ("arxiv_cs", "arxiv_math"):
        vectors, rows = _load(cache, name, MOST)
        first = np.array([(row["categories"] or [""])[0] for row in rows])
        counts = Counter(first.tolist())
        chosen = np.flatnonzero([label != "" and counts[label] >= 100 for label in first.tolist()])
        chosen = np.random.default_rng(0).permutation(chosen)[: min(limit, 20_000)]
        yield f"{name}, first categories", vectors[chosen], first[chosen]
    vectors, rows = _load(cache, "acl_workshops", MOST)
    venue = np.array([row["venue"] for row in rows])
    counts = Counter(venue.tolist())
    chosen = np.flatnonzero([counts[name] >= 100 for name in venue.tolist()])
    chosen = np.random.default_rng(0).permutation(chosen)[: min(limit, 20_000)]
    yield "ACL Anthology, workshops", vectors[chosen], venue[chosen]


# --- agreement ---


def agree(cache: Path, limit: int) -> None:
    """Print purity and NMI of each way, at as many groups as there are labels: the means of several starts."""
    ways = {"Tidings": _ours, "k-means": _kmeans, "BERTopic": _bertopic}
    if not find_spec("hdbscan"):
        del ways["BERTopic"]
    others = [name for name in ways if name != "Tidings"]
    print("| papers of | n | k | " + " | ".join(ways) + " | " + " | ".join(f"ahead of {o}" for o in others) + " |")
    print("|---|---|---|" + "---|" * (len(ways) + len(others)))
    for name, vectors, labels in judged(cache, limit):
        truth = np.unique(labels, return_inverse=True)[1]
        count = int(truth.max()) + 1
        found = {way: [group(vectors, count, start) for start in range(_STARTS)] for way, group in ways.items()}
        cells = [f"{_mean(nmi, truth, groups):.3f}, {_mean(purity, truth, groups):.3f}" for groups in found.values()]
        cells += [_interval(truth, found["Tidings"], found[other]) for other in others]
        print(f"| {name} | {len(truth):,} | {count} | " + " | ".join(cells) + " |", flush=True)


def _mean(measure: Callable[[Group, Group], float], truth: Group, groups: list[Group]) -> float:
    return float(np.mean([measure(truth, group) for group in groups]))


def _ours(vectors: Vectors, count: int, start: int) -> Group:
    return fit(points(space_of(vectors), vectors), count, np.random.default_rng(start)).group


def _kmeans(vectors: Vectors, count: int, start: int) -> Group:
    from sklearn.cluster import KMeans

    found: Group = KMeans(count, n_init=4, random_state=start).fit_predict(vectors).astype(np.int64)
    return found


def _bertopic(vectors: Vectors, count: int, start: int) -> Group:
    """Group as BERTopic does by default (UMAP to 5, HDBSCAN from 10 papers), its topics merged down to ``count``.

    What it leaves out goes to the nearest topic's centre (its own ``reduce_outliers`` by embeddings).
    """
    from hdbscan import HDBSCAN
    from sklearn.cluster import AgglomerativeClustering
    from umap import UMAP

    low = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=start).fit_transform(vectors)
    group = HDBSCAN(min_cluster_size=10, metric="euclidean", cluster_selection_method="eom").fit_predict(low)
    if group.max() < 1:
        return np.zeros(len(vectors), np.int64)
    centres = normalised(np.stack([vectors[group == at].mean(axis=0) for at in range(group.max() + 1)]))
    if len(centres) > count:
        merged = AgglomerativeClustering(count, metric="cosine", linkage="average").fit_predict(centres)
        group = np.where(group >= 0, merged[group], -1)
        centres = normalised(np.stack([vectors[group == at].mean(axis=0) for at in range(group.max() + 1)]))
    return np.where(group < 0, nearest(normalised(vectors), centres)[0], group).astype(np.int64)


def nmi(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Return the mutual information over the mean of both entropies, 0 to 1."""
    table = np.zeros((truth.max() + 1, found.max() + 1))
    np.add.at(table, (truth, found), 1)
    share = table / table.sum()
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    filled = share > 0
    mutual = float((share[filled] * np.log(share[filled] / np.outer(rows, columns)[filled])).sum())
    entropies = sum(-float((p[p > 0] * np.log(p[p > 0])).sum()) for p in (rows, columns))
    return 2 * mutual / entropies if entropies else 0.0


def purity(truth: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Return the share of papers whose area is the most frequent one of their group."""
    table = np.zeros((truth.max() + 1, found.max() + 1))
    np.add.at(table, (truth, found), 1)
    return float(table.max(axis=0).sum() / table.sum())


def _interval(truth: Group, ours: list[Group], theirs: list[Group]) -> str:
    """Return by how much NMI is ahead over all starts, with the interval that 95 of 100 draws of papers lie in.

    Halves are drawn, without putting back: they vary as the whole does (McCarthy: Pseudo-Replication, 1969), and no
    paper is there twice, which NMI would take for agreement.
    """
    random = np.random.default_rng(0)
    gains = []
    for _ in range(_DRAWS):
        rows = random.permutation(len(truth))[: len(truth) // 2]
        halves = ([group[rows] for group in groups] for groups in (ours, theirs))
        one, other = (_mean(nmi, truth[rows], groups) for groups in halves)
        gains.append(one - other)
    gain = _mean(nmi, truth, ours) - _mean(nmi, truth, theirs)
    low, high = np.quantile(gains, [0.025, 0.975]) - np.mean(gains) + gain
    return f"{gain:+.3f} ({low:+.3f} to {high:+.3f})"


# --- stability ---


def stable(cache: Path, limit: int) -> None:
    """Replay the arXiv listing night by night; print how many papers keep their topic from week to week."""
    vectors, rows = _load(cache, "arxiv_cs", limit)
    days = np.array([date.fromisoformat(row["listed_first"]).toordinal() for row in rows])
    order = np.argsort(days, kind="stable")
    vectors, days = vectors[order], days[order]
    kept, counts = _replay(vectors, days)
    low, middle = np.quantile(kept, [0.05, 0.5])
    print(
        f"{len(kept)} weeks of nights: {np.mean(kept):.4f} of papers keep their topic from week to week, median "
        f"{middle:.4f}, 19 of 20 weeks {low:.4f}, least {min(kept):.4f}; topics at the start {counts[0]}, "
        f"at the end {counts[-1]}"
    )


def _replay(vectors: Vectors, days: NDArray[np.int64]) -> tuple[list[float], list[int]]:
    """Return the share of papers that keep their topic, week by week, and how many topics there are."""
    first = int(np.searchsorted(days, days[0] + 28))
    there = points(space_of(vectors[:first]), vectors)
    leaves = fit(there[:first], leaf_count(first), np.random.default_rng(0))
    numbers, centres = np.arange(1, len(leaves.centres) + 1), leaves.centres
    topics, saved, kept, counts = leaves.group + 1, 0.0, list[float](), [len(numbers)]
    next_number, week_ago = len(numbers) + 1, topics
    for day in range(int(days[0]) + 29, int(days[-1]) + 1):
        end = int(np.searchsorted(days, day))
        topics = np.concatenate([topics, np.zeros(end - len(topics), np.int64)])
        given = Night(there[:end], topics, (), numbers, centres, frozenset(), frozenset(), saved, 1, next_number)
        after = night(given, np.random.default_rng(day))
        topics, numbers, centres, saved = after.topics, after.numbers, after.centres, after.saved
        next_number = max(next_number, int(numbers.max()) + 1)
        if (day - int(days[0])) % 7 == 0:
            kept.append(float(np.mean(topics[: len(week_ago)] == week_ago)))
            week_ago = topics
            counts.append(len(numbers))
    return kept, counts


# --- births ---


def birth(cache: Path, limit: int) -> None:
    """Print how soon hidden areas are announced."""
    born(*_load(cache, "conference_papers", limit))


# --- names ---


def names(cache: Path, limit: int) -> None:
    """Print how well names find their papers again, among all papers of a sample."""
    from tidings.embed import load_default
    from tidings.index.forward import learnt_text, terms_of
    from tidings.plain import plain
    from tidings.rank.topics.names import Corpus, Namer

    vectors, rows = _load(cache, "arxiv_cs", limit)
    there = points(space_of(vectors), vectors)
    leaves = fit(there, leaf_count(len(there)), np.random.default_rng(0))
    halves = [np.arange(start, len(rows), max(2, len(rows) // 30_000)) for start in (0, 1)]
    titles = [plain(row["title"]) for row in rows]
    namers = []
    for half in halves:
        texts = [learnt_text(titles[at], plain(rows[at]["abstract"])) for at in half.tolist()]
        corpus = Corpus([titles[at] for at in half.tolist()], vectors[half], terms_of(texts))
        namers.append(Namer(corpus, load_default().encode))
    found, started = list[tuple[float, float, tuple[str, ...]]](), time.process_time()
    for number in range(len(leaves.centres)):
        own, other = (np.flatnonzero(leaves.group[half] == number) for half in halves)
        name = namers[0].name(own)
        of_name, of_words = (namers[1].precision(said, other) for said in (name.phrases, name.words))
        found.append((of_name, of_words, name.words))
    print(f"{len(found)} topics; {time.process_time() - started:.1f} s of processor; R-precision on other papers:")
    of_names, of_all, _ = zip(*found, strict=True)
    for said, values in (("name", of_names), ("name and the words beside it", of_all)):
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        print(f"  {said}: median {middle:.3f} {_median_interval(values)}, half of them {low:.3f} to {high:.3f}")
    for of_name, of_words, words in sorted(found)[:: max(1, len(found) // 15)]:
        print(f"  {of_name:.2f} {of_words:.2f}  {', '.join(words)}")


def _median_interval(values: Sequence[float]) -> str:
    random = np.random.default_rng(0)
    drawn = np.median(random.choice(values, (2_000, len(values))), axis=1)
    return "({:.3f} to {:.3f})".format(*np.quantile(drawn, [0.025, 0.975]))


# --- speed ---


def speed(cache: Path, limit: int) -> None:
    """Print the processor seconds of a day's placing, a night and a full fit on all vectors, and the memory."""
    vectors = np.concatenate([np.load(cache / f"{name}.npy")[:limit] for name in FILES])
    space, took = _timed(lambda: space_of(vectors))
    there, projecting = _timed(lambda: points(space, vectors))
    leaves, fitting = _timed(lambda: fit(there, leaf_count(len(there)), np.random.default_rng(0)))
    print(f"{len(there):,} papers: space {took:.1f} s, points {projecting:.1f} s, full fit {fitting:.1f} s (processor)")
    _, placing = _timed(lambda: _place(space, vectors[:1000], leaves.centres))
    numbers = np.arange(1, len(leaves.centres) + 1)
    topics = leaves.group + 1
    topics[-1000:] = 0
    given = Night(there, topics, (), numbers, leaves.centres, frozenset(), frozenset(), 0.0, 1.0, len(numbers) + 1)
    _, nightly = _timed(lambda: night(given, np.random.default_rng(0)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"placing 1,000: {placing:.2f} s; a night: {nightly:.1f} s; peak memory {peak:.2f} GB")


def refit(home: Path, _: int) -> None:
    """Print what a full refit of an archive takes, names and all, in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "tidings", "topics", "refit", "--full"]
    subprocess.run([*command, "--home", str(home)], check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{time.perf_counter() - started:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processor, "
        f"peak memory {used.ru_maxrss / 2**20:.2f} GB"
    )


def _place(space: Any, vectors: Vectors, centres: Vectors) -> None:
    there = points(space, vectors)
    group, _ = nearest(there, centres)
    certainty(there, centres, group)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    return work(), time.process_time() - started


PARTS: dict[str, Callable[[Path, int], None]] = {
    "vectors": encode,
    "agree": agree,
    "stable": stable,
    "births": birth,
    "names": names,
    "speed": speed,
    "refit": refit,
}

if __name__ == "__main__":
    _command()
