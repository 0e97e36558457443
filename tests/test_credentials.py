"""Secrets: enough chance, kept as hashes, the same work for right and wrong."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Literal

import pytest
from argon2 import Type, extract_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people_help import QuickHasher, quick_hashing
from tidings.credentials import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    digest,
    equal,
    hash_password,
    is_password,
    new_key,
    new_secret,
    new_token,
)
from tidings.errors import InputError

PASSWORD = "correct horse battery"


@pytest.fixture
def quick() -> Iterator[None]:
    with quick_hashing():
        yield


def test_secrets_are_256_bits_of_chance_that_an_address_can_carry() -> None:
    made = {new_secret() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(secret) for secret in made} == {43}
    assert set("".join(made)) <= set(string.ascii_letters + string.digits + "-_")


def test_a_token_says_what_it_is_and_a_key_can_be_read_out() -> None:
    assert re.fullmatch(r"tidings_[A-Za-z0-9_-]{43}", new_token())
    assert re.fullmatch(r"[A-Za-z0-9_-]{16}", new_key())
    assert len({new_key() for _ in range(1000)}) == len({new_token() for _ in range(1000)}) == 1000


@given(st.text(), st.text())
def test_a_secret_is_found_by_its_hash_alone(one: str, other: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", digest(one))
    assert digest(one) == digest(one)
    assert (digest(one) == digest(other)) == (one == other) == equal(one, other)


def test_a_secret_of_odd_characters_is_no_error() -> None:
    for odd in ("", "\x00", "\ud800", "ü" * 100_000):
        assert equal(odd, odd)
        assert digest(odd) != digest(new_secret())


def test_a_password_is_hashed_slowly_and_differently_each_time() -> None:
    one, other = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one != other
    assert PASSWORD not in one
    parameters = extract_parameters(one)
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost) >= (65536, 3)  # RFC 9106, section 4, second choice


@pytest.mark.usefixtures("quick")
def test_only_the_password_itself_fits() -> None:
    hashed = hash_password(PASSWORD)
    assert is_password(PASSWORD, hashed)
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], PASSWORD + "\x00", hashed):
        assert not is_password(wrong, hashed)


@pytest.mark.usefixtures("quick")
def test_nothing_fits_where_there_is_no_password() -> None:
    for tried in ("", PASSWORD, "\ud800"):
        assert not is_password(tried, None)
    assert not is_password(PASSWORD, "a damaged hash")


def test_the_work_is_the_same_with_and_without_a_password() -> None:
    seen = list[tuple[int, int, int]]()

    class Counting(QuickHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            parameters = extract_parameters(hash.decode() if isinstance(hash, bytes) else hash)
            seen.append((parameters.memory_cost, parameters.time_cost, parameters.parallelism))
            return super().verify(hash, password)

    with quick_hashing(Counting):
        hashed = hash_password(PASSWORD)
        answers = [is_password(PASSWORD, hashed), is_password("wrong password", hashed), is_password(PASSWORD, None)]
    assert answers == [True, False, False]
    assert len(seen) == 3
    assert len(set(seen)) == 1


@pytest.mark.parametrize("length", [0, SHORTEST_PASSWORD - 1, LONGEST_PASSWORD + 1])
def test_a_password_has_a_length_that_makes_sense(length: int) -> None:
    with pytest.raises(InputError, match=r"at least 10 characters|at most 1,000 characters"):
        hash_password("x" * length)


@pytest.mark.usefixtures("quick")
def test_a_password_of_the_greatest_length_fits_whole_and_not_one_that_begins_so() -> None:
    longest = "x" * LONGEST_PASSWORD
    hashed = hash_password(longest)
    assert is_password(longest, hashed)
    assert not is_password(longest + "y", hashed)


@pytest.mark.usefixtures("quick")
def test_a_password_that_is_no_text_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="made of characters"):
        hash_password("long enough \ud800")
    assert not is_password("long enough \ud800", hash_password("long enough ?"))


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_every_keyboard_types_the_same_password(text: str) -> None:
    password = f"Zoë's café {text}"
    with quick_hashing():
        hashed = hash_password(unicodedata.normalize("NFC", password))
        assert is_password(unicodedata.normalize("NFD", password), hashed)


def test_many_at_once_take_the_memory_of_one() -> None:
    working, most, lock = [0], [0], Lock()

    class Watched(QuickHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            with lock:
                working[0] += 1
                most[0] = max(most[0], working[0])
            super().verify(hash, password)
            with lock:
                working[0] -= 1
            return True

    with quick_hashing(Watched), ThreadPoolExecutor(8) as pool:
        hashed = hash_password(PASSWORD)
        assert list(pool.map(lambda _: is_password(PASSWORD, hashed), range(200))) == [True] * 200
    assert most == [1]
