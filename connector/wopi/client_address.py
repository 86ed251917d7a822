"""From where a request comes, as far as it can be trusted.

The connector is behind a reverse proxy, which adds the address of its own caller at the end of
``X-Forwarded-For``. What stands before that came with the request and may say anything.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_IPV6_SITE = 64
"""Bits of an IPv6 address that stand for one caller: the rest they choose as they like."""


def client_address(peer: str, forwarded_for: str) -> str:
    """Who calls, for counting: an IPv4 address, or the network of an IPv6 one.

    Args:
        peer: the address that the connection comes from. A public one is no proxy of ours, and is
            not believed what it says about others.
        forwarded_for: X-Forwarded-For, several of them with commas between.
    """
    connected = _parsed(peer)
    if connected is None or not connected.is_global:
        # Only the last one is the proxy's own word.
        forwarded = _parsed(forwarded_for.rpartition(",")[2])
        connected = forwarded or connected
    if connected is None:
        return ""
    if isinstance(connected, IPv6Address):
        return str(ip_network((int(connected), _IPV6_SITE), strict=False))
    return str(connected)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """An address, with or without a port behind it."""
    address = text.strip()
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped or parsed
    return parsed
