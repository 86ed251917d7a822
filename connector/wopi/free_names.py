"""Finding a name that nothing in a folder has, in few questions however many are taken."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence

from connector.nuxeo_gateway.nxql import in_one_query
from connector.wopi import filenames

_AT_ONCE = 40


def free_name(name: str, taken: Callable[[Sequence[str]], Collection[str]]) -> str:
    """``name``, or the first like ``name (1).ext`` that is free.

    Args:
        name: what is wanted.
        taken: which of some names are taken; asked once for every forty, or fewer where they are
            too long for one query. ``name`` is the first of the first ones.
    """
    candidates = filenames.candidates(name)
    waiting = list[str]()
    while True:
        waiting += itertools.islice(candidates, _AT_ONCE - len(waiting))
        asked = in_one_query(waiting)
        waiting = waiting[len(asked) :]
        found = set(taken(asked))
        for candidate in asked:
            if candidate not in found:
                return candidate
