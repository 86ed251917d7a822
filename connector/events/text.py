"""An event as JSON, in the log and on its way to a webhook."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime

from connector.events.events import Event

_log = logging.getLogger("connector.events")


def as_json(event: Event, **beside: str) -> str:
    """One line of JSON, in ASCII, so that nothing in it can be more or less than text.

    Args:
        event: the event.
        beside: further members, which come first.
    """
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
    members = {
        **beside,
        "event": event.kind.value,
        "at": at.replace("+00:00", "Z"),
        "repository": event.repository,
        "document": event.document_id,
        "xpath": event.xpath,
        "user": event.user,
        "details": dict(event.details),
    }
    return json.dumps(members)


def write_to_log(event: Event, _stopping: threading.Event) -> None:
    """A line for the event."""
    _log.info("%s", as_json(event))
