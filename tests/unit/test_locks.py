"""The WOPI lock as a state machine."""

import pytest

from connector.wopi.locks import (
    TRANSITIONS,
    LockAction,
    LockOperation,
    Relation,
    decide,
    is_lock_id,
    is_stale,
    relation,
)


def test_every_operation_knows_what_to_do_in_every_relation():
    assert set(TRANSITIONS) == {
        (operation, relation) for operation in LockOperation for relation in Relation
    }


@pytest.mark.parametrize(
    ("current", "presented", "expected"),
    [
        (None, None, Relation.UNLOCKED),
        (None, "a", Relation.UNLOCKED),
        ("a", "a", Relation.SAME),
        ("a", "A", Relation.OTHER),
        ("a", None, Relation.OTHER),
        ("a", "", Relation.OTHER),
    ],
)
def test_lock_ids_are_compared_as_opaque_text(current, presented, expected):
    assert relation(current, presented) is expected


@pytest.mark.parametrize(
    ("operation", "unlocked", "same", "other"),
    [
        (LockOperation.LOCK, "TAKE", "REFRESH", "CONFLICT"),
        (LockOperation.UNLOCK_AND_RELOCK, "CONFLICT", "REPLACE", "CONFLICT"),
        (LockOperation.GET_LOCK, "REPORT", "REPORT", "REPORT"),
        (LockOperation.REFRESH_LOCK, "CONFLICT", "REFRESH", "CONFLICT"),
        (LockOperation.UNLOCK, "CONFLICT", "RELEASE", "CONFLICT"),
        (LockOperation.PUT_FILE, "WRITE_IF_EMPTY", "WRITE", "CONFLICT"),
        (LockOperation.RENAME_FILE, "WRITE", "WRITE", "CONFLICT"),
        (LockOperation.DELETE_FILE, "WRITE", "CONFLICT", "CONFLICT"),
    ],
)
def test_the_table_of_the_protocol(operation, unlocked, same, other):
    assert decide(operation, None, "a") is LockAction[unlocked]
    assert decide(operation, "a", "a") is LockAction[same]
    assert decide(operation, "b", "a") is LockAction[other]


def test_when_a_session_is_silent():
    """Refreshed at 1,000, so it ends at 2,800."""
    assert not is_stale(2800.0, 1599.0, 600)
    assert is_stale(2800.0, 1600.0, 600)
    assert not is_stale(2800.0, 2799.0, 0)
    # A save is a sign of life, too; what was changed before is none.
    assert not is_stale(2800.0, 1600.0, 600, 1001.0)
    assert is_stale(2800.0, 1601.0, 600, 1001.0)
    assert is_stale(2800.0, 1600.0, 600, 999.0)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("x", True),
        ("x" * 1024, True),
        ('{"S":"0136ad16","E":2,"P":"6058 AF"}', True),
        ("", False),
        ("x" * 1025, False),
        ("käse", False),
        ("a\tb", False),
        ("a\x7f", False),
    ],
)
def test_what_can_be_a_lock_id(text, good):
    assert is_lock_id(text) is good
