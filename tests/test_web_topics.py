"""Topics on the pages and by the API: the tree, one topic, what was born lately, following, what curators say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

import tidings
from tests.lively_help import TODAY, entry, listed, lively_house, paper_id, record, said
from tests.people_help import session_of, statements
from tests.topic_help import topical_house
from tests.web_people import House, words
from tidings.errors import NotFoundError
from tidings.people import Role
from tidings.types import Pace
from tidings.web.plots import bars, sparkline

GRAPHS = "/topics/3-graph-kernels"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    with topical_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def anybody(made: House) -> TestClient:
    return made.browser()


@pytest.fixture
def curator(made: House) -> TestClient:
    return made.person("Cora", Role.CURATOR)


# --- the tree ---


def test_the_tree_has_areas_with_their_topics_and_how_many_papers_each_has(anybody: TestClient) -> None:
    page = anybody.get("/topics")
    text = words(page)
    assert text.startswith("Topics 4 topics in 2 areas")
    assert text.index("Structures") < text.index("Graph kernels")
    area = page.text.partition('id="area-1"')[2].partition("</section>")[0]
    assert "Graph kernels" in area and "Protein folding" in area and "Speech synthesis" not in area
    assert re.search(r'href="/topics/3-graph-kernels">Graph kernels</a>.*?<span class="number">4</span>', area, re.S)


def test_each_line_of_weeks_has_its_numbers_in_a_table_behind_it(anybody: TestClient) -> None:
    page = anybody.get("/topics").text
    sparks = re.findall(r'<svg class="spark".*?</svg>', page)
    assert len(sparks) == 6
    for spark in sparks:
        ElementTree.fromstring(spark)
    table = said(page.partition("<table>")[2].partition("</table>")[0])
    assert "Graph kernels 4" in table and "0 0 0" in table


def test_before_the_first_fit_the_pages_say_what_would_fill_them(tmp_path: Path) -> None:
    with lively_house(tmp_path) as made:
        browser = made.browser()
        for page in ("/topics", "/topics/emerging"):
            answer = browser.get(page)
            assert answer.status_code == 200
            assert "There are no topics yet" in words(answer)
            assert "tidings topics refit" in words(answer)
        assert browser.get("/topics/3").status_code == 404


def test_the_tree_is_sent_again_only_when_it_changed(made: House, anybody: TestClient, curator: TestClient) -> None:
    tag = anybody.get("/topics").headers["etag"]
    assert anybody.get("/topics", headers={"if-none-match": tag}).status_code == 304
    curator.post("/topics/3/rename", data={"name": "Kernels"})
    assert anybody.get("/topics", headers={"if-none-match": tag}).status_code == 200


def test_what_a_topic_page_asks_of_the_store_does_not_grow_with_the_papers(made: House, anybody: TestClient) -> None:
    few, many = (f"{GRAPHS}?limit={count}" for count in (1, 4))
    for page in (few, many):
        anybody.get(page)
    with statements(made.store) as for_few:
        anybody.get(few)
    with statements(made.store) as for_many:
        anybody.get(many)
    assert len(for_many) == len(for_few)


def test_topics_are_read_only_when_one_of_them_changed(made: House, anybody: TestClient, curator: TestClient) -> None:
    anybody.get("/new")
    with statements(made.store) as again:
        assert "Graph kernels" in anybody.get("/new").text
    assert not [asked for asked in again if "topic.words" in asked]
    with tidings.open(made.catalog.settings.root) as other:  # another process, which this one hears nothing from
        other.rename_topic(made.reader(curator), 3, "Kernels")
        assert "Kernels" in anybody.get("/new").text
        other.merge_topics(made.reader(curator), 3, 5)
        assert "/topics/3-" not in anybody.get("/new").text


# --- one topic ---


def test_a_topic_lists_its_papers_the_newest_first(anybody: TestClient) -> None:
    page = anybody.get(GRAPHS)
    assert listed(page.text) == [paper_id(number) for number in (12, 8, 4, 16)]
    text = words(page)
    assert "4 papers" in text and "graph kernels, walks" in text
    assert "First paper Careful graph kernels, part 16" in text
    assert "Near it" in text and "Ada Example 4" in text


def test_a_topic_tells_its_years_authors_venues_neighbours_and_first_paper(tmp_path: Path) -> None:
    records = [
        record(number, TODAY - timedelta(days=number), year=2019 + number % 3, venue="ICLR" if number % 8 else "ACL")
        for number in range(4, 44, 4)
    ]
    with topical_house(tmp_path, [*records, record(2), record(3), record(5)]) as made:
        page = made.browser().get(GRAPHS)
        facts = words(page)
        assert "2019 3 2020 4 2021 3" in facts
        assert "Authors Ada Example 10 Bo Sample 10" in facts
        assert "Venues ICLR 5 ACL 5" in facts or "Venues ACL 5 ICLR 5" in facts
        near = facts.partition("Near it ")[2].partition(" Authors")[0]
        assert sorted(re.findall("[A-Z][a-z]+ [a-z]+", near)) == [
            "Image retrieval",
            "Protein folding",
            "Speech synthesis",
        ]
        assert "First paper Careful graph kernels, part 40" in facts
        assert page.text.count("<rect") == 3


def test_a_topic_can_be_listed_by_votes(anybody: TestClient) -> None:
    assert listed(anybody.get("/topics/3?by=voted", follow_redirects=True).text)[0] == paper_id(4)
    assert anybody.get(f"{GRAPHS}?by=chance").status_code == 400


def test_an_area_shows_its_topics_and_all_their_papers(anybody: TestClient) -> None:
    page = anybody.get("/topics/1-structures")
    assert "9 papers" in words(page)
    assert "Graph kernels" in page.text and "Protein folding" in page.text


@pytest.mark.parametrize("asked", ["3", "graph-kernels", "Graph%20kernels", "3-whatever-it-was-called"])
def test_a_topic_is_found_by_its_number_and_by_its_name(anybody: TestClient, asked: str) -> None:
    answer = anybody.get(f"/topics/{asked}?by=voted")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{GRAPHS}?by=voted")


@pytest.mark.parametrize("asked", ["4711", "no-such", "0", "999999999999", "%00"])
def test_what_is_no_topic_is_not_found(anybody: TestClient, asked: str) -> None:
    assert anybody.get(f"/topics/{asked}").status_code == 404


def test_a_topic_turns_its_pages(anybody: TestClient) -> None:
    first = anybody.get(f"{GRAPHS}?limit=3")
    following = re.search(r'href="([^"]+)"[^>]*data-key="\]"', first.text)
    assert following is not None
    second = anybody.get(following[1].replace("&amp;", "&"), follow_redirects=True)
    assert listed(second.text) == [paper_id(16)]


# --- what was born lately ---


def test_a_new_topic_tells_between_what_it_was_born_its_words_its_first_papers_and_how_sure(
    anybody: TestClient,
) -> None:
    page = anybody.get("/topics/emerging")
    text = words(page)
    assert "Image retrieval" in text and "Protein folding" not in text
    assert "between Graph kernels and Speech synthesis" in text
    assert "93 % sure" in text and "image retrieval, hashing" in text
    assert "First papers: Careful image retrieval, part 15" in text


def test_the_tree_says_how_many_were_born_lately(anybody: TestClient) -> None:
    assert "born lately: 1" in words(anybody.get("/topics"))


def test_an_old_birth_is_none_of_lately(made: House, anybody: TestClient) -> None:
    made.clock.at += timedelta(days=100)
    assert "No topic was born in the last 60 days" in words(anybody.get("/topics/emerging"))


# --- on other pages ---


def test_lists_and_papers_link_to_their_topic(anybody: TestClient) -> None:
    for page in ("/new", "/search?q=kernels", "/papers/date/2026-03-02"):
        assert f'<a href="{GRAPHS}">Graph kernels</a>' in entry(anybody.get(page).text, paper_id(4)), page
    paper = anybody.get(f"/paper/{paper_id(4)}")
    assert "Topic Graph kernels in Structures" in words(paper)


def test_a_page_with_a_renamed_topic_is_sent_again(anybody: TestClient, curator: TestClient) -> None:
    tag = anybody.get("/new").headers["etag"]
    curator.post("/topics/3/rename", data={"name": "Kernels"})
    assert anybody.get("/new", headers={"if-none-match": tag}).status_code == 200


def test_the_header_leads_to_the_topics(anybody: TestClient) -> None:
    header = anybody.get("/").text.partition('<nav class="places"')[2].partition("</nav>")[0]
    assert '<a href="/topics">Topics</a>' in header


# --- following ---


def test_following_a_topic_makes_an_interest_of_its_words_and_papers(made: House) -> None:
    ada = made.person("Ada")
    answer = ada.post("/topics/3/follow")
    own = made.catalog.interest(made.reader(ada), "Graph kernels")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/feed/{own.id}")
    assert own.words == "graph kernels, walks"
    assert own.liked == 4


@pytest.mark.parametrize("ending", ["atom", "rss", "json", "bib", "ris"])
def test_a_topic_is_followed_by_its_number_in_every_format(anybody: TestClient, ending: str) -> None:
    page = anybody.get(GRAPHS)
    assert f'href="/topics/3.{ending}"' in page.text
    answer = anybody.get(f"/topics/3.{ending}")
    assert answer.status_code == 200
    assert "Careful graph kernels, part 16" in answer.text
    assert "speech" not in answer.text


def test_what_follows_a_topic_stays_when_it_is_renamed(anybody: TestClient, curator: TestClient) -> None:
    before = anybody.get("/topics/3.json").json()
    curator.post("/topics/3/rename", data={"name": "Kernels"})
    after = anybody.get("/topics/3.json").json()
    assert after["title"] == "Topic: Kernels – Tidings"
    assert [item["id"] for item in after["items"]] == [item["id"] for item in before["items"]]


def test_a_topic_comes_by_mail_with_what_is_new_in_it(made: House) -> None:
    made.person("Ada")
    ada = made.catalog.reader_of_session(session_of(made.catalog, "Ada"))
    for which, name in (("3", "Graph kernels"), ("signals", "Signals")):
        subscription = made.catalog.subscribe(ada, "topic", which, Pace())
        assert subscription.name == name
        since = replace(subscription, covered=made.clock() - timedelta(days=4))
        fresh = made.catalog.fresh(since, made.clock(), made.catalog.look_up([since], made.clock()))
        papers = made.store.papers(fresh.ids.tolist())
        why = fresh.reasons(papers)
        found = {paper.key: why[paper.id] for paper in papers}
        if which == "3":
            assert found == {paper_id(number): "Of the topic “Graph kernels”" for number in (4, 8, 12, 16)}
        else:
            assert (
                found[paper_id(3)] == "Of the new topic “Image retrieval”, between Graph kernels and Speech synthesis"
            )
            assert found[paper_id(1)] == "Of the topic “Speech synthesis”"
    with pytest.raises(NotFoundError):
        made.catalog.subscribe(ada, "topic", "4711", Pace())


def test_a_reader_subscribes_to_a_topic_by_the_form_of_its_page(made: House) -> None:
    ada = made.person("Ada")
    form = {"kind": "topic", "subject": "3", "every": "daily", "zone": "UTC"}
    assert ada.post("/subscribe", data=form).headers["location"] == "/subscriptions"
    [own] = made.catalog.subscriptions(made.reader(ada))
    assert (own.kind, own.subject, own.name) == ("topic", "3", "Graph kernels")
    assert ada.post("/subscribe", data=form | {"subject": "4711"}).status_code == 404


def test_whoever_follows_an_area_is_told_first_of_a_new_topic_in_it(made: House) -> None:
    """Even where its papers came before anybody knew that they are something new, and where little else fits."""
    made.person("Ada")
    ada = made.catalog.reader_of_session(session_of(made.catalog, "Ada"))
    subscription = made.catalog.subscribe(ada, "topic", "signals", Pace(most=1))
    before_birth, after = (made.clock() - timedelta(days=days) for days in (4, 2))
    now, known = made.clock(), made.catalog.look_up([subscription], made.clock())
    told = made.catalog.fresh(replace(subscription, covered=before_birth), now, known)
    first = made.store.papers(told.ids[:1].tolist())[0]
    assert "image retrieval" in first.title
    assert told.reasons([first])[first.id].startswith("Of the new topic “Image retrieval”")
    later = made.catalog.fresh(replace(subscription, covered=after), now, known)
    assert not any("new topic" in why for why in later.reasons(made.store.papers(later.ids.tolist())).values())


# --- the API ---


def test_the_api_tells_what_the_pages_tell(anybody: TestClient) -> None:
    tree = anybody.get("/api/topics").json()
    assert {area["name"]: [leaf["name"] for leaf in area["topics"]] for area in tree["areas"]} == {
        "Structures": ["Protein folding", "Graph kernels"],
        "Signals": ["Speech synthesis", "Image retrieval"],
    }
    whole = anybody.get("/api/topics/graph-kernels").json()
    assert (whole["number"], whole["size"], len(whole["weeks"])) == (3, 4, 26)
    [birth] = anybody.get("/api/topics/emerging").json()["births"]
    assert [each["name"] for each in birth["between"]] == ["Graph kernels", "Speech synthesis"]
    papers = anybody.get("/api/topics/3/papers?limit=3").json()
    assert (len(papers["papers"]), papers["total"]) == (3, 4)
    rest = anybody.get(f"/api/topics/3/papers?limit=3&cursor={papers['cursor']}").json()
    assert len(rest["papers"]) == 1 and rest["cursor"] is None


def test_the_api_follows_and_changes(made: House, curator: TestClient) -> None:
    assert curator.post("/api/topics/3/follow").status_code == 201
    assert len(curator.patch("/api/topics/3", json={"name": "Kernels", "pinned": True}).json()["lines"]) == 2
    assert curator.post("/api/topics/3/merge", json={"into": 5}).json()["line"] > 0
    assert curator.get("/api/topics/3").json()["number"] == 5


# --- curators ---


def test_only_a_curator_sees_the_forms(made: House, anybody: TestClient, curator: TestClient) -> None:
    ada = made.person("Ada")
    assert "/topics/3/rename" in curator.get(GRAPHS).text
    for browser in (anybody, ada):
        assert "/topics/3/rename" not in browser.get(GRAPHS).text


def test_a_curator_renames_a_topic_and_takes_it_back_where_it_was_done(
    anybody: TestClient, curator: TestClient
) -> None:
    assert curator.post("/topics/3/rename", data={"name": "Kernels"}).status_code == 303
    page = curator.get("/topics/3-kernels")
    assert "rename topic: Kernels" in words(page)
    undo = re.search(r'action="(/audit/\d+/undo)"', page.text)
    assert undo is not None
    answer = curator.post(undo[1], data={"next": "/topics/3#curate"})
    assert answer.headers["location"] == "/topics/3#curate"
    assert "renamed" in words(curator.get("/audit"))


def test_a_merged_topic_leads_to_what_took_it_in(anybody: TestClient, curator: TestClient) -> None:
    assert curator.post("/topics/3/merge", data={"into": "5"}).headers["location"] == "/topics/5#curate"
    assert anybody.get("/topics/3").headers["location"] == "/topics/5-protein-folding"
    assert "9 papers" in words(anybody.get("/topics/5-protein-folding"))
    assert "Graph kernels" not in words(anybody.get("/topics"))


def test_a_pinned_topic_says_so(curator: TestClient) -> None:
    assert curator.post("/topics/3/pin", data={"pinned": "1"}).status_code == 303
    assert "Pinned: it stays" in words(curator.get(GRAPHS))
    assert curator.post("/topics/3/pin", data={"pinned": "1"}).status_code == 409
    assert curator.post("/topics/3/pin", data={}).status_code == 400


@pytest.mark.parametrize(
    ("path", "data"),
    [("merge", {"into": "x"}), ("merge", {}), ("split", {"parts": "0"}), ("split", {"parts": "99"}), ("rename", {})],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    made: House, curator: TestClient, path: str, data: dict[str, str]
) -> None:
    before = made.store.topics.all()
    assert curator.post(f"/topics/3/{path}", data=data).status_code == 400
    assert made.store.topics.all() == before


# --- plots ---


def test_a_sparkline_of_nothing_is_not_drawn() -> None:
    assert sparkline([0, 0, 0]) is None
    assert sparkline([3]) is None


def test_a_sparkline_begins_at_nothing_and_ends_at_its_last_value() -> None:
    drawn = sparkline([0, 2, 1])
    assert drawn is not None
    assert drawn.points == "2.0,18.0 52.0,2.0 102.0,10.0"
    assert (drawn.last, drawn.words) == ((102.0, 10.0), "0, 2, 1")


def test_years_without_papers_have_their_place_among_the_bars() -> None:
    drawn = bars({2019: 4, 2021: 2})
    assert drawn is not None
    assert [bar.height for bar in drawn.bars] == [72.0, 0.0, 36.0]
    assert bars({}) is None


@pytest.mark.parametrize("years", [2, 6, 7, 30])
def test_labels_of_years_stand_clear_of_each_other(years: int) -> None:
    drawn = bars(dict.fromkeys(range(2025 - years, 2025), 1))
    assert drawn is not None
    labelled = [bar.x for bar in drawn.bars if bar.label]
    assert labelled
    assert all(later - before >= 30 for before, later in pairwise(labelled))
