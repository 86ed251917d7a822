"""A connector that is killed in the middle: nothing half, nothing twice, no lock left behind.

The process, workers and all, gets SIGKILL, as in a power cut, while the proxy before Nuxeo holds
one of its calls: before Nuxeo has seen it, or after Nuxeo did it. A new process with the same data
then takes what the office client does next: the same once more.
"""

import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
import requests

from tests.fault_proxy import After
from tests.reliability_reference import LOCK, NEW, OLD, ONCE, OUTSIDE, STORIES, Bench, Script
from tests.support import Served

BENCHES = 4
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def benches(demo, tmp_path_factory):
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("kill")
        made = [Bench(demo, folder / str(number)) for number in range(BENCHES)]
        yield [stack.enter_context(bench) for bench in made]


@pytest.fixture
def bench(benches):
    return benches[0]


def killing(bench, is_after):
    """The fault of a call: the connector is killed there."""
    if is_after:
        return After(bench.served.kill)

    def kill():
        bench.served.kill()
        return "drop"

    return kill


def killed(call, *arguments):
    """Make a call in whose middle the connector is killed."""
    with pytest.raises(requests.ConnectionError):
        call(*arguments)


def until(condition, seconds=30):
    """Wait for what happens in the background."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def expire(bench):
    """Let the time of all locks be over."""
    with closing(sqlite3.connect(bench.data / "locks.sqlite")) as database, database:
        database.execute("UPDATE lock SET expires_at = 1")


# Saving


def kill_in_a_save(bench, story, step, call, is_after):
    save = story.begin(bench)
    bench.proxy.follow(Script(save, step, call, killing(bench, is_after), ONCE))
    killed(save.client.put, NEW, save.lock)
    bench.proxy.wait_until_idle()
    bench.proxy.forget()
    held = bench.held(save)
    assert held.content in (save.before, NEW), "half a file, or another"
    if save.before == OUTSIDE and held.content == NEW:
        assert OUTSIDE in held.versions
    bench.served.start_again()
    again = save.client.put(NEW, save.lock)
    assert again.status_code == 200, again.headers
    if save.keeper is not None:
        assert save.keeper.unlock(LOCK).status_code == 200
    after = bench.held(save)
    assert after.content == NEW
    assert after.versions.count(NEW) <= 1, "one save, two versions"
    assert after.versions.count(OUTSIDE) <= 1
    assert after.owner is None


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_a_save_is_whole_and_once_wherever_the_connector_is_killed(benches, story):
    free = list(benches)

    def run(step, call, is_after):
        bench = free.pop()
        try:
            kill_in_a_save(bench, story, step, call, is_after)
        except BaseException as error:
            error.add_note(f"killed {'after' if is_after else 'before'} step {step + 1}, {call}")
            raise
        finally:
            free.append(bench)

    calls = benches[0].calls(story)
    with ThreadPoolExecutor(len(benches)) as pool:
        for future in [
            pool.submit(run, step, call, is_after)
            for step, call in enumerate(calls)
            for is_after in (False, True)
        ]:
            future.result()


def test_a_body_that_was_being_received_leaves_nothing_behind(bench):
    uid = bench.alice.create(OLD)
    client = bench.locked("alice", uid)
    parts = urlsplit(client.source)
    head = client.raw_head(
        "POST",
        "/contents",
        X_WOPI_Override="PUT",
        X_WOPI_Lock=LOCK,
        Content_Length=str(64 * MEGABYTE),
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(f"{head}\r\n".encode())
        # More than the sockets hold between the two: most of it has been received.
        for _ in range(32):
            connection.sendall(b"x" * MEGABYTE)
        bench.served.kill()
    assert bench.alice.content(uid) == OLD
    assert not [path for path in bench.data.rglob("*") if path.stat().st_size > MEGABYTE]
    bench.served.start_again()
    assert client.put(NEW, LOCK).status_code == 200
    assert client.unlock(LOCK).status_code == 200
    assert "lockOwner" not in bench.alice.document(uid)


# Locks


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", [("GET", "/id/"), ("POST", "@op/Document.Lock")])
def test_a_lock_can_be_taken_again_by_who_was_not_answered(bench, call, is_after):
    uid = bench.alice.create(OLD)
    client = bench.served.client("alice", uid)
    bench.proxy.plan(*call, killing(bench, is_after))
    killed(client.lock, LOCK)
    bench.served.start_again()
    assert client.lock(LOCK).status_code == 200
    assert bench.alice.document(uid)["lockOwner"] == "alice"
    assert client.put(NEW, LOCK).status_code == 200
    assert client.unlock(LOCK).status_code == 200
    assert "lockOwner" not in bench.alice.document(uid)


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", [("GET", "/id/"), ("POST", "@op/Document.Unlock")])
def test_what_was_being_unlocked_is_unlocked_by_the_next_process(bench, call, is_after):
    uid = bench.alice.create(OLD)
    client = bench.locked("alice", uid)
    bench.proxy.plan(*call, killing(bench, is_after))
    killed(client.unlock, LOCK)
    bench.served.start_again()
    # The client asks once more; whether it had been heard before is nothing to it.
    assert client.unlock(LOCK).status_code in (200, 409)
    assert client.get_lock().headers["X-WOPI-Lock"] == ""
    until(lambda: "lockOwner" not in bench.alice.document(uid))


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("operation", ["Lock", "PutFile of a co-author"])
def test_a_lock_whose_session_never_comes_back_is_given_back_when_its_time_is_over(
    bench, operation, is_after
):
    uid = bench.alice.create(OLD)
    client = bench.served.client("alice", uid)
    if operation == "Lock":
        bench.proxy.plan("POST", "@op/Document.Lock", killing(bench, is_after))
        killed(client.lock, LOCK)
    else:
        assert client.lock(LOCK).status_code == 200
        bench.proxy.plan("POST", "@op/Document.Lock", killing(bench, is_after))
        killed(bench.served.client("bob", uid).put, NEW, LOCK)
    bench.served.start_again()
    expire(bench)
    # Nobody calls any more; and somebody who does is not kept out.
    assert bench.served.client("bob", uid).lock("M").status_code == 200
    assert bench.served.client("bob", uid).unlock("M").status_code == 200
    until(lambda: "lockOwner" not in bench.alice.document(uid))


def test_after_a_restart_locks_are_given_back_whose_time_was_over_meanwhile(bench):
    uid = bench.alice.create(OLD)
    bench.locked("alice", uid)
    bench.served.kill()
    expire(bench)
    assert bench.alice.document(uid)["lockOwner"] == "alice"
    bench.served.start_again()
    until(lambda: "lockOwner" not in bench.alice.document(uid))


def test_two_processes_on_one_folder_go_on_without_the_one_that_was_killed(bench, demo):
    """It held the document's critical section; the system gives that back."""
    uid = bench.alice.create(OLD)
    client = bench.locked("alice", uid)
    with Served(demo, bench.data) as other:
        bench.proxy.plan("PUT", "/id/", killing(bench, is_after=False))
        killed(client.put, NEW, LOCK)
        there = client.at(client.source.replace(bench.served.url, other.url))
        assert there.put(NEW, LOCK).status_code == 200
        assert bench.alice.content(uid) == NEW
        assert there.unlock(LOCK).status_code == 200
    assert "lockOwner" not in bench.alice.document(uid)
    bench.served.start_again()
