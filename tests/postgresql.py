"""A PostgreSQL server of the tests' own, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_FOLDERS = [*Path("/usr/lib/postgresql").glob("*/bin")]


def program(name: str) -> str | None:
    """Return the path of a PostgreSQL program; Debian keeps them off the PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, _FOLDERS)]))


@contextmanager
def server() -> Iterator[str]:
    """Run a server on a free port of the loopback interface; yield its SQLAlchemy address."""
    with TemporaryDirectory() as folder:
        prefix = _as_other_user(folder)
        data = f"{folder}/data"
        _run(prefix, "initdb", "-D", data, "-U", "tidings", "--auth=trust", "--no-sync")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -c unix_socket_directories={folder}"
        _run(prefix, "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://tidings@127.0.0.1:{port}/postgres"
        finally:
            _run(prefix, "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _as_other_user(folder: str) -> list[str]:
    """PostgreSQL refuses to run as root; its package brings a user for that."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _run(prefix: list[str], name: str, *arguments: str) -> None:
    command = program(name)
    if command is None:
        raise RuntimeError(f"{name} is not installed")
    # pg_ctl leaves a server behind that would keep a pipe open for ever
    done = subprocess.run(
        [*prefix, command, *arguments], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed with status {done.returncode}")
