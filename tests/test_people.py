"""Who may do what: the one rule, for every role, every scope, and every kind of reader."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.scripted import START
from tidings.errors import ForbiddenError, InputError, SignInAgainError, SignInError
from tidings.people import RECENT, SCOPES, Account, Reader, Role, require, require_person, require_recent, role_for

NEEDED = {"curate": Role.CURATOR, "admin": Role.ADMIN}


def reader(role: Role = Role.READER, *scopes: str, program: bool = False, disabled: bool = False) -> Reader:
    account = Account(7, "Ada", "ada@lab.example", role, is_named=True, created=START, disabled=disabled)
    return Reader(account, frozenset(scopes or SCOPES), is_program=program)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", Role)
def test_a_scope_takes_its_role_and_a_higher_role_may_all_that_a_lower_one_may(role: Role, scope: str) -> None:
    if role >= NEEDED.get(scope, Role.READER):
        assert require(reader(role), scope).id == 7
    else:
        with pytest.raises(ForbiddenError, match=f"needs the role {NEEDED[scope]}; yours is {role}"):
            require(reader(role), scope)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_that_the_token_has_not_is_refused_even_to_an_administrator(scope: str) -> None:
    others = [each for each in SCOPES if each != scope]
    with pytest.raises(ForbiddenError, match=f"has not the scope {scope}"):
        require(reader(Role.ADMIN, *others), scope)
    assert require(reader(Role.ADMIN, scope), scope).id == 7


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_gives_no_role(scope: str) -> None:
    if scope in NEEDED:
        with pytest.raises(ForbiddenError):
            require(reader(Role.READER, scope, program=True), scope)


@pytest.mark.parametrize("scope", SCOPES)
def test_nobody_and_the_disabled_may_nothing(scope: str) -> None:
    for asked in (require, require_person):
        with pytest.raises(SignInError, match="sign in first"):
            asked(None, scope)
        with pytest.raises(ForbiddenError, match="disabled"):
            asked(reader(Role.ADMIN, disabled=True), scope)


def test_a_program_is_never_there_in_person_whatever_its_scopes() -> None:
    for scope in SCOPES:
        with pytest.raises(ForbiddenError, match="a token may not change what lets people in"):
            require_person(reader(Role.ADMIN, program=True), scope)
    assert require_person(reader()).id == 7
    assert require_person(reader(Role.ADMIN), "admin").id == 7
    with pytest.raises(ForbiddenError, match="needs the role admin"):
        require_person(reader(Role.CURATOR), "admin")


def test_a_scope_that_there_is_not_is_refused_to_everybody() -> None:
    for unknown in ("", "Admin", "all", "*"):
        with pytest.raises(
            InputError, match="there are read, vote, shelves, submit, interests, digests, feeds, curate, admin"
        ):
            role_for(unknown)
        with pytest.raises(InputError):
            require(reader(Role.ADMIN), unknown)


def test_roles_have_names_and_go_by_them_in_sentences() -> None:
    assert [Role.named(name) for name in ("reader", "Curator", "ADMIN")] == list(Role)
    assert [f"{role}" for role in Role] == [str(role) for role in Role] == ["reader", "curator", "admin"]
    for unknown in ("", "owner", "admin ", "1", "__class__", "named"):
        with pytest.raises(InputError, match="there are reader, curator and admin"):
            Role.named(unknown)


def test_what_flows_cannot_be_changed_on_the_way() -> None:
    given = reader()
    with pytest.raises(AttributeError):
        given.account.role = Role.ADMIN  # type: ignore[misc]
    assert replace(given, session="x").account.role is Role.READER


def test_another_way_in_takes_a_sign_in_of_the_last_quarter_of_an_hour() -> None:
    here = replace(reader(), session="digest", since=START)
    assert require_recent(here, START + RECENT).id == 7
    with pytest.raises(SignInAgainError, match="sign in again"):
        require_recent(here, START + RECENT + timedelta(seconds=1))
    with pytest.raises(SignInAgainError):
        require_recent(replace(here, since=None), START)
    assert require_recent(reader(), START).id == 7  # the owner, or whom a proxy vouches for: there is no session
    for asker, error in ((None, SignInError), (reader(program=True), ForbiddenError)):
        with pytest.raises(error):
            require_recent(asker, START)
