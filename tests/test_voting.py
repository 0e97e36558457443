"""Votes and submissions in the store, on both databases: each counts once, and none is lost."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import empty
from tests.people_help import account, at_once, papers, standing, statements
from tests.scripted import START
from tidings.errors import NotFoundError, SignInError
from tidings.people import Role, Standing
from tidings.store import Store, open_store

HOUR = timedelta(hours=1)


# --- votes ---


def test_voting_twice_is_voting_once_and_a_vote_can_be_taken_back(store: Store) -> None:
    [paper, other] = papers(store, 0, 1)
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    assert [store.voting.vote(who, paper, START) for who in (ada, ada, bob)] == [1, 1, 2]
    assert (standing(store, paper, ada).votes, standing(store, paper, ada).voted) == (2, True)
    assert [store.voting.unvote(ada, paper) for _ in range(2)] == [1, 1]
    assert (standing(store, paper, ada).votes, standing(store, paper, ada).voted) == (1, False)
    assert standing(store, other, ada) == Standing()


def test_the_first_moment_of_a_vote_is_kept_until_it_is_taken_back(store: Store) -> None:
    [paper], ada = papers(store, 0), account(store, "Ada").id
    for hours in (0, 1):
        store.voting.vote(ada, paper, START + hours * HOUR)
    assert [vote.at for vote in store.voting.votes_of(ada)] == [START]
    store.voting.unvote(ada, paper)
    store.voting.vote(ada, paper, START + HOUR)
    assert [vote.at for vote in store.voting.votes_of(ada)] == [START + HOUR]


def test_votes_are_found_by_account_by_paper_and_by_time(store: Store) -> None:
    [one, other] = papers(store, 0, 1)
    ada, bob = account(store, "Ada").id, account(store, "Bob").id
    for hours, (who, paper) in enumerate([(ada, one), (bob, other), (ada, other)]):
        store.voting.vote(who, paper, START + hours * HOUR)
    assert [(v.paper_id, v.at) for v in store.voting.votes_of(ada)] == [(other, START + 2 * HOUR), (one, START)]
    assert {v.account_id for v in store.voting.votes_for([other])} == {ada, bob}
    assert store.voting.votes_for([]) == []
    assert {(v.account_id, v.paper_id) for v in store.voting.votes_since(START + HOUR)} == {(bob, other), (ada, other)}


def test_nobody_votes_for_what_is_not_there_and_nobody_who_is_gone_votes(store: Store) -> None:
    [paper], ada, bob = papers(store, 0), account(store, "Ada", Role.ADMIN), account(store, "Bob")
    for missing in (paper + 1, 0, -1, 2**31, 2**63):
        with pytest.raises(NotFoundError):
            store.voting.vote(ada.id, missing, START)
        with pytest.raises(NotFoundError):
            store.voting.unvote(ada.id, missing)
    store.accounts.set_disabled(bob.id, True, ada.id, START)
    for gone in (bob.id, bob.id + 1, 0):
        for attach in (store.voting.vote, store.voting.submit):
            with pytest.raises(SignInError):
                attach(gone, paper, START)
    assert standing(store, paper) == Standing()


def test_votes_of_the_disabled_do_not_count_until_they_are_let_in_again(store: Store) -> None:
    [paper], root, bob = papers(store, 0), account(store, "Root", Role.ADMIN).id, account(store, "Bob").id
    store.voting.vote(bob, paper, START)
    store.accounts.set_disabled(bob, True, root, START)
    assert standing(store, paper) == Standing()
    assert store.voting.vote(root, paper, START) == 1
    store.accounts.set_disabled(bob, False, root, START)
    assert standing(store, paper).votes == 2


def test_a_vote_is_one_transaction_of_a_few_statements(store: Store) -> None:
    [paper], ada = papers(store, 0), account(store, "Ada").id
    with statements(store) as seen:
        store.voting.vote(ada, paper, START)
    assert sum("begin" in statement or "advisory" in statement for statement in seen) <= 1
    assert len([statement for statement in seen if statement.lower().startswith(("insert", "select count"))]) == 2
    assert len(seen) <= 5


def test_standings_take_as_many_queries_for_many_papers_as_for_one(store: Store) -> None:
    found = [number for n in range(30) for number in papers(store, 0, 1, number=n)]
    ada = account(store, "Ada").id
    for paper in found:
        store.voting.vote(ada, paper, START)
    with statements(store) as for_one:
        store.voting.standings(found[:1], ada)
    with statements(store) as for_all:
        answers = store.voting.standings(found, ada)
    assert len(for_one) == len(for_all)
    assert answers == {paper: Standing(votes=1, voted=True) for paper in found}
    assert store.voting.standings([], ada) == {}


def test_votes_of_many_threads_all_count(store: Store) -> None:
    [paper] = papers(store, 0)
    voters = [account(store, f"Voter{number}").id for number in range(12)]
    answers = at_once([partial(store.voting.vote, who, paper, START) for who in voters])
    assert sorted(answers, key=str) == sorted(range(1, 13), key=str)
    assert standing(store, paper).votes == 12


# --- submissions ---


def test_who_put_a_paper_forward_is_named_only_who_wants_to_be(store: Store) -> None:
    [paper], ada = papers(store, 0), account(store, "Ada")
    store.voting.submit(ada.id, paper, START)
    assert standing(store, paper).submitter == "Ada"
    store.accounts.change(ada.id, is_named=False)
    assert standing(store, paper).submitter is None
    assert [v.paper_id for v in store.voting.submissions_of(ada.id)] == [paper]
    store.accounts.change(ada.id, name="Ada L.", is_named=True)
    assert standing(store, paper).submitter == "Ada L."


# --- several processes ---


def vote_often(home: Path, url: str | None, voters: list[int], paper: int, taken_back: list[int]) -> None:
    """Vote with each of the accounts, and take some votes back."""
    opened = open_store(home, url)
    for voter in voters:
        opened.voting.vote(voter, paper, START)
    for voter in taken_back:
        opened.voting.unvote(voter, paper)
    opened.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_votes_of_several_processes_all_count(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    url = request.getfixturevalue("postgresql_url") if database == "postgresql" else None
    if url:
        empty(url)
    opened = open_store(tmp_path, url)
    [paper] = papers(opened, 0)
    voters = [account(opened, f"Voter{number}").id for number in range(60)]
    shares = [voters[:40], voters[20:]]  # some accounts vote in both
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=vote_often, args=(tmp_path, url, share, paper, share[-5:])) for share in shares]
    for process in processes:
        process.start()
    for number in range(10):
        opened.voting.vote(account(opened, f"Late{number}").id, paper, START)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    certain = set(voters) - set(shares[0][-5:]) - set(shares[1][-5:])
    kept = {vote.account_id for vote in opened.voting.votes_for([paper])}
    assert certain <= kept
    assert not kept & set(shares[1][-5:])  # only one process voted for these, and took the votes back
    assert standing(opened, paper).votes == len(kept) >= 60
    opened.close()
