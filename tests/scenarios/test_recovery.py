"""Saves that fail: what the office client is told, what Nuxeo holds, and what is kept of them."""

import io
import json
import re
import time

import pytest
import requests

from connector.events.events import EventKind
from connector.file_reference import FileReference
from connector.nuxeo_gateway.content import Spool
from connector.recovery.folder import RecoveryFolder
from connector.wopi.access_token import Grant
from connector.wopi.errors import ServerError
from connector.wopi.keeping import Attempt, Keeping
from connector.wopi.opened import OpenFile
from connector.wopi.saves import SaveNote
from tests.support import DEMO_FOLDER


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def admin(demo):
    return demo.nuxeo("Administrator")


@pytest.fixture
def uid(alice):
    return alice.create(b"before", name="Plan.docx")


@pytest.fixture
def client(behind_proxy, uid):
    """Alice's office client, with her document open for editing."""
    client = behind_proxy.open("alice", uid)
    assert client.lock("L").status_code == 200
    return client


@pytest.fixture
def kept(behind_proxy):
    """What is kept of failed saves."""
    return Kept(behind_proxy.connector.recovery)


class Kept:
    def __init__(self, folder: RecoveryFolder):
        self.folder = folder

    def all(self):
        return self.folder.all()

    def only(self):
        [save] = self.folder.all()
        return save

    def content(self):
        with self.folder.open(self.only().id) as (_save, file):
            return file.read()


def reason(response):
    headers = response.headers
    return headers.get("X-WOPI-LockFailureReason") or headers.get("X-WOPI-ServerError")


class TestWhatIsKept:
    """One cause of failure each."""

    def test_nuxeo_is_down(self, proxy, client, alice, uid, kept):
        proxy.plan("POST", "/upload", *["drop"] * 20)
        failed = client.put(b"my text", "L", Editors="alice,bob")
        assert failed.status_code == 500
        assert alice.content(uid) == b"before"
        save = kept.only()
        assert kept.content() == b"my text"
        assert reason(failed).startswith(f"kept by the connector as {save.id}: ")
        assert (save.user, save.file_name, save.document_id) == ("alice", "Plan.docx", uid)
        assert (save.status, save.editors, save.client) == (500, ("alice", "bob"), "office")
        assert save.path.startswith(f"{DEMO_FOLDER}/t-")

    def test_it_is_down_from_the_beginning(self, behind_proxy, proxy, uid, kept):
        stranger_to_the_store = behind_proxy.open("alice", uid)
        proxy.plan("GET", f"/id/{uid}", *["drop"] * 20)
        failed = stranger_to_the_store.put(b"my text", "L")
        assert failed.status_code == 500
        assert kept.content() == b"my text"

    def test_nuxeo_holds_something_else_than_was_sent(self, proxy, client, alice, uid, kept):
        proxy.plan("PUT", f"/id/{uid}", *[500] * 20)
        assert client.put(b"my text", "L").status_code == 500
        assert alice.content(uid) == b"before"
        assert kept.content() == b"my text"

    def test_the_right_was_taken_away(self, client, admin, uid, kept):
        admin.operation("Document.BlockPermissionInheritance", uid)
        admin.operation("Document.AddPermission", uid, username="alice", permission="Read")
        failed = client.put(b"my text", "L")
        assert failed.status_code == 404
        assert admin.content(uid) == b"before"
        assert kept.content() == b"my text"
        assert kept.only().id in reason(failed)

    def test_not_even_reading_is_left(self, client, admin, uid, kept):
        admin.operation("Document.BlockPermissionInheritance", uid)
        assert client.put(b"my text", "L").status_code == 404
        assert kept.content() == b"my text"

    def test_the_document_was_deleted(self, client, admin, uid, kept):
        path = admin.document(uid)["path"]
        admin.call("DELETE", f"api/v1/id/{uid}")
        assert client.put(b"my text", "L").status_code == 404
        assert kept.content() == b"my text"
        assert kept.only().path == path

    def test_the_document_is_in_the_trash(self, client, admin, uid, kept):
        admin.operation("Document.Trash", uid)
        failed = client.put(b"my text", "L")
        assert failed.status_code == 409
        assert "trash" in reason(failed)
        assert kept.content() == b"my text"

    def test_a_quota_is_used_up(self, behind_proxy, alice, admin, kept):
        folder = admin.call(
            "POST",
            f"api/v1/path{DEMO_FOLDER}",
            json={"entity-type": "document", "type": "Folder", "name": "small"},
        ).json()
        uid = alice.create(b"before", folder=folder["path"])
        admin.operation("Quotas.SetMaxSize", folder["uid"], targetSize=100)
        client = behind_proxy.open("alice", uid)
        client.lock("L")
        failed = client.put(bytes(101), "L")
        assert failed.status_code == 413
        assert admin.content(uid) == b"before"
        assert kept.content() == bytes(101)
        assert client.put(bytes(100), "L").status_code == 200
        assert kept.all() == []

    def test_a_stranger_has_grabbed_the_lock(self, client, admin, uid, kept):
        admin.operation("Document.Unlock", uid)
        admin.operation("Document.Lock", uid)
        failed = client.put(b"my text", "L")
        assert failed.status_code == 409
        assert failed.headers["X-WOPI-Lock"] == ""
        assert "kept by the connector" in reason(failed)
        assert admin.content(uid) == b"before"
        assert kept.content() == b"my text"

    def test_an_administrator_has_unlocked_it(self, client, admin, uid, kept):
        admin.operation("Document.Unlock", uid)
        failed = client.put(b"my text", "L")
        assert (failed.status_code, failed.headers["X-WOPI-Lock"]) == (409, "")
        assert kept.content() == b"my text"

    def test_the_lock_has_ended(self, client, clock, uid, kept):
        clock.offset += 1801
        assert client.put(b"my text", "L").status_code == 409
        assert kept.content() == b"my text"
        assert kept.only().file_name == "Plan.docx"
        assert kept.only().stored == "", "whoever saved meanwhile must not be overwritten"

    def test_somebody_else_has_the_file_by_now(self, client, behind_proxy, uid, kept):
        client.unlock("L")
        other = behind_proxy.open("bob", uid)
        other.lock("M")
        failed = client.put(b"my text", "L")
        assert (failed.status_code, failed.headers["X-WOPI-Lock"]) == (409, "M")
        assert (kept.only().user, kept.content()) == ("alice", b"my text")

    def test_the_lock_store_is_busy(self, client, behind_proxy, alice, uid, kept, monkeypatch):
        from connector.lock_store.base import LockStoreBusy

        def busy(*_keys):
            raise LockStoreBusy("the locks are busy")

        monkeypatch.setattr(behind_proxy.connector.store, "critical_section", busy)
        assert client.put(b"my text", "L").status_code == 500
        assert alice.content(uid) == b"before"
        assert kept.content() == b"my text"

    def test_the_lock_store_is_away(self, client, behind_proxy, alice, uid, kept, monkeypatch):
        def away(_file_id):
            raise OSError("away")

        monkeypatch.setattr(behind_proxy.connector.store, "get", away)
        assert client.put(b"my text", "L").status_code == 500
        assert kept.content() == b"my text"

    def test_nuxeo_does_not_know_the_user_any_more(self, proxy, client, uid, kept):
        proxy.plan("GET", f"/id/{uid}", *[401] * 20)
        failed = client.put(b"my text", "L")
        assert failed.status_code == 401
        assert kept.content() == b"my text"
        assert kept.only().id in reason(failed)

    def test_a_folder_that_is_full_keeps_what_it_has_and_says_so(
        self, behind_proxy, proxy, client, kept, monkeypatch, caplog
    ):
        proxy.plan("POST", "/upload", *["drop"] * 40)
        assert client.put(b"my text", "L").status_code == 500
        monkeypatch.setattr(kept.folder, "_max_size", 10)
        failed = client.put(b"my longer text", "L")
        assert failed.status_code == 500
        assert reason(failed).startswith("no copy could be kept by the connector: ")
        assert kept.content() == b"my text"
        assert "no copy of it could be kept: there is no room left" in caplog.text

    def test_whoever_wants_to_know_is_told(self, behind_proxy, proxy, uid, kept):
        told = []

        class Listener:
            def emit(self, event):
                told.append(event)

        folder = behind_proxy.connector.recovery
        keeping = Keeping(folder, behind_proxy.connector.gateway, Listener())
        client = behind_proxy.open("alice", uid)
        file = OpenFile(
            client.source.rpartition("/")[2],
            FileReference("default", uid, "file:content"),
            behind_proxy.connector.tokens.issue(
                resource_id="", user="alice", user_name="Alice", grant=Grant.EDIT, client="office"
            ),
        )
        with Spool(folder._directory.parent) as content:
            content.fill(io.BytesIO(b"my text"), announced=None, limit=0)
            attempt = Attempt(file, "L", SaveNote(), time.time(), None)
            keeping.keep(attempt, content, ServerError("down"))
        [event] = told
        assert (event.kind, event.user, event.document_id) == (EventKind.RECOVERED, "alice", uid)
        expected = {"id": kept.only().id, "reason": "down", "status": 500, "length": 7}
        assert event.details == expected


class TestWhatIsNotKept:
    def test_what_was_saved(self, client, kept):
        assert client.put(b"my text", "L").status_code == 200
        assert kept.all() == []

    def test_what_came_with_a_token_for_viewing(self, behind_proxy, uid, kept):
        viewer = behind_proxy.open("alice", uid, action="view")
        assert viewer.put(b"my text", "L").status_code in (404, 409)
        assert kept.all() == []

    def test_what_came_with_no_good_token(self, client, kept):
        assert client.with_token("forged").put(b"my text", "L").status_code == 401
        client.keys = None
        assert client.put(b"my text", "L").status_code == 500
        assert kept.all() == []

    def test_what_was_cut_off(self, client, proxy, kept):
        proxy.plan("POST", "/upload", *["drop"] * 20)

        class Broken(io.RawIOBase):
            def __iter__(self):
                yield b"half"
                raise ConnectionError

        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever requests makes of it
            client.put(iter(Broken()), "L")
        assert kept.all() == []

    def test_nothing_at_all(self, client, kept):
        assert client.put(b"", "L").status_code == 400
        assert kept.all() == []


class TestAfterwards:
    def test_the_client_tries_again_and_wins(self, proxy, client, alice, uid, kept):
        proxy.plan("POST", "/upload", *["drop"] * 20)
        assert client.put(b"first", "L").status_code == 500
        assert client.put(b"second", "L").status_code == 500
        assert kept.content() == b"second"
        proxy.forget()
        assert client.put(b"third", "L").status_code == 200
        assert alice.content(uid) == b"third"
        assert kept.all() == []

    def test_another_session_saves_the_very_bytes(self, client, admin, behind_proxy, uid, kept):
        admin.operation("Document.Unlock", uid)
        assert client.put(b"my text", "L").status_code == 409
        other = behind_proxy.open("bob", uid)
        other.lock("M")
        assert other.put(b"something else", "M").status_code == 200
        assert kept.content() == b"my text"
        assert other.put(b"my text", "M").status_code == 200
        assert kept.all() == []


class Page:
    """A host page, as the scripts on it see it."""

    def __init__(self, demo, connector, user, uid):
        self.http = requests.Session()
        self.http.trust_env = False
        signed_in = {"user_name": user, "user_password": user}
        assert self.http.post(f"{demo.nuxeo_url}startup", data=signed_in, timeout=30).ok
        host = connector.settings.host_url
        page = self.http.get(f"{host}wopi/edit/default/{uid}/file:content", timeout=30)
        self.policy = page.headers["Content-Security-Policy"]
        data = json.loads(re.search(r'id="page-data">(.*?)</script>', page.text)[1])
        self.token = data["pageToken"]
        self.url = f"{host.removesuffix('/nuxeo/')}{data['stateUrl']}"

    def ask(self, suffix="", token=None, scheme="Bearer"):
        headers = {"Authorization": f"{scheme} {self.token if token is None else token}"}
        return requests.get(f"{self.url}{suffix}", headers=headers, timeout=30)

    def saves(self):
        return self.ask().json()["kept"]


class TestTheHostPage:
    """It asks what is kept of the user's own saves of this file, with a token of its own."""

    @pytest.fixture
    def failed(self, client, admin, uid, kept):
        admin.operation("Document.Unlock", uid)
        assert client.put(b"my text", "L").status_code == 409
        return kept.only()

    def test_whoever_saved_learns_of_it_and_gets_it_back(self, demo, behind_proxy, uid, failed):
        page = Page(demo, behind_proxy, "alice", uid)
        expected = {"id": failed.id, "at": round(failed.at * 1000), "fileName": "Plan.docx"}
        assert page.saves() == [expected]
        content = page.ask(f"/kept/{failed.id}")
        assert content.content == b"my text"
        assert content.headers["Content-Disposition"] == "attachment"
        assert content.headers["Cache-Control"] == page.ask().headers["Cache-Control"] == "no-store"
        assert "connect-src 'self'" in page.policy
        assert page.token not in page.url

    def test_nobody_else_does(self, demo, behind_proxy, alice, uid, failed):
        page = Page(demo, behind_proxy, "bob", uid)
        assert page.saves() == []
        assert page.ask(f"/kept/{failed.id}").status_code == 404
        other = Page(demo, behind_proxy, "alice", alice.create())
        assert other.saves() == []
        assert other.ask(f"/kept/{failed.id}").status_code == 404
        assert other.ask("/kept/zzzzzzzz").status_code == 404

    def test_only_its_own_token_is_good_for_it(
        self, demo, behind_proxy, client, alice, uid, failed
    ):
        page = Page(demo, behind_proxy, "alice", uid)
        for token, scheme in (("", "Bearer"), (client.token, "Bearer"), (page.token, "Basic")):
            assert page.ask(token=token, scheme=scheme).status_code == 401
            assert page.ask(f"/kept/{failed.id}", token=token, scheme=scheme).status_code == 401
        other = Page(demo, behind_proxy, "alice", alice.create())
        assert page.ask(token=other.token).status_code == 401
        assert client.with_token(page.token).request("GET").status_code == 401

    def test_it_is_told_no_more_when_it_was_saved_after_all(
        self, demo, behind_proxy, client, uid, failed
    ):
        page = Page(demo, behind_proxy, "alice", uid)
        assert client.lock("L").status_code == 200
        assert client.put(b"my longer text", "L").status_code == 200
        assert page.saves() == []


def test_a_kept_save_stays_when_the_file_is_opened_anew_without_it(
    behind_proxy, proxy, client, uid, kept
):
    """Her window crashed; the next one has joined the office's session, and not her text."""
    proxy.plan("PUT", f"/id/{uid}", *[503] * 20)
    assert client.put(b"long work", "L").status_code == 500
    proxy.forget()
    again = behind_proxy.open("alice", uid)
    assert again.get().content == b"before"
    assert again.lock("L").status_code == 200
    assert again.put(b"a comma", "L").status_code == 200
    assert kept.content() == b"long work"


def test_nor_does_it_go_when_the_content_was_read_once_more(client, admin, uid, kept):
    client.get()
    admin.operation("Document.Unlock", uid)
    assert client.put(b"an hour's work", "L").status_code == 409
    assert client.get().content == b"before"
    assert client.lock("L").status_code == 200
    assert client.put(b"before and a comma", "L").status_code == 200
    assert kept.content() == b"an hour's work"
