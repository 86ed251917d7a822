"""What every lock store must do when real processes race: see :mod:`tests.lock_store_contract`."""

import multiprocessing
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from connector.lock_store.base import Hold
from tests.lock_store_contract import lock

RACERS = 4
ROUNDS = 25


def _take(open_store, start, results, name):
    store = open_store()
    start.wait(60)
    for number in range(50):
        now = time.time()
        if store.take(lock(name, file_id=f"file{number}", expires=now + 60)):
            results.put((number, name))
    store.close()


def _claim(open_store, start, results, _name):
    store = open_store()
    start.wait(60)
    for _ in range(10):
        results.put([hold.document_key for hold in store.claim_idle_holds(600)])
    store.close()


def _count(open_store, start, results, name):
    """Two counters, in files that only a section guards."""
    store = open_store()
    keys = ["d/1", "d/2"] if int(name[-1]) % 2 else ["d/2", "d/1"]
    start.wait(60)
    for _ in range(ROUNDS):
        with store.critical_section(*keys):
            for key in keys:
                counter = Path(os.environ["NUXEO_WOPI_TEST_COUNTERS"]) / key.replace("/", "-")
                before = int(counter.read_text())
                time.sleep(0.001)
                counter.write_text(str(before + 1))
    results.put(name)
    store.close()


def _die_inside(open_store, ready):
    store = open_store()
    with store.critical_section("default/doc", "default/folder"):
        ready.set()
        time.sleep(0.2)
        os._exit(9)


class LockStoreRaces:
    """To be inherited."""

    @pytest.fixture
    def open_mortal_store(self, open_store):
        """Opens a store for a process that will die."""
        return open_store

    def race(self, work, open_store, count):
        """Have processes do ``work`` at once; what they told, ``count`` things."""
        context = multiprocessing.get_context("spawn")
        start, results = context.Barrier(RACERS), context.Queue()
        racers = [
            context.Process(target=work, args=(open_store, start, results, f"racer{number}"))
            for number in range(RACERS)
        ]
        for racer in racers:
            racer.start()
        told = [results.get(timeout=90) for _ in range(count)]
        for racer in racers:
            racer.join(60)
            assert racer.exitcode == 0
        assert results.empty()
        return told

    def test_of_many_processes_one_takes_the_lock(self, open_store):
        won = dict(self.race(_take, open_store, 50))
        store = open_store()
        assert {number: store.get(f"file{number}").lock_id for number in range(50)} == won
        store.close()

    def test_of_many_processes_one_claims_an_idle_hold(self, open_store):
        store = open_store()
        keys = [f"d/{number}" for number in range(300)]
        for key in keys:
            store.put_hold(Hold(key, "ana"))
        claims = Counter(
            key for claimed in self.race(_claim, open_store, RACERS * 10) for key in claimed
        )
        assert claims == Counter(keys)
        store.close()

    def test_of_many_processes_one_is_in_a_critical_section(
        self, open_store, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("NUXEO_WOPI_TEST_COUNTERS", str(tmp_path))
        for name in ("d-1", "d-2"):
            (tmp_path / name).write_text("0")
        self.race(_count, open_store, RACERS)
        counted = [int((tmp_path / name).read_text()) for name in ("d-1", "d-2")]
        assert counted == [RACERS * ROUNDS] * 2

    def test_a_process_that_dies_leaves_no_section_behind(self, open_mortal_store):
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        process = context.Process(target=_die_inside, args=(open_mortal_store, ready))
        process.start()
        assert ready.wait(30)
        store = open_mortal_store()
        with store.critical_section("default/folder", "default/doc"):
            process.join(10)
            assert process.exitcode == 9
        store.close()
