"""Mail that lets people in: how it reads, and that it leaves protected or not at all."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.mail_server import HOST, Certificate, certificate, mail_server
from tests.scripted import START
from tidings import mail
from tidings.errors import InputError, MailError
from tidings.settings import Settings
from tidings.settings.people import MailSettings

PUBLIC = "https://papers.lab.example"
LINK = f"{PUBLIC}/sign-in/link/secret-secret"
ADA = "ada@lab.example"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificate"))


def settings(**others: object) -> Settings:
    usual = {"host": HOST, "sender": "tidings@lab.example", "security": "none"}
    given = others.pop("mail", {})
    assert isinstance(given, dict)
    return Settings(**{"public_url": PUBLIC, "mail": {**usual, **given}, **others})


def sign_in_mail(to: str = ADA, **others: object) -> EmailMessage:
    return mail.sign_in_mail(settings(**others), to, LINK, START, minutes=20)


def invitation(by: str) -> EmailMessage:
    return mail.invitation_mail(settings(), ADA, LINK, START, days=14, by=by)


def parts(message: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a mail."""
    found = [message.get_body((kind,)) for kind in ("plain", "html")]
    contents = [part.get_content().replace("\r\n", "\n") for part in found if part is not None]
    return contents[0], contents[1]


# --- how a mail reads ---


def test_a_mail_says_the_same_as_text_and_as_html() -> None:
    text, html = parts(sign_in_mail())
    for part in (text, html):
        assert part.count(LINK) == 1
        assert PUBLIC in part
        assert "works once, for 20 minutes" in part
    assert text.isascii()
    assert LINK in text.splitlines(), "a link alone on its line is a link in every program"


def test_a_mail_loads_nothing_from_anywhere() -> None:
    _, html = parts(sign_in_mail())
    assert not re.search(r"<(img|link|script|style|iframe)|src=|url\(|@import", html, re.IGNORECASE)


def test_a_mail_names_sender_reader_time_and_that_a_program_wrote_it() -> None:
    message = sign_in_mail()
    assert message["From"] == "Tidings <tidings@lab.example>"
    assert message["To"] == ADA
    assert message["Subject"] == "Sign in to Tidings"
    assert message["Date"].datetime == START
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@lab.example>")


@pytest.mark.parametrize(
    "by",
    [
        "Eve\r\nBcc: everybody@lab.example",
        "Eve\nSubject: won",
        "Eve\x00\x0b\u2028Bcc: x@y.z",
        "=?utf-8?q?=0D=0ABcc:_x@y.z?=",
    ],
)
def test_a_name_cannot_add_a_header(by: str) -> None:
    message = invitation(by)
    assert set(message.keys()) == set(sign_in_mail().keys())
    head = message.as_bytes().split(b"\r\n\r\n")[0]
    assert not re.search(rb"^(Bcc|Subject: won)", head, re.MULTILINE)
    assert message["Subject"].endswith("invites you to Tidings")


def test_a_name_is_text_in_html_too() -> None:
    text, html = parts(invitation('<img src=x onerror=alert(1)> & "Eve"'))
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &quot;Eve&quot; invites you" in html
    assert '<img src=x onerror=alert(1)> & "Eve" invites you' in text


def test_a_name_that_is_nothing_is_an_administrator() -> None:
    assert invitation("\x00 ")["Subject"] == "An administrator invites you to Tidings"


def test_a_name_in_other_letters_arrives_whole() -> None:
    assert invitation("Софья Ковалевская")["Subject"] == "Софья Ковалевская invites you to Tidings"


@pytest.mark.parametrize("to", ["ada@lab.example\r\nBcc: x@y.example", "ada@lab.example, x@y.example", "nobody", ""])
def test_what_is_no_address_gets_no_mail(to: str) -> None:
    with pytest.raises(InputError):
        sign_in_mail(to)


# --- where links lead ---


def test_a_link_begins_with_the_address_that_readers_know() -> None:
    assert mail.link_to(settings(), "se/cret") == f"{PUBLIC}/sign-in/link/se%2Fcret"
    assert mail.link_to(settings(public_url=f"{PUBLIC}/"), "s", "/shelves?a=b") == (
        f"{PUBLIC}/sign-in/link/s?next=/shelves%3Fa%3Db"
    )


def test_on_this_machine_alone_a_link_needs_no_setting() -> None:
    assert mail.link_to(Settings(port=8123), "s") == "http://localhost:8123/sign-in/link/s"
    with pytest.raises(InputError, match="TIDINGS_PUBLIC_URL"):
        mail.link_to(Settings(host="0.0.0.0"), "s")


@pytest.mark.parametrize("url", ["papers.lab.example", "ftp://x.example", "https://", "https://x.example?a=b", "//x"])
def test_an_address_that_readers_could_not_open_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="TIDINGS_PUBLIC_URL"):
        mail.site_address(settings(public_url=url))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"host": None}, "TIDINGS_MAIL_HOST"),
        ({"sender": None}, "TIDINGS_MAIL_SENDER"),
        ({"sender": "nobody"}, "nobody"),
        ({"host": "mail.example", "user": "ada"}, "TIDINGS_MAIL_SECURITY"),
    ],
)
def test_a_setting_that_lacks_is_named(given: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        mail.check(settings(mail=given))


# --- how a mail leaves ---


def test_it_arrives_as_it_was_written() -> None:
    with mail_server() as inbox:
        mail.send(MailSettings(host=HOST, port=inbox.port, security="none"), sign_in_mail())
        assert parts(inbox.last) == parts(sign_in_mail())
        assert inbox.last["To"] == ADA


def test_it_leaves_encrypted_once_the_server_is_known(ours: Certificate, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a secret\n")
    with mail_server(starttls=ours.serving) as inbox:
        given = MailSettings(host=HOST, port=inbox.port, user="ada", key_file=tmp_path / "key")
        mail.send(given, sign_in_mail(), ours.trusting)
        assert (inbox.encrypted, inbox.logins) == ([True], [("ada", "a secret")])


def test_it_leaves_encrypted_from_the_first_byte(ours: Certificate) -> None:
    with mail_server(tls=ours.serving) as inbox:
        mail.send(MailSettings(host=HOST, port=inbox.port, security="tls"), sign_in_mail(), ours.trusting)
        assert len(inbox.raw) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_ends_it(ours: Certificate, security: str) -> None:
    offered = {"starttls" if security == "starttls" else "tls": ours.serving}
    with mail_server(**offered) as inbox:
        given = MailSettings.model_validate({"host": HOST, "port": inbox.port, "security": security, "user": "ada"})
        with pytest.raises(MailError, match="certificate verify failed"):
            mail.send(given, sign_in_mail())
        assert (inbox.raw, inbox.logins) == ([], [])


def test_a_certificate_for_another_host_ends_it(tmp_path: Path) -> None:
    others = certificate(tmp_path, "mail.elsewhere.example")
    with mail_server(starttls=others.serving) as inbox:
        with pytest.raises(MailError, match="certificate"):
            mail.send(MailSettings(host=HOST, port=inbox.port), sign_in_mail(), others.trusting)
        assert inbox.raw == []


def test_a_server_that_offers_no_protection_gets_nothing() -> None:
    with mail_server() as inbox:
        with pytest.raises(MailError, match="STARTTLS"):
            mail.send(MailSettings(host=HOST, port=inbox.port, user="ada"), sign_in_mail())
        assert (inbox.raw, inbox.logins) == ([], [])


def test_a_refusal_is_told_without_what_was_sent() -> None:
    with mail_server() as inbox:
        inbox.refuses = "550 no ada@lab.example here"
        with pytest.raises(MailError) as refused:
            mail.send(MailSettings(host=HOST, port=inbox.port, security="none"), sign_in_mail())
    assert "secret" not in str(refused.value)
    assert "refused the address" in str(refused.value)


def test_a_server_that_is_not_there_is_named() -> None:
    with mail_server() as inbox:
        port = inbox.port
    with pytest.raises(MailError, match=r"mail server 127\.0\.0\.1"):
        mail.send(MailSettings(host=HOST, port=port, security="none"), sign_in_mail())
