"""Entries in Nuxeo's audit log."""

from __future__ import annotations

from connector.file_reference import FileReference
from connector.nuxeo_gateway.documents import document_path
from connector.nuxeo_gateway.session import NuxeoSession

CATEGORY = "WOPI"
"""What entries made here are filed under."""


class Audit:
    """Writes into the audit log, by the operation ``Audit.LogEvent``.

    Whoever may read a document may call it; the entry is in the name of whoever does. Source:
    ``AuditLog``, the same in Nuxeo 10.10, 2021 and 2023; their ``bindings-contrib.xml`` keep
    ``Audit.Query`` for administrators, and this not.
    """

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def log(self, reference: FileReference, event: str, comment: str, user: str) -> None:
        """Note an event about a document: one call.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        self._session.call(
            "POST",
            f"{document_path(reference)}/@op/Audit.LogEvent",
            user=user,
            headers={"X-NXVoidOperation": "true"},
            data={"params": {"event": event, "category": CATEGORY, "comment": comment}},
        )
