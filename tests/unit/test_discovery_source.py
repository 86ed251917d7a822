"""Where the discovery comes from when its source is slow, down, or does what no source should."""

import contextlib
import dataclasses
import socket
import threading
import time

import pytest

from connector import config, whole_file
from connector.app import make_clients
from connector.wopi import discovery_source
from connector.wopi.discovery_source import DiscoverySource, DiscoveryUnavailable
from tests.unit.test_discovery import ONLYOFFICE

KEPT = "discovery.xml"


def source(tmp_path, url="http://127.0.0.1:1/discovery", fetch=None, **options):
    settings = {"connect_timeout": 1, "read_timeout": 1, "patience": 0.5, "refresh": 60} | options
    return DiscoverySource(
        url, kept_in=tmp_path / KEPT, prefer_https=False, fetch=fetch, **settings
    )


@contextlib.contextmanager
def server(talk):
    """A server that does ``talk(connection)`` with everybody, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection):
            with contextlib.suppress(OSError), connection:
                connection.recv(65536)
                talk(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/discovery"


def redirect_to(location):
    return lambda connection: connection.sendall(
        f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    "location",
    [f"http://{'a' * 64}.example/x", "http://.../", "http://[::1/", "http://h:99999/", "x:\\y"],
)
def test_a_redirect_to_nowhere_is_a_source_that_is_down(tmp_path, location):
    with server(redirect_to(location)) as url, pytest.raises(DiscoveryUnavailable):
        source(tmp_path, url).renew()


@pytest.mark.parametrize("error", [RecursionError("deep"), KeyError("x"), UnicodeError()])
def test_whatever_goes_wrong_the_last_good_one_stays(tmp_path, error):
    answers = [ONLYOFFICE, error]

    def fetch():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    office = source(tmp_path, fetch=fetch, refresh=0.01)
    good = office.renew()
    time.sleep(0.05)
    assert office.renew() is good
    assert answers == []
    assert office.get() is good


def test_the_background_goes_on_after_the_worst(tmp_path, monkeypatch):
    monkeypatch.setattr(discovery_source, "_RETRY_AFTER", 0.01)
    monkeypatch.setattr(discovery_source, "_FAILURE_REMEMBERED", 0.01)
    answers = [b"<wopi-discovery>", MemoryError(), ONLYOFFICE]

    def fetch():
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    office = source(tmp_path, fetch=fetch)
    office.start()
    deadline = time.monotonic() + 10
    while answers and time.monotonic() < deadline:
        time.sleep(0.05)
    assert office.get().action("docx", "edit")
    office.stop()


def trickle_head(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    trickle(connection)


def trickle_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    trickle(connection)


def trickle(connection):
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


@pytest.mark.parametrize("talk", [trickle_head, trickle_body])
def test_a_source_that_trickles_is_given_up(tmp_path, talk):
    with server(talk) as url:
        office = source(tmp_path, url)
        started = time.monotonic()
        with pytest.raises(DiscoveryUnavailable, match="TimeoutError"):
            office.renew()
        # It would go on for ever.
        assert 1.5 < time.monotonic() - started < 20


def test_those_who_wait_wait_only_so_long(tmp_path):
    with server(trickle_body) as url:
        office = source(tmp_path, url, read_timeout=20)
        office.start()
        deadline = time.monotonic() + 20
        while not office._one_at_a_time.locked():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        started = time.monotonic()
        with pytest.raises(DiscoveryUnavailable, match="still being fetched"):
            office.get()
        # The other one has 21 seconds.
        assert time.monotonic() - started < 10


def test_what_is_kept_is_there_for_those_who_wait(tmp_path):
    (tmp_path / KEPT).write_bytes(ONLYOFFICE)
    with server(trickle_body) as url:
        assert source(tmp_path, url).get().action("docx", "edit")


def test_the_reason_is_one_line(tmp_path, caplog):
    with pytest.raises(DiscoveryUnavailable):
        source(tmp_path).renew()
    assert caplog.messages == [
        "discovery at http://127.0.0.1:1/discovery: ConnectionRefusedError:"
        " [Errno 111] Connection refused"
    ]


def test_it_is_kept_for_its_owner_only(tmp_path):
    source(tmp_path, fetch=lambda: ONLYOFFICE).renew()
    assert [path.name for path in tmp_path.iterdir()] == [KEPT]
    assert (tmp_path / KEPT).read_bytes() == ONLYOFFICE
    assert (tmp_path / KEPT).stat().st_mode & 0o077 == 0


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, caplog):
    def full(*_args):
        raise OSError(28, "No space left on device")

    (tmp_path / KEPT).write_bytes(b"old")
    monkeypatch.setattr(whole_file.Path, "replace", full)
    assert source(tmp_path, fetch=lambda: ONLYOFFICE).renew()
    assert [path.name for path in tmp_path.iterdir()] == [KEPT]
    assert (tmp_path / KEPT).read_bytes() == b"old"
    assert "No space left" in caplog.text


def test_the_settings_are_its_timeouts(tmp_path):
    settings = config.load(
        None,
        overrides={
            "nuxeo.jwt.secret": "s" * 64,
            "nuxeo.wopi.discoveryURL": "http://127.0.0.1:1/discovery",
            "nuxeo.wopi.dataDir": str(tmp_path),
            "nuxeo.wopi.connectTimeout": "0.2",
            "nuxeo.wopi.readTimeout": "1",
        },
        environ={},
    )
    silent = threading.Event()
    with server(lambda _connection: silent.wait(60)) as url:
        office = dataclasses.replace(settings.clients[0], discovery_url=url)
        (client,) = make_clients(dataclasses.replace(settings, clients=(office,)))
        office = client.discovery
        started = time.monotonic()
        with pytest.raises(DiscoveryUnavailable):
            office.renew()
        ended = time.monotonic()
        silent.set()
    # Neither is what it would be by default: 5 seconds and 60.
    assert ended - started < 5


def test_asking_again_is_for_once_a_minute_and_for_all_who_ask(tmp_path, monkeypatch):
    calls, entered, go_on = [], threading.Event(), threading.Event()

    def fetch():
        calls.append(1)
        if len(calls) > 1:
            entered.set()
            assert go_on.wait(30)
        return ONLYOFFICE

    office = source(tmp_path, fetch=fetch, patience=30)
    office.renew()
    mutex, asking = office._one_at_a_time, threading.Semaphore(0)

    class Told:
        """The lock, telling who has come to it."""

        release = mutex.release

        def acquire(self, timeout):
            asking.release()
            return mutex.acquire(timeout=timeout)

    office._one_at_a_time = Told()
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(office.fetch_again())) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    assert entered.wait(30)
    for _ in threads:
        assert asking.acquire(timeout=30)
    go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [True] * 6
    assert len(calls) == 2
    assert office.fetch_again() is False
    assert len(calls) == 2
    monkeypatch.setattr(discovery_source, "_AGAIN_AFTER", 0.0)
    assert office.fetch_again() is True
    assert len(calls) == 3


def test_asking_again_a_source_that_is_down_changes_nothing(tmp_path):
    answers = [ONLYOFFICE, OSError("down")]

    def fetch():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    office = source(tmp_path, fetch=fetch)
    before = office.renew()
    assert office.fetch_again() is False
    assert office.get() is before
