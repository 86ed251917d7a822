"""Versions of edited documents: when they are made, of what, by whom, and that no second one is."""

import threading

import jwt
import pytest

from connector.wopi.access_token import Grant
from tests.fixtures import InProcess
from tests.support import DEMO_FOLDER

HALF_AN_HOUR = 1801.0
COLLABORA_EXIT = {"X-COOL-WOPI-IsExitSave": "true"}


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def uid(alice):
    return alice.create(b"before")


@pytest.fixture
def connector(demo, tmp_path, clock):
    """Makes connectors with settings of their own; all share one clock."""
    made = []

    def make(folder="wopi", **settings):
        settings = {f"nuxeo.wopi.{name}": value for name, value in settings.items()}
        made.append(InProcess(demo, tmp_path / folder, clock, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def versions(nuxeo, uid):
    """Label and content of each version, the oldest first."""
    found = nuxeo.operation("Document.GetVersions", uid).json()["entries"]
    known = [(version_label(nuxeo, each["uid"]), nuxeo.content(each["uid"])) for each in found]
    return sorted(known)


def version_label(nuxeo, uid):
    return nuxeo.document(uid)["versionLabel"]


def check_ins(nuxeo, uid):
    """Who made versions, and what they wrote beside them, the oldest first."""
    entries = nuxeo.call("GET", f"api/v1/id/{uid}/@audit?pageSize=100").json()["entries"]
    made = [entry for entry in entries if entry["eventId"] == "documentCheckedIn"]
    return [(e["principalName"], e.get("comment")) for e in sorted(made, key=lambda e: e["id"])]


def edited(client, *texts, lock="L"):
    """A whole session: lock, a save for each text, unlock."""
    assert client.lock(lock).status_code == 200
    for text in texts:
        assert client.put(text, lock).status_code == 200
    assert client.unlock(lock).status_code == 200


class TestSession:
    """The rule unless another is set: one version when editing ends."""

    def test_many_saves_make_one_version_of_the_last_state(self, demo, alice, uid):
        edited(demo.open("alice", uid), b"one", b"two", b"three")
        assert versions(alice, uid) == [("0.1", b"three")]
        assert check_ins(alice, uid) == [("alice", "Edited by alice")]
        assert "lockOwner" not in alice.document(uid)

    def test_the_next_session_makes_the_next(self, demo, alice, uid):
        edited(demo.open("alice", uid), b"one")
        edited(demo.open("alice", uid), b"two")
        assert versions(alice, uid) == [("0.1", b"one"), ("0.2", b"two")]

    def test_nothing_changed_is_no_version(self, demo, alice, uid):
        client = demo.open("alice", uid)
        edited(client)
        edited(client, b"before")
        assert versions(alice, uid) == []

    def test_what_was_changed_elsewhere_before_is_not_the_sessions(self, demo, alice, uid):
        alice.replace(uid, b"from the web")
        edited(demo.open("alice", uid))
        assert versions(alice, uid) == []

    def test_a_version_made_by_hand_meanwhile_is_enough(self, demo, alice, uid):
        client = demo.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        alice.operation("Document.CreateVersion", uid, increment="Major")
        client.unlock("L")
        assert versions(alice, uid) == [("1.0", b"after")]

    def test_all_who_wrote_are_named(self, demo, alice, uid):
        first, second = demo.open("alice", uid), demo.open("bob", uid)
        first.lock("L")
        second.lock("L")
        first.put(b"alice's", "L")
        second.put(b"and bob's", "L", Editors=f"bob,~{'élo'.encode().hex()},carol")
        first.unlock("L")
        assert check_ins(alice, uid)[-1] == ("bob", "Edited by alice, bob, élo, carol")
        # The server has kept alice's before bob's, by its own rule.
        assert versions(alice, uid) == [("0.1", b"alice's"), ("0.2", b"and bob's")]

    def test_two_files_of_a_document_make_one_version_when_both_are_closed(self, demo, alice):
        uid = alice.create(b"main", attachments=[("b.docx", b"annex")])
        main, annex = demo.open("alice", uid), demo.open("bob", uid, "files:files/0/file")
        main.lock("M")
        annex.lock("A")
        main.put(b"main, changed", "M")
        main.unlock("M")
        assert versions(alice, uid) == []
        annex.put(b"annex, changed", "A")
        annex.unlock("A")
        assert versions(alice, uid)[-1][1] == b"main, changed"
        assert check_ins(alice, uid)[-1] == ("bob", "Edited by alice, bob")

    def test_the_last_save_on_leaving_ends_it_and_unlocking_makes_no_second(self, demo, alice, uid):
        client = demo.open("alice", uid)
        client.lock("L")
        client.put(b"one", "L")
        client.http.headers.update(COLLABORA_EXIT)
        assert client.put(b"two", "L").status_code == 200
        assert versions(alice, uid) == [("0.1", b"two")]
        client.unlock("L")
        assert versions(alice, uid) == [("0.1", b"two")]

    def test_the_last_save_may_be_another_authors_and_hold_nothing_new(self, demo, alice, uid):
        first, second = demo.open("alice", uid), demo.open("bob", uid)
        first.lock("L")
        first.put(b"after", "L")
        second.http.headers.update(COLLABORA_EXIT)
        assert second.put(b"after", "L").status_code == 200
        assert versions(alice, uid) == [("0.1", b"after")]
        assert check_ins(alice, uid) == [("alice", "Edited by alice")]

    def test_the_last_save_of_one_file_does_not_end_the_editing_of_another(self, demo, alice):
        uid = alice.create(b"main", attachments=[("b.docx", b"annex")])
        main, annex = demo.open("alice", uid), demo.open("alice", uid, "files:files/0/file")
        main.lock("M")
        annex.lock("A")
        main.http.headers.update(COLLABORA_EXIT)
        assert main.put(b"main, changed", "M").status_code == 200
        main.unlock("M")
        assert versions(alice, uid) == []
        annex.put(b"annex, changed", "A")
        annex.unlock("A")
        assert versions(alice, uid) == [("0.1", b"main, changed")]

    def test_the_first_content_of_a_new_file_gets_one_too(self, in_process, alice):
        uid = alice.create(b"")
        client = in_process.open("alice", uid)
        assert client.put(b"first").status_code == 200
        in_process.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"first")]
        assert in_process.connector.store.hold(f"default/{uid}") is None

    def test_a_new_file_that_is_edited_on_gets_one_for_both(self, demo, alice):
        uid = alice.create(b"")
        client = demo.open("alice", uid)
        assert client.put(b"first").status_code == 200
        edited(client, b"second")
        assert versions(alice, uid) == [("0.1", b"second")]

    def test_a_manual_lock_is_still_there_after_the_version(self, demo, alice, uid):
        alice.operation("Document.Lock", uid)
        edited(demo.open("alice", uid), b"after")
        assert versions(alice, uid) == [("0.1", b"after")]
        assert alice.document(uid)["lockOwner"] == "alice"

    def test_versions_move_neither_lock_nor_wopi_version(self, demo, alice, uid):
        client = demo.open("alice", uid)
        client.lock("L")
        saved = client.put(b"after", "L").headers["X-WOPI-ItemVersion"]
        client.unlock("L")
        assert client.info()["Version"] == saved


class TestExpiry:
    def test_a_session_that_nobody_ended_gets_its_version(self, in_process, alice, uid, clock):
        client = in_process.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        in_process.connector.sessions.end_idle()
        assert versions(alice, uid) == []
        clock.offset = HALF_AN_HOUR
        in_process.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]
        assert "lockOwner" not in alice.document(uid)

    def test_who_begins_anew_at_once_does_not_take_its_version_away(
        self, in_process, alice, uid, clock
    ):
        client = in_process.open("alice", uid)
        client.lock("L")
        client.put(b"the first day's", "L")
        clock.offset = HALF_AN_HOUR
        edited(in_process.open("alice", uid), b"the second day's")
        assert versions(alice, uid) == [("0.1", b"the first day's"), ("0.2", b"the second day's")]

    def test_exactly_one_of_two_connectors_makes_it(self, connector, alice, uid, clock):
        both = [connector(), connector()]
        client = both[0].open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        clock.offset = HALF_AN_HOUR
        start = threading.Barrier(2)

        def end(each):
            start.wait()
            each.connector.sessions.end_idle()

        threads = [threading.Thread(target=end, args=(each,)) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert versions(alice, uid) == [("0.1", b"after")]
        assert check_ins(alice, uid) == [("alice", "Edited by alice")]

    def test_also_after_a_restart(self, connector, alice, uid, clock):
        before = connector()
        client = before.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        before.close()
        clock.offset = HALF_AN_HOUR
        connector().connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]

    def test_a_lock_broken_by_an_administrator_leaves_no_text_without_version(
        self, demo, in_process, alice, uid
    ):
        client = in_process.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        demo.nuxeo().operation("Document.Unlock", uid)
        assert client.refresh("L").status_code == 409
        in_process.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]

    def test_who_saved_last_makes_it_where_who_has_the_lock_may_not_any_more(
        self, demo, in_process, alice, uid, clock
    ):
        first, second = in_process.open("alice", uid), in_process.open("bob", uid)
        first.lock("L")
        second.put(b"bob's", "L")
        renamed = {"Override": "RENAME_FILE", "Lock": "L", "RequestedName": uid}
        assert first.request("POST", **renamed).status_code == 200
        admin = demo.nuxeo()
        assert admin.document(uid)["lockOwner"] == "alice"
        for user, permission in (("alice", "Read"), ("bob", "ReadWrite")):
            admin.operation("Document.AddPermission", uid, permission=permission, user=user)
        admin.operation("Document.BlockPermissionInheritance", uid)
        clock.offset = HALF_AN_HOUR
        for _ in range(2):
            in_process.connector.sessions.end_idle()
            clock.offset += 300
        # The server has kept what was there before bob, and before alice.
        assert versions(admin, uid)[2:] == [("0.3", b"bob's")]
        assert check_ins(admin, uid)[-1] == ("bob", "Edited by bob")
        assert "lockOwner" not in admin.document(uid)
        assert in_process.connector.store.hold(f"default/{uid}") is None

    def test_a_stranger_who_has_locked_it_is_waited_for(self, demo, in_process, alice, uid, clock):
        client = in_process.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        demo.nuxeo().operation("Document.Unlock", uid)
        demo.nuxeo("bob").operation("Document.Lock", uid)
        assert client.refresh("L").status_code == 409
        in_process.connector.sessions.end_idle()
        assert versions(alice, uid) == []
        demo.nuxeo("bob").operation("Document.Unlock", uid)
        clock.offset = 300
        in_process.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]


class TestOtherRules:
    def test_none(self, connector, alice, uid):
        edited(connector(versioning="none").open("alice", uid), b"after")
        assert versions(alice, uid) == []

    def test_save_major(self, connector, alice, uid):
        client = connector(versioning="save major").open("alice", uid)
        edited(client, b"one", b"one", b"two")
        assert versions(alice, uid) == [("1.0", b"one"), ("2.0", b"two")]

    def test_every_ten_minutes_and_at_the_end(self, connector, alice, uid, clock):
        client = connector(versioning="every 10").open("alice", uid)
        client.lock("L")
        for minute, text in ((0, b"0"), (4, b"4"), (10, b"10"), (12, b"12"), (21, b"21")):
            clock.offset = minute * 60.0
            assert client.put(text, "L").status_code == 200
        assert versions(alice, uid) == [("0.1", b"10")]
        clock.offset = 22 * 60.0
        client.put(b"22", "L")
        assert versions(alice, uid) == [("0.1", b"10"), ("0.2", b"22")]
        client.put(b"the end", "L")
        client.unlock("L")
        assert versions(alice, uid)[-1] == ("0.3", b"the end")

    def test_by_type_of_document(self, connector, alice, uid):
        mixed = connector(versioning="none", versioningByType="File=session major; Note=none")
        edited(mixed.open("alice", uid), b"after")
        assert versions(alice, uid) == [("1.0", b"after")]


class TestWhatBreaksOff:
    def lock_and_save(self, connector, uid):
        client = connector.open("alice", uid)
        client.lock("L")
        assert client.put(b"after", "L").status_code == 200
        return client

    @pytest.mark.parametrize("fault", ["drop", "lose", 500, 503])
    def test_a_version_that_failed_is_made_later_and_once(
        self, behind_proxy, proxy, alice, uid, clock, fault
    ):
        client = self.lock_and_save(behind_proxy, uid)
        proxy.plan("POST", "Document.CheckIn", fault)
        assert client.unlock("L").status_code == 200
        assert proxy.done()
        assert "lockOwner" not in alice.document(uid)
        clock.offset = 300
        behind_proxy.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]
        assert behind_proxy.connector.store.hold(f"default/{uid}") is None

    def test_nuxeo_is_away_when_the_file_is_closed(self, behind_proxy, proxy, alice, uid, clock):
        client = self.lock_and_save(behind_proxy, uid)
        proxy.plan("POST", "@op/", *["drop"] * 10)
        assert client.unlock("L").status_code == 200
        proxy.forget()
        assert alice.document(uid)["lockOwner"] == "alice"
        clock.offset = 300
        behind_proxy.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]
        assert "lockOwner" not in alice.document(uid)

    DAYS = 3 * 24 * 3600.0

    def test_it_is_made_also_when_nuxeo_comes_back_after_days(
        self, behind_proxy, proxy, alice, uid, clock
    ):
        client = self.lock_and_save(behind_proxy, uid)
        proxy.plan("POST", "@op/", *[503] * 10)
        client.unlock("L")
        clock.offset = self.DAYS
        behind_proxy.connector.sessions.end_idle()
        proxy.forget()
        assert versions(alice, uid) == []
        clock.offset += 300
        behind_proxy.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]

    def test_what_nuxeo_fails_at_for_a_day_is_given_up(
        self, behind_proxy, proxy, alice, uid, clock, caplog
    ):
        client = self.lock_and_save(behind_proxy, uid)
        proxy.plan("POST", "Document.CheckIn", *[500] * 4)
        client.unlock("L")
        for hours in (1, 23, 25):
            assert behind_proxy.connector.store.hold(f"default/{uid}") is not None
            clock.offset = hours * 3600.0
            behind_proxy.connector.sessions.end_idle()
        assert behind_proxy.connector.store.hold(f"default/{uid}") is None
        assert f"no version of default/{uid} can be made" in caplog.text
        assert versions(alice, uid) == []

    def test_days_of_editing_are_no_reason_to_give_up(self, behind_proxy, proxy, alice, uid, clock):
        client = self.lock_and_save(behind_proxy, uid)
        for minutes in range(20, 26 * 60, 20):
            clock.offset = minutes * 60.0
            behind_proxy.connector.sessions.refresh(
                behind_proxy.connector.store.of_document(f"default/{uid}")[0]
            )
        proxy.plan("POST", "Document.CheckIn", 500, 500)
        # By the token that the page has handed over meanwhile.
        tokens = behind_proxy.connector.tokens
        former = jwt.decode(client.token, options={"verify_signature": False})
        later = tokens.issue(
            resource_id=former["aud"].removeprefix("wopi:"),
            user="alice",
            user_name=former["name"],
            grant=Grant.EDIT,
            client=former["client"],
            session=former["session"],
        )
        assert client.with_token(tokens.sign(later)).unlock("L").status_code == 200
        clock.offset += 300
        behind_proxy.connector.sessions.end_idle()
        assert proxy.done()
        clock.offset += 300
        behind_proxy.connector.sessions.end_idle()
        assert versions(alice, uid) == [("0.1", b"after")]

    def test_a_save_does_not_fail_with_its_version(self, demo, tmp_path, clock, proxy, alice, uid):
        overrides = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.versioning": "save"}
        connector = InProcess(demo, tmp_path / "wopi", clock, **overrides)
        try:
            client = connector.open("alice", uid)
            client.lock("L")
            proxy.plan("POST", "Document.CheckIn", 500, 500)
            assert client.put(b"after", "L").status_code == 200
            assert versions(alice, uid) == []
            client.unlock("L")
            clock.offset = 300
            connector.connector.sessions.end_idle()
            assert versions(alice, uid) == [("0.1", b"after")]
        finally:
            connector.close()

    def test_a_save_that_was_refused_is_no_change(self, demo, behind_proxy, proxy, alice, uid):
        client = behind_proxy.open("alice", uid)
        client.lock("L")
        proxy.plan("PUT", "/id/", 403)
        assert client.put(b"refused", "L").status_code == 409
        client.unlock("L")
        assert versions(alice, uid) == []

    def test_who_may_not_write_any_more_leaves_no_lock_behind(
        self, demo, in_process, alice, uid, clock
    ):
        self.lock_and_save(in_process, uid)
        admin = demo.nuxeo()
        admin.operation("Document.AddPermission", uid, permission="Read", user="alice")
        admin.operation("Document.BlockPermissionInheritance", uid)
        clock.offset = HALF_AN_HOUR
        in_process.connector.sessions.end_idle()
        assert "lockOwner" not in admin.document(uid)
        assert versions(admin, uid) == []
        assert in_process.connector.store.hold(f"default/{uid}") is None


class TestOtherVersions:
    """What is kept for another reason, and the rule beside it."""

    def test_a_file_that_was_overwritten_has_no_second_version_of_that(
        self, in_process, alice, clock
    ):
        kind = {"entity-type": "document", "type": "Folder", "name": "overwritten"}
        folder = alice.call("POST", f"api/v1/path{DEMO_FOLDER}", json=kind).json()["path"]
        uid = alice.create(b"before", "Report.docx", folder=folder)
        client = in_process.open("alice", uid)
        client.lock("L")
        client.put(b"edited", "L")
        clock.offset = HALF_AN_HOUR
        other = in_process.open("alice", alice.create(b"other", "Other.docx", folder=folder))
        named = {"RelativeTarget": "Report.docx", "OverwriteRelativeTarget": "true"}
        answer = other.request("POST", data=b"copy", Override="PUT_RELATIVE", **named)
        assert answer.status_code == 200
        in_process.connector.sessions.end_idle()
        assert (versions(alice, uid), alice.content(uid)) == ([("0.1", b"edited")], b"copy")

    def test_a_session_after_a_conversion_makes_its_own(self, demo, alice):
        uid = alice.create(b"old form", "Report.doc")
        convert = {"SuggestedTarget": ".docx", "FileConversion": "true"}
        answer = demo.open("alice", uid).request(
            "POST", data=b"new form", Override="PUT_RELATIVE", **convert
        )
        assert answer.status_code == 200
        edited(demo.open("alice", uid))
        assert versions(alice, uid) == [("0.1", b"old form")]
        edited(demo.open("alice", uid), b"edited")
        assert versions(alice, uid) == [("0.1", b"old form"), ("0.2", b"edited")]

    def test_a_change_from_outside_is_kept_and_the_sessions_end_is(self, demo, alice, uid):
        client = demo.open("alice", uid)
        client.lock("L")
        client.put(b"one", "L")
        demo.nuxeo().replace(uid, b"outside")
        client.put(b"two", "L")
        client.unlock("L")
        # The server keeps alice's before the administrator's, the connector the two others.
        assert versions(alice, uid) == [("0.1", b"one"), ("0.2", b"outside"), ("0.3", b"two")]


class TestItemVersion:
    """``Version`` and X-WOPI-ItemVersion change with the content, whoever writes it."""

    def test_it_follows_the_content_through_every_channel(self, demo, alice, uid):
        client = demo.open("alice", uid)
        seen = [client.info()["Version"]]

        def changed():
            seen.append(client.info()["Version"])
            return seen[-1] not in seen[:-1]

        alice.replace(uid, b"by the web")
        assert changed()
        alice.operation("Document.CreateVersion", uid, increment="Minor")
        (version,) = alice.operation("Document.GetVersions", uid).json()["entries"]
        demo.nuxeo("bob").replace(uid, b"by somebody else")
        assert changed()
        # Back to what it was: the old digest, and yet another version.
        alice.operation("Document.RestoreVersion", version["uid"], createVersion=True)
        assert alice.content(uid) == b"by the web"
        assert changed()
        client.lock("L")
        client.put(b"by an office", "L")
        client.unlock("L")
        assert changed()

    def test_neither_metadata_nor_locks_nor_versions_move_it(self, demo, alice, uid):
        client = demo.open("alice", uid)
        before = client.info()["Version"]
        body = {"entity-type": "document", "properties": {"dc:title": "Other"}}
        alice.call("PUT", f"api/v1/id/{uid}", json=body)
        alice.operation("Document.Lock", uid)
        alice.operation("Document.Unlock", uid)
        alice.operation("Document.CreateVersion", uid, increment="Major")
        client.lock("L")
        client.refresh("L")
        client.unlock("L")
        assert client.info()["Version"] == before
