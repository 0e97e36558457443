"""Sessions and tokens by the façade: seen, ended, and never more than the account may."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.people_help import (
    member,
    program,
    session_of,
    signed_in,
)
from tests.scripted import START, Clock
from tidings.catalog import Catalog
from tidings.catalog.keys import SESSION_LIFE
from tidings.errors import ForbiddenError, InputError, NotFoundError, SignInError
from tidings.people import SCOPES, Reader, Role
from tidings.store import Store
from tidings.store.tables import account

ADA = "ada@lab.example"


def reader(catalog: Catalog, secret: str) -> Reader:
    found = catalog.reader_of_session(secret)
    assert found is not None
    return found


# --- sessions ---


def test_sessions_are_seen_ended_and_end_by_themselves(catalog: Catalog, clock: Clock) -> None:
    ada = member(catalog, "Ada")
    clock.at += timedelta(minutes=1)
    other = session_of(catalog, "Ada", "Safari \x00on\u202e\niPad" + "x" * 1000)
    assert [(s.label[:14], len(s.label)) for s in catalog.sessions(ada)] == [("Safari on iPad", 120), ("Firefox", 7)]
    assert ada.session == catalog.sessions(ada)[1].id
    assert catalog.reader_of_session(ada.session) is None  # its name opens nothing
    catalog.end_sessions(ada, [catalog.sessions(ada)[0].id])
    assert catalog.reader_of_session(other) is None
    assert [s.id for s in catalog.sessions(ada)] == [ada.session]
    catalog.end_sessions(ada, [])
    assert len(catalog.sessions(ada)) == 1
    clock.at = START + SESSION_LIFE
    assert catalog.sessions(ada) == []


def test_nobody_ends_the_sessions_of_another(catalog: Catalog) -> None:
    ada, eve = member(catalog, "Ada"), member(catalog, "Eve")
    assert ada.session is not None
    catalog.end_sessions(eve, [ada.session])
    assert len(catalog.sessions(ada)) == 1
    catalog.end_sessions(eve)
    assert (len(catalog.sessions(ada)), len(catalog.sessions(eve))) == (1, 0)


def test_signing_out_ends_this_session_only(catalog: Catalog) -> None:
    catalog.add_account(ADA, "Ada", Role.READER)
    secrets = [session_of(catalog, "Ada") for _ in range(2)]
    catalog.sign_out(reader(catalog, secrets[0]))
    assert catalog.reader_of_session(secrets[0]) is None
    assert catalog.reader_of_session(secrets[1]) is not None
    catalog.sign_out(program(catalog, reader(catalog, secrets[1]), "read"))  # it has no session to end
    assert catalog.reader_of_session(secrets[1]) is not None


def test_a_session_lasts_no_longer_for_being_used(catalog: Catalog, clock: Clock) -> None:
    catalog.add_account(ADA, "Ada", Role.READER)
    secret = session_of(catalog, "Ada")
    for day in range(SESSION_LIFE.days):
        clock.at = START + timedelta(days=day)
        assert catalog.reader_of_session(secret) is not None
    clock.at = START + SESSION_LIFE
    assert catalog.reader_of_session(secret) is None


def test_a_session_has_the_role_that_the_account_has_now(catalog: Catalog) -> None:
    admin, ada = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada", Role.CURATOR)
    secret, token = session_of(catalog, "Ada"), catalog.make_token(ada, "script", ["curate"])
    catalog.set_role(admin, ada.account.id, Role.READER)
    assert reader(catalog, secret).account.role is Role.READER
    with pytest.raises(ForbiddenError, match="needs the role curator"):
        catalog.acts(catalog.reader_of_token(token))


def test_disabling_ends_sessions_and_tokens_at_once_and_for_good(catalog: Catalog) -> None:
    admin, ada = member(catalog, "Root", Role.ADMIN), member(catalog, "Ada")
    secret, token = session_of(catalog, "Ada"), catalog.make_token(ada, "script", ["read"])
    for disabled in (True, False):
        catalog.set_disabled(admin, ada.account.id, disabled)
        assert catalog.reader_of_session(secret) is None
        with pytest.raises(SignInError):
            catalog.reader_of_token(token)
    assert signed_in(catalog, "Ada").account.id == ada.account.id


def test_one_who_is_disabled_by_other_means_is_not_let_in_either(catalog: Catalog, opened: Store) -> None:
    ada = member(catalog, "Ada")
    secret, token = session_of(catalog, "Ada"), catalog.make_token(ada, "script", ["read"])
    with opened.engine.begin() as connection:
        connection.execute(sa.update(account).values(disabled=True))
    assert catalog.reader_of_session(secret) is None
    with pytest.raises(SignInError):
        catalog.reader_of_token(token)


# --- tokens ---


def test_a_token_may_what_its_scopes_say_until_it_expires_or_is_revoked(catalog: Catalog, clock: Clock) -> None:
    ada = member(catalog, "Ada")
    token, lasting = (
        catalog.make_token(ada, "a\x00 \u202escript", ["vote", "read"], days=1),
        program(catalog, ada, "read"),
    )
    found = catalog.reader_of_token(token)
    assert (found.account.id, found.scopes, found.is_program) == (ada.account.id, frozenset(("read", "vote")), True)
    [shown, other] = catalog.tokens(ada)
    assert (shown.label, shown.scopes, shown.expires) == ("a script", ("read", "vote"), START + timedelta(days=1))
    assert (other.label, other.expires) == ("script", None)
    clock.at += timedelta(days=1)
    with pytest.raises(SignInError, match="not known, or has expired"):
        catalog.reader_of_token(token)
    assert lasting.account.id == ada.account.id
    catalog.remove_token(ada, shown.id)
    assert catalog.tokens(ada) == [other]


def test_a_revoked_token_is_one_that_never_was(catalog: Catalog) -> None:
    ada, eve = member(catalog, "Ada"), member(catalog, "Eve")
    token = catalog.make_token(ada, "script", ["read"])
    [kept] = catalog.tokens(ada)
    with pytest.raises(NotFoundError):
        catalog.remove_token(eve, kept.id)
    assert catalog.reader_of_token(token)
    catalog.remove_token(ada, kept.id)
    with pytest.raises(SignInError, match="not known, or has expired"):
        catalog.reader_of_token(token)
    with pytest.raises(NotFoundError):
        catalog.remove_token(ada, kept.id)


def test_a_token_makes_no_token_and_nobody_makes_one_that_may_more_than_oneself(catalog: Catalog) -> None:
    admin, curator, ada = (member(catalog, role.name, role) for role in reversed(Role))
    with pytest.raises(ForbiddenError, match="a token may not change"):
        catalog.make_token(program(catalog, admin, *SCOPES), "script", ["read"])
    for maker, scope in ((ada, "curate"), (ada, "admin"), (curator, "admin")):
        with pytest.raises(ForbiddenError, match="needs the role"):
            catalog.make_token(maker, "script", ["read", scope])
        assert catalog.tokens(maker) == []
    with pytest.raises(SignInError):
        catalog.make_token(None, "script", ["read"])


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "*"], "read", ["Read"], [""]])
def test_a_token_has_scopes_that_there_are(catalog: Catalog, scopes: list[str]) -> None:
    with pytest.raises(InputError):
        catalog.make_token(member(catalog, "Ada"), "script", scopes)


@pytest.mark.parametrize("days", [0, -1, 3651, 10**12])
def test_a_token_lasts_for_days_that_make_sense(catalog: Catalog, days: int) -> None:
    with pytest.raises(InputError, match="from 1 to 3,650 days"):
        catalog.make_token(member(catalog, "Ada"), "script", ["read"], days)
