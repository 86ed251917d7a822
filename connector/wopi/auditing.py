"""Events noted in Nuxeo's audit log, beside what Nuxeo notes by itself."""

from __future__ import annotations

import threading

from connector.events.events import Event
from connector.file_reference import MAIN_FILE_XPATH, FileReference
from connector.nuxeo_gateway.audit import Audit

_PREFIX = "wopi"
# Nuxeo's audit in a SQL database takes 1,024 characters and refuses more (``LogEntryImpl``).
_LONGEST = 1000


class Auditing:
    """Writes events down as the user they are about; those without one are left out."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def __call__(self, event: Event, _stopping: threading.Event) -> None:
        """Write an event down.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        if event.user is None:
            return
        reference = FileReference(
            event.repository, event.document_id, event.xpath or MAIN_FILE_XPATH
        )
        name = event.kind.value
        self._audit.log(
            reference, f"{_PREFIX}{name[:1].upper()}{name[1:]}", comment_of(event), event.user
        )


def comment_of(event: Event) -> str:
    """The details in words, as far as there is room: ``xpath: file:content, length: 12``."""
    told = {"xpath": event.xpath, **event.details}
    text = ", ".join(f"{name}: {value}" for name, value in told.items() if value not in ("", None))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
