"""Records into the store: files batch by batch, sources page by page, each in one transaction."""

from tidings.sync.place import BATCH, NEW, Tally, split, take, take_batch
from tidings.sync.run import run

__all__ = ["BATCH", "NEW", "Tally", "run", "split", "take", "take_batch"]
