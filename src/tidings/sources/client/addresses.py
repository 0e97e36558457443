"""Which hosts may be asked: those with public addresses, and those that an operator named himself.

A name is resolved once, every address it has is checked, and the connection goes to an address that was checked: a name
that changes its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

import httpcore2

from tidings.errors import FetchError

_ALLOCATED = ipaddress.IPv6Network("2000::/3")  # https://www.iana.org/assignments/ipv6-address-space
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is meant
_PORTS = {"http": 80, "https": 443}


def place_of(url: str) -> str:
    """Return ``host:port`` of an address, as ``trusted`` wants it; the port is the scheme's own where none is named."""
    parts = urlsplit(url)
    return _place(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))


def is_trusted(host: str, port: int, trusted: frozenset[str]) -> bool:
    """Tell whether an operator named that host: ``mirror.lab`` is all its ports, ``mirror.lab:8080`` one of them."""
    return host.lower() in trusted or _place(host, port) in trusted


def addresses(host: str, port: int, trusted: frozenset[str]) -> list[str]:
    """Return the addresses of a host, in the resolver's order; at least one.

    Raises:
        FetchError: one of them is not public, and nobody named the host in the settings.
        httpcore2.ConnectError: the name cannot be resolved now.
    """
    found = _resolve(host, port)
    hidden = next((address for address in found if not is_public(address)), None)
    if hidden is not None and not is_trusted(host, port, trusted):
        raise FetchError(
            f"{host} leads to {hidden}, which is no public address; a host in your own network is only asked when the "
            f"settings name it"
        )
    return found


def is_public(address: str) -> bool:
    """Tell whether anybody on the Internet can reach an address: not loopback, private, link-local, multicast …

    An address that wraps another one (IPv4-mapped, NAT64) is as public as the one inside; 6to4 is given up (RFC 7526).
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return parsed.is_global and not parsed.is_multicast
    inner = ipaddress.IPv4Address(parsed.packed[-4:]) if parsed in _NAT64 else parsed.ipv4_mapped
    if inner is not None:
        return is_public(str(inner))
    return parsed.is_global and parsed in _ALLOCATED and parsed.sixtofour is None


def is_literal(host: str) -> bool:
    """Tell whether a host is written as an address, not as a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as error:  # a label of 64 letters, a port of 99999
        raise httpcore2.ConnectError(f"no address of {host} is known ({error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host.lower()}:{port}"
