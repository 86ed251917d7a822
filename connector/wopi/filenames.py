"""Names of files and containers in WOPI headers: UTF-7, what is legal, and what to propose. Pure.

Source: the pages PutRelativeFile, RenameFile, CreateChildFile and CreateChildContainer; UTF-7 is
RFC 2152.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

MAX_LENGTH = 512
"""Characters that a name may have, its extension included."""

# Control characters, C1's too; what no file system or shell takes; what steers the direction of
# writing, by which "Plan<U+202E>xcod.exe" shows as "Planexe.docx"; halves of surrogate pairs, which
# no encoding has; and two code points that are no characters, which XML and some databases refuse.
_ILLEGAL = re.compile(
    r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]'
)
_LONGEST_EXTENSION = 64
_RESERVED = frozenset({".", ".."})


class IllegalName(ValueError):
    """A name that no file may have; the text says why."""


def decode_header(value: str) -> str:
    """A UTF-7 header value as text.

    Text that is no UTF-7 is taken as it stands: some clients send plain names, and a lone ``+`` or
    ``&`` in one is no reason to fail.
    """
    try:
        return value.encode("ascii").decode("utf-7")
    except UnicodeError:
        # As servers hand headers on: bytes, each as one character.
        try:
            return value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return value


def encode_header(text: str) -> str:
    """Text as a UTF-7 header value, in printable ASCII only."""
    return text.encode("utf-7").decode("ascii")


def check(name: str) -> str:
    """``name``, if it is legal.

    Raises:
        IllegalName: it is not, and why.
    """
    if not name.strip() or name in _RESERVED:
        raise IllegalName("the name is empty")
    if len(name) > MAX_LENGTH:
        raise IllegalName(f"the name has more than {MAX_LENGTH} characters")
    if match := _ILLEGAL.search(name):
        shown = match[0] if match[0].isprintable() else f"U+{ord(match[0]):04X}"
        raise IllegalName(f"the name has a character that no file name may have: {shown}")
    if name != name.strip() or name.endswith("."):
        raise IllegalName("the name begins with a blank or ends with a blank or a dot")
    return name


def legal(name: str, *, otherwise: str = "Document") -> str:
    """The legal name nearest to ``name``, with its extension; ``otherwise`` if nothing is left."""
    clean = _ILLEGAL.sub("_", name).strip().rstrip(". ")
    suffix = extension(clean)[:_LONGEST_EXTENSION].rstrip()
    stem = clean.removesuffix(extension(clean)).strip().strip(".").strip() or otherwise
    return f"{stem[: MAX_LENGTH - len(suffix)].rstrip()}{suffix}"


def extension(name: str) -> str:
    """The extension with its dot; empty if there is none."""
    return PurePosixPath(name).suffix


def suggested(target: str, source: str) -> str:
    """The name that X-WOPI-SuggestedTarget proposes: a whole name, or ``.ext`` for ``source``'s."""
    if target.startswith("."):
        return f"{source.removesuffix(extension(source))}{target}"
    return target


def candidates(name: str) -> Iterator[str]:
    """``name``, then ``name (1).ext`` and so on without end, all within the length allowed."""
    yield name
    suffix = extension(name)
    stem = name.removesuffix(suffix)
    for number in itertools.count(1):
        mark = f" ({number})"
        yield f"{stem[: MAX_LENGTH - len(suffix) - len(mark)].rstrip()}{mark}{suffix}"
