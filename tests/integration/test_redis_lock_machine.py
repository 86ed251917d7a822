"""The sequences of :mod:`tests.unit.test_lock_machine`, with locks in Redis."""

import uuid

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from connector.lock_store.redis import RedisLockStore
from tests.unit.test_lock_machine import Locks


def test_the_model_holds_with_locks_in_redis(redis_url):
    class RedisLocks(Locks):
        def open_store(self):
            return RedisLockStore(redis_url, prefix=f"{uuid.uuid4()}:", clock=self.clock)

    run_state_machine_as_test(
        RedisLocks,
        settings=settings(max_examples=25, stateful_step_count=50, deadline=None, print_blob=True),
    )
