"""Digests as the tests make them: made-up readers, real or hostile papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from tidings.digest.links import EditionLinks, Linker
from tidings.settings import Settings
from tidings.types import Digest, Link, Paper, Story, Subscription

NOW = datetime(2025, 3, 20, 6, 0, tzinfo=UTC)
SITE = "https://papers.lab.example"
LINKER = Linker(b"a secret of thirty-two bytes ....", SITE)
LINKS: EditionLinks = LINKER.edition(12, 77, NOW.date())
SENTENCE = (
    "We study sampling under a budget and find that careful choices help more than scale does, by a wide margin. "
)


def settings(**others: object) -> Settings:
    mail = {"host": "127.0.0.1", "sender": "tidings@lab.example"}
    return Settings(**{"public_url": SITE, "mail": mail, **others})


def subscription(**others: Any) -> Subscription:
    usual = Subscription(
        id=12,
        account_id=3,
        channel="mail",
        address="ada@lab.example",
        kind="feed",
        subject="",
        name="Your feed",
        cadence="daily",
        weekday=None,
        hour=7,
        zone="Europe/Paris",
        most=10,
        minutes=None,
        when_empty="say",
        state="active",
        note=None,
        resumes=None,
        covered=NOW,
        due=NOW,
        created=NOW,
        confirmed=NOW,
    )
    return replace(usual, **others)


def paper(number: int, **others: Any) -> Paper:
    usual = Paper(
        id=number,
        key=f"arxiv:2503.{number:05}",
        title=f"Careful sampling, part {number}",
        abstract=SENTENCE * 3,
        authors=("Ada Lovelace", "Charles Babbage", "Alan Turing", "Grace Hopper", "Emmy Noether"),
        ids=(f"arxiv:2503.{number:05}",),
        categories=("cs.LG",),
        announced=date(2025, 3, 19),
        links=(Link("code", "https://github.com/lab/code"),),
    )
    return replace(usual, **others)


def story(number: int, gist: str = SENTENCE, **others: Any) -> Story:
    own = {name: others.pop(name) for name in ("is_outside", "changes", "reason") if name in others}
    return Story(paper(number, **others), own.pop("reason", "because you liked “Compacter”"), gist.strip(), **own)


def digest(stories: Sequence[Story] = (), **others: Any) -> Digest:
    usual = Digest(
        subscription=subscription(),
        name="2025-03-20",
        stories=tuple(stories),
        covers=(date(2025, 3, 18), date(2025, 3, 19)),
        considered=1214,
        merged=2,
        left_over=0,
        note=None,
        until=NOW,
    )
    return replace(usual, **others)
