"""A served installation with people in it, and browsers and programs that ask it."""

from __future__ import annotations

import atexit
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from tests.mail_server import HOST, Inbox, mail_server
from tests.people_help import open_catalog, quick_hashing, session_of
from tests.scripted import Clock
from tidings.catalog import Catalog
from tidings.people import Reader, Role
from tidings.store import Store, open_store
from tidings.web.app import create_app
from tidings.web.readers import cookie_name

PUBLIC = "https://papers.lab.example"
STRANGER = ("192.0.2.7", 50000)
PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class House:
    """An installation that is served. Browsers come from outside unless they say otherwise."""

    store: Store
    catalog: Catalog
    app: FastAPI
    clock: Clock

    def browser(self, secret: str | None = None, **options: Any) -> TestClient:
        """Return a browser, signed in where it has the secret of a session."""
        base = self.catalog.settings.public_url or "http://testserver"
        usual = {"base_url": base, "client": STRANGER, "follow_redirects": False, "raise_server_exceptions": False}
        client = TestClient(self.app, **{**usual, **options})
        if secret is not None:
            host = client.base_url.host
            domain = host if "." in host else f"{host}.local"  # as http.cookiejar calls hosts without a dot
            client.cookies.set(cookie_name(self.catalog.settings), secret, domain=domain)
        return client

    def person(self, name: str, role: Role = Role.READER) -> TestClient:
        """Make an account; return the browser that it is signed in with."""
        self.catalog.add_account(f"{name.lower()}@lab.example", name, role)
        return self.browser(session_of(self.catalog, name))

    def reader(self, browser: TestClient) -> Reader | None:
        """Return whose session a browser holds."""
        secret = browser.cookies.get(cookie_name(self.catalog.settings))
        return self.catalog.reader_of_session(secret) if secret else None


@cache
def _empty() -> Path:
    """Return the folder of an installation without anything: copying it is faster than making another."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = open_store(folder)
    open_catalog(store, folder, Clock()).catch_up()
    store.close()
    return folder


@contextmanager
def house(folder: Path, begun: Path | None = None, **settings: Any) -> Iterator[House]:
    """Serve a new installation, empty or a copy of one that was ``begun``."""
    clock = Clock()
    shutil.copytree(begun or _empty(), folder, dirs_exist_ok=True)
    with quick_hashing():
        store = open_store(folder)
        catalog = open_catalog(store, folder, clock, **settings)
        catalog.catch_up()
        yield House(store, catalog, create_app(catalog, catalog.settings), clock)
        store.close()


@contextmanager
def mailing_house(folder: Path, **settings: Any) -> Iterator[tuple[House, Inbox]]:
    """Serve a new installation that sends mail; yield it with the inbox of everybody."""
    with mail_server() as inbox:
        mail = {"host": HOST, "port": inbox.port, "security": "none", "sender": "tidings@lab.example"}
        with house(folder, mail=mail, **settings) as made:
            yield made, inbox


def link_in(inbox: Inbox) -> str:
    """Return the link of the last mail, as an address within the site."""
    body = inbox.last.get_body(("plain",))
    assert body is not None
    found = re.search(r"https?://\S+/sign-in/link/\S+", body.get_content())
    assert found is not None
    parts = urlsplit(found[0])
    return f"{parts.path}?{parts.query}".rstrip("?")


def words(response: Response) -> str:
    """Return what a page says, without its markup."""
    main = response.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", "<main" + main)).split())


def fields(response: Response, action: str) -> dict[str, str]:
    """Return the fields of a form of a page as they are filled in."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', response.text, re.DOTALL)
    assert form is not None, f"no form leads to {action}"
    named = re.findall(r'<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"', form[0])
    return {name: unescape(value) for name, value in named}


def told(response: Response, *, without: Mapping[str, str] | None = None) -> tuple[int, str, list[tuple[str, str]]]:
    """Return all that an answer tells, with words that the question had replaced."""
    text = response.text
    for said, neutral in (without or {}).items():
        text = text.replace(said, neutral)
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-length"]
    return response.status_code, text, headers
