"""The pages and the API, over a real catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.e2e.archive import CHANGED, CROWDED, FIRST_DAY, FORMULA, HOSTILE, open_archive
from tidings.catalog import Catalog
from tidings.settings import Settings
from tidings.web.app import create_app
from tidings.web.security import CONTENT_SECURITY_POLICY
from tidings.web.site import FOLDER

PAGES = [
    "/",
    "/new",
    "/search?q=sampling",
    "/search?q=sampling&explain=1",
    "/search?q=sampling+year:2025",
    "/search?q=nothinghasthisword+year:1907",
    "/search?q=%22open",
    f"/similar?id={FORMULA}",
    f"/paper/{HOSTILE}",
    f"/paper/{FORMULA}",
    f"/paper/{CROWDED}",
    f"/paper/{CHANGED}",
    f"/papers/date/{FIRST_DAY}",
    "/papers/date/1999-01-01",
    "/help",
    "/status",
    "/about",
    "/api",
    "/no/such/page",
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with open_archive(tmp_path_factory.mktemp("web")) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(catalog: Catalog) -> FastAPI:
    return create_app(catalog, Settings())


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as opened:
        yield opened


class Elements(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def elements(client: TestClient, address: str) -> Elements:
    return Elements(client.get(address).text)


def titles(html: str) -> list[str]:
    return re.findall(r'<h[23] class="title"><a href="([^"]+)"', html)


# --- every page --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PAGES)
def test_a_page_answers_and_carries_the_security_headers(client: TestClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code in {200, 400, 404}
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_inline_script_style_or_handler_and_loads_only_our_own_files(
    client: TestClient, address: str
) -> None:
    for tag, attributes in elements(client, address).found:
        assert tag != "style"
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert tag != "script" or attributes["src"].startswith("/static/")
        is_named_only = attributes.get("rel") == "alternate"  # the list's feeds: no browser loads them
        own = "/" if is_named_only else "/static/"
        assert tag not in {"link", "img"} or attributes.get("href", attributes.get("src", "")).startswith(own)
        assert not attributes.get("href", "").lower().startswith(("javascript:", "data:", "vbscript:"))


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_one_heading_a_landmark_a_title_a_search_and_no_id_twice(client: TestClient, address: str) -> None:
    page = elements(client, address)
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert any(form.get("role") == "search" for form in page.all("form"))
    assert page.all("a")[0]["href"] == "#main"
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("address", PAGES)
def test_links_to_other_sites_are_web_addresses_and_tell_them_nothing(client: TestClient, address: str) -> None:
    for attributes in elements(client, address).all("a"):
        if not attributes["href"].startswith(("/", "#")):
            assert attributes["href"].startswith(("http://", "https://"))
            assert attributes["rel"] == "noopener noreferrer"


@pytest.mark.parametrize("address", ["/", "/search?q=sampling", f"/paper/{FORMULA}", f"/papers/date/{FIRST_DAY}"])
def test_every_link_on_a_page_to_ourselves_leads_somewhere(client: TestClient, address: str) -> None:
    targets = {attributes["href"] for attributes in elements(client, address).all("a")}
    for target in sorted(target for target in targets if target.startswith("/")):
        assert client.get(target).status_code in {200, 303, 307}, target


# --- search ------------------------------------------------------------------------------------


def test_a_search_shows_title_authors_date_category_abstract_and_links(client: TestClient) -> None:
    html = client.get("/search", params={"q": '"part 13"'}).text
    assert '<a href="/paper/arxiv:2503.10013">' in html
    assert "Given0 Family0, Given1 Family1, Given2 Family2" in html
    assert "Given4 Family4" in html
    assert "18 Mar 2025" in html
    assert "cs.LG" in html
    assert 'href="https://arxiv.org/abs/2503.10013"' in html
    assert 'href="https://arxiv.org/pdf/2503.10013"' in html
    assert 'href="/paper/arxiv:2503.10013.bib"' in html
    assert "budget and find that careful sampling number 13" in re.sub("</?mark>", "", html)


def test_matched_words_are_marked(client: TestClient) -> None:
    assert "<mark>protein</mark>" in client.get("/search?q=protein").text


def test_words_that_stand_everywhere_are_marked_only_when_alone(client: TestClient) -> None:
    assert "<mark>for</mark>" not in client.get("/search?q=sampling+for+speech").text
    assert "<mark>for</mark>" in client.get("/search?q=for").text


def test_hostile_text_is_shown_and_never_run(client: TestClient) -> None:
    for address in (f"/paper/{HOSTILE}", f"/similar?id={FORMULA}&limit=100", "/search?q=alert"):
        html = client.get(address).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get(f"/paper/{HOSTILE}").text


def test_a_query_is_written_back_harmless(client: TestClient) -> None:
    html = client.get("/search", params={"q": 'sampling "><script>alert(1)</script>'}).text
    assert "<script>alert" not in html


def test_a_formula_is_set_as_mathml(client: TestClient) -> None:
    html = client.get(f"/paper/{FORMULA}").text
    assert "<math" in html
    assert r"\mathcal" not in re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL)


def test_paging_forward_and_back_shows_every_hit_once_and_counts_on(client: TestClient) -> None:
    address, seen, pages = "/search?q=careful+sampling&limit=20", [], []
    while address:
        html = client.get(address).text
        pages.append(address)
        seen += titles(html)
        following = re.search(r'<a href="([^"]+)" data-key="]">', html)
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) >= 60
    assert f'<span class="place">{len(seen)}</span>' in html
    previous = re.search(r'<a href="([^"]+)" data-key="\[">', html)
    assert previous is not None
    assert previous[1].replace("&amp;", "&") == pages[-2]


def test_a_facet_narrows_and_can_be_taken_away_again(client: TestClient) -> None:
    html = client.get("/search?q=sampling").text
    assert 'href="/search?q=sampling%20category:cs.CL"' in html
    narrowed = client.get("/search?q=sampling%20category:cs.CL").text
    assert 'href="/search?q=sampling" rel="nofollow" aria-label="Remove category:cs.CL"' in narrowed
    assert titles(narrowed)


def test_a_search_without_words_leads_to_the_newest_papers(client: TestClient) -> None:
    assert client.get("/search?q=+").headers["location"] == "/new"


def test_a_search_that_finds_nothing_says_what_would_help(client: TestClient) -> None:
    response = client.get("/search?q=sampling+year:1907")
    assert response.status_code == 200
    assert "No paper answers this" in response.text
    assert 'href="/search?q=sampling"' in response.text


def test_a_query_with_a_mistake_shows_where_it_is_and_suggests_one_that_works(client: TestClient) -> None:
    response = client.get("/search", params={"q": "graph yaer:2024"})
    assert response.status_code == 400
    assert "<mark>y</mark>" in response.text
    suggested = re.search(r'Perhaps you meant <a href="([^"]+)"', response.text)
    assert suggested is not None
    assert client.get(suggested[1]).status_code == 200


@pytest.mark.parametrize(
    "parameters",
    ["limit=0", "limit=101", "limit=ten", "page=0", "cursor=garbage", "sort=random", "limit=9999999999999"],
)
def test_what_makes_no_sense_is_a_calm_400(client: TestClient, parameters: str) -> None:
    response = client.get(f"/search?q=sampling&{parameters}")
    assert response.status_code == 400
    assert "<h1>" in response.text
    assert "Traceback" not in response.text


def test_a_query_that_is_too_long_is_refused(client: TestClient) -> None:
    assert client.post("/search", data={"q": "a" * 100_001}).status_code == 400
    assert client.post("/search", data={"q": "a" * 1_100_000}).status_code == 400


def test_a_long_text_is_answered_by_post_and_paged_by_post(client: TestClient) -> None:
    text = "We study careful sampling for speech synthesis under a budget. " * 150
    first = client.post("/search", data={"q": text})
    assert first.status_code == 200
    assert "<textarea" in first.text
    turn = re.search(r'name="turn" value="([^"]*cursor[^"]*)"', first.text)
    assert turn is not None
    second = client.post("/search", data={"q": text, "turn": turn[1].replace("&amp;", "&")})
    assert second.status_code == 200
    assert not set(titles(first.text)) & set(titles(second.text))
    narrowed = client.post("/search", data={"q": text, "add": "category:cs.CL"})
    assert "Remove category:cs.CL" in narrowed.text


def test_a_form_that_is_no_form_is_refused(client: TestClient) -> None:
    response = client.post("/search", content=b"{}", headers={"content-type": "application/json"})
    assert response.status_code == 400


# --- paper, days, similar -------------------------------------------------------------------------


def test_every_name_of_a_paper_leads_to_its_page(client: TestClient) -> None:
    address = "/paper/" + quote("https://arxiv.org/abs/2503.90002v3", safe=":/")
    response = client.get(address)
    assert response.status_code == 307
    assert response.headers["location"] == f"/paper/{FORMULA}"


def test_a_paper_names_its_sources_and_gives_its_citation(client: TestClient) -> None:
    html = client.get(f"/paper/{FORMULA}").text
    assert "Known from" in html
    assert "first record" in html
    bibtex = client.get(f"/paper/{FORMULA}.bib")
    assert bibtex.text.startswith("@")
    assert bibtex.headers["content-type"] == "text/plain; charset=utf-8"
    assert client.get(f"/paper/{FORMULA}.ris").text.startswith("TY  - ")


def test_a_paper_shows_what_changed_newest_first_and_says_so_without_colour(client: TestClient) -> None:
    html = client.get(f"/paper/{CHANGED}").text
    newest, earlier = html.split("What changed")[1].split("Similar papers")[0].split("1 earlier")
    assert "· v3" in newest
    assert "Sampling cheaply <ins>and well</ins>" in newest
    assert "Ada Lovelace, <ins>Alan Turing</ins>, Charles Babbage" in newest
    assert "<del>12</del> <ins>13</ins> pages" in newest
    assert "<del>&lt;b&gt;cheaply&lt;/b&gt;</del> <ins>cheaply</ins>" in earlier
    assert "What changed" not in client.get(f"/paper/{FORMULA}").text


def test_three_thousand_authors_are_all_on_the_papers_page_and_few_in_a_list(client: TestClient) -> None:
    assert "Given2999 Family2999" in client.get(f"/paper/{CROWDED}").text
    listed = client.get("/search?q=collaboration+measured").text
    assert "+ 2,997" in listed
    assert "Given2999" not in listed


@pytest.mark.parametrize("id", ["arxiv:9999.99999", "//evil.example", "%00", "a" * 5000])
def test_a_paper_that_nobody_knows_is_a_calm_404(client: TestClient, id: str) -> None:  # noqa: A002
    response = client.get(f"/paper/{id}")
    assert response.status_code == 404
    assert "location" not in response.headers


def test_a_day_lists_its_papers_marks_the_new_ones_and_knows_its_neighbours(client: TestClient) -> None:
    day = FIRST_DAY + timedelta(days=2)
    html = client.get(f"/papers/date/{day}").text
    assert "Wednesday, 19 March 2025" in html
    assert len(titles(html)) == 12
    assert 'href="/papers/date/2025-03-18" rel="prev"' in html
    assert 'href="/papers/date/2025-03-20" rel="next"' in html
    assert '<span class="new">new</span>' in html


def test_an_empty_day_names_the_nearest_ones(client: TestClient) -> None:
    response = client.get("/papers/date/2025-04-13")
    assert response.status_code == 200
    assert "Nothing is listed on Sunday, 13 April 2025" in response.text
    assert "Friday, 21 March 2025" in response.text


def test_the_days_page_leads_to_the_newest_day_or_the_one_asked_for(client: TestClient, catalog: Catalog) -> None:
    newest = max(hit.paper.date for hit in catalog.newest(limit=100).hits if hit.paper.date)
    assert client.get("/papers/date").headers["location"] == f"/papers/date/{newest}"
    assert client.get("/papers/date?day=2025-03-18").headers["location"] == "/papers/date/2025-03-18"
    assert client.get("/papers/date?day=//evil.example").status_code == 404


def test_similar_papers_of_two(client: TestClient) -> None:
    html = client.get("/similar?id=arxiv:2503.10001&id=arxiv:2503.10006").text
    assert "/paper/arxiv:2503.10001" not in titles(html)
    assert len(titles(html)) == 20
    assert client.get("/similar").status_code == 400


# --- behaviour over HTTP ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["/", "/search?q=sampling", f"/paper/{FORMULA}", f"/papers/date/{FIRST_DAY}", "/help"]
)
def test_a_page_that_did_not_change_is_not_sent_again(client: TestClient, address: str) -> None:
    tag = client.get(address).headers["etag"]
    again = client.get(address, headers={"if-none-match": tag})
    assert again.status_code == 304
    assert again.content == b""
    assert client.get(address, headers={"if-none-match": 'W/"other"'}).status_code == 200


def test_static_files_with_their_build_are_kept_for_ever(client: TestClient) -> None:
    sheet = elements(client, "/").all("link")[0]["href"]
    assert "immutable" in client.get(sheet).headers["cache-control"]
    assert client.get("/static/tidings.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/../app.py").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
    ],
)
def test_a_post_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/search", data={"q": "sampling"}, headers=headers)
    assert response.status_code == 403
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}])
def test_a_post_from_our_own_pages_is_answered(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/search", data={"q": "sampling"}, headers=headers).status_code == 200


def test_get_changes_nothing(client: TestClient, catalog: Catalog) -> None:
    before = (catalog.version, catalog.stats().papers, catalog.stats().records)
    for address in PAGES:
        client.get(address)
    assert (catalog.version, catalog.stats().papers, catalog.stats().records) == before


def test_an_unforeseen_error_is_a_calm_page_with_all_headers(
    client: TestClient, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(catalog), "newest", fail)
    for address, kind in (("/new", "text/html; charset=utf-8"), ("/api/papers/new", "application/json")):
        response = client.get(address)
        assert response.status_code == 500
        assert response.headers["content-type"] == kind
        assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "secret" not in response.text


def test_the_pages_name_no_address_of_a_third_party() -> None:
    for path in [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.css"), *FOLDER.rglob("*.js")]:
        assert "http://" not in path.read_text() and "https://" not in path.read_text(), path
