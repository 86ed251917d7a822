"""Refusals, as Nuxeo words them (REST_CONTRACT 2.5)."""

from __future__ import annotations


class NuxeoError(Exception):
    """A request that is answered with an error.

    Attributes:
        status: HTTP status.
        message: what stands in the JSON.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found(what: str) -> NuxeoError:
    """404 with the id or path that is not there."""
    return NuxeoError(404, what)


def forbidden(permission: str, user: str) -> NuxeoError:
    """403 in the words of DocumentSecurityException."""
    return NuxeoError(403, f"Privilege '{permission}' is not granted to '{user}'")


def not_implemented(what: str) -> NuxeoError:
    """501 for what Nuxeo has and the sandbox has not."""
    return NuxeoError(501, f"The sandbox does not have {what}")


def server_error() -> NuxeoError:
    """500, of which the server says no more."""
    return NuxeoError(500, "Internal Server Error")


def conflict(uid: str) -> NuxeoError:
    """409 of a change token that is not the current one."""
    return NuxeoError(409, f"{uid}, Invalid change token")
