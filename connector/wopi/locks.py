"""The WOPI lock of one file, as a state machine without I/O.

A file is unlocked or locked with a lock id, an opaque text of up to 1,024 ASCII characters that the
office client chose. What an operation may do depends only on how the lock id it presents relates to
the lock there is:

=============== ============= ============ ============
operation       unlocked      same id      other id
=============== ============= ============ ============
Lock            take          refresh      conflict
UnlockAndRelock conflict      replace      conflict
GetLock         report        report       report
RefreshLock     conflict      refresh      conflict
Unlock          conflict      release      conflict
PutFile         write-if-empty write       conflict
RenameFile      write         write        conflict
DeleteFile      write         conflict     conflict
=============== ============= ============ ============

UnlockAndRelock is judged by X-WOPI-OldLock, all others by X-WOPI-Lock. Every conflict is answered
with 409 and the current lock id, the empty text when there is none. Locks belong to nobody: any
user who may edit the file may act on them with the right id.

Source: the WOPI pages Lock, UnlockAndRelock, GetLock, RefreshLock, Unlock, PutFile, RenameFile,
DeleteFile and "Key concepts: Lock".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

LIFETIME = 30 * 60
"""Seconds until a lock that nobody refreshes ends."""

MAX_ID_LENGTH = 1024
"""Characters that a lock id may have."""


class LockOperation(Enum):
    """A WOPI operation that looks at the lock."""

    LOCK = auto()
    UNLOCK_AND_RELOCK = auto()
    GET_LOCK = auto()
    REFRESH_LOCK = auto()
    UNLOCK = auto()
    PUT_FILE = auto()
    RENAME_FILE = auto()
    DELETE_FILE = auto()


class Relation(Enum):
    """How the presented lock id relates to the lock on the file."""

    UNLOCKED = auto()
    SAME = auto()
    OTHER = auto()


class LockAction(Enum):
    """What the operation comes to."""

    TAKE = auto()
    REFRESH = auto()
    REPLACE = auto()
    RELEASE = auto()
    REPORT = auto()
    WRITE = auto()
    WRITE_IF_EMPTY = auto()
    CONFLICT = auto()


_ACTIONS: Mapping[LockOperation, tuple[LockAction, LockAction, LockAction]] = MappingProxyType(
    {
        LockOperation.LOCK: (LockAction.TAKE, LockAction.REFRESH, LockAction.CONFLICT),
        LockOperation.UNLOCK_AND_RELOCK: (
            LockAction.CONFLICT,
            LockAction.REPLACE,
            LockAction.CONFLICT,
        ),
        LockOperation.GET_LOCK: (LockAction.REPORT, LockAction.REPORT, LockAction.REPORT),
        LockOperation.REFRESH_LOCK: (
            LockAction.CONFLICT,
            LockAction.REFRESH,
            LockAction.CONFLICT,
        ),
        LockOperation.UNLOCK: (LockAction.CONFLICT, LockAction.RELEASE, LockAction.CONFLICT),
        LockOperation.PUT_FILE: (
            LockAction.WRITE_IF_EMPTY,
            LockAction.WRITE,
            LockAction.CONFLICT,
        ),
        LockOperation.RENAME_FILE: (LockAction.WRITE, LockAction.WRITE, LockAction.CONFLICT),
        LockOperation.DELETE_FILE: (LockAction.WRITE, LockAction.CONFLICT, LockAction.CONFLICT),
    }
)
_COLUMNS = (Relation.UNLOCKED, Relation.SAME, Relation.OTHER)

TRANSITIONS: Mapping[tuple[LockOperation, Relation], LockAction] = MappingProxyType(
    {
        (operation, relation): action
        for operation, row in _ACTIONS.items()
        for relation, action in zip(_COLUMNS, row, strict=True)
    }
)
"""The whole machine: every operation in every relation."""


def relation(current: str | None, presented: str | None) -> Relation:
    """How a presented lock id relates to the current one; ``None`` is no lock."""
    if current is None:
        return Relation.UNLOCKED
    return Relation.SAME if current == presented else Relation.OTHER


def decide(operation: LockOperation, current: str | None, presented: str | None) -> LockAction:
    """What ``operation`` may do, given the current lock id and the one it presents."""
    return TRANSITIONS[operation, relation(current, presented)]


def is_stale(expires_at: float, now: float, after: float, changed_at: float | None = None) -> bool:
    """Whether a session was silent for so long that somebody else may take its lock over.

    Args:
        expires_at: when the lock ends, in seconds since the epoch.
        now: the same for this moment.
        after: seconds without a refresh or a change; 0 for never.
        changed_at: when the document was last changed, which may have been a save of the session,
            in seconds since the epoch; ``None`` if that is not known.
    """
    heard_of = max(expires_at - LIFETIME, changed_at or 0.0)
    return after > 0 and now - heard_of >= after


def is_lock_id(text: str) -> bool:
    """Whether ``text`` can be a lock id: 1 to 1,024 printable ASCII characters."""
    return 0 < len(text) <= MAX_ID_LENGTH and all(" " <= char <= "~" for char in text)
