"""What comes back: delivery reports and complaints, from whomever they are of, and from nobody who makes them up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.imap_server import Mailbox, mailbox
from tests.post_help import ADA, BOB, Post, post, record
from tidings.digest.bounces import COMPLAINT, HARD, SOFT, parse, read_due, read_mailbox
from tidings.errors import InputError, MailError
from tidings.store import Store, open_store


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture
def office(opened: Store, tmp_path: Path, box: Mailbox) -> Iterator[Post]:
    (tmp_path / "key").write_text("a secret")
    bounces = {"host": "127.0.0.1", "port": box.port, "security": "none", "user": "t", "key_file": tmp_path / "key"}
    with post(opened, tmp_path, bounces=bounces) as made:
        made.papers(record(1), record(2))
        for address in (ADA, BOB):
            made.subscribe(address)
        made.morning(0)
        yield made


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def delivery_report(original: EmailMessage | str, status: str, action: str = "failed", diagnosis: str = "") -> bytes:
    """Return what a server writes of a mail that it could not deliver (as Postfix does)."""
    message_id = original if isinstance(original, str) else original["Message-ID"]
    return crlf(f"""From: MAILER-DAEMON@mail.example
To: tidings@lab.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: 4F2

Final-Recipient: rfc822; {ADA}
Original-Recipient: rfc822;{ADA}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.lab.example
Diagnostic-Code: smtp; {diagnosis}

--x
Content-Type: text/rfc822-headers

From: Tidings <tidings@lab.example>
To: {ADA}
Message-ID: {message_id}
Subject: Trending

--x--
""")


def complaint(original: EmailMessage, kind: str = "abuse") -> bytes:
    """Return what a provider writes when its reader says that a mail is spam (RFC 5965)."""
    return crlf(f"""From: abuse@provider.example
To: tidings@lab.example
Subject: FW: Trending
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="y"

--y
Content-Type: text/plain

This is an email abuse report.
--y
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--y
Content-Type: message/rfc822
Content-Disposition: inline

From: Tidings <tidings@lab.example>
To: redacted@provider.example
Message-ID: {original["Message-ID"]}
Subject: Trending

Whatever it was.
--y--
""")


def mail_to(office: Post, address: str) -> EmailMessage:
    return next(message for message in office.inbox.messages if message["To"] == address)


def state(office: Post, address: str) -> str:
    return next(each.state for each in office.catalog.all_subscriptions() if each.address == address)


# --- what a report says ---


@pytest.mark.parametrize(
    ("status", "diagnosis", "kind"),
    [
        ("5.1.1", "550 5.1.1 no such user", HARD),
        ("5.1.10", "556 null MX", HARD),
        ("5.2.1", "550 mailbox disabled", HARD),
        ("5.0.0", "550 User unknown", HARD),
        ("5.0.0", "550 rejected by policy", SOFT),
        ("5.2.2", "552 mailbox full", SOFT),
        ("5.7.1", "554 looks like spam", SOFT),
        ("4.4.7", "delivery time expired", SOFT),
    ],
)
def test_a_report_is_hard_where_the_box_is_gone_and_soft_else(status: str, diagnosis: str, kind: str) -> None:
    found = parse(delivery_report("<1.0123456789abcdef@lab.example>", status, diagnosis=diagnosis))
    assert found is not None
    assert (found.kind, found.message_id) == (kind, "<1.0123456789abcdef@lab.example>")
    assert status in found.detail


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_did_not_fail_is_no_bounce(action: str) -> None:
    assert parse(delivery_report("<1.0123456789abcdef@lab.example>", "4.0.0", action)) is None


@pytest.mark.parametrize("raw", [b"", b"\x00\xff", b"Subject: I am on holiday\r\n\r\nBack on Monday.\r\n"])
def test_what_is_no_report_says_nothing(raw: bytes) -> None:
    assert parse(raw) is None


# --- what is done about it ---


def test_a_box_that_is_gone_ends_it_for_that_reader(office: Post, box: Mailbox) -> None:
    box.mails.append(delivery_report(mail_to(office, ADA), "5.1.1", diagnosis="550 no such user"))
    assert read_mailbox(office.catalog) == 1
    assert (state(office, ADA), state(office, BOB)) == ("stopped", "active")
    assert [(each.address, each.kind) for each in office.catalog.all_returned()] == [(ADA, "hard")]


def test_a_complaint_ends_it_though_it_does_not_name_its_reader(office: Post, box: Mailbox) -> None:
    found = parse(complaint(mail_to(office, BOB)))
    assert found is not None
    assert found.kind == COMPLAINT
    box.mails.append(complaint(mail_to(office, BOB)))
    assert read_mailbox(office.catalog) == 1
    assert (state(office, ADA), state(office, BOB)) == ("active", "stopped")


def test_a_reader_who_takes_it_back_is_no_complaint(office: Post, box: Mailbox) -> None:
    box.mails.append(complaint(mail_to(office, BOB), "not-spam"))
    assert read_mailbox(office.catalog) == 0
    assert state(office, BOB) == "active"


def test_one_that_is_full_is_counted_once_for_each_mail(office: Post, box: Mailbox) -> None:
    report = delivery_report(mail_to(office, ADA), "5.2.2", diagnosis="552 full")
    box.mails += [report] * 6  # as after a crash between noting and marking
    assert read_mailbox(office.catalog) == 6
    assert state(office, ADA) == "active"
    assert len(office.catalog.all_returned()) == 1


@pytest.mark.parametrize("forged", ["<1.0000000000000000@lab.example>", "<99.0123456789abcdef@lab.example>", "<x@y>"])
def test_nobody_can_end_it_for_another_by_a_report_of_their_own(office: Post, box: Mailbox, forged: str) -> None:
    box.mails.append(delivery_report(forged, "5.1.1"))
    assert read_mailbox(office.catalog) == 0
    assert state(office, ADA) == "active"
    assert office.catalog.all_returned() == []


def test_what_people_write_is_left_to_people_and_reports_are_read_once(office: Post, box: Mailbox) -> None:
    box.mails.append(b"From: ada@lab.example\r\nSubject: Thanks!\r\nContent-Type: text/plain\r\n\r\nThanks!\r\n")
    box.mails.append(delivery_report(mail_to(office, ADA), "5.1.1"))
    assert read_mailbox(office.catalog) == 1
    assert box.seen == {2}
    assert read_mailbox(office.catalog) == 0


def test_the_mailbox_is_looked_into_when_it_is_time_to(office: Post, box: Mailbox) -> None:
    assert read_due(office.catalog) == 0
    assert read_due(office.catalog) is None
    office.clock.at += timedelta(minutes=15)
    assert read_due(office.catalog) == 0
    assert box.asked.count("LOGIN") == 2


def test_a_mailbox_that_cannot_be_read_is_said_and_left_alone_for_a_while(office: Post, box: Mailbox) -> None:
    box.refuses = True
    with pytest.raises(MailError, match=r"127\.0\.0\.1"):
        read_due(office.catalog)
    assert read_due(office.catalog) is None


def test_a_folder_that_is_not_there_is_named(office: Post) -> None:
    office.catalog.settings.bounces.folder = "Elsewhere"
    with pytest.raises(MailError, match="Elsewhere"):
        read_mailbox(office.catalog)


def test_without_a_mailbox_none_is_looked_into(office: Post) -> None:
    office.catalog.settings.bounces.host = None
    assert read_due(office.catalog) is None
    with pytest.raises(InputError, match="TIDINGS_BOUNCES_HOST"):
        read_mailbox(office.catalog)
