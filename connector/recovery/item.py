"""A save that failed, as it is kept: what is known of it beside its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

_FORMAT = 1
# No letter that is easily taken for another, as ids are read to people on the telephone.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_ID_LENGTH = 8


class NotAnItem(ValueError):
    """What is written down of a kept save cannot be understood; the text says why."""


@dataclass(frozen=True, kw_only=True)
class FailedSave:
    """A save that Nuxeo did not take.

    Attributes:
        session: names what the save belongs to; see :func:`session_name`.
        at: when it was asked for, in seconds since the epoch.
        repository, document_id, xpath: the file.
        path: where the document was, as far as it is known; empty if it is not.
        title: the document's, or empty.
        file_name, mime_type: of the file.
        user: login name of whoever saved.
        editors: who has edited since the save before, as the office client tells.
        client: name of the office client.
        reason: why it failed, for administrators.
        status: what the office client was answered with.
        stored: names the content that the session had last read or saved; empty if it is not known
            what the new content was made from.
    """

    session: str
    at: float
    repository: str
    document_id: str
    xpath: str
    path: str = ""
    title: str = ""
    file_name: str
    mime_type: str
    user: str
    editors: tuple[str, ...] = ()
    client: str = ""
    reason: str
    status: int
    stored: str = ""

    @property
    def file(self) -> str:
        """Names the file."""
        return f"{self.repository}/{self.document_id}/{self.xpath}"


@dataclass(frozen=True, kw_only=True)
class RecoveredSave(FailedSave):
    """A failed save whose content is kept.

    Attributes:
        id: short, to be typed and read aloud.
        length: of the content, in bytes.
        digest: SHA-256 of the content, in hexadecimal.
    """

    id: str
    length: int
    digest: str

    def as_json(self) -> dict[str, Any]:
        """What is written down."""
        return {"format": _FORMAT, **asdict(self)}


@dataclass(frozen=True)
class DamagedSave:
    """Something in the folder that was a kept save and cannot be read as one any more.

    Attributes:
        id: its id.
        at: when it was written, in seconds since the epoch.
        problem: what is wrong with it.
    """

    id: str
    at: float
    problem: str


def parse(value: object) -> RecoveredSave:
    """A kept save out of what was written down.

    Raises:
        NotAnItem: it is none.
    """
    if not isinstance(value, Mapping):
        raise NotAnItem("its description is no JSON object")
    if value.get("format") != _FORMAT:
        raise NotAnItem("its description has a form that this release does not know")
    values = {name: content for name, content in value.items() if name != "format"}
    editors = values.get("editors")
    if not isinstance(editors, list) or not all(isinstance(name, str) for name in editors):
        raise NotAnItem("its description has no list of editors")
    for name, kinds in _KINDS.items():
        value = values.get(name)
        # True is an int for Python, and JSON's reader takes NaN.
        if not isinstance(value, kinds) or isinstance(value, bool) or value != value:
            raise NotAnItem(f"its description has no {name}")
    try:
        return RecoveredSave(**values | {"editors": tuple(editors)})
    except TypeError as error:
        raise NotAnItem("its description has something else in it") from error


_NUMBERS: Mapping[str, type | tuple[type, ...]] = {"float": (int, float), "int": int}
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    item.name: _NUMBERS.get(str(item.type), str)
    for item in fields(RecoveredSave)
    if item.name != "editors"
}


def session_name(file: str, user: str, lock_id: str | None, opening: str) -> str:
    """Names what belongs together: a file, who saves it, since which opening, and under which lock.

    The lock id itself is written down nowhere.
    """
    return hashlib.sha256("\0".join((file, user, lock_id or "", opening)).encode()).hexdigest()


def id_of(session: str, attempt: int = 0) -> str:
    """The id for a session's kept save; another for each attempt, should it be another's."""
    number = int.from_bytes(hashlib.sha256(f"{attempt}:{session}".encode()).digest(), "big")
    letters = []
    for _ in range(_ID_LENGTH):
        number, position = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[position])
    return "".join(letters)


def is_id(text: str) -> bool:
    """Whether ``text`` could be an id."""
    return len(text) == _ID_LENGTH and set(text) <= set(_ALPHABET)
