"""Addresses and bodies without what is secret in them: for messages, and for what is written down."""

from __future__ import annotations

import re

import httpx2

_NAMES = (
    r"(?:api|access|refresh|auth)?[_-]?(?:key|token)|(?:client[_-]?)?secret|password|passwd|"
    r"sig(?:nature)?|mailto|e?-?mail"
)
_IN_QUERY = re.compile(rf"(?i)(^|&)({_NAMES})=[^&]*")
_IN_FORM = re.compile(rf"(?i)(^|&)({_NAMES})=[^&]*".encode())
_IN_JSON = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"'.encode())
_HEADER = re.compile(r"(?i)authorization|.*(?:key|token)")
_LONGEST = 200


def without_secrets(url: httpx2.URL | str) -> str:
    """Return an address without user, password, fragment, and the values of parameters like ``api_key``."""
    url = httpx2.URL(url)
    query = _IN_QUERY.sub(r"\1\2=***", url.query.decode("ascii"))
    bare = url.copy_with(userinfo=b"", query=None, fragment=None)
    return f"{bare}?{query}" if query else str(bare)


def shown(url: httpx2.URL | str) -> str:
    """Return an address as a message names it: without secrets, and cut."""
    text = without_secrets(url)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def secrets_of(request: httpx2.Request) -> list[str]:
    """Return the secrets that a request shows the host, in headers and parameters."""
    headers = [value.split()[-1:] for name, value in request.headers.items() if _HEADER.fullmatch(name)]
    named = [[value] for name, value in request.url.params.multi_items() if _IN_QUERY.fullmatch(f"{name}=")]
    return [secret for values in headers + named for secret in values if secret]


def body_without_secrets(body: bytes) -> bytes:
    """Return a body of JSON or of a form without the values of fields like ``password``."""
    return _IN_JSON.sub(rb'\1"***"', body) if body[:1] in b"{[" else _IN_FORM.sub(rb"\1\2=***", body)


def without(body: bytes, secrets: list[str]) -> bytes:
    """Return a body without these secrets, which a host may repeat: Zotero's answer names the key of the question."""
    for secret in secrets:
        body = body.replace(secret.encode(), b"***")
    return body
