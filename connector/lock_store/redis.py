"""Locks in Redis: for several machines that serve one Nuxeo.

One Redis server, by whatever address leads to it; a Redis Cluster is refused, because what belongs
together is not in one slot. Each change is one script (:mod:`connector.lock_store.redis_scripts`),
so it is done whole or not at all, and nobody sees half of it.

Time is the caller's, as in the other store: a lock whose end is over is none. That Redis drops keys
by itself, long after, is only to clear away.

===========================  ====================================================================
``lock:<file id>``           hash: a lock
``locks:<document key>``     set: file ids that may be locked
``hold:<document key>``      hash: a hold, kept until it is dropped
``holds``                    sorted set: document keys, by when they may be claimed
``content:<file id>``        hash: a file's content and its generation, and the one before
``user-info:<user>``         hash: what each office client has left
``given:<client>:<file id>`` hash: by opening, when and what an office client was given or saved
``saved:<file id>``          hash: who made the last save, and when
``pages:<file id>``          hash: by page, when it was seen and who has it open
``section:<document key>``   the token of whoever is in the critical section
===========================  ====================================================================
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any

from redis.commands.core import Script

from connector.lock_store import redis_scripts as scripts
from connector.lock_store.base import (
    GIVEN_KEPT,
    LAST_SAVE_KEPT,
    PRESENT_KEPT,
    PRESENT_NOTED,
    Given,
    Hold,
    LastSave,
    LockStoreUnusable,
    OpenPage,
    StoredLock,
)
from connector.lock_store.redis_connection import connect, problem_with, redis_errors, warnings_of
from connector.lock_store.redis_sections import Sections

DEFAULT_PREFIX = "nuxeo-wopi:"
"""How keys begin unless said otherwise."""

_SECTION_WAIT = 30.0
_SECTION_LEASE = 15.0
_LOCK_KEPT = 24 * 3600.0
_CONTENT_KEPT = 90 * 24 * 3600.0
_AT_ONCE = 100

_Argument = str | int


class RedisLockStore:
    """The lock store of several machines. Nothing is called until something is asked.

    Args:
        url: ``redis://`` or ``rediss://``.
        prefix: how keys begin; stores with different ones know nothing of each other.
        ca_bundle: certificates to trust with ``rediss://``; the system's if ``None``.
        clock: seconds since the epoch.
        section_wait: seconds to wait for a critical section.
        section_lease: seconds after which a section is free whose holder is not heard of.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = DEFAULT_PREFIX,
        ca_bundle: Path | None = None,
        clock: Callable[[], float] = time.time,
        section_wait: float = _SECTION_WAIT,
        section_lease: float = _SECTION_LEASE,
    ) -> None:
        self._client = connect(url, ca_bundle)
        self._prefix = prefix
        self._clock = clock
        self._sections = Sections(
            self._client,
            lambda document_key: self._key("section", document_key),
            lease=section_lease,
            wait=section_wait,
        )
        self._scripts: dict[str, Script] = {}

    def check(self) -> list[str]:
        """See :class:`connector.lock_store.base.LockStore`."""
        problem = problem_with(self._client, self._prefix)
        if problem is not None:
            raise LockStoreUnusable(problem)
        return warnings_of(self._client)

    def get(self, file_id: str) -> StoredLock | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        lock = _lock(self._read("lock", file_id))
        return lock if lock is not None and lock.expires_at > self._clock() else None

    def of_document(self, document_key: str) -> tuple[StoredLock, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        found = self._run(
            scripts.OF_DOCUMENT,
            [self._key("locks", document_key)],
            [_number(self._clock()), self._prefix, document_key],
        )
        locks = (_lock(_fields(each)) for each in found)
        return tuple(lock for lock in locks if lock is not None)

    def take(self, lock: StoredLock) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        arguments: list[_Argument] = [
            _number(self._clock()),
            self._kept(lock.expires_at),
            *_values(lock),
        ]
        return bool(self._run(scripts.TAKE, self._place_of(lock), arguments))

    def take_over(self, lock: StoredLock, expected_lock_id: str, ends_by: float) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        arguments: list[_Argument] = [
            _number(self._clock()),
            self._kept(lock.expires_at),
            expected_lock_id,
            _number(ends_by),
            *_values(lock),
        ]
        return bool(self._run(scripts.TAKE_OVER, self._place_of(lock), arguments))

    def refresh(self, file_id: str, expected_lock_id: str, lock_id: str, expires_at: float) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        arguments: list[_Argument] = [
            _number(self._clock()),
            expected_lock_id,
            lock_id,
            _number(expires_at),
            self._kept(expires_at),
            self._prefix,
        ]
        return bool(self._run(scripts.REFRESH, [self._key("lock", file_id)], arguments))

    def note_name(self, file_id: str, file_name: str, mime_type: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(scripts.NOTE_NAME, [self._key("lock", file_id)], [file_name, mime_type])

    def note_writing(self, file_id: str, content: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(scripts.NOTE_WRITING, [self._key("lock", file_id)], [content])

    def note_saved(self, file_id: str, mime_type: str, client: str, saved: Given) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(
            scripts.NOTE_SAVED,
            [self._key("lock", file_id), self._key("given", client, file_id)],
            [*self._given_now(saved), mime_type],
        )

    def note_given(self, file_id: str, client: str, given: Given) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(
            scripts.NOTE_GIVEN,
            [self._key("lock", file_id), self._key("given", client, file_id)],
            [*self._given_now(given), client],
        )

    def given(self, file_id: str, client: str, session: str) -> Given | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        oldest = self._clock() - GIVEN_KEPT
        known = [
            ((each != session, not has_saved, -float(given_at), each), content, name, read_at)
            for each, value in self._read("given", client, file_id).items()
            for given_at, content, name, read_at, has_saved in [json.loads(value)]
            if float(given_at) > oldest
        ]
        if not known:
            return None
        (*_, opening), content, file_name, read_at = min(known)
        return Given(opening, content, file_name, float(read_at))

    def release(self, file_id: str, expected_lock_id: str) -> bool:
        """See :class:`connector.lock_store.base.LockStore`."""
        arguments = [_number(self._clock()), expected_lock_id, self._prefix]
        return bool(self._run(scripts.RELEASE, [self._key("lock", file_id)], arguments))

    def hold(self, document_key: str) -> Hold | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        return _hold(self._read("hold", document_key))

    def put_hold(self, hold: Hold) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(
            scripts.PUT_HOLD,
            [self._key("hold", hold.document_key), self._key("holds")],
            [hold.document_key, *_values(hold)],
        )

    def drop_hold(self, document_key: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        keys = [self._key("hold", document_key), self._key("holds")]
        self._run(scripts.DROP_HOLD, keys, [document_key])

    def forget_document(self, document_key: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        keys = [
            self._key("locks", document_key),
            self._key("hold", document_key),
            self._key("holds"),
        ]
        self._run(scripts.FORGET_DOCUMENT, keys, [document_key, self._prefix])

    def claim_idle_holds(self, lease: float) -> tuple[Hold, ...]:
        """See :class:`connector.lock_store.base.LockStore`.

        A hundred are looked at in one go, so that nobody waits long meanwhile. Locks whose time is
        over are Redis's to clear away.
        """
        now, holds = self._clock(), self._key("holds")
        with redis_errors(self._client):
            documents = self._client.zrangebyscore(holds, "-inf", _number(now))
        claimed: list[Hold] = []
        for start in range(0, len(documents), _AT_ONCE):
            found = self._run(
                scripts.CLAIM,
                [holds],
                [
                    _number(now),
                    _number(now + lease),
                    self._prefix,
                    *documents[start : start + _AT_ONCE],
                ],
            )
            claimed += filter(None, map(_hold, map(_fields, found)))
        return tuple(claimed)

    def defer_hold(self, document_key: str, seconds: float) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        arguments = [document_key, _number(self._clock() + seconds)]
        self._run(scripts.DEFER_HOLD, [self._key("holds")], arguments)

    def critical_section(self, *document_keys: str) -> AbstractContextManager[None]:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self._sections.enter(document_keys)

    def see_content(
        self, file_id: str, content: str, order: int | None, changed: str | None = None
    ) -> int:
        """See :class:`connector.lock_store.base.LockStore`."""
        return self.see_contents([(file_id, content, order, changed)])[0]

    def see_contents(self, seen: Sequence[tuple[str, str, int | None, str | None]]) -> list[int]:
        """See :class:`connector.lock_store.base.LockStore`."""
        generations: list[int] = []
        for start in range(0, len(seen), _AT_ONCE):
            some = seen[start : start + _AT_ONCE]
            told = self._run(
                scripts.SEE_CONTENTS,
                [self._key("content", file_id) for file_id, *_ in some],
                [
                    self._new_generation(),
                    int(_CONTENT_KEPT * 1000),
                    *(value for _, *content in some for value in map(_text, content)),
                ],
            )
            generations += map(int, told)
        return generations

    def changed_with(self, file_id: str, content: str) -> str | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        known = self._read("content", file_id)
        return known["changed"] if known.get("content") == content else None

    def known_generation(self, file_id: str, content: str) -> int | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        known = self._read("content", file_id)
        if known.get("content") == content:
            return int(known["generation"])
        if known.get("former_content") == content:
            return int(known["former_generation"])
        return None

    def save_content(
        self, file_id: str, content: str, order: int | None, changed: str | None = None
    ) -> int:
        """See :class:`connector.lock_store.base.LockStore`."""
        told = self._run(
            scripts.SAVE_CONTENT,
            [self._key("content", file_id)],
            [
                self._new_generation(),
                int(_CONTENT_KEPT * 1000),
                *map(_text, (content, order, changed)),
            ],
        )
        return int(told)

    def note_last_save(self, file_id: str, save: LastSave) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(
            scripts.NOTE_LAST_SAVE,
            [self._key("saved", file_id)],
            [
                int(LAST_SAVE_KEPT * 1000),
                json.dumps(save.users),
                json.dumps(save.names),
                save.content,
                _number(save.at),
            ],
        )

    def last_save(self, file_id: str) -> LastSave | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        known = self._read("saved", file_id)
        if not known or float(known["at"]) <= self._clock() - LAST_SAVE_KEPT:
            return None
        users, names = (tuple(json.loads(known[field])) for field in ("users", "names"))
        return LastSave(users, names, known["content"], float(known["at"]))

    def see_page(self, file_id: str, page: OpenPage) -> tuple[OpenPage, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        return _pages(_fields(self._put_page(file_id, page, is_trouble=False)))

    def pages(self, file_id: str) -> tuple[OpenPage, ...]:
        """See :class:`connector.lock_store.base.LockStore`."""
        return _pages(self._read("pages", file_id), self._clock() - PRESENT_KEPT)

    def note_trouble(self, file_id: str, page: OpenPage) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._put_page(file_id, page, is_trouble=True)

    def forget_trouble(self, file_id: str, page: str, beginning: str = "") -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._run(scripts.FORGET_TROUBLE, [self._key("pages", file_id)], [page, beginning])

    def forget_page(self, file_id: str, page: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        with redis_errors(self._client):
            self._client.hdel(self._key("pages", file_id), page)

    def user_info(self, user: str, client: str) -> str | None:
        """See :class:`connector.lock_store.base.LockStore`."""
        with redis_errors(self._client):
            text = self._client.hget(self._key("user-info", user), client)
        return None if text is None else str(text)

    def put_user_info(self, user: str, client: str, text: str) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        with redis_errors(self._client):
            self._client.hset(self._key("user-info", user), client, text)

    def close(self) -> None:
        """See :class:`connector.lock_store.base.LockStore`."""
        self._sections.close()
        self._client.close()

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    def _place_of(self, lock: StoredLock) -> list[str]:
        return [self._key("lock", lock.file_id), self._key("locks", lock.document_key)]

    def _kept(self, expires_at: float) -> int:
        """For how many milliseconds Redis keeps a lock that ends then."""
        return int((max(0.0, expires_at - self._clock()) + _LOCK_KEPT) * 1000)

    def _given_now(self, given: Given) -> list[_Argument]:
        now = self._clock()
        return [
            given.session,
            given.content,
            given.file_name,
            _number(now),
            _number(now - GIVEN_KEPT),
            int(GIVEN_KEPT * 1000),
        ]

    def _put_page(self, file_id: str, page: OpenPage, *, is_trouble: bool) -> Any:
        now = self._clock()
        return self._run(
            scripts.PUT_PAGE,
            [self._key("pages", file_id)],
            [
                _number(now),
                _number(now - PRESENT_KEPT),
                _number(now - PRESENT_NOTED),
                int(PRESENT_KEPT * 1000),
                int(is_trouble),
                page.page,
                page.user,
                page.user_name,
                int(page.is_editing),
                page.trouble,
            ],
        )

    def _new_generation(self) -> int:
        """Milliseconds of the clock, so that numbers go on growing when all was lost."""
        return int(self._clock() * 1000)

    def _read(self, *parts: str) -> dict[str, str]:
        return _fields(self._run(scripts.READ, [self._key(*parts)], []))

    def _run(self, script: str, keys: Iterable[str], arguments: Iterable[_Argument]) -> Any:
        """Run a script behind the fences of the sections that the caller is in."""
        if script not in self._scripts:
            self._scripts[script] = self._client.register_script(script)
        fences = self._sections.fences()
        with redis_errors(self._client):
            return self._scripts[script](
                [*fences, *keys], [len(fences), *fences.values(), *arguments]
            )


def _number(value: float) -> str:
    """So that it is the same number again, in Lua as in Python."""
    return repr(float(value))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _values(kept: StoredLock | Hold) -> list[str]:
    """Fields and values, one after the other; those without a value are left out."""
    flat: list[str] = []
    for name, value in asdict(kept).items():
        if isinstance(value, tuple):
            flat += [name, json.dumps(value)]
        elif value is not None:
            flat += [name, _number(value) if isinstance(value, float) else str(value)]
    return flat


def _fields(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _lock(fields: Mapping[str, Any]) -> StoredLock | None:
    return StoredLock(**_kept_values(StoredLock, fields)) if fields else None


def _hold(fields: Mapping[str, Any]) -> Hold | None:
    if not fields:
        return None
    values = {"owner": None} | _kept_values(Hold, fields)
    return Hold(**values | {"editors": tuple(json.loads(values["editors"]))})


def _pages(found: Mapping[str, str], seen_after: float = -math.inf) -> tuple[OpenPage, ...]:
    pages = ((name, json.loads(value)) for name, value in sorted(found.items()))
    return tuple(
        OpenPage(name, user, user_name, bool(is_editing), trouble)
        for name, (seen_at, user, user_name, is_editing, trouble) in pages
        if float(seen_at) > seen_after
    )


def _kept_values(kind: type[StoredLock | Hold], fields: Mapping[str, str]) -> dict[str, Any]:
    """What ``kind`` is made of, without what a later release on another machine may have added."""
    types = {field.name: field.type for field in dataclass_fields(kind)}
    return {
        name: float(text) if types[name] in ("float", float) else text
        for name, text in fields.items()
        if name in types
    }
