"""The lock store: atomic, shared by processes, and honest about time."""

import multiprocessing
import os
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from connector.lock_store.base import Hold, LockStoreBusy, StoredLock
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


def lock(lock_id="A", *, file_id="file1", document="default/doc", expires=2800.0):
    return StoredLock(file_id, document, lock_id, "ana", expires, "digest", "a.docx", "text/x")


def test_a_lock_is_kept_as_it_was_taken(store):
    taken = lock("x" * 1024)
    assert store.take(taken)
    assert store.get("file1") == taken
    assert store.of_document("default/doc") == (taken,)


def test_the_office_client_and_the_documents_path_are_kept_with_it(store):
    taken = replace(lock("A"), client="collabora", path="/folder/a")
    assert store.take(taken)
    assert store.refresh("file1", "A", "B", 3000.0)
    assert store.get("file1").client == "collabora"
    assert store.get("file1").path == "/folder/a"


def test_locks_of_a_release_without_office_clients_are_kept(tmp_path, clock):
    database = sqlite3.connect(tmp_path / "locks.sqlite")
    database.execute(
        """CREATE TABLE lock (file_id TEXT PRIMARY KEY, document_key TEXT NOT NULL,
            lock_id TEXT NOT NULL, user TEXT NOT NULL, expires_at REAL NOT NULL,
            content TEXT NOT NULL, file_name TEXT NOT NULL, mime_type TEXT NOT NULL)"""
    )
    database.execute(
        "INSERT INTO lock VALUES ('file1', 'default/doc', 'A', 'ana', 2800.0, 'digest', 'a.docx',"
        " 'text/x')"
    )
    database.commit()
    database.close()
    for _ in range(2):
        store = SqliteLockStore(tmp_path, clock)
        assert store.get("file1") == lock("A")
        store.close()


def test_a_file_has_one_lock(store):
    assert store.take(lock("A"))
    assert not store.take(lock("B"))
    assert not store.take(lock("A"))
    assert store.get("file1").lock_id == "A"


def test_only_the_expected_lock_is_replaced_or_released(store):
    store.take(lock("A"))
    assert not store.refresh("file1", "B", "C", 3000.0)
    assert not store.release("file1", "B")
    assert store.refresh("file1", "A", "B", 3000.0)
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
    assert not store.refresh("file1", "A", "A", 9000.0)
    assert not store.release("file1", "A")
    assert store.take(lock("B", expires=5000.0))


def test_noting_content_and_refreshing_leave_each_other_alone(store):
    store.take(lock("A"))
    store.note_content("file1", "other", "b.docx", "y")
    store.refresh("file1", "A", "B", 3000.0)
    store.note_content("file1", "third", "c.docx", "z")
    expected = replace(
        lock("B", expires=3000.0), content="third", file_name="c.docx", mime_type="z"
    )
    assert store.get("file1") == expected


def test_a_hold_is_kept_until_it_is_dropped(store):
    hold = Hold("default/doc", "ana", "bo", "carl", 9.5, 7.5, "bo", ("ana", "Zoë"))
    assert store.hold("default/doc") is None
    store.put_hold(hold)
    assert store.hold("default/doc") == hold
    assert hold.owners == {"ana", "bo"}
    store.put_hold(Hold("default/doc", "bo"))
    assert store.hold("default/doc") == Hold("default/doc", "bo")
    store.drop_hold("default/doc")
    assert store.hold("default/doc") is None


def test_forgetting_a_document_leaves_the_others(store):
    for name, document in (("file1", "d/1"), ("file2", "d/1"), ("file3", "d/2")):
        store.take(lock(file_id=name, document=document))
        store.put_hold(Hold(document, "ana"))
    store.forget_document("d/1")
    assert [store.get(name) is None for name in ("file1", "file2", "file3")] == [True, True, False]
    assert (store.hold("d/1"), store.hold("d/2")) == (None, Hold("d/2", "ana"))


def test_a_hold_without_a_live_lock_is_given_to_one_caller_at_a_time(store, clock):
    store.take(lock(document="d/1"))
    store.take(lock(file_id="file2", document="d/2", expires=9000.0))
    for document in ("d/1", "d/2", "d/3"):
        store.put_hold(Hold(document, "ana"))
    assert store.claim_idle_holds(60) == (Hold("d/3", "ana"),)
    store.drop_hold("d/3")
    clock.now = 3000.0
    assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)
    assert store.claim_idle_holds(60) == ()
    clock.now = 3060.0
    assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)


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
        if store.take(lock(name, file_id=f"file{number}", expires=now + 60)):
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


def test_several_sections_are_entered_at_once_in_whatever_order_they_are_named(store, monkeypatch):
    # Few enough for all to meet, also in one and the same file.
    monkeypatch.setattr("connector.lock_store.sqlite._SECTION_FILES", 3)
    keys = [f"default/{number}" for number in range(6)]
    inside = dict.fromkeys(keys, 0)
    met = []

    def work(first, second):
        for _ in range(10):
            with store.critical_section(first, second):
                for key in {first, second}:
                    inside[key] += 1
                    met.append(inside[key])
                time.sleep(0.001)
                for key in {first, second}:
                    inside[key] -= 1

    pairs = [(keys[n], keys[(n + step) % 6]) for n in range(6) for step in (0, 1, 5)]
    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(met) == {1}
    assert not any(thread.is_alive() for thread in threads)


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


def test_generations_grow_with_the_content_and_never_repeat(store):
    first = store.see_content("file1", "aaa", 1)
    assert store.see_content("file1", "aaa", 2) == first
    second = store.see_content("file1", "bbb", 3)
    third = store.see_content("file1", "aaa", 4)
    fourth = store.save_content("file1", "aaa", 5)
    assert first < second < third < fourth
    assert store.see_content("file1", "aaa", 6) == fourth
    assert store.see_content("file2", "aaa", None) > 0


def test_what_was_read_before_is_no_news(store):
    old = store.see_content("file1", "old", 1)
    new = store.save_content("file1", "new", 2)
    assert store.see_content("file1", "old", 1) == old
    assert store.see_content("file1", "older", 0) == 0
    assert store.see_content("file1", "new", 2) == new
    # Without an order nothing can be told: what comes last counts.
    assert store.see_content("file1", "old", None) > new


def test_asking_for_a_generation_notes_nothing(store):
    assert store.known_generation("file1", "aaa") is None
    first = store.see_content("file1", "aaa", 1)
    second = store.see_content("file1", "bbb", 2)
    known = [store.known_generation("file1", content) for content in ("aaa", "bbb", "ccc")]
    assert known == [first, second, None]
    assert store.see_content("file1", "bbb", 3) == second


def test_many_who_see_the_same_change_at_once_agree(store):
    store.see_content("file1", "aaa", 1)
    barrier, seen = threading.Barrier(8), []

    def look():
        barrier.wait()
        seen.append(store.see_content("file1", "bbb", 2))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_generations_go_on_growing_when_the_store_was_lost(tmp_path, clock):
    before = SqliteLockStore(tmp_path / "one", clock)
    old = before.see_content("file1", "aaa", 1)
    before.close()
    clock.now += 1
    after = SqliteLockStore(tmp_path / "two", clock)
    assert after.see_content("file1", "aaa", 1) > old
    after.close()


def test_the_directory_is_private(tmp_path):
    SqliteLockStore(tmp_path / "locks").close()
    assert (tmp_path / "locks").stat().st_mode & 0o077 == 0


def test_a_users_text_is_theirs_shared_by_processes_and_outlives_them(tmp_path, clock):
    first, second = SqliteLockStore(tmp_path, clock), SqliteLockStore(tmp_path, clock)
    assert second.user_info("ana", "office") is None
    first.put_user_info("ana", "office", "one")
    assert second.user_info("ana", "office") == "one"
    second.put_user_info("ana", "office", "")
    second.put_user_info("bob", "office", "his")
    assert (first.user_info("ana", "office"), first.user_info("bob", "office")) == ("", "his")
    first.close()
    second.close()
    again = SqliteLockStore(tmp_path, clock)
    assert again.user_info("bob", "office") == "his"
    again.close()


def test_each_office_client_has_a_text_of_its_own(store: SqliteLockStore) -> None:
    store.put_user_info("ana", "office", "tips=1")
    assert store.user_info("ana", "collabora") is None
    store.put_user_info("ana", "collabora", "{}")
    assert store.user_info("ana", "office") == "tips=1"
    assert store.user_info("ana", "collabora") == "{}"


def test_texts_of_a_release_that_did_not_part_clients_are_the_usual_clients(tmp_path, clock):
    former = sqlite3.connect(tmp_path / "locks.sqlite")
    former.execute("CREATE TABLE user_info (user TEXT PRIMARY KEY, text TEXT NOT NULL)")
    former.execute("INSERT INTO user_info VALUES ('ana', 'kept')")
    former.commit()
    former.close()
    stores = []
    start = [
        threading.Thread(target=lambda: stores.append(SqliteLockStore(tmp_path, clock)))
        for _ in range(4)
    ]
    for thread in start:
        thread.start()
    for thread in start:
        thread.join()
    assert len(stores) == 4
    for store in stores:
        assert store.user_info("ana", "office") == "kept"
        assert store.user_info("ana", "collabora") is None
    stores[0].put_user_info("ana", "collabora", "another")
    for store in stores:
        assert store.user_info("ana", "office") == "kept"
        store.close()


def test_contents_are_seen_at_once_as_one_by_one(store: SqliteLockStore) -> None:
    seen = [(f"f{number}", f"c{number}", 1, None) for number in range(250)]
    first = store.see_contents(seen)
    assert [store.see_content(*each) for each in seen] == first
    assert store.see_contents([]) == []
    changed = store.see_contents([("f0", "other", 2, None), *seen[1:]])
    assert changed[0] > first[0]
    assert changed[1:] == first[1:]
    # What was read before is no news.
    assert store.see_contents([("f0", "c0", 1, None)]) == first[:1]
    assert store.known_generation("f0", "other") == changed[0]


def test_when_a_content_came_is_known_until_another_comes(store: SqliteLockStore) -> None:
    assert store.changed_with("f", "one") is None
    store.see_content("f", "one", 1, "10:00")
    store.see_content("f", "one", 2, "10:01")
    assert store.changed_with("f", "one") == "10:00"
    store.save_content("f", "two", 3, "10:02")
    assert store.changed_with("f", "one") is None
    assert store.changed_with("f", "two") == "10:02"


def test_a_database_of_an_earlier_release_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    old = sqlite3.connect(folder / "locks.sqlite")
    old.executescript(
        """CREATE TABLE content (file_id TEXT PRIMARY KEY, content TEXT NOT NULL,
            generation INTEGER NOT NULL, change_order INTEGER, former_content TEXT,
            former_generation INTEGER NOT NULL DEFAULT 0);
        INSERT INTO content (file_id, content, generation) VALUES ('f', 'one', 7);"""
    )
    old.close()
    store = SqliteLockStore(folder)
    assert store.changed_with("f", "one") == ""
    assert store.see_content("f", "one", None) == 7
    store.close()
