"""Are new areas announced soon? 20 are hidden from the first half of the conference papers, revealed in the second."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidings.rank.topics.births import SURE, Burst, births, improbability
from tidings.rank.topics.fit import fit, leaf_count
from tidings.rank.topics.groups import nearest
from tidings.rank.topics.space import normalised, points, space_of

Vectors = NDArray[np.float32]

_MONTHS, _NIGHTS = 6, 15


def born(vectors: Vectors, rows: list[dict[str, Any]]) -> None:
    """Hide 20 areas from the first half and reveal them in the second; an area is what authors call it: a keyword.

    A paper belongs to it that has the keyword, or its words in the title or abstract. The second half comes in 6
    months of 15 nights. A birth is an area's if at least two fifths of its papers are.
    """
    random = np.random.default_rng(0)
    label, areas = _areas(rows, random)
    order = random.permutation(len(rows))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    first = first[label[first] < 0]
    shown, half = np.concatenate([first, second]), len(first)
    there, label = points(space_of(vectors), vectors)[shown], label[shown]
    titles, texts = _phrases([rows[at] for at in shown.tolist()])
    leaves = fit(there[:half], leaf_count(half), np.random.default_rng(0))
    group = np.concatenate([leaves.group, np.full(len(shown) - half, -1)])
    centres, old = leaves.centres, len(leaves.centres)
    seen, found, false = Counter[int](), dict[int, int](), list[str]()
    batches = np.array_split(np.arange(half, len(shown)), _MONTHS * _NIGHTS)
    for night_number, batch in enumerate(batches):
        group[batch], _ = nearest(there[batch], centres)
        seen.update(label[batch].tolist())
        start = int(batches[max(0, night_number - 2 * _NIGHTS + 1)][0])
        bursts = _bursts(titles, texts, batch, start)
        for one in births(there, group, centres, bursts, young=range(old, len(centres))):
            (area, count), *_ = Counter(a for a in label[one.rows].tolist() if a >= 0).most_common(1) or [(-1, 0)]
            if count >= 0.4 * len(one.rows):
                found.setdefault(area, seen[area])
            else:
                false.append(next(burst.phrase for burst in bursts if np.isin(one.rows, burst.rows).all()))
            centres = np.concatenate([centres, normalised(there[one.rows].mean(axis=0)[None])])
            group[one.rows] = len(centres) - 1
    within = sum(count <= 30 for count in found.values())
    print(
        f"announced {len(found)} of {len(areas)}, within 30 papers {within}; false a month {len(false) / _MONTHS:.1f}"
    )
    for area, name in enumerate(areas):
        print(f"  {name}: {found.get(area, 'not')} of {seen[area]}")
    print("false:", "; ".join(false))


def _phrases(rows: list[dict[str, Any]]) -> tuple[list[set[str]], list[set[str]]]:
    """Return of each paper the compounds of its title, and those compounds of any title that its text has."""
    from tidings.index.words import tokens
    from tidings.plain import plain
    from tidings.rank.topics.names import compounds_of

    titles = [{" ".join(key) for key in compounds_of(plain(row["title"]))} for row in rows]
    common = {key for key, count in Counter(key for keys in titles for key in keys).items() if count > 1}
    texts = []
    for row in rows:
        words = tokens(plain(f"{row['title']} . {row['abstract']}"))
        runs = {" ".join(words[at : at + size]) for size in (2, 3) for at in range(len(words) - size + 1)}
        texts.append(runs & common)
    return [keys & common for keys in titles], texts


def _bursts(titles: list[set[str]], texts: list[set[str]], batch: NDArray[np.int64], start: int) -> list[Burst]:
    """Return the phrases of a night's titles that papers from ``start`` on have oftener than those before."""
    end = int(batch[-1]) + 1
    recent = Counter(key for keys in texts[start:end] for key in keys)
    before = Counter(key for keys in texts[:start] for key in keys)
    in_titles = Counter(key for keys in titles[start:end] for key in keys)
    found = []
    for phrase in sorted({key for at in batch.tolist() for key in titles[at]}):
        if in_titles[phrase] >= 2 and recent[phrase] >= 4:
            digits = improbability(recent[phrase], (before[phrase] + 1) * (end - start) / start)
            rows = np.array([at for at in range(start, end) if phrase in texts[at]]) if digits >= SURE else None
            found += [Burst(phrase, rows, digits)] if rows is not None else []
    return found


def _areas(rows: list[dict[str, Any]], random: np.random.Generator) -> tuple[NDArray[np.int64], list[str]]:
    keywords = Counter(word for row in rows for word in _keywords(row))
    texts = [f"{row['title']} {row['abstract']} {row.get('keywords') or ''}".lower() for row in rows]
    names = [word for word, count in keywords.items() if 20 <= count <= 300 and len(word) > 6 and ":" not in word]
    names.sort()
    random.shuffle(names)
    label, areas = np.full(len(rows), -1), list[str]()
    for name in names:
        inside = np.array([name in text for text in texts])
        if 60 <= inside.sum() <= 600 and (inside & (label >= 0)).sum() < 0.2 * inside.sum():
            label[inside & (label < 0)] = len(areas)
            areas.append(name)
        if len(areas) == 20:
            break
    return label, areas


def _keywords(row: dict[str, Any]) -> set[str]:
    return {word.strip().lower() for word in (row.get("keywords") or "").split(";") if word.strip()}
