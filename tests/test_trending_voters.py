"""What a vote weighs: nobody is loud by voting for everything, or by many new accounts."""

from __future__ import annotations

import numpy as np
import pytest

from tidings.rank.trending import Trust, weigh
from tidings.rank.trending.arrays import DAY, HOUR

NOON = 20_000 * DAY + 12 * HOUR
OLD = NOON - 400 * DAY
TRUST = Trust(daily=20, ramp_days=5, newcomer=0.1)


def test_a_vote_of_an_established_account_is_a_vote() -> None:
    found = weigh(np.array([0, 1]), np.array([0, 0]), np.full(2, NOON), np.array([OLD]), TRUST)
    assert found.weight.tolist() == [1.0, 1.0]


def test_an_account_that_votes_for_everything_gives_out_a_day_no_more_than_its_budget() -> None:
    papers = np.arange(1000)
    found = weigh(papers, np.zeros(1000, np.int64), NOON + papers.astype(float), np.array([OLD]), TRUST)
    assert found.weight.sum() == pytest.approx(20)
    assert found.budget == pytest.approx(0.02)


def test_the_next_day_brings_a_new_budget() -> None:
    papers = np.arange(80)
    moments = NOON + np.repeat([0.0, DAY], 40)
    found = weigh(papers, np.zeros(80, np.int64), moments, np.array([OLD]), TRUST)
    assert found.weight == pytest.approx(0.5)


def test_one_loud_account_does_not_weaken_another() -> None:
    papers, accounts = np.append(np.arange(500), 3), np.append(np.zeros(500, np.int64), 1)
    found = weigh(papers, accounts, np.full(501, NOON), np.array([OLD, OLD]), TRUST)
    assert found.weight[-1] == 1


@pytest.mark.parametrize(("days", "least", "most"), [(0, 0.09, 0.1), (2.5, 0.4, 0.56), (5, 1, 1), (50, 1, 1)])
def test_a_new_account_weighs_more_from_day_to_day(days: float, least: float, most: float) -> None:
    found = weigh(np.array([0]), np.array([0]), np.array([NOON]), np.array([NOON - days * DAY]), TRUST)
    assert least <= found.weight[0] <= most


def test_a_vote_keeps_its_weight_when_its_account_grows_old() -> None:
    """A burst is not worth more a week later: what counts is how old the account was when it voted."""
    created = np.array([NOON - HOUR])
    then = weigh(np.array([0]), np.array([0]), np.array([NOON]), created, TRUST)
    later = weigh(np.array([0, 1]), np.array([0, 0]), np.array([NOON, NOON + 90 * DAY]), created, TRUST)
    assert later.weight[0] == then.weight[0] < 0.2 < later.weight[1]


@pytest.mark.parametrize("hours", [0, 1, 24, 96])
def test_a_thousand_accounts_of_this_week_are_worth_no_more_than_a_vote(hours: float) -> None:
    created = np.full(1000, NOON - hours * HOUR)
    found = weigh(np.zeros(1000, np.int64), np.arange(1000), np.full(1000, NOON), created, TRUST)
    assert found.weight.sum() < 1 + 1e-9


def test_more_newcomers_still_count_more() -> None:
    totals = [
        weigh(np.zeros(n, np.int64), np.arange(n), np.full(n, NOON), np.full(n, NOON), TRUST).weight.sum()
        for n in (1, 5, 20, 100)
    ]
    assert totals == sorted(totals)
    assert len(set(totals)) == 4


def test_newcomers_add_at_most_what_established_accounts_gave_and_one() -> None:
    created = np.append(np.full(10, OLD), np.full(5000, NOON))
    found = weigh(np.zeros(5010, np.int64), np.arange(5010), np.full(5010, NOON), created, TRUST)
    assert found.weight[:10].sum() == 10
    assert 9 < found.weight[10:].sum() <= 11


def test_invited_accounts_count_whole_from_the_first_day() -> None:
    found = weigh(np.array([0]), np.array([0]), np.array([NOON]), np.array([-np.inf]), TRUST)
    assert found.weight.tolist() == [1.0]


def test_the_order_of_the_votes_does_not_matter() -> None:
    random = np.random.default_rng(0)
    paper, account = random.integers(0, 20, 300), random.integers(0, 15, 300)
    moment, created = NOON + random.random(300) * 3 * DAY, NOON - random.random(15) * 8 * DAY
    shuffled = random.permutation(300)
    found = weigh(paper, account, moment, created).weight
    assert weigh(paper[shuffled], account[shuffled], moment[shuffled], created).weight == pytest.approx(found[shuffled])


def test_the_weight_is_what_its_reasons_say() -> None:
    random = np.random.default_rng(3)
    found = weigh(
        random.integers(0, 9, 200), random.integers(0, 6, 200), NOON + random.random(200) * DAY, np.full(6, NOON - DAY)
    )
    assert found.weight == pytest.approx(found.budget * found.maturity * found.crowd)


def test_no_votes_weigh_nothing() -> None:
    rows = np.zeros(0, np.int64)
    assert len(weigh(rows, rows, np.zeros(0), np.zeros(0)).weight) == 0
