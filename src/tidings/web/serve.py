"""Serving: one address, a process for each core, one more for what comes due, and the index kept up to date."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread, get_ident
from time import sleep
from typing import TYPE_CHECKING

import uvicorn

from tidings import jobs
from tidings.errors import InputError, TidingsError

if TYPE_CHECKING:
    from tidings.catalog import Catalog
    from tidings.settings import Settings

# Another process that adds papers indexes them itself; this is for one that was killed before it could.
_LOOK_EVERY = 5.0
_WAITING = 2048
_MOST_WORKERS = 4
_RESTART_AFTER = 1.0
_NICE = 10
_LEAVING = 10.0  # seconds for giving back what was claimed


def run(catalog: Catalog, *, host: str | None = None, port: int | None = None) -> None:
    """Serve until interrupted.

    Raises:
        InputError: the address cannot be served at.
    """
    settings = catalog.settings
    opened = _listen(host or settings.host, settings.port if port is None else port)
    shown, number = opened.getsockname()[:2]
    stop = Event()
    beside = [Thread(target=_keep_up, args=(catalog, stop), name="follow", daemon=True)]
    for _ in range(_workers(settings) - 1):
        beside.append(_kept(stop, _work, (shown, number), settings))
    if jobs.is_syncing(settings) or settings.digest.send or settings.topics:
        beside.append(_kept(stop, _do_jobs, settings))
    for thread in beside:
        thread.start()
    sys.stderr.write(f"Tidings is at http://{'localhost' if shown.startswith('127.') else shown}:{number}\n")
    try:
        _answer(catalog, opened)
    finally:
        stop.set()
        for thread in beside:
            thread.join(timeout=30)


def _workers(settings: Settings) -> int:
    return settings.workers or min(os.cpu_count() or 1, _MOST_WORKERS)


def _answer(catalog: Catalog, opened: socket.socket) -> None:
    from tidings.web.app import create_app

    host, port = opened.getsockname()[:2]  # what the command line said overrules the settings
    app = create_app(catalog, catalog.settings.model_copy(update={"host": host, "port": port}))
    # the peer is who is at the other end of the connection; whom a proxy names is for us to believe or not
    settings = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, proxy_headers=False)
    uvicorn.Server(settings).run([opened])


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket at an address that nobody else serves at; port 0 takes a free one."""
    try:
        with _bound(host, port, shared=False) as tried:  # fails where another program, or another of us, is
            number = tried.getsockname()[1]
        return _opened(host, number)
    except (OSError, OverflowError) as error:
        raise InputError(f"cannot serve at {host}:{port}: {error}; choose another with --port") from error


def _opened(host: str, port: int) -> socket.socket:
    """Return a listening socket that shares its address with those of the other processes.

    With one socket for all, the process that wakes first accepts every waiting connection.
    """
    opened = _bound(host, port, shared=True)
    opened.listen(_WAITING)
    return opened


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except (OSError, OverflowError):
        bound.close()
        raise
    return bound


# --- beside the first process ---


def _keep_up(catalog: Catalog, stop: Event) -> None:
    while not stop.is_set():
        try:
            catalog.catch_up()
        except TidingsError as error:
            sys.stderr.write(f"tidings: {error}; trying again\n")
        stop.wait(_LOOK_EVERY)


def _kept(stop: Event, work: Callable[..., None], *arguments: object) -> Thread:
    return Thread(target=_keep_working, args=(stop, work, arguments), name=work.__name__, daemon=True)


def _keep_working(stop: Event, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    """Keep one more process working; start it again when it dies."""
    context = multiprocessing.get_context("spawn")  # a fork would share threads and connections that cannot be shared
    while not stop.is_set():
        worker = context.Process(target=work, args=(*arguments, os.getpid()), daemon=True)
        worker.start()
        while worker.is_alive() and not stop.wait(_RESTART_AFTER):
            pass
        worker.terminate()
        worker.join(timeout=10)


def _work(address: tuple[str, int], settings: Settings, parent: int) -> None:
    """Answer requests in a process of its own, as long as the first one lives."""
    from tidings.catalog import open as open_catalog

    Thread(target=_leave_with, args=(parent,), daemon=True).start()
    with suppress(KeyboardInterrupt), open_catalog(settings=settings) as catalog:
        _answer(catalog, _opened(*address))


def _do_jobs(settings: Settings, parent: int) -> None:
    """Do what comes due in a process of its own, as long as the first one lives; pages go before it."""
    from tidings.catalog import open as open_catalog

    with suppress(KeyboardInterrupt):  # Control-C, the first process's end, and its death all end it that way
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        Thread(target=_leave_with, args=(parent, get_ident()), daemon=True).start()
        with suppress(OSError):
            os.nice(_NICE)
        with open_catalog(settings=settings) as catalog:
            jobs.work(catalog)


def _leave_with(parent: int, working: int | None = None) -> None:
    """Leave when the first process is gone; a thread that works is interrupted, so that it can give back its claim."""
    while os.getppid() == parent:
        sleep(_RESTART_AFTER)
    if working is not None:
        signal.pthread_kill(working, signal.SIGTERM)
        sleep(_LEAVING)
    os._exit(0)
