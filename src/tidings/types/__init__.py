"""What flows through Tidings: plain frozen data, and the protocols with two implementations.

Ids are ``int`` inside (``Paper.id``) and ``str`` outside (``"arxiv:2106.09685"``). Times are aware UTC.
"""

from __future__ import annotations

from tidings.types.arrays import TERM_BITS, Terms
from tidings.types.digests import Digest, Edition, Story, Subscription
from tidings.types.papers import (
    Change,
    Count,
    FieldChange,
    HeldRecord,
    Link,
    Paper,
    Quarantined,
    Record,
    Refusal,
    Revision,
    Version,
)
from tidings.types.protocols import Encoder
from tidings.types.queries import (
    And,
    Between,
    Breakdown,
    Day,
    Facet,
    Filter,
    Has,
    Hit,
    Not,
    Or,
    Page,
    Parts,
    Query,
    Term,
    Trend,
)
from tidings.types.reports import AddReport, Check, Limit, SourceStatus, Stats, SyncReport

__all__ = [
    "TERM_BITS",
    "AddReport",
    "And",
    "Between",
    "Breakdown",
    "Change",
    "Check",
    "Count",
    "Day",
    "Digest",
    "Edition",
    "Encoder",
    "Facet",
    "FieldChange",
    "Filter",
    "Has",
    "HeldRecord",
    "Hit",
    "Limit",
    "Link",
    "Not",
    "Or",
    "Page",
    "Paper",
    "Parts",
    "Quarantined",
    "Query",
    "Record",
    "Refusal",
    "Revision",
    "SourceStatus",
    "Stats",
    "Story",
    "Subscription",
    "SyncReport",
    "Term",
    "Terms",
    "Trend",
    "Version",
]
