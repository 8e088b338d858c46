"""Where outgoing requests may go: public addresses over HTTPS. Pure; the transport resolves names and asks here.

A free URL (a webhook that someone typed in) must not become a way into the own network or to a cloud's metadata
service. So the name is resolved once, every address it has is judged, and the connection goes to an address that was
judged: a name that resolves differently the second time gains nothing.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Target", "is_public", "target_of"]

_URL = re.compile(r"https://[^/?#]+([/?][\x21-\x7e]*)?")
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?\.?")
_MAX_URL = 2_048

_BLOCKED = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # the virtual host of Azure, a public address with metadata behind it
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4 in IPv6 in all its forms, of which some gateway makes IPv4 again
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fec0::/10",
    )
)


class Target(NamedTuple):
    """The host and port that a URL names."""

    host: str
    port: int


def target_of(url: str) -> Target | None:
    """The target of a URL that may be asked for; None if its form alone rules it out.

    Only HTTPS, only ASCII (a name in other letters is written in its `xn--` form), no user, no escapes in the host, and
    no number but a plain IPv4 or IPv6 address in place of a name (`2130706433` and `0x7f.1` are 127.0.0.1 to some).
    """
    if len(url) > _MAX_URL or "\\" in url or not _URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or ""), parts.port or 443
    except ValueError:
        return None
    if any(mark in parts.netloc for mark in "@%") or parts.netloc.endswith(":"):
        return None
    return Target(host, port) if _NAME.fullmatch(host) or _is_address(host) else None


def _is_address(host: str) -> bool:
    try:
        return str(ip_address(host)) == host
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet: not private, local, shared, reserved, or IPv4 in disguise."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if any(parsed.version == network.version and parsed in network for network in _BLOCKED):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
