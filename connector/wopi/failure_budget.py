"""How often somebody may fail: a number at once, and then one in a while."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

AT_ONCE = 30
"""Failures of one caller that are let through at once."""

_PER_SECOND = 1.0
_CALLERS = 8192
"""Callers that are counted. Of more, those that were not heard of longest start anew."""


@dataclass
class _Budget:
    left: float
    counted_at: float


class FailureBudgets:
    """Each caller's budget. Not for several threads at once.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._budgets: LRUCache[str, _Budget] = LRUCache(_CALLERS)

    def take(self, caller: str) -> int:
        """Take one failure out of a caller's budget, in advance.

        Returns:
            0, or the seconds until there is one to take; then none was taken.
        """
        now = self._clock()
        budget = self._budgets.get(caller)
        if budget is None:
            budget = self._budgets[caller] = _Budget(AT_ONCE, now)
        gained = (now - budget.counted_at) * _PER_SECOND
        budget.left = min(AT_ONCE, budget.left + gained)
        budget.counted_at = now
        if budget.left < 1:
            return max(1, math.ceil((1 - budget.left) / _PER_SECOND))
        budget.left -= 1
        return 0

    def give_back(self, caller: str) -> None:
        """It was no failure."""
        budget = self._budgets.get(caller)
        if budget is not None:
            budget.left = min(AT_ONCE, budget.left + 1)
