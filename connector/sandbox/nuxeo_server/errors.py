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


def conflict(uid: str) -> NuxeoError:
    """409 of a change token that is not the current one."""
    return NuxeoError(409, f"{uid}, Invalid change token")
