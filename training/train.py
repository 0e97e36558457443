"""Train the static table against the teacher, what people grouped, and the papers' own parts.

    python -m training.train /tmp/encoder --epochs 8 --name first

Writes `NAME.npy`, the table with the weights folded in, (rows, dimensions) float32.
"""

import argparse
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.batches import Bag, Corpus, bag, epoch_of, load_corpus, partners_of, shared_words, steps_of, views

SEED = 11
DIMENSIONS = 384


@dataclass(frozen=True, slots=True)
class Recipe:
    """The weight of each loss and the rates; a run is reproducible from these and the seed."""

    epochs: int = 8
    rate: float = 4e-3
    temperature: float = 0.05
    squares: float = 20.0
    neighbours: float = 1.0
    words: float = 0.5  # of TF-IDF's cosines, added to the teacher's before its neighbours are named
    title: float = 0.15
    query: float = 0.15
    partner: float = 0.1
    most_partners: int = 384
    averaged: float = 0.35  # share of the steps, at the end, whose tables are averaged


class Student(nn.Module):
    """A row per unit times a positive weight per unit, summed and normalised."""

    def __init__(self, rows: Tensor, rarity: Tensor) -> None:
        super().__init__()
        self.rows = nn.Parameter(rows)
        self.weight = nn.Parameter((rarity / 3).clamp(min=0.05).expm1().log())

    def forward(self, bags: list[Bag]) -> list[Tensor]:
        """Return normalised vectors, (texts, dimensions), for each bag.

        One look-up for all bags, and the weights folded in before it: the gradient of the table is as large
        as the table, and is made once instead of once a bag.
        """
        table = self.rows * functional.softplus(self.weight).unsqueeze(1)
        lengths = [len(texts.offsets) for texts in bags]
        shifts = np.cumsum([0] + [len(texts.rows) for texts in bags])
        offsets = torch.cat([texts.offsets + int(shift) for texts, shift in zip(bags, shifts, strict=False)])
        summed = functional.embedding_bag(torch.cat([texts.rows for texts in bags]), table, offsets, mode="sum")
        return list(functional.normalize(summed, dim=1).split(lengths))

    def table(self) -> np.ndarray:
        """Return the rows with the weights folded in."""
        with torch.no_grad():
            return (self.rows * functional.softplus(self.weight).unsqueeze(1)).numpy()


def first_rows(corpus: Corpus, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows, rarity): each unit starts at the mean teacher vector of its papers, centred, and its idf.

    A unit of few papers is drawn towards zero: their mean says more of them than of it.
    """
    sums = torch.zeros(corpus.size, corpus.teacher.shape[1])
    counts = torch.zeros(corpus.size)
    mean = corpus.teacher.astype(np.float32).mean(0)
    known = len(corpus.teacher)
    for start in range(0, known, 2000):
        texts = [corpus.whole(paper) for paper in range(start, min(start + 2000, known))]
        units = bag(texts, 0.0, random)
        owners = torch.bucketize(torch.arange(len(units.rows)), units.offsets, right=True) - 1
        vectors = torch.from_numpy(corpus.teacher[start : start + 2000].astype(np.float32) - mean)
        sums.index_add_(0, units.rows, vectors[owners])
        counts.index_add_(0, units.rows, torch.ones(len(units.rows)))
    rows = sums / (counts + 20).unsqueeze(1)
    rows /= rows.norm(dim=1).mean()
    rarity = torch.log((known + 1) / (counts + 1))
    return rows.numpy(), rarity.numpy()


def contrast(queries: Tensor, papers: Tensor, temperature: float) -> Tensor:
    """Return the cross entropy of finding one's own row, in both directions."""
    scores = queries @ papers.T / temperature
    own = torch.arange(len(scores))
    return functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)


def relations(ours: Tensor, corpus: Corpus, papers: np.ndarray, idf: np.ndarray, recipe: Recipe) -> Tensor:
    """Return how far the student's similarities, and its order of neighbours, are from the teacher's."""
    teacher = functional.normalize(torch.from_numpy(corpus.teacher[papers].astype(np.float32)), dim=1)
    goal, given = teacher @ teacher.T, ours @ ours.T
    diagonal = torch.eye(len(papers), dtype=torch.bool)
    squares = (goal - given).square().mean()
    if recipe.words:
        goal = goal + recipe.words * shared_words(corpus, papers, idf)
    wanted = (goal / recipe.temperature).masked_fill(diagonal, -1e4).softmax(1)
    guess = (given / recipe.temperature).masked_fill(diagonal, -1e4).log_softmax(1)
    return recipe.squares * squares - recipe.neighbours * (wanted * guess).sum(1).mean()


def step_loss(
    student: Student, corpus: Corpus, papers: np.ndarray, idf: np.ndarray, recipe: Recipe, random: np.random.Generator
) -> Tensor:
    """Return the loss of one batch."""
    places, partners = partners_of(corpus, papers, recipe.most_partners, random)
    whole, title, query, partner = student([*views(corpus, papers, random), partners])
    known = papers[papers < len(corpus.teacher)]  # papers are sorted: the known ones come first
    loss = relations(whole[: len(known)], corpus, known, idf, recipe)
    loss = loss + recipe.title * contrast(title, whole, recipe.temperature)
    loss = loss + recipe.query * contrast(query, whole, recipe.temperature)
    return loss + recipe.partner * contrast(partner, whole[torch.from_numpy(places)], recipe.temperature)


def train(corpus: Corpus, recipe: Recipe, seed: int, begin: np.ndarray | None = None) -> np.ndarray:
    """Return the trained table; a table to begin with replaces the first rows."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    rows, rarity = first_rows(corpus, random)
    student = Student(torch.from_numpy(rows), torch.from_numpy(rarity))
    if begin is not None:
        with torch.no_grad():
            student.rows.copy_(torch.from_numpy(begin) / functional.softplus(student.weight).unsqueeze(1))
    average, taken = deepcopy(student), 0
    optimizer = torch.optim.Adam(student.parameters(), lr=recipe.rate, betas=(0.9, 0.99), fused=True)
    steps = recipe.epochs * steps_of(corpus)
    step = 0
    for epoch in range(recipe.epochs):
        begun, total = time.perf_counter(), 0.0
        for papers in epoch_of(corpus, random):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * max(0.02, 1 - step / steps)
            optimizer.zero_grad()
            loss = step_loss(student, corpus, papers, rarity, recipe, random)
            loss.backward()
            optimizer.step()
            total += loss.item()
            step += 1
            if step % 50 == 0:
                print(f"step {step}/{steps} loss {loss.item():.3f} {time.perf_counter() - begun:.0f} s", flush=True)
            if step > steps * (1 - recipe.averaged) and step % 10 == 0:
                taken += 1
                with torch.no_grad():
                    for mean, now in zip(average.parameters(), student.parameters(), strict=True):
                        mean.lerp_(now, 1 / taken)
        print(f"epoch {epoch + 1} loss {total / steps_of(corpus):.4f} {time.perf_counter() - begun:.0f} s", flush=True)
    return (average if taken else student).table()


def load_teacher(folder: Path) -> np.ndarray:
    """Return the teacher's vectors so far, an unbroken run from the first paper, (n, 384) float16."""
    shards = sorted((folder / "teacher").glob("[0-9]" * 7 + ".npy"))
    return np.concatenate([np.load(path) for path in shards])


def main() -> None:
    """Train one table by the recipe given on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="table")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--most", type=int, default=10**9, help="papers whose teacher vectors are used")
    parser.add_argument("--papers", type=int, help="papers of the corpus that are read at all")
    parser.add_argument("--begin", help="the name of a table to begin with")
    for field, default in _fields():
        parser.add_argument(f"--{field.replace('_', '-')}", type=type(default), default=default)
    given = parser.parse_args()
    recipe = Recipe(**{field: getattr(given, field) for field, _ in _fields()})
    print(recipe, flush=True)
    corpus = load_corpus(given.folder, load_teacher(given.folder)[: given.most], given.seed, given.papers)
    print(
        len(corpus),
        "papers",
        len(corpus.teacher),
        "known",
        corpus.size,
        "units",
        sum(len(row) > 0 for row in corpus.partners),
        "with partners",
    )
    begin = np.load(given.folder / f"{given.begin}.npy") if given.begin else None
    np.save(given.folder / f"{given.name}.npy", train(corpus, recipe, given.seed, begin))


def _fields() -> list[tuple[str, float | int]]:
    return [(name, getattr(Recipe(), name)) for name in Recipe.__slots__]


if __name__ == "__main__":
    main()
