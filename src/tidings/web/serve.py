"""Serving: one process, one event loop, and the index kept up to date beside it."""

from __future__ import annotations

import socket
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn

from tidings.errors import InputError, TidingsError
from tidings.web.app import create_app

if TYPE_CHECKING:
    from tidings.catalog import Catalog

# Another process that adds papers indexes them itself; this is for one that was killed before it could.
_LOOK_EVERY = 5.0
_WAITING = 2048


def run(catalog: Catalog, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted.

    Raises:
        InputError: the address cannot be served at.
    """
    settings = catalog.settings
    opened = _listen(host or settings.host, settings.port if port is None else port)
    config = uvicorn.Config(create_app(catalog, settings), log_level="warning", access_log=False, server_header=False)
    stop = Event()
    follower = Thread(target=_keep_up, args=(catalog, stop), name="follow", daemon=True)
    follower.start()
    shown, number = opened.getsockname()[:2]
    sys.stderr.write(f"Tidings is at http://{'localhost' if shown.startswith('127.') else shown}:{number}\n")
    try:
        uvicorn.Server(config).run(sockets=[opened])
    finally:
        stop.set()
        follower.join(timeout=30)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except (OSError, OverflowError) as error:
        opened.close()
        raise InputError(f"cannot serve at {host}:{port}: {error}; choose another with --port") from error
    opened.listen(_WAITING)
    return opened


def _keep_up(catalog: Catalog, stop: Event) -> None:
    while not stop.is_set():
        try:
            catalog.catch_up()
        except TidingsError as error:
            sys.stderr.write(f"tidings: {error}; trying again\n")
        stop.wait(_LOOK_EVERY)
