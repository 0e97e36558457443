"""What a record of arXiv says, in every form in which arXiv says it."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path

import httpx2
import pytest
from lxml import etree

from tests.arxiv_server import PlayedArxiv
from tests.source_cases.arxiv import paper
from tests.source_help import DATA, at
from tidings.errors import SourceError
from tidings.sources import read, retry
from tidings.sources.arxiv.api import read_query
from tidings.sources.arxiv.feed import UnknownCategoryError, read_feed
from tidings.sources.arxiv.oai import ExpiredTokenError, category_of, read_page, set_of
from tidings.sources.formats.arxiv import announced_names, names_of, unscrambled
from tidings.sources.formats.arxiv_oai import Described, describe
from tidings.sources.formats.trees import tree_of
from tidings.types import Link, Record, Refusal, Version

NOW = datetime(2026, 3, 4, 7, tzinfo=UTC)
FOLDER = DATA / "arxiv"


def body(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def only(path: Path) -> Record:
    (record,) = read(path)
    assert isinstance(record, Record)
    return record


# --- OAI-PMH ---


def test_a_recorded_record_of_arxivraw_has_its_versions_with_dates() -> None:
    record = only(FOLDER / "oai_raw_recorded.xml")
    assert (record.source, record.key, record.ids) == (
        "arxiv",
        "1810.09584",
        ("arxiv:1810.09584", "doi:10.1209/0295-5075/124/60006"),
    )
    assert record.title == "Martingale theory for housekeeping heat"
    assert record.authors == ("Raphael Chetrite", "Shamik Gupta", "Izaak Neri", "Édgar Roldán")
    assert record.categories == ("cond-mat.stat-mech", "physics.bio-ph", "physics.data-an")
    assert record.versions == (Version(1, date(2018, 10, 22)), Version(2, date(2019, 1, 13)))
    assert (record.submitted, record.updated, record.announced) == (date(2018, 10, 22), date(2019, 1, 13), None)
    assert (record.comment, record.journal) == ("7 pages, 2 figures", "EPL 124,60006 (2018)")
    assert record.abstract.startswith("The housekeeping heat") and "\n" not in record.abstract
    assert record.links == (Link("pdf", "https://arxiv.org/pdf/1810.09584"),) and not record.withdrawn


def described(name: str) -> dict[str, Described]:
    page = read_page(body(name), NOW)
    return {item.record.key: item for item in page.items if isinstance(item, Described)}


def test_a_version_of_source_type_i_withdraws_the_paper_whatever_the_comment_says() -> None:
    record = described("oai_raw_written.xml")["2603.00001"].record
    assert record.withdrawn and record.comment == "We found an error in Lemma 2"
    assert not described("oai_raw_written.xml")["math/0309136"].record.withdrawn


def test_text_is_read_with_its_signs_and_without_codes_among_the_categories() -> None:
    record = described("oai_raw_written.xml")["2603.00001"].record
    assert record.title == r"""A scheme for $u_t < 0$ & G\"odel's \'equation"""
    assert record.abstract == "An abstract about $τ$-functions, with a second line."
    assert record.authors == ("Ann Example", "Bob Müller Jr.", "the Gamma Collaboration")
    assert record.categories == ("math.NA", "cs.NA")
    assert record.ids == ("arxiv:2603.00001", "doi:10.1000/ex.1")


def test_a_page_says_when_it_was_answered_and_how_to_go_on_and_a_deleted_record_is_only_counted() -> None:
    page = read_page(body("oai_raw_written.xml"), NOW)
    assert (page.answered, page.token, page.deleted) == (
        datetime(2026, 3, 4, 6, tzinfo=UTC),
        "verb%3DListRecords%26skip%3D2000",
        1,
    )
    assert page.stamps == (date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 4))


def test_a_record_that_cannot_be_understood_is_refused_with_its_xml_and_the_rest_goes_on() -> None:
    page = read_page(body("oai_raw_written.xml"), NOW)
    (refused,) = (item for item in page.items if isinstance(item, Refusal))
    assert (refused.source, refused.where, refused.reason) == ("arxiv", "oai 2603.00003", "no title")
    assert len(page.items) == 3
    (again,) = retry(refused.raw, refused.source)
    assert isinstance(again, Refusal) and again.reason == "no title"
    (mended,) = retry(refused.raw.replace(b"<title/>", b"<title>It had one</title>"), refused.source)
    assert isinstance(mended, Record) and mended.key == "2603.00003" and mended.title == "It had one"


def test_the_time_of_the_first_version_is_kept_to_the_second() -> None:
    found = described("oai_raw_written.xml")
    assert found["2603.00001"].submitted_at == datetime(2026, 2, 27, 19, 5, tzinfo=UTC)
    assert Described(found["2603.00001"].record, None, "27 Feb").submitted_at is None


def test_the_format_with_structured_names_is_read_and_its_days_by_the_month_of_the_id() -> None:
    record = only(FOLDER / "oai_structured_recorded.xml")
    assert record.authors == ("Philipp A Hoehn",)
    assert (record.submitted, record.updated) == (date(2014, 12, 29), date(2017, 12, 13))
    element = tree_of(body("oai_structured_recorded.xml").replace(b"2014-12-29", b"2026-03-01"))
    (written,) = element.iter("{*}record")
    later = describe(written).record  # as the server of March 2025 writes it: created with the latest version
    assert (later.submitted, later.updated) == (None, date(2026, 3, 1))


def test_dublin_core_is_read_with_an_old_id() -> None:
    record = only(FOLDER / "oai_dublin_core_recorded.xml")
    assert record.key == "math/0306266" and record.authors == ("Amin Coja-Oghlan",)
    assert record.ids == ("arxiv:math/0306266", "doi:10.1017/s0963548305006826")
    assert record.categories == ("math",) and record.submitted == date(2003, 6, 18)
    assert record.journal == "Combinatorics, Probability and Computing 14 (2005) 439 - 465"


def test_a_paper_of_2900_authors_has_them_all() -> None:
    names = [f"A. Author{number} (Univ. {number}, City)" for number in range(2_900)]
    played = PlayedArxiv([paper("2603.00001", "2026-03-03", authors=names)], lambda: at(2026, 3, 4))
    answer = played(_history("cs:cs:LG"))
    (item,) = read_page(answer.content, at(2026, 3, 4)).items
    assert isinstance(item, Described)
    assert item.record.authors == tuple(f"A. Author{number}" for number in range(2_900))


def _history(name: str) -> httpx2.Request:
    params = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": name, "from": "2026-03-01"}
    return httpx2.Request("GET", "https://oaipmh.arxiv.org/oai", params=params)


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("cs.LG", "cs:cs:LG"),
        ("stat.ML", "stat:stat:ML"),
        ("math.NA", "math:math:NA"),
        ("eess.IV", "eess:eess:IV"),
        ("q-bio.NC", "q-bio:q-bio:NC"),
        ("q-fin.ST", "q-fin:q-fin:ST"),
        ("econ.EM", "econ:econ:EM"),
        ("hep-th", "physics:hep-th"),
        ("math-ph", "physics:math-ph"),
        ("quant-ph", "physics:quant-ph"),
        ("astro-ph.CO", "physics:astro-ph:CO"),
        ("nlin.CD", "physics:nlin:CD"),
        ("cond-mat.str-el", "physics:cond-mat:str-el"),
        ("physics.optics", "physics:physics:optics"),
        ("cs", "cs:cs"),
    ],
)
def test_a_category_has_the_set_of_its_group_and_archive(category: str, name: str) -> None:
    assert set_of(category) == name
    assert category_of(category.swapcase()) == category


# --- feeds ---


def test_a_recorded_feed_is_read() -> None:
    feed = read_feed(body("feed_recorded.xml"))
    assert (feed.day, feed.size, feed.is_cut, feed.has_replacements) == (date(2025, 8, 20), 2, False, False)
    first, second = feed.items
    assert isinstance(first, Record) and isinstance(second, Record)
    assert (first.key, first.categories) == ("2508.13426", ("cs.CL", "cs.AI"))
    assert first.authors == ("Chunhua Liu", "Kabir Manandhar Shrestha", "Sukai Huang")
    assert first.abstract.startswith("As large language models (LLMs) increasingly")
    assert first.announced == date(2025, 8, 20) and first.versions == (Version(1),)
    assert second.authors == ("Paulo André Lima de Castro",)


def test_a_feed_of_rss_is_read_with_commas_in_affiliations() -> None:
    feed = read_feed(body("feed_rss_written.xml"))
    replaced, new = feed.items
    assert isinstance(replaced, Record) and isinstance(new, Record)
    assert (feed.day, feed.has_replacements) == (date(2024, 2, 23), True)
    assert replaced.authors == ("Antonin Monteil", "Paul Pégon")
    assert replaced.ids == ("arxiv:2203.01250", "doi:10.5802/jep.257")
    assert replaced.categories == ("math.AP", "math.OC")
    assert (replaced.announced, replaced.updated) == (None, date(2024, 2, 23))
    assert replaced.versions == (Version(3),) and replaced.journal is not None
    assert (new.announced, new.updated) == (date(2024, 2, 23), None)
    assert new.abstract == "An example: $a < b$ & so on."


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_both_kinds_of_feed_say_the_same(kind: str) -> None:
    papers = [paper("2603.00001", "2026-03-04"), paper("2602.00001", "2026-03-02", "2026-03-04", "hep-th", "cs.LG")]
    played = PlayedArxiv(papers, lambda: at(2026, 3, 4))
    answer = played(httpx2.Request("GET", f"https://rss.arxiv.org/{kind}/cs.LG"))
    feed = read_feed(answer.content)
    assert [(item.key, item.announced, item.updated) for item in feed.items if isinstance(item, Record)] == [
        ("2603.00001", date(2026, 3, 4), None),
        ("2602.00001", None, date(2026, 3, 4)),
    ]


def test_a_feed_without_entries_is_of_the_day_on_which_it_was_made_in_new_york() -> None:
    empty = body("feed_recorded.xml").partition(b"  <entry>")[0] + b"</feed>"
    assert read_feed(empty).day == date(2025, 8, 20)
    late = empty.replace(b"2025-08-20T04:00:19.866337+00:00", b"2025-08-20T03:59:59+00:00")
    assert read_feed(late).day == date(2025, 8, 19)
    with pytest.raises(SourceError, match="of which day"):
        read_feed(b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>')


def test_an_error_that_looks_like_a_feed_is_an_error_in_the_words_of_arxiv() -> None:
    with pytest.raises(UnknownCategoryError, match="Bad subject class 'XX'"):
        read_feed(body("feed_error_written.xml"))


def test_an_entry_announced_in_an_unknown_way_is_refused_and_can_be_read_again() -> None:
    feed = read_feed(body("feed_recorded.xml").replace(b"<arxiv:announce_type>cross", b"<arxiv:announce_type>odd", 1))
    refused, kept = feed.items
    assert isinstance(refused, Refusal) and isinstance(kept, Record) and feed.size == 2
    assert (refused.where, refused.reason) == ("feed 2508.13426v1", "announced as 'odd', which we do not know")
    (again,) = retry(refused.raw.replace(b">odd<", b">new<"), refused.source)
    assert isinstance(again, Record) and again.announced == date(2025, 8, 20)


# --- the query API ---


def test_recorded_answers_of_the_query_api_are_read() -> None:
    plain = only(FOLDER / "query_recorded.xml")
    assert (plain.key, plain.submitted, plain.updated) == ("1605.08386", date(2016, 5, 26), None)
    assert plain.versions == (Version(1, date(2016, 5, 26)),) and plain.comment == "20 pages, 3 figures"
    old = only(FOLDER / "query_old_id_recorded.xml")
    assert old.key == "astro-ph/0601001" and old.abstract.startswith("We derive")
    third = only(FOLDER / "query_versions_recorded.xml")
    assert third.versions == (Version(1, date(2022, 4, 18)), Version(3, date(2022, 7, 6)))
    assert third.ids == ("arxiv:2204.08348", "doi:10.1145/3533767.3534401") and third.journal is not None


def test_an_error_that_looks_like_a_paper_is_none() -> None:
    with pytest.raises(SourceError, match="incorrect id format for abc"):
        read_query(body("query_error_recorded.xml"))
    (refused,) = read(FOLDER / "query_error_recorded.xml")
    assert isinstance(refused, Refusal) and "incorrect id format" in refused.reason
    assert read_query(body("query_nothing_recorded.xml")).total == 0


# --- names and letters ---


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("A. Author (MIT, USA), B. Author and C. Author", ["A. Author", "B. Author", "C. Author"]),
        ("A (1), B (1 and 2) ((1) MIT, (2) Harvard, USA)", ["A", "B"]),
        ("ATLAS Collaboration: G. Aad, B. Abbott, et al.", ["ATLAS Collaboration", "G. Aad", "B. Abbott"]),
        ("Jane Doe, Jr., X. Li,Y. Wang & Z. Quo", ["Jane Doe Jr.", "X. Li", "Y. Wang", "Z. Quo"]),
        ("A. One, and B. Two", ["A. One", "B. Two"]),
        ("Alexander Brand", ["Alexander Brand"]),
        ("A. Unclosed (MIT, B. Other", ["A. Unclosed  MIT", "B. Other"]),
        ("", []),
    ],
)
def test_a_line_of_authors_is_taken_apart(line: str, names: list[str]) -> None:
    assert names_of(line) == names


def test_in_a_feed_only_commas_part_names() -> None:
    assert announced_names("The A and B Group, C. D (E, F and G)") == ["The A and B Group", "C. D"]


def test_letters_that_were_encoded_twice_are_put_right_and_others_left_alone() -> None:
    assert unscrambled("$Ï\x84$, Î± and â\x80\x93") == "$τ$, α and –"
    for text in ("naïve Gödel, Île-de-France, Ångström", "plain", "α τ –"):
        assert unscrambled(text) == text


# --- XML that should not be trusted ---

BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><header><identifier>oai:arXiv.org:2603.00001
</identifier></header><metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2603.00001</id><title>&b;</title>
</arXivRaw></metadata></record></ListRecords></OAI-PMH>"""


def test_declared_entities_are_refused_and_nothing_of_them_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    outside = BOMB.replace(b'"lol"', f'SYSTEM "file://{secret}"'.encode())
    for bad in (BOMB, outside, BOMB.replace(b"OAI-PMH", b"feed")):
        for reader in (lambda data: read_page(data, NOW), read_feed, read_query):
            with pytest.raises(SourceError, match="entities of its own"):
                reader(bad)
        file = tmp_path / "bad.xml"
        file.write_bytes(bad)
        (refused,) = read(file)
        assert isinstance(refused, Refusal) and "entities" in refused.reason and b"secret" not in refused.raw


def test_a_stray_control_character_costs_no_page() -> None:
    damaged = body("oai_raw_recorded.xml").replace(b"Martingale", b"Mar\x0btin&#x1F;gale", 1)
    (element,) = tree_of(damaged).iter("{*}record")
    assert describe(element).record.title == "Martingale theory for housekeeping heat"
    with pytest.raises(SourceError, match="not XML"):
        tree_of(damaged[:2000])


def test_a_page_of_the_web_is_no_answer() -> None:
    page = b"<html><head><title>Rate exceeded</title></head><body>Rate exceeded.</body></html>"
    for reader in (lambda data: read_page(data, NOW), read_feed, read_query):
        with pytest.raises(SourceError, match="a page named 'html'"):
            reader(page)
        with pytest.raises(SourceError, match="not XML"):
            reader(b"")


# --- everything that was recorded ---


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> dict[str, bytes]:
    """The recorded answers of OAI-PMH and of arXiv, by path."""
    wanted = ("oai_", "arxiv_api/", "arxiv_rss/")
    with tarfile.open(shared_data / "protocols" / "samples.tar.xz") as archive:
        found: dict[str, bytes] = {}
        for member in archive:
            name = member.name.removeprefix("protocol_samples/")
            if member.isfile() and name.startswith(wanted) and name.endswith((".xml", ".json", "0306266", "0408048")):
                content = archive.extractfile(member)
                found[name] = content.read() if content else b""
    return found


def test_every_recorded_record_of_arxiv_is_read(recorded: dict[str, bytes]) -> None:
    files = [
        name for name in recorded if name.startswith(("oai_ads", "oai_fatcat", "oai_inspire")) and ".json" not in name
    ]
    assert len(files) >= 20
    for name in files:
        outcomes = list(read(io.BytesIO(recorded[name]), name=name))
        assert outcomes and all(isinstance(outcome, Record) for outcome in outcomes), name
        assert len(outcomes) == recorded[name].count(b"<record>")


def test_every_recorded_error_of_oai_pmh_has_its_kind(recorded: dict[str, bytes]) -> None:
    """Recorded by sickle from other hosts."""
    folder = "oai_sickle/sickle/tests/sample_data/"
    assert read_page(recorded[f"{folder}noRecordsMatch.xml"], NOW).items == ()
    with pytest.raises(ExpiredTokenError, match="This resumptionToken is invalid"):
        read_page(recorded[f"{folder}badResumptionToken.xml"], NOW)
    codes = ("badArgument", "cannotDisseminateFormat", "idDoesNotExist", "noSetHierarchy", "undefinedError")
    for code in codes:
        with pytest.raises(SourceError, match=code):
            read_page(recorded[f"{folder}{code}.xml"], NOW)
    for name in ("ListRecordsBroken", "Identify", "ListSets", "GetRecord"):
        with pytest.raises(SourceError):
            read_page(recorded[f"{folder}{name}.xml"], NOW)
    page = read_page(recorded[f"{folder}ListRecords.xml"], NOW)  # of theses, not of arXiv
    assert page.token == "ListRecords2.xml" and page.deleted == 1
    assert page.items and all(isinstance(item, Refusal) for item in page.items)


def test_every_recorded_answer_of_the_query_api_is_read(recorded: dict[str, bytes]) -> None:
    answers = [json.loads(data) for name, data in recorded.items() if name.startswith("arxiv_api/")]
    assert len(answers) >= 18
    papers = 0
    for answer in answers:
        if answer["status_code"] == 400:
            with pytest.raises(SourceError, match="arXiv says"):
                read_query(answer["body"].encode())
            continue
        outcomes = read_query(answer["body"].encode()).outcomes.values()
        assert all(isinstance(outcome, Record) for outcome in outcomes)
        papers += len(outcomes)
    assert papers >= 200


def test_the_recorded_feed_is_read_whole(recorded: dict[str, bytes]) -> None:
    (feed,) = (read_feed(data) for name, data in recorded.items() if name.startswith("arxiv_rss/"))
    assert feed.size == len(feed.items) == 7 and all(isinstance(item, Record) for item in feed.items)


def test_a_fragment_is_known_by_its_beginning(tmp_path: Path) -> None:
    (element,) = tree_of(body("oai_raw_recorded.xml")).iter("{*}record")
    assert only_of(etree.tostring(element)).key == "1810.09584"
    entry = next(tree_of(body("query_recorded.xml")).iter("{*}entry"))
    assert only_of(etree.tostring(entry)).key == "1605.08386"


def only_of(raw: bytes) -> Record:
    (record,) = retry(raw, "arxiv")
    assert isinstance(record, Record)
    return record
