"""When versions of edited documents are made: what ``nuxeo.wopi.versioning`` can say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_POLICY = re.compile(r"(none|session|save|every +([1-9][0-9]{0,4}))(?: +(minor|major))?")
_LONGEST = 10080  # a week


class When(Enum):
    """What a version follows."""

    NEVER = "none"
    SESSION = "session"
    SAVE = "save"
    EVERY = "every"


@dataclass(frozen=True)
class VersionPolicy:
    """When a version is made, and what it is called.

    Attributes:
        when: what it follows.
        minutes: with ``EVERY``, how long changes may be in no version while they go on.
        is_major: whether the first part of the version's number grows, and not the second.
    """

    when: When = When.SESSION
    minutes: int = 0
    is_major: bool = False


def parse(text: str) -> VersionPolicy:
    """A policy out of ``none``, ``session``, ``save`` or ``every <minutes>``, and a level.

    Raises:
        ValueError: it is none.
    """
    match = _POLICY.fullmatch(text.strip())
    if match is None:
        raise ValueError("is no rule for versions")
    word, minutes, level = match[1].partition(" ")[0], int(match[2] or 0), match[3]
    if minutes > _LONGEST:
        raise ValueError(f"has more than {_LONGEST} minutes")
    when = When(word)
    if when is When.NEVER and level:
        raise ValueError("has a level for versions that are not made")
    return VersionPolicy(when, minutes, level == "major")
