"""How a changed text is spread over the pieces that the text was made of: pure.

A paragraph is a row of pieces with looks of their own. When its text is changed, the pieces that
did not change must stay, and the others change no more than they have to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_WORDS = re.compile(r"\w+|\W")
_MAX_WORDS = 2000
_CONTROLS = ("\t", "\n")


def spread(pieces: Sequence[str], text: str) -> list[str]:
    """As many pieces as before, whose texts make the new text.

    What is added goes to the piece before it, what is replaced to the piece that it began in.
    """
    old = "".join(pieces)
    owners = [index for index, piece in enumerate(pieces) for _ in piece]
    new: list[list[str]] = [[] for _ in pieces]

    def keep(begin: int, end: int) -> None:
        for position in range(begin, end):
            new[owners[position]].append(old[position])

    done = 0
    for begin, end, added in _changes(old, text):
        keep(done, begin)
        new[_home(pieces, owners, begin, end)].append(added)
        done = end
    keep(done, len(old))
    return ["".join(parts) for parts in new]


def _home(pieces: Sequence[str], owners: list[int], begin: int, end: int) -> int:
    right = owners[begin] if begin < len(owners) else None
    left = owners[begin - 1] if begin > 0 else None
    if begin < end and right is not None:
        return right
    if left is None or (right is not None and pieces[left] in _CONTROLS):
        return right or 0
    return left


def _changes(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """What of the old text, from where to where, is replaced by what: in order."""
    for begin, end, added in _changed_words(*_middle(0, old, new)):
        start, gone, come = _middle(begin, old[begin:end], added)
        if gone or come:
            yield start, start + len(gone), come


def _middle(begin: int, old: str, new: str) -> tuple[int, str, str]:
    """Both texts without what they begin and end with in common."""
    head = _in_common(old, new)
    old, new = old[head:], new[head:]
    tail = _in_common(old[::-1], new[::-1])
    return begin + head, old[: len(old) - tail], new[: len(new) - tail]


def _in_common(one: str, other: str) -> int:
    """How many characters at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _changed_words(begin: int, old: str, new: str) -> Iterator[tuple[int, int, str]]:
    former, latter = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(former), len(latter)) > _MAX_WORDS:
        yield begin, begin + len(old), new
        return
    starts = [begin]
    for word in former:
        starts.append(starts[-1] + len(word))
    matcher = SequenceMatcher(None, former, latter, autojunk=False)
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        if tag != "equal":
            yield starts[first], starts[last], "".join(latter[new_first:new_last])
