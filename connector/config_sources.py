"""Where the text of a setting comes from: the command line, the environment, the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from connector import nuxeo_conf
from connector.config_keys import SettingsKey

OWN_PREFIX = "nuxeo.wopi."
"""How our own keys begin."""

OWN_ENVIRONMENT_PREFIX = "NUXEO_WOPI_"
"""How the environment variables of our own keys begin."""

_LONGEST_SHOWN = 80


class Place(IntEnum):
    """What a value comes from; the lowest number wins."""

    COMMAND_LINE = 1
    ENVIRONMENT = 2
    FILE = 3
    DEFAULT = 4


@dataclass(frozen=True)
class Given:
    """What was given for a key: where, as written there (to be shown), and what it comes to."""

    where: str
    written: str
    text: str
    folder: Path
    place: Place = Place.DEFAULT


class Sources:
    """The places that values come from, each beating the next.

    Args:
        conf: a nuxeo.conf, or ``None`` for none.
        overrides: key to text.
        environ: the environment.

    ``problem`` says why the file cannot be read.
    """

    def __init__(
        self, conf: Path | None, overrides: Mapping[str, str], environ: Mapping[str, str]
    ) -> None:
        self.conf = conf
        self.overrides = overrides
        self.environ = environ
        self.file: nuxeo_conf.NuxeoConf | None = None
        self.problem: str | None = None
        if conf is not None:
            try:
                self.file = nuxeo_conf.read(conf, environ)
            except nuxeo_conf.NuxeoConfError as error:
                self.problem = str(error)

    @property
    def is_incomplete(self) -> bool:
        """Whether there is a file that could not be read, which might have had anything."""
        return self.conf is not None and self.file is None

    def given(self, name: str, environment_name: str) -> Given | None:
        """From the highest place that names the key.

        A blank environment variable counts as unset, as with Nuxeo; elsewhere blank text stands for
        the default.

        Raises:
            ValueError: the file's value cannot be worked out.
        """
        here = Path.cwd()
        if name in self.overrides:
            text = self.overrides[name].strip()
            return Given("--set", text, text, here, Place.COMMAND_LINE)
        text = self.environ.get(environment_name, "").strip()
        if text:
            where = f"environment variable {environment_name}"
            return Given(where, text, text, here, Place.ENVIRONMENT)
        if self.file is not None and name in self.file:
            return self.from_file(name)
        return None

    def from_file(self, name: str) -> Given:
        """The value of a key that is in the file.

        Raises:
            ValueError: it cannot be worked out.
        """
        assert self.file is not None
        assert self.conf is not None
        entry = self.file.entry(name)
        where = f"{self.conf}:{entry.line}"
        try:
            text = self.file.value(name)
        except nuxeo_conf.ValueNotKnown as error:
            raise ValueError(f"{where}: {name}: {error}") from None
        return Given(where, entry.text, text, self.conf.resolve().parent, Place.FILE)

    def line_of(self, name: str) -> str:
        """File and line of a key that is in the file."""
        return f"{self.conf}:{self.file.entry(name).line}" if self.file else f"{self.conf}"

    def missing(self, key: SettingsKey) -> str:
        """That a key must be set and is not."""
        places = [f"{self.conf}"] if self.conf is not None else ["a file given with --conf"]
        places.append(f"the environment variable {key.environment_name}")
        state, hint = "not set", ""
        if self.file is not None and key.key in self.file:
            state = f"is empty in line {self.file.entry(key.key).line}"
        elif self.file is not None and not key.key.startswith(OWN_PREFIX):
            hint = did_you_mean(key.key, self.file, "{} is there, is that it?")
        return f"{key.key}: {state}; expected {key.expected}; set it in {' or '.join(places)}{hint}"


def parsed(key: SettingsKey, given: Given) -> object:
    """The value that was given for a key.

    Raises:
        ValueError: it is none; the message is a whole line.
    """
    is_path = key.is_path and given.text.lower() not in key.no_paths
    text = str(given.folder / given.text) if is_path else given.text
    try:
        return key.parse(text)
    except ValueError as error:
        subject = "the value" if key.secret or "@" in given.written else shown(given.written)
        raise ValueError(
            f"{given.where}: {key.key}: {subject} {error}; expected {key.expected}"
        ) from None


def shown(text: str, *, quote: str = '"') -> str:
    """``text`` on one line, not endless."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(line) > _LONGEST_SHOWN:
        line = line[:_LONGEST_SHOWN] + "..."
    return f"{quote}{line}{quote}"


def did_you_mean(name: str, known: Iterable[str], phrase: str) -> str:
    """The key that ``name`` may be a slip of, by the part in which our keys differ."""
    by_tail = {_tail(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_tail(name), by_tail, n=1, cutoff=0.75)
    return "; " + phrase.format(shown(by_tail[close[0]], quote="")) if close else ""


def _tail(name: str) -> str:
    lower = name.lower()
    return lower.removeprefix(OWN_PREFIX).removeprefix(OWN_ENVIRONMENT_PREFIX.lower())
