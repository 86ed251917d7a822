"""What there is to be told, and who can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class EventKind(Enum):
    """What has happened."""

    SESSION_OPENED = "sessionOpened"
    SAVED = "saved"
    SESSION_CLOSED = "sessionClosed"
    VERSION_CREATED = "versionCreated"
    CONFLICT = "conflict"
    RECOVERED = "recovered"


@dataclass(frozen=True)
class Event:
    """Something that has happened to a document.

    Attributes:
        kind: what.
        repository, document_id: which document.
        xpath: which of its files, if it is about one.
        user: login name of whoever did it, if it is somebody.
        at: when, in seconds since the epoch.
        details: further values, by kind; never content or tokens.
    """

    kind: EventKind
    repository: str
    document_id: str
    xpath: str | None
    user: str | None
    at: float
    details: Mapping[str, str | int] = field(default_factory=dict)


class Events(Protocol):
    """Somebody who is told."""

    def emit(self, event: Event) -> None:
        """Tell of an event. Never blocks and never raises."""


class _Nobody:
    def emit(self, event: Event) -> None:
        """Do nothing."""


NO_EVENTS: Events = _Nobody()
"""Nobody is told."""
