"""Digests through a real mail server: Debian's Postfix takes them, delivers them, and knows who is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import postfix
from tests.post_help import post, record
from tidings.store import open_store

READERS = [f"reader{number}" for number in range(40)]


@pytest.mark.slow
def test_postfix_delivers_each_reader_one_and_refuses_who_is_unknown(tmp_path: Path) -> None:
    if not postfix.is_installed():
        pytest.skip("no Postfix here that could be started (as root: apt install postfix)")
    store = open_store(tmp_path)
    with postfix.server(READERS) as server, post(store, tmp_path, mail={"port": server.port}) as office:
        office.papers(*(record(number) for number in range(1, 8)))
        for name in [*READERS, "nobody"]:
            office.subscribe(f"{name}@{postfix.DOMAIN}", most=5)
        report = office.morning(0)
        assert (report.sent, report.failed, report.unknown) == (len(READERS), 1, 0)
        mails = server.delivered(len(READERS))
        assert sorted(str(mail["To"]) for mail in mails) == sorted(f"{name}@{postfix.DOMAIN}" for name in READERS)
        assert len({mail["Message-ID"] for mail in mails}) == len(READERS)
        assert [each.address for each in office.catalog.all_suppressed()] == [f"nobody@{postfix.DOMAIN}"]
        answers = {edition.answer or "" for _, edition in office.catalog.all_editions(states=["sent"])}
        assert all("queued as" in answer for answer in answers), "the server's answer is kept"
    store.close()
