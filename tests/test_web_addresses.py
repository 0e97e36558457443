"""Which addresses of others become links, and how counts read."""

from __future__ import annotations

import pytest

from tidings.web import addresses
from tidings.web.entries import shortened


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "//host/path",
        "/path",
        "ftp://host",
        "http://",
        "http://[",
        "",
    ],
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert not addresses.is_linkable(url)


@pytest.mark.parametrize(
    ("count", "text"), [(7, "7"), (1280, "1.3k"), (2000, "2k"), (10234, "10k"), (3_400_000, "3.4M")]
)
def test_counts_are_read_in_passing(count: int, text: str) -> None:
    assert shortened(count) == text
