"""Users, groups and directories (REST_CONTRACT 1.6, 9)."""

import time
import uuid

import pytest


@pytest.fixture
def name():
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def clean(admin):
    """Paths that are removed after a test, there or not."""
    paths = []
    yield paths
    for path in reversed(paths):
        admin.http.delete(admin.url + path, timeout=30)


def user(name, **properties):
    return {"entity-type": "user", "properties": {"username": name, **properties}}


def test_a_user_is_told_about_themselves(alice, world):
    me = alice.get("api/v1/me", 200).json()
    assert (me["entity-type"], me["id"]) == ("user", alice.name)
    assert me["properties"]["username"] == alice.name
    assert (me["properties"]["firstName"], me["properties"]["lastName"]) == ("Alice", "Contract")
    assert world.group in me["properties"]["groups"]
    assert (me["isAdministrator"], me["isAnonymous"]) == (False, False)


def test_the_groups_of_a_user_have_labels(alice, world):
    groups = alice.get("api/v1/me", 200).json()["extendedGroups"]
    (own,) = [item for item in groups if item["name"] == world.group]
    assert (own["label"], own["url"]) == ("Editors of a test", f"group/{world.group}")


def test_both_spellings_of_the_api_are_one(alice):
    assert alice.get("site/api/v1/me", 200).json()["id"] == alice.name


def test_a_user_is_found_by_name_and_never_with_a_password(alice, bob):
    found = alice.get(f"api/v1/user/{bob.name}", 200)
    assert found.json()["properties"]["email"] == f"{bob.name}@example.org"
    assert "password" not in found.json()["properties"]
    assert bob.password not in found.text


def test_unknown_people_are_not_found(alice, name):
    alice.get(f"api/v1/user/{name}", 404)
    alice.get(f"api/v1/group/{name}", 404)


def test_users_are_searched_for(alice, bob):
    found = alice.get("api/v1/user/search", 200, params={"q": bob.name}).json()
    assert bob.name in [entry["id"] for entry in found["entries"]]


def test_a_user_is_created_changed_and_removed(admin, name, clean):
    clean.append(f"api/v1/user/{name}")
    created = admin.post("api/v1/user", user(name, lastName="One", password="p" * 16), 201).json()
    assert created["id"] == name
    changed = {**user(name, lastName="Two"), "id": name}
    admin.call("PUT", f"api/v1/user/{name}", 200, json=changed)
    found = admin.get(f"api/v1/user/{name}", 200).json()
    assert found["properties"]["lastName"] == "Two"
    admin.call("DELETE", f"api/v1/user/{name}", 204)
    admin.get(f"api/v1/user/{name}", 404)


def test_a_group_is_created_changed_and_removed(admin, alice, bob, name, clean):
    clean.append(f"api/v1/group/{name}")
    body = {"entity-type": "group", "groupname": name, "grouplabel": "One"}
    created = admin.post("api/v1/group", {**body, "memberUsers": [alice.name]}, 201).json()
    assert (created["groupname"], created["grouplabel"]) == (name, "One")
    changed = {**body, "id": name, "grouplabel": "Two", "memberUsers": [bob.name]}
    admin.call("PUT", f"api/v1/group/{name}", 200, json=changed)
    found = admin.get(f"api/v1/group/{name}?fetch.group=memberUsers", 200).json()
    assert (found["grouplabel"], found["memberUsers"]) == ("Two", [bob.name])
    assert name not in alice.get("api/v1/me").json()["properties"]["groups"]
    admin.call("DELETE", f"api/v1/group/{name}", 204)
    admin.get(f"api/v1/group/{name}", 404)


def test_members_of_a_group_are_fetched_on_demand(alice, bob, world):
    path = f"api/v1/group/{world.group}"
    plain = alice.get(path, 200).json()
    assert (plain["entity-type"], plain["id"]) == ("group", world.group)
    assert not {"memberUsers", "memberGroups", "parentGroups"} & set(plain)
    found = alice.get(f"{path}?fetch.group=memberUsers,memberGroups", 200).json()
    assert set(found["memberUsers"]) == {alice.name, bob.name}
    assert found["memberGroups"] == []


@pytest.mark.parametrize("kind", ["user", "group"])
def test_only_administrators_change_people(alice, name, kind, bob, world):
    body = user(name) if kind == "user" else {"entity-type": "group", "groupname": name}
    alice.post(f"api/v1/{kind}", body, 403)
    known = bob.name if kind == "user" else world.group
    alice.call("PUT", f"api/v1/{kind}/{known}", 403, json={**body, "id": known})
    alice.call("DELETE", f"api/v1/{kind}/{known}", 403)


# Directories


def entry(name, **properties):
    return {
        "entity-type": "directoryEntry",
        "directoryName": "nature",
        "properties": {"id": name, "label": "a label", "obsolete": 0, "ordering": 1, **properties},
    }


def test_directories_are_listed_without_the_systems_own(alice):
    found = alice.get("api/v1/directory", 200).json()
    names = [item["name"] for item in found["entries"]]
    assert "nature" in names
    assert not {"userDirectory", "groupDirectory"} & set(names)


def test_entries_of_a_directory_are_listed(alice):
    found = alice.get("api/v1/directory/nature", 200).json()
    assert found["entity-type"] == "directoryEntries"
    first = found["entries"][0]
    assert (first["entity-type"], first["directoryName"]) == ("directoryEntry", "nature")
    assert "id" in first["properties"]


def test_an_entry_is_created_changed_and_removed(admin, name, clean):
    path = f"api/v1/directory/nature/{name}"
    clean.append(path)
    created = admin.post("api/v1/directory/nature", entry(name), 201).json()
    assert created["properties"]["id"] == name
    changed = admin.call("PUT", path, 200, json=entry(name, label="other")).json()
    assert changed["properties"]["label"] == "other"
    assert admin.get(path, 200).json()["properties"]["label"] == "other"
    admin.call("DELETE", path, 204)
    admin.get(path, 404)


def test_a_second_entry_of_a_name_is_refused(admin, name, clean):
    """REST_CONTRACT 9: which 4xx is not verified."""
    clean.append(f"api/v1/directory/nature/{name}")
    admin.post("api/v1/directory/nature", entry(name), 201)
    again = admin.http.post(f"{admin.url}api/v1/directory/nature", json=entry(name), timeout=30)
    assert 400 <= again.status_code < 500


def test_only_administrators_change_directories(alice, name):
    alice.post("api/v1/directory/nature", entry(name), 403)


def test_users_and_groups_are_not_written_as_directories(admin, name):
    body = {**entry(name), "directoryName": "userDirectory"}
    admin.post("api/v1/directory/userDirectory", body, 400)


# What happened to a document


def test_the_audit_tells_who_did_what(alice):
    """Written a moment after the event on a real server, so only its shape is asked for."""
    found = alice.get(f"api/v1/id/{alice.create()}/@audit", 200).json()
    assert found["entity-type"] == "logEntries"
    assert (found["pageSize"], found["currentPageIndex"]) == (10, 0)
    assert "resultsCount" in found


def test_a_reader_notes_an_event_in_the_audit_in_their_own_name(alice, carol):
    """``AuditLog``; the entry may take a moment to be seen on a real server."""
    uid = alice.create()
    params = {"event": "wopiSaved", "category": "WOPI", "comment": "length: 3"}
    carol.operation("Audit.LogEvent", uid, **params)
    (entry,) = audited(alice, uid, "?eventId=wopiSaved")
    assert (entry["principalName"], entry["category"]) == (carol.name, "WOPI")
    assert (entry["comment"], entry["extended"]) == ("length: 3", {})
    assert (entry["docUUID"], entry["docType"]) == (uid, "File")
    assert entry["docPath"] == alice.document(uid)["path"]


def test_who_does_not_see_a_document_notes_nothing_about_it(alice, dave):
    dave.operation("Audit.LogEvent", alice.create(), 403, event="wopiSaved")


def test_the_audit_takes_a_comment_of_a_thousand_characters(alice):
    """``LogEntryImpl``: 1,024 in a SQL database."""
    uid = alice.create()
    alice.operation("Audit.LogEvent", uid, event="wopiSaved", category="WOPI", comment="é" * 1000)
    (entry,) = audited(alice, uid, "?category=WOPI")
    assert entry["comment"] == "é" * 1000


def test_the_audit_is_asked_by_page_and_by_what_is_wanted(alice, carol):
    """``AuditAdapter``: the newest first, several values of one kind each on its own."""
    uid = alice.create()
    for event in ("wopiSaved", "wopiConflict", "wopiRecovered"):
        alice.operation("Audit.LogEvent", uid, event=event, category="WOPI")
    carol.operation("Audit.LogEvent", uid, event="wopiSaved", category="WOPI")
    assert len(audited(alice, uid, "?category=WOPI", 4)) == 4
    both = audited(alice, uid, "?eventId=wopiSaved&eventId=wopiConflict", 3)
    assert [entry["eventId"] for entry in both] == ["wopiSaved", "wopiConflict", "wopiSaved"]
    own = audited(alice, uid, f"?category=WOPI&principalName={carol.name}")
    assert [entry["principalName"] for entry in own] == [carol.name]
    page = alice.get(f"api/v1/id/{uid}/@audit?category=WOPI&pageSize=3&currentPageIndex=1", 200)
    assert [entry["eventId"] for entry in page.json()["entries"]] == ["wopiSaved"]
    assert page.json()["resultsCount"] == 4


def audited(person, uid, query, count=1):
    """What the audit has; it may take a moment on a real server."""
    entries = []
    for _ in range(50):
        entries = person.get(f"api/v1/id/{uid}/@audit{query}", 200).json()["entries"]
        if len(entries) >= count:
            break
        time.sleep(0.1)
    return entries
