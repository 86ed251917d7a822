"""What office clients say about a save beside the content, and how they are told of a conflict.

Office sends who has edited (X-WOPI-Editors). Collabora and ONLYOFFICE send why they save, and the
time that they were told for what they have; Collabora's headers began with ``X-LOOL-`` before they
began with ``X-COOL-``, and ONLYOFFICE's still do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

_PREFIXES = ("X-COOL-WOPI-", "X-LOOL-WOPI-")
_MAX_EDITORS = 50


class HeaderValues(Protocol):
    """Headers that do not care for upper and lower case."""

    def get(self, key: str, default: str, /) -> str:
        """The value of a header."""


@dataclass(frozen=True)
class SaveNote:
    """What a client says about a save.

    Attributes:
        editors: UserIds of those who have edited since the last save, as far as it tells.
        is_autosave: it saves by itself.
        is_exit_save: it saves because the last one is leaving.
        is_modified_by_user: somebody has changed something; ``None`` if it does not tell.
        storage_time: the time of change that it knows for what it has; ``None`` if it does not
            tell, or wants to save whatever there is.
        is_cut_to_seconds: whether that time has no fraction of a second.
    """

    editors: tuple[str, ...] = ()
    is_autosave: bool = False
    is_exit_save: bool = False
    is_modified_by_user: bool | None = None
    storage_time: datetime | None = None
    is_cut_to_seconds: bool = False

    @property
    def comment(self) -> str | None:
        """The note for Nuxeo's audit: who has edited, and why it was saved just now."""
        parts = [f"edited by {', '.join(self.editors)}"] if self.editors else []
        if self.is_exit_save:
            parts.append("saved when the last one left")
        elif self.is_autosave:
            parts.append("saved automatically")
        if self.is_modified_by_user is False:
            parts.append("with no change by a user")
        text = ", ".join(parts)
        return text[:1].upper() + text[1:] or None

    def knows(self, changed: str | None) -> bool:
        """Whether the client knows of content that was changed at this time, in Nuxeo's form.

        Moments are compared, not texts; one that was cut to seconds on its way knows of everything
        in that second.
        """
        moment = moment_of(changed)
        if self.storage_time is None or moment is None:
            return True
        if self.is_cut_to_seconds:
            moment = moment.replace(microsecond=0)
        return self.storage_time >= moment


def read_note(headers: HeaderValues) -> SaveNote:
    """What the headers of a PutFile say."""
    editors = [part.strip() for part in headers.get("X-WOPI-Editors", "").split(",")]
    modified = _said(headers, "IsModifiedByUser")
    timestamp = _said(headers, "Timestamp")
    return SaveNote(
        editors=tuple(dict.fromkeys(filter(None, editors)))[:_MAX_EDITORS],
        is_autosave=_said(headers, "IsAutosave") == "true",
        is_exit_save=_said(headers, "IsExitSave") == "true",
        is_modified_by_user=None if not modified else modified == "true",
        storage_time=moment_of(timestamp.upper()),
        is_cut_to_seconds=bool(timestamp) and "." not in timestamp,
    )


def moment_of(text: str | None) -> datetime | None:
    """A moment in ISO 8601; without a time zone it is UTC. ``None`` for what is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _said(headers: HeaderValues, name: str) -> str:
    for prefix in _PREFIXES:
        if value := headers.get(f"{prefix}{name}", ""):
            return value.strip().lower()
    return ""
