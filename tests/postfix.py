"""A Postfix of the tests' own, where it is installed: it takes mail for readers at one domain, and knows some of them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from tempfile import TemporaryDirectory

DOMAIN = "lab.example"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
myhostname = mail.{domain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_mynetworks, reject
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{{boxes}}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
alternate_config_directories = {folder}
"""


@dataclass(frozen=True)
class Postfix:
    """A server, and what it put into mailboxes."""

    port: int
    folder: Path

    def delivered(self, count: int) -> list[EmailMessage]:
        """Return the mails in all mailboxes, once there are so many."""
        for _ in range(600):
            files = sorted((self.folder / "mail").glob("*/new/*"))
            if len(files) >= count:
                return [_parsed(file.read_bytes()) for file in files]
            time.sleep(0.1)
        raise AssertionError(f"not delivered: {(self.folder / 'log').read_text()[-2000:]}")


def is_installed() -> bool:
    """Tell whether there is a Postfix that can be started: it wants to be root."""
    return shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None and os.geteuid() == 0


@contextmanager
def server(boxes: Sequence[str]) -> Iterator[Postfix]:
    """Run a server on a free port of the loopback interface that knows these names at the domain."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        _configure(folder, port, boxes)
        _postfix(folder, "start")
        try:
            yield Postfix(port, folder)
        finally:
            _postfix(folder, "stop")


def _configure(folder: Path, port: int, boxes: Sequence[str]) -> None:
    for each, owner in (("queue", "root"), ("data", "postfix"), ("mail", "postfix")):
        (folder / each).mkdir()
        shutil.chown(folder / each, owner)
    known = ", ".join(f"{{ {box}@{DOMAIN} = {box}/ }}" for box in boxes)
    stat = (folder / "mail").stat()
    text = _MAIN.format(folder=folder, domain=DOMAIN, boxes=known, uid=stat.st_uid, gid=stat.st_uid)
    (folder / "main.cf").write_text(text)
    master = Path("/etc/postfix/master.cf").read_text()
    (folder / "master.cf").write_text(
        re.sub(r"^smtp(\s+inet\s+n\s+-)\s+y", rf"127.0.0.1:{port}\1 n", master, flags=re.M)
    )
    for extra in ("dynamicmaps.cf", "postfix-files"):
        if (source := Path("/etc/postfix") / extra).exists():
            shutil.copy(source, folder / extra)


def _postfix(folder: Path, command: str) -> None:
    done = subprocess.run(
        ["/usr/sbin/postfix", "-c", str(folder), command], check=False, capture_output=True, text=True
    )
    if done.returncode:
        log = folder / "log"
        raise RuntimeError(f"postfix {command}: {done.stderr} {log.read_text() if log.exists() else ''}")


def _parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message
