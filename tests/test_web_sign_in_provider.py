"""Signing in at an identity provider: what it has to prove, and what a browser has to."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from tests.identity import CLIENT, ISSUER, SECRET, Identity
from tests.test_web_sign_in import ELSEWHERE
from tests.web_people import PUBLIC, House, house, words
from tidings.errors import InputError
from tidings.people import Role
from tidings.settings import Settings
from tidings.web.app import create_app
from tidings.web.oidc import Journey, Provider

START, BACK = "/sign-in/provider", "/sign-in/provider/back"
ADA = "ada@lab.example"


def provided(folder: Path, **others: Any) -> dict[str, Any]:
    """Return the settings of an installation with a provider."""
    (folder / "key").write_text(f"{SECRET}\n")
    oidc = {"issuer": ISSUER, "client": CLIENT, "key_file": folder / "key", "name": "the Observatory"}
    return {"public_url": PUBLIC, "oidc": oidc, **others}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, **provided(tmp_path)) as made:
        made.catalog.add_account(ADA, "Ada", Role.READER)
        yield made


@pytest.fixture
def identity(home: House) -> Identity:
    return provide(home)


def provide(home: House) -> Identity:
    """Have an installation ask a provider that answers from memory."""
    identity, site = Identity(home.clock), home.app.state.site
    provider = Provider(site.settings.oidc, PUBLIC + BACK, home.clock, identity.transport)
    home.app.state.site = replace(site, provider=provider)
    return identity


def go(browser: TestClient, identity: Identity, following: str = "") -> dict[str, str]:
    """Go to the provider; return what the browser brings back."""
    response = browser.get(START, params={"next": following})
    assert response.status_code == 303
    return identity.visit(response.headers["location"])


def signed_in(home: House, identity: Identity, **others: str) -> httpx2.Response:
    """Go there and back with one browser."""
    browser = home.browser()
    return browser.get(BACK, params={**go(browser, identity), **others})


def refused(home: House, identity: Identity, **others: str) -> str:
    """Go there and back; return the words of the refusal."""
    browser = home.browser()
    response = browser.get(BACK, params={**go(browser, identity), **others})
    assert response.status_code in {401, 502}
    assert home.reader(browser) is None
    return words(response)


# --- there and back ---


def test_the_provider_vouches_for_somebody_who_has_an_account(home: House, identity: Identity) -> None:
    browser = home.browser()
    assert "Sign in with the Observatory" in words(browser.get("/sign-in"))
    response = browser.get(BACK, params=go(browser, identity, "/account"))
    assert (response.status_code, response.headers["location"]) == (303, "/account")
    reader = home.reader(browser)
    assert reader is not None
    assert reader.account.email == ADA
    assert "__Host-tidings-provider" not in browser.cookies


def test_the_browser_is_sent_with_all_that_the_protocol_demands(home: House, identity: Identity) -> None:
    response = home.browser().get(START)
    address = response.headers["location"]
    asked = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{ISSUER}/enter?")
    assert asked["redirect_uri"] == f"{PUBLIC}{BACK}"
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
    assert "openid" in asked["scope"].split()
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    again = identity.visit(home.browser().get(START).headers["location"])
    assert again["state"] != asked["state"]
    flags = response.headers["set-cookie"].split("; ")
    assert flags[0].startswith("__Host-tidings-provider=")
    assert sorted(flags[1:]) == ["HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax", "Secure"]
    assert response.headers["cache-control"] == "private, no-store"


def test_whoever_came_by_the_provider_signs_in_again_there(home: House, identity: Identity) -> None:
    browser = home.browser()
    browser.get(BACK, params=go(browser, identity))
    home.clock.at += timedelta(hours=1)
    page = browser.get("/sign-in?again=1&next=/account")
    assert 'href="/sign-in/provider?next=/account&amp;again=1"' in page.text
    answer = identity.visit(browser.get(START, params={"next": "/account", "again": "1"}).headers["location"])
    assert identity.asked["prompt"] == "login"
    assert browser.get(BACK, params=answer).headers["location"] == "/account"
    made = browser.post("/account/tokens", data={"scope_read": "1", "days": "30"})
    assert "tidings_" in made.text
    go(home.browser(), identity)
    assert "prompt" not in identity.asked


def test_the_secret_is_told_to_nobody_but_the_provider(home: House, identity: Identity) -> None:
    browser = home.browser()
    response = browser.get(START)
    for said in (response.headers["location"], response.headers["set-cookie"], response.text):
        assert SECRET not in said
    browser.get(BACK, params=identity.visit(response.headers["location"]))
    [asked] = identity.asked_for("/token")
    basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
    assert basic == "tidings:the+client%27s+secret"
    assert b"client_secret" not in asked.content


def test_the_secret_goes_into_the_form_where_only_that_is_taken(home: House, identity: Identity) -> None:
    identity.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert signed_in(home, identity).status_code == 303
    [asked] = identity.asked_for("/token")
    assert parse_qs(asked.content.decode())["client_secret"] == [SECRET]
    assert "authorization" not in asked.headers


def test_the_provider_is_asked_about_itself_once_an_hour(home: House, identity: Identity) -> None:
    for _ in range(3):
        assert signed_in(home, identity).status_code == 303
    assert len(identity.asked_for("/.well-known/openid-configuration")) == len(identity.asked_for("/keys")) == 1
    home.clock.at += timedelta(hours=1)
    assert signed_in(home, identity).status_code == 303
    assert len(identity.asked_for("/.well-known/openid-configuration")) == 2


def test_new_keys_are_looked_up_but_not_for_every_forgery(home: House, identity: Identity) -> None:
    assert signed_in(home, identity).status_code == 303
    identity.rotate()
    home.clock.at += timedelta(minutes=2)
    assert signed_in(home, identity).status_code == 303
    identity.signing = RSAKey.generate_key(2048, auto_kid=True)
    for _ in range(3):
        assert "not to be believed" in refused(home, identity)
    assert len(identity.asked_for("/keys")) == 2


# --- who comes ---


def test_a_person_is_known_by_the_subject_once_they_came(home: House, identity: Identity) -> None:
    assert signed_in(home, identity).status_code == 303
    identity.claims = {"email": "married@lab.example"}
    browser = home.browser()
    browser.get(BACK, params=go(browser, identity))
    reader = home.reader(browser)
    assert reader is not None
    assert reader.account.email == ADA


@pytest.mark.parametrize("verified", [False, None, "true", "false", 1])
def test_an_address_that_was_not_verified_is_nobodys(home: House, identity: Identity, verified: object) -> None:
    identity.claims = {"email_verified": verified}
    assert "ask an administrator to invite you" in refused(home, identity)


def test_a_stranger_gets_in_where_signing_up_is_open_and_an_unverified_address_gets_no_account(tmp_path: Path) -> None:
    with house(tmp_path, **provided(tmp_path, sign_up=True)) as home:
        home.catalog.add_account(ADA, "Ada", Role.ADMIN)
        identity = provide(home)
        identity.claims = {"email_verified": False, "sub": "mallory"}
        browser = home.browser()
        browser.get(BACK, params=go(browser, identity))
        reader = home.reader(browser)
        assert reader is not None
        assert (reader.account.email, reader.account.role) == (None, Role.READER)


def test_an_address_that_only_the_information_names_counts(home: House, identity: Identity) -> None:
    identity.claims = {"email": None, "email_verified": None}
    identity.information = {"sub": "ada-1815", "email": ADA, "email_verified": True}
    assert signed_in(home, identity).status_code == 303
    [asked] = identity.asked_for("/information")
    assert asked.headers["authorization"] == "Bearer access"


def test_information_about_somebody_else_is_not_believed(home: House, identity: Identity) -> None:
    identity.claims = {"email": None, "email_verified": None}
    identity.information = {"sub": "somebody else", "email": ADA, "email_verified": True}
    assert "no account here" in refused(home, identity)


def test_a_disabled_account_stays_out(home: House, identity: Identity) -> None:
    home.catalog.add_account("root@lab.example", "Root", Role.ADMIN)
    home.catalog.bar(ADA, True)
    assert "This account is disabled" in refused(home, identity)


# --- what the provider has to prove ---


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client", "a third"]},
        {"aud": [CLIENT, "another client"]},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 99999999999},
        {"nbf": 99999999999},
        {"nonce": "another question"},
        {"nonce": None},
        {"nonce": 7},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
)
def test_a_word_that_does_not_hold_lets_nobody_in(home: House, identity: Identity, claims: dict[str, Any]) -> None:
    identity.claims = claims
    assert "The word of the Observatory" in (said := refused(home, identity)) or "who you are" in said


def test_a_word_for_us_among_others_counts_if_it_was_given_to_us(home: House, identity: Identity) -> None:
    identity.claims = {"aud": [CLIENT, "another client"], "azp": CLIENT}
    assert signed_in(home, identity).status_code == 303


def test_clocks_may_differ_by_a_minute_and_no_more(home: House, identity: Identity) -> None:
    now = int(home.clock().timestamp())
    identity.claims = {"iat": now + 50, "exp": now - 50}
    assert signed_in(home, identity).status_code == 303
    identity.claims = {"exp": now - 70}
    assert "ExpiredTokenError" in refused(home, identity)


@pytest.mark.filterwarnings("ignore:JWS algorithm")
def test_a_word_without_a_signature_is_none(home: House, identity: Identity) -> None:
    identity.header = {"alg": "none"}
    assert "not to be believed" in refused(home, identity)


@pytest.mark.parametrize("secret", [SECRET, "the public key"])
def test_a_signature_that_we_could_have_made_ourselves_is_none(home: House, identity: Identity, secret: str) -> None:
    [key] = identity.keys
    assert isinstance(key, RSAKey)
    known = key.as_pem(private=False) if secret == "the public key" else secret.encode()
    forged = OctKey.import_key(base64.b64encode(known))
    identity.signing, identity.header = forged, {"alg": "HS256", "kid": identity.keys[0].kid}
    assert "not to be believed" in refused(home, identity)


def test_a_signature_by_another_key_of_the_same_name_is_none(home: House, identity: Identity) -> None:
    identity.signing = RSAKey.generate_key(2048)
    identity.header = {"kid": identity.keys[0].kid}
    assert "not to be believed" in refused(home, identity)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", httpx2.Response(400, json={"error": "invalid_grant"})),
        ("/token", httpx2.Response(200, text="<html>")),
        ("/token", httpx2.Response(200, json={"access_token": "only that"})),
        ("/token", httpx2.Response(200, json={"id_token": "not.a.token"})),
        ("/token", httpx2.Response(200, json={"id_token": "x" * 200_000})),
        ("/token", httpx2.Response(302, headers={"location": "https://evil.example"})),
        ("/keys", httpx2.Response(500)),
        ("/keys", httpx2.Response(200, json={"keys": []})),
        ("/keys", httpx2.Response(200, json={"keys": [{"kty": "RSA", "n": "@", "e": "AQAB"}]})),
        ("/keys", httpx2.Response(200, json={"keys": ["x"]})),
        ("/keys", httpx2.Response(200, content=b"[" * 300_000)),
    ],
)
def test_a_provider_that_answers_nonsense_lets_nobody_in(
    home: House, identity: Identity, path: str, answer: httpx2.Response
) -> None:
    identity.answers[path] = answer
    refused(home, identity)


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ({"issuer": "https://another.example"}, "calls itself 'https://another.example'"),
        ({"token_endpoint": "http://id.example/token"}, "not protected"),
        ({"jwks_uri": "file:///etc/passwd"}, "not protected"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "not protected"),
        ({"authorization_endpoint": None}, "does not say what was expected"),
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_gone_to(
    home: House, identity: Identity, description: dict[str, Any], said: str
) -> None:
    identity.description = description
    response = home.browser().get(START)
    assert response.status_code == 502
    assert said in words(response)


def test_a_provider_that_is_not_there_is_said_in_words(home: House, identity: Identity) -> None:
    identity.answers["/.well-known/openid-configuration"] = httpx2.Response(503)
    response = home.browser().get(START)
    assert response.status_code == 502
    assert "id.example answered 503" in words(response).lower()
    assert "Mail me" not in words(response)


def test_a_refusal_of_the_provider_is_said_in_words(home: House, identity: Identity) -> None:
    browser = home.browser()
    state = go(browser, identity)["state"]
    response = browser.get(BACK, params={"state": state, "error": "access_denied<script>"})
    assert response.status_code == 401
    assert "did not let you in (access_denied<script>)" in words(response)
    assert "<script>)" not in response.text


# --- what the browser has to prove ---


def test_what_another_browser_asked_for_lets_nobody_in(home: House, identity: Identity) -> None:
    brought = go(home.browser(), identity)
    victim = home.browser()
    response = victim.get(BACK, params=brought)
    assert response.status_code == 401
    assert "This browser did not ask" in words(response)
    go(victim, identity)
    response = victim.get(BACK, params=brought)
    assert "belongs to another question" in words(response)
    assert home.reader(victim) is None
    assert identity.asked_for("/token") == []


@pytest.mark.parametrize("state", ["", "x", "é"])
def test_a_state_that_is_not_ours_ends_it(home: House, identity: Identity, state: str) -> None:
    assert "belongs to another question" in refused(home, identity, state=state)
    assert identity.asked_for("/token") == []


def test_an_answer_of_another_provider_ends_it(home: House, identity: Identity) -> None:
    assert "another provider" in refused(home, identity, iss="https://evil.example")
    assert identity.asked_for("/token") == []
    assert signed_in(home, identity, iss=ISSUER).status_code == 303


def test_the_way_back_works_once(home: House, identity: Identity) -> None:
    browser = home.browser()
    brought = go(browser, identity)
    assert browser.get(BACK, params=brought).status_code == 303
    assert browser.get(BACK, params=brought).status_code == 401


@pytest.mark.parametrize("packed", ["", "x", "é", base64.urlsafe_b64encode(b'["a","b"]').decode(), "W10="])
def test_a_cookie_that_is_no_journey_is_none(packed: str) -> None:
    assert Journey.unpacked(packed) is None
    journey = Journey("state", "nonce", "verifier", "/account?a=ü")
    assert Journey.unpacked(journey.packed()) == journey


def test_nobody_is_led_to_another_site_by_the_provider(home: House, identity: Identity) -> None:
    for following in ELSEWHERE:
        browser = home.browser()
        response = browser.get(BACK, params=go(browser, identity, following))
        assert response.headers["location"] == "/", following


def test_coming_back_too_often_is_too_much(home: House, identity: Identity) -> None:
    browser = home.browser()
    answers = [browser.get(BACK, params={"state": "x", "code": "y"}).status_code for _ in range(125)]
    assert set(answers[:120]) == {401}
    assert answers[-1] == 429


# --- settings ---


@pytest.mark.parametrize(
    ("oidc", "named"),
    [
        ({"issuer": ISSUER}, "TIDINGS_OIDC_CLIENT"),
        ({"issuer": "http://id.example", "client": "x"}, "TIDINGS_OIDC_ISSUER"),
        ({"issuer": "id.example", "client": "x"}, "TIDINGS_OIDC_ISSUER"),
        ({"issuer": ISSUER, "client": "x", "key_file": "/nowhere"}, "key file"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_when_serving_begins(home: House, oidc: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        create_app(home.catalog, Settings(public_url=PUBLIC, oidc=oidc))


def test_without_a_provider_there_is_no_way_to_one(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        assert home.browser().get(START).status_code == 404
        assert "Sign in with" not in words(home.browser().get("/sign-in"))
