"""One's account, the members and the audit log, as pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.people_help import paper_id, papers, session_of, signed_in
from tests.web_people import PASSWORD, House, house, link_in, mailing_house, words
from tidings.people import RECENT, SCOPES, Role

ADA = "ada@lab.example"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        yield made


@pytest.fixture
def root(home: House) -> TestClient:
    """The browser of an administrator."""
    return home.person("Root", Role.ADMIN)


@pytest.fixture
def ada(home: House) -> TestClient:
    """The browser of a reader."""
    return home.person("Ada")


def number_of(home: House, email: str) -> int:
    [found] = [account.id for account in home.catalog.members()[0] if account.email == email]
    return found


def token_in(response: Response) -> str:
    [found] = re.findall(r"tidings_[\w-]{43}", response.text)
    return str(found)


def asking(home: House, token: str) -> TestClient:
    """Return a program that shows a token."""
    return home.browser(headers={"authorization": f"Bearer {token}"})


# --- one's own ---


def test_a_name_is_ones_own_to_choose_and_to_hide(home: House, ada: TestClient) -> None:
    assert ada.post("/account", data={"name": " Ada\u202e Lovelace "}).headers["location"] == "/account"
    page = ada.get("/account")
    assert words(page).startswith("Ada Lovelace ada@lab.example · reader")
    assert 'name="is_named" value="1">' in page.text
    ada.post("/account", data={"name": "Ada", "is_named": "1"})
    assert 'name="is_named" value="1" checked>' in ada.get("/account").text


def test_a_name_is_never_markup(home: House, root: TestClient, ada: TestClient) -> None:
    ada.post("/account", data={"name": "<img src=x onerror=alert(1)>", "is_named": "1"})
    for browser, path in ((ada, "/account"), (ada, "/"), (root, "/members")):
        page = browser.get(path).text
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_password_ends_every_place_and_opens_the_next(home: House, ada: TestClient) -> None:
    elsewhere = home.browser(session_of(home.catalog, "Ada"))
    response = ada.post("/account/password", data={"password": PASSWORD, "again": PASSWORD})
    assert response.headers["location"] == "/sign-in?next=/account"
    assert elsewhere.get("/account").status_code == ada.get("/account").status_code == 303
    entered = ada.post("/sign-in/password", data={"email": ADA, "password": PASSWORD, "next": "/account"})
    assert entered.headers["location"] == "/account"
    assert "You have one; a new one takes its place" in words(ada.get("/account"))


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        (PASSWORD, PASSWORD + "!", "The two passwords differ"),
        ("short", "short", "at least 10 characters"),
        ("", "", "at least 10 characters"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(ada: TestClient, password: str, again: str, said: str) -> None:
    response = ada.post("/account/password", data={"password": password, "again": again})
    assert response.status_code == 400
    assert said in words(response)
    assert "You have none" in words(ada.get("/account"))


def test_a_browser_that_was_left_open_makes_no_other_way_in(home: House, ada: TestClient) -> None:
    home.clock.at += RECENT + timedelta(seconds=1)
    page = ada.get("/account")
    assert "sign in again" in words(page)
    assert "/account/password" not in page.text
    assert 'action="/account/tokens"' not in page.text
    for path, sent in (
        ("/account/password", {"password": PASSWORD, "again": PASSWORD}),
        ("/account/tokens", {"scope_read": "1", "days": "30"}),
    ):
        response = ada.post(path, data=sent, headers={"referer": "http://testserver/account"})
        assert (response.status_code, response.headers["location"]) == (303, "/sign-in?again=1&next=/account")
    assert "You have none" not in words(page)
    assert home.catalog.tokens(home.reader(ada)) == []
    again = ada.get("/sign-in?again=1&next=/account")
    assert "Sign in again You are signed in as Ada" in words(again)
    assert f'value="{ADA}"' in again.text
    ada.post(f"/sign-in/link/{home.catalog.sign_in_letter(ADA).secret}")
    assert len(home.catalog.sessions(home.reader(ada))) == 1  # it took the place of the other
    assert token_in(ada.post("/account/tokens", data={"scope_read": "1", "days": "30"}))


def test_a_password_opens_a_new_session_where_one_was_left_open(home: House, ada: TestClient) -> None:
    home.catalog.set_password(home.reader(ada), PASSWORD)
    ada = home.browser(session_of(home.catalog, "Ada"))
    home.clock.at += timedelta(days=1)
    wrong = ada.post("/sign-in/password", data={"email": ADA, "password": "wrong", "next": "/account", "again": "1"})
    assert "Sign in again" in words(wrong)
    right = ada.post("/sign-in/password", data={"email": ADA, "password": PASSWORD, "next": "/account", "again": "1"})
    assert right.headers["location"] == "/account"
    assert "New password" in words(ada.get("/account"))


def test_places_are_listed_and_ended(home: House, ada: TestClient) -> None:
    others = [home.browser(session_of(home.catalog, "Ada", label)) for label in ("Safari on Mac", "Edge on Windows")]
    page = words(ada.get("/account"))
    assert "Safari on Mac now" in page
    assert "Firefox (here)" in page
    [first] = [s for s in home.catalog.sessions(signed_in(home.catalog, "Ada", "Opera")) if s.label == "Safari on Mac"]
    assert ada.post("/account/sessions/end", data={"id": first.id}).headers["location"] == "/account"
    assert [other.get("/account").status_code for other in others] == [303, 200]
    ada.post("/account/sessions/end", data={"id": "others"})
    assert others[1].get("/account").status_code == 303
    assert ada.get("/account").status_code == 200
    assert "Edge on Windows" not in words(ada.get("/account"))


def test_ending_the_place_one_is_at_is_signing_out(home: House, ada: TestClient) -> None:
    reader = home.reader(ada)
    assert reader is not None
    response = ada.post("/account/sessions/end", data={"id": reader.session or ""})
    assert response.headers["location"] == "/"
    assert ada.get("/account").status_code == 303


def test_nobody_ends_anothers_place(home: House, root: TestClient, ada: TestClient) -> None:
    reader = home.reader(root)
    assert reader is not None
    ada.post("/account/sessions/end", data={"id": reader.session or ""})
    assert root.get("/account").status_code == 200


def test_a_token_is_shown_once_and_works_until_it_is_revoked(home: House, ada: TestClient) -> None:
    made = ada.post("/account/tokens", data={"label": "a <script>", "scope_read": "1", "scope_vote": "1", "days": "30"})
    token = token_in(made)
    assert made.headers["cache-control"] == "private, no-store"
    page = ada.get("/account")
    assert token not in page.text
    assert "a <script> read, vote never 1 Apr 2026 revoke" in words(page)
    assert asking(home, token).get("/api/me").json() == {
        "name": "Ada",
        "email": ADA,
        "role": "reader",
        "is_named": True,
        "scopes": ["read", "vote"],
    }
    [number] = re.findall(r'action="/account/tokens/(\d+)/revoke"', page.text)
    ada.post(f"/account/tokens/{number}/revoke")
    assert asking(home, token).get("/api/me").status_code == 401
    assert ada.post(f"/account/tokens/{number}/revoke").status_code == 404


def test_a_token_takes_scopes_that_one_has_and_a_time_that_is_offered(home: House, ada: TestClient) -> None:
    assert "A token needs scopes" in words(ada.post("/account/tokens", data={"label": "x", "days": "30"}))
    assert ada.post("/account/tokens", data={"scope_admin": "1", "days": "30"}).status_code == 403
    assert ada.post("/account/tokens", data={"scope_read": "1", "days": "99999"}).status_code == 400
    assert ada.post("/account/tokens", data={"scope_read": "1", "days": "-1"}).status_code == 400
    assert 'name="scope_curate"' not in ada.get("/account").text
    token = token_in(ada.post("/account/tokens", data={"scope_read": "1", "days": ""}))
    assert asking(home, token).get("/api/me").status_code == 200


def test_every_scope_that_there_is_can_be_chosen_and_is_explained(root: TestClient) -> None:
    assert re.findall(r'name="scope_(\w+)"', root.get("/account").text) == list(SCOPES)


def test_a_token_never_changes_what_lets_people_in(home: House, root: TestClient) -> None:
    every = {f"scope_{scope}": "1" for scope in SCOPES} | {"days": ""}
    program = asking(home, token_in(root.post("/account/tokens", data=every)))
    number = number_of(home, "root@lab.example")
    for path, data in (
        ("/account", {"name": "Mallory"}),
        ("/account/password", {"password": PASSWORD, "again": PASSWORD}),
        ("/account/tokens", every),
        ("/account/tokens/1/revoke", {}),
        ("/account/sessions/end", {"id": "others"}),
        ("/account/delete", {"confirm": "root@lab.example"}),
        ("/members/invite", {"email": "mallory@evil.example", "role": "admin"}),
        (f"/members/{number}/role", {"role": "reader"}),
        (f"/members/{number}/disable", {}),
        (f"/members/{number}/enable", {}),
        ("/members/invitations/1/withdraw", {}),
    ):
        response = program.post(path, data=data)
        assert response.status_code == 403, path
        assert "A token may not change what lets people in" in words(response), path
    assert program.get("/account").status_code == program.get("/account/export").status_code == 403
    assert program.get("/members").status_code == program.get("/audit").status_code == 200


@pytest.mark.parametrize(
    "shown", ["Bearer", "Bearer ", "Bearer nonsense", "bearer tidings_x", "Bearer tidings_" + "x" * 9000]
)
def test_a_token_that_nobody_has_is_refused_wherever_it_is_shown(home: House, ada: TestClient, shown: str) -> None:
    for path in ("/", "/api/stats", "/api/me", "/api/sources", "/account", "/no/such/page", "/api/no/such/thing"):
        response = ada.get(path, headers={"authorization": shown})
        assert response.status_code == 401, path
        assert response.headers["www-authenticate"] == "Bearer"
        assert "Ada" not in response.text
    assert response.json()["error"]["code"] == "sign_in"


def test_another_kind_of_authorization_is_for_somebody_before_us(ada: TestClient) -> None:
    assert ada.get("/account", headers={"authorization": "Basic YWRhOnNlY3JldA=="}).status_code == 200


def test_everything_of_ones_own_can_be_taken_along(home: House, ada: TestClient) -> None:
    papers(home.store, 0)
    home.catalog.save(home.reader(ada), paper_id(0))
    response = ada.get("/account/export")
    assert response.headers["content-disposition"] == 'attachment; filename="tidings.json"'
    exported = json.loads(response.text)
    assert exported["account"]["email"] == ADA
    assert exported["shelves"][0]["papers"][0]["paper"] == paper_id(0)
    assert [session["label"] for session in exported["sessions"]] == ["Firefox"]


def test_an_account_is_deleted_once_its_name_is_typed(home: House, root: TestClient, ada: TestClient) -> None:
    for typed in ("", "ada", "Ada", "yes"):
        response = ada.post("/account/delete", data={"confirm": typed})
        assert response.status_code == 400
        assert f"type {ADA}. Nothing was deleted." in words(response)
    assert ada.post("/account/delete", data={"confirm": f" {ADA} "}).headers["location"] == "/"
    assert ada.get("/account").status_code == 303
    assert ADA not in words(root.get("/members"))


def test_the_last_administrator_cannot_leave_the_others_behind(root: TestClient, ada: TestClient) -> None:
    response = root.post("/account/delete", data={"confirm": "root@lab.example"})
    assert response.status_code == 409
    assert "needs an administrator" in words(response)
    assert root.get("/account").status_code == 200


# --- members ---


def test_an_administrator_sees_everybody_and_gives_roles(home: House, root: TestClient, ada: TestClient) -> None:
    assert "2 accounts" in words(root.get("/members"))
    number = number_of(home, ADA)
    assert root.post(f"/members/{number}/role", data={"role": "curator"}).headers["location"] == "/members"
    assert "curator" in words(ada.get("/account"))
    assert ada.get("/members").status_code == 403
    assert ada.get("/audit").status_code == 200
    for role in ("owner", "", "3"):
        assert root.post(f"/members/{number}/role", data={"role": role}).status_code == 400
    assert root.post("/members/999/role", data={"role": "reader"}).status_code == 404


def test_whoever_is_kept_out_is_out_at_once_and_comes_back_when_let_in(
    home: House, root: TestClient, ada: TestClient
) -> None:
    token = token_in(ada.post("/account/tokens", data={"scope_read": "1", "days": ""}))
    number = number_of(home, ADA)
    root.post(f"/members/{number}/disable")
    assert ada.get("/account").status_code == 303
    assert asking(home, token).get("/api/me").status_code == 401
    assert "Ada kept out" in words(root.get("/members"))
    root.post(f"/members/{number}/enable")
    assert home.browser(session_of(home.catalog, "Ada")).get("/account").status_code == 200
    assert asking(home, token).get("/api/me").status_code == 401
    assert root.post(f"/members/{number_of(home, 'root@lab.example')}/disable").status_code == 403


def test_an_invitation_goes_by_mail_and_makes_a_member(tmp_path: Path) -> None:
    with mailing_house(tmp_path) as (home, inbox):
        root = home.person("Root", Role.ADMIN)
        response = root.post("/members/invite", data={"email": ADA, "role": "curator"})
        assert "A mail is on its way" in words(response)
        assert "/sign-in/link/" not in response.text
        assert inbox.last["Subject"] == "Root invites you to Tidings"
        assert "ada@lab.example curator Root in 14 d" in words(root.get("/members"))
        guest = home.browser()
        assert guest.get(link_in(inbox)).status_code == 200
        assert guest.post(link_in(inbox)).status_code == 303
        assert "ada@lab.example · curator" in words(guest.get("/account"))
        assert "Invited" not in words(root.get("/members"))
        assert root.post("/members/invite", data={"email": ADA, "role": "admin"}).status_code == 409


def test_an_invitation_that_no_mail_carries_is_handed_over(tmp_path: Path) -> None:
    with mailing_house(tmp_path) as (home, inbox):
        root = home.person("Root", Role.ADMIN)
        inbox.refuses = "550 no"
        response = root.post("/members/invite", data={"email": ADA, "role": "reader"})
        assert "No mail was sent" in words(response)
        assert home.browser().post(link_of(response)).status_code == 303
    with house(tmp_path / "other") as silent:
        root = silent.person("Root", Role.ADMIN)
        assert "You get a link to hand over yourself" in words(root.get("/members"))
        response = root.post("/members/invite", data={"email": ADA, "role": "reader"})
        assert silent.browser().post(link_of(response)).status_code == 303


def link_of(response: Response) -> str:
    [found] = re.findall(r"http://localhost:8000(/sign-in/link/[\w-]{43})", response.text)
    return str(found)


def test_nobody_is_invited_by_a_link_that_would_lead_nowhere(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as home:
        root = home.person("Root", Role.ADMIN)
        response = root.post("/members/invite", data={"email": ADA, "role": "reader"})
        assert (response.status_code, "TIDINGS_PUBLIC_URL" in words(response)) == (400, True)
        assert home.catalog.members()[1] == []


def test_an_invitation_can_be_withdrawn(home: House, root: TestClient) -> None:
    link = link_of(root.post("/members/invite", data={"email": ADA, "role": "reader"}))
    [number] = re.findall(r'action="/members/invitations/(\d+)/withdraw"', root.get("/members").text)
    root.post(f"/members/invitations/{number}/withdraw")
    assert home.browser().get(link).status_code == 404
    assert home.browser().post(link).status_code == 401
    assert root.post(f"/members/invitations/{number}/withdraw").status_code == 404


# --- the audit log ---


def test_what_a_curator_did_is_in_the_log_and_is_undone_there(home: House, root: TestClient) -> None:
    papers(home.store, 0)
    line = home.catalog.hide(home.reader(root), paper_id(0), "an <b>advertisement</b>")
    page = root.get("/audit")
    assert "Root hid paper:1 : an <b>advertisement</b>" in words(page)
    assert root.post(f"/audit/{line}/undo").headers["location"] == "/audit"
    log = words(root.get("/audit"))
    assert f"undone by {line + 1}" in log
    assert "Root listed again paper:1 (was an <b>advertisement</b>)" in log
    assert root.post(f"/audit/{line}/undo").status_code == 409
    assert root.post("/audit/999/undo").status_code == 404


def test_what_an_administrator_did_is_in_the_log_without_addresses(home: House, root: TestClient) -> None:
    root.post("/members/invite", data={"email": "guest@lab.example", "role": "reader"})
    root.post(f"/members/{number_of(home, 'root@lab.example')}/role", data={"role": "admin"})
    page = words(root.get("/audit"))
    assert "Root invited invitation:2: reader" in page
    assert "guest@" not in page
    assert "undo" not in page.partition("Root invited")[2]


def test_a_long_log_is_turned_by_pages(home: House, root: TestClient) -> None:
    papers(home.store, 0)
    for _ in range(60):
        home.catalog.pick(home.reader(root), paper_id(0))
        home.catalog.unpick(home.reader(root), paper_id(0))
    first = root.get("/audit")
    [earlier] = re.findall(r'href="(/audit\?before=\d+)"', first.text)
    second = root.get(earlier)
    lines = [re.findall(r'id="line-(\d+)"', page.text) for page in (first, second)]
    assert len(lines[0]) == 100
    assert [int(number) for page in lines for number in page] == list(range(121, 0, -1))
    assert "before=" not in second.text
    for nonsense in ("x", "-1", "1e9", "9" * 30, "²"):
        assert root.get("/audit", params={"before": nonsense}).status_code == 400
