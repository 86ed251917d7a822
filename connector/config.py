"""The configuration: where values come from, and the one object that holds them.

The command line wins over the environment, that over the file, that over the defaults. The file is
a ``nuxeo.conf``, and may be the server's own. What each key means is in ``config_keys.KEYS``.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector import nuxeo_conf
from connector.config_keys import (
    BY_ENVIRONMENT_NAME,
    BY_NAME,
    DATA_DIR_ELSEWHERE,
    DATA_DIR_OF_NUXEO,
    KEYS,
    SettingsKey,
)
from connector.config_values import secret_warnings, split_listen

__all__ = ["KEYS", "ConfigurationError", "Settings", "SettingsKey", "load"]

_OWN_PREFIX = "nuxeo.wopi."
_OWN_ENVIRONMENT_PREFIX = "NUXEO_WOPI_"
# Kubernetes sets these in every pod beside a service called "nuxeo-wopi" or "nuxeo-wopi-...".
_SERVICE_LINK = re.compile(
    r"NUXEO_WOPI_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|"
    r"PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)
_LONGEST_SHOWN = 80


class ConfigurationError(Exception):
    """The configuration cannot be used.

    ``problems`` has one line for each thing that is wrong; ``str()`` gives them all, one a line.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything that can be set; ``docs/configuration.md`` says what each is for.

    All addresses but ``discovery_url`` end with a slash; times are in seconds, sizes in bytes, and
    ``max_file_size`` is 0 for no limit. ``warnings`` has a line for each thing that works but is
    unwise.
    """

    nuxeo_url: str
    jwt_secret: str = field(repr=False)
    discovery_url: str
    base_url: str
    host_url: str
    rest_url: str
    listen: str
    workers: int
    threads: int
    data_dir: Path
    instance: str
    access_token_ttl: int
    connect_timeout: float
    read_timeout: float
    discovery_refresh: int
    max_file_size: int
    ca_bundle: Path | None
    session_cookies: tuple[str, ...]
    language: str
    business_user: bool
    file_url: bool
    brand_name: str
    log_level: str
    warnings: tuple[str, ...] = ()

    @property
    def listen_host(self) -> str:
        """The host of ``listen``, an IPv6 address without brackets."""
        return split_listen(self.listen)[0]

    @property
    def listen_port(self) -> int:
        """The port of ``listen``."""
        return split_listen(self.listen)[1]


@dataclass(frozen=True)
class _Given:
    """What was given for a key: where, as written there (to be shown), and what it comes to."""

    where: str
    written: str
    text: str
    folder: Path


def load(
    conf: Path | None,
    *,
    overrides: Mapping[str, str] = {},
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the configuration.

    Args:
        conf: a nuxeo.conf, or ``None`` for none.
        overrides: key to text, from the command line's ``--set key=value``.
        environ: the environment, also for ``${env:NAME}`` in the file.

    Raises:
        ConfigurationError: with everything that is wrong, not only the first thing.
    """
    return _Loading(conf, overrides, environ).settings()


class _Loading:
    def __init__(
        self, conf: Path | None, overrides: Mapping[str, str], environ: Mapping[str, str]
    ) -> None:
        self._conf = conf
        self._overrides = overrides
        self._environ = environ
        self._problems: list[str] = []
        self._warnings: list[str] = []
        self._file: nuxeo_conf.NuxeoConf | None = None
        if conf is not None:
            try:
                self._file = nuxeo_conf.read(conf, environ)
            except nuxeo_conf.NuxeoConfError as error:
                self._problems.append(str(error))

    def settings(self) -> Settings:
        self._report_unknown_keys()
        values: dict[str, Any] = {}
        for key in KEYS:
            try:
                values[key.attribute] = self._value(key, values)
            except ValueError as error:
                self._problems.append(str(error))
        if self._problems:
            raise ConfigurationError(self._problems)
        return Settings(**values, warnings=tuple(self._warnings))

    def _value(self, key: SettingsKey, so_far: Mapping[str, Any]) -> object:
        given = self._given(key)
        if given is None or not given.text:
            return self._default(key, so_far)
        value = _parsed(key, given)
        if key.secret:
            self._warnings += [
                f"{given.where}: {key.key}: {w}" for w in secret_warnings(str(value))
            ]
        return value

    def _given(self, key: SettingsKey) -> _Given | None:
        """From the highest place that names the key.

        A blank environment variable counts as unset, as with Nuxeo; elsewhere blank text stands for
        the default.
        """
        here = Path.cwd()
        if key.key in self._overrides:
            text = self._overrides[key.key].strip()
            return _Given("--set", text, text, here)
        text = self._environ.get(key.environment_name, "").strip()
        if text:
            return _Given(f"environment variable {key.environment_name}", text, text, here)
        if self._file is not None and self._conf is not None and key.key in self._file:
            return self._from_file(key.key, self._file, self._conf)
        return None

    def _from_file(self, name: str, file: nuxeo_conf.NuxeoConf, conf: Path) -> _Given:
        entry = file.entry(name)
        where = f"{conf}:{entry.line}"
        try:
            text = file.value(name)
        except nuxeo_conf.ValueNotKnown as error:
            raise ValueError(f"{where}: {name}: {error}") from None
        return _Given(where, entry.text, text, conf.resolve().parent)

    def _default(self, key: SettingsKey, so_far: Mapping[str, Any]) -> object:
        if key.required:
            # A file that could not be read might have had it.
            if self._conf is not None and self._file is None:
                return None
            raise ValueError(self._missing(key))
        if key.default_from is not None:
            # Absent if that value is wrong, which is reported by itself.
            return so_far.get(BY_NAME[key.default_from].attribute)
        if key.attribute == "data_dir":
            return self._default_data_dir(key)
        return key.parse(key.default) if key.default else _EMPTY[key.attribute]

    def _default_data_dir(self, key: SettingsKey) -> object:
        folder = _Given("default", DATA_DIR_ELSEWHERE, DATA_DIR_ELSEWHERE, Path("/"))
        if self._conf is not None and self._file is not None and DATA_DIR_OF_NUXEO in self._file:
            nuxeo = self._from_file(DATA_DIR_OF_NUXEO, self._file, self._conf)
            if nuxeo.text and not Path(nuxeo.text).is_absolute():
                raise ValueError(
                    f"{nuxeo.where}: {DATA_DIR_OF_NUXEO}: a relative path, from a folder that only "
                    f"the server knows; set {key.key}"
                )
            if nuxeo.text:
                below = str(Path(nuxeo.text) / "wopi")
                folder = _Given(nuxeo.where, below, below, Path("/"))
        elif self._conf is not None and self._file is None:
            return None
        return _parsed(key, folder)

    def _missing(self, key: SettingsKey) -> str:
        places = [f"{self._conf}"] if self._conf is not None else ["a file given with --conf"]
        places.append(f"the environment variable {key.environment_name}")
        hint = ""
        if self._file is not None and not key.key.startswith(_OWN_PREFIX):
            hint = _did_you_mean(key.key, self._file, "{} is there, is that it?")
        return f"{key.key}: not set; expected {key.expected}; set it in {' or '.join(places)}{hint}"

    def _report_unknown_keys(self) -> None:
        for name in self._overrides:
            if name not in BY_NAME:
                self._unknown("--set", name, BY_NAME)
        for name in sorted(self._environ):
            if (
                name.startswith(_OWN_ENVIRONMENT_PREFIX)
                and name not in BY_ENVIRONMENT_NAME
                and not _SERVICE_LINK.fullmatch(name)
            ):
                self._unknown("environment", name, BY_ENVIRONMENT_NAME)
        for name in self._file or ():
            if name.lower().startswith(_OWN_PREFIX) and name not in BY_NAME:
                self._unknown(self._line(name), name, BY_NAME)
            elif name.startswith("\ufeff") and name[1:] in BY_NAME:
                self._problems.append(
                    f"{self._line(name)}: {name[1:]}: stands behind a byte order mark, which Nuxeo "
                    "takes for a part of the key; save the file without it"
                )

    def _line(self, name: str) -> str:
        return f"{self._conf}:{self._file.entry(name).line}" if self._file else f"{self._conf}"

    def _unknown(self, where: str, name: str, known: Iterable[str]) -> None:
        hint = _did_you_mean(name, known, "did you mean {}?")
        self._problems.append(f"{where}: {_shown(name, quote='')}: no such key{hint}")


_EMPTY: Mapping[str, object] = {"instance": "", "ca_bundle": None}
"""The defaults that no text stands for."""


def _parsed(key: SettingsKey, given: _Given) -> object:
    text = str(given.folder / given.text) if key.is_path else given.text
    try:
        return key.parse(text)
    except ValueError as error:
        subject = "the value" if key.secret or "@" in given.written else _shown(given.written)
        raise ValueError(
            f"{given.where}: {key.key}: {subject} {error}; expected {key.expected}"
        ) from None


def _shown(text: str, *, quote: str = '"') -> str:
    """``text`` on one line, not endless."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(line) > _LONGEST_SHOWN:
        line = line[:_LONGEST_SHOWN] + "..."
    return f"{quote}{line}{quote}"


def _did_you_mean(name: str, known: Iterable[str], phrase: str) -> str:
    """The key that ``name`` may be a slip of, by the part in which our keys differ."""
    by_tail = {_tail(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_tail(name), by_tail, n=1, cutoff=0.75)
    return "; " + phrase.format(_shown(by_tail[close[0]], quote="")) if close else ""


def _tail(name: str) -> str:
    lower = name.lower()
    return lower.removeprefix(_OWN_PREFIX).removeprefix(_OWN_ENVIRONMENT_PREFIX.lower())
