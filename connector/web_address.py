"""Web addresses in one form only, so that their origins can be compared as text.

Browsers compare origins too, of postMessage senders and in content security policies, and they do
it in this form: lower case, and no port where it is the scheme's own.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical(url: str) -> str:
    """``url`` with its origin in the form that browsers have; the rest is kept.

    Raises:
        ValueError: if it is no address with http:// or https:// and a host; the message finishes
            the sentence that starts with the address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("has a host or port that makes no sense") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("does not start with http:// or https://")
    # The library leaves out tabs and line ends wherever they are, and so do browsers.
    authority, rest = _authority(url)
    if "@" in authority:
        raise ValueError("holds a user name or password")
    if not parts.hostname:
        raise ValueError("names no host")
    if port == 0:
        raise ValueError("has a port that makes no sense")
    if authority != parts.netloc or "%" in authority:
        raise ValueError("has a host that makes no sense")
    host = f"[{ip_address(parts.hostname)}]" if ":" in parts.hostname else parts.hostname
    if not host.startswith("[") and not is_host_name(host):
        raise ValueError("has a host that makes no sense")
    origin = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    return f"{parts.scheme}://{origin}{rest}"


def _authority(url: str) -> tuple[str, str]:
    after = url.partition("://")[2]
    end = next((index for index, character in enumerate(after) if character in "/?#"), len(after))
    return after[:end], after[end:]


def origin_of(url: str) -> str:
    """Scheme, host and port of an address that is in its canonical form."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_host_name(text: str) -> bool:
    """Whether ``text`` can be the name of a host, or an IPv4 address."""
    return _HOST_NAME.fullmatch(text) is not None


def ip_address(text: str) -> str:
    """An IP address in its shortest form.

    Raises:
        ValueError: if it is none.
    """
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("has an IP address that makes no sense") from None


def is_shown_within(frame: str, page: str) -> bool:
    """Whether browsers show a frame of one origin inside a page of another.

    They show none by http inside a page by https, but from the machine itself (W3C, "Mixed
    Content" 4.4, and "Secure Contexts" 3.1).
    """
    if not (frame.startswith("http:") and page.startswith("https:")):
        return True
    host = (urlsplit(frame).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
