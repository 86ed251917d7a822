"""``Idempotency-Key``: the same request again gets the first answer (REST_CONTRACT 4)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from cachetools import TTLCache
from flask import Response

HEADER = "Idempotency-Key"
METHODS = frozenset({"POST", "PATCH"})

_DAY = 24 * 3600
_MAX_KEYS = 10_000


@dataclass(frozen=True)
class Answer:
    """A kept answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def response(self) -> Response:
        """The answer once more."""
        return Response(self.body, status=self.status, headers=list(self.headers))


@dataclass
class IdempotencyKeys:
    """Answers by key, kept for a day; a key is everybody's."""

    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _running: set[str] = field(default_factory=set)
    _answers: TTLCache[str, Answer] = field(
        default_factory=lambda: TTLCache(maxsize=_MAX_KEYS, ttl=_DAY)
    )

    def begin(self, key: str) -> Response | None:
        """The answer for a key: the first one, or 409 while that is not ready.

        ``None`` lets the request run; :meth:`end` must follow.
        """
        with self._mutex:
            answer = self._answers.get(key)
            if answer is not None:
                return answer.response()
            if key in self._running:
                return Response(status=409, headers={HEADER: key})
            self._running.add(key)
        return None

    def end(self, key: str, response: Response | None) -> None:
        """Keep the answer of a request that has run, unless it failed."""
        answer = None
        if response is not None and response.status_code < 400:
            response.direct_passthrough = False
            answer = Answer(
                response.status_code, tuple(response.headers.items()), response.get_data()
            )
        with self._mutex:
            self._running.discard(key)
            if answer is not None:
                self._answers[key] = answer
