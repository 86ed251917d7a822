"""The webhook against receivers that do not behave: nothing hangs, and nothing gets out."""

import logging
import socket
import ssl
import threading
import time

import pytest

from connector import logs
from connector.events.events import Event, EventKind
from connector.events.webhook import NotDelivered, Webhook
from tests.certificates import make_certificate

SECRET = "known-to-both-sides"
EVENT = Event(EventKind.SAVED, "default", "doc-1", "file:content", "ana", 1e9, {"length": 3})


class Peer:
    """Answers each connection with the next of ``answers``, byte by byte as they are written.

    ``None`` is no answer at all.
    """

    def __init__(self, *answers, tls=None):
        self.requests = []
        self._answers = list(answers)
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open = []
        scheme = "https" if tls else "http"
        port = self._listening.getsockname()[1]
        self.url = f"{scheme}://127.0.0.1:{port}/hook/in-the-path?key=in-the-query"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while self._answers:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            answer = self._answers.pop(0)
            try:
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    self._open.append(connection)
                self.requests.append(self._read(connection))
                if answer is not None:
                    connection.sendall(answer)
            except OSError:
                continue

    def _read(self, connection):
        got = b""
        while b"\r\n\r\n" not in got or not got.endswith(b"}}"):
            piece = connection.recv(65536)
            if not piece:
                break
            got += piece
        return got

    def received(self, count):
        """The requests, when it has read so many: whoever sent one may have given up before."""
        deadline = time.monotonic() + 30
        while len(self.requests) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.requests

    def close(self):
        self._listening.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def peer():
    made = []

    def make(*answers, **kwargs):
        made.append(Peer(*answers, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def send():
    """Sends an event, with no pauses between the tries."""

    def send(url, pauses=(), read_timeout=30, **kwargs):
        webhook = Webhook(
            url, SECRET, connect_timeout=5, read_timeout=read_timeout, pauses=pauses, **kwargs
        )
        webhook(EVENT, threading.Event())

    return send


def status(code, *headers):
    lines = [f"HTTP/1.1 {code} Status", *headers, "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


class TestAnswers:
    @pytest.mark.parametrize("code", [200, 202, 204, 299])
    def test_delivered(self, peer, send, code):
        receiver = peer(status(code))
        send(receiver.url)
        assert len(receiver.requests) == 1

    @pytest.mark.parametrize("code", [300, 302, 304, 400, 401, 404, 410])
    def test_refused_and_not_tried_again(self, peer, send, code):
        """A redirect that names no place is none that could be taken for an answer either."""
        receiver = peer(status(code), status(200))
        with pytest.raises(NotDelivered, match=rf"^status {code}$"):
            send(receiver.url, pauses=[0])
        assert len(receiver.requests) == 1

    def test_a_redirect_is_not_followed(self, peer, send):
        elsewhere = peer(status(200))
        receiver = peer(status(307, f"Location: {elsewhere.url}"))
        with pytest.raises(NotDelivered, match=r"^status 307$"):
            send(receiver.url, pauses=[0])
        assert elsewhere.requests == []

    @pytest.mark.parametrize(
        "first", [status(500), status(503), status(429), b"no HTTP at all\r\n\r\n"]
    )
    def test_tried_again_with_the_same_body(self, peer, send, first):
        receiver = peer(first, status(200))
        send(receiver.url, pauses=[0])
        bodies = [request.partition(b"\r\n\r\n")[2] for request in receiver.requests]
        assert len(bodies) == 2
        assert bodies[0] == bodies[1]

    def test_one_that_says_nothing_is_not_waited_for(self, peer, send):
        receiver = peer(None)
        with pytest.raises(NotDelivered, match=r"^no answer \(ReadTimeout\)$"):
            send(receiver.url, read_timeout=0.2)
        assert len(receiver.received(1)) == 1

    def test_given_up_after_the_last_try(self, peer, send):
        receiver = peer(*[status(500)] * 4)
        with pytest.raises(NotDelivered, match=r"^status 500$"):
            send(receiver.url, pauses=[0, 0])
        assert len(receiver.requests) == 3

    def test_when_it_is_time_to_stop_there_is_one_try(self, peer):
        receiver = peer(status(500), status(200))
        stopping = threading.Event()
        stopping.set()
        webhook = Webhook(receiver.url, SECRET, connect_timeout=5, read_timeout=30)
        with pytest.raises(NotDelivered, match=r"^status 500$"):
            webhook(EVENT, stopping)
        assert len(receiver.requests) == 1

    def test_an_answer_without_end_is_not_waited_for(self, peer, send):
        """Its head says enough; the rest would only fill the memory."""
        receiver = peer(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nand so on")
        send(receiver.url)
        assert len(receiver.requests) == 1

    def test_a_cookie_is_not_sent_back(self, peer):
        receiver = peer(
            status(200, "Set-Cookie: id=1", "Connection: close"), status(200, "Connection: close")
        )
        webhook = Webhook(receiver.url, SECRET, connect_timeout=5, read_timeout=30)
        webhook(EVENT, threading.Event())
        webhook(EVENT, threading.Event())
        assert len(receiver.requests) == 2
        assert b"cookie" not in receiver.requests[1].lower()


class TestSecrets:
    @pytest.mark.parametrize(
        "answer",
        [
            status(500),
            status(302, "Location: /elsewhere?key=in-the-query"),
            b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
            b"no HTTP at all\r\n\r\n",
            None,
        ],
    )
    def test_neither_address_nor_secret_is_logged(self, peer, send, answer, capsys):
        """Not even at DEBUG, and not by the libraries."""
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        logs.set_up("DEBUG")
        receiver = peer(answer)
        try:
            send(receiver.url, read_timeout=2 if answer is None else 30)
            told = ""
        except NotDelivered as error:
            told = str(error)
        finally:
            root.handlers[:] = before
            root.setLevel(level)
        told += "".join(capsys.readouterr())
        assert len(receiver.received(1)) == 1
        for secret in ("in-the-query", "in-the-path", SECRET):
            assert secret not in told


class TestCertificates:
    @pytest.fixture
    def certificate(self, tmp_path):
        """A certificate of the receiver's own, and the key to it."""
        return make_certificate(tmp_path)

    @pytest.fixture
    def receiver(self, peer, certificate):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        return peer(status(200), tls=tls)

    def test_that_of_the_ca_bundle_is_trusted(self, receiver, send, certificate):
        send(receiver.url, ca_bundle=certificate[0])
        assert len(receiver.requests) == 1

    def test_any_other_is_not(self, receiver, send):
        with pytest.raises(NotDelivered, match=r"^no answer \(SSLError\)$"):
            send(receiver.url)
        assert receiver.requests == []
