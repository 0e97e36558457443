"""An identity provider that answers from memory, and can be made to lie."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from tests.scripted import Clock

ISSUER = "https://id.example"
CLIENT = "tidings"
SECRET = "the client's secret"


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@dataclass
class Identity:
    """Whoever comes is Ada. ``claims`` and ``header`` overrule what an ID token says; None leaves something out."""

    clock: Clock
    keys: list[Key] = field(default_factory=lambda: [_key()])
    signing: Key | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    information: dict[str, Any] | None = None
    answers: dict[str, httpx2.Response] = field(default_factory=dict)
    requests: list[httpx2.Request] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self.answer)

    def asked_for(self, path: str) -> list[httpx2.Request]:
        return [request for request in self.requests if request.url.path == path]

    def visit(self, address: str) -> dict[str, str]:
        """Do as the provider's page does: remember what was asked; return what the browser brings back."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return {"state": self.asked["state"], "code": "a code"}

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self.keys = [ECKey.generate_key("P-256", auto_kid=True)]

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return httpx2.Response(200, json=self._described())
        if path == "/keys":
            return httpx2.Response(200, json=KeySet(self.keys).as_dict(private=False))
        if path == "/information":
            return httpx2.Response(200, json=self.information)
        assert path == "/token"
        return self._token(request)

    def _described(self) -> dict[str, Any]:
        usual = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/enter",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **({"userinfo_endpoint": f"{ISSUER}/information"} if self.information is not None else {}),
        }
        return _overruled(usual, self.description)

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (form["code"], form["redirect_uri"], challenge) != (
            "a code",
            self.asked["redirect_uri"],
            self.asked["code_challenge"],
        ):
            return httpx2.Response(400, json={"error": "invalid_grant"})
        return httpx2.Response(200, json={"id_token": self._id_token(), "access_token": "access"})

    def _id_token(self) -> str:
        now, key = int(self.clock().timestamp()), self.signing or self.keys[0]
        usual = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "ada-1815",
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked["nonce"],
            "email": "ada@lab.example",
            "email_verified": True,
            "name": "Ada Lovelace",
        }
        algorithm = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}[key.key_type]
        header = _overruled({"alg": algorithm, "kid": key.kid}, self.header)
        return jwt.encode(header, _overruled(usual, self.claims), key, algorithms=[header["alg"]])


def _overruled(usual: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**usual, **others}.items() if value is not None}
