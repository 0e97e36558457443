"""Signing in at an identity provider: OpenID Connect's code flow with PKCE, and no other.

https://openid.net/specs/openid-connect-core-1_0.html, section 3.1; https://www.rfc-editor.org/rfc/rfc7636 (PKCE);
https://www.rfc-editor.org/rfc/rfc9700 (what goes wrong without it).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit
from urllib.request import getproxies

import httpx2
import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from tidings.credentials import equal, new_secret
from tidings.errors import FetchError, InputError, SignInError
from tidings.mail import site_address
from tidings.settings import Settings
from tidings.settings.people import OidcSettings
from tidings.sources.client import Network, place_of
from tidings.sources.client.answers import keep, trouble
from tidings.sources.client.network import SECONDS
from tidings.web.networks import is_loopback

BACK = "/sign-in/provider/back"

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures by a key that only the provider has. Never "none", never one made with a secret that we have too."""
_LARGEST = 256 * 1024
_PATIENCE = 15.0  # seconds for a whole answer: somebody waits for it
_LEEWAY = 60  # seconds by which two clocks may differ
_KEPT = timedelta(hours=1)
_LOOKED_AGAIN = timedelta(minutes=1)

Kind = TypeVar("Kind")


class _Discovery(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """What a browser keeps while its reader is at the provider: without it, what comes back is believed from nobody."""

    state: str
    nonce: str
    verifier: str
    following: str

    def packed(self) -> str:
        """Return it as a cookie can hold it."""
        return base64.urlsafe_b64encode(
            msgspec.json.encode([self.state, self.nonce, self.verifier, self.following])
        ).decode()

    @classmethod
    def unpacked(cls, text: str) -> Journey | None:
        """Return what a cookie held, or None where that is no such thing."""
        try:
            return cls(*msgspec.json.decode(base64.urlsafe_b64decode(text), type=tuple[str, str, str, str]))
        except (ValueError, msgspec.MsgspecError):
            return None


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for; the address is there only if it verified it."""

    subject: str
    email: str | None
    name: str


def provider_of(settings: Settings, now: Callable[[], datetime]) -> Provider | None:
    """Return the identity provider of the settings, if they name one.

    Raises:
        InputError: a setting is missing or makes no sense.
    """
    if settings.oidc.issuer is None:
        return None
    network = Network(frozenset({place_of(settings.oidc.issuer)}), getproxies())
    return Provider(settings.oidc, site_address(settings) + BACK, now, network)


class Provider:
    """An identity provider. What it says of itself and its keys are kept for an hour. Safe to share between threads."""

    def __init__(
        self, settings: OidcSettings, back: str, now: Callable[[], datetime], transport: httpx2.BaseTransport
    ) -> None:
        """``back`` is the address that it sends readers back to.

        Raises:
            InputError: the issuer is no encrypted address, or the client or its secret is missing.
        """
        if settings.client is None:
            raise InputError("TIDINGS_OIDC_CLIENT: say what the provider calls this installation")
        self.name, self._client, self._secret = settings.name, settings.client, settings.key
        self._issuer, self._back, self._now = str(settings.issuer), back, now
        if not _is_protected(self._issuer):
            raise InputError(f"TIDINGS_OIDC_ISSUER: {self._issuer!r} does not begin with https://")
        self._http = httpx2.Client(transport=transport, timeout=_PATIENCE, follow_redirects=False)
        self._lock = Lock()
        self._discovery: tuple[datetime, _Discovery] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    # --- there ---

    def begin(self, following: str, again: bool = False) -> tuple[str, Journey]:
        """Return the address at the provider that a reader is sent to, and what the browser keeps meanwhile.

        ``again`` has the provider ask for the person though it may know the browser (Core 3.1.2.1, prompt).

        Raises:
            FetchError: the provider cannot be asked, or does not say what it should.
        """
        journey = Journey(new_secret(), new_secret(), new_secret(), following)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(journey.verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._back,
            "scope": "openid email profile",
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"prompt": "login"} if again else {}),
        }
        place = self._described().authorization_endpoint
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}", journey

    # --- and back ---

    def finish(self, journey: Journey, answer: Mapping[str, str]) -> Person:
        """Return whom the provider vouches for; ``answer`` is what it had the browser bring.

        Raises:
            SignInError: the answer is not to this browser's question, or the provider's word is not to be believed.
            FetchError: the provider cannot be asked.
        """
        if not equal(answer.get("state", ""), journey.state):
            raise SignInError("this answer belongs to another question; begin again")
        if answer.get("iss", self._issuer) != self._issuer:  # RFC 9207: another provider's answer
            raise SignInError("this answer comes from another provider; begin again")
        if "code" not in answer:
            raise SignInError(f"{self.name} did not let you in ({answer.get('error', 'no reason')[:80]})")
        tokens = self._redeem(answer["code"], journey.verifier)
        claims = self._verified(tokens.id_token, journey.nonce)
        if "email" not in claims and tokens.access_token:
            claims = self._informed(tokens.access_token, claims)
        return _person(claims)

    def _redeem(self, code: str, verifier: str) -> _Tokens:
        """Return the tokens for a code. The secret goes into a header, or into the form where only that is taken."""
        known = self._described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
            "client_id": self._client,
        }
        headers = {"Accept": "application/json"}
        if self._secret and "client_secret_basic" in known.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(self._client)}:{quote_plus(self._secret)}"  # RFC 6749, section 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self._secret:
            form["client_secret"] = self._secret
        return self._asked("POST", known.token_endpoint, _Tokens, headers=headers, data=form)

    def _verified(self, id_token: str, nonce: str) -> dict[str, Any]:
        """Return what an ID token says, once all that Core 3.1.3.7 demands holds."""
        registry = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            claims = self._decoded(id_token).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise SignInError(f"the word of {self.name} is not to be believed: {type(error).__name__}") from error
        if not equal(str(claims.get("nonce", "")), nonce):
            raise SignInError(f"the word of {self.name} answers another question; begin again")
        if claims.get("azp", self._client) != self._client or (_several(claims["aud"]) and "azp" not in claims):
            raise SignInError(f"the word of {self.name} is for somebody else")
        return claims

    def _decoded(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._key_set(_KEPT), algorithms=_ALGORITHMS)
        except InvalidKeyIdError:  # it changed its keys, as it should now and then
            return jwt.decode(id_token, self._key_set(_LOOKED_AGAIN), algorithms=_ALGORITHMS)

    def _informed(self, access_token: str, claims: dict[str, Any]) -> dict[str, Any]:
        """Return what is said with what the provider says when asked about the person: many give an address only there.

        It is about somebody else unless it names the same subject (Core 5.3.2).
        """
        place = self._described().userinfo_endpoint
        if place is None:
            return claims
        said = self._asked("GET", place, dict[str, Any], headers={"Authorization": f"Bearer {access_token}"})
        return {**said, **claims} if said.get("sub") == claims["sub"] else claims

    # --- what it says of itself ---

    def _described(self) -> _Discovery:
        with self._lock:
            if self._discovery is None or self._now() - self._discovery[0] >= _KEPT:
                place = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._discovery = self._now(), self._checked(self._asked("GET", place, _Discovery))
            return self._discovery[1]

    def _checked(self, found: _Discovery) -> _Discovery:
        if found.issuer != self._issuer:
            raise FetchError(f"the provider calls itself {found.issuer!r}; set TIDINGS_OIDC_ISSUER to that")
        for place in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
            if place is not None and not _is_protected(place):
                raise FetchError(f"the provider names an address that is not protected: {place!r}")
        return found

    def _key_set(self, kept: timedelta) -> KeySet:
        place = self._described().jwks_uri
        with self._lock:
            if self._keys is None or self._now() - self._keys[0] >= kept:
                self._keys = self._now(), KeySet.import_key_set(self._asked("GET", place, KeySetSerialization))
            return self._keys[1]

    def _asked(self, method: str, place: str, kind: type[Kind], **sent: Any) -> Kind:
        """Return what is at an address. Nothing is repeated or followed: a code works once."""
        body = BytesIO()
        try:
            request = self._http.build_request(method, place, extensions={SECONDS: _PATIENCE}, **sent)
            with closing(self._http.send(request, stream=True)) as response:
                if response.status_code != httpx2.codes.OK:
                    raise FetchError(f"{request.url.host} answered {response.status_code}", status=response.status_code)
                keep(response, body, _LARGEST)
        except httpx2.RequestError as error:
            raise FetchError(f"{urlsplit(place).hostname} {trouble(error)}") from error
        try:
            return msgspec.json.decode(body.getvalue(), type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError(f"{urlsplit(place).hostname} does not say what was expected: {error}") from error


def _person(claims: Mapping[str, Any]) -> Person:
    subject, email = claims["sub"], claims.get("email")
    if not subject:
        raise SignInError("the provider does not say who you are")
    verified = isinstance(email, str) and claims.get("email_verified") is True
    name = next((claims[key] for key in ("name", "preferred_username") if isinstance(claims.get(key), str)), "")
    return Person(subject, email if verified else None, name)


def _several(audience: object) -> bool:
    return isinstance(audience, list) and len(audience) > 1


def _is_protected(address: str) -> bool:
    """Tell whether what is said to an address stays between us: it is encrypted, or on this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
