"""Reads a ``nuxeo.conf`` the way the Nuxeo server does (REST_CONTRACT 11.1).

The ``java.util.Properties`` text is the ``javaproperties`` library's work; what Nuxeo adds is here:
the charset rule, trimming, ``${env:NAME:default}`` and ``${other.key:=default}``.

Values are expanded when asked for, never all at once: a server's own file may well hold references
that only the server can resolve, in keys nobody asks us about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import javaproperties

_MAX_LEVELS = 10
# Where keys refer to themselves several times, ten levels can fill the memory.
_LONGEST = 100_000
_JAVA_BLANKS = "".join(map(chr, range(0x21)))

# `${env:NAME}`, `${env:NAME:default}` and `${env??:NAME}`; the server lets the second colon be
# left out and ends the default at the first brace.
_ENVIRONMENT = re.compile(r"\$\{env(?P<test>\?\?)?:(?P<name>\w*):?(?P<default>.*?)\}", re.ASCII)
# `${key}` and `${key:=default}`, unless escaped as `$${`. The default reaches to the last brace of
# the value, which is what lets the server nest `${a:=${b}}`.
_REFERENCE = re.compile(r"(?<!\$)\$\{#?(?P<key>[A-Za-z0-9_.-]+)(?::=(?P<default>.*))?\}")
_ENCRYPTED = re.compile(r"\{\$.*\}", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")


class NuxeoConfError(Exception):
    """The file cannot be read at all; the message is one line that starts with the file's name."""


class ValueNotKnown(ValueError):
    """A value that cannot be worked out here; the message says why and never quotes a value."""


@dataclass(frozen=True)
class ConfEntry:
    """A value as it stands in the file: unescaped and trimmed, not expanded.

    ``line`` is the line its entry starts on, counted from 1.
    """

    text: str
    line: int


class NuxeoConf:
    """The entries of one file; the last of several with the same key counts, as on the server."""

    def __init__(self, entries: Mapping[str, ConfEntry], environ: Mapping[str, str]) -> None:
        self._entries = entries
        self._environ = environ

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def entry(self, key: str) -> ConfEntry:
        """The entry of a key that is in the file, not expanded."""
        return self._entries[key]

    def value(self, key: str) -> str:
        """The value of a key that is in the file, expanded and trimmed.

        Raises:
            ValueNotKnown: it refers to something that is not in this file, to itself, to more than
                ten levels of other keys, to an environment variable that Nuxeo would mangle, or it
                is encrypted.
        """
        text = self._with_environment(key)
        for _ in range(_MAX_LEVELS + 1):
            expanded = _REFERENCE.sub(self._referred, text)
            if expanded == text or len(expanded) > _LONGEST:
                break
            text = expanded
        if left := _REFERENCE.search(text):
            if left["key"] in self._entries:
                raise ValueNotKnown(
                    f"refers to itself, or through more than {_MAX_LEVELS} levels of other keys"
                )
            raise ValueNotKnown(f"refers to ${{{left['key']}}}, which is not in this file")
        return text.replace("$${", "${").strip(_JAVA_BLANKS)

    def _referred(self, match: re.Match[str]) -> str:
        if match["key"] in self._entries:
            return self._with_environment(match["key"]).strip(_JAVA_BLANKS)
        default = match["default"]
        return match[0] if default is None else str(default)

    def _with_environment(self, key: str) -> str:
        text = _ENVIRONMENT.sub(self._from_environment, self._entries[key].text)
        if _ENCRYPTED.fullmatch(text):
            raise ValueNotKnown(
                f"the value of {key} is encrypted, which only the Nuxeo server can undo"
            )
        return text

    def _from_environment(self, match: re.Match[str]) -> str:
        found = self._environ.get(match["name"], "")
        if match["test"]:
            return "true" if found.strip() else "false"
        result = found if found.strip() else match["default"]
        # The server puts the result in as a Java regular expression's replacement text.
        if "$" in result or "\\" in result:
            raise ValueNotKnown(
                f"takes ${{env:{match['name']}}}, which gives a $ or a backslash; "
                "Nuxeo mangles both"
            )
        return str(result)


def read(path: Path, environ: Mapping[str, str]) -> NuxeoConf:
    """Read a file.

    Args:
        path: the file.
        environ: where ``${env:NAME}`` looks.

    Raises:
        NuxeoConfError: the file is missing or unreadable, or has a malformed ``\\uXXXX`` escape.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NuxeoConfError(f"{path}: cannot be read: {reason}") from error
    return parse(content, environ, name=str(path))


def parse(content: bytes, environ: Mapping[str, str], *, name: str = "nuxeo.conf") -> NuxeoConf:
    """Parse the content of a file called ``name``.

    Raises:
        NuxeoConfError: it has a malformed ``\\uXXXX`` escape, on which the server gives up too.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("iso-8859-1")
    entries: dict[str, ConfEntry] = {}
    line = 1
    try:
        for element in javaproperties.parse(text):
            if isinstance(element, javaproperties.KeyValue):
                entries[element.key] = ConfEntry(element.value.strip(_JAVA_BLANKS), line)
            line += len(_LINE_END.findall(element.source))
    except javaproperties.InvalidUEscapeError as error:
        raise NuxeoConfError(
            f"{name}:{line}: a \\u is not followed by four hexadecimal digits; "
            "write a backslash as \\\\"
        ) from error
    return NuxeoConf(entries, environ)
