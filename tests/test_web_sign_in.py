"""Signing in and out on the page: by a mailed link, by a password; and what a cookie is."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import Response

from tests.mail_server import Inbox
from tests.people_help import session_of, signed_in
from tests.web_people import PASSWORD, PUBLIC, House, fields, house, link_in, mailing_house, told, words
from tidings.catalog.signing import LINK_LIFE
from tidings.people import Role

ADA = "ada@lab.example"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example",
    "\x00//evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http:evil.example",
    "https:/evil.example",
    "evil.example",
    "?next=//evil.example",
    "//evil.example@testserver/",
    "http://[::1",
    " //evil.example",
    "/\u2028/evil.example",
]


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[tuple[House, Inbox]]:
    with mailing_house(tmp_path) as made:
        yield made


@pytest.fixture
def home(mailing: tuple[House, Inbox]) -> House:
    """An installation that sends mail, where Ada has an account."""
    made, _ = mailing
    made.catalog.add_account(ADA, "Ada", Role.READER)
    return made


@pytest.fixture
def inbox(mailing: tuple[House, Inbox]) -> Inbox:
    return mailing[1]


def cookie(response: Response) -> str:
    """Return the one cookie that an answer sets."""
    [found] = response.headers.get_list("set-cookie")
    return str(found)


# --- by a mailed link ---


def test_a_mailed_link_signs_in_once(home: House, inbox: Inbox) -> None:
    browser = home.browser()
    assert words(browser.post("/sign-in", data={"email": " Ada@Lab.example "})).startswith("Look into your mail")
    link = link_in(inbox)
    shown = browser.get(link)
    assert ADA in words(shown)
    assert (browser.post(link).status_code, browser.get("/account").status_code) == (303, 200)
    assert "Ada" in browser.get("/").text
    again = home.browser()
    assert again.post(link).status_code == 401
    assert "used already or is too old" in words(again.post(link))
    assert again.get(link).status_code == 404
    assert not again.cookies


def test_looking_at_a_link_uses_nothing_up(home: House, inbox: Inbox) -> None:
    home.browser().post("/sign-in", data={"email": ADA})
    link = link_in(inbox)
    for scanner in (home.browser() for _ in range(3)):
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code == 200
        assert not scanner.cookies
    assert home.browser().post(link).status_code == 303


def test_a_link_is_too_old_after_its_time(home: House, inbox: Inbox) -> None:
    home.browser().post("/sign-in", data={"email": ADA})
    home.clock.at += LINK_LIFE
    assert home.browser().get(link_in(inbox)).status_code == 404
    assert home.browser().post(link_in(inbox)).status_code == 401


def test_a_link_that_never_was_says_the_same_as_one_that_is_used_up(home: House, inbox: Inbox) -> None:
    home.browser().post("/sign-in", data={"email": ADA})
    link = link_in(inbox)
    home.browser().post(link)
    never = "/sign-in/link/" + "x" * 43
    assert told(home.browser().get(link)) == told(home.browser().get(never))
    assert told(home.browser().post(link)) == told(home.browser().post(never))


def test_the_answer_does_not_say_whether_anybody_has_the_address(home: House, inbox: Inbox) -> None:
    home.catalog.add_account("disabled@lab.example", "Dora", Role.READER)
    home.catalog.add_account("root@lab.example", "Root", Role.ADMIN)
    home.catalog.bar("disabled@lab.example", True)
    answers = []
    for email in (ADA, "nobody@lab.example", "disabled@lab.example"):
        answers.append(told(home.browser().post("/sign-in", data={"email": email}), without={email: "…"}))
    assert answers[0] == answers[1] == answers[2]
    assert [message["To"] for message in inbox.messages] == [ADA]


def test_the_limit_does_not_say_so_either(home: House, inbox: Inbox) -> None:
    answers = []
    for email in (ADA, "nobody@lab.example"):
        tries = [home.browser().post("/sign-in", data={"email": email}) for _ in range(7)]
        answers.append([told(response, without={email: "…"}) for response in tries])
        assert [response.status_code for response in tries] == [200] * 5 + [429] * 2
        assert int(tries[-1].headers["retry-after"]) > 0
    assert answers[0] == answers[1]
    assert len(inbox.messages) == 5


def test_a_stranger_gets_an_account_where_signing_up_is_open(tmp_path: Path) -> None:
    with mailing_house(tmp_path, sign_up=True) as (made, inbox):
        browser = made.browser()
        assert "Whoever has no account yet gets one" in words(browser.get("/sign-in"))
        browser.post("/sign-in", data={"email": "new@lab.example"})
        assert browser.post(link_in(inbox)).status_code == 303
        reader = made.reader(browser)
        assert reader is not None
        assert (reader.account.email, reader.account.role) == ("new@lab.example", Role.READER)


def test_what_is_no_address_is_said_in_words(home: House, inbox: Inbox) -> None:
    response = home.browser().post("/sign-in", data={"email": "ada"})
    assert response.status_code == 400
    assert "That is not an e-mail address." in words(response)
    assert home.browser().post("/sign-in", data={}).status_code == 400
    assert inbox.raw == []


def test_without_mail_the_page_says_what_to_do(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        page = made.browser().get("/sign-in")
        assert "tidings user link" in words(page)
        assert 'action="/sign-in"' not in page.text
        made.catalog.add_account(ADA, "Ada", Role.READER)
        for email in (ADA, "nobody@lab.example"):
            response = made.browser().post("/sign-in", data={"email": email})
            assert (response.status_code, "No mail is set up here" in words(response)) == (400, True)


def test_links_begin_with_the_address_that_readers_know_whatever_a_request_says(tmp_path: Path) -> None:
    with mailing_house(tmp_path, public_url=PUBLIC) as (made, inbox):
        made.catalog.add_account(ADA, "Ada", Role.READER)
        lies = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
        assert made.browser().post("/sign-in", data={"email": ADA}, headers=lies).status_code == 200
        assert b"evil.example" not in inbox.raw[0]
        assert f"{PUBLIC}/sign-in/link/".encode() in inbox.raw[0]


def test_a_server_that_takes_no_mail_changes_no_answer_and_is_in_the_log(
    home: House, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    good = home.browser().post("/sign-in", data={"email": ADA})
    inbox.refuses = "550 go away"
    with caplog.at_level(logging.INFO):
        assert told(home.browser().post("/sign-in", data={"email": ADA})) == told(good)
    assert "mail server 127.0.0.1 did not take a mail" in caplog.text
    assert "/sign-in/link/" not in caplog.text


# --- by a password ---


@pytest.fixture
def with_password(home: House) -> House:
    home.catalog.set_password(signed_in(home.catalog, "Ada"), PASSWORD)
    return home


def test_a_password_signs_in(with_password: House) -> None:
    browser = with_password.browser(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"})
    response = browser.post("/sign-in/password", data={"email": ADA, "password": PASSWORD, "next": "/account"})
    assert (response.status_code, response.headers["location"]) == (303, "/account")
    assert "Firefox on Linux (here)" in words(browser.get("/account"))


def test_every_wrong_password_gets_the_same_answer(with_password: House) -> None:
    with_password.catalog.add_account("none@lab.example", "Nora", Role.READER)
    answers = []
    for email, password in (
        (ADA, "wrong"),
        ("nobody@lab.example", PASSWORD),
        ("none@lab.example", PASSWORD),
        (ADA, ""),
    ):
        response = with_password.browser().post("/sign-in/password", data={"email": email, "password": password})
        assert response.status_code == 401
        assert password not in response.text or not password
        answers.append(told(response, without={email: "…"}))
    assert answers == [answers[0]] * 4


def test_passwords_cannot_be_tried_for_long(with_password: House) -> None:
    tries = [
        with_password.browser().post("/sign-in/password", data={"email": ADA, "password": f"wrong {number}"})
        for number in range(11)
    ]
    assert [response.status_code for response in tries] == [401] * 10 + [429]
    right = with_password.browser().post("/sign-in/password", data={"email": ADA, "password": PASSWORD})
    assert right.status_code == 429
    with_password.clock.at += timedelta(minutes=15)
    right = with_password.browser().post("/sign-in/password", data={"email": ADA, "password": PASSWORD})
    assert right.status_code == 303


# --- where it leads ---


def test_nobody_is_led_to_another_site(with_password: House, inbox: Inbox) -> None:
    for following in ELSEWHERE:
        with_password.clock.at += timedelta(hours=1)  # or the limits would answer
        browser, data = with_password.browser(), {"email": ADA, "password": PASSWORD, "next": following}
        assert fields(browser.get("/sign-in", params={"next": following}), "/sign-in")["next"] == "", following
        assert browser.post("/sign-in/password", data=data).headers["location"] == "/", following
        with_password.browser().post("/sign-in", data=data)
        link = link_in(inbox)
        assert "next=" not in link, following
        shown = with_password.browser().get(link, params={"next": following})
        assert 'name="next" value=""' in shown.text, following
        assert with_password.browser().post(link, data={"next": following}).headers["location"] == "/", following


def test_signing_in_leads_back_to_where_it_began(home: House, inbox: Inbox) -> None:
    browser = home.browser()
    for wanted in ("/account", "/audit?before=7"):
        response = browser.get(wanted)
        assert response.status_code == 303
        following = fields(browser.get(response.headers["location"]), "/sign-in")["next"]
        assert following == wanted
        browser.post("/sign-in", data={"email": ADA, "next": following})
        link = link_in(inbox)
        shown = re.search(r'name="next" value="([^"]*)"', browser.get(link).text)
        assert shown is not None
        assert home.browser().post(link, data={"next": shown[1]}).headers["location"] == wanted


def test_the_header_leads_to_signing_in_and_back(home: House) -> None:
    page = home.browser().get("/help?a=b").text
    assert '<a class="who" href="/sign-in?next=/help%3Fa%3Db" rel="nofollow">Sign in</a>' in page


def test_whoever_presses_a_button_first_is_led_back_to_its_page(home: House) -> None:
    browser = home.browser()
    response = browser.post("/account", headers={"referer": "http://testserver/help?a=b"})
    assert response.headers["location"] == "/sign-in?next=/help%3Fa%3Db"
    response = browser.post("/account", headers={"referer": "https://evil.example/help"})
    assert response.headers["location"] == "/sign-in"


# --- cookies and sessions ---


def test_a_cookie_is_out_of_reach_for_scripts_and_other_sites(with_password: House) -> None:
    data = {"email": ADA, "password": PASSWORD}
    flags = cookie(with_password.browser().post("/sign-in/password", data=data)).split("; ")
    assert flags[0].startswith("tidings=")
    assert sorted(flags[1:]) == ["HttpOnly", f"Max-Age={90 * 86400}", "Path=/", "SameSite=lax"]


def test_behind_https_a_cookie_is_for_this_host_and_encrypted_connections_alone(tmp_path: Path) -> None:
    with house(tmp_path, public_url=PUBLIC) as made:
        made.catalog.add_account(ADA, "Ada", Role.READER)
        link = f"/sign-in/link/{made.catalog.sign_in_letter(ADA).secret}"
        flags = cookie(made.browser().post(link)).split("; ")
        assert flags[0].startswith("__Host-tidings=")
        assert sorted(flags[1:]) == ["HttpOnly", f"Max-Age={90 * 86400}", "Path=/", "SameSite=lax", "Secure"]
        plain = made.browser()
        plain.cookies.set("tidings", session_of(made.catalog, "Ada"))
        assert plain.get("/account").status_code == 303, "a name that a neighbour could set is not looked at"


def test_a_cookie_of_nothing_is_nobody_and_is_taken_back(home: House) -> None:
    for secret in ("nonsense", "x" * 4000, session_of(home.catalog, "Ada")[:-1]):
        response = home.browser(secret).get("/help")
        assert response.status_code == 200
        assert "Sign in" in response.text
        assert cookie(response).startswith('tidings=""; HttpOnly; Max-Age=0; Path=/')


def test_signing_out_ends_it_here_and_nowhere_else(home: House) -> None:
    first, second = session_of(home.catalog, "Ada"), session_of(home.catalog, "Ada")
    browser = home.browser(first)
    assert browser.get("/sign-out").status_code == 405
    response = browser.post("/sign-out")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert "Max-Age=0" in cookie(response)
    assert home.browser(first).get("/account").status_code == 303
    assert home.browser(second).get("/account").status_code == 200


def test_whoever_signs_in_anew_leaves_no_session_behind(home: House) -> None:
    before = session_of(home.catalog, "Ada")
    home.catalog.add_account("bob@lab.example", "Bob", Role.READER)
    browser = home.browser(before)
    browser.post(f"/sign-in/link/{home.catalog.sign_in_letter('bob@lab.example').secret}")
    assert home.catalog.reader_of_session(before) is None
    now = home.reader(browser)
    assert now is not None
    assert now.account.name == "Bob"


def test_a_session_ends_by_itself(home: House) -> None:
    secret = session_of(home.catalog, "Ada")
    home.clock.at += timedelta(days=90)
    assert home.browser(secret).get("/account").status_code == 303


def test_the_page_says_who_is_signed_in(home: House) -> None:
    page = home.browser(session_of(home.catalog, "Ada")).get("/sign-in")
    assert "You are signed in as Ada" in words(page)
    assert 'action="/sign-out"' in page.text


def test_pages_of_signing_in_are_kept_by_nobody(home: House, inbox: Inbox) -> None:
    browser = home.browser()
    answers = [browser.get("/sign-in"), browser.post("/sign-in", data={"email": ADA})]
    answers += [browser.get(link_in(inbox)), browser.post(link_in(inbox))]
    for response in answers:
        assert response.headers["cache-control"] == "private, no-store"
