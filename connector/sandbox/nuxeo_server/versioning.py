"""Archived versions, and when the server makes them by itself (REST_CONTRACT 5.4, 8)."""

from __future__ import annotations

import copy
import uuid
from dataclasses import replace

from connector.sandbox.nuxeo_server.doctypes import TYPES
from connector.sandbox.nuxeo_server.store import Document, Store

OPTIONS = frozenset({"MINOR", "MAJOR", "NONE"})
"""How a version's number grows."""


def is_versionable(document: Document) -> bool:
    """Whether there may be versions of a document."""
    return "Versionable" in TYPES[document.type].facets


def archives_before_save(document: Document, user: str) -> bool:
    """Whether a save by ``user`` archives the state before it: files, when they change hands."""
    has_file = "file" in TYPES[document.type].schemas
    return (
        has_file
        and document.is_checked_out
        and document.properties.get("dc:lastContributor") != user
    )


def archives_after_save(document: Document) -> bool:
    """Whether every save archives the state after it: notes."""
    return document.type == "Note"


def archive(store: Store, state: Document, live: Document, increment: str) -> None:
    """Keep ``state`` as the next version of ``live``, whose numbers grow with it."""
    major = int(live.properties.get("uid:major_version") or 0)
    minor = int(live.properties.get("uid:minor_version") or 0)
    if increment == "MAJOR":
        major, minor = major + 1, 0
    elif increment == "MINOR":
        minor += 1
    numbers = {"uid:major_version": major, "uid:minor_version": minor}
    live.properties |= numbers
    live.version_label = f"{major}.{minor}"
    archived = replace(
        copy.deepcopy(state),
        uid=str(uuid.uuid4()),
        is_version=True,
        series_uid=live.uid,
        is_checked_out=False,
        version_label=live.version_label,
        lock_owner=None,
        lock_created=None,
    )
    archived.properties |= numbers
    store.put(archived)


def check_out(store: Store, document: Document) -> None:
    """Have a document count as changed since its last version; its numbers go on from there."""
    if document.is_checked_out:
        return
    document.is_checked_out = True
    versions = store.versions(document.uid)
    if versions:
        last = versions[-1]
        document.version_label = last.version_label
        for name in ("uid:major_version", "uid:minor_version"):
            document.properties[name] = last.properties.get(name)


def forget_versions(document: Document) -> None:
    """Make a copy a document without a past."""
    document.version_label = ""
    document.is_checked_out = True
    for name in ("uid:major_version", "uid:minor_version"):
        if name in document.properties:
            document.properties[name] = None
