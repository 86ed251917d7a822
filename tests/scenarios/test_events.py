"""What happens is told to whoever the administrator has set, and to nobody else."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connector.events.webhook import signature

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
        assert event["details"] == {"reason": "expired", "seconds": 1801}
        for each in both:
            each.connector.events.close()
        assert webhook.requests.empty()

    def test_conflicts_and_kept_saves(self, demo, watched, webhook, alice, uid):
        demo.nuxeo("bob").operation("Document.Lock", uid)
        client = watched.open("alice", uid)
        assert client.lock("L").status_code == 409
        assert client.put(b"mine", "L").status_code == 409
        events = webhook.take(3)
        assert sorted(kinds(events)) == ["conflict", "conflict", "recovered"]
        assert all("mine" not in json.dumps(event) for event, _, _ in events)
        assert "bob" in events[0][0]["details"]["reason"]

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
        assert f"the webhook missed sessionOpened: status {status}" in caplog.text
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
        assert "the webhook missed sessionOpened: no answer" in caplog.text
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
