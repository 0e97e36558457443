"""Editions leave once: whatever the server does, nobody gets one twice and none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mail_server import certificate
from tests.post_help import ADA, BOB, DAY, EVE, TODAY, Post, post, record, text, titles
from tests.test_sync import take
from tidings.digest import delivery
from tidings.digest.sending import run_due
from tidings.errors import BusyError
from tidings.store import Store, open_store

READERS = [f"reader{number}@lab.example" for number in range(8)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def office(opened: Store, tmp_path: Path) -> Iterator[Post]:
    with post(opened, tmp_path) as made:
        made.papers(*(record(number) for number in range(1, 13)))
        yield made


def answers(office: Post) -> list[str | None]:
    return [edition.answer for _, edition in reversed(office.catalog.all_editions())]


# --- what a reader gets ---


def test_an_edition_leaves_at_its_hour_and_not_before(office: Post) -> None:
    office.subscribe(most=5)
    assert run_due(office.catalog, sleep=office.clock.sleep) is None
    office.clock.at += timedelta(hours=1)
    report = run_due(office.catalog, sleep=office.clock.sleep)
    assert report is not None
    assert (report.made, report.sent) == (1, 1)
    assert office.inbox.readers == [ADA]
    assert len(office.told()) == 5
    assert run_due(office.catalog, sleep=office.clock.sleep) is None
    assert answers(office) == ["250 OK"]


def test_nobody_is_told_a_paper_twice_however_many_days_go_by(office: Post) -> None:
    office.subscribe(most=5)
    office.subscribe(kind="search", subject="category:cs.CL", most=5)  # the same address by another subscription
    office.morning(0)
    for day in range(1, 6):
        office.papers(*(record(20 * day + number, TODAY + day * DAY) for number in range(4)))
        office.morning()
    told = office.told()
    assert len(told) == len(set(told))
    assert len(told) > 20


def test_a_paper_that_turns_out_to_be_one_that_was_told_is_not_told_again(office: Post) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.morning(0)
    assert set(office.told()) == titles(range(1, 13))
    again = record(1, TODAY + DAY)
    new_name = record(
        200, TODAY + DAY, title=again.title, abstract=again.abstract, ids=("doi:10.1000/one", "arxiv:2603.00001")
    )
    office.papers(new_name, record(201, TODAY + DAY))
    office.morning()
    assert office.told().count(record(1).title) == 1
    assert record(201).title in office.told()
    assert "1 paper merged with ones you already had" in " ".join(text(office.inbox.last).split())


def test_two_papers_that_tell_the_same_are_told_as_one(office: Post) -> None:
    twin = record(1)
    office.papers(
        record(300, title=twin.title, abstract=twin.abstract + " Code is available.", authors=("Other Name",))
    )
    office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.morning(0)
    assert sum(twin.title == title for title in office.told()) == 1
    assert len(office.told()) == 12


def test_who_was_away_gets_one_edition_that_says_so(office: Post) -> None:
    mine = office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.morning(0)
    office.catalog.pause_subscription(office.catalog.link_subscription(mine.id), office.clock.at + 10 * DAY)
    for day in range(1, 11):
        office.papers(record(20 + day, TODAY + day * DAY))
        office.morning()
    assert office.states() == ["sent"]
    office.morning()
    assert office.states() == ["sent", "sent"]
    assert "While you were away" in text(office.inbox.last)
    assert set(office.told()) == titles([*range(1, 13), *range(21, 31)])


def test_days_without_power_are_caught_up_on_in_one_edition(office: Post) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.morning(0)
    for day in range(1, 8):
        office.papers(record(20 + day, TODAY + day * DAY))
    office.morning(7)
    assert office.states() == ["sent", "sent"]
    assert "6 editions before this one could not be made" in " ".join(text(office.inbox.last).split())
    assert set(office.told()) == titles([*range(1, 13), *range(21, 28)])


def test_a_paper_that_arrives_late_is_told_all_the_same(office: Post) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.morning(0)
    office.papers(record(40, TODAY - 2 * DAY), record(41, TODAY - 300 * DAY))
    office.morning()
    assert record(40).title in office.told()
    assert record(41).title not in office.told(), "history that is added is no news"


def test_an_empty_day_is_skipped_or_says_why_as_its_reader_chose(office: Post) -> None:
    office.subscribe(ADA, kind="search", subject="category:math.AG", when_empty="skip")
    office.subscribe(BOB, kind="search", subject="category:math.AG", when_empty="say")
    report = office.morning(0)
    assert (report.made, report.empty, report.sent) == (1, 1, 1)
    assert office.inbox.readers == [BOB]
    assert "Nothing of" in text(office.inbox.last)
    assert sorted(office.states()) == ["empty", "sent"]


def test_a_sunday_says_that_nothing_is_announced(office: Post) -> None:
    office.subscribe(when_empty="say", most=2)
    office.morning(0)
    office.morning(4)
    office.morning(1)  # a Saturday
    assert "announces nothing at weekends" in " ".join(text(office.inbox.last).split())


def test_a_reading_budget_is_kept(office: Post) -> None:
    office.subscribe(ADA, kind="search", subject="category:cs.CL", most=12, minutes=1)
    office.subscribe(BOB, kind="search", subject="category:cs.CL", most=12)
    office.morning(0)
    assert 1 <= len(office.told(ADA)) < len(office.told(BOB)) == 12
    mail = next(message for message in office.inbox.messages if message["To"] == ADA)
    assert f"{12 - len(office.told(ADA))} more passed and had no place" in " ".join(text(mail).split())


def test_the_last_place_explores_and_says_so(office: Post) -> None:
    office.papers(*(record(number, category="math.AG") for number in range(100, 110)))
    office.subscribe(kind="search", subject="category:cs.CL", most=6)
    office.morning(0)
    told = office.told()
    assert len(told) == 6
    assert set(told[:5]) <= titles(range(1, 13))
    assert told[5] in titles(range(100, 110))
    assert "Outside your usual" in text(office.inbox.last)


def test_what_is_hidden_or_gone_ends_a_subscription_and_not_the_others(office: Post, opened: Store) -> None:
    ada = opened.accounts.join("Ada", ADA, None, office.clock.at)
    shelf = opened.shelves.add(ada.id, "Reading", "lab", None, office.clock.at)
    opened.accounts.join("Bob", BOB, None, office.clock.at)
    mine = office.subscribe(BOB, kind="trending", most=2)
    followed = office.subscribe(BOB, kind="shelf", subject=str(shelf.id))
    opened.shelves.change(shelf.id, name=None, visibility="private", key=None)
    report = office.morning(0)
    assert (report.stopped, report.sent) == (1, 1)
    assert office.catalog.link_subscription(followed.id).state == "stopped"
    assert "not shown any more" in (office.catalog.link_subscription(followed.id).note or "")
    assert office.catalog.link_subscription(mine.id).state == "active"


# --- what a server does ---


def test_many_mails_go_through_one_connection(office: Post) -> None:
    for reader in READERS:
        office.subscribe(reader, most=2)
    assert office.morning(0).sent == len(READERS)
    assert office.inbox.connections == 1
    assert office.inbox.readers == READERS


def test_mail_leaves_encrypted_and_logged_in(opened: Store, tmp_path: Path) -> None:
    ours = certificate(tmp_path)
    (tmp_path / "key").write_text("a secret\n")
    mail = {"security": "starttls", "user": "tidings", "key_file": tmp_path / "key"}
    with post(opened, tmp_path, starttls=ours.serving, mail=mail) as office:
        office.papers(record(1))
        office.subscribe(ADA)
        office.subscribe(BOB)
        office.clock.at += timedelta(hours=2)
        refused = office.run()
        assert "certificate verify failed" in (refused.error or "")
        assert office.inbox.raw == []
        office.clock.at += timedelta(hours=1)
        assert office.run(trusted=ours.trusting).sent == 2
        assert office.inbox.encrypted == [True, True]
        assert office.inbox.logins == [("tidings", "a secret")]


@pytest.mark.parametrize(
    ("manner", "state", "mails"),
    [
        ("RCPT 451 later", "sent", 1),
        ("RCPT 550 5.1.1 no such user", "failed", 0),
        ("DATA 452 full", "sent", 1),
        ("DATA 554 no", "failed", 0),
        ("END 451 greylisted", "sent", 1),
        ("END 554 spam", "failed", 0),
        ("cut DATA", "sent", 1),
        ("cut END", "unknown", 0),
        ("cut TAKEN", "unknown", 1),
    ],
)
def test_what_was_certainly_not_taken_is_tried_again_and_nothing_else_is(
    office: Post, manner: str, state: str, mails: int
) -> None:
    office.subscribe(ADA)
    office.subscribe(BOB)
    office.inbox.manners[ADA] = [manner]
    office.morning(0)
    assert office.inbox.readers.count(BOB) == 1, "what befalls one is no matter of the others"
    for _ in range(8):
        office.clock.at += timedelta(hours=1)
        office.run()
    assert office.states()[0] == state
    assert office.inbox.readers.count(ADA) == mails
    assert office.inbox.readers.count(BOB) == 1


def test_a_connection_cut_in_the_middle_of_a_mail_never_makes_two_of_it(office: Post) -> None:
    office.subscribe(ADA)
    office.inbox.manners[ADA] = ["cut BODY"] * 3
    office.morning(0)
    for _ in range(12):
        office.clock.at += timedelta(hours=1)
        office.run()
    assert (office.states(), office.inbox.readers.count(ADA)) in [(["sent"], 1), (["unknown"], 0)]


def test_an_answer_that_comes_too_late_leaves_it_unknown(office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LAST_ANSWER", 0.05)
    office.subscribe(ADA)
    office.inbox.manners[ADA], office.inbox.lateness = ["late"], 0.5
    assert office.morning(0).unknown == 1
    office.clock.at += timedelta(hours=12)
    assert office.run().sent == 0
    assert office.states() == ["unknown"]
    assert [edition.state for _, edition in office.catalog.unsettled_editions()] == ["unknown"]


def test_a_server_that_tires_of_a_connection_is_called_again(office: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_MOST_ON_ONE", 3)
    for reader in READERS:
        office.subscribe(reader, most=2)
    assert office.morning(0).sent == len(READERS)
    assert office.inbox.connections == 3


def test_a_server_that_is_not_there_loses_nothing(opened: Store, tmp_path: Path) -> None:
    with post(opened, tmp_path, mail={"port": 1}) as office:
        office.papers(record(1))
        office.subscribe(ADA)
        report = office.morning(0)
        assert "did not take a mail" in (report.error or "")
        assert office.states() == ["waiting"]
        assert run_due(office.catalog) is None, "it is left alone for some minutes"
        rests = office.catalog.digests_rest_until()
        assert rests is not None
        office.clock.at = rests
        assert run_due(office.catalog) is not None
        second = office.catalog.digests_rest_until()
        assert second is not None
        assert second - office.clock.at == 2 * (rests - (office.clock.at - timedelta(minutes=10)))


def test_who_was_not_reached_for_days_gets_one_mail_that_tells_all(opened: Store, tmp_path: Path) -> None:
    with post(opened, tmp_path) as office:
        port = office.catalog.settings.mail.port
        office.catalog.settings.mail.port = 1
        office.subscribe(kind="search", subject="category:cs.CL", most=50)
        for day in range(4):
            office.papers(record(day + 1, TODAY + day * DAY))
            office.morning(1 if day else 0)
        office.catalog.settings.mail.port = port
        office.papers(record(5, TODAY + 4 * DAY))
        office.morning()
        assert office.inbox.readers == [ADA]
        assert set(office.told()) == titles(range(1, 6))
        assert "4 editions before this one could not be made" in " ".join(text(office.inbox.last).split())
        assert office.states() == ["failed"] * 4 + ["sent"]


def test_what_failed_for_good_is_news_again(office: Post) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.inbox.manners[ADA] = ["END 554 5.7.1 looks like spam"]
    office.morning(0)
    assert office.states() == ["failed"]
    office.papers(record(30, TODAY + DAY))
    office.morning()
    assert set(office.told()) == titles([*range(1, 13), 30])


def test_an_edition_is_given_up_after_some_attempts(office: Post) -> None:
    office.subscribe(ADA)
    office.inbox.manners[ADA] = ["RCPT 451 later"] * 100
    office.morning(0)
    for _ in range(20):
        office.clock.at += timedelta(minutes=50)
        office.run()
    found = office.catalog.all_editions()
    assert [(edition.state, edition.tried) for _, edition in found] == [("failed", 6)]


def test_refusals_in_a_row_pause_sending_and_say_so(opened: Store, tmp_path: Path) -> None:
    with post(opened, tmp_path, digest={"errors": 3, "pause": 40}) as office:
        office.papers(record(1), record(2))
        for reader in READERS:
            office.subscribe(reader)
            office.inbox.manners[reader] = ["RCPT 451 not now"]
        report = office.morning(0)
        assert "3 editions in a row were refused" in (report.rests or "")
        assert report.put_off == 3
        assert office.catalog.digest_progress().error == report.rests
        office.clock.at += timedelta(minutes=39)
        assert run_due(office.catalog) is None
        office.clock.at += timedelta(minutes=1)
        for reader in READERS:
            office.inbox.manners[reader] = []
        office.run()
        assert sorted(office.inbox.readers) == READERS


def test_a_domain_is_given_so_many_a_minute_and_others_do_not_wait(opened: Store, tmp_path: Path) -> None:
    with post(opened, tmp_path, digest={"rate": 3}) as office:
        office.papers(record(1))
        for reader in [*READERS, EVE]:
            office.subscribe(reader)
        office.clock.at += timedelta(hours=2)
        began = office.clock.at
        assert office.run().sent == 9
        assert office.inbox.readers[:4] == [*READERS[:3], EVE]
        assert office.clock.at - began == timedelta(minutes=2)


def test_who_leaves_before_it_is_sent_is_sent_nothing(office: Post) -> None:
    mine = office.subscribe(ADA)
    office.inbox.manners[ADA] = ["RCPT 451 later"]
    office.morning(0)
    office.catalog.leave(mine.id)
    office.clock.at += timedelta(hours=2)
    office.run()
    assert office.inbox.readers == []
    assert office.states() == ["failed"]


def test_an_address_that_is_refused_as_unknown_gets_no_more_mail(office: Post) -> None:
    mine = office.subscribe(ADA)
    office.inbox.manners[ADA] = ["RCPT 550 5.1.1 no such user"]
    office.morning(0)
    assert office.catalog.link_subscription(mine.id).state == "stopped"
    assert [each.address for each in office.catalog.all_suppressed()] == [ADA]


def test_a_server_that_relays_for_nobody_suppresses_nobody(office: Post) -> None:
    office.subscribe(ADA)
    office.inbox.manners[ADA] = ["RCPT 554 5.7.1 relay access denied"]
    assert office.morning(0).failed == 1
    assert office.catalog.all_suppressed() == []


def test_without_mail_set_up_nothing_is_made_and_the_reason_is_said(opened: Store, tmp_path: Path) -> None:
    with post(opened, tmp_path, mail={"host": None}) as office:
        office.papers(record(1))
        office.subscribe(ADA)
        assert "TIDINGS_MAIL_HOST" in (office.morning(0).error or "")
        assert office.states() == []


# --- several processes ---


def test_one_process_sends_at_a_time(office: Post) -> None:
    claim = office.catalog.claim_digests()
    with pytest.raises(BusyError):
        office.run()
    office.catalog.release_digests(claim, office.clock.at)
    office.run()


def test_two_processes_cannot_make_the_same_edition(office: Post) -> None:
    from tidings.digest.making import due_now
    from tidings.store.editions import Draft

    office.subscribe(ADA)
    office.clock.at += timedelta(hours=2)
    claim = office.catalog.claim_digests()
    drafts = [found for found in due_now(office.catalog) if isinstance(found, Draft)]
    assert office.catalog.make_editions(claim, drafts) == [True]
    assert office.catalog.make_editions(claim, drafts) == [False]
    assert office.states() == ["waiting"]


def test_who_lost_the_job_writes_and_sends_nothing_any_more(office: Post) -> None:
    office.subscribe(ADA)
    office.clock.at += timedelta(hours=2)
    slow = office.catalog.claim_digests()
    office.clock.at += timedelta(hours=1)
    assert office.run().sent == 1
    with pytest.raises(BusyError):
        office.catalog.make_editions(slow, [])
    with pytest.raises(BusyError):
        office.catalog.take_edition(slow, 1)
    assert office.inbox.readers == [ADA]


def test_what_was_being_sent_by_somebody_who_is_gone_is_unknown(office: Post) -> None:
    office.subscribe(ADA)
    office.inbox.manners[ADA] = ["RCPT 451 later"]
    office.morning(0)
    gone = office.catalog.claim_digests()
    assert office.catalog.take_edition(gone, 1)
    office.clock.at += timedelta(hours=1)
    report = office.run()
    assert (report.unknown, report.sent) == (1, 0)
    assert office.states() == ["unknown"]
    office.catalog.finish_edition(gone, 1, "sent", "250 at last")
    assert office.states() == ["unknown"], "it was declared so, and stays so"


@pytest.mark.parametrize("fault", [RuntimeError, ValueError])
def test_one_that_cannot_be_made_does_not_keep_the_others(
    office: Post, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    bad = office.subscribe(ADA)
    office.subscribe(BOB)
    original = office.catalog.fresh

    def fresh(subscription: Any, *others: Any) -> Any:
        if subscription.id == bad.id:
            raise fault("a fault")
        return original(subscription, *others)

    monkeypatch.setattr(office.catalog, "fresh", fresh)
    office.morning(0)
    assert office.inbox.readers == [BOB]
    monkeypatch.undo()
    office.papers(record(50, TODAY + DAY))
    office.morning()
    assert office.inbox.readers.count(ADA) == 1, "its next edition covers what the first would have"


def test_nothing_of_a_merge_between_making_and_sending_is_lost(office: Post, opened: Store) -> None:
    office.subscribe(kind="search", subject="category:cs.CL", most=50)
    office.inbox.manners[ADA] = ["RCPT 451 later"]
    office.morning(0)
    take(opened, record(1, ids=("arxiv:2603.00001", "arxiv:2603.00002")))
    office.clock.at += timedelta(hours=1)
    assert office.run().sent == 1
    assert len(office.told()) >= 11
