"""People whom an identity provider or a trusted proxy vouches for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.people_help import (
    at_once,
    everything,
    member,
    open_catalog,
)
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.errors import InputError, SignInError
from tidings.people import Reader, Role
from tidings.store import Store

ADA = "ada@lab.example"
ISSUER = {"oidc": {"issuer": "https://id.example"}}


def reader(catalog: Catalog, secret: str) -> Reader:
    found = catalog.reader_of_session(secret)
    assert found is not None
    return found


# --- by somebody else's word ---


@pytest.fixture
def university(opened: Store, tmp_path: Path, clock: Clock) -> Catalog:
    return open_catalog(opened, tmp_path, clock, **ISSUER)


def test_a_provider_lets_in_who_has_an_account_and_knows_the_person_ever_after(university: Catalog) -> None:
    ada = member(university, "Ada").account
    first = reader(university, university.sign_in_as("42", "Ada@lab.example", "A. Lovelace", "Firefox")).account
    assert (first.id, first.name) == (ada.id, "Ada")
    moved = reader(university, university.sign_in_as("42", "ada@elsewhere.example", "", "Firefox")).account
    assert (moved.id, moved.email) == (ada.id, ADA)
    assert reader(university, university.sign_in_as("42", None, "", "Firefox")).account.id == ada.id


def test_an_address_that_was_given_to_another_person_leads_to_nobodys_account(university: Catalog) -> None:
    member(university, "Ada")
    university.sign_in_as("42", ADA, "", "Firefox")
    with pytest.raises(SignInError, match="somebody else"):
        university.sign_in_as("43", ADA, "", "Firefox")


def test_an_address_that_the_provider_did_not_verify_is_nobodys(university: Catalog, opened: Store) -> None:
    member(university, "Ada")
    with pytest.raises(SignInError, match="ask an administrator to invite you"):
        university.sign_in_as("42", None, "Ada", "Firefox")
    assert len(opened.accounts.all()) == 1


def test_a_provider_that_replaces_another_knows_nobody_by_the_others_names(
    university: Catalog, opened: Store, tmp_path: Path, clock: Clock
) -> None:
    member(university, "Ada"), member(university, "Eve")
    university.sign_in_as("42", ADA, "", "Firefox")
    other = open_catalog(opened, tmp_path, clock, oidc={"issuer": "https://new.example"})
    found = reader(other, other.sign_in_as("42", "eve@lab.example", "", "Firefox")).account
    assert found.name == "Eve"
    assert reader(other, other.sign_in_as("7", ADA, "", "Firefox")).account.name == "Ada"


def test_strangers_come_by_a_provider_or_a_proxy_only_where_signing_up_is_open(
    opened: Store, tmp_path: Path, clock: Clock
) -> None:
    closed = open_catalog(opened, tmp_path, clock, **ISSUER)
    for come in (
        lambda: closed.sign_in_as("1", "new@lab.example", "New", "Firefox"),
        lambda: closed.vouched_for("new@lab.example", "New"),
    ):
        with pytest.raises(SignInError, match="ask an administrator to invite you"):
            come()
    assert opened.accounts.all() == []
    public = open_catalog(opened, tmp_path, clock, sign_up=True, **ISSUER)
    found = reader(public, public.sign_in_as("1", "new@lab.example", "N\u202eew\x00", "Firefox")).account
    assert (found.name, found.email, found.role) == ("New", "new@lab.example", Role.READER)
    assert public.vouched_for("NEW@lab.example", "") == Reader(opened.accounts.get(found.id))
    assert public.vouched_for("other@lab.example", "").account.name == "other"
    assert reader(public, public.sign_in_as("2", None, "", "Firefox")).account.name == "Reader"


def test_the_first_requests_of_a_stranger_that_a_proxy_sends_at_once_make_one_account(public: Catalog) -> None:
    answers = at_once([lambda: public.vouched_for(ADA, "Ada")] * 6)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], Reader)


def test_nobody_vouches_for_the_disabled_nor_for_what_is_no_address(university: Catalog, opened: Store) -> None:
    admin, ada = member(university, "Root", Role.ADMIN), member(university, "Ada")
    university.set_disabled(admin, ada.account.id, True)
    before = everything(opened)
    for come in (
        lambda: university.vouched_for(ADA, "Ada"),
        lambda: university.sign_in_as("42", ADA, "Ada", "Firefox"),
    ):
        with pytest.raises(SignInError, match="disabled"):
            come()
    for odd in ("", "ada", "ada@lab.example, root@lab.example", "ada@lab.example\r\nX: y"):
        with pytest.raises(InputError):
            university.vouched_for(odd, "Ada")
    assert everything(opened) == before
