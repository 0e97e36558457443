"""Crossref: works found by their DOI, titles with the publisher's markup, dates with holes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.enrichment_help import holding, numbered, paper
from tests.source_cases.crossref import KNOWN, build
from tests.source_help import Stage, records, refusals, staged
from tidings.sources.crossref import plain_title
from tidings.types import Paper, Record

Answer = Callable[[httpx2.Request], httpx2.Response]


@contextmanager
def asking(folder: Path, papers: Sequence[Paper], play: Answer | None = None) -> Iterator[Stage]:
    """Set up the source in front of held papers."""
    case = replace(build(folder, damaged=False), held=holding(papers))
    with staged(folder, "crossref", replace(case, answer=play) if play else case) as stage:
        yield stage


def works(*items: Any, **headers: str) -> Answer:
    """Answer with these works, whatever is asked."""
    named = [{"DOI": "10.1000/one", "title": ["On it"], **item} for item in items]
    return lambda _: httpx2.Response(200, json={"status": "ok", "message": {"items": named}}, headers=headers)


def told(folder: Path, **item: Any) -> Record:
    """Return the record of a work."""
    with asking(folder, [paper(1, "doi:10.1000/one")], works(item)) as stage:
        (record,) = records(stage.run())
    return record


def recorded(folder: Path) -> dict[str, Record]:
    """Return the records of the fixture by their DOI."""
    with asking(folder, numbered(KNOWN)) as stage:
        return {record.key: record for record in records(stage.run())}


def test_only_publishers_dois_are_asked_for(tmp_path: Path) -> None:
    papers = [
        paper(1, "arxiv:2304.05376"),
        paper(2, "arxiv:2106.09685", "doi:10.1000/two"),
        paper(3, "acl:P19-1001"),
        paper(4, "doi:10.1000/with,comma"),
        paper(5, "doi:10.1000/(issn)five"),
    ]
    with asking(tmp_path, papers) as stage:
        stage.run()
    (asked,) = stage.asked
    assert asked.params["filter"] == "doi:10.1000/two,doi:10.1000/(issn)five"


def test_fifty_papers_are_asked_for_at_once_and_all_of_them_may_be_known(tmp_path: Path) -> None:
    with asking(tmp_path, numbered(f"doi:10.1000/{number}" for number in range(120))) as stage:
        batches = stage.run()
    assert [asked.params["filter"].count(",") + 1 for asked in stage.asked] == [50, 50, 20]
    assert {asked.params["rows"] for asked in stage.asked} == {"50"}
    assert batches[-1].note == "0 of 120 papers known"


def test_a_record_says_where_a_paper_was_published_and_how_often_it_is_cited(tmp_path: Path) -> None:
    record = recorded(tmp_path)["10.1111/2041-210x.13501"]
    title = "A Shiny r app to solve the problem of when to stop managing or surveying species under imperfect detection"
    assert (record.source, record.title, record.ids) == ("crossref", title, ("doi:10.1111/2041-210x.13501",))
    assert (record.venue, record.year) == ("Methods in Ecology and Evolution", 2020)
    assert record.journal == "Methods in Ecology and Evolution 11(12), 1707-1715"
    assert [(count.kind, count.value) for count in record.counts] == [("citations", 5)]
    assert record.counts[0].at is not None
    assert (record.abstract, record.authors, record.keywords, record.links) == ("", (), (), ())


def test_titles_of_the_recorded_works_hold_no_markup(tmp_path: Path) -> None:
    titles = {key: record.title for key, record in recorded(tmp_path).items()}
    assert titles["10.1103/physrevb.89.235131"] == "LaSrVO4 : A candidate for the spin-orbital liquid state"
    assert titles["10.7717/peerj.1114"].endswith("for modelling overdispersion in Binomial data in ecology & evolution")
    assert not any("<" in title or "&amp;" in title or "  " in title for title in titles.values())


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("The <i>E. coli</i> polymerase", "The E. coli polymerase"),
        ("HfO<sub>2</sub> on graphene", "HfO2 on graphene"),
        ("<scp>RNA</scp>s", "RNAs"),
        ("&lt;i&gt;Zea mays&lt;/i&gt; &amp; co", "Zea mays & co"),
        ('<jats:italic toggle="yes">In vitro</jats:italic>', "In vitro"),
        ("Where p < 0.05 and q > 0.1", "Where p < 0.05 and q > 0.1"),
        ("Bounds for x<y and z>w", "Bounds for x<y and z>w"),
        ("A vector<int> of $\\alpha_{i}$", "A vector of $\\alpha_{i}$"),
        (
            'at <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:none /><mml:mn>88</mml:mn></mml:math>',
            "at  88 ",
        ),
    ],
)
def test_a_title_is_plain_text_with_its_tex(title: str, plain: str) -> None:
    assert plain_title(title) == plain


@pytest.mark.parametrize(
    ("issued", "year"),
    [
        ({"date-parts": [[2016, 3, 8]]}, 2016),
        ({"date-parts": [[1999]]}, 1999),
        ({"date-parts": [[None]]}, None),
        ({"date-parts": [[]]}, None),
        ({"date-parts": []}, None),
        ({}, None),
        (None, None),
        ({"date-parts": [[20]]}, None),
    ],
)
def test_a_year_is_read_from_dates_with_holes(tmp_path: Path, issued: Any, year: int | None) -> None:
    assert told(tmp_path, issued=issued).year == year


def test_a_volume_is_the_venue_and_its_series_the_journal(tmp_path: Path) -> None:
    record = recorded(tmp_path)["10.1117/12.2214605"]
    assert record.venue == "Optical Coherence Tomography and Coherence Domain Optical Methods in Biomedicine XX"
    assert record.journal == "SPIE Proceedings 9697, 96973B"


@pytest.mark.parametrize("item", [{}, {"container-title": []}, {"container-title": None}, {"container-title": [""]}])
def test_a_work_without_venue_has_none(tmp_path: Path, item: dict[str, Any]) -> None:
    assert told(tmp_path, **item).venue is None


def test_a_work_without_title_is_refused(tmp_path: Path) -> None:
    with asking(tmp_path, numbered((KNOWN[0], "doi:10.1023/a:1001832310939"))) as stage:
        (batch,) = stage.run()
    (refusal,) = refusals([batch])
    assert (refusal.where, refusal.reason) == ("10.1023/a:1001832310939", "no title")
    assert json.loads(refusal.raw)["container-title"] == ["Computers and the Humanities"]
    assert batch.note == "1 of 2 papers known"


def test_a_doi_is_found_however_it_is_written(tmp_path: Path) -> None:
    assert told(tmp_path, DOI="10.1000/ONE").ids == ("doi:10.1000/one",)


def test_a_work_that_nobody_asked_for_is_passed_over(tmp_path: Path) -> None:
    play = works({"DOI": "10.1000/two"}, {"DOI": "no doi"})
    with asking(tmp_path, [paper(1, "doi:10.1000/one")], play) as stage:
        (batch,) = stage.run()
    assert batch.items == ()


@pytest.mark.parametrize(
    ("rate", "period", "interval"),
    [("3", "1s", 1.0), ("50", "1s", 1.0), ("1", "4s", 4.0), ("10", "60s", 6.0), ("0", "1s", 1.0), ("many", "1s", 1.0)],
)
def test_it_asks_no_more_often_than_crossref_says(tmp_path: Path, rate: str, period: str, interval: float) -> None:
    play = works(**{"x-rate-limit-limit": rate, "x-rate-limit-interval": period})
    with asking(tmp_path, numbered(f"doi:10.1000/{number}" for number in range(150)), play) as stage:
        stage.run()
    _, second, third = (asked.at for asked in stage.asked)
    assert (third - second).total_seconds() == interval
