"""What the text of the settings for Redis means; the rules of ``config_values`` hold here too."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from connector import web_address

_URL_TEXT = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def redis_url(text: str) -> str:
    """The address of a Redis, as it is: it may hold a password, which no message quotes."""
    if not _URL_TEXT.fullmatch(text):
        raise ValueError("holds a character that has no place in a URL (use percent-encoding)")
    if not text.startswith(("redis://", "rediss://")):
        raise ValueError("does not start with redis:// or rediss://")
    # The library would take the rest for options, or leave it out in silence.
    if "?" in text or "#" in text:
        raise ValueError("has a ? or # (in a password, use percent-encoding)")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("has a host or port that makes no sense") from None
    if not re.fullmatch(r"/?|/[0-9]{1,4}", parts.path):
        raise ValueError("has something else than a database's number after the host")
    if not parts.hostname:
        raise ValueError("names no host")
    if port == 0:
        raise ValueError("has a port that makes no sense")
    if ":" in parts.hostname:
        web_address.ip_address(parts.hostname)
    elif not web_address.is_host_name(parts.hostname):
        raise ValueError("has a host that makes no sense")
    return text


def redis_prefix(text: str) -> str:
    """How keys in Redis begin."""
    if not _PREFIX.fullmatch(text):
        raise ValueError("is no such prefix")
    return text
