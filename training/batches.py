"""The corpus as rows of the table, and the batches the training draws from it."""

import json
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from tokenizers import Tokenizer

from tidings.embed.units import Units

BATCH = 1024
CLUSTERS = 64
MOST_SHARED = 8  # two authors with more papers together than this are a large group, not a topic
UNIT_DROP = 0.15
COMMONEST_IDF = 2.0  # a unit of every seventh paper says nothing about who is near
SHORTEST_SPAN, LONGEST_SPAN = 4, 24


@dataclass(frozen=True, slots=True)
class Flat:
    """Sequences of different length in one array; row i is values[starts[i]:starts[i + 1]]."""

    values: np.ndarray
    starts: np.ndarray

    def __getitem__(self, index: int) -> np.ndarray:
        return self.values[self.starts[index] : self.starts[index + 1]]

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, slots=True)
class Bag:
    """Units of several texts as torch's EmbeddingBag wants them."""

    rows: torch.Tensor
    offsets: torch.Tensor


def load_units(folder: Path) -> Units:
    """Return the units learnt by `training.vocabulary`."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return Units(tokenizer, np.load(folder / "pairs.npy"), tokenizer.get_vocab_size())


def unit_sequences(units: Units, texts: list[str]) -> Flat:
    """Return each text's units in reading order, a pair after its second piece."""
    parts, lengths = [], []
    for start in range(0, len(texts), 1000):
        chunk = texts[start : start + 1000]
        cut = [np.array(units.pieces(text), dtype=np.int64) for text in chunk]
        owners = np.repeat(np.arange(len(chunk)), [len(rows) for rows in cut])
        rows = np.concatenate(cut) if cut else np.zeros(0, dtype=np.int64)
        places, pair_rows = units.pairs(owners, rows)
        parts.append(np.insert(rows, places + 2, pair_rows).astype(np.int32))
        lengths.append(np.bincount(np.concatenate((owners, owners[places])), minlength=len(chunk)))
    starts = np.concatenate(([0], np.cumsum(np.concatenate(lengths))))
    return Flat(np.concatenate(parts), starts)


@dataclass(slots=True)
class Corpus:
    """All that one run of training reads."""

    titles: Flat
    abstracts: Flat
    queries: Flat  # keywords and one-sentence summaries by people; mostly empty
    partners: list[np.ndarray]  # papers that share two authors, by paper
    teacher: np.ndarray  # of the first papers, (known, 384)
    clusters: list[np.ndarray]
    size: int

    def __len__(self) -> int:
        return len(self.titles)

    def whole(self, paper: int) -> np.ndarray:
        """Return the units of title and abstract."""
        return np.concatenate((self.titles[paper], self.abstracts[paper]))


def load_corpus(folder: Path, teacher: np.ndarray, seed: int, most: int | None = None) -> Corpus:
    """Return the corpus, at most so many papers of it.

    The teacher knows the first papers; the others still say of themselves what they are.
    """
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        papers = [json.loads(line) for line in islice(lines, most)]
    units = load_units(folder)
    queries = [_query(paper) for paper in papers]
    return Corpus(
        titles=unit_sequences(units, [paper["title"] for paper in papers]),
        abstracts=unit_sequences(units, [paper["abstract"] for paper in papers]),
        queries=unit_sequences(units, queries),
        partners=coauthored([paper["authors"] for paper in papers]),
        teacher=teacher,
        clusters=clustered(teacher, seed),
        size=units.size,
    )


def _query(paper: dict) -> str:
    return paper["summary"] or paper["keywords"]


def coauthored(authors: list[list[str]]) -> list[np.ndarray]:
    """Return for each paper the others that share two of its authors, the same names being the same people."""
    together = defaultdict(list)
    for number, names in enumerate(authors):
        for pair in combinations(sorted(set(names[:12])), 2):
            together[pair].append(number)
    partners = defaultdict(set)
    for numbers in together.values():
        if 1 < len(numbers) <= MOST_SHARED:
            for number in numbers:
                partners[number].update(numbers)
    return [np.array(sorted(partners[number] - {number}), dtype=np.int64) for number in range(len(authors))]


def clustered(teacher: np.ndarray, seed: int) -> list[np.ndarray]:
    """Return the papers of each of 64 clusters of the teacher's vectors (spherical k-means, a sample of 40,000)."""
    random = np.random.default_rng(seed)
    vectors = teacher.astype(np.float32)
    sample = vectors[random.permutation(len(vectors))[:40_000]]
    centres = sample[:CLUSTERS]
    for _ in range(8):
        nearest = np.argmax(sample @ centres.T, axis=1)
        centres = np.stack(
            [sample[nearest == k].sum(0) if (nearest == k).any() else centres[k] for k in range(CLUSTERS)]
        )
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    nearest = np.argmax(vectors @ centres.T, axis=1)
    return [np.flatnonzero(nearest == k) for k in range(CLUSTERS)]


def steps_of(corpus: Corpus) -> int:
    """Return the steps of one epoch."""
    return len(corpus) // BATCH


def epoch_of(corpus: Corpus, random: np.random.Generator) -> list[np.ndarray]:
    """Return the papers of each step: half of a batch is one cluster, so that neighbours are hard, half is anything."""
    anything = random.permutation(len(corpus))
    steps = steps_of(corpus)
    shares = np.array([len(cluster) for cluster in corpus.clusters]) / len(corpus.teacher)
    batches = []
    for step in range(steps):
        cluster = corpus.clusters[random.choice(CLUSTERS, p=shares)]
        near = random.choice(cluster, size=min(BATCH // 2, len(cluster)), replace=False)
        far = anything[step * (BATCH // 2) : (step + 1) * (BATCH // 2)]
        batches.append(np.unique(np.concatenate((near, far))))
    return batches


def bag(texts: list[np.ndarray], drop: float, random: np.random.Generator) -> Bag:
    """Return distinct units of each text, a share of them dropped."""
    lengths = [len(text) for text in texts]
    owners = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    keys = np.unique((owners << 32) | np.concatenate(texts))
    if drop:
        keys = keys[random.random(len(keys)) >= drop]
    starts = np.searchsorted(keys, np.arange(len(texts), dtype=np.int64) << 32)
    return Bag(torch.from_numpy(keys & 0xFFFFFFFF), torch.from_numpy(starts))


def views(corpus: Corpus, papers: np.ndarray, random: np.random.Generator) -> tuple[Bag, Bag, Bag]:
    """Return the papers as (whole, title, query).

    The query is what people wrote where there is something, else a short span of the abstract. Half of the
    whole texts lack their title and most lack the span: what is asked must be inferred, not matched.
    """
    wholes, titles, queries = [], [], []
    coins = random.random((len(papers), 4))
    for paper, (with_title, own_words, cut, where) in zip(papers, coins, strict=True):
        title, abstract, query = corpus.titles[paper], corpus.abstracts[paper], corpus.queries[paper]
        length = int(SHORTEST_SPAN + where * (LONGEST_SPAN - SHORTEST_SPAN))
        start = int(random.integers(0, max(1, len(abstract) - length)))
        if len(query) and own_words < 0.7:
            keep = abstract
            query = query[: LONGEST_SPAN + 16]
        else:
            query = abstract[start : start + length]
            keep = np.concatenate((abstract[:start], abstract[start + length :])) if cut < 0.7 else abstract
        wholes.append(np.concatenate((title, keep)) if with_title < 0.5 else keep)
        titles.append(title)
        queries.append(query)
    return bag(wholes, UNIT_DROP, random), bag(titles, 0.0, random), bag(queries, 0.0, random)


def partners_of(corpus: Corpus, papers: np.ndarray, most: int, random: np.random.Generator) -> tuple[np.ndarray, Bag]:
    """Return (places in the batch, their partners' whole texts) for at most so many papers that have partners."""
    places = [place for place, paper in enumerate(papers) if len(corpus.partners[paper])]
    places = np.array(sorted(random.permutation(places)[:most]), dtype=np.int64)
    chosen = [random.choice(corpus.partners[papers[place]]) for place in places]
    texts = [corpus.whole(paper) for paper in chosen]
    return places, bag(texts, UNIT_DROP, random)


def shared_words(corpus: Corpus, papers: np.ndarray, idf: np.ndarray) -> torch.Tensor:
    """Return the TF-IDF cosines of the papers, (n, n): what the words say of who is near, beside the teacher."""
    texts = bag([corpus.whole(paper) for paper in papers], 0.0, np.random.default_rng(0))
    rows = texts.rows.numpy()
    starts = np.append(texts.offsets.numpy(), len(rows))
    kept = idf[rows] > COMMONEST_IDF
    weights = np.where(kept, idf[rows], 0.0).astype(np.float32)
    matrix = sparse.csr_matrix((weights, rows, starts), shape=(len(papers), corpus.size))
    matrix.eliminate_zeros()
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(1))).clip(1e-6)
    return torch.from_numpy((matrix @ matrix.T).toarray() / norms / norms.T)
