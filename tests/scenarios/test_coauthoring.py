"""Several people, several files, one document: what becomes of locks and of everybody's text."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support import DOCX, Signed

HALF_AN_HOUR = 1801.0
ATTACHMENTS = ("files:files/0/file", "files:files/1/file")


@pytest.fixture
def uid(alice):
    return alice.create(b"before")


def lock_owner(nuxeo, uid):
    return nuxeo.document(uid).get("lockOwner")


def last_contributor(nuxeo, uid):
    return nuxeo.document(uid)["properties"]["dc:lastContributor"]


def kept_versions(nuxeo, uid):
    found = nuxeo.operation("Document.GetVersions", uid).json()["entries"]
    return [nuxeo.content(version["uid"]) for version in found]


def refused(response, *, lock, because):
    assert response.status_code == 409
    assert response.headers["X-WOPI-Lock"] == lock
    assert because in response.headers["X-WOPI-LockFailureReason"]


class TestSeveralFiles:
    def test_the_document_is_locked_until_the_last_of_its_files_is_closed(self, demo, alice):
        uid = alice.create(b"main", attachments=[("a.docx", b"a"), ("b.docx", b"b")])
        main = demo.open("alice", uid)
        first = demo.open("bob", uid, ATTACHMENTS[0])
        second = demo.open("alice", uid, ATTACHMENTS[1])
        for name, client in (("M", main), ("A", first), ("B", second)):
            assert client.lock(name).status_code == 200
        for name, client in (("M", main), ("A", first), ("B", second)):
            assert client.put(b"changed " + name.encode(), name).status_code == 200
        for name, client in (("A", first), ("M", main)):
            assert client.unlock(name).status_code == 200
            assert lock_owner(alice, uid) is not None
        second.unlock("B")
        assert lock_owner(alice, uid) is None
        assert alice.content(uid) == b"changed M"
        assert [alice.content(uid, xpath) for xpath in ATTACHMENTS] == [b"changed A", b"changed B"]

    def test_a_lock_set_by_hand_outlives_the_sessions_on_all_files(self, demo, alice):
        uid = alice.create(b"main", attachments=[("a.docx", b"a")])
        alice.operation("Document.Lock", uid)
        main, other = demo.open("alice", uid), demo.open("bob", uid, ATTACHMENTS[0])
        main.lock("M")
        # Bob joins a session on the document, which has the lock at that moment.
        assert other.lock("A").status_code == 200
        assert other.put(b"bob's", "A").status_code == 200
        main.unlock("M")
        other.unlock("A")
        assert lock_owner(alice, uid) == "alice"


class TestCoAuthors:
    def test_everybody_saves_under_one_lock_and_as_themselves(self, demo, alice, uid):
        clients = {user: demo.open(user, uid) for user in ("alice", "bob", "Administrator")}
        for client in clients.values():
            assert client.lock("L").status_code == 200
        for user in ("alice", "bob", "Administrator", "bob", "alice"):
            assert clients[user].put(f"by {user}".encode(), "L").status_code == 200
            assert last_contributor(alice, uid) == user
            assert alice.content(uid) == f"by {user}".encode()
        clients["bob"].unlock("L")
        assert lock_owner(alice, uid) is None

    def test_saving_at_the_same_time_loses_nothing(self, demo, alice, uid):
        clients = [demo.open(user, uid) for user in ("alice", "bob", "Administrator")]
        clients[0].lock("L")
        texts = [f"text {number}".encode() for number in range(12)]
        with ThreadPoolExecutor(len(clients)) as pool:
            answers = list(
                pool.map(lambda n: clients[n % 3].put(texts[n], "L").status_code, range(12))
            )
        assert answers == [200] * 12
        assert alice.content(uid) in texts
        assert clients[1].unlock("L").status_code == 200
        assert lock_owner(alice, uid) is None

    def test_a_stranger_who_takes_the_lock_in_the_moment_between(
        self, demo, behind_proxy, proxy, alice, uid
    ):
        first, second = behind_proxy.open("alice", uid), behind_proxy.open("Administrator", uid)
        first.lock("L")
        first.put(b"alice's", "L")

        def grab():
            # Alice's lock is off, the co-author's is not on yet.
            demo.nuxeo("bob").operation("Document.Lock", uid)
            demo.nuxeo("bob").replace(uid, b"a stranger's")

        proxy.plan("POST", "Document.Lock", grab)
        refused(second.put(b"the co-author's", "L"), lock="", because="kept by the connector")
        assert lock_owner(alice, uid) == "bob"
        assert alice.content(uid) == b"a stranger's"
        (kept,) = behind_proxy.connector.recovery.all()
        assert (kept.user, kept.length) == ("Administrator", len(b"the co-author's"))
        # The session is over for alice, too.
        refused(first.put(b"more of alice's", "L"), lock="", because="kept by the connector")

    @pytest.mark.parametrize("holder", ["bob", "alice"])
    def test_a_right_taken_away_shows_in_the_next_call(self, in_process, alice, admin, uid, holder):
        """Whether or not it is the one in whose name Nuxeo's lock is held."""
        clients = {user: in_process.open(user, uid) for user in ("alice", "bob")}
        clients["alice"].lock("L")
        clients[holder].put(f"by {holder}".encode(), "L")
        assert lock_owner(alice, uid) == holder

        admin.operation("Document.BlockPermissionInheritance", uid)
        admin.operation("Document.AddPermission", uid, permission="ReadWrite", user="alice")
        admin.operation("Document.AddPermission", uid, permission="Read", user="bob")
        assert clients["bob"].info()["UserCanWrite"] is False
        assert clients["bob"].put(b"too late", "L").status_code == 404
        assert [kept.user for kept in in_process.connector.recovery.all()] == ["bob"]
        assert clients["alice"].put(b"goes on", "L").status_code == 200
        assert alice.content(uid) == b"goes on"

        admin.operation("Document.RemovePermission", uid, user="bob")
        assert clients["bob"].request("GET").status_code == 404
        assert clients["alice"].unlock("L").status_code == 200
        assert lock_owner(admin, uid) is None

    def test_whoever_has_the_lock_and_may_not_even_read_any_more_is_named_as_the_reason(
        self, in_process, alice, admin, uid
    ):
        """Nuxeo lets them not unlock what they cannot see; an administrator can."""
        clients = {user: in_process.open(user, uid) for user in ("alice", "bob")}
        clients["alice"].lock("L")
        clients["bob"].put(b"by bob", "L")
        admin.operation("Document.BlockPermissionInheritance", uid)
        admin.operation("Document.AddPermission", uid, permission="ReadWrite", user="alice")

        for gone in (clients["bob"].request("GET"), clients["bob"].put(b"too late", "L")):
            assert gone.status_code == 404
        refused(clients["alice"].put(b"alice's", "L"), lock="L", because="lock is bob's")
        assert {kept.user for kept in in_process.connector.recovery.all()} == {"alice", "bob"}
        assert admin.content(uid) == b"by bob"

        admin.operation("Document.Unlock", uid)
        assert clients["alice"].lock("M").status_code == 200
        assert clients["alice"].put(b"alice's", "M").status_code == 200
        assert clients["alice"].unlock("M").status_code == 200
        assert admin.content(uid) == b"alice's"
        assert lock_owner(admin, uid) is None

    def test_an_administrators_unlock_ends_the_session_and_the_next_can_begin(
        self, demo, alice, admin, uid
    ):
        client = demo.open("alice", uid)
        client.lock("L")
        admin.operation("Document.Unlock", uid)
        refused(client.refresh("L"), lock="", because="not locked")
        assert client.lock("M").status_code == 200
        assert client.put(b"after", "M").status_code == 200


class TestExpiry:
    def test_one_of_two_connectors_gives_the_lock_back(
        self, demo, connector, proxy, alice, uid, clock
    ):
        both = [connector(nuxeoURL=proxy.url), connector(nuxeoURL=proxy.url)]
        both[0].open("alice", uid).lock("L")
        clock.offset = HALF_AN_HOUR
        start = threading.Barrier(2)

        def end(each):
            start.wait()
            each.connector.sessions.end_idle()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(end, both))
        assert lock_owner(alice, uid) is None
        unlocks = [path for _, path in proxy.seen if path.endswith("Document.Unlock")]
        assert len(unlocks) == 1


class TestTakingOver:
    """``nuxeo.wopi.staleLockAfter``."""

    def test_never_unless_it_is_set(self, in_process, uid, clock):
        in_process.open("alice", uid).lock("L")
        clock.offset = 29 * 60.0
        refused(in_process.open("bob", uid).lock("M"), lock="L", because="alice")

    def test_after_a_silent_time_and_not_before(self, connector, alice, uid, clock):
        careful = connector(staleLockAfter="20")
        gone, other = careful.open("alice", uid), careful.open("bob", uid)
        gone.lock("L")
        gone.put(b"alice's last", "L")
        clock.offset = 10 * 60.0
        gone.refresh("L")
        clock.offset = 29 * 60.0
        refused(other.lock("M"), lock="L", because="alice")
        clock.offset = 30 * 60.0
        assert other.lock("M").status_code == 200
        assert lock_owner(alice, uid) == "bob"
        assert other.put(b"bob goes on", "M").status_code == 200
        # Who comes back after all learns of it, and no text is lost.
        refused(gone.refresh("L"), lock="M", because="bob")
        refused(gone.put(b"alice is back", "L"), lock="M", because="kept by the connector")
        assert alice.content(uid) == b"bob goes on"
        assert other.unlock("M").status_code == 200
        assert lock_owner(alice, uid) is None

    def test_a_save_is_a_sign_of_life(self, connector, alice, uid, clock):
        """An office may save without a refresh of its lock for long."""
        careful = connector(staleLockAfter="20")
        careful.open("alice", uid).lock("L")
        # By the clocks of both, the session saves when it was last refreshed 25 minutes ago.
        clock.offset = -25 * 60.0
        other = alice.create(b"before")
        busy = careful.open("alice", other)
        busy.lock("L")
        clock.offset = 0.0
        assert busy.put(b"just saved", "L").status_code == 200
        refused(careful.open("bob", other).lock("M"), lock="L", because="alice")
        clock.offset = 4 * 60.0
        assert busy.refresh("L").status_code == 200

    def test_it_ends_the_session_with_its_version(self, connector, alice, uid, clock):
        careful = connector(staleLockAfter="20")
        gone, other = careful.open("alice", uid), careful.open("bob", uid)
        gone.lock("L")
        gone.put(b"alice's last", "L")
        clock.offset = 25 * 60.0
        assert other.lock("M").status_code == 200
        assert kept_versions(alice, uid) == [b"alice's last"]
        assert other.put(b"bob's", "M").status_code == 200
        assert other.unlock("M").status_code == 200
        assert sorted(kept_versions(alice, uid)) == [b"alice's last", b"bob's"]
        assert lock_owner(alice, uid) is None

    def test_who_comes_back_in_that_very_moment_keeps_the_session(
        self, demo, connector, proxy, alice, uid, clock
    ):
        careful = connector(staleLockAfter="20", nuxeoURL=proxy.url)
        back, other = careful.open("alice", uid), careful.open("bob", uid)
        back.lock("L")
        clock.offset = 25 * 60.0
        answers = []
        # Nuxeo's lock is just being handed over to bob.
        proxy.plan("POST", "Document.Unlock", lambda: answers.append(back.refresh("L")))
        refused(other.lock("M"), lock="L", because="being edited again")
        assert [answer.status_code for answer in answers] == [200]
        assert back.put(b"alice goes on", "L").status_code == 200
        assert last_contributor(alice, uid) == "alice"
        assert back.unlock("L").status_code == 200
        assert lock_owner(alice, uid) is None

    def test_of_several_at_once_one_takes_it_over(self, connector, alice, uid, clock):
        careful = connector(staleLockAfter="20")
        careful.open("alice", uid).lock("L")
        clock.offset = 25 * 60.0
        others = [careful.open(user, uid) for user in ("bob", "Administrator", "alice") * 2]
        start = threading.Barrier(len(others))

        def go(number):
            start.wait()
            return others[number].lock(f"lock-{number}")

        with ThreadPoolExecutor(len(others)) as pool:
            answers = list(pool.map(go, range(len(others))))
        (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
        for number, answer in enumerate(answers):
            if number != winner:
                refused(answer, lock=f"lock-{winner}", because="being edited")
        assert others[winner].put(b"the winner's", f"lock-{winner}").status_code == 200
        assert others[winner].unlock(f"lock-{winner}").status_code == 200
        assert lock_owner(alice, uid) is None

    def test_the_session_on_another_file_of_the_document_goes_on(self, connector, alice, clock):
        uid = alice.create(b"main", attachments=[("a.docx", b"a")])
        careful = connector(staleLockAfter="20")
        careful.open("alice", uid).lock("L")
        attached = careful.open("alice", uid, ATTACHMENTS[0])
        attached.lock("A")
        clock.offset = 25 * 60.0
        attached.refresh("A")
        other = careful.open("bob", uid)
        assert other.lock("M").status_code == 200
        assert attached.put(b"changed", "A").status_code == 200
        assert other.put(b"bob's", "M").status_code == 200
        assert other.unlock("M").status_code == 200
        assert lock_owner(alice, uid) is not None
        assert attached.unlock("A").status_code == 200
        assert lock_owner(alice, uid) is None

    def test_who_may_not_write_takes_nothing_over(self, connector, uid, clock):
        careful = connector(staleLockAfter="20")
        careful.open("alice", uid).lock("L")
        clock.offset = 25 * 60.0
        assert careful.open("carol", uid).lock("M").status_code == 404
        assert careful.open("alice", uid).get_lock().headers["X-WOPI-Lock"] == "L"

    def test_a_lock_set_by_hand_is_not_taken_over(self, connector, alice, uid, clock):
        careful = connector(staleLockAfter="20")
        alice.operation("Document.Lock", uid)
        careful.open("alice", uid).lock("L")
        clock.offset = 25 * 60.0
        refused(careful.open("bob", uid).lock("M"), lock="L", because="alice")
        assert lock_owner(alice, uid) == "alice"


class TestOutsideChange:
    """Somebody writes to the file past the session that edits it."""

    def changed_outside(self, connector, nuxeo, uid):
        client = connector.open("alice", uid)
        client.lock("L")
        nuxeo.replace(uid, b"from outside")
        return client

    def test_it_is_kept_as_a_version(self, in_process, alice, uid):
        """By the connector: of what the same user writes twice, Nuxeo makes no version."""
        client = self.changed_outside(in_process, alice, uid)
        assert client.put(b"of the session", "L").status_code == 200
        assert kept_versions(alice, uid) == [b"from outside"]

    def test_the_version_stays_its_authors(self, demo, in_process, admin, uid):
        client = self.changed_outside(in_process, admin, uid)
        assert client.put(b"of the session", "L").status_code == 200
        assert admin.content(uid) == b"of the session"
        found = admin.operation("Document.GetVersions", uid).json()["entries"]
        by = {admin.content(each["uid"]): last_contributor(admin, each["uid"]) for each in found}
        assert by[b"from outside"] == "Administrator"

    def test_it_can_be_a_reason_to_refuse(self, connector, admin, uid):
        strict = connector(outsideChange="refuse")
        client = self.changed_outside(strict, admin, uid)
        refused(client.put(b"of the session", "L"), lock="L", because="changed in Nuxeo")
        assert admin.content(uid) == b"from outside"
        (kept,) = strict.connector.recovery.all()
        with strict.connector.recovery.open(kept.id) as (_, file):
            assert file.read() == b"of the session"

    def test_what_was_refused_goes_on_when_the_file_is_opened_anew(self, connector, admin, uid):
        strict = connector(outsideChange="refuse")
        client = self.changed_outside(strict, admin, uid)
        for text in (b"of the session", b"more of the session"):
            refused(client.put(text, "L"), lock="L", because="changed in Nuxeo")
        # Nothing new: what is there already is no reason to refuse.
        assert client.put(b"from outside", "L").status_code == 200
        assert client.unlock("L").status_code == 200
        assert client.lock("M").status_code == 200
        assert client.get().content == b"from outside"
        assert client.put(b"of the next session", "M").status_code == 200
        assert client.unlock("M").status_code == 200
        assert admin.content(uid) == b"of the next session"
        assert lock_owner(admin, uid) is None

    def test_only_the_file_that_was_changed_counts(self, connector, admin, alice):
        uid = alice.create(b"main", attachments=[("a.docx", b"a")])
        strict = connector(outsideChange="refuse")
        attached = strict.open("alice", uid, ATTACHMENTS[0])
        attached.lock("A")
        admin.replace(uid, b"from outside")
        assert attached.put(b"changed", "A").status_code == 200
        assert alice.content(uid, ATTACHMENTS[0]) == b"changed"

    def test_collabora_is_asked_first_and_may_then_overwrite(self, in_process, alice, uid):
        client = in_process.open("alice", uid)
        client.lock("L")
        known = client.info()["LastModifiedTime"]
        alice.replace(uid, b"from outside")
        asking = {"X-COOL-WOPI-Timestamp": known}
        client.http.headers.update(asking)
        asked = client.put(b"of the session", "L")
        assert (asked.status_code, asked.json()["COOLStatusCode"]) == (409, 1010)
        assert alice.content(uid) == b"from outside"
        # The user chooses to overwrite: the same without the time.
        del client.http.headers["X-COOL-WOPI-Timestamp"]
        assert client.put(b"of the session", "L").status_code == 200
        assert alice.content(uid) == b"of the session"
        assert b"from outside" in kept_versions(alice, uid)
        assert in_process.connector.recovery.all() == []


class TestWrittenBetweenTwoLocks:
    """An office client that locks anew may still have what it was given before.

    Outside writes the user who saves: Nuxeo makes no version of its own then.
    """

    def test_between_opening_and_the_first_lock(self, in_process, alice, uid):
        client = in_process.open("alice", uid)
        assert client.get().content == b"before"
        alice.replace(uid, b"her own, from outside")
        assert client.lock("L").status_code == 200
        assert client.put(b"of the session", "L").status_code == 200
        assert alice.content(uid) == b"of the session"
        assert kept_versions(alice, uid) == [b"her own, from outside"]

    @pytest.mark.parametrize("has_saved", [False, True], ids=["only opened", "saved before"])
    def test_after_the_session_ran_out(self, in_process, alice, uid, clock, has_saved):
        client = in_process.open("alice", uid)
        client.get()
        client.lock("L")
        if has_saved:
            assert client.put(b"first save", "L").status_code == 200
        clock.offset = HALF_AN_HOUR
        in_process.connector.sessions.end_idle()
        alice.replace(uid, b"her own, from outside")
        assert client.lock("L").status_code == 200
        assert client.put(b"of the session", "L").status_code == 200
        assert alice.content(uid) == b"of the session"
        assert b"her own, from outside" in kept_versions(alice, uid)

    def test_after_an_administrators_unlock(self, in_process, alice, admin, uid):
        client = in_process.open("alice", uid)
        client.get()
        client.lock("L")
        admin.operation("Document.Unlock", uid)
        refused(client.put(b"first", "L"), lock="", because="not locked")
        alice.replace(uid, b"her own, from outside")
        assert client.lock("L").status_code == 200
        assert client.put(b"second", "L").status_code == 200
        assert alice.content(uid) == b"second"
        assert kept_versions(alice, uid) == [b"her own, from outside"]

    def test_by_a_session_that_a_co_author_begins_anew(self, demo, in_process, alice, uid, clock):
        """Who joins is given the text by the office, which asks the connector for it only once."""
        first, second = in_process.open("alice", uid), in_process.open("bob", uid)
        first.get()
        first.lock("L")
        assert first.put(b"by alice", "L").status_code == 200
        second.info()
        assert second.lock("L").status_code == 200
        clock.offset = HALF_AN_HOUR
        in_process.connector.sessions.end_idle()
        demo.nuxeo("bob").replace(uid, b"bob's own, from outside")
        # Excel saves with the token of whoever joined last.
        assert second.lock("M").status_code == 200
        assert second.put(b"of the old session", "M").status_code == 200
        assert b"bob's own, from outside" in kept_versions(alice, uid)

    @pytest.mark.parametrize("name", ["Report.docx", "Another.docx"])
    @pytest.mark.parametrize("somebody_looks", [False, True])
    def test_whatever_it_was_called_and_whoever_looked_at_it(
        self, demo, in_process, alice, uid, clock, name, somebody_looks
    ):
        first, second = in_process.open("alice", uid), in_process.open("bob", uid)
        first.get()
        first.lock("L")
        assert first.put(b"by alice", "L").status_code == 200
        assert second.lock("L").status_code == 200
        clock.offset = HALF_AN_HOUR
        in_process.connector.sessions.end_idle()
        demo.nuxeo("bob").replace(uid, b"bob's own, from outside", name=name)
        if somebody_looks:
            in_process.open("alice", uid).get()
        assert second.lock("M").status_code == 200
        assert second.put(b"of the old session", "M").status_code == 200
        assert b"bob's own, from outside" in kept_versions(alice, uid)

    def test_what_is_only_possible_is_no_reason_to_refuse(self, connector, alice, uid):
        """The office may have it from a cache, or has read it once more: kept, and gone on."""
        strict = connector(outsideChange="refuse", versioning="none")
        strict.open("alice", uid).get()
        alice.replace(uid, b"from outside")
        cached = strict.open("alice", uid)
        assert cached.lock("L").status_code == 200
        assert cached.put(b"with both", "L").status_code == 200
        assert kept_versions(alice, uid) == [b"from outside"]
        assert cached.unlock("L").status_code == 200

        alice.replace(uid, b"from outside again")
        assert cached.lock("M").status_code == 200
        refused(cached.put(b"of the session", "M"), lock="M", because="changed in Nuxeo")
        assert cached.unlock("M").status_code == 200
        assert cached.lock("N").status_code == 200
        assert cached.get().content == b"from outside again"
        assert cached.put(b"with all", "N").status_code == 200
        assert b"from outside again" in kept_versions(alice, uid)

    def test_it_can_be_a_reason_to_refuse_until_the_file_is_opened_anew(
        self, connector, alice, uid
    ):
        strict = connector(outsideChange="refuse")
        client = strict.open("alice", uid)
        client.get()
        alice.replace(uid, b"from outside")
        client.lock("L")
        for _ in range(2):
            refused(client.put(b"of the session", "L"), lock="L", because="changed in Nuxeo")
        assert alice.content(uid) == b"from outside"
        assert len(strict.connector.recovery.all()) == 1
        assert client.unlock("L").status_code == 200
        again = strict.open("alice", uid)
        assert again.lock("M").status_code == 200
        assert again.get().content == b"from outside"
        assert again.put(b"with both", "M").status_code == 200
        assert alice.content(uid) == b"with both"

    @pytest.mark.parametrize("policy", ["keepVersion", "refuse"])
    @pytest.mark.parametrize("locks_first", [False, True])
    def test_whoever_opens_the_file_anew_has_it(self, connector, alice, uid, policy, locks_first):
        made = connector(outsideChange=policy, versioning="none")
        before = made.open("alice", uid)
        before.get()
        alice.replace(uid, b"from outside")
        client = made.open("alice", uid)
        for step in (client.lock, client.get)[:: 1 if locks_first else -1]:
            assert (step("L") if step == client.lock else step()).status_code == 200
        assert client.put(b"with both", "L").status_code == 200
        assert kept_versions(alice, uid) == []

    def test_what_others_only_look_at_counts_for_nobody_else(self, in_process, alice, uid):
        client = in_process.open("alice", uid)
        client.get()
        alice.replace(uid, b"from outside")
        for other in (
            in_process.open("bob", uid),
            in_process.open("carol", uid, action="view"),
            in_process.open("alice", uid, action="view"),
        ):
            assert other.get().content == b"from outside"
        client.lock("L")
        assert client.put(b"of the session", "L").status_code == 200
        assert kept_versions(alice, uid) == [b"from outside"]

    def test_neither_does_her_own_second_window(self, in_process, alice, uid):
        client = in_process.open("alice", uid)
        client.get()
        alice.replace(uid, b"from outside")
        client.lock("L")
        assert in_process.open("alice", uid).get().content == b"from outside"
        assert client.put(b"of the session", "L").status_code == 200
        assert kept_versions(alice, uid) == [b"from outside"]

    def test_only_what_was_given_whole_was_given(self, behind_proxy, proxy, alice, uid):
        client = behind_proxy.open("alice", uid)
        client.get()
        outside = b"from outside" * 100
        alice.replace(uid, outside)
        assert client.request("HEAD", "/contents").status_code == 200
        proxy.plan("GET", "@blob", "cut answer")
        with pytest.raises(requests.RequestException):
            client.http.get(
                f"{client.source}/contents",
                params={"access_token": client.token},
                auth=Signed(client.keys, client.token, client.clock),
                timeout=3,
            )
        proxy.forget()
        client.lock("L")
        assert client.put(b"of the session", "L").status_code == 200
        assert kept_versions(alice, uid) == [outside]

    def test_what_a_co_author_saved_is_no_outside_change(self, in_process, alice, uid):
        """They are one session in the same office client, whose text is everybody's."""
        first, second = in_process.open("alice", uid), in_process.open("bob", uid)
        for client in (first, second):
            client.get()
        first.lock("L")
        assert second.put(b"by bob", "L").status_code == 200
        assert second.unlock("L").status_code == 200
        versions = kept_versions(alice, uid)
        assert first.lock("M").status_code == 200
        assert first.put(b"by alice", "M").status_code == 200
        assert kept_versions(alice, uid) == versions

    @pytest.mark.parametrize("policy", ["keepVersion", "refuse"])
    def test_a_new_file_is_filled_without_a_lock_and_then_edited(self, connector, alice, policy):
        uid = alice.create(b"")
        client = connector(outsideChange=policy, versioning="none").open("alice", uid)
        client.get()
        assert client.put(b"the office's template", None).status_code == 200
        assert client.lock("L").status_code == 200
        assert client.put(b"first words", "L").status_code == 200
        assert kept_versions(alice, uid) == []


class TestOwnSaveThatNobodyHeardOf:
    """The answer to a save is lost, the office client tries again, and its user has typed on."""

    @pytest.fixture
    def interrupted(self, connector, proxy, alice, uid):
        def save(**settings):
            client = connector(nuxeoURL=proxy.url, **settings).open("alice", uid)
            client.get()
            client.lock("L")
            known = client.info()["LastModifiedTime"]
            proxy.plan("PUT", f"/id/{uid}", "lose")
            proxy.plan("GET", f"/id/{uid}", None, *[503] * 20)
            assert client.put(b"one", "L").status_code == 500
            assert alice.content(uid) == b"one"
            proxy.forget()
            return client, known

        return save

    @pytest.mark.parametrize("policy", ["keepVersion", "refuse"])
    def test_it_is_not_taken_for_somebody_elses(self, interrupted, alice, uid, policy):
        client, _ = interrupted(outsideChange=policy, versioning="none")
        assert client.put(b"one and two", "L").status_code == 200
        assert kept_versions(alice, uid) == []

    @pytest.mark.parametrize("policy", ["keepVersion", "refuse"])
    def test_not_even_when_the_next_one_fails_altogether(
        self, interrupted, proxy, alice, uid, policy
    ):
        client, _ = interrupted(outsideChange=policy, versioning="none")
        proxy.plan("PUT", f"/id/{uid}", *[503] * 20)
        assert client.put(b"one and two", "L").status_code == 500
        proxy.forget()
        assert alice.content(uid) == b"one"
        assert client.put(b"one, two and three", "L").status_code == 200
        assert kept_versions(alice, uid) == []

    def test_nor_is_collaboras_user_asked_about_it(self, interrupted):
        client, known = interrupted()
        client.http.headers["X-COOL-WOPI-Timestamp"] = known
        assert client.put(b"one and two", "L").status_code == 200

    def test_what_comes_after_it_from_outside_is(self, interrupted, alice, uid):
        client, _ = interrupted(versioning="none")
        alice.replace(uid, b"from outside")
        assert client.put(b"one and two", "L").status_code == 200
        assert kept_versions(alice, uid) == [b"from outside"]


class TestAttachmentsThatMove:
    """A file id names a place in a list that anybody may change."""

    def contents(self, nuxeo, uid):
        files = nuxeo.document(uid)["properties"]["files:files"]
        return [
            (each["file"]["name"], nuxeo.content(uid, f"files:files/{number}/file"))
            for number, each in enumerate(files)
        ]

    def without_the_first(self, nuxeo, uid):
        files = nuxeo.document(uid)["properties"]["files:files"]
        body = {"entity-type": "document", "properties": {"files:files": files[1:]}}
        nuxeo.call("PUT", f"api/v1/id/{uid}", json=body)

    def test_one_is_not_taken_for_another_of_the_same_name(self, in_process, alice):
        scans = [("scan.docx", text) for text in (b"A", b"B", b"C")]
        uid = alice.create(b"main", attachments=scans)
        client = in_process.open("alice", uid, ATTACHMENTS[1])
        client.get()
        client.lock("L")
        self.without_the_first(alice, uid)
        assert client.get().content == b"B"
        assert client.put(b"B2", "L").status_code == 200
        assert self.contents(alice, uid) == [("scan.docx", b"B2"), ("scan.docx", b"C")]

    @pytest.mark.parametrize("is_locked", [False, True])
    def test_when_it_is_gone_none_of_the_same_name_takes_its_place(
        self, in_process, alice, is_locked
    ):
        scans = [("scan.docx", text) for text in (b"A", b"B", b"C")]
        uid = alice.create(b"main", attachments=scans)
        client = in_process.open("alice", uid, ATTACHMENTS[0])
        client.get()
        if is_locked:
            client.lock("L")
        self.without_the_first(alice, uid)
        if not is_locked:
            assert client.lock("L").status_code == 409
        assert client.put(b"A2", "L").status_code == 409
        assert self.contents(alice, uid) == [("scan.docx", b"B"), ("scan.docx", b"C")]
        assert len(in_process.connector.recovery.all()) == 1

    def test_it_is_not_locked_twice_by_its_former_and_its_present_place(self, in_process, alice):
        files = [("a.docx", b"A"), ("b.docx", b"B"), ("c.docx", b"C")]
        uid = alice.create(b"main", attachments=files)
        client = in_process.open("alice", uid, ATTACHMENTS[1])
        client.get()
        self.without_the_first(alice, uid)
        assert client.lock("L").status_code == 200
        other = in_process.open("bob", uid, ATTACHMENTS[0])
        refused(other.lock("M"), lock="", because="being edited, from its former place, by alice")
        third = in_process.open("bob", uid, ATTACHMENTS[1])
        third.get()
        assert client.unlock("L").status_code == 200
        assert other.lock("M").status_code == 200

    def test_after_a_lost_answer_it_is_still_found(self, connector, proxy, alice):
        scans = [("scan.docx", text) for text in (b"A", b"B", b"C")]
        uid = alice.create(b"main", attachments=scans)
        client = connector(nuxeoURL=proxy.url).open("alice", uid, ATTACHMENTS[1])
        client.get()
        client.lock("L")
        proxy.plan("PUT", f"/id/{uid}", "lose")
        proxy.plan("GET", f"/id/{uid}", None, *[503] * 20)
        assert client.put(b"B1", "L").status_code == 500
        proxy.forget()
        self.without_the_first(alice, uid)
        assert client.put(b"B2", "L").status_code == 200
        assert self.contents(alice, uid) == [("scan.docx", b"B2"), ("scan.docx", b"C")]

    @pytest.mark.parametrize("ran_out", [False, True], ids=["before the lock", "after it ran out"])
    def test_what_was_opened_is_found_when_it_is_locked(self, in_process, alice, clock, ran_out):
        files = [("a.docx", b"A"), ("b.docx", b"B"), ("c.docx", b"C")]
        uid = alice.create(b"main", attachments=files)
        client = in_process.open("alice", uid, ATTACHMENTS[1])
        client.get()
        if ran_out:
            client.lock("L")
            client.put(b"B1", "L")
            clock.offset = HALF_AN_HOUR
            in_process.connector.sessions.end_idle()
        self.without_the_first(alice, uid)
        assert client.lock("L").status_code == 200
        assert client.put(b"B2", "L").status_code == 200
        assert self.contents(alice, uid) == [("b.docx", b"B2"), ("c.docx", b"C")]

    def test_another_file_in_its_place_is_not_locked_for_it(self, in_process, alice):
        uid = alice.create(b"main", attachments=[("a.docx", b"A"), ("b.docx", b"B")])
        client = in_process.open("alice", uid, ATTACHMENTS[0])
        client.get()
        self.without_the_first(alice, uid)
        refused(client.lock("L"), lock="", because="another file has taken")
        assert lock_owner(alice, uid) is None
        # Whoever opens what is there now may edit it.
        again = in_process.open("bob", uid, ATTACHMENTS[0])
        assert again.lock("M").status_code == 200
        assert again.put(b"B2", "M").status_code == 200
        assert self.contents(alice, uid) == [("b.docx", b"B2")]

    def test_one_that_was_changed_in_its_place_is_kept_first(self, in_process, alice):
        uid = alice.create(b"main", attachments=[("a.docx", b"A"), ("b.docx", b"B")])
        client = in_process.open("alice", uid, ATTACHMENTS[0])
        client.get()
        files = alice.document(uid)["properties"]["files:files"]
        files[0]["file"] = alice.upload(b"from outside", "a.docx", DOCX)
        body = {"entity-type": "document", "properties": {"files:files": files}}
        alice.call("PUT", f"api/v1/id/{uid}", json=body)
        assert client.lock("L").status_code == 200
        assert client.put(b"A2", "L").status_code == 200
        (version,) = alice.operation("Document.GetVersions", uid).json()["entries"]
        assert alice.content(version["uid"], ATTACHMENTS[0]) == b"from outside"
