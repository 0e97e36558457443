"""Every list by an address with an ending: what feed readers and reference managers get, and what they may see."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bibtexparser
import fastfeedparser
import feedparser
import pytest
from httpx2 import Response
from lxml import etree
from starlette.testclient import TestClient

from tests.lively_help import LONG_AGO, TODAY, lively_house, paper_id, record
from tests.people_help import merge, papers, signed_in, standing
from tests.people_help import paper_id as of_kind
from tests.scripted import START
from tests.test_outbound import assert_atom, assert_json_feed
from tests.test_sync import take
from tests.web_people import House, house, words
from tidings.people import Shelf
from tidings.web.outbound import ENDINGS
from tidings.web.unchanged import Seen, has_it, tag_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # bibtexparser's, about its own parser

VIEWS = (
    "/new",
    "/trending?window=week&category=cs.CL&by=both",
    f"/papers/date/{TODAY}",
    "/papers/week/2026-W10",
    "/papers/month/2026-03",
    "/search?q=graph+kernels&sort=newest",
    f"/similar?id={paper_id(1)}",
)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with lively_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(made: House) -> TestClient:
    return made.person("Ada")


def ended(view: str, ending: str) -> str:
    """Return the address of a view in a format."""
    path, mark, query = view.partition("?")
    return f"{path}.{ending}{mark}{query}"


def entries(response: Response) -> list[Any]:
    found = feedparser.parse(response.content)
    assert not found.bozo, found.get("bozo_exception")
    return list(found.entries)


def shelf_of(made: House, name: str = "Ada", visibility: str = "private") -> Shelf:
    """Make a shelf with a paper and a note."""
    reader = signed_in(made.catalog, name)
    shelf = made.catalog.make_shelf(reader, "Reading group", visibility)
    made.catalog.put(reader, shelf.id, paper_id(1), "for Tuesday")
    return shelf


def address_token(made: House, name: str = "Ada") -> str:
    return made.catalog.make_address_token(signed_in(made.catalog, name), "feed reader")


# --- every view in every format ---


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_there_in_every_format_with_the_papers_of_its_page(made: House, view: str) -> None:
    browser = made.browser()
    read = {ending: browser.get(ended(view, ending)) for ending in ENDINGS}
    assert {response.status_code for response in read.values()} == {200}
    atom = entries(read["atom"])
    ids = [urlsplit(entry.link).path.removeprefix("/paper/") for entry in atom]
    assert ids
    assert set(ids[:5]) <= {paper_id(number) for number in [*range(1, 17), 90]}
    page = browser.get(f"{view}{'&' if '?' in view else '?'}limit=50").text
    assert all(f'href="/paper/{each}"' in page for each in ids)
    assert [entry.id for entry in entries(read["rss"])] == [entry.id for entry in atom]
    feed = json.loads(read["json"].content)
    assert_json_feed(feed)
    assert [item["id"] for item in feed["items"]] == [entry.id for entry in atom]
    assert [entry["id"] for entry in fastfeedparser.parse(read["atom"].content).entries] == [e.id for e in atom]
    assert len(bibtexparser.loads(read["bib"].text).entries) == read["ris"].text.count("ER  -") == len(ids)
    assert_atom(read["atom"].content)


def test_an_answer_says_what_it_is(made: House) -> None:
    browser = made.browser()
    kinds = {ending: browser.get(f"/new.{ending}").headers["content-type"] for ending in ENDINGS}
    assert kinds == {
        "atom": "application/atom+xml; charset=utf-8",
        "rss": "application/rss+xml; charset=utf-8",
        "json": "application/feed+json",
        "bib": "text/plain; charset=utf-8",
        "ris": "text/plain; charset=utf-8",
    }
    assert browser.head("/new.atom").content == b""


def test_an_entry_says_who_wrote_it_what_it_is_about_and_what_is_said_of_it(made: House, ada: TestClient) -> None:
    ada.post(f"/paper/{paper_id(2)}/vote", data={"vote": "1"})
    [entry] = [each for each in entries(made.browser().get("/new.atom")) if each.link.endswith(paper_id(2))]
    assert [author.name for author in entry.authors] == ["Ada Example", "Bo Sample"]
    assert [tag.term for tag in entry.tags] == ["cs.LG", "cs.CL"]
    html = entry.content[0].value
    assert "We look at protein folding again, part 2." in html
    assert "1 vote here · 128 on Hugging Face · 5 comments" in html
    assert 'href="https://arxiv.org/pdf/2603.00002"' in html


def test_addresses_are_those_that_readers_know(tmp_path: Path) -> None:
    with lively_house(tmp_path, public_url="https://papers.lab.example/") as made:
        response = made.browser(base_url="http://127.0.0.1:8000").get("/search.atom?q=graph&n=2")
        root = etree.fromstring(response.content)
    assert {link.get("rel"): link.get("href") for link in root.findall("{http://www.w3.org/2005/Atom}link")} == {
        "self": "https://papers.lab.example/search.atom?q=graph&n=2",
        "alternate": "https://papers.lab.example/search?q=graph",
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/new.xml", 404),
        ("/new.atom.atom", 404),
        ("/new.atom?n=0", 400),
        ("/new.atom?n=101", 400),
        ("/new.atom?n=many", 400),
        ("/trending.atom?window=year", 400),
        ("/trending.atom?by=nobody", 400),
        ("/papers/date/2026-02-30.atom", 404),
        ("/papers/week/2026-W99.atom", 400),
        ("/search.atom", 400),
        ("/search.atom?q=year:x", 400),
        ("/search.atom?q=a&sort=oldest", 400),
        ("/similar.atom", 400),
        ("/similar.atom?id=arxiv:9999.99999", 404),
        ("/shelves/4711.atom", 401),
        ("/shelf/AAAAAAAAAAAAAAAA.atom", 404),
    ],
)
def test_what_makes_no_sense_is_refused(made: House, path: str, status: int) -> None:
    assert made.browser().get(path).status_code == status


def test_as_many_papers_come_as_are_asked_for(made: House) -> None:
    assert [len(entries(made.browser().get(f"/new.atom?n={n}"))) for n in (1, 5, 100)] == [1, 5, 17]


# --- the same for ever ---


def ids_of(made: House) -> dict[str, str]:
    """Return the id of each paper in the feed, by its address."""
    return {urlsplit(each.link).path: each.id for each in entries(made.browser().get("/new.atom"))}


def test_a_paper_keeps_its_id_when_it_gets_another_address_and_a_merged_one_has_the_survivors(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        first, second = papers(made.store, 1, 0)
        made.catalog.catch_up()
        before = ids_of(made)
        survivor = merge(made.store, 1, 0)
        made.catalog.catch_up()
        after = ids_of(made)
    assert len(set(before.values())) == 2
    kept = of_kind(1) if survivor == first else of_kind(0)
    assert survivor in (first, second)
    assert list(after.values()) == [before[f"/paper/{kept}"]]


def test_an_id_does_not_depend_on_where_it_is_asked(made: House) -> None:
    one = entries(made.browser(base_url="http://a.example").get("/new.atom"))
    other = entries(made.browser(base_url="http://b.example").get("/new.rss"))
    assert [entry.id for entry in one] == [entry.id for entry in other]
    assert one[0].link != other[0].link


def test_looking_again_and_voting_changes_no_time_and_a_new_version_does(made: House, ada: TestClient) -> None:
    def updated() -> dict[str, str]:
        return {entry.id: entry.updated for entry in entries(made.browser().get("/new.atom"))}

    before = updated()
    take(made.store, record(1))
    ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1"})
    made.clock.sleep(86_400)
    assert updated() == before
    take(made.store, record(1, updated=TODAY + timedelta(days=3), title="Careful graph kernels, revised"))
    assert len(updated().items() - before.items()) == 1


# --- asking again ---


def test_who_has_it_is_not_sent_it_again_until_it_changes(made: House, ada: TestClient) -> None:
    browser = made.browser()
    first = browser.get("/new.atom")
    tag, since = first.headers["etag"], first.headers["last-modified"]
    assert since == format_datetime(START, usegmt=True)
    for condition in (
        {"if-none-match": tag},
        {"if-none-match": f'"other", W/{tag}'},
        {"if-none-match": "*"},
        {"if-modified-since": since},
        {"if-none-match": tag, "if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ):
        again = browser.get("/new.atom", headers=condition)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), condition
        assert again.headers["cache-control"] == first.headers["cache-control"] == "private, max-age=600"
    made.clock.sleep(60)
    ada.post(f"/paper/{paper_id(1)}/vote", data={"vote": "1"})
    for condition in ({"if-none-match": tag}, {"if-modified-since": since}):
        assert browser.get("/new.atom", headers=condition).status_code == 200


def test_the_tag_decides_where_both_are_shown(made: House) -> None:
    since = made.browser().get("/new.atom").headers["last-modified"]
    headers = {"if-none-match": '"another"', "if-modified-since": since}
    assert made.browser().get("/new.atom", headers=headers).status_code == 200


@pytest.mark.parametrize("text", ["", "yesterday", "Mon, 99 Jan 2001 00:00:00 GMT", "0"])
def test_a_time_that_is_none_is_no_condition(made: House, text: str) -> None:
    assert made.browser().get("/new.atom", headers={"if-modified-since": text}).status_code == 200


def test_a_change_within_the_same_second_is_not_hidden_by_the_time() -> None:
    seen, one, other = Seen(), tag_of(b"one"), tag_of(b"other")
    assert seen.since("/a", one, START) == START
    assert seen.since("/a", other, START + timedelta(milliseconds=300)) is None
    assert seen.since("/a", other, START + timedelta(hours=1)) is None
    assert seen.since("/a", one, START + timedelta(hours=2)) == START + timedelta(hours=2)


def test_what_was_forgotten_counts_as_changed_now() -> None:
    seen, tag = Seen(most=1), tag_of(b"one")
    seen.since("/a", tag, START)
    seen.since("/b", tag, START)
    assert seen.since("/a", tag, START + timedelta(hours=1)) == START + timedelta(hours=1)


# --- what is private ---


def test_a_private_shelf_is_followed_by_an_address_with_a_token_alone(made: House, ada: TestClient) -> None:
    shelf = shelf_of(made)
    path = f"/shelves/{shelf.id}.atom"
    nobody = made.browser()
    assert nobody.get(path).status_code == 401
    response = nobody.get(f"{path}?token={address_token(made)}")
    [entry] = entries(response)
    assert "“for Tuesday”" in entry.content[0].value
    assert entry.published_parsed[:6] == START.timetuple()[:6]
    headers = {name: response.headers[name] for name in ("x-robots-tag", "referrer-policy", "cache-control")}
    assert headers == {
        "x-robots-tag": "noindex",
        "referrer-policy": "no-referrer",
        "cache-control": "private, max-age=600",
    }
    assert ada.get(path).headers["cache-control"] == "private, no-store"


def test_a_token_shows_what_is_its_owners_and_the_labs_and_nothing_else(made: House, ada: TestClient) -> None:
    made.person("Bob")
    private, lab = shelf_of(made), shelf_of_lab(made)
    bobs = address_token(made, "Bob")
    nobody = made.browser()
    assert nobody.get(f"/shelves/{private.id}.atom?token={bobs}").status_code == 404
    assert nobody.get(f"/shelves/{lab.id}.atom?token={bobs}").status_code == 200


def shelf_of_lab(made: House) -> Shelf:
    return made.catalog.make_shelf(signed_in(made.catalog, "Ada"), "Of the lab", "lab")


def test_a_feed_is_followed_with_the_reasons_of_its_papers(made: House, ada: TestClient) -> None:
    reader = signed_in(made.catalog, "Ada")
    interest = made.catalog.make_interest(reader, "Graphs", words="graph kernels")
    made.catalog.like(reader, paper_id(4), interest.id)
    token, nobody = address_token(made), made.browser()
    for path in ("/feed.atom", f"/feed/{interest.id}.atom", "/feed/Graphs.atom"):
        assert nobody.get(path).status_code == 401
        found = entries(nobody.get(f"{path}?token={token}"))
        assert found
        assert any("because you liked “Careful graph kernels, part 4”" in each.content[0].value for each in found)
    assert entries(nobody.get(f"/feed.atom?token={token}")) == found  # reading it changes nothing
    made.person("Bob")
    bobs = address_token(made, "Bob")
    assert nobody.get(f"/feed/{interest.id}.atom?token={bobs}").status_code == 404
    assert entries(nobody.get(f"/feed.atom?token={bobs}")) == []
    assert f"/feed/{interest.id}.atom?token={token}" in ada.post("/feeds.opml", data={"token": token}).text


def test_a_token_that_was_revoked_or_never_was_opens_nothing(made: House, ada: TestClient) -> None:
    shelf, token = shelf_of(made), address_token(made)
    path, nobody = f"/shelves/{shelf.id}.rss", made.browser()
    assert nobody.get(f"{path}?token={token}").status_code == 200
    [kept] = made.catalog.tokens(signed_in(made.catalog, "Ada"))
    ada.post(f"/account/tokens/{kept.id}/revoke")
    for shown in (token, "", "tidings_x"):
        response = nobody.get(f"{path}?token={shown}")
        assert (response.status_code, response.headers["referrer-policy"]) == (404, "no-referrer")


def test_a_token_of_addresses_is_good_for_nothing_else(made: House, ada: TestClient) -> None:
    shelf, token = shelf_of(made), address_token(made)
    program = made.browser(headers={"authorization": f"Bearer {token}"})
    for path in ("/", "/api/me", "/api/shelves", "/account", "/new.atom", f"/shelves/{shelf.id}.atom", "/follow"):
        assert program.get(path).status_code == 401, path
    nobody = made.browser()
    for path in (f"/shelves/{shelf.id}", "/shelves", "/account", "/api/me", f"/api/shelves/{shelf.id}", "/follow"):
        assert nobody.get(f"{path}?token={token}").status_code in {303, 401}, path
    assert nobody.post(f"/paper/{paper_id(1)}/vote?token={token}", data={"vote": "1"}).status_code == 303
    found = made.store.find(paper_id(1))
    assert found is not None
    assert standing(made.store, found).votes == 0


def test_a_token_that_may_more_has_no_place_in_an_address(made: House, ada: TestClient) -> None:
    shelf, reader = shelf_of(made), signed_in(made.catalog, "Ada")
    for scopes in (["feeds", "read"], ["shelves"], ["read"]):
        token = made.catalog.make_token(reader, "script", scopes)
        assert made.browser().get(f"/shelves/{shelf.id}.atom?token={token}").status_code == 404
    program = made.browser(
        headers={"authorization": f"Bearer {made.catalog.make_token(reader, 'x', ['feeds', 'read'])}"}
    )
    assert len(entries(program.get(f"/shelves/{shelf.id}.atom"))) == 1


def test_no_token_reaches_the_log_or_another_address(
    made: House, ada: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, token = shelf_of(made), address_token(made)
    nobody = made.browser()
    for path in (f"/shelves/{shelf.id}?token={token}", f"/shelves/{shelf.id}.xml?token={token}", f"/?token={token}"):
        response = nobody.get(path)
        assert token not in response.text + response.headers.get("location", "")
        assert response.headers["referrer-policy"] == "no-referrer"
    monkeypatch.setattr(type(made.catalog), "on_shelf", _fails)
    with caplog.at_level(logging.DEBUG):
        assert nobody.get(f"/shelves/{shelf.id}.atom?token={token}").status_code == 500
        made.app.state.seen = None
        assert nobody.get(f"/papers/week/{token}.atom").status_code in {400, 500}
        assert nobody.get(f"/new.atom/{token}").status_code == 404
    assert "unforeseen error" in caplog.text
    assert token not in caplog.text


def _fails(*_: object, **__: object) -> None:
    raise RuntimeError("nobody foresaw this")


def test_a_shelf_by_its_link_is_followed_by_that_and_found_by_nobody(made: House, ada: TestClient) -> None:
    shelf = shelf_of(made, visibility="link")
    response = made.browser().get(f"/shelf/{shelf.key}.atom")
    assert len(entries(response)) == 1
    assert (response.headers["x-robots-tag"], response.headers["referrer-policy"]) == ("noindex", "no-referrer")
    made.catalog.change_shelf(signed_in(made.catalog, "Ada"), shelf.id, visibility="private")
    assert made.browser().get(f"/shelf/{shelf.key}.atom").status_code == 404


# --- the pages ---


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_names_its_feeds_to_programs_and_to_people(made: House, view: str) -> None:
    text = made.browser().get(view).text
    assert text.count('<link rel="alternate"') == 3
    assert 'popovertarget="follow"' in text
    root = etree.HTML(text)
    links = [str(link) for link in root.xpath('//link[@rel="alternate"]/@href')]
    sheet = [str(link) for link in root.xpath('//*[@id="follow"]//a/@href')]
    assert sheet[:3] == links
    assert len(sheet) == 5
    browser = made.browser()
    assert {browser.get(address).status_code for address in sheet} == {200}


def test_a_search_is_followed_by_date_and_cited_as_it_is(made: House) -> None:
    root = etree.HTML(made.browser().get("/search?q=graph").text)
    sheet = [str(link) for link in root.xpath('//*[@id="follow"]//a/@href')]
    assert sheet[0] == "/search.atom?q=graph&sort=newest"
    assert sheet[3] == "/search.bib?q=graph"


def test_a_search_that_finds_nothing_can_be_followed_and_a_pasted_text_cannot(made: House) -> None:
    assert "/search.atom?q=author:nobody" in made.browser().get("/search?q=author:nobody").text
    pasted = made.browser().post("/search", data={"q": "graph kernels " * 1000}).text
    assert 'popovertarget="follow"' not in pasted


def test_private_addresses_are_made_on_the_page_shown_once_and_taken_back(made: House, ada: TestClient) -> None:
    shelf = shelf_of(made)
    own = ada.get(f"/shelves/{shelf.id}").text
    assert 'rel="alternate"' not in own
    assert 'href="/follow"' in own
    assert "Reading group" in words(ada.get("/follow"))
    page = ada.post("/follow", data={"label": "Miniflux"})
    [address] = etree.HTML(page.text).xpath('//pre[@class="secret"]/text()')
    assert len(entries(made.browser().get(urlsplit(address)._replace(scheme="", netloc="").geturl()))) == 1
    again = ada.get("/follow")
    assert "Miniflux" in words(again)
    assert "tidings_" not in again.text
    assert "Miniflux feeds" in words(ada.get("/account"))


def test_opml_holds_ones_private_addresses_for_ones_own_eyes(made: House, ada: TestClient) -> None:
    shelf, token = shelf_of(made), address_token(made)
    bob = made.person("Bob")
    response = ada.post("/feeds.opml", data={"token": token})
    assert response.headers["content-disposition"] == 'attachment; filename="tidings.opml"'
    assert response.headers["cache-control"] == "private, no-store"
    [outline] = etree.fromstring(response.content).findall("body/outline")
    assert outline.get("xmlUrl") == f"http://testserver/shelves/{shelf.id}.atom?token={token}"
    for browser, shown in ((bob, token), (ada, ""), (ada, "tidings_x"), (ada, address_token(made, "Bob"))):
        assert browser.post("/feeds.opml", data={"token": shown}).status_code == 400
    assert made.browser().post("/feeds.opml", data={"token": token}).headers["location"].startswith("/sign-in")


def test_the_owner_of_a_personal_installation_makes_addresses_too(tmp_path: Path) -> None:
    with lively_house(tmp_path) as made:
        own = "http://localhost:8000"
        owner = made.browser(base_url=own, client=("127.0.0.1", 50000), headers={"origin": own})
        owner.post("/shelves", data={"name": "Mine", "visibility": "private"})
        assert owner.get("/follow").headers["referrer-policy"] == "same-origin"  # or forms would have no origin
        page = owner.post("/follow", data={"label": "reader"})
        [address] = etree.HTML(page.text).xpath('//pre[@class="secret"]/text()')
    assert address.startswith("http://localhost:8000/shelves/1.atom?token=tidings_")


def test_old_papers_without_a_date_and_of_a_collaboration_are_entries_too(tmp_path: Path) -> None:
    odd = [
        record(1, None, year=1998),
        replace(record(2, LONG_AGO), authors=tuple(f"Author {number}" for number in range(2900))),
        record(3, date(1, 1, 1), title="<script>alert(1)</script> \x00 & $x^2$", abstract=""),
    ]
    with lively_house(tmp_path, odd) as made:
        for ending in ("atom", "rss"):
            response = made.browser().get(f"/new.{ending}")
            assert len(entries(response)) == 3
            assert b"<script" not in response.content
            assert len(response.content) < 20_000


def test_headers_compare_as_the_standard_says() -> None:
    from starlette.datastructures import Headers

    tag = tag_of(b"body")
    assert has_it(Headers({"if-none-match": f"W/{tag}"}), tag, None)
    assert not has_it(Headers({"if-none-match": "W/"}), tag, START)
    assert has_it(Headers({"if-modified-since": format_datetime(START + timedelta(days=1), usegmt=True)}), tag, START)
    assert not has_it(Headers({"if-modified-since": format_datetime(START, usegmt=True)}), tag, None)
    assert not has_it(Headers({}), tag, START)
