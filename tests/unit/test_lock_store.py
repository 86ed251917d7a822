"""The lock store: atomic, shared by processes, and honest about time."""

import multiprocessing
import os
import threading
import time
from dataclasses import replace

import pytest

from connector.lock_store.base import LockStoreBusy, StoredLock
from connector.lock_store.sqlite import SqliteLockStore


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    store = SqliteLockStore(tmp_path, clock)
    yield store
    store.close()


def lock(lock_id="A", *, file_id="file1", document="default/doc", owner="ana", expires=2800.0):
    return StoredLock(file_id, document, lock_id, owner, None, 1000.0, expires)


def test_a_lock_is_kept_as_it_was_taken(store):
    taken = replace(lock("x" * 1024), manual_owner="bo")
    assert store.take(taken)
    assert store.get("file1") == taken
    assert store.of_document("default/doc") == (taken,)


def test_a_file_has_one_lock(store):
    assert store.take(lock("A"))
    assert not store.take(lock("B"))
    assert not store.take(lock("A"))
    assert store.get("file1").lock_id == "A"


def test_only_the_expected_lock_is_replaced_or_released(store):
    store.take(lock("A"))
    assert not store.replace("B", lock("C"))
    assert not store.release("file1", "B")
    assert store.replace("A", lock("B", expires=3000.0))
    assert store.get("file1").expires_at == 3000.0
    assert store.release("file1", "B")
    assert store.get("file1") is None
    assert not store.release("file1", "B")


def test_a_lock_whose_time_is_over_is_no_lock(store, clock):
    store.take(lock("A"))
    clock.now = 2799.9
    assert store.get("file1")
    clock.now = 2800.0
    assert store.get("file1") is None
    assert store.of_document("default/doc") == ()
    assert not store.replace("A", lock("A", expires=9000.0))
    assert not store.release("file1", "A")
    assert [found.lock_id for found in store.of_document("default/doc", with_expired=True)] == ["A"]
    assert store.take(lock("B", expires=5000.0))


def test_an_expired_lock_is_given_to_one_caller_at_a_time(store, clock):
    store.take(lock("A"))
    store.take(lock("B", file_id="file2", expires=9000.0))
    clock.now = 3000.0
    assert [claimed.lock_id for claimed in store.claim_expired(60)] == ["A"]
    assert store.claim_expired(60) == ()
    clock.now = 3060.0
    (claimed,) = store.claim_expired(60)
    assert store.forget_expired(claimed)
    assert store.of_document("default/doc", with_expired=True) == (store.get("file2"),)


def test_a_lock_taken_anew_is_not_forgotten_as_expired(store, clock):
    store.take(lock("A"))
    clock.now = 3000.0
    (claimed,) = store.claim_expired(60)
    store.take(lock("A", expires=9000.0))
    assert not store.forget_expired(claimed)
    assert store.get("file1")


def test_a_hand_over_counts_for_all_files_of_the_document(store):
    store.take(lock("A"))
    store.take(lock("B", file_id="file2"))
    store.take(lock("C", file_id="file3", document="default/other"))
    store.hand_over("default/doc", "bo")
    owners = [store.get(name).nuxeo_owner for name in ("file1", "file2", "file3")]
    assert owners == ["bo", "bo", "ana"]
    store.forget_document("default/doc")
    assert [store.get(name) is None for name in ("file1", "file2", "file3")] == [True, True, False]


def test_locks_survive_the_process(tmp_path, clock):
    first = SqliteLockStore(tmp_path, clock)
    first.take(lock("A"))
    first.close()
    second = SqliteLockStore(tmp_path, clock)
    assert second.get("file1") == lock("A")
    second.close()


def _race(directory, start, results, name):
    store = SqliteLockStore(directory)
    start.wait()
    for number in range(50):
        now = time.time()
        taken = StoredLock(f"file{number}", "d/1", name, name, None, now, now + 60)
        if store.take(taken):
            results.put((number, name))
    store.close()


def test_of_many_processes_one_takes_the_lock(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(4), context.Queue()
    racers = [
        context.Process(target=_race, args=(tmp_path, start, results, f"racer{number}"))
        for number in range(4)
    ]
    for racer in racers:
        racer.start()
    won = dict(results.get(timeout=60) for _ in range(50))
    for racer in racers:
        racer.join(60)
        assert racer.exitcode == 0
    assert results.empty()
    store = SqliteLockStore(tmp_path)
    assert {number: store.get(f"file{number}").lock_id for number in range(50)} == won
    store.close()


def test_one_at_a_time_in_a_critical_section(store):
    inside, most = 0, 0
    guard = threading.Lock()

    def work():
        nonlocal inside, most
        for _ in range(5):
            with store.critical_section("default/doc"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.002)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_section_that_cannot_be_had_is_said_so(tmp_path):
    store = SqliteLockStore(tmp_path, section_wait=0.05)
    with (
        store.critical_section("default/doc"),
        pytest.raises(LockStoreBusy),
        store.critical_section("default/doc"),
    ):
        pass
    with store.critical_section("default/doc"):
        pass
    store.close()


def _die_inside(directory, ready):
    store = SqliteLockStore(directory)
    with store.critical_section("default/doc"):
        ready.set()
        time.sleep(0.2)
        os._exit(9)


def test_a_process_that_dies_leaves_no_section_behind(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_die_inside, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    store = SqliteLockStore(tmp_path, section_wait=10)
    with store.critical_section("default/doc"):
        process.join(10)
        assert process.exitcode == 9
    store.close()


def test_generations_grow_with_the_content_and_never_repeat(store, clock):
    first = store.content_generation("file1", "aaa")
    assert store.content_generation("file1", "aaa") == first
    second = store.content_generation("file1", "bbb")
    third = store.content_generation("file1", "aaa")
    fourth = store.new_content_generation("file1", "aaa")
    assert first < second < third < fourth
    assert store.content_generation("file1", "aaa") == fourth
    assert store.known_content("file1") == ("aaa", fourth)
    assert store.known_content("file2") is None


def test_generations_go_on_growing_when_the_store_was_lost(tmp_path, clock):
    before = SqliteLockStore(tmp_path / "one", clock)
    old = before.content_generation("file1", "aaa")
    before.close()
    clock.now += 1
    after = SqliteLockStore(tmp_path / "two", clock)
    assert after.content_generation("file1", "aaa") > old
    after.close()


def test_the_directory_is_private(tmp_path):
    SqliteLockStore(tmp_path / "locks").close()
    assert (tmp_path / "locks").stat().st_mode & 0o077 == 0
