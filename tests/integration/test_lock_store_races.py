"""Real processes that race for locks, holds and critical sections, on either store."""

import functools

import pytest

from connector.lock_store.redis import RedisLockStore
from connector.lock_store.sqlite import SqliteLockStore
from tests.lock_store_races import LockStoreRaces


class TestSqlite(LockStoreRaces):
    @pytest.fixture
    def open_store(self, tmp_path):
        return functools.partial(SqliteLockStore, tmp_path / "locks")


class TestRedis(LockStoreRaces):
    @pytest.fixture
    def open_store(self, redis_url):
        return functools.partial(RedisLockStore, redis_url)

    @pytest.fixture
    def open_mortal_store(self, redis_url):
        # A lease that runs out soon, so that the test does not wait long for who has died.
        return functools.partial(RedisLockStore, redis_url, section_lease=2)
