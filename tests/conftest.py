"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa

from tests import postgresql
from tests.people_help import open_catalog, quick_hashing
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.store import Store, open_store

# how long an example takes says more of the machine than of the code
hypothesis.settings.register_profile("tidings", deadline=None)
hypothesis.settings.load_profile("tidings")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TIDINGS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set TIDINGS_SHARED_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a PostgreSQL server; tests that need it are skipped where it is not installed."""
    if postgresql.program("initdb") is None:
        pytest.skip("no PostgreSQL here (apt install postgresql)")
    with postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each database in turn."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        empty(url)
    opened = open_store(tmp_path, url)
    yield opened
    opened.close()


# --- an empty archive of people; modules with another one have fixtures of these names themselves ---


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with quick_hashing():
        store = open_store(tmp_path)
        yield store
        store.close()


@pytest.fixture
def catalog(opened: Store, tmp_path: Path, clock: Clock) -> Catalog:
    return open_catalog(opened, tmp_path, clock)


@pytest.fixture
def public(opened: Store, tmp_path: Path, clock: Clock) -> Catalog:
    """The same archive, where strangers may make accounts."""
    return open_catalog(opened, tmp_path, clock, sign_up=True)


def empty(url: str) -> None:
    """Drop everything in a PostgreSQL database."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("drop schema public cascade"))
        connection.execute(sa.text("create schema public"))
    engine.dispose()
