"""Which encoder finds the papers: words alone, each encoder alone, and each fused with words.

    python -m benchmarks.encoder [--archive] [--model FOLDER] [--table FOLDER]

`--archive` adds the two sets over all 324,000 papers (minutes and 3 GB); `--model` adds a transformer from a
folder (needs the packages of `training/README.md`). Prints the mean over queries and its 95% interval.
"""

import argparse
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import datasets
from benchmarks.datasets import Judged
from benchmarks.metrics import METRICS, mean_interval
from benchmarks.plain_words import PlainWords
from tidings.embed import StaticEncoder, load_default

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Scores = NDArray[np.float32]
SAMPLE = 2000  # papers whose cosines with the query stand for the archive's
WORDS_WEIGHT = 0.6


def text_of(paper: tuple[str, str]) -> str:
    """Return title and abstract as encoders read them; a query without a title is its words alone."""
    return f"{paper[0]}\n{paper[1]}" if paper[0] else paper[1]


def fused(words: Scores, ideal: float, cosines: Scores, mean: float, deviation: float, share: float) -> Scores:
    """Return the convex combination of words and meaning, each on a scale that no candidate list changes.

    Words are a share of the best score this query could have; a cosine counts its deviations above what the
    archive's papers usually have, a tenth of the scale each. Bruch et al., An Analysis of Fusion Functions for
    Hybrid Retrieval (https://arxiv.org/abs/2210.11934).
    """
    return share * words / max(ideal, 1e-9) + (1 - share) * (cosines - mean) / (10 * max(deviation, 1e-9))


def encoder_of(model_folder: str) -> Encode:
    """Return the mean-pooled transformer of a folder, in bfloat16 under PyTorch."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from training.teacher import teacher_vectors

    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = AutoModel.from_pretrained(model_folder, dtype=torch.bfloat16).eval()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        ids = tokenizer(list(texts), truncation=True, max_length=256)["input_ids"]
        with torch.inference_mode():
            return teacher_vectors(model, ids, tokenizer.pad_token_id).astype(np.float32)

    return encode


def remembered(encode: Encode, folder: Path) -> Encode:
    """Return the same encoder with its answers kept in a folder: a transformer takes minutes per set."""
    folder.mkdir(parents=True, exist_ok=True)

    def encode_once(texts: Sequence[str]) -> NDArray[np.float32]:
        digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:24]
        path = folder / f"{digest}.npy"
        if not path.exists():
            np.save(path, encode(texts))
        return np.load(path)

    return encode_once


def measure(judged: Judged, encoders: dict[str, Encode], share: float) -> dict[str, list[float]]:
    """Return the metric of every query for words, each encoder, and each fused with words."""
    words = PlainWords(judged.papers)
    queries = [text_of(query) for query in judged.queries]
    texts = [text_of(paper) for paper in judged.papers]
    vectors = {name: (encode(texts), encode(queries)) for name, encode in encoders.items()}
    values: dict[str, list[float]] = {}
    sample = np.random.default_rng(0).permutation(len(texts))[:SAMPLE]
    for number, query in enumerate(queries):
        lexical = words.scores(query)
        rankings = {"words": lexical}
        for name, (papers, asked) in vectors.items():
            cosines = papers @ asked[number]
            spread = cosines[sample]
            rankings[name] = cosines
            rankings[f"{name} + words"] = fused(
                lexical, words.ideal(query), cosines, float(spread.mean()), float(spread.std()), share
            )
        for name, scores in rankings.items():
            ranked = best(scores, judged.candidates[number] if judged.candidates else None)
            values.setdefault(name, []).append(METRICS[judged.metric](ranked, judged.grades[number]))
    return values


def best(scores: Scores, candidates: list[int] | None, k: int = 1000) -> list[int]:
    """Return the places of the best k, best first; only candidates where a query names them."""
    pool = np.arange(len(scores)) if candidates is None else np.asarray(candidates)
    own = -scores[pool]
    if candidates is None and len(own) > k:
        pool = pool[np.argpartition(own, k)[:k]]
        own = -scores[pool]
    return pool[np.argsort(own, kind="stable")].tolist()


def table(encoders: dict[str, Encode], sets: list[Judged], share: float) -> str:
    """Return the figures as a Markdown table, a row per way of ranking."""
    columns = {judged.name: measure(judged, encoders, share) for judged in sets}
    heads = [f"{judged.name} ({len(judged.queries)}), {judged.metric}" for judged in sets]
    lines = ["| ranking | " + " | ".join(heads) + " |", "|---" * (len(sets) + 1) + "|"]
    for name in next(iter(columns.values())):
        cells = ["{:.3f} [{:.3f}, {:.3f}]".format(*mean_interval(column[name])) for column in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", action="store_true")
    parser.add_argument("--model")
    parser.add_argument("--memory", type=Path, default=Path("/tmp/tidings-benchmark"))
    parser.add_argument("--table", type=Path, help="a folder with another static table than the bundled one")
    parser.add_argument("--share", type=float, default=WORDS_WEIGHT, help="weight of words in the fusion")
    given = parser.parse_args()
    begun = time.perf_counter()
    static = StaticEncoder.load(given.table) if given.table else load_default()
    small = [load() for load in datasets.SMALL]
    encoders: dict[str, Encode] = {static.name: static.encode}
    if given.model:
        encoders["transformer"] = remembered(encoder_of(given.model), given.memory)
    print(table(encoders, small, given.share), flush=True)
    if given.archive:
        large = [datasets.autoscholarquery(), datasets.own_words(), datasets.author_summaries()]
        print("\n" + table({static.name: static.encode}, large, given.share))
    print(f"\n{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
