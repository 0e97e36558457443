"""Learn the units from the corpus: words, word pieces for the others, and pairs of words used as one.

    python -m training.vocabulary /tmp/encoder

Writes `tokenizer.json` and `pairs.npy` (p, 2) into the folder.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tidings.embed.units import LONGEST_WORD, Units, words_of

WORDS = 22_000
PIECES = 5_000  # for words that are not among the commonest; they overlap with the words
PAIRS = 8_000
RAREST_PAIR = 60
ALPHABET = 120
DISCOUNT = 40.0  # a pair must be met this often before its association counts
WEAKEST = 1.0  # logarithm of how much oftener than by chance
_FUNCTION_WORDS_TEXT = """
a about above across after again against all also although among an and any are as at be because been before
being below between both but by can could did do does doing during each either et al etc few for from further had
has have having he hence her here his how however i if in into is it its itself just may might more moreover most
much must nor not of off often on once only or other our ours out over own per rather s same several shall she
should show shows shown since so some such t than that the their them then there therefore these they this those
through thus to too under until up upon us very via was we well were what when where whereas whether which while
who whom whose why will with within without would yet you your paper propose proposed present presents presented
results demonstrate using used use uses based
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())


def texts_of(folder: Path) -> Iterator[str]:
    """Yield title and abstract of every paper."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            paper = json.loads(line)
            yield f"{paper['title']}\n{paper['abstract']}"


def count_words(folder: Path) -> Counter[str]:
    """Return how often each word of the corpus is met."""
    counts: Counter[str] = Counter()
    for text in texts_of(folder):
        counts.update(words_of(text))
    return counts


def learn_tokenizer(counts: Counter[str]) -> Tokenizer:
    """Return a tokenizer of single words: the commonest are units of their own, the others are cut greedily."""
    common = [word for word, _ in counts.most_common(WORDS) if len(word) <= LONGEST_WORD]
    pieces = _learn_pieces(counts)
    units = dict.fromkeys(["[UNK]", *pieces, *common])
    vocabulary = {unit: row for row, unit in enumerate(units)}
    return Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD))


def _learn_pieces(counts: Counter[str]) -> list[str]:
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=PIECES, limit_alphabet=ALPHABET, special_tokens=["[UNK]"], show_progress=False
    )
    damped = (" ".join([word] * round(count**0.5)) for word, count in counts.items() if count > 2)
    learner.train_from_iterator(damped, trainer)
    vocabulary = learner.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)


def choose_pairs(folder: Path, tokenizer: Tokenizer) -> np.ndarray:
    """Return the pairs met far more often than their parts suggest, (p, 2), strongest first.

    Mikolov et al., Distributed Representations of Words and Phrases (https://arxiv.org/abs/1310.4546), with
    the score weighted by the root of the count so that common phrases come before curiosities.
    """
    size = tokenizer.get_vocab_size()
    units = Units(tokenizer, np.zeros((0, 2), dtype=np.int64), size)
    keys, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    waiting: list[np.ndarray] = []
    for number, text in enumerate(texts_of(folder), 1):
        waiting.append(np.array([*units.pieces(text), 0], dtype=np.int64))  # row 0 is [UNK]: it ends a text
        if number % 40_000 == 0:
            keys, counts = _merged(waiting, size, keys, counts)
            waiting = []
    keys, counts = _merged(waiting, size, keys, counts)
    first, second = keys // size, keys % size
    singles = np.bincount(first, weights=counts, minlength=size) + np.bincount(second, weights=counts, minlength=size)
    chance = (singles[first] / 2) * (singles[second] / 2) / counts.sum()
    association = np.log((counts - DISCOUNT).clip(1e-9) / chance.clip(1e-9))
    allowed = _whole_content_words(tokenizer)
    usable = (counts >= RAREST_PAIR) & (association > WEAKEST) & allowed[first] & allowed[second]
    best = np.flatnonzero(usable)
    best = best[np.argsort(-(association * counts**0.5)[best], kind="stable")][:PAIRS]
    return np.stack((first[best], second[best]), axis=1).astype(np.int32)


def _whole_content_words(tokenizer: Tokenizer) -> np.ndarray:
    allowed = np.zeros(tokenizer.get_vocab_size(), dtype=bool)
    for word, row in tokenizer.get_vocab().items():
        allowed[row] = row != 0 and not word.startswith("##") and word not in FUNCTION_WORDS
    return allowed


def _merged(
    waiting: list[np.ndarray], size: int, keys: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    rows = np.concatenate(waiting)
    inside = (rows[:-1] != 0) & (rows[1:] != 0)
    new_keys, new_counts = np.unique((rows[:-1] * size + rows[1:])[inside], return_counts=True)
    merged, inverse = np.unique(np.concatenate((keys, new_keys)), return_inverse=True)
    totals = np.bincount(inverse, weights=np.concatenate((counts, new_counts)))
    return merged, totals.astype(np.int64)


def main(folder: Path) -> None:
    """Write the tokenizer and the pairs."""
    begun = time.perf_counter()
    tokenizer = learn_tokenizer(count_words(folder))
    print(f"{tokenizer.get_vocab_size()} words and pieces, {time.perf_counter() - begun:.0f} s", flush=True)
    pairs = choose_pairs(folder, tokenizer)
    names = {row: word for word, row in tokenizer.get_vocab().items()}
    print(len(pairs), "pairs:", [f"{names[a]} {names[b]}" for a, b in pairs[:: len(pairs) // 60]])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    np.save(folder / "pairs.npy", pairs)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
