"""Logging in which no secret can end up."""

from __future__ import annotations

import logging
import re
import sys

_SECRETS = re.compile(
    r"((?<=[?&])(?:code|state)=|access_token(?:=|%3D)|ticket(?:=|%3D)|Bearer\s+|JSESSIONID=|X-Authentication-Token[=:]\s*)[^\s&\"',;]+",
    re.IGNORECASE,
)
_JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class RedactingFormatter(logging.Formatter):
    """Takes tokens and session cookies out of whatever is written, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for ``record``, without secrets."""
        return redact(super().format(record))


def redact(text: str) -> str:
    """``text`` with every token and session cookie replaced."""
    return _JWT.sub("[token]", _SECRETS.sub(r"\1[redacted]", text))


def set_up(level: str) -> None:
    """Write everything from ``level`` up to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(_FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Their own lines at INFO say nothing about the connector.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    # It quotes the whole address, of a webhook too, when headers of an answer make no sense.
    logging.getLogger("urllib3.connection").setLevel(logging.ERROR)
