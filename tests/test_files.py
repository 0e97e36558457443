"""Every format of file, from small made-up files of the real shapes."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tidings.sources import FileReader, dump, read, retry, sample_path
from tidings.types import Count, Link, Record, Refusal, Version

FILES = Path(__file__).parent / "data" / "files"


def records(name: str) -> list[Record]:
    return [outcome for outcome in read(FILES / name) if isinstance(outcome, Record)]


def refusals(name: str) -> list[Refusal]:
    return [outcome for outcome in read(FILES / name) if isinstance(outcome, Refusal)]


def test_a_listing_of_arxiv_keeps_listed_and_submitted_apart() -> None:
    listed, old, bare = records("arxiv_listing.jsonl")
    assert listed.announced == date(2025, 3, 18) and listed.submitted is None
    assert old.submitted == date(2003, 9, 7) and old.announced is None
    assert (bare.key, bare.ids) == ("2503.99999", ("arxiv:2503.99999",))


def test_text_of_arxiv_is_on_one_line_and_keeps_its_tex() -> None:
    listed, old, _ = records("arxiv_listing.jsonl")
    assert listed.title == "Reading Small Print With Large Models"
    assert listed.abstract == "We read small print with large models. $x^2$ helps."
    assert old.title == r"On critical sections of $\mathbb{R}^n$"
    assert old.authors == ("André Example",)


def test_codes_of_acm_and_msc_are_no_categories() -> None:
    listed, old, bare = records("arxiv_listing.jsonl")
    assert listed.categories == ("cs.HC", "cs.CV")
    assert old.categories == ("math.GT",)
    assert bare.categories == ()


def test_a_withdrawn_paper_is_known_by_its_comment() -> None:
    assert [record.withdrawn for record in records("arxiv_listing.jsonl")] == [False, True, False]


def test_the_public_snapshot_of_arxiv_is_read() -> None:
    first, second = records("arxiv_snapshot.jsonl")
    assert first == Record(
        source="arxiv",
        key="0704.0001",
        title="Calculation of prompt signals",
        abstract="A calculation in perturbative theory.",
        authors=("C. Balázs", "E. L. Berger Jr."),
        ids=("arxiv:0704.0001", "doi:10.1103/physrevd.76.013009"),
        categories=("hep-ph", "cs.DM"),
        submitted=date(2007, 4, 2),
        updated=date(2007, 7, 24),
        comment="37 pages",
        journal="Phys.Rev.D76:013009,2007",
        links=(Link("pdf", "https://arxiv.org/pdf/0704.0001"),),
        versions=(Version(1, date(2007, 4, 2)), Version(2, date(2007, 7, 24))),
    )
    assert second.authors == ("Ileana Example", "Louis Sample")
    assert second.submitted is None and second.updated == date(2008, 12, 13)


def test_a_day_of_daily_papers_keeps_both_dates_apart_and_counts_at_the_listing() -> None:
    record = records("daily.json")[0]
    listed = datetime(2025, 3, 20, 3, 22, 40, 364000, tzinfo=UTC)
    assert record == Record(
        source="huggingface",
        key="2503.15265",
        title="Deep Nets: A Made-up Title",
        abstract="A made-up summary of two lines.",
        authors=("Ada Example",),
        ids=("arxiv:2503.15265",),
        keywords=("nets", "depth"),
        submitted=date(2025, 3, 19),
        listed=listed.date(),
        links=(
            Link("pdf", "https://arxiv.org/pdf/2503.15265"),
            Link("code", "https://github.com/example/nets"),
            Link("project", "https://example.org/nets"),
            Link("discussion", "https://huggingface.co/papers/2503.15265"),
        ),
        counts=(Count("upvotes", 41, listed), Count("comments", 2, listed), Count("stars", 7, listed)),
    )


def test_no_name_of_a_voter_or_submitter_is_kept() -> None:
    assert "Private" not in str(records("daily.json"))


def test_a_day_that_python_printed_is_repaired_and_never_run() -> None:
    assert records("daily.json")[1].title == "A Printed Day"
    (refused,) = refusals("daily.json")
    assert refused.source == "huggingface" and "__import__" in refused.raw.decode()


def test_a_wrapped_day_is_read() -> None:
    assert [record.title for record in records("daily_wrapped.json")] == ["A Wrapped Day", "Another"]


def test_the_day_in_a_files_name_dates_counts_that_nothing_else_dates(tmp_path: Path) -> None:
    path = tmp_path / "2025-01-10.json"
    path.write_bytes((FILES / "daily_wrapped.json").read_bytes())
    record = next(iter(read(path)))
    assert isinstance(record, Record)
    assert record.counts[0] == Count("upvotes", 9, datetime(2025, 1, 10, tzinfo=UTC))


def test_one_item_and_a_day_without_papers_are_files_too() -> None:
    (item,) = read(io.BytesIO(b'{"paper": {"id": "2501.05442", "title": "Alone"}}'))
    assert isinstance(item, Record) and item.title == "Alone"
    assert list(read(io.BytesIO(b" []\n"))) == []


def test_the_anthology_is_read_with_its_markup_as_text() -> None:
    record = records("acl_new.xml")[0]
    assert record == Record(
        source="acl",
        key="2023.acl-long.1",
        title="Reading XML in $O(n)$ & less",
        abstract="See https://example.org, it is so bold.",
        authors=("Ada Example", "Mononym"),
        ids=("acl:2023.acl-long.1", "doi:10.18653/v1/2023.acl-long.1"),
        venue="ACL 2023",
        year=2023,
        journal="Proceedings of a Made-up Meeting",
        links=(
            Link("pdf", "https://aclanthology.org/2023.acl-long.1.pdf"),
            Link("code", "https://github.com/example/xml"),
        ),
    )


def test_of_the_anthology_a_retraction_is_told_and_an_impossible_year_dropped() -> None:
    _, retracted, future = records("acl_new.xml")
    assert retracted.withdrawn
    assert (future.year, future.venue) == (None, None)


def test_old_ids_of_the_anthology_are_made_of_volume_and_paper() -> None:
    (record,) = records("acl_old.xml")
    assert record.key == "W19-5003"
    assert record.links == (Link("pdf", "http://example.org/3.pdf"),)


def test_a_paper_of_the_anthology_without_title_is_refused_and_can_be_retried() -> None:
    (refused,) = refusals("acl_new.xml")
    assert (refused.where, refused.reason) == ("acl_new.xml#2023.acl-long.2", "no title")
    mended = refused.raw.replace(b"<title>  </title>", b"<title>Found</title>")
    (record,) = retry(mended, refused.source)
    assert isinstance(record, Record)
    assert (record.key, record.title, record.year) == ("2023.acl-long.2", "Found", 2023)


def test_proceedings_are_read() -> None:
    accepted = records("proceedings.jsonl")[0]
    assert accepted == Record(
        source="proceedings",
        key="iclr2018/B1DmUzWAW",
        title="A Made-up Conference Paper",
        abstract="It says little.",
        authors=("Ada Example", "Bo Sample"),
        ids=("openreview:B1DmUzWAW", "arxiv:1802.09232"),
        keywords=("one", "two", "Three"),
        venue="ICLR 2018",
        year=2018,
        comment="Oral",
        links=(Link("page", "https://openreview.net/forum?id=B1DmUzWAW"),),
        counts=(Count("citations", 12),),
    )


def test_a_paper_that_was_not_accepted_has_no_venue() -> None:
    withdrawn = records("proceedings.jsonl")[1]
    assert withdrawn.withdrawn and withdrawn.venue is None and withdrawn.counts == ()
    assert withdrawn.comment == "Submitted to ICLR 2018"


def test_proceedings_without_ids_get_the_same_key_every_time() -> None:
    third = records("proceedings.jsonl")[2]
    assert third == records("proceedings.jsonl")[2]
    assert third.key.startswith("siggraphasia2021/")
    assert third.authors == ("Ada Example", "Sammy Davis Jr.", "Bo Sample")
    assert third.venue == "SIGGRAPH Asia 2021"


def test_a_publishers_address_in_the_place_of_a_doi_is_read() -> None:
    fourth = records("proceedings.jsonl")[3]
    assert fourth.ids == ("doi:10.1007/978-3-031-20083-0_1",)
    assert fourth.counts == (Count("citations", 0),)


def test_a_line_without_title_is_refused_with_its_place_and_text() -> None:
    (refused,) = refusals("proceedings.jsonl")
    assert (refused.source, refused.where, refused.reason) == ("proceedings", "proceedings.jsonl:5", "no title")
    assert refused.raw == (FILES / "proceedings.jsonl").read_bytes().splitlines(keepends=True)[4]


def test_bibtex_is_read_as_people_read_it() -> None:
    first = records("references.bib")[0]
    assert first == Record(
        source="bibtex",
        key="doi:10.1234/abc.def",
        title="The BERT of Özgür: $O(n^2)$ and more",
        abstract="It holds that $a<b$ in 40% of cases.",
        authors=("Ada Example", "The Group and Friends", "Jane van der Berg"),
        ids=("doi:10.1234/abc.def",),
        keywords=("one", "two", "three"),
        venue="Journal of Made-up Results",
        year=2019,
    )


def test_preprints_in_bibtex_have_their_arxiv_id_and_no_venue() -> None:
    _, preprint, mentioned, *_ = records("references.bib")
    assert preprint.ids == ("arxiv:2106.09685",)
    assert (mentioned.title, mentioned.ids) == ("In Parentheses (Twice)", ("arxiv:1706.03762",))
    assert mentioned.venue is None and mentioned.year is None


def test_a_broken_entry_is_refused_and_the_rest_kept() -> None:
    assert [record.title for record in records("references.bib")][-3:] == [
        "In Parentheses (Twice)",
        "Last",
        "On One Line",
    ]
    reasons = [(refused.where, refused.reason) for refused in refusals("references.bib")]
    assert reasons == [("references.bib:17", "a brace that is never closed"), ("references.bib:26", "no title")]


def test_the_key_of_a_reference_without_id_does_not_depend_on_the_file() -> None:
    (one,) = read(io.BytesIO(b"@article{a, title={Same Title}, author={Ada Example}, year=2020}"))
    (other,) = read(io.BytesIO(b"TY  - JOUR\nTI  - Same title\nAU  - Example, A.\nPY  - 2020\nER  - \n"))
    assert isinstance(one, Record) and isinstance(other, Record)
    assert one.key == other.key


def test_ris_is_read_with_continued_lines_and_without_an_end() -> None:
    first, second = records("references.ris")
    assert first.title == "A Theory of Made-up Communication"
    assert first.authors == ("Ada Example", "Jane van der Berg")
    assert (first.year, first.venue, first.key) == (1948, "Journal of Made-up Results", "doi:10.1234/abc")
    assert first.keywords == ("one", "two")
    assert (second.title, second.authors, second.abstract) == ("No End", ("Bo Sample",), "Old tags.")
    assert [(refused.where, refused.reason) for refused in refusals("references.ris")] == [
        ("references.ris:20", "no title")
    ]


def test_the_csv_of_zotero_is_read_and_its_attachments_are_no_papers() -> None:
    first, preprint = records("zotero.csv")
    assert first.title == "<b>Too Big</b> to Fail"
    assert first.authors == ("Ada Example", "Bo C. Sample")
    assert (first.abstract, first.keywords) == ("Two lines.", ("one", "two", "three"))
    assert preprint.key == "arxiv:1706.03762"
    (refused,) = refusals("zotero.csv")
    assert next(retry(refused.raw, refused.source)) == Refusal("zotero", "retry:2", "no title", refused.raw)


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        (
            "listing_dated.txt",
            ["A First Made-up Title", "A Second: With a Colon", "A Title Without Abstract", "The Last"],
        ),
        ("listing_search.txt", ["Glued to the Header", "A Second Title"]),
    ],
)
def test_both_layouts_of_a_trending_page_are_read(name: str, titles: list[str]) -> None:
    found = records(name)
    assert [record.title for record in found] == titles
    assert all(
        record.abstract.startswith("We make up") for record in found if record.title != "A Title Without Abstract"
    )
    assert records("listing_dated.txt")[-1].abstract.count("We make up") == 2


def test_every_record_survives_being_written_and_read_again() -> None:
    before = [outcome for file in sorted(FILES.iterdir()) for outcome in read(file) if isinstance(outcome, Record)]
    assert len({record.source for record in before}) == 8
    assert list(read(io.BytesIO(b"".join(map(dump, before))))) == before


def test_a_folder_is_read_file_by_file_in_order() -> None:
    alone = [outcome for file in sorted(FILES.iterdir()) for outcome in read(file)]
    assert list(read(FILES)) == alone


def test_the_sample_archive_has_papers_in_our_own_words_and_a_week_of_votes() -> None:
    outcomes = list(read(sample_path()))
    samples = [outcome for outcome in outcomes if isinstance(outcome, Record) and outcome.source == "sample"]
    trending = [outcome for outcome in outcomes if isinstance(outcome, Record) and outcome.source == "huggingface"]
    assert len(samples) == 338 and all(record.abstract and record.keywords for record in samples)
    assert len(samples) + len(trending) == len(outcomes)
    assert all(record.counts and record.authors and not record.abstract for record in trending)
    assert len({(record.source, record.key) for record in [*samples, *trending]}) == len(outcomes)


def test_progress_ends_where_the_file_does() -> None:
    reader = FileReader(FILES / "arxiv_listing.jsonl")
    assert (reader.total_bytes, reader.read_bytes) == ((FILES / "arxiv_listing.jsonl").stat().st_size, 0)
    assert len(list(reader)) == 3
    assert reader.read_bytes == reader.total_bytes
