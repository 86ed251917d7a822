"""What stands in the way of editing: pure decisions on a document as Nuxeo showed it."""

from __future__ import annotations

from enum import Enum

from connector.nuxeo_gateway.documents import Document

# Of the permissions that include writing, the two that Nuxeo's lock policy leaves alone.
_BEYOND_LOCK = frozenset({"ReadWrite", "Everything"})


class ReadOnlyReason(Enum):
    """Why a document cannot be changed now."""

    TRASHED = "the document is in the trash"
    VERSION = "it is an archived version"
    PROXY = "it is a published copy"
    RECORD = "it is a record or under legal hold"
    LOCKED = "it is locked in Nuxeo"
    NO_PERMISSION = "no permission to write it"


def read_only_reason(
    document: Document, user: str, *, session_owners: frozenset[str] = frozenset()
) -> ReadOnlyReason | None:
    """Why ``user`` cannot change ``document``, or ``None`` if they can.

    Args:
        document: as ``user`` sees it, with permissions and lock.
        user: login name.
        session_owners: in whose name the WOPI sessions on the document hold Nuxeo's lock: a lock
            of theirs is in nobody's way who may write.

    Administrators pass Nuxeo's lock policy, so the owner's name is compared as well
    (REST_CONTRACT 6). While somebody else holds the lock, Nuxeo lists WriteProperties for nobody;
    what it still lists of ReadWrite and Everything tells who may write apart from it, but not
    everybody: who was given ``Write`` alone looks like a reader then (REST_CONTRACT 7).
    """
    if document.is_trashed:
        return ReadOnlyReason.TRASHED
    if document.is_version:
        return ReadOnlyReason.VERSION
    if document.is_proxy:
        return ReadOnlyReason.PROXY
    if document.is_record or document.is_under_retention_or_legal_hold:
        return ReadOnlyReason.RECORD
    may_write = "WriteProperties" in document.permissions
    if document.lock_owner in (None, user):
        return None if may_write else ReadOnlyReason.NO_PERMISSION
    if not may_write and not document.permissions & _BEYOND_LOCK:
        return ReadOnlyReason.NO_PERMISSION
    return None if document.lock_owner in session_owners else ReadOnlyReason.LOCKED
