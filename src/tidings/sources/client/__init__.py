"""One polite client for every source."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from urllib.request import getproxies

from tidings.errors import InputError
from tidings.sources.client.addresses import place_of
from tidings.sources.client.answers import Answer
from tidings.sources.client.network import Network
from tidings.sources.client.polite import LARGEST, Client, Clock, Params, Patience
from tidings.sources.client.recording import Recorder, Replay
from tidings.store import Gates

__all__ = [
    "LARGEST",
    "Answer",
    "Client",
    "Clock",
    "Network",
    "Params",
    "Patience",
    "Recorder",
    "Replay",
    "open_client",
    "place_of",
    "user_agent",
]


def user_agent(contact: str | None) -> str:
    """Return who we say we are: "Tidings/0.1.0 (self-hosted; mailto:me@lab.org)".

    The contact is an address of mail or of a page, so that a source can write before it blocks.

    Raises:
        InputError: the contact is not plain ASCII on one line.
    """
    who = f"Tidings/{version('tidings')}"
    if contact is None or not contact.strip():
        return f"{who} (self-hosted)"
    if not (contact.isascii() and contact.isprintable()) or "(" in contact or ")" in contact:
        raise InputError("the contact must be an address on one line, in plain ASCII and without parentheses")
    contact = contact.strip()
    prefix = "mailto:" if "@" in contact and ":" not in contact else ""
    return f"{who} (self-hosted; {prefix}{contact})"


def open_client(
    gates: Gates,
    *,
    agent: str,
    now: Clock,
    sleep: Callable[[float], None],
    trusted: frozenset[str] = frozenset(),
    record: Path | None = None,
    replay: Path | None = None,
    patience: Patience | None = None,
) -> Client:
    """Return the client of an installation; with ``record`` it writes every exchange into that folder.

    With ``replay`` it answers from such a folder: no host is asked, so it waits at no gate and between no attempts.
    ``trusted`` are the hosts that an operator named himself, see ``place_of``. HTTP_PROXY, HTTPS_PROXY and NO_PROXY
    hold.

    Raises:
        InputError: both folders are given, or one cannot be used; a proxy has no usable address.
    """
    if record is not None and replay is not None:
        raise InputError("exchanges are either recorded or replayed, not both")
    if replay is not None:
        return Client(None, agent=agent, now=now, sleep=lambda _: None, transport=Replay(replay))
    network = Network(trusted, getproxies())
    transport = network if record is None else Recorder(record, network)
    return Client(gates, agent=agent, now=now, sleep=sleep, transport=transport, patience=patience)
