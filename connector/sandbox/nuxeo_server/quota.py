"""How much may be kept below a document: the platform's quota, as far as saves meet it.

As ``DocumentsSizeUpdater`` has it: what would make more of a folder than it may hold is rolled
back, with 413 since LTS 2025.9 (NXP-30837). Versions count, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.store import Document, Store


def check(store: Store, document: Document, former: Mapping[str, Any], event: str) -> None:
    """Refuse a change that breaks a quota.

    Args:
        store: where everything is kept.
        document: as it is going to be stored, which it is not yet.
        former: its properties as they are; empty for a new document.
        event: what is being done.

    Raises:
        NuxeoError: 413.
    """
    growth = _size(document.properties) - _size(former)
    if growth <= 0:
        return
    folder = store.get(document.parent_uid or "")
    while folder is not None:
        if 0 <= folder.max_size < _below(store, folder) + growth:
            message = f"Current event {event} would break Quota restriction, rolling back"
            raise NuxeoError(413, f"{message}, QuotaExceeded")
        folder = store.get(folder.parent_uid or "")


def _below(store: Store, folder: Document) -> int:
    total, waiting = 0, [folder]
    while waiting:
        document = waiting.pop()
        total += _size(document.properties)
        total += sum(_size(version.properties) for version in store.versions(document.uid))
        waiting += store.children(document.uid)
    return total


def _size(value: object) -> int:
    """The bytes of all blobs in a value."""
    if isinstance(value, Mapping):
        if "digest" in value and "length" in value:
            return int(value["length"])
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 0
