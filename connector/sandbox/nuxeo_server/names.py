"""Names of documents among their siblings (REST_CONTRACT 2.5, 8)."""

from __future__ import annotations

import re
import time

from connector.sandbox.nuxeo_server.store import Store

_MAX_SEGMENT = 24


def path_segment(name: str) -> str:
    """What becomes of the name that a client wants for a new document."""
    return name.strip().replace("/", "-")[:_MAX_SEGMENT] or _millis()


def free_name(store: Store, parent_uid: str, wanted: str) -> str:
    """``wanted``, or with a number behind it when a sibling has that name."""
    name = wanted
    while store.child(parent_uid, name) is not None:
        name = f"{wanted}.{_millis()}"
    return name


def trashed_name(name: str) -> str:
    """The name of a document in the trash, which leaves its own to others."""
    return f"{name}._{_millis()}_.trashed"


def untrashed_name(name: str) -> str:
    """The name that a document had before it went to the trash."""
    return re.sub(r"\._\d+_\.trashed$", "", name)


def _millis() -> str:
    return str(time.time_ns() // 1_000_000)
