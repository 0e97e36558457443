"""Write the teacher's vectors of the corpus, shard by shard; a stop at any time leaves whole shards.

HF_HUB_OFFLINE=1 python -m training.teacher /tmp/encoder MODEL_FOLDER
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

SHARD = 4096
BATCH = 16
LONGEST = 128  # tokens, the length MiniLM itself was trained at; the time grows with it


def teacher_vectors(model: torch.nn.Module, ids: list[list[int]], pad: int) -> np.ndarray:
    """Return the mean-pooled, normalised vectors of tokenised texts, (n, 384) float16.

    Texts of similar length share a batch: padding would be half of the work.
    """
    vectors = np.zeros((len(ids), model.config.hidden_size), dtype=np.float16)
    order = np.argsort([len(row) for row in ids], kind="stable")
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        width = max(len(ids[row]) for row in rows)
        tokens = torch.full((len(rows), width), pad)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            tokens[place, : len(ids[row])] = torch.tensor(ids[row])
            mask[place, : len(ids[row])] = 1
        hidden = model(input_ids=tokens, attention_mask=mask).last_hidden_state.float()
        pooled = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        vectors[rows] = torch.nn.functional.normalize(pooled, dim=1).numpy().astype(np.float16)
    return vectors


def main(folder: Path, model_folder: str) -> None:
    """Fill `folder/teacher` with one file per shard of the corpus, skipping those present."""
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = AutoModel.from_pretrained(model_folder, dtype=torch.bfloat16).eval()
    texts = []
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            paper = json.loads(line)
            texts.append(f"{paper['title']}\n{paper['abstract']}")
    (folder / "teacher").mkdir(exist_ok=True)
    for start in range(0, len(texts), SHARD):
        path = folder / "teacher" / f"{start:07d}.npy"
        if path.exists():
            continue
        begun = time.perf_counter()
        ids = tokenizer(texts[start : start + SHARD], truncation=True, max_length=LONGEST)["input_ids"]
        with torch.inference_mode():
            vectors = teacher_vectors(model, ids, tokenizer.pad_token_id)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, vectors)
        partial.rename(path)
        print(f"{start + len(vectors)}/{len(texts)} {len(vectors) / (time.perf_counter() - begun):.0f}/s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
