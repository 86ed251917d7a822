"""Permissions, and what a lock leaves of them (REST_CONTRACT 7)."""

import pytest

READ = {
    "Read",
    "Browse",
    "ReadVersion",
    "ReadProperties",
    "ReadChildren",
    "ReadLifeCycle",
    "ReadSecurity",
}
WRITE = {
    "Write",
    "AddChildren",
    "WriteProperties",
    "Remove",
    "RemoveChildren",
    "ManageWorkflows",
    "WriteLifeCycle",
    "WriteVersion",
}
ALONE = {"Unlock", "WriteSecurity", "MakeRecord", "SetRetention", "ManageLegalHold"}


@pytest.fixture
def uid(alice):
    return alice.create()


@pytest.fixture
def granted(world):
    """A document on which carol has only what a test grants her."""

    def granted(*permissions):
        folder = world.alice.create_empty("Folder")
        uid = world.alice.create(folder=folder["path"])
        for permission in permissions:
            world.grant(folder["uid"], world.carol.name, permission)
        world.admin.operation("Document.BlockPermissionInheritance", folder["uid"])
        return uid

    return granted


def test_a_writer_has_what_reading_and_writing_include(alice, uid):
    found = set(alice.permissions(uid))
    assert READ | WRITE | {"ReadWrite"} <= found
    # Neither is part of ReadWrite.
    assert not found & {*ALONE, "Everything"}


def test_a_reader_has_what_reading_includes(carol, uid):
    found = set(carol.permissions(uid))
    assert found >= READ
    assert not found & (WRITE | {"ReadWrite"})


def test_an_administrator_has_everything(admin, uid):
    assert READ | WRITE | ALONE | {"ReadWrite", "Everything"} <= set(admin.permissions(uid))


def test_write_alone_is_not_readwrite(carol, granted):
    found = set(carol.permissions(granted("Read", "Write")))
    assert found >= WRITE
    assert "ReadWrite" not in found


@pytest.mark.parametrize(
    ("permission", "included", "not_included"),
    [
        ("Version", {"ReadVersion", "WriteVersion", "WriteProperties"}, {"Write"}),
        ("ReadRemove", {"Read", "Remove", "RemoveChildren", "WriteLifeCycle"}, {"Write"}),
        ("WriteVersion", {"WriteProperties"}, {"Write", "Version"}),
    ],
)
def test_permissions_include_others(carol, granted, permission, included, not_included):
    found = set(carol.permissions(granted("Read", permission)))
    assert included <= found
    assert not not_included & found


def test_everything_includes_what_stands_alone(carol, granted):
    assert set(carol.permissions(granted("Everything"))) >= READ | WRITE | ALONE


# While somebody else holds the lock


def test_a_lock_takes_what_writing_includes_from_everybody_else(alice, bob, uid):
    """Trap 7: ReadWrite stays in the list."""
    alice.lock(uid, 200)
    found = set(bob.permissions(uid))
    assert not found & WRITE
    assert READ | {"ReadWrite"} <= found


def test_a_lock_takes_nothing_from_its_owner(alice, uid):
    alice.lock(uid, 200)
    assert READ | WRITE | {"ReadWrite"} <= set(alice.permissions(uid))


def test_a_lock_takes_nothing_from_an_administrator(admin, alice, uid):
    """Trap 8."""
    before = set(admin.permissions(uid))
    alice.lock(uid, 200)
    assert set(admin.permissions(uid)) == before


def test_a_lock_leaves_everything_and_what_stands_alone(world, carol, alice, granted):
    uid = granted("Everything")
    world.admin.lock(uid, 200)
    found = set(carol.permissions(uid))
    assert READ | ALONE | {"Everything", "ReadWrite", "Version"} <= found
    assert not found & WRITE


def test_a_lock_leaves_nothing_to_tell_of_write_alone(world, carol, granted):
    """REST_CONTRACT 7: sufficient, not necessary; an attempt to lock tells: 409, not 403."""
    uid = granted("Read", "Write")
    world.admin.lock(uid, 200)
    assert not set(carol.permissions(uid)) & (WRITE | {"ReadWrite", "Everything"})
    carol.lock(uid, 409)


# Granting and taking away, by the operations of the official client


def test_a_permission_is_granted_and_taken_away(world, dave, uid):
    world.grant(uid, dave.name, "Read")
    dave.get(f"api/v1/id/{uid}", 200)
    world.admin.operation("Document.RemovePermission", uid, user=dave.name)
    dave.get(f"api/v1/id/{uid}", 403)


def test_who_may_not_write_security_grants_nothing(alice, dave, uid):
    alice.operation(
        "Document.AddPermission", uid, 403, username=dave.name, permission="Read", grant=True
    )


def test_a_group_is_everybody_in_it(world, dave, uid):
    """A group within a group too."""
    outer = f"outer-{world.suffix}"
    body = {"entity-type": "group", "groupname": outer, "memberGroups": [world.group]}
    world.admin.post("api/v1/group", {**body, "memberUsers": [dave.name]}, 201)
    try:
        folder = world.admin.create_empty("Folder")
        world.grant(folder["uid"], outer, "Read")
        world.admin.operation("Document.BlockPermissionInheritance", folder["uid"])
        for person in (dave, world.alice):
            person.get(f"api/v1/id/{folder['uid']}", 200)
        world.carol.get(f"api/v1/id/{folder['uid']}", 403)
    finally:
        world.admin.call("DELETE", f"api/v1/group/{outer}", 204)
