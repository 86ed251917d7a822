"""The way to Redis: in limited time, and without anything of the library's getting out.

No command is sent again after its answer was lost: a lock that was taken would then seem to be
somebody else's. A connection that was closed meanwhile is noticed before it is used.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from connector.lock_store.base import LockStoreBusy, SectionLost
from connector.lock_store.redis_scripts import SECTION_LOST

_log = logging.getLogger(__name__)

_CONNECT_TIMEOUT = 2.0
_ANSWER_TIMEOUT = 3.0
_CONNECTIONS = 1000
"""More than threads; what is open is what was needed at once."""

_KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""So that no firewall forgets a connection that is not used, and none that is dead is kept."""

_TRY = "return redis.call('SET', KEYS[1], '1', 'PX', 1000)"


def connect(url: str, ca_bundle: Path | None) -> redis.Redis:
    """A client with a pool of connections; none is made yet.

    Args:
        url: ``redis://`` or ``rediss://``, with user name, password and number of the database
            where needed.
        ca_bundle: certificates to trust with ``rediss://``; the system's if ``None``.
    """
    tls = {"ssl_ca_certs": str(ca_bundle)} if ca_bundle and url.startswith("rediss:") else {}
    return redis.Redis.from_url(
        url,
        # The answers are the same for all releases of Redis, and nothing but answers is sent.
        protocol=2,
        decode_responses=True,
        # What is half a surrogate pair in a file's name is so in Nuxeo.
        encoding_errors="surrogatepass",
        socket_connect_timeout=_CONNECT_TIMEOUT,
        socket_timeout=_ANSWER_TIMEOUT,
        socket_keepalive=True,
        socket_keepalive_options={
            getattr(socket, name): value
            for name, value in _KEEP_ALIVE.items()
            if hasattr(socket, name)  # Not all of them are everywhere.
        },
        retry=Retry(NoBackoff(), 0),
        max_connections=_CONNECTIONS,
        **tls,
    )


@contextmanager
def redis_errors(client: redis.Redis) -> Iterator[None]:
    """Turn what goes wrong with Redis into what the lock store calls it.

    The reason goes into the log only: it names the server, which is nobody else's business.
    """
    try:
        yield
    except redis.exceptions.ReadOnlyError as error:
        # It was the primary and is a replica now: the same address may lead to another by now.
        client.connection_pool.disconnect(inuse_connections=False)
        _log.warning("Redis: %s", reason_of(error))
        raise LockStoreBusy("the lock store did not answer") from error
    except (redis.RedisError, OSError) as error:
        if str(error).startswith(SECTION_LOST):
            raise SectionLost("the document's critical section was lost") from error
        _log.warning("Redis: %s", reason_of(error))
        raise LockStoreBusy("the lock store did not answer") from error


def reason_of(error: Exception) -> str:
    """What went wrong, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def problem_with(client: redis.Redis, prefix: str) -> str | None:
    """Why a Redis will not do; ``None`` if it will."""
    try:
        if _info(client).get("cluster_enabled"):
            return f"{_address(client)} is a Redis Cluster, which is not supported"
        # What is done all the time: a replica, a user without the right or a full server refuse it.
        client.eval(_TRY, 1, f"{prefix}check")
    except (redis.RedisError, OSError) as error:
        return f"{_address(client)} cannot be used: {reason_of(error)}"
    return None


def warnings_of(client: redis.Redis) -> list[str]:
    """What works with a Redis but is unwise, a line for each."""
    with redis_errors(client):
        info = _info(client)
    warnings = []
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        warnings.append(
            f"{_address(client)} drops keys when it is full (maxmemory-policy {policy}), locks"
            " included; set noeviction"
        )
    if info.get("aof_enabled") == 0:
        warnings.append(f"{_address(client)} forgets locks when it is started anew (appendonly no)")
    return warnings


def _info(client: redis.Redis) -> dict[str, Any]:
    try:
        return client.info()
    except redis.exceptions.NoPermissionError:
        # Then nothing is told of it; what is needed is tried anyway.
        return {}


def _address(client: redis.Redis) -> str:
    """Of the server, without what is secret in the URL."""
    known = client.connection_pool.connection_kwargs
    host = str(known.get("host", "localhost"))
    return f"Redis at {f'[{host}]' if ':' in host else host}:{known.get('port', 6379)}"
