"""What a source says anew: the feed, the history and the file of one source make one record, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import permutations

from tests.test_merge import PREPRINT
from tidings.renew import differences, latest_version, newest_count, recounted, renewed, undated
from tidings.types import Count, FieldChange, Record, Version

FIRST = Version(1, date(2021, 6, 17))
SECOND = Version(2, date(2021, 10, 16))
FULL = replace(PREPRINT, versions=(FIRST,), comment="Draft", announced=None)
FULL_2 = replace(FULL, title="LoRA, revised", versions=(FIRST, SECOND), comment="Final", updated=SECOND.submitted)
ANNOUNCED = replace(
    PREPRINT, versions=(Version(1),), submitted=None, authors=("Edward J. Hu", "MIT)"), announced=date(2021, 6, 18)
)
REPLACED = replace(ANNOUNCED, title="LoRA, revised", versions=(Version(2),), announced=None, updated=date(2021, 10, 19))


def after(*records: Record) -> Record:
    state = records[0]
    for record in records[1:]:
        state = renewed(state, record)
    return state


def test_the_day_of_the_announcement_and_the_history_of_versions_complete_each_other() -> None:
    for order in permutations((FULL, ANNOUNCED)):
        record = after(*order)
        assert record.announced == date(2021, 6, 18)
        assert record.submitted == date(2021, 6, 17)
        assert record.versions == (FIRST,)
        assert record.comment == "Draft"


def test_names_come_from_the_history_because_an_announcement_joins_them_by_commas() -> None:
    for order in permutations((FULL, ANNOUNCED)):
        assert after(*order).authors == PREPRINT.authors


def test_an_older_version_never_overrules_a_newer_one_whatever_comes_first() -> None:
    for order in permutations((FULL, FULL_2, ANNOUNCED, REPLACED)):
        record = after(*order)
        assert record.title == "LoRA, revised"
        assert record.versions == (FIRST, SECOND)
        assert record.comment == "Final"
        assert record.announced == date(2021, 6, 18)


def test_a_replacement_is_announced_once_and_keeps_what_only_the_history_knows() -> None:
    record = renewed(FULL, REPLACED)
    assert record.title == "LoRA, revised"
    assert record.comment == "Draft"
    assert record.versions == (FIRST, Version(2))
    assert record.updated == date(2021, 10, 19)


def test_what_is_not_said_is_not_taken_back() -> None:
    bare = Record("arxiv", PREPRINT.key, PREPRINT.title)
    assert renewed(FULL, bare).abstract == FULL.abstract
    assert renewed(FULL, bare).ids == FULL.ids


def test_a_withdrawal_stays_until_a_full_description_takes_it_back() -> None:
    withdrawn = replace(FULL_2, withdrawn=True)
    assert renewed(FULL, withdrawn).withdrawn
    third = replace(FULL_2, versions=(FIRST, SECOND, Version(3, date(2022, 1, 1))))
    assert not renewed(withdrawn, third).withdrawn
    assert renewed(withdrawn, replace(REPLACED, versions=(Version(3),))).withdrawn


def test_dated_counts_are_no_news_and_the_newest_of_each_kind_stands() -> None:
    def counted(votes: int, hour: int) -> Record:
        return replace(PREPRINT, counts=(Count("upvotes", votes, datetime(2026, 1, 1, hour, tzinfo=UTC)),))

    assert undated(counted(3, 1)) == undated(counted(4, 2)) == PREPRINT
    assert newest_count(counted(3, 1)) == datetime(2026, 1, 1, 1, tzinfo=UTC)
    for order in permutations((counted(3, 1), counted(9, 5), counted(4, 2))):
        state = order[0]
        for record in order[1:]:
            state = recounted(state, record)
        assert state.counts == counted(9, 5).counts


def test_counts_without_a_day_belong_to_the_record() -> None:
    cited = replace(PREPRINT, counts=(Count("citations", 12),))
    assert undated(cited) == cited


def test_differences_name_the_fields_a_reader_would_want_to_know_of() -> None:
    changes = differences(FULL, renewed(FULL, FULL_2))
    assert changes == (
        FieldChange("title", PREPRINT.title, "LoRA, revised"),
        FieldChange("comment", "Draft", "Final"),
    )
    assert latest_version(FULL_2) == 2


def test_filling_in_an_empty_field_is_no_change() -> None:
    assert differences(replace(FULL, comment=None), FULL) == ()


def test_what_completes_an_announcement_is_no_change() -> None:
    assert differences(ANNOUNCED, renewed(ANNOUNCED, FULL)) == ()


def test_a_new_version_of_what_was_only_announced_is_compared_in_title_and_abstract() -> None:
    changes = differences(ANNOUNCED, renewed(ANNOUNCED, FULL_2))
    assert [change.field for change in changes] == ["title"]


def test_a_withdrawal_is_a_change() -> None:
    changes = differences(FULL, replace(FULL, withdrawn=True))
    assert changes == (FieldChange("withdrawn", "", "withdrawn"),)
