"""How long a host wants to be left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client_help import START
from tidings.sources.client.waits import LONGEST, not_before

HOUR = "Mon, 02 Mar 2026 13:00:00 GMT"
EPOCH = int(START.timestamp())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"retry-after": " 120 "}, 120),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": HOUR}, 3600),
        ({"Retry-After": "Monday, 02-Mar-26 13:00:00 GMT"}, 3600),  # RFC 850
        ({"Retry-After": "Mon, 02 Mar 2026 14:00:00 +0100"}, 3600),
        ({"Retry-After": "Mon, 02 Mar 2026 13:00:00 -0000"}, 3600),
        ({"Backoff": "30"}, 30),
        ({"Backoff": "30", "Retry-After": "20"}, 30),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "55"}, 55),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "55"}, 55),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(EPOCH + 55)}, 55),
        ({"RateLimit-Remaining": "0, 0;w=1", "RateLimit-Reset": "55"}, 55),
        ({"RateLimit": '"api";r=0;t=55'}, 55),  # https://huggingface.co/docs/hub/rate-limits
        ({"RateLimit": '"a";r=3;t=9, "b";r=0;t=55'}, 55),
    ],
)
def test_what_a_host_asks_for_is_understood(headers: dict[str, str], seconds: float) -> None:
    assert not_before(headers, START) == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Retry-After": "soon"},
        {"Retry-After": ""},
        {"Retry-After": "0"},
        {"Retry-After": "-5"},
        {"Retry-After": "１２"},
        {"Retry-After": "Mon, 02 Mar 2026 11:00:00 GMT"},
        {"Retry-After": "Mon, 99 Mar 2026 11:00:00 GMT"},
        {"Backoff": HOUR},
        {"RateLimit-Remaining": "9", "RateLimit-Reset": "1"},
        {"RateLimit-Remaining": "0"},
        {"RateLimit-Reset": "55"},
        {"RateLimit-Remaining": "0", "X-RateLimit-Reset": "55"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH - 5)},
        {"RateLimit": '"api";r=10;t=55'},
        {"X-RateLimit-Limit": "50", "X-RateLimit-Interval": "1s"},
    ],
)
def test_what_asks_for_nothing_or_makes_no_sense_is_ignored(headers: dict[str, str]) -> None:
    assert not_before(headers, START) is None


@pytest.mark.parametrize("wish", ["99999999999", "Mon, 02 Mar 2099 13:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_nobody_means_years(wish: str) -> None:
    assert not_before({"Retry-After": wish}, START) == START + LONGEST


@settings(suppress_health_check=[HealthCheck.too_slow])  # the pattern is compiled at the first draw
@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "backoff", "ratelimit", "ratelimit-remaining", "ratelimit-reset"]),
        st.one_of(
            st.text(max_size=40), st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{2,5} \d\d:\d\d:\d\d \S{0,8}")
        ),
    )
)
def test_no_header_breaks_anything(headers: dict[str, str]) -> None:
    moment = not_before(headers, START)
    assert moment is None or START < moment <= START + LONGEST
