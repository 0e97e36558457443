"""Putting papers forward by the façade: from where each is asked, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.people_help import member, program
from tests.scripted import START, Clock
from tests.submit_help import ACL, ARXIV, DATASET, DOI, FORUM, World, open_world
from tests.test_sync import take
from tidings.catalog import Catalog
from tidings.catalog.periods import Period
from tidings.errors import (
    FetchError,
    ForbiddenError,
    InputError,
    NotFoundError,
    PausedError,
    SignInError,
    SourceError,
    TooManyError,
)
from tidings.people import Reader
from tidings.store import Pass, Store, open_store
from tidings.types import Limit, Record

TODAY = Period.day(START.date())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store, on SQLite alone: what each database does is held elsewhere."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def stage(store: Store, tmp_path: Path, clock: Clock) -> tuple[Catalog, World]:
    return open_world(store, tmp_path, clock)


@pytest.fixture
def catalog(stage: tuple[Catalog, World]) -> Catalog:
    return stage[0]


@pytest.fixture
def world(stage: tuple[Catalog, World]) -> World:
    return stage[1]


@pytest.fixture
def reader(catalog: Catalog) -> Reader:
    return member(catalog, "Ada")


# --- where a paper comes from ---


@pytest.mark.parametrize(
    ("pasted", "host", "key"),
    [
        (f"https://arxiv.org/abs/{ARXIV}v2", "export.arxiv.org", f"arxiv:{ARXIV}"),
        (ARXIV, "export.arxiv.org", f"arxiv:{ARXIV}"),
        (f"https://doi.org/{DOI}", "api.crossref.org", f"doi:{DOI}"),
        (f"https://openreview.net/forum?id={FORUM}", "api2.openreview.net", f"openreview:{FORUM}"),
        (f"https://aclanthology.org/{ACL}/", "api.crossref.org", f"acl:{ACL}"),
    ],
)
def test_an_unknown_paper_comes_from_whoever_publishes_it_and_can_be_found(
    catalog: Catalog, world: World, reader: Reader, pasted: str, host: str, key: str
) -> None:
    made = catalog.submit(reader, pasted)
    assert (key in made.paper.ids, made.was_held, made.is_first) == (True, False, True)
    assert [request.url.host for request in world.asked] == [host]
    assert [hit.paper.id for hit in catalog.search(made.paper.title).hits] == [made.paper.id]
    assert [hit.paper.id for hit in catalog.trending(TODAY).page.hits] == [made.paper.id]
    assert catalog.standings([made.paper])[made.paper.id].submitter == "Ada"


def test_a_paper_that_is_held_is_only_marked(catalog: Catalog, store: Store, world: World, reader: Reader) -> None:
    take(store, Record("acl", ACL, "Held already", ids=(f"acl:{ACL}",), announced=date(2020, 1, 1)))
    made = catalog.submit(reader, f"acl:{ACL}")
    assert (made.was_held, made.is_first, world.asked) == (True, True, [])
    other = catalog.submit(member(catalog, "Alan"), f"acl:{ACL}")
    assert (other.is_first, catalog.standings([made.paper])[made.paper.id].submitter) == (False, "Ada")


def test_what_comes_joins_the_paper_that_it_is(catalog: Catalog, store: Store, reader: Reader) -> None:
    """Held under another name, it becomes no second paper."""
    title = "Rigidity and stability of Einstein metrics for quadratic curvature functionals"
    take(
        store,
        Record("arxiv", "1105.4648", title, authors=("M. J. Gursky", "J. A. Viaclovsky"), ids=("arxiv:1105.4648",)),
    )
    made = catalog.submit(reader, DOI)
    assert set(made.paper.ids) == {"arxiv:1105.4648", f"doi:{DOI}"}
    assert catalog.stats().papers == 1


def test_crossref_says_title_authors_abstract_venue_day_and_citations(catalog: Catalog, reader: Reader) -> None:
    paper = catalog.submit(reader, DOI).paper
    assert paper.title.startswith("Rigidity and stability")
    assert paper.authors == ("Matthew J. Gursky", "Jeff A. Viaclovsky")
    assert paper.abstract.startswith("We investigate rigidity")
    assert "<" not in paper.abstract
    assert paper.venue == "Journal für die reine und angewandte Mathematik (Crelles Journal)"
    assert (paper.date, paper.year, paper.count("citations")) == (date(2015, 1, 1), 2015, 3)


# --- what is refused, and how ---


@pytest.mark.parametrize(
    ("pasted", "error", "words"),
    [
        ("https://example.org/a-blog-post", InputError, "not the id of a paper"),
        ("", InputError, "not the id of a paper"),
        ("2603.99999", NotFoundError, "arXiv has no such paper"),
        ("10.1000/unknown", NotFoundError, "Crossref knows no paper with the DOI 10.1000/unknown"),
        ("openreview:nosuchnote", NotFoundError, "OpenReview shows no paper with the id nosuchnote"),
        ("acl:1999.acl-long.1", NotFoundError, "Crossref knows no paper with the DOI 10.18653/v1/1999.acl-long.1"),
        (DATASET, SourceError, f"{DATASET} is no paper but a dataset"),
        ("paper:12", NotFoundError, "no paper here has the id paper:12"),
    ],
)
def test_a_refusal_is_said_in_words_and_keeps_nothing(
    catalog: Catalog, reader: Reader, pasted: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        catalog.submit(reader, pasted)
    assert (catalog.stats().papers, catalog.stats().quarantined) == (0, 0)


def test_nobody_and_a_token_without_the_scope_put_nothing_forward(
    catalog: Catalog, world: World, reader: Reader
) -> None:
    with pytest.raises(SignInError):
        catalog.submit(None, ARXIV)
    with pytest.raises(ForbiddenError):
        catalog.submit(program(catalog, reader, "read", "vote"), ARXIV)
    assert world.asked == []
    assert catalog.submit(program(catalog, reader, "submit"), ARXIV).is_first


def test_a_host_that_does_not_answer_is_said_after_two_attempts_and_nothing_is_kept(
    catalog: Catalog, world: World, reader: Reader
) -> None:
    world.down = lambda: httpx2.Response(503, text="down for repair")
    with pytest.raises(FetchError, match="503"):
        catalog.submit(reader, ARXIV)
    assert (len(world.asked), catalog.stats().papers) == (2, 0)
    world.down = None
    assert catalog.submit(reader, ARXIV).is_first


def test_nobody_waits_for_a_host_that_wants_to_be_left_alone(
    catalog: Catalog, store: Store, world: World, reader: Reader, clock: Clock
) -> None:
    limit = Limit("arxiv.org", 3.0)
    taken = store.gates.enter(limit, clock())
    assert isinstance(taken, Pass)
    store.gates.leave(taken, limit, clock(), clock() + timedelta(hours=1))
    before = clock()
    with pytest.raises(PausedError, match="left alone until"):
        catalog.submit(reader, ARXIV)
    assert (clock(), world.asked) == (before, [])


def test_one_account_puts_twenty_forward_in_a_day(catalog: Catalog, store: Store, reader: Reader, clock: Clock) -> None:
    keys = [f"2603.{number:05}" for number in range(1, 22)]
    take(store, *(Record("arxiv", key, f"Zebra stripe {key}", ids=(f"arxiv:{key}",)) for key in keys))
    for key in keys[:20]:
        catalog.submit(reader, key)
    clock.at += timedelta(hours=1)
    with pytest.raises(TooManyError, match=r"20 papers a day.*23 hours") as refused:
        catalog.submit(reader, keys[-1])
    assert refused.value.retry_after >= 23 * 3600
    assert catalog.submit(member(catalog, "Alan"), keys[-1]).is_first
    clock.at += timedelta(hours=23)
    assert not catalog.submit(reader, keys[-1]).is_first
