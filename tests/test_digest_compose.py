"""An edition as a mail: the same in text and HTML, well-formed whatever people wrote, never cut off."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import replace
from datetime import date, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from tests.digest_help import LINKER, LINKS, NOW, SENTENCE, SITE, digest, paper, settings, story, subscription
from tests.mail_lint import parsed, problems
from tidings.digest.compose import LARGEST, compose, text_of
from tidings.digest.gist import best, first_sentences, gists
from tidings.digest.letter import letter, on_the_wire
from tidings.digest.links import DISMISS, LEAVE, LIKE, SAVE
from tidings.digest.wording import account, changed, printed, sentences, subject
from tidings.embed import load_default, paper_text
from tidings.types import Digest, FieldChange, Paper


def mail(told: Digest) -> EmailMessage:
    """Return a mail as its reader's program parses it."""
    raw = compose(told, settings(), LINKS, NOW).as_bytes()
    assert problems(raw) == []
    return parsed(raw)


def shown(message: EmailMessage) -> tuple[str, str]:
    """Return the words of the text and of the HTML, without markup and line ends."""
    html = text_of(message, "html").partition("<body")[2]
    without_tags = unescape(re.sub(r"<[^>]*>", " ", "<" + html))
    return " ".join(text_of(message, "plain").split()), " ".join(without_tags.split())


# --- what it says ---


def test_text_and_html_say_the_same_of_every_paper() -> None:
    change = FieldChange("title", "Careless sampling", "Careful sampling")
    told = digest([story(1, is_outside=True), story(2, changes=(change,), venue="ICLR 2025")], left_over=3)
    for body in shown(mail(told)):
        for words in (
            "Your feed",
            "Thursday, 20 March 2025",
            "Careful sampling, part 1",
            "Ada Lovelace, Charles Babbage, Alan Turing + 2 · 19 Mar 2025 · cs.LG",
            "ICLR 2025",
            "because you liked “Compacter”",
            SENTENCE.strip(),
            "Title: Careful sampling (was: Careless sampling)",
            "Covers the announcements of Tue 18 Mar and Wed 19 Mar 2025; 1,214 papers read for you; 2 chosen; "
            "3 more passed and had no place; 2 papers merged with ones you already had.",
            "Sent to ada@lab.example every day at 7:00 (Europe/Paris)",
        ):
            assert words in body, words
        assert body.lower().count("outside your usual") == 1


def test_every_link_is_in_both_bodies_and_leads_here_or_to_the_paper() -> None:
    message = mail(digest([story(1)]))
    text, html = (text_of(message, kind) for kind in ("plain", "html"))
    found = {unescape(link) for link in re.findall(r'href="([^"]*)"', html)}
    assert found - {f"{SITE}/"} == set(re.findall(r"https?://\S+", text)) - {f"{SITE}."}
    for purpose in (LIKE, DISMISS, SAVE):
        assert LINKS.to(purpose, 1) in found
    assert f"{SITE}/paper/arxiv:2503.00001" in found
    assert {urlsplit(link).hostname for link in found} == {"papers.lab.example", "arxiv.org", "github.com"}


def test_a_stranger_is_offered_nothing_that_takes_an_account() -> None:
    message = mail(digest([story(1)], subscription=subscription(account_id=None)))
    assert "/mail/like/" not in text_of(message, "plain") + text_of(message, "html")
    assert LINKS.to(LEAVE) in text_of(message, "plain")


def test_an_empty_edition_says_why() -> None:
    why = "Nothing was announced on Saturday. Friday’s papers appear on Sunday at 20:00 New York time."
    message = mail(digest(note=why, covers=(), considered=0, merged=0))
    assert message["Subject"] == "Your feed, 20 Mar 2025: nothing new"
    for body in shown(message):
        assert why in body
        assert "0 papers read for you; 0 chosen." in body


def test_the_subject_names_the_first_paper_and_how_many_more() -> None:
    assert subject(digest([story(1)])) == "Your feed, 20 Mar 2025: Careful sampling, part 1"
    assert subject(digest([story(1), story(2), story(3)])).endswith("Careful sampling, part 1 + 2 more")


@pytest.mark.parametrize(
    ("covers", "words"),
    [
        ((date(2025, 3, 19),), "Covers the announcements of Wed 19 Mar 2025; "),
        ((date(2024, 12, 31), date(2025, 1, 2)), "Covers the announcements of Tue 31 Dec 2024 and Thu 2 Jan 2025; "),
        (
            tuple(date(2025, 3, day) for day in range(3, 15)),
            "Covers 12 days of announcements, Mon 3 Mar 2025 to Fri 14 Mar 2025; ",
        ),
        ((), "1,214 papers read for you; "),
    ],
)
def test_a_digest_accounts_for_the_days_it_covers(covers: tuple[date, ...], words: str) -> None:
    assert account(digest([story(1)], covers=covers)).startswith(words)


def test_a_weekly_digest_says_its_day() -> None:
    weekly = digest([story(1)], subscription=subscription(cadence="weekly", weekday=0, hour=18))
    assert "every Monday at 18:00 (Europe/Paris)" in shown(mail(weekly))[0]


def test_tex_becomes_plain_text() -> None:
    assert printed(r"$\mathcal{O}(n^{2})$ at $10^{-3}$ in CO$_2$, Erd\H{o}s") == "O(n²) at 10⁻³ in CO₂, Erdős"
    assert printed("costs $5 and x_y stay; $x^{a+b}$") == "costs $5 and x_y stay; xa+b" or "$" not in printed("$x^2$")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (FieldChange("abstract", "We try. It works.", "We try. It works well. More."), "New in the abstract: It works well. More."),
        (FieldChange("abstract", "We try. It works.", "We try."), "The abstract is shorter."),
        (FieldChange("comment", "", "9 pages"), "Comment: now 9 pages"),
        (FieldChange("comment", "9 pages", ""), "Comment: no longer 9 pages"),
    ],
)  # fmt: skip
def test_what_a_new_version_changed_is_said_in_a_sentence(change: FieldChange, words: str) -> None:
    assert list(changed((change,))) == [words]


# --- headers ---


def test_headers_say_whose_list_it_is_and_how_to_leave() -> None:
    message = mail(digest([story(1)]))
    assert message["From"] == "Tidings <tidings@lab.example>"
    assert message["To"] == "ada@lab.example"
    assert message["List-Id"] == "<digest-12.papers.lab.example>"
    assert message["List-Unsubscribe"] == f"<{LINKS.to(LEAVE)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW


def test_one_leaves_by_mail_too_where_a_mailbox_is_looked_into() -> None:
    own = settings(bounces={"host": "imap.lab.example", "user": "tidings"})
    raw = compose(digest([story(1)]), own, LINKS, NOW).as_bytes()
    assert problems(raw) == []
    web, by_mail = str(parsed(raw)["List-Unsubscribe"]).split(", ")
    assert web == f"<{LINKS.to(LEAVE)}>"
    assert by_mail.startswith("<mailto:tidings@lab.example?subject=unsubscribe%20")
    subject = unquote(by_mail.partition("subject=")[2].removesuffix(">"))
    assert LINKER.left_by(f"Re: {subject}", NOW + timedelta(days=3000)) == 12
    for wrong in ("unsubscribe", subject[:-1], f"{subject}A", subject.replace("A", "B", 1), ""):
        assert LINKER.left_by(wrong, NOW) is None, wrong


def test_the_same_edition_is_the_same_mail() -> None:
    told = digest([story(1)])
    first = compose(told, settings(), LINKS, NOW).as_bytes()
    assert compose(told, settings(), LINKS, NOW).as_bytes() == first
    other = parsed(compose(told, settings(), replace(LINKS, edition=78), NOW).as_bytes())
    assert other["Message-ID"] != parsed(first)["Message-ID"]


def test_a_mail_leaves_as_the_library_writes_it_with_its_dots_doubled() -> None:
    text = ".\n..hidden\n.y " + "ä" * 90 + " =\n"
    message = letter([("To", Address(addr_spec="ada@lab.example")), ("Subject", "Ä.")], text, f"<p>{text}</p>", "edge")
    leaving = on_the_wire(message)
    assert leaving.replace(b"\r\n..", b"\r\n.").splitlines() == message.as_bytes().splitlines()
    assert leaving.count(b"\r\n..") >= 2
    assert b"\r\n.\r\n" not in leaving, "only the last dot ends a mail"
    assert text_of(parsed(message.as_bytes()), "plain").splitlines() == text.splitlines()


@pytest.mark.parametrize("value", ["one\r\nBcc: everybody@lab.example", "<ä@lab.example>"])
def test_a_header_of_ours_has_one_line_of_plain_letters(value: str) -> None:
    with pytest.raises(ValueError, match=r"linefeed|ASCII"):
        letter([("List-Id", value)], "text", "<p>text</p>", "edge")


def test_one_click_is_not_promised_without_encryption() -> None:
    links = replace(LINKS, linker=type(LINKS.linker)(b"x" * 32, "http://localhost:8000"))
    message = parsed(compose(digest([story(1)]), settings(), links, NOW).as_bytes())
    assert message["List-Unsubscribe-Post"] is None
    assert message["List-Unsubscribe"].startswith("<http://localhost:8000/mail/leave/")


def test_an_address_to_leave_is_never_broken_or_encoded() -> None:
    links = replace(LINKS, linker=type(LINKS.linker)(b"x" * 32, f"https://{'papers.' * 20}example"))
    raw = compose(digest([story(1)]), settings(), links, NOW).as_bytes()
    assert f"List-Unsubscribe: <{links.to(LEAVE)}>\r\n".encode() in raw


HOSTILE = st.text(
    st.one_of(st.sampled_from("\r\n\t\0\x0b\u2028\u202e<>&\"'`${}\\=?_.:@ "), st.characters(codec="utf-8")),
    max_size=120,
)


@trying(deadline=None)
@given(title=HOSTILE, name=HOSTILE, words=HOSTILE)
def test_nothing_that_people_write_adds_a_header_or_markup(title: str, name: str, words: str) -> None:
    change = FieldChange("title", words, title)
    hostile = story(1, words, title=title, abstract=words, authors=(name,), venue=name, reason=words, changes=(change,))
    told = digest([hostile], note=words, subscription=subscription(name=name))
    plain = mail(digest([story(1)]))
    message = mail(told)
    assert message.keys() == plain.keys()
    allowed = set(re.findall(r"<[a-z0-9]+", text_of(plain, "html"))) | {"<p"}
    assert set(re.findall(r"<[a-z0-9]+", text_of(message, "html").lower())) <= allowed


@pytest.mark.parametrize(
    "title",
    [
        "Bcc: everybody@lab.example\r\nBcc: everybody@lab.example",
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "]]> --> </title></style></p><h1>Done</h1>",
        "a" * 5_000,
        "Ünïcödé " * 60,
        "深層学習" * 80,
        "--tidings\r\n\r\nContent-Type: text/html",
        "=?utf-8?q?=0D=0ABcc:_x@y.z?=",
    ],
)
def test_hostile_titles_stay_titles(title: str) -> None:
    message = mail(digest([story(1, title=title)]))
    assert "Bcc" not in message
    assert "<script" not in text_of(message, "html")


def test_a_link_of_a_source_that_leads_nowhere_good_is_left_out() -> None:
    from tidings.types import Link

    bad = (Link("code", "javascript:alert(1)"), Link("pdf", "https://a@evil.example/x"))
    html = text_of(mail(digest([story(1, links=bad)])), "html")
    assert "javascript" not in html and "evil" not in html


# --- size ---


def test_fifty_papers_with_long_abstracts_fit() -> None:
    told = digest([story(number, SENTENCE * 5) for number in range(1, 51)])
    message = mail(told)
    html, text = text_of(message, "html"), text_of(message, "plain")
    assert len(html.encode()) <= LARGEST
    body = message.get_body(("html",))
    assert body is not None and len(body.as_bytes()) <= LARGEST
    for number in range(1, 51):
        assert f"part {number}<" in html and f"part {number}\r\n" in text.replace("\n", "\r\n").replace("\r\r", "\r")
    has_gist = ["We study" in part for part in html.split("<h2")[1:]]
    assert 10 < sum(has_gist) < 50
    assert has_gist == sorted(has_gist, reverse=True), "gists are left out from the end"
    assert text.count("We study") == 250, "the plain text has everything"


@pytest.mark.parametrize("sign", "aЖ深𝔘=<")
def test_hundred_papers_with_everything_too_long_fit(sign: str) -> None:
    told = digest(
        [
            story(number, sign * 5_000, title=sign * 5_000, authors=(sign * 500,) * 3_000, reason=sign * 5_000)
            for number in range(1, 101)
        ],
        note=sign * 50_000,
        subscription=subscription(most=100),
    )
    message = mail(told)
    body = message.get_body(("html",))
    assert body is not None and len(body.as_bytes()) <= LARGEST
    assert text_of(message, "html").count("<h2") == 100


def test_a_paper_without_anything_is_told_too() -> None:
    bare = Paper(id=1, key="file:1", title="")
    message = mail(digest([replace(story(1), paper=bare, gist="", reason="")]))
    assert "Without a title" in shown(message)[0]


# --- the gist ---


def test_the_gist_is_the_sentence_that_finds_its_paper_again() -> None:
    encoder = load_default()
    abstract = (
        "Large language models are widely used today in many areas of research and industry. "
        "We cut the adapters of protein folding networks to rank two, and lose nothing on CASP15. "
        "Extensive experiments show the effectiveness of the proposed method on several benchmarks."
    )
    own = paper(1, title="Low-rank adapters for protein folding", abstract=abstract)
    others = [paper(n, title="Large language models", abstract="Language models are widely used.") for n in range(2, 6)]
    vectors = encoder.encode([paper_text(each.title, each.abstract) for each in (own, *others)])
    [found] = gists([own], vectors[:1], vectors.mean(axis=0), encoder.encode)
    assert found.startswith("We cut the adapters")


def test_likeness_to_the_average_counts_against_a_sentence() -> None:
    own = np.array([0.8, 0.6, 0.0], dtype=np.float32)
    common, telling = np.array([1.0, 0.0, 0.0], dtype=np.float32), np.array([0.6, 0.8, 0.0], dtype=np.float32)
    assert best(np.stack([common, telling]), own, np.zeros(3, dtype=np.float32)) == 1
    middle = np.array([0.9, 0.43, 0.0], dtype=np.float32)
    assert best(np.stack([middle, telling]), own, np.zeros(3, dtype=np.float32)) == 0
    assert best(np.stack([middle, telling]), own, common) == 1


def test_without_a_vector_the_first_sentences_stand_for_a_paper() -> None:
    encoder = load_default()
    nothing = np.zeros((1, encoder.dimensions), dtype=np.float32)
    [found] = gists([paper(1, abstract=f"One. Two. {SENTENCE}")], nothing, nothing[0], encoder.encode)
    assert found == f"One. Two. {SENTENCE.strip()}"
    assert gists([paper(1, abstract="")], nothing, nothing[0], encoder.encode) == [""]
    assert len(first_sentences("word " * 500)) <= 320


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One sentence. Another one! A third?", 3),
        ("We follow Smith et al. 2020 and e.g. Jones. It works.", 2),
        ("Version 2.5 is 3.4 times faster. See Fig. 3 for it.", 2),
        ("By J. R. Smith and others", 1),
        ("", 0),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len(sentences(text)) == count


# --- real papers ---


def test_real_papers_give_mails_without_fault(shared_data: Path) -> None:
    told = []
    with lzma.open(shared_data / "papers" / "arxiv_cs.jsonl.xz", "rt") as lines:
        for number, line in zip(range(1, 301), lines, strict=False):
            row = json.loads(line)
            own = paper(number, title=row["title"], abstract=row["abstract"], authors=tuple(row["authors"]))
            told.append(replace(story(number), paper=own, gist=first_sentences(own.abstract)))
    for start in range(0, 300, 20):
        mail(digest(told[start : start + 20]))
