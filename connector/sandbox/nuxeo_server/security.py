"""Permissions, ACLs and the lock policy: pure functions (REST_CONTRACT 6, 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

EVERYTHING = "Everything"
EVERYONE = "Everyone"
ADMINISTRATORS = "administrators"
POWER_USERS = "powerusers"

_CONTAINS: Mapping[str, tuple[str, ...]] = {
    "Read": (
        "Browse",
        "ReadVersion",
        "ReadProperties",
        "ReadChildren",
        "ReadLifeCycle",
        "ReadSecurity",
        "ReviewParticipant",
    ),
    "ReadProperties": ("Browse",),
    "Write": (
        "AddChildren",
        "WriteProperties",
        "Remove",
        "ManageWorkflows",
        "WriteLifeCycle",
        "WriteVersion",
    ),
    "Remove": ("RemoveChildren", "WriteLifeCycle"),
    "WriteVersion": ("WriteProperties",),
    "ReadWrite": ("Read", "Write"),
    "Version": ("ReadVersion", "WriteVersion"),
    "ReadRemove": ("Read", "Remove"),
}
_ALONE = (
    "Unlock",
    "WriteSecurity",
    "MakeRecord",
    "SetRetention",
    "ManageLegalHold",
    "UnsetRetention",
    "WriteColdStorage",
    "DataVisualization",
)


def _all_permissions() -> tuple[str, ...]:
    names = {EVERYTHING, *_ALONE, *_CONTAINS}
    for members in _CONTAINS.values():
        names.update(members)
    return tuple(sorted(names))


PERMISSIONS = _all_permissions()
"""Every permission there is."""


def _groups_of(permission: str) -> frozenset[str]:
    """The permission and every one that contains it, transitively, and Everything."""
    found = {permission, EVERYTHING}
    grown = True
    while grown:
        more = {name for name, members in _CONTAINS.items() if found & set(members)} - found
        found |= more
        grown = bool(more)
    return frozenset(found)


_GROUPS = {permission: _groups_of(permission) for permission in PERMISSIONS}


@dataclass(frozen=True)
class Ace:
    """One entry of an ACL."""

    principal: str
    permission: str
    granted: bool = True


@dataclass(frozen=True)
class Principal:
    """Somebody who calls."""

    name: str
    groups: frozenset[str]

    @property
    def is_administrator(self) -> bool:
        """Administrators pass ACLs and policies."""
        return ADMINISTRATORS in self.groups

    @property
    def names(self) -> frozenset[str]:
        """Everything an ACE may call them."""
        return self.groups | {self.name, EVERYONE}


def has_permission(
    principal: Principal,
    permission: str,
    aces: Iterable[Ace],
    lock_owner: str | None,
) -> bool:
    """Whether somebody has a permission on a document.

    Args:
        principal: who.
        permission: its name.
        aces: the document's own entries, then those of its ancestors upwards.
        lock_owner: who has locked the document.
    """
    if principal.is_administrator:
        return True
    wanted = _GROUPS.get(permission, frozenset({permission, EVERYTHING}))
    if "Write" in wanted and lock_owner is not None and lock_owner != principal.name:
        return False
    for ace in aces:
        if ace.principal in principal.names and ace.permission in wanted:
            return ace.granted
    return False
