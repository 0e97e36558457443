"""What an edition tells: feeds, new versions, hooks; the pure choice; and the commands."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from tests.people_help import member
from tests.post_help import ADA, BOB, DAY, TODAY, Post, post, record, text
from tests.test_sync import take
from tidings.cli import cli
from tidings.digest.choosing import choose, within
from tidings.store import Store
from tidings.store.tables import subscription
from tidings.sync import Tally, take_batch
from tidings.types import Pace, Paper, Story, Version


@pytest.fixture
def office(opened: Store, tmp_path: Path) -> Iterator[Post]:
    with post(opened, tmp_path) as made:
        made.papers(*(record(number) for number in range(1, 13)))
        yield made


# --- the choice, which is pure ---


def vectors(rows: dict[int, Sequence[float]]) -> Any:
    return lambda ids: np.array([rows.get(number, (0.0, 0.0, 0.0)) for number in ids], np.float32).reshape(-1, 3)


def test_the_first_that_are_news_are_chosen_and_the_rest_is_counted() -> None:
    chosen = choose([5, 4, 3, 2, 1], {4}, vectors({}), 2)
    assert (chosen.ids, chosen.left_over, chosen.merged) == ((5, 3), 2, 0)


def test_of_two_that_tell_the_same_the_better_stays_and_what_was_told_is_merged() -> None:
    alike = vectors({1: (1, 0, 0), 2: (1, 0, 0), 3: (0, 1, 0), 9: (0, 1, 0), 4: (0, 0, 1)})
    chosen = choose([1, 2, 3, 4], {9}, alike, 3)
    assert (chosen.ids, chosen.merged) == ((1, 4), 1)


def test_papers_without_a_vector_are_like_no_other() -> None:
    assert choose([1, 2, 3], set(), vectors({}), 3).ids == (1, 2, 3)


def test_nothing_chosen_from_nothing() -> None:
    assert choose([], {1}, vectors({}), 3).ids == ()
    assert choose([1], {1}, vectors({}), 3).ids == ()


def test_a_budget_holds_one_story_at_least() -> None:
    long = Story(Paper(1, "x", "word " * 500), "", "")
    assert within([long, long], 1, 238) == [long]
    assert len(within([replace(long, gist="")] * 4, 5, 238)) == 2
    assert len(within([long] * 4, None, 238)) == 4


# --- feeds and new versions ---


def test_a_feed_is_told_by_mail_with_the_reason(office: Post) -> None:
    ada = member(office.catalog, "Ada")
    office.catalog.make_interest(ada, "Mine", query="category:cs.CL")
    office.catalog.subscribe(ada, "feed", "", Pace(most=3))
    assert office.morning(0).sent == 1
    assert len(office.told()) == 3
    office.morning()
    assert office.inbox.readers == [ADA], "what is above the line was told, or came before"


def test_what_was_liked_or_dismissed_on_the_page_is_not_told(office: Post) -> None:
    ada = member(office.catalog, "Ada")
    interest = office.catalog.make_interest(ada, "Mine", query="category:cs.CL")
    for number in range(1, 4):
        office.catalog.like(ada, f"arxiv:2603.{number:05}", interest.id)
    office.catalog.dismiss(ada, "arxiv:2603.00004", interest.id)
    office.catalog.subscribe(ada, "interest", str(interest.id), Pace(most=12))
    office.morning(0)
    assert not {record(number).title for number in range(1, 5)} & set(office.told())


def test_an_interest_that_is_gone_ends_its_subscription(office: Post) -> None:
    ada = member(office.catalog, "Ada")
    interest = office.catalog.make_interest(ada, "Mine", words="graph kernels")
    made = office.catalog.subscribe(ada, "interest", str(interest.id), Pace())
    office.catalog.remove_interest(ada, interest.id)
    assert office.morning(0).stopped == 1
    assert office.catalog.link_subscription(made.id).note == "this interest is gone"


def test_a_new_version_of_a_liked_paper_is_told_with_what_changed_once(office: Post, opened: Store) -> None:
    ada = member(office.catalog, "Ada")
    interest = office.catalog.make_interest(ada, "Mine", query="category:cs.CL")
    take(opened, record(1, versions=(Version(1, TODAY),)))
    office.catalog.like(ada, "arxiv:2603.00001", interest.id)
    office.catalog.subscribe(ada, "feed", "", Pace(most=8))
    office.morning(0)
    assert record(1).title not in office.told(), "it is liked already"
    office.clock.at += timedelta(hours=1)
    second = record(1, title="A Better Title", versions=(Version(1, TODAY), Version(2, TODAY)))
    take_batch(opened, [second], office.clock.at, Tally())
    office.catalog.catch_up()
    office.morning()
    said = " ".join(text(office.inbox.last).split())
    assert "Version 2 of a paper that you like" in said
    assert "A Better Title (was: " in said
    before = len(office.inbox.raw)
    office.morning()
    assert len(office.inbox.raw) == before


# --- hooks ---


@pytest.fixture
def hook() -> Iterator[Any]:
    calls: list[tuple[dict[str, str], bytes]] = []

    class Hook(BaseHTTPRequestHandler):
        status = 200

        def do_POST(self) -> None:
            calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(self.server.status)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        server.status, server.calls = 200, calls  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def test_a_hook_is_called_once_and_can_tell_who_called(opened: Store, tmp_path: Path, hook: Any) -> None:
    place = f"127.0.0.1:{hook.server_address[1]}"
    with post(opened, tmp_path, digest={"hooks": [place]}) as office:
        office.papers(record(1), record(2, title="A <b>bold</b> & $x^2$ title"))
        made = office.catalog.add_subscription(f"http://{place}/h", "trending", "", Pace(), channel="webhook")
        assert office.morning(0).sent == 1
        assert office.run().sent == 0
        (headers, body), secret = hook.calls[0], office.catalog.secret_of_hook(made)
        seconds, mac = (part.partition("=")[2] for part in headers["Tidings-Signature"].split(","))
        assert int(seconds) == int(office.clock.at.timestamp())
        assert mac == hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()
        said = json.loads(body)
        assert {each["id"] for each in said["papers"]} == {"arxiv:2603.00001", "arxiv:2603.00002"}
        assert "<https://papers.lab.example/paper/arxiv:2603.00001|" in said["text"]


@pytest.mark.parametrize(("status", "state", "after"), [(503, "waiting", "active"), (404, "failed", "stopped")])
def test_a_hook_that_refuses_is_tried_again_and_one_that_is_gone_is_not(
    opened: Store, tmp_path: Path, hook: Any, status: int, state: str, after: str
) -> None:
    place = f"127.0.0.1:{hook.server_address[1]}"
    hook.status = status
    with post(opened, tmp_path, digest={"hooks": [place]}) as office:
        office.papers(record(1))
        made = office.catalog.add_subscription(f"http://{place}/h", "trending", "", Pace(), channel="webhook")
        office.morning(0)
        assert office.states() == [state]
        assert office.catalog.link_subscription(made.id).state == after


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_hook_in_ones_own_network_is_not_called_unless_the_settings_name_it(
    opened: Store, tmp_path: Path, hook: Any, scheme: str
) -> None:
    with post(opened, tmp_path) as office:
        office.papers(record(1))
        url = f"{scheme}://127.0.0.1:{hook.server_address[1]}/h"
        office.catalog.add_subscription(url, "trending", "", Pace(), channel="webhook")
        assert office.morning(0).failed == 1
        assert hook.calls == []


# --- the commands ---


def command(home: Path, *arguments: str, **env: str) -> Any:
    return CliRunner().invoke(cli, [*arguments, "--home", str(home)], env=env, catch_exceptions=False)


def test_the_commands_show_what_is_due_and_send_it(office: Post, tmp_path: Path) -> None:
    env = {
        "TIDINGS_MAIL_HOST": "127.0.0.1",
        "TIDINGS_MAIL_PORT": str(office.inbox.port),
        "TIDINGS_MAIL_SECURITY": "none",
        "TIDINGS_MAIL_SENDER": "tidings@lab.example",
    }
    added = command(
        tmp_path, "digest", "add", BOB, "--kind", "search", "--of", "category:cs.CL", "--say-when-empty", **env
    )
    assert "number 1" in added.output
    assert "Nothing is due" in command(tmp_path, "digest", "due", **env).output
    with office.store.engine.begin() as connection:
        connection.execute(sa.update(subscription).values(due=office.clock.at))
    assert "due      bob@lab.example" in command(tmp_path, "digest", "due", **env).output
    assert "bob@lab.example" in command(tmp_path, "digest", "send", "--dry-run", **env).output
    assert "category:cs.CL" in command(tmp_path, "digest", "preview", "1", **env).output
    assert "<html" in command(tmp_path, "digest", "preview", "1", "--html", **env).output
    assert office.inbox.raw == []
    assert "1 sent" in command(tmp_path, "digest", "send", **env).output
    assert office.inbox.readers == [BOB]
    listed = json.loads(command(tmp_path, "digest", "list", "--json", **env).output)
    assert listed[0]["last"]["answer"] == "250 OK"
    assert "250 OK" in command(tmp_path, "digest", "list", **env).output
    assert "Nothing came back" in command(tmp_path, "digest", "bounces", **env).output


def test_a_look_ahead_writes_nothing(office: Post, tmp_path: Path) -> None:
    from tests.people_help import everything
    from tidings.digest.making import due_now, preview

    made = office.subscribe()
    office.clock.at += DAY
    before = everything(office.store)
    assert len(due_now(office.catalog)) == 1
    assert preview(office.catalog, made).stories
    assert everything(office.store) == before
