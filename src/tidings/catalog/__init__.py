"""The façade: whatever a person can do is one method here, and only here are things wired together."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from tidings.catalog.checking import Checking
from tidings.catalog.grids import Grids
from tidings.catalog.improving import Improving
from tidings.catalog.keeping import Keeping, Progress
from tidings.catalog.members import Members
from tidings.catalog.outbound import Outbound
from tidings.catalog.outbox import Outbox
from tidings.catalog.returns import Returns
from tidings.catalog.signing import Signing
from tidings.catalog.submitting import Submitting
from tidings.catalog.subscribing import Subscribing
from tidings.catalog.syncing import SyncProgress
from tidings.catalog.tags import Tags
from tidings.catalog.topic_offers import TopicOffers
from tidings.settings import Settings
from tidings.store import open_store

__all__ = ["Catalog", "Progress", "SyncProgress", "open"]


def open(home: Path | str | None = None, settings: Settings | None = None) -> Catalog:  # noqa: A001
    """Open the archive in a folder, creating it where needed.

    Raises:
        StoreError: the folder cannot be used, or a newer version made it.
    """
    if settings is None:
        settings = Settings() if home is None else Settings(home=Path(home))
    elif home is not None:
        settings = settings.model_copy(update={"home": Path(home)})
    return Catalog(open_store(settings.root, settings.database_url), settings)


class Catalog(
    Grids,
    TopicOffers,
    Tags,
    Outbox,
    Submitting,
    Keeping,
    Checking,
    Outbound,
    Subscribing,
    Returns,
    Improving,
    Signing,
    Members,
):
    """An open archive. Safe to share between threads; use as a context manager or call ``close``."""

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
