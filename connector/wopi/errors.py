"""The answers that refuse a WOPI operation."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType


class WopiError(Exception):
    """An operation that ends with another status than 200.

    Attributes:
        status: what the office client gets.
        reason: for logs and for X-WOPI-ServerError; never shows content or tokens.
        headers: further response headers.
        body: what the response says beside, as JSON; empty for nothing.
    """

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    body: Mapping[str, object] = MappingProxyType({})

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.headers: Mapping[str, str] = {"X-WOPI-ServerError": header_text(reason)}

    def say_first(self, text: str) -> None:
        """Put something before the reason, wherever it is told."""
        told = header_text(self.reason)
        self.reason = f"{text}: {self.reason}"
        self.headers = {
            name: header_text(self.reason) if value == told else value
            for name, value in self.headers.items()
        }


class BadRequest(WopiError):
    """A header or body that cannot be understood: 400."""

    status = HTTPStatus.BAD_REQUEST


class InvalidFileName(BadRequest):
    """A name that no file can have, nor one like it: 400."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.headers = {**self.headers, "X-WOPI-InvalidFileNameError": header_text(reason)}


class Unauthorized(WopiError):
    """The access token is no good: 401."""

    status = HTTPStatus.UNAUTHORIZED


class NotFound(WopiError):
    """No such file, or not for this user: 404."""

    status = HTTPStatus.NOT_FOUND


class PreconditionFailed(WopiError):
    """The file is larger than the client expects: 412."""

    status = HTTPStatus.PRECONDITION_FAILED


class TooLarge(WopiError):
    """The body is larger than we or Nuxeo accept: 413.

    All kinds of clients take it for "too large, or no room left": Microsoft's page "PutFile",
    Collabora's ``wopi/WopiStorage.cpp``, ONLYOFFICE's page "WOPI REST API".
    """

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class TooManyRequests(WopiError):
    """Put off: 429, with Retry-After.

    Args:
        reason: why.
        seconds: when to try again.
    """

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, reason: str, seconds: int) -> None:
        super().__init__(reason)
        self.headers = {**self.headers, "Retry-After": str(seconds)}


class NotImplementedOperation(WopiError):
    """An operation that this host does not have: 501."""

    status = HTTPStatus.NOT_IMPLEMENTED


class ServerError(WopiError):
    """Nuxeo or the connector failed: 500."""


class LockMismatch(WopiError):
    """409. Cannot be made without the current lock id, which clients rely on.

    Args:
        current: the lock id on the file; empty when there is none, or none that WOPI could name.
        reason: why, also sent as X-WOPI-LockFailureReason.
    """

    status = HTTPStatus.CONFLICT

    def __init__(self, current: str, reason: str) -> None:
        super().__init__(reason)
        self.headers = {
            "X-WOPI-Lock": current,
            "X-WOPI-LockFailureReason": header_text(reason),
        }


class ChangedInStorage(LockMismatch):
    """409 in a form that Collabora understands: somebody else has changed the file in Nuxeo.

    Its users are then asked whether to overwrite that or to go on with it.
    """

    # The first is what it reads now, the second what it read before.
    body = MappingProxyType({"COOLStatusCode": 1010, "LOOLStatusCode": 1010})


def header_text(text: str) -> str:
    """``text`` as a header can carry it: one line of ASCII, 256 characters at most."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:256]
