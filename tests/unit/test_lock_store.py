"""The lock store of one machine, held against the contract, and what is its own."""

import functools
import sqlite3
import threading
from pathlib import Path

import pytest

from connector.lock_store.base import Given, Hold, LockStoreBusy
from connector.lock_store.opening import left_in_sqlite
from connector.lock_store.sqlite import SqliteLockStore
from tests.lock_store_contract import Clock, LockStoreContract, lock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_store(tmp_path):
    return functools.partial(SqliteLockStore, tmp_path / "one")


@pytest.fixture
def open_empty_store(tmp_path):
    return functools.partial(SqliteLockStore, tmp_path / "two")


class TestContract(LockStoreContract):
    """SQLite does what every store must do."""


def test_sections_that_share_a_file_are_entered_once(open_store, monkeypatch):
    # Few enough for all to meet in one and the same file.
    monkeypatch.setattr("connector.lock_store.sqlite._SECTION_FILES", 3)
    store = open_store()
    TestContract().test_several_sections_are_entered_at_once_in_whatever_order_they_are_named(store)
    store.close()


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


def test_what_is_left_when_locks_go_to_redis_is_told(open_store, tmp_path):
    folder = tmp_path / "one"
    assert left_in_sqlite(folder) == []
    store = open_store()
    assert left_in_sqlite(folder) == []
    store.put_hold(Hold("default/doc", "ana"))
    [line] = left_in_sqlite(folder)
    assert line.startswith(f"{folder / 'locks.sqlite'} still has documents")
    store.close()
    assert left_in_sqlite(folder) == [line]
    (folder / "locks.sqlite").write_text("no database")
    [line] = left_in_sqlite(folder)
    assert "cannot be read" in line


def test_the_directory_is_private(tmp_path):
    SqliteLockStore(tmp_path / "locks").close()
    assert (tmp_path / "locks").stat().st_mode & 0o077 == 0


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


def test_a_transaction_that_could_not_be_ended_stands_in_nobodys_way(tmp_path, clock, monkeypatch):
    store = SqliteLockStore(tmp_path, clock)
    execute = store._execute

    def full(statement, *values, **named):
        if statement == "COMMIT":
            raise LockStoreBusy("database or disk is full")
        return execute(statement, *values, **named)

    given = Given("s", "one", "a.docx")
    monkeypatch.setattr(store, "_execute", full)
    with pytest.raises(LockStoreBusy):
        store.note_given("file1", "office", given)
    monkeypatch.undo()
    assert store.given("file1", "office", "s") is None
    store.note_given("file1", "office", given)
    assert store.given("file1", "office", "s") == given
    store.close()
