"""Atom, RSS, JSON Feed and OPML: valid for two parsers that others wrote, whatever the sources said."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from typing import Any

import fastfeedparser
import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tidings.outbound import Item, Outline, View, atom, item_of, json_feed, opml, rss, shown
from tidings.types import Paper, Version

BASE = "https://papers.lab.example"
LORA = Paper(
    7,
    "arxiv:2106.09685",
    "LoRA: $O(n^2)$ \\& low-rank <b>adaptation</b>",
    'We cut <script>alert("x")</script> the rank to $r_1 < 0.5$ & more.',
    ("Edward J. Hu", 'Jos\\\'e "Pepe" N\\~u\\~nez'),
    ("arxiv:2106.09685", "doi:10.1000/a_b"),
    ("cs.CL", "cs.AI"),
    venue="ICLR 2022",
    announced=date(2021, 6, 18),
    updated=date(2021, 10, 16),
    versions=(Version(1, date(2021, 6, 17)), Version(2, date(2021, 10, 16))),
)
LINKS = (("PDF", "https://arxiv.org/pdf/2106.09685?a=1&b=2"), ("arXiv", "https://arxiv.org/abs/2106.09685"))


def item(paper: Paper = LORA, **more: Any) -> Item:
    return item_of(paper, f"urn:uuid:{paper.id}", f"{BASE}/paper/{paper.key}", **more)


def view(*items: Item, title: str = "Newest papers") -> View:
    return View("urn:uuid:view", title, "What is new", f"{BASE}/new", f"{BASE}/new.atom?n=5&x=1", items)


def parsed(document: bytes) -> Any:
    """Return what feedparser reads, without a complaint."""
    found = feedparser.parse(document, sanitize_html=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


WHOLE = view(item(links=LINKS, said=("3 votes here", "128 on Hugging Face"), note="for Tuesday"))


@pytest.mark.parametrize(("write", "version"), [(atom, "atom10"), (rss, "rss20")])
def test_one_parser_reads_what_the_paper_says(write: Any, version: str) -> None:
    found = parsed(write(WHOLE))
    [entry] = found.entries
    assert found.version == version
    assert (found.feed.title, found.feed.link) == ("Newest papers", f"{BASE}/new")
    assert {"rel": "self", "href": f"{BASE}/new.atom?n=5&x=1"}.items() <= found.feed.links[
        -2 if version == "atom10" else -1
    ].items()
    assert (entry.id, entry.link) == ("urn:uuid:7", f"{BASE}/paper/arxiv:2106.09685")
    assert entry.title == "LoRA: O(n²) & low-rank adaptation"
    assert [author.name for author in entry.authors] == ["Edward J. Hu", 'José "Pepe" Nũñez'] or version == "rss20"
    assert [tag.term for tag in entry.tags] == ["cs.CL", "cs.AI"]
    assert (entry.published_parsed[:3], entry.updated_parsed[:3]) == ((2021, 6, 18), (2021, 10, 16))
    html = entry.content[0].value if version == "atom10" else entry.description
    assert "3 votes here · 128 on Hugging Face" in html
    assert '<a href="https://arxiv.org/pdf/2106.09685?a=1&amp;b=2">PDF</a>' in html
    assert "“for Tuesday”" in html


@pytest.mark.parametrize("write", [atom, rss, json_feed])
def test_another_parser_reads_the_same(write: Any) -> None:
    found = fastfeedparser.parse(write(WHOLE))
    [entry] = found.entries
    assert found.feed["title"] == "Newest papers"
    assert (entry["id"], entry["link"]) == ("urn:uuid:7", f"{BASE}/paper/arxiv:2106.09685")
    assert entry["title"] == "LoRA: O(n²) & low-rank adaptation"
    assert entry["published"].startswith("2021-06-18T00:00:00")


def test_rss_names_every_author_and_says_that_its_ids_are_no_addresses() -> None:
    entry = etree.fromstring(rss(WHOLE)).find("channel/item")
    assert entry is not None
    creators = entry.findall("{http://purl.org/dc/elements/1.1/}creator")
    assert [creator.text for creator in creators] == ["Edward J. Hu", 'José "Pepe" Nũñez']
    guid = entry.find("guid")
    assert guid is not None
    assert (guid.get("isPermaLink"), guid.text) == ("false", "urn:uuid:7")


def test_a_json_feed_keeps_the_rules_of_its_format() -> None:
    feed = json.loads(json_feed(view(item(), item(Paper(8, "paper:8", "Bare")))))
    assert_json_feed(feed)
    assert feed["items"][0]["authors"][1] == {"name": 'José "Pepe" Nũñez'}
    assert "date_published" not in feed["items"][1]


def assert_json_feed(feed: dict[str, Any]) -> None:
    """Check what https://www.jsonfeed.org/version/1.1/ says must be so."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert isinstance(feed["title"], str)
    assert len({one["id"] for one in feed["items"]}) == len(feed["items"])
    for one in feed["items"]:
        assert isinstance(one["id"], str)
        assert isinstance(one["content_html"], str)
        for name in {"date_published", "date_modified"} & one.keys():
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one[name])
        assert all(author.keys() <= {"name", "url", "avatar"} and author for author in one.get("authors", ()))
        assert None not in one.values()


def assert_atom(document: bytes) -> None:
    """Check what RFC 4287, sections 4.1.1 and 4.1.2, says must be there, and how often."""
    root = etree.fromstring(document)
    space = {"a": "http://www.w3.org/2005/Atom"}
    for element in (root, *root.findall("a:entry", space)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", space)) == 1, name
        alternates = [link for link in element.findall("a:link", space) if link.get("rel") == "alternate"]
        assert len(alternates) == 1
        assert all(
            (author.findtext("a:name", namespaces=space) or "").strip() for author in element.findall("a:author", space)
        )
    assert root.find("a:author", space) is not None


# --- what sources may say ---

ANYTHING = st.text(st.characters(), max_size=60)
HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "&lt;img src=x onerror=alert(1)&gt;",
        "]]>",
        "<!--",
        "\x00\x0b\ufffe",
        "\ud800",
        "$<$",
        "&amp;lt;b&amp;gt;",
    ]
)
TEXT = st.one_of(ANYTHING, HOSTILE, st.tuples(ANYTHING, HOSTILE, ANYTHING).map("".join))
PAPERS = st.builds(
    Paper,
    id=st.integers(1, 10**9),
    key=st.just("arxiv:2106.09685"),
    title=TEXT,
    abstract=TEXT,
    authors=st.lists(TEXT, max_size=3).map(tuple),
    ids=st.just(("doi:10.1000/1",)),
    categories=st.lists(TEXT, max_size=2).map(tuple),
    venue=st.none() | TEXT,
    year=st.none() | st.integers(1, 9999),
    announced=st.none() | st.dates(),
    updated=st.none() | st.dates(),
)


@settings(max_examples=150, deadline=None)
@given(papers=st.lists(PAPERS, max_size=3, unique_by=lambda paper: paper.id), title=TEXT, note=TEXT, said=TEXT)
def test_whatever_sources_say_every_format_is_read_without_complaint(
    papers: list[Paper], title: str, note: str, said: str
) -> None:
    made = view(
        *(item(paper, note=note, said=(said,), links=(("PDF", "https://x.example/\x01"),)) for paper in papers),
        title=title,
    )
    for write in (atom, rss):
        found = parsed(write(made))
        assert [entry.id for entry in found.entries] == [f"urn:uuid:{paper.id}" for paper in papers]
    assert_atom(atom(made))
    assert_json_feed(json.loads(json_feed(made)))


@given(TEXT)
def test_no_text_of_a_source_begins_a_tag_and_shown_again_it_is_the_same(text: str) -> None:
    once = shown(text)
    assert not re.search(r"<[A-Za-z/!?]", once)
    assert shown(once) == once
    assert etree.fromstring(etree.tostring(_holding(once))).text in (once, None)


def _holding(text: str) -> etree._Element:
    element = etree.Element("a")
    element.text = text
    return element


@settings(max_examples=150, deadline=None)
@given(PAPERS, TEXT)
def test_what_is_shown_is_made_of_paragraphs_and_links_alone(paper: Paper, note: str) -> None:
    from lxml import html

    tags = {
        element.tag
        for element in html.fragment_fromstring(
            item(paper, note=note, links=LINKS).html or "<p></p>", create_parent="div"
        ).iter()
    }
    assert tags <= {"div", "p", "a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$O(n^2)$ and $x_{10}^{-1}$", "O(n²) and x₁₀⁻¹"),
        ("p < 0.05 and R&D", "p < 0.05 and R&D"),
        ("a<b", "a‹b"),
        ("&amp;lt;script&amp;gt;", "‹script>"),
        ("Schr\\\"odinger\x00's\u202e cat\ufffe", "Schrödinger's cat"),
        ("the 5^th x^{ab}", "the 5^th x^ab"),
    ],
)
def test_text_reads_as_a_person_would_write_it(text: str, expected: str) -> None:
    assert shown(text) == expected


# --- edges ---


def test_a_collaboration_of_thousands_does_not_fill_the_feed() -> None:
    made = item(Paper(9, "arxiv:1", "Higgs", authors=tuple(f"Author {number}" for number in range(2900))))
    assert len(made.authors) == 50
    assert "Author 49 and 2,850 more" in made.html


def test_an_item_changes_when_its_paper_does_and_comes_when_it_was_put_there() -> None:
    at = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert (item().published, item().updated) == (datetime(2021, 6, 18, tzinfo=UTC), datetime(2021, 10, 16, tzinfo=UTC))
    assert (item(came=at).published, item(came=at).updated) == (at, at)
    assert item(Paper(1, "k", "Old", year=1998)).updated == datetime(1998, 1, 1, tzinfo=UTC)
    assert item(Paper(1, "k", "Undated")).published is None


def test_votes_do_not_make_a_paper_newer() -> None:
    before, after = item(said=("1 vote here",)), item(said=("2 votes here",))
    assert before.html != after.html
    assert (before.id, before.updated) == (after.id, after.updated)


@pytest.mark.parametrize("write", [atom, rss])
def test_a_view_without_papers_is_a_feed_too(write: Any) -> None:
    assert parsed(write(view())).entries == []
    assert_atom(atom(view()))


def test_opml_lists_feeds_with_their_pages() -> None:
    made = opml(
        "Mine",
        [Outline("A & <b>B</b>", f"{BASE}/shelves/1.atom?token=a&b", f"{BASE}/shelves/1")],
        datetime(2026, 3, 2, tzinfo=UTC),
    )
    root = etree.fromstring(made)
    assert (root.tag, root.get("version"), root.findtext("head/title")) == ("opml", "2.0", "Mine")
    [outline] = root.findall("body/outline")
    assert dict(outline.attrib) == {
        "text": "A & B",
        "title": "A & B",
        "type": "rss",
        "xmlUrl": f"{BASE}/shelves/1.atom?token=a&b",
        "htmlUrl": f"{BASE}/shelves/1",
    }
