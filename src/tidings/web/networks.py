"""Where a request comes from. Only the connection says so; a header says it where a trusted proxy wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from tidings.errors import InputError

if TYPE_CHECKING:
    from tidings.settings import Settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOME = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
# What a relay adds: whoever it speaks for is somewhere else, whatever the connection says.
_RELAYED = re.compile(r"forwarded|x-forwarded-.*|x-real-ip|x-client-ip|via|cf-connecting-ip|true-client-ip")


@dataclass(frozen=True, slots=True)
class Networks:
    """The networks of the proxies that sign people in; ``header`` is where they say whom, if there are any."""

    header: str | None
    name_header: str | None
    trusted: tuple[Network, ...]

    def trust(self, address: Address | None) -> bool:
        """Tell whether what comes from an address may say who asks."""
        return address is not None and any(address in network for network in self.trusted)

    def asker(self, request: HTTPConnection) -> str:
        """Return the address that attempts are counted under: the peer's, or the one that a trusted proxy names."""
        peer = peer_of(request)
        if self.header and self.trust(peer):
            peer = self._beyond(request) or peer
        return str(peer or "unknown")

    def _beyond(self, request: HTTPConnection) -> Address | None:
        """Return the last address that is not a trusted proxy's own: those before it are anybody's invention."""
        said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        for text in reversed(said):
            address = _address(text.strip())
            if address is None or not self.trust(address):
                return address
        return None


def networks_of(settings: Settings) -> Networks:
    """Return the networks that the settings name.

    Raises:
        InputError: one of them is none.
    """
    proxy = settings.proxy
    return Networks(proxy.header, proxy.name_header, tuple(_networks(proxy.networks)))


def peer_of(request: HTTPConnection) -> Address | None:
    """Return the address at the other end of the connection; an IPv4 address is one however it is written."""
    return _address(request.client.host) if request.client else None


def is_at_home(request: HTTPConnection, listening: str) -> bool:
    """Tell whether a request was made on this machine, by somebody who sits at it, as far as that can be seen.

    ``listening`` is the address that is served at. The name in the Host header must be the machine's own for itself: a
    name of somebody else's that leads here (DNS rebinding) is not. A relay is told by the headers that it adds, and by
    HTTP/1.0, in which nginx asks unless it is told otherwise.
    """
    peer, host, origin = peer_of(request), request.headers.get("host", ""), request.headers.get("origin")
    return (
        is_loopback(listening)
        and peer is not None
        and peer.is_loopback
        and request.scope.get("http_version") != "1.0"
        and _HOME.fullmatch(host) is not None
        and origin in {None, f"http://{host}"}
        and not any(_RELAYED.fullmatch(name) for name in request.headers)
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address, or the name localhost, can be reached from this machine alone."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _networks(names: Iterable[str]) -> Iterable[Network]:
    for name in names:
        try:
            yield ip_network(name)
        except ValueError as error:
            raise InputError(f"TIDINGS_PROXY_NETWORKS: {name!r} is not a network, as 192.0.2.0/24") from error


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
