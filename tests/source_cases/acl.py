"""An archive of three collections, as tests/data/acl has them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import httpx2

from tests.source_help import DATA, Case, at

COLLECTIONS = ("2023.example.xml", "2024.example.xml", "W19.xml")


def collections() -> dict[str, bytes]:
    """Return the files of the fixture by name."""
    return {name: (DATA / "acl" / name).read_bytes() for name in COLLECTIONS}


def archive(files: dict[str, bytes]) -> bytes:
    """Return a packed tar as GitHub makes one, with what else a checkout holds."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        others = {
            "README.md": b"# Anthology",
            "data/yaml/venues/acl.yaml": b"acronym: ACL",
            "data/xml/schema.rnc": b"-",
        }
        for name, data in {**others, **{f"data/xml/{name}": data for name, data in files.items()}}.items():
            member = tarfile.TarInfo(f"acl-anthology-master/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


class Archive:
    """The address of the archive: its ETag tells whether it changed."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.put(files, '"one"')

    def put(self, files: dict[str, bytes], etag: str) -> None:
        """Show another archive from now on."""
        self.body, self.etag = archive(files), etag

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("if-none-match") == self.etag:
            return httpx2.Response(304, headers={"ETag": self.etag})
        return httpx2.Response(
            200, content=self.body, headers={"ETag": self.etag, "Content-Type": "application/x-gzip"}
        )


def build(_folder: Path, *, damaged: bool) -> Case:
    """Return the world of one archive; in the damaged one a paper has no title."""
    files = collections()
    if damaged:
        spoilt = files[COLLECTIONS[1]].replace(b"<title>A Second Year</title>", b"<title/>")
        assert spoilt != files[COLLECTIONS[1]]
        files[COLLECTIONS[1]] = spoilt
    return Case(
        settings={},
        start=at(2026, 3, 5, 18),
        answer=Archive(files).answer,
        hosts=frozenset({"codeload.github.com"}),
        quiet=1,
    )
