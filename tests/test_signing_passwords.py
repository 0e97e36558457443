"""Passwords by the façade, and how often one may try them or ask for links."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.people_help import (
    member,
    session_of,
    statements,
)
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.catalog.signing import network_of
from tidings.errors import InputError, SignInError, TooManyError
from tidings.people import Reader, Role
from tidings.store import Store

ADA, PASSWORD = "ada@lab.example", "correct horse battery"


def reader(catalog: Catalog, secret: str) -> Reader:
    found = catalog.reader_of_session(secret)
    assert found is not None
    return found


# --- passwords ---


def test_a_password_lets_in_and_ends_all_sessions_when_it_is_set(catalog: Catalog) -> None:
    ada = member(catalog, "Ada")
    other = session_of(catalog, "Ada")
    catalog.set_password(ada, PASSWORD)
    assert catalog.reader_of_session(other) is None
    found = reader(catalog, catalog.sign_in_with_password(" ADA@lab.example", PASSWORD, "192.0.2.1", "Firefox"))
    assert found.account.has_password
    catalog.set_password(found, "another long one")
    assert catalog.sessions(found) == []
    with pytest.raises(SignInError):
        catalog.sign_in_with_password(ADA, PASSWORD, "192.0.2.1", "Firefox")


def test_a_wrong_address_no_password_and_a_wrong_password_are_answered_alike(catalog: Catalog, opened: Store) -> None:
    member(catalog, "Eve")
    catalog.set_password(member(catalog, "Ada"), PASSWORD)
    answers, done = set(), []
    for email in (ADA, "eve@lab.example", "nobody@lab.example"):
        with statements(opened) as seen, pytest.raises(SignInError) as refused:
            catalog.sign_in_with_password(email, "wrong password", "192.0.2.1", "Firefox")
        answers.add(str(refused.value))
        done.append(seen)
    assert len(answers) == 1
    assert done[0] == done[1] == done[2]


@pytest.mark.parametrize("password", ["", "\x00", "\ud800", "x" * 100_000])
def test_an_odd_password_is_a_wrong_one(catalog: Catalog, password: str) -> None:
    ada = member(catalog, "Ada")
    with pytest.raises(InputError):
        catalog.set_password(ada, password)
    with pytest.raises(SignInError, match="do not belong together"):
        catalog.sign_in_with_password(ADA, password, "192.0.2.1", "Firefox")


def test_the_right_password_of_a_disabled_account_lets_nobody_in(catalog: Catalog) -> None:
    admin, ada = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada")
    catalog.set_password(ada, PASSWORD)
    catalog.set_disabled(admin, ada.account.id, True)
    with pytest.raises(SignInError, match="disabled"):
        catalog.sign_in_with_password(ADA, PASSWORD, "192.0.2.1", "Firefox")
    with pytest.raises(SignInError, match="do not belong together"):
        catalog.sign_in_with_password(ADA, "wrong password", "192.0.2.1", "Firefox")


# --- how often ---


def attempts(catalog: Catalog, what: str, email: str, network: str) -> str:
    """Return "in" when an attempt was looked at, or how the wait was put."""
    try:
        if what == "link":
            catalog.ask_sign_in(email, network)
        else:
            catalog.sign_in_with_password(email, "wrong password", network, "Firefox")
    except TooManyError as error:
        return f"{error}, {error.retry_after} s"
    except SignInError:
        pass
    return "in"


@pytest.mark.parametrize(
    ("what", "own", "wait"),
    [("link", 5, "60 minutes, 3600 s"), ("password", 10, "15 minutes, 900 s")],
)
@pytest.mark.parametrize("email", [ADA, "nobody@lab.example", "eve@lab.example"])
def test_for_one_address_so_many_are_looked_at_whoever_it_is_and_wherever_from(
    catalog: Catalog, clock: Clock, what: str, own: int, wait: str, email: str
) -> None:
    admin, eve = member(catalog, "Root", Role.ADMIN), member(catalog, "Eve")
    member(catalog, "Ada")
    catalog.set_disabled(admin, eve.account.id, True)
    looked_at = [attempts(catalog, what, email, f"192.0.2.{n}") for n in range(own + 2)]
    assert looked_at == ["in"] * own + [f"too many attempts; try again in {wait}"] * 2
    assert attempts(catalog, what, email.upper(), "198.51.100.1") == looked_at[-1]
    assert attempts(catalog, what, "other@lab.example", "192.0.2.0") == "in"
    clock.at += timedelta(seconds=int(wait.split()[2]) - 60)
    assert attempts(catalog, what, email, "192.0.2.1") == "too many attempts; try again in a minute, 60 s"
    clock.at += timedelta(seconds=59)
    assert attempts(catalog, what, email, "192.0.2.1") == "too many attempts; try again in a minute, 1 s"
    clock.at += timedelta(seconds=1)
    assert [attempts(catalog, what, email, "192.0.2.1") for _ in range(own)] == ["in"] * own


@pytest.mark.parametrize("what", ["link", "password"])
def test_from_one_network_so_many_are_looked_at_whatever_the_address(catalog: Catalog, what: str) -> None:
    looked_at = [attempts(catalog, what, f"p{n}@lab.example", "192.0.2.1") for n in range(52)]
    assert looked_at[:50] == ["in"] * 50
    assert all("too many attempts" in answer for answer in looked_at[50:])
    assert attempts(catalog, what, "p51@lab.example", "192.0.2.2") == "in"


def test_who_is_refused_for_the_network_uses_up_nobodys_attempts(catalog: Catalog) -> None:
    for number in range(50):
        attempts(catalog, "link", f"p{number}@lab.example", "192.0.2.1")
    for _ in range(10):
        assert attempts(catalog, "link", ADA, "192.0.2.1") != "in"
    assert [attempts(catalog, "link", ADA, "192.0.2.2") for _ in range(5)] == ["in"] * 5


def test_links_and_passwords_are_counted_apart(catalog: Catalog) -> None:
    for _ in range(5):
        assert attempts(catalog, "link", ADA, "192.0.2.1") == "in"
    assert attempts(catalog, "link", ADA, "192.0.2.1") != "in"
    assert attempts(catalog, "password", ADA, "192.0.2.1") == "in"


def test_a_network_is_what_one_person_may_have_many_addresses_of() -> None:
    assert network_of("192.0.2.1") == network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("2001:db8::1") == network_of("2001:db8:0:0:ffff::9") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") == "2001:db8:0:1::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("unknown") == "unknown"
    assert network_of("x\x00\ud800" * 1000) == "x" * 100
