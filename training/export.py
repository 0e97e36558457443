"""Write a trained table as the product ships it: int8 rows with a scale each, and the tokenizer.

python -m training.export /tmp/encoder NAME [FOLDER]
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

REPOSITORY = Path(__file__).resolve().parent.parent
SHIPPED = REPOSITORY / "src" / "tidings" / "embed" / "data"


def quantised(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows int8, scales float32) whose product is the table to within half a step of each row."""
    scales = np.abs(table).max(axis=1).clip(1e-12) / 127
    return np.round(table / scales[:, None]).astype(np.int8), scales.astype(np.float32)


def content_name(tokenizer: bytes, *parts: np.ndarray) -> str:
    """Return the encoder's name, which changes whenever a vector would."""
    digest = hashlib.sha256(tokenizer)
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return f"tidings-static-1:{digest.hexdigest()[:8]}"


def main(folder: Path, name: str, target: Path) -> None:
    """Write `table.safetensors` and `tokenizer.json` into the target."""
    tokenizer = json.dumps(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")), ensure_ascii=False)
    rows, scales = quantised(np.load(folder / f"{name}.npy"))
    pairs = np.load(folder / "pairs.npy")
    target.mkdir(parents=True, exist_ok=True)
    (target / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    content = content_name(tokenizer.encode(), rows, scales, pairs)
    save_file({"rows": rows, "scales": scales, "pairs": pairs}, target / "table.safetensors", {"name": content})
    (target / "table.safetensors").chmod(0o644)  # it is written for its owner alone
    print(content, rows.shape, sum(path.stat().st_size for path in target.iterdir()) / 1e6, "MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else SHIPPED)
