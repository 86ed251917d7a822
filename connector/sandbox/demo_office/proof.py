"""What an office client signs (WOPI page "Proof keys"): pure."""

from __future__ import annotations

import struct

_EPOCH_TICKS = 621_355_968_000_000_000
_TICKS_PER_SECOND = 10_000_000


def ticks(seconds: float) -> int:
    """A moment, in seconds since 1970, as .NET counts it: 100 nanoseconds since the year 1."""
    return _EPOCH_TICKS + int(seconds * _TICKS_PER_SECOND)


def signed_bytes(access_token: str, url: str, timestamp: int) -> bytes:
    """The bytes to sign: token, URL in upper case and time, each behind its length.

    Args:
        access_token: decoded.
        url: complete, with query, as it is requested.
        timestamp: X-WOPI-TimeStamp.
    """
    token, address = access_token.encode(), url.upper().encode()
    return b"".join(
        (
            struct.pack(">I", len(token)),
            token,
            struct.pack(">I", len(address)),
            address,
            struct.pack(">I", 8),
            struct.pack(">q", timestamp),
        )
    )
