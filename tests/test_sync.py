"""Batches of records into the store: once, merged, undoable, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_merge import PREPRINT, PROCEEDINGS
from tidings import sync
from tidings.errors import InputError, NotFoundError
from tidings.merge import fold
from tidings.store import Store, StoreWriter, open_store
from tidings.types import Record, Refusal

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def take(store: Store, *items: Record | Refusal) -> sync.Tally:
    tally = sync.Tally()
    sync.take_batch(store, items, NOW, tally)
    return tally


def state(store: Store) -> list[object]:
    """Everything that a reader can see."""
    ids = [change.paper_id for change in store.changes(0, 10_000)]
    return [(paper, [h.record for h in store.records(paper.id)]) for paper in store.papers(sorted(ids))]


def test_two_sources_of_one_paper_make_one_paper(store: Store) -> None:
    tally = take(store, PREPRINT, PROCEEDINGS)
    assert (tally.read, tally.new, tally.merged) == (2, 1, 1)
    assert store.find("arxiv:2106.09685") == store.find("openreview:nZeVKeeFYf9") == 1
    assert [held.reason for held in store.records(1)] == ["new", "title and authors"]


def test_they_are_one_paper_in_two_batches_too(store: Store) -> None:
    take(store, PROCEEDINGS)
    assert take(store, PREPRINT).merged == 1
    assert state(store)[0] == (fold(1, [PREPRINT, PROCEEDINGS]), [PROCEEDINGS, PREPRINT])


def test_adding_the_same_twice_changes_nothing(store: Store) -> None:
    take(store, PREPRINT, PROCEEDINGS)
    before, position = state(store), store.position()
    tally = take(store, PREPRINT, PROCEEDINGS)
    assert (tally.unchanged, tally.new, tally.merged) == (2, 0, 0)
    assert (state(store), store.position()) == (before, position)


def test_a_changed_record_updates_its_paper_and_an_old_file_does_not_change_it_back(store: Store) -> None:
    take(store, PREPRINT)
    corrected = replace(PREPRINT, title="LoRA: Low-Rank Adaptation")
    assert take(store, corrected).updated == 1
    assert store.papers([1])[0].title == corrected.title
    assert take(store, PREPRINT).unchanged == 1
    assert store.papers([1])[0].title == corrected.title


def test_a_record_that_knows_both_ids_joins_two_papers_and_old_addresses_lead_on(store: Store) -> None:
    one = replace(PREPRINT, authors=(), abstract="")
    other = Record("openreview", "n", "Some other title", ids=("openreview:n",))
    take(store, one, other)
    assert store.find("openreview:n") == 2
    tally = take(store, Record("bibtex", "hu", "A third title", ids=("arxiv:2106.09685", "openreview:n")))
    assert tally.merged == 1
    assert store.find("openreview:n") == store.find("paper:2") == 1
    assert {held.record.source for held in store.records(1)} == {"arxiv", "openreview", "bibtex"}
    assert store.changes(0, 10)[-1].removed or any(change.removed for change in store.changes(0, 10))


def test_ids_that_contradict_each_other_join_nothing(store: Store) -> None:
    take(store, PREPRINT, Record("arxiv", "2", "Another", ids=("arxiv:2001.00001", "doi:10.1/x")))
    take(store, Record("bibtex", "hu", "Confused", ids=("arxiv:2106.09685", "doi:10.1/x")))
    assert store.find("doi:10.1/x") == 2
    assert store.find("arxiv:2106.09685") == 1


def test_a_merge_can_be_undone_and_stays_undone(store: Store) -> None:
    take(store, PREPRINT, PROCEEDINGS)
    wrong = store.records(1)[1]
    new_id = sync.split(store, wrong.id, NOW)
    assert store.find("openreview:nZeVKeeFYf9") == new_id
    assert store.papers([1])[0] == fold(1, [PREPRINT])
    take(store, replace(PROCEEDINGS, year=2023), PREPRINT)
    assert store.find("openreview:nZeVKeeFYf9") == new_id


def test_the_only_record_of_a_paper_cannot_be_split_off(store: Store) -> None:
    take(store, PREPRINT)
    with pytest.raises(InputError):
        sync.split(store, 1, NOW)
    with pytest.raises(NotFoundError):
        sync.split(store, 99, NOW)


def test_refusals_are_kept_once_with_their_reason(store: Store) -> None:
    refusal = Refusal("arxiv", "a.jsonl:3", "no title", b"{}")
    take(store, refusal, PREPRINT)
    tally = take(store, refusal)
    assert tally.reasons == {"no title": 1}
    assert [(q.where, q.reason, q.raw) for q in store.quarantined()] == [("a.jsonl:3", "no title", b"{}")]


def test_a_batch_that_fails_leaves_no_trace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(StoreWriter, "write_fingerprints", fail)
    with pytest.raises(RuntimeError):
        take(store, PREPRINT)
    assert (store.position(), store.counts()["papers"], store.find("arxiv:2106.09685")) == (0, 0, None)


some_records = st.builds(
    Record,
    source=st.sampled_from(["arxiv", "acl", "bibtex"]),
    key=st.sampled_from("abc"),
    title=st.sampled_from(["A title long enough to tell", "Another title long enough", "Short"]),
    abstract=st.sampled_from(["", PREPRINT.abstract, PROCEEDINGS.abstract]),
    authors=st.sampled_from([(), ("Ada Lovelace",), ("Edward Hu", "A. Lovelace")]),
    ids=st.lists(st.sampled_from(["arxiv:1", "arxiv:2", "doi:10.1/a", "acl:x"]), max_size=2, unique=True).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(some_records, min_size=1, max_size=5), min_size=1, max_size=4))
def test_whatever_arrives_every_paper_is_the_fold_of_its_records(batches: list[list[Record]]) -> None:
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        for batch in batches:
            tally = take(store, *batch)
            assert tally.read == tally.new + tally.updated + tally.merged + tally.unchanged
        logged = {change.paper_id for change in store.changes(0, 1000) if not change.removed}
        papers = store.papers(sorted(logged))
        assert len(papers) == store.counts()["papers"] == len(logged)
        for paper in papers:
            assert paper == fold(paper.id, [held.record for held in store.records(paper.id)])
            assert all(store.find(value) is not None for value in paper.ids)
        before = state(store)
        for batch in batches:
            take(store, *batch)
        assert state(store) == before
        store.close()
