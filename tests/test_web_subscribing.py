"""Digests on the page: subscribing, confirming, changing, pausing and leaving by the links of mails."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from httpx2 import Response

from tests.mail_lint import parsed, problems
from tests.mail_server import Inbox
from tests.people_help import papers, statements
from tests.web_people import PUBLIC, House, mailing_house, words
from tidings.digest import bounces, links, sending
from tidings.digest.compose import compose, text_of
from tidings.digest.links import Claim, Linker
from tidings.digest.making import preview
from tidings.people import Role
from tidings.types import Pace, Subscription

BOB = "bob@elsewhere.example"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[House, Inbox]]:
    with mailing_house(tmp_path, public_url=PUBLIC) as (house, inbox):
        papers(house.store, 0, 1, 2)
        house.catalog.catch_up()
        yield house, inbox


def ask(house: House, **others: str) -> Response:
    """Subscribe as a stranger."""
    form = {"kind": "trending", "subject": "", "address": BOB, "every": "daily", **others}
    return house.browser().post("/subscribe", data=form)


def mailed(inbox: Inbox) -> str:
    """Return the link of the last mail, within the site."""
    body = inbox.last.get_body(("plain",))
    assert body is not None
    found = re.search(rf"{PUBLIC}(/mail/\S+)", body.get_content())
    assert found is not None
    return found[1]


def running(house: House, account: str | None = None) -> Subscription:
    """Return a subscription that runs: of a member, or of a stranger."""
    if account is not None:
        house.catalog.add_account(f"{account.lower()}@lab.example", account, Role.READER)
    address = f"{account.lower()}@lab.example" if account else BOB
    return house.catalog.add_subscription(address, "trending", "", Pace())


def link(house: House, purpose: str, subscription: Subscription, paper: int = 0) -> str:
    """Return the address of a link as a mail of today has it, within the site."""
    linker = Linker.of(house.catalog.settings)
    claim = Claim(purpose, subscription.id, 1, paper, house.clock().date())
    return linker.link(claim).removeprefix(PUBLIC)


def again(house: House, subscription: Subscription) -> Subscription:
    return house.catalog.link_subscription(subscription.id)


# --- subscribing ---


def test_a_stranger_subscribes_and_confirms_on_a_page_with_a_button(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    assert "a mail with a link is on its way" in words(ask(house, every="0"))
    [subscription] = house.catalog.all_subscriptions()
    assert (subscription.state, subscription.weekday) == ("waiting", 0)
    place = mailed(inbox)
    page = house.browser().get(place)
    assert "Do you want this digest?" in words(page)
    assert again(house, subscription).state == "waiting", "looking confirms nothing: scanners look at every link"
    assert "It is on its way" in words(house.browser().post(place))
    assert again(house, subscription).state == "active"
    assert "It is on its way" in words(house.browser().post(place)), "confirming twice is confirming once"


def test_the_mail_that_asks_repeats_nothing_that_a_stranger_typed(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    ask(house, kind="search", subject="Buy cheap pills at pills.example")
    assert b"pills" not in inbox.raw[-1]


def test_whoever_asks_is_told_the_same_whatever_comes_of_it(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    root = house.person("Root", Role.ADMIN)
    house.catalog.suppress(house.reader(root), "never@elsewhere.example", "complained")
    house.catalog.add_subscription("has@elsewhere.example", "trending", "", Pace())
    first = ask(house)
    told = len(inbox.raw)
    for address in (BOB, "never@elsewhere.example", "has@elsewhere.example"):
        other = ask(house, address=address)
        assert other.text.replace(address, BOB) == first.text
        assert {**other.headers, "content-length": ""} == {**first.headers, "content-length": ""}
    assert (told, len(inbox.raw)) == (1, 1)


def test_a_program_that_fills_in_every_field_subscribes_nobody(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    assert ask(house, website="https://spam.example").text == ask(house, address=BOB, website="x").text
    assert house.catalog.all_subscriptions() == []
    assert inbox.raw == []


def test_a_member_needs_no_confirming_at_the_own_address(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    ada = house.person("Ada")
    form = {"kind": "trending", "subject": "cs.LG", "zone": "Europe/Paris", "hour": "6", "minutes": "10"}
    assert ada.post("/subscribe", data=form).headers["location"] == "/subscriptions"
    [subscription] = house.catalog.all_subscriptions()
    assert (subscription.state, subscription.address, subscription.zone, subscription.minutes) == (
        "active",
        "ada@lab.example",
        "Europe/Paris",
        10,
    )
    assert inbox.raw == []
    assert "every day at 6:00 (Europe/Paris), at most 10 papers or 10 minutes" in words(ada.get("/subscriptions"))


def test_a_member_at_another_address_is_a_stranger(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    house.person("Ada").post("/subscribe", data={"kind": "trending", "address": BOB})
    assert [each.state for each in house.catalog.all_subscriptions()] == ["waiting"]
    assert len(inbox.raw) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "everything"},
        {"kind": "search", "subject": ""},
        {"every": "7"},
        {"every": "x"},
        {"hour": "24"},
        {"hour": "７"},
        {"zone": "Mars/Olympus"},
        {"most": "0"},
        {"most": "1000000"},
        {"minutes": "-1"},
        {"when_empty": "perhaps"},
        {"address": "bob"},
        {"address": "bob@x.example\r\nbcc: a@b.example"},
    ],
)
def test_a_form_that_makes_no_sense_is_refused_and_changes_nothing(
    lab: tuple[House, Inbox], form: dict[str, str]
) -> None:
    house, inbox = lab
    assert ask(house, **form).status_code == 400
    assert (house.catalog.all_subscriptions(), inbox.raw) == ([], [])


def test_lists_offer_to_come_by_mail_where_mail_is_sent(lab: tuple[House, Inbox], tmp_path: Path) -> None:
    house, _ = lab
    for place, subject in (("/trending", ""), ("/trending?category=cs.LG", "cs.LG"), ("/search?q=zebras", "zebras")):
        page = house.browser().get(place).text
        assert 'action="/subscribe"' in page and f'name="subject" value="{subject}"' in page, place
    assert "Zebras" in house.browser().get("/subscribe?kind=search&subject=Zebras").text


# --- leaving ---


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": b""},
    ],
)
@pytest.mark.parametrize("headers", [{}, {"origin": "https://mail.example"}, {"sec-fetch-site": "cross-site"}])
def test_one_click_leaves_without_cookies_in_every_encoding(
    lab: tuple[House, Inbox], body: dict[str, Any], headers: dict[str, str]
) -> None:
    house, _ = lab
    subscription = running(house)
    place = link(house, links.LEAVE, subscription)
    for _ in range(2):
        response = house.browser().post(place, headers=headers, **body)
        assert (response.status_code, "location" in response.headers) == (200, False)
        assert "You get no more of it" in words(response)
    assert again(house, subscription).state == "left"


def test_looking_at_a_link_ends_nothing(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house)
    assert "Unsubscribe" in house.browser().get(link(house, links.LEAVE, subscription)).text
    assert house.browser().head(link(house, links.LEAVE, subscription)).status_code == 200
    assert again(house, subscription).state == "active"


def test_old_mails_can_still_be_left(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house)
    place = link(house, links.LEAVE, subscription)
    house.clock.sleep(timedelta(days=3000).total_seconds())
    assert house.browser().post(place).status_code == 200
    assert again(house, subscription).state == "left"


def test_leaving_what_went_with_its_account_is_leaving(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house)
    place = link(house, links.LEAVE, replace(subscription, id=subscription.id + 1000))
    for _ in range(2):
        response = house.browser().post(place)
        assert response.status_code == 200
        assert "You get no more of it" in words(response)


@pytest.mark.parametrize("purpose", list(links.LIVES))
def test_a_link_that_was_tampered_with_does_nothing(lab: tuple[House, Inbox], purpose: str) -> None:
    house, _ = lab
    subscription = running(house, "Ada")
    place = link(house, purpose, subscription, 1)
    token = place.rpartition("/")[2]
    wrong = [token[:-1], token + "A", token[:8] + ("B" if token[8] != "B" else "C") + token[9:], "x", "é" * 40]
    with statements(house.store) as seen:
        for each in wrong:
            for method in ("GET", "POST"):
                assert house.browser().request(method, f"/mail/{purpose}/{each}").status_code == 404
    assert not any(text.lower().startswith(("update", "insert", "delete")) for text in seen)
    assert again(house, subscription).state == "active"


def test_a_link_for_one_thing_is_for_nothing_else(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house, "Ada")
    token = link(house, links.LIKE, subscription, 1).rpartition("/")[2]
    for purpose in (*links.LIVES, "everything", "mark"):
        if purpose != links.LIKE:
            assert house.browser().post(f"/mail/{purpose}/{token}").status_code == 404, purpose


# --- changing and pausing ---


def test_when_and_how_much_is_changed_without_signing_in(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house)
    place = link(house, links.CHANGE, subscription)
    assert "Papers at most" in words(house.browser().get(place))
    form = {"every": "4", "hour": "18", "zone": "Asia/Tokyo", "most": "3", "minutes": "", "when_empty": "say"}
    assert "every Friday at 18:00 (Asia/Tokyo), at most 3 papers" in words(house.browser().post(place, data=form))
    assert again(house, subscription).pace == Pace("weekly", 18, "Asia/Tokyo", 4, 3, None, "say")


def test_a_digest_pauses_for_a_while_and_is_taken_up_again(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house)
    place = link(house, links.PAUSE, subscription)
    assert "It pauses" in words(house.browser().post(place, data={"days": "14"}))
    paused = again(house, subscription)
    assert paused.state == "paused"
    assert paused.resumes == house.clock() + timedelta(days=14)
    assert "It runs again" in words(house.browser().post(place, data={"resume": "1"}))
    assert again(house, subscription).state == "active"
    assert house.browser().post(place, data={"days": "15"}).status_code == 400


def test_the_pages_of_mails_lead_to_each_other(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house)
    page = house.browser().get(link(house, links.LEAVE, subscription)).text
    found = re.findall(r'href="(/mail/[^"]+)"', page)
    assert {place.split("/")[2] for place in found} == {"change", "pause"}
    assert all(house.browser().get(place).status_code == 200 for place in found)


def test_a_page_of_a_mail_is_kept_by_nobody(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    response = house.browser().get(link(house, links.CHANGE, running(house)))
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["x-robots-tag"] == "noindex"


# --- papers ---


@pytest.mark.parametrize("purpose", [links.LIKE, links.DISMISS, links.SAVE])
def test_a_paper_is_liked_dismissed_or_saved_from_the_mail(lab: tuple[House, Inbox], purpose: str) -> None:
    house, _ = lab
    subscription = running(house, "Ada")
    place = link(house, purpose, subscription, 1)
    page = house.browser().get(place)
    assert "Zebras of year 1" in words(page)
    reader = house.catalog.subscriber(subscription, ("interests", "shelves"))
    paper = house.catalog.paper("paper:1")
    assert house.catalog.verdicts(reader, [paper]) == {} and not any(house.catalog.saved(reader, [paper]).values())
    assert house.browser().post(place).status_code == 200
    if purpose == links.SAVE:
        assert house.catalog.saved(reader, [paper])[1]
    else:
        assert house.catalog.verdicts(reader, [paper]) == {1: 1 if purpose == links.LIKE else -1}


def test_a_link_to_like_ends_after_sixty_days(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    place = link(house, links.LIKE, running(house, "Ada"), 1)
    house.clock.sleep(timedelta(days=60).total_seconds())
    assert house.browser().get(place).status_code == 200
    house.clock.sleep(timedelta(days=1).total_seconds())
    response = house.browser().post(place)
    assert response.status_code == 404
    assert "for 60 days" in words(response)


def test_a_stranger_has_no_feed_that_could_learn(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    place = link(house, links.LIKE, running(house), 1)
    assert house.browser().get(place).status_code == 404
    assert house.browser().post(place).status_code == 404


def test_a_link_acts_for_its_reader_whoever_is_signed_in(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    subscription = running(house, "Ada")
    cora = house.person("Cora")
    assert cora.post(link(house, links.SAVE, subscription, 1)).status_code == 200
    ada = house.catalog.subscriber(subscription, ("shelves",))
    paper = house.catalog.paper("paper:1")
    assert house.catalog.saved(ada, [paper])[1]
    assert not any(house.catalog.saved(house.reader(cora), [paper]).values())


# --- one's own ---


def test_one_looks_after_ones_own_digests_on_the_page(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    ada = house.person("Ada")
    ada.post("/subscribe", data={"kind": "search", "subject": "zebras"})
    [subscription] = house.catalog.all_subscriptions()
    place = f"/subscriptions/{subscription.id}"
    assert "zebras" in words(ada.get("/subscriptions"))
    assert ada.post(place, data={"every": "2", "hour": "9"}).headers["location"] == place
    assert (again(house, subscription).weekday, again(house, subscription).hour) == (2, 9)
    ada.post(f"{place}/pause", data={"days": ""})
    assert again(house, subscription).state == "paused"
    ada.post(f"{place}/pause", data={"resume": "1"})
    assert again(house, subscription).state == "active"
    assert ada.post(f"{place}/leave").headers["location"] == "/subscriptions"
    assert again(house, subscription).state == "left"
    assert "you left" in words(ada.get("/subscriptions"))


def test_another_readers_digest_is_not_there(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    place = f"/subscriptions/{running(house, 'Ada').id}"
    bob = house.person("Bob")
    assert bob.get(place).status_code == 404
    for action in ("", "/pause", "/leave"):
        assert bob.post(place + action, data={"days": ""}).status_code == 404


# --- what would come, and what came ---


def test_a_digest_is_previewed_exactly_as_it_would_come(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    ada = house.person("Ada")
    ada.post("/subscribe", data={"kind": "search", "subject": "zebras"})
    [subscription] = house.catalog.all_subscriptions()
    page = ada.get(f"/subscriptions/{subscription.id}/preview")
    digest = preview(house.catalog, subscription)
    edition = Linker.of(house.catalog.settings).edition(subscription.id, 0, house.clock().date())
    message = compose(digest, house.catalog.settings, edition, house.clock())
    frame = re.search(r'<iframe[^>]*sandbox="[a-z -]*" srcdoc="([^"]*)"', page.text)
    assert frame is not None
    assert unescape(frame[1]).replace('<base target="_blank">', "") == text_of(message, "html").replace("\r\n", "\n")
    assert message["Subject"] in unescape(page.text)
    assert inbox.raw == []
    assert house.catalog.own_editions(subscription) == []


def test_a_hook_is_previewed_as_what_it_is_called_with(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    ada = house.person("Ada")
    hook = "https://chat.lab.example/hooks/abc"
    assert ada.post("/subscribe", data={"kind": "trending", "channel": "webhook", "address": hook}).status_code == 303
    [subscription] = house.catalog.all_subscriptions()
    assert '"account":' in unescape(ada.get(f"/subscriptions/{subscription.id}/preview").text)
    assert (
        house.catalog.hook_secret(house.reader(ada), subscription.id)
        in ada.get(f"/subscriptions/{subscription.id}").text
    )


def test_the_last_edition_and_what_the_server_said_stand_on_the_page(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    ada, root = house.person("Ada"), house.person("Root", Role.ADMIN)
    ada.post("/subscribe", data={"kind": "trending", "when_empty": "say"})
    house.clock.sleep(timedelta(days=1, hours=2).total_seconds())
    sending.run(house.catalog, sleep=house.clock.sleep)
    assert problems(as_sent(inbox)) == []
    [subscription] = house.catalog.all_subscriptions()
    [edition] = house.catalog.own_editions(subscription)
    assert edition.answer
    for page in (
        ada.get("/subscriptions"),
        ada.get(f"/subscriptions/{subscription.id}"),
        root.get("/status"),
    ):
        assert f"{edition.name} sent" in words(page) or edition.name in words(page)
        assert edition.answer in unescape(words(page))
    assert "ada@lab.example" not in ada.get("/status").text
    assert "ada@lab.example" not in house.browser().get("/status").text


def test_the_links_of_a_mail_that_was_sent_work(lab: tuple[House, Inbox]) -> None:
    house, inbox = lab
    ada = house.person("Ada")
    ada.post("/subscribe", data={"kind": "trending", "when_empty": "say"})
    house.clock.sleep(timedelta(days=1, hours=2).total_seconds())
    sending.run(house.catalog, sleep=house.clock.sleep)
    message = parsed(as_sent(inbox))
    text = text_of(message, "plain")
    found = re.findall(rf"{PUBLIC}(/\S+)", text)
    assert {place.split("/")[2] for place in found if place.startswith("/mail/")} >= {"change", "pause", "leave"}
    for place in found:
        assert house.browser().get(place).status_code == 200, place
    one_click = message["List-Unsubscribe"].strip("<>").removeprefix(PUBLIC)
    assert house.browser().post(one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert [each.state for each in house.catalog.all_subscriptions()] == ["left"]


def as_sent(inbox: Inbox) -> bytes:
    """Return the last mail as it was sent, without what the server added."""
    return inbox.raw[-1].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_what_is_liked_in_the_mail_of_an_interest_teaches_that_one(lab: tuple[House, Inbox]) -> None:
    house, _ = lab
    reader = house.reader(house.person("Ada"))
    house.catalog.make_interest(reader, "Zebras", words="zebras")
    mine = house.catalog.make_interest(reader, "Violins", words="violins")
    subscription = house.catalog.subscribe(reader, "interest", str(mine.id), Pace())
    place = link(house, links.LIKE, subscription, 1)
    assert house.browser().post(place).status_code == 200
    assert [paper.id for paper, _ in house.catalog.examples(reader, mine.id)[0]] == [1]


class Box:
    """A mailbox with one unseen mail, as imaplib shows it."""

    def __init__(self, subject: str) -> None:
        self.raw, self.seen = f"From: {BOB}\r\nSubject: {subject}\r\n\r\n\r\n".encode(), False

    def uid(self, command: str, *_: str) -> tuple[str, list[Any]]:
        if command == "STORE":
            self.seen = True
        return "OK", [b"7"] if command == "SEARCH" else [(b"7", self.raw)]


@pytest.mark.parametrize("is_forged", [False, True])
def test_whoever_mails_the_token_leaves_and_other_mail_stays_unseen(lab: tuple[House, Inbox], is_forged: bool) -> None:
    house, _ = lab
    subscription = running(house)
    token = link(house, links.LEAVE, subscription).rpartition("/")[2]
    box = Box(f"Re: Unsubscribe {token[::-1] if is_forged else token}")
    bounces._take_leave(house.catalog, Linker.of(house.catalog.settings), cast("imaplib.IMAP4", box))
    assert (again(house, subscription).state == "left", box.seen) == (not is_forged, not is_forged)
