"""What stands in the way of editing, as Nuxeo shows it to different people."""

from dataclasses import replace

import pytest

from connector.nuxeo_gateway.documents import Document
from connector.nuxeo_gateway.permissions import ReadOnlyReason, read_only_reason

READ = frozenset({"Read", "Browse"})
WRITE = READ | {"ReadWrite", "Write", "WriteProperties"}
# What Nuxeo lists for a writer while somebody else holds the lock (REST_CONTRACT 7).
WRITE_BUT_LOCKED = READ | {"ReadWrite"}
ADMINISTRATOR = WRITE | {"Everything"}

DOCUMENT = Document(
    repository="default",
    uid="1",
    path="/a",
    title="A",
    change_token="1-0",
    is_trashed=False,
    is_version=False,
    is_proxy=False,
    is_record=False,
    is_under_retention_or_legal_hold=False,
    lock_owner=None,
    last_modified=None,
    creator="ana",
    last_contributor="ana",
    permissions=WRITE,
    ancestors=(),
    properties={},
)


@pytest.mark.parametrize(
    ("permissions", "lock_owner", "session_owner", "expected"),
    [
        (WRITE, None, None, None),
        (READ, None, None, ReadOnlyReason.NO_PERMISSION),
        (WRITE, "bo", None, None),
        (WRITE_BUT_LOCKED, "ana", None, ReadOnlyReason.LOCKED),
        (WRITE_BUT_LOCKED, "ana", "ana", None),
        (READ, "ana", "ana", ReadOnlyReason.NO_PERMISSION),
        (WRITE_BUT_LOCKED, "ana", "carl", ReadOnlyReason.LOCKED),
        (ADMINISTRATOR, "ana", None, ReadOnlyReason.LOCKED),
        (ADMINISTRATOR, "ana", "ana", None),
        (frozenset({"Everything"}), "ana", "ana", None),
    ],
)
def test_locks_and_permissions(permissions, lock_owner, session_owner, expected):
    document = replace(DOCUMENT, permissions=permissions, lock_owner=lock_owner)
    owners = frozenset({session_owner} if session_owner else ())
    assert read_only_reason(document, "bo", session_owners=owners) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("is_trashed", ReadOnlyReason.TRASHED),
        ("is_version", ReadOnlyReason.VERSION),
        ("is_proxy", ReadOnlyReason.PROXY),
        ("is_record", ReadOnlyReason.RECORD),
        ("is_under_retention_or_legal_hold", ReadOnlyReason.RECORD),
    ],
)
def test_states_in_which_nobody_may_write(state, expected):
    document = replace(DOCUMENT, permissions=ADMINISTRATOR, **{state: True})
    assert read_only_reason(document, "bo") is expected
