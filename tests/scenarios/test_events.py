"""What happens is told to whoever the administrator has set, and to nobody else."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connector.events.webhook import signature
from tests.support import Served

SECRET = "w3bhook." * 10
HALF_AN_HOUR = 1801.0


class WebhookServer:
    """What an administrator might run: takes POSTs, answers as it is told."""

    def __init__(self):
        self.requests = queue.Queue()
        self.answers = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.put((self.path, self.headers, body))
                server.may_answer.wait(30)
                status = server.answers.pop(0) if server.answers else 204
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?key=in-the-query"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, count):
        """The next events, with the headers and the body of each."""
        found = []
        for _ in range(count):
            path, headers, body = self.requests.get(timeout=30)
            assert path == "/hook?key=in-the-query"
            found.append((json.loads(body), headers, body))
        return found

    def close(self):
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def webhook():
    server = WebhookServer()
    yield server
    server.close()


@pytest.fixture
def uid(alice):
    return alice.create(b"before")


@pytest.fixture
def watched(connector, webhook):
    """A connector that tells the webhook."""
    return connector(**{"webhook.url": webhook.url, "webhook.secret": SECRET})


def kinds(events):
    return [event["event"] for event, _, _ in events]


class TestWebhook:
    def test_a_whole_session_in_order_and_signed(self, watched, webhook, uid):
        client = watched.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L", Editors="alice,bob")
        client.unlock("L")
        events = webhook.take(4)
        assert kinds(events) == ["sessionOpened", "saved", "sessionClosed", "versionCreated"]
        assert len({event["id"] for event, _, _ in events}) == 4
        for event, headers, body in events:
            assert (event["document"], event["user"]) == (uid, "alice")
            stamp = headers["X-Nuxeo-WOPI-Timestamp"]
            assert headers["X-Nuxeo-WOPI-Signature"] == signature(SECRET, stamp, body)
        saved = events[1][0]
        assert saved["xpath"] == "file:content"
        assert (saved["details"]["length"], saved["details"]["editors"]) == (5, "alice, bob")
        assert events[2][0]["details"]["reason"] == "unlocked"

    def test_nothing_new_is_not_told(self, watched, webhook, uid):
        client = watched.open("alice", uid)
        client.lock("L")
        client.lock("L")
        client.put(b"after", "L")
        client.put(b"after", "L")
        client.unlock("L")
        assert kinds(webhook.take(4)) == [
            "sessionOpened",
            "saved",
            "sessionClosed",
            "versionCreated",
        ]
        assert webhook.requests.empty()

    def test_expiry_is_told_by_one_of_two(self, connector, webhook, uid, clock):
        settings = {"webhook.url": webhook.url, "webhook.events": "sessionClosed"}
        both = [connector(**settings), connector(**settings)]
        both[0].open("alice", uid).lock("L")
        clock.offset = HALF_AN_HOUR
        for each in both:
            each.connector.sessions.end_idle()
        ((event, _, _),) = webhook.take(1)
        seconds = event["details"].pop("seconds")
        assert event["details"] == {"reason": "expired"}
        # The clock goes on meanwhile, too.
        assert 1801 <= seconds < 1801 + 60
        for each in both:
            each.connector.events.close()
        assert webhook.requests.empty()

    def test_a_silent_session_that_is_taken_over(self, connector, webhook, uid, clock):
        careful = connector(**{"webhook.url": webhook.url, "staleLockAfter": "20"})
        gone = careful.open("alice", uid)
        gone.lock("L")
        gone.put(b"after", "L")
        clock.offset = 25 * 60.0
        assert careful.open("bob", uid).lock("M").status_code == 200
        events = webhook.take(5)
        assert kinds(events) == [
            "sessionOpened",
            "saved",
            "sessionClosed",
            "versionCreated",
            "sessionOpened",
        ]
        assert events[2][0]["details"]["reason"] == "taken over"
        assert events[3][0]["details"]["editors"] == "alice"
        assert [events[n][0]["user"] for n in (0, 2, 4)] == ["alice", "bob", "bob"]

    def test_conflicts_and_kept_saves(self, demo, watched, webhook, alice, uid):
        demo.nuxeo("bob").operation("Document.Lock", uid)
        client = watched.open("alice", uid)
        assert client.lock("L").status_code == 409
        assert client.put(b"mine", "L").status_code == 409
        events = webhook.take(3)
        assert sorted(kinds(events)) == ["conflict", "conflict", "recovered"]
        assert all("mine" not in json.dumps(event) for event, _, _ in events)
        assert "bob" in events[0][0]["details"]["reason"]

    def test_a_save_that_is_not_kept_either_is_told_of(self, demo, connector, webhook, uid):
        demo.nuxeo("bob").operation("Document.Lock", uid)
        settings = {"webhook.url": webhook.url, "recovery.dir": "off"}
        client = connector(**settings).open("alice", uid)
        assert client.put(b"mine", "L").status_code == 409
        ((event, _, _),) = webhook.take(1)
        assert (event["event"], event["user"]) == ("conflict", "alice")

    def test_a_change_from_outside_is_told_once_and_when_it_is_kept(
        self, connector, webhook, proxy, admin, uid
    ):
        """The first try to keep it fails, the second does not."""
        client = connector(**{"webhook.url": webhook.url, "nuxeoURL": proxy.url}).open("alice", uid)
        client.lock("L")
        admin.replace(uid, b"from outside")
        proxy.plan("POST", "Document.CheckIn", 500)
        assert client.put(b"after", "L").status_code == 200
        assert proxy.done()
        client.unlock("L")
        events = webhook.take(5)
        assert kinds(events) == [
            "sessionOpened",
            "conflict",
            "saved",
            "sessionClosed",
            "versionCreated",
        ]
        reason = "changed outside the session; that is kept as a version"
        assert events[1][0]["details"] == {"reason": reason}

    def test_a_save_that_broke_off_is_told_when_it_is_known(
        self, connector, webhook, proxy, alice, uid
    ):
        """It was written, but Nuxeo's answer was lost, and so was that to the question."""

        def lose():
            proxy.plan("GET", f"/id/{uid}", *["drop"] * 10)
            return "lose"

        settings = {"webhook.url": webhook.url, "webhook.events": "saved", "nuxeoURL": proxy.url}
        client = connector(**settings, readTimeout="3").open("alice", uid)
        client.lock("L")
        proxy.plan("PUT", f"/id/{uid}", lose)
        assert client.put(b"after", "L").status_code == 500
        assert alice.content(uid) == b"after"
        proxy.forget()
        assert client.put(b"after", "L").status_code == 200
        assert client.put(b"after", "L").status_code == 200
        assert client.put(b"again", "L").status_code == 200
        events = [event for event, _, _ in webhook.take(2)]
        assert [event["details"]["length"] for event in events] == [5, 5]
        assert events[0]["details"]["version"] != events[1]["details"]["version"]

    def test_a_save_comes_before_the_version_of_it(self, connector, webhook, uid):
        settings = {"webhook.url": webhook.url, "versioning": "save"}
        client = connector(**settings).open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        assert kinds(webhook.take(3)) == ["sessionOpened", "saved", "versionCreated"]

    def test_a_session_broken_by_an_administrator(self, demo, watched, webhook, uid):
        client = watched.open("alice", uid)
        client.lock("L")
        demo.nuxeo().operation("Document.Unlock", uid)
        client.refresh("L")
        opened, closed = webhook.take(2)
        assert opened[0]["event"] == "sessionOpened"
        assert closed[0]["details"]["reason"] == "ended from outside"

    def test_nobody_waits_for_a_receiver_that_hangs(self, watched, webhook, alice, uid):
        webhook.may_answer.clear()
        client = watched.open("alice", uid)
        # If they waited, these would not come to an end: the receiver answers only afterwards.
        assert client.lock("L").status_code == 200
        assert client.put(b"after", "L").status_code == 200
        assert client.unlock("L").status_code == 200
        assert alice.content(uid) == b"after"
        webhook.may_answer.set()
        assert len(webhook.take(4)) == 4

    def test_what_waits_is_told_when_a_worker_is_stopped(self, demo, webhook, uid, tmp_path):
        webhook.may_answer.clear()
        settings = {
            "nuxeo.wopi.webhook.url": webhook.url,
            "nuxeo.wopi.webhook.secret": SECRET,
            "nuxeo.wopi.logLevel": "debug",
            "nuxeo.wopi.workers": "1",
        }
        with Served(demo, tmp_path / "served", **settings) as served:
            client = served.client("alice", uid)
            client.lock("L")
            client.unlock("L")
            # The first is on its way to a receiver that hangs; the second has to wait.
            served.terminate()
            served.wait_for("Worker exiting")
            webhook.may_answer.set()
            assert sorted(kinds(webhook.take(2))) == ["sessionClosed", "sessionOpened"]
        told = "\n".join(served.output)
        assert "Traceback" not in told
        assert "in-the-query" not in told
        assert SECRET not in told

    def test_what_fails_for_the_moment_is_sent_again_under_the_same_id(self, watched, webhook, uid):
        webhook.answers = [503]
        watched.open("alice", uid).lock("L")
        first, again = webhook.take(2)
        assert first[0] == again[0]

    @pytest.mark.parametrize("status", [302, 410])
    def test_a_refusal_or_a_redirect_is_the_end_of_it(self, watched, webhook, uid, caplog, status):
        webhook.answers = [status]
        client = watched.open("alice", uid)
        client.lock("L")
        client.unlock("L")
        assert kinds(webhook.take(2)) == ["sessionOpened", "sessionClosed"]
        assert f"the webhook missed sessionOpened of default/{uid}: status {status}" in caplog.text
        assert webhook.requests.empty()

    def test_only_what_was_asked_for(self, connector, webhook, uid):
        settings = {"webhook.url": webhook.url, "webhook.events": "saved"}
        client = connector(**settings).open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        client.unlock("L")
        ((event, headers, _),) = webhook.take(1)
        assert event["event"] == "saved"
        assert "X-Nuxeo-WOPI-Signature" not in headers

    def test_a_receiver_that_is_down_is_told_of_without_its_address(
        self, connector, webhook, uid, caplog
    ):
        webhook.close()
        settings = {"webhook.url": webhook.url, "webhook.secret": SECRET}
        down = connector(**settings)
        assert down.open("alice", uid).lock("L").status_code == 200
        down.connector.events.close()
        assert f"the webhook missed sessionOpened of default/{uid}: no answer" in caplog.text
        assert "in-the-query" not in caplog.text
        assert SECRET not in caplog.text


class TestLogAndAudit:
    def test_the_log_has_a_line_each(self, connector, uid, caplog):
        caplog.set_level("INFO", "connector.events")
        talking = connector(**{"events.log": "true"})
        client = talking.open("alice", uid)
        client.lock("secret-lock-id")
        client.put(b"after", "secret-lock-id")
        client.unlock("secret-lock-id")
        talking.connector.events.close()
        lines = [record for record in caplog.records if record.name == "connector.events"]
        told = [json.loads(record.message)["event"] for record in lines]
        assert told == ["sessionOpened", "saved", "sessionClosed", "versionCreated"]
        assert not any("secret-lock-id" in record.message for record in lines)
        assert not any(client.token in record.message for record in lines)

    def test_the_audit_has_an_entry_each_in_the_users_name(self, connector, alice, uid):
        noting = connector(**{"events.audit": "true"})
        client = noting.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        client.unlock("L")
        noting.connector.events.close()
        entries = alice.call("GET", f"api/v1/id/{uid}/@audit?pageSize=100").json()["entries"]
        ours = [entry for entry in entries if entry.get("category") == "WOPI"]
        assert {entry["eventId"] for entry in ours} == {
            "wopiSessionOpened",
            "wopiSaved",
            "wopiSessionClosed",
            "wopiVersionCreated",
        }
        assert {entry["principalName"] for entry in ours} == {"alice"}

    def test_a_refused_entry_is_logged_and_hinders_nothing(
        self, connector, proxy, alice, uid, caplog
    ):
        noting = connector(**{"events.audit": "true", "nuxeoURL": proxy.url})
        proxy.plan("POST", "Audit.LogEvent", 500)
        client = noting.open("alice", uid)
        assert client.lock("L").status_code == 200
        assert client.put(b"after", "L").status_code == 200
        noting.connector.events.close()
        assert alice.content(uid) == b"after"
        assert f"the audit missed sessionOpened of default/{uid}: " in caplog.text
        entries = alice.call("GET", f"api/v1/id/{uid}/@audit?category=WOPI").json()["entries"]
        assert [entry["eventId"] for entry in entries] == ["wopiSaved"]

    def test_off_unless_set(self, in_process, alice, uid, caplog):
        caplog.set_level("INFO", "connector.events")
        client = in_process.open("alice", uid)
        client.lock("L")
        client.put(b"after", "L")
        client.unlock("L")
        in_process.connector.events.close()
        assert not [record for record in caplog.records if record.name == "connector.events"]
        entries = alice.call("GET", f"api/v1/id/{uid}/@audit?pageSize=100").json()["entries"]
        assert not [entry for entry in entries if entry.get("category") == "WOPI"]
