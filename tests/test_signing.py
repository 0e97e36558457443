"""Signing in by the façade as the owner, by a link, or by an invitation; and by nothing else."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.people_help import (
    at_once,
    everything,
    member,
    open_catalog,
    program,
    session_of,
    statements,
)
from tests.scripted import START, Clock
from tidings.catalog import Catalog
from tidings.catalog.signing import INVITATION_LIFE, LINK_LIFE, Letter
from tidings.errors import ConflictError, ForbiddenError, InputError, NotFoundError, SignInError
from tidings.people import SCOPES, Reader, Role
from tidings.store import Store
from tidings.store.tables import link

ADA, PASSWORD = "ada@lab.example", "correct horse battery"
ISSUER = {"oidc": {"issuer": "https://id.example"}}


def ask(catalog: Catalog, email: str = ADA, network: str = "192.0.2.1") -> Letter:
    letter = catalog.ask_sign_in(email, network)
    assert letter is not None
    return letter


def reader(catalog: Catalog, secret: str) -> Reader:
    found = catalog.reader_of_session(secret)
    assert found is not None
    return found


# --- the owner ---


def test_on_ones_own_machine_the_owner_needs_no_proof(catalog: Catalog) -> None:
    owner = catalog.owner()
    assert (owner.account.name, owner.account.role, owner.session, owner.is_program) == (
        "Owner",
        Role.ADMIN,
        None,
        False,
    )
    assert catalog.owner() == owner


def test_after_somebody_has_an_account_the_owner_has_to_sign_in_too(catalog: Catalog) -> None:
    catalog.owner()
    ada = member(catalog, "Ada")
    for _ in range(2):
        with pytest.raises(SignInError, match="for several people: sign in"):
            catalog.owner()
    catalog.delete_account(ada)
    assert catalog.owner().account.name == "Owner"


def test_where_somebody_came_first_there_is_no_owner(catalog: Catalog, opened: Store) -> None:
    member(catalog, "Ada", Role.ADMIN)
    with pytest.raises(SignInError):
        catalog.owner()
    assert len(opened.accounts.all()) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"sign_up": True},
        {"public_url": "https://papers.lab.example"},
        {"public_url": "http://10.0.0.7:8000"},
        {"public_url": "http://localhost.evil.example"},
        {"proxy": {"header": "X-Forwarded-Email"}},
        ISSUER,
    ],
)
def test_an_installation_that_is_set_up_for_several_people_makes_no_owner(
    opened: Store, tmp_path: Path, clock: Clock, settings: dict[str, object]
) -> None:
    with pytest.raises(SignInError):
        open_catalog(opened, tmp_path, clock, **settings).owner()
    assert opened.accounts.all() == []


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_an_address_of_this_machine_is_nobody_elses(opened: Store, tmp_path: Path, clock: Clock, url: str) -> None:
    assert open_catalog(opened, tmp_path, clock, public_url=url).owner().account.role is Role.ADMIN


# --- links ---


def test_a_link_lets_its_reader_in_once(catalog: Catalog) -> None:
    member(catalog, "Ada")
    letter = ask(catalog, "  ADA@Lab.Example ")
    assert (letter.kind, letter.to) == ("sign-in", ADA)
    assert all(catalog.knows_link(letter.secret) for _ in range(3))  # looking uses nothing: mail programs look
    found = reader(catalog, catalog.sign_in(letter.secret, "Firefox on Linux"))
    assert (found.account.email, found.scopes, found.is_program) == (ADA, frozenset(SCOPES), False)
    assert not catalog.knows_link(letter.secret)
    with pytest.raises(SignInError, match="used already or is too old"):
        catalog.sign_in(letter.secret, "Firefox on Linux")


def test_of_those_who_use_a_link_at_once_one_gets_a_session(catalog: Catalog, opened: Store) -> None:
    ada = member(catalog, "Ada")
    catalog.end_sessions(ada)
    letter = ask(catalog)
    answers = at_once([lambda: catalog.sign_in(letter.secret, "Firefox")] * 8)
    assert sorted(type(answer).__name__ for answer in answers) == ["SignInError"] * 7 + ["str"]
    assert len(opened.proofs.sessions(ada.account.id, START)) == 1


def test_a_link_lives_for_minutes(catalog: Catalog, clock: Clock) -> None:
    member(catalog, "Ada")
    assert timedelta(minutes=30) >= LINK_LIFE
    letter = ask(catalog)
    clock.at += LINK_LIFE - timedelta(seconds=1)
    assert catalog.knows_link(letter.secret)
    clock.at += timedelta(seconds=1)
    assert not catalog.knows_link(letter.secret)
    with pytest.raises(SignInError):
        catalog.sign_in(letter.secret, "Firefox")


@pytest.mark.parametrize("secret", ["", "x", "\x00", "\ud800", "x" * 100_000, "' or 1=1 --", "%"])
def test_what_is_no_secret_opens_nothing_and_writes_nothing(catalog: Catalog, opened: Store, secret: str) -> None:
    ask(catalog, member(catalog, "Ada").account.email or "")
    before = everything(opened)
    assert not catalog.knows_link(secret)
    assert catalog.reader_of_session(secret) is None
    for use in (lambda: catalog.sign_in(secret, "Firefox"), lambda: catalog.reader_of_token(secret)):
        with pytest.raises(SignInError):
            use()
    assert everything(opened) == before


def test_no_secret_stands_in_the_database_nor_in_what_is_printed(catalog: Catalog, opened: Store) -> None:
    ada = member(catalog, "Ada", Role.ADMIN)
    letter, invitation = ask(catalog), catalog.invite(ada, "bob@lab.example", Role.READER)
    session, token = session_of(catalog, "Ada"), catalog.make_token(ada, "script", ["read"])
    letter = ask(catalog)
    catalog.set_password(ada, PASSWORD)
    kept = everything(opened) + repr(letter) + repr(invitation) + repr(catalog.tokens(ada))
    for secret in (letter.secret, invitation.secret, session, token, PASSWORD, token.removeprefix("tidings_")):
        assert secret not in kept


def test_the_same_is_done_for_the_known_the_unknown_and_the_disabled(catalog: Catalog, opened: Store) -> None:
    admin, eve = member(catalog, "Root", Role.ADMIN), member(catalog, "Eve")
    member(catalog, "Ada")
    catalog.set_disabled(admin, eve.account.id, True)
    done = {}
    for email in (ADA, "nobody@lab.example", "eve@lab.example"):
        with statements(opened) as seen:
            letter = catalog.ask_sign_in(email, "192.0.2.1")
        done[email] = seen
        assert (letter is not None) == (email == ADA)
    assert done[ADA] == done["nobody@lab.example"] == done["eve@lab.example"]
    assert "nobody@lab.example" not in everything(opened)
    with opened.engine.connect() as connection:
        assert list(connection.scalars(sa.select(link.c.kind).order_by(link.c.id))) == ["sign-in", "nobody", "nobody"]


def test_the_command_line_is_told_what_is_wrong(catalog: Catalog) -> None:
    admin, eve = member(catalog, "Root", Role.ADMIN), member(catalog, "Eve")
    assert (
        reader(catalog, catalog.sign_in(catalog.sign_in_letter("EVE@lab.example").secret, "w3m")).account
        == (catalog.accounts(admin)[0][1])
    )
    catalog.set_disabled(admin, eve.account.id, True)
    for email, kind in ((ADA, NotFoundError), ("eve@lab.example", SignInError), ("eve", InputError)):
        with pytest.raises(kind):
            catalog.sign_in_letter(email)


def test_strangers_come_by_a_link_where_signing_up_is_open(catalog: Catalog, public: Catalog) -> None:
    assert catalog.ask_sign_in(ADA, "192.0.2.1") is None
    found = reader(public, public.sign_in(ask(public).secret, "Firefox")).account
    assert (found.name, found.email, found.role) == ("ada", ADA, Role.READER)


def test_a_link_that_was_sent_while_signing_up_was_open_makes_no_account_when_it_is_not(
    catalog: Catalog, public: Catalog, opened: Store
) -> None:
    letter = ask(public)
    with pytest.raises(SignInError):
        catalog.sign_in(letter.secret, "Firefox")
    assert opened.accounts.all() == []


def test_two_letters_to_one_stranger_make_one_account(public: Catalog, opened: Store) -> None:
    letters = [ask(public), ask(public)]
    answers = at_once([partial(public.sign_in, letter.secret, "Firefox") for letter in letters])
    assert sorted(type(answer).__name__ for answer in answers) == ["SignInError", "str"]
    assert len(opened.accounts.all()) == 1


def test_a_letter_to_who_was_disabled_or_deleted_since_lets_nobody_in(catalog: Catalog) -> None:
    admin, ada, eve = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada"), member(catalog, "Eve")
    letters = [ask(catalog), ask(catalog, "eve@lab.example")]
    catalog.set_disabled(admin, ada.account.id, True)
    catalog.delete_account(eve)
    for letter in letters:
        with pytest.raises(SignInError):
            catalog.sign_in(letter.secret, "Firefox")


# --- invitations ---


def test_an_invitation_makes_an_account_of_its_role_once_within_two_weeks(catalog: Catalog, clock: Clock) -> None:
    admin = member(catalog, "Root", Role.ADMIN)
    letter = catalog.invite(admin, "Bob@lab.example", Role.CURATOR)
    assert (letter.kind, letter.to, letter.by) == ("invitation", "bob@lab.example", "Root")
    late = catalog.invite(admin, "late@lab.example", Role.READER)
    clock.at += INVITATION_LIFE - timedelta(seconds=1)
    assert reader(catalog, catalog.sign_in(letter.secret, "Safari")).account.role is Role.CURATOR
    clock.at += timedelta(seconds=1)
    for secret in (letter.secret, late.secret):
        with pytest.raises(SignInError):
            catalog.sign_in(secret, "Safari")


def test_only_an_administrator_in_person_invites(catalog: Catalog) -> None:
    admin, curator = member(catalog, "Root", Role.ADMIN), member(catalog, "Bob", Role.CURATOR)
    for nobody, kind in (
        (None, SignInError),
        (curator, ForbiddenError),
        (program(catalog, admin, *SCOPES), ForbiddenError),
    ):
        with pytest.raises(kind):
            catalog.invite(nobody, "mallory@evil.example", Role.ADMIN)
    with pytest.raises(ConflictError):
        catalog.invite(admin, "bob@lab.example", Role.ADMIN)
    with pytest.raises(InputError):
        catalog.invite(admin, "bob", Role.ADMIN)
    assert catalog.accounts(admin)[1] == []
