"""The configuration: where values come from, and the one object that holds them.

The command line wins over the environment, that over the file, that over the defaults. The file is
a ``nuxeo.conf``, and may be the server's own. What each key means is in ``config_keys.KEYS``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.config_clients import (
    CLIENT_ENVIRONMENT_PREFIX,
    CLIENT_PREFIX,
    DEFAULT_CLIENT,
    ClientSettings,
    has_own_discovery,
    keys_of,
    load_clients,
    unknown_client_key,
)
from connector.config_keys import (
    BY_ENVIRONMENT_NAME,
    BY_NAME,
    DATA_DIR_ELSEWHERE,
    DATA_DIR_OF_NUXEO,
    KEYS,
    SettingsKey,
)
from connector.config_overrides import (
    OVERRIDE_ENVIRONMENT_PREFIX,
    OVERRIDE_PREFIX,
    load_overrides,
    unknown_override,
)
from connector.config_sign_in import sign_in_warnings
from connector.config_sources import (
    OWN_ENVIRONMENT_PREFIX,
    OWN_PREFIX,
    Given,
    Sources,
    did_you_mean,
    parsed,
    shown,
)
from connector.config_values import split_listen
from connector.version_policy import VersionPolicy

__all__ = ["KEYS", "ClientSettings", "ConfigurationError", "Settings", "SettingsKey", "load"]

# Kubernetes sets these in every pod beside a service called "nuxeo-wopi" or "nuxeo-wopi-...".
_SERVICE_LINK = re.compile(
    r"NUXEO_WOPI_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|"
    r"PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)


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

    Addresses other than a discovery's end with a slash; times are in seconds but for
    ``recovery_max_age``, which is in days, and ``stale_lock_after``, which is in minutes; sizes are
    in bytes, 0 for no limit. ``recovery_dir`` is ``None`` where failed saves are not kept,
    ``redis_url`` where locks are kept in SQLite. ``clients`` has what is set for each office
    client, in the order in which they are tried; ``check_file_info`` has the properties that
    CheckFileInfo is to say otherwise, ``None`` for one that it is to leave out. ``warnings`` has a
    line for each thing that works but is unwise.
    """

    nuxeo_url: str
    jwt_secret: str = field(repr=False)
    client_names: tuple[str, ...]
    discovery_url: str | None
    kind: str | None
    proof: str | None
    routes: Mapping[str, str]
    base_url: str
    host_url: str
    rest_url: str
    listen: str
    workers: int
    threads: int
    data_dir: Path
    redis_url: str | None = field(repr=False)
    redis_prefix: str
    instance: str
    access_token_ttl: int
    connect_timeout: float
    read_timeout: float
    save_timeout: float
    outside_change: str
    stale_lock_after: int
    versioning: VersionPolicy
    versioning_by_type: Mapping[str, VersionPolicy]
    discovery_refresh: int
    max_file_size: int
    recovery_dir: Path | None
    recovery_max_age: int
    recovery_max_size: int
    ca_bundle: Path | None
    session_cookies: tuple[str, ...]
    sign_in: str
    oauth2_client_id: str
    oauth2_client_secret: str | None = field(repr=False)
    sign_in_for: int
    language: str
    business_user: bool
    restrictions: tuple[str, ...]
    disable_chat: bool
    frame_ancestors: tuple[str, ...]
    file_url: bool
    put_relative: bool
    containers: bool
    root_container: str
    rename: str
    bootstrapper: bool
    provider_id: str
    events_log: bool
    events_audit: bool
    webhook_url: str | None = field(repr=False)
    webhook_secret: str | None = field(repr=False)
    webhook_events: tuple[str, ...]
    brand_name: str
    log_level: str
    clients: tuple[ClientSettings, ...]
    check_file_info: Mapping[str, object]
    warnings: tuple[str, ...] = ()

    @property
    def listen_host(self) -> str:
        """The host of ``listen``, an IPv6 address without brackets."""
        return split_listen(self.listen)[0]

    @property
    def listen_port(self) -> int:
        """The port of ``listen``."""
        return split_listen(self.listen)[1]


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
        self._sources = Sources(conf, overrides, environ)
        self._problems: list[str] = []
        self._warnings: list[str] = []

    def settings(self) -> Settings:
        values: dict[str, Any] = {}
        for key in KEYS:
            try:
                values[key.attribute] = self._value(key, values)
            except ValueError as error:
                self._problems.append(str(error))
        names = values.get("client_names")
        clients: tuple[ClientSettings, ...] = ()
        if names:
            clients = load_clients(names, values, self._sources, self._problems)
            self._check_routes(values.get("routes") or {}, names)
        overrides = load_overrides(self._sources, self._problems, self._warnings)
        self._warnings += sign_in_warnings(values)
        # Slips of the pen first: they may well be why something else is missing.
        problems = [*self._unknown_keys(names), *self._problems]
        if self._sources.problem is not None:
            problems.insert(0, self._sources.problem)
        if problems:
            raise ConfigurationError(problems)
        return Settings(
            **values, clients=clients, check_file_info=overrides, warnings=tuple(self._warnings)
        )

    def _value(self, key: SettingsKey, so_far: Mapping[str, Any]) -> object:
        given = self._sources.given(key.key, key.environment_name)
        if given is None or not given.text:
            return self._default(key, so_far)
        value = parsed(key, given)
        if key.warn is not None:
            self._warnings += [f"{given.where}: {key.key}: {w}" for w in key.warn(str(value))]
        return value

    def _default(self, key: SettingsKey, so_far: Mapping[str, Any]) -> object:
        if key.required:
            if self._sources.is_incomplete or not self._is_needed(key, so_far):
                return None
            raise ValueError(self._sources.missing(key))
        if key.default_from is not None:
            # Absent if that value is wrong, which is reported by itself.
            return so_far.get(BY_NAME[key.default_from].attribute)
        if key.attribute == "data_dir":
            return self._default_data_dir(key)
        if key.attribute == "recovery_dir":
            # Absent if that value is wrong, which is reported by itself.
            data_dir = so_far.get("data_dir")
            return key.parse(str(data_dir / _RECOVERY)) if data_dir else None
        return key.parse(key.default) if key.default else _EMPTY[key.attribute]

    def _is_needed(self, key: SettingsKey, so_far: Mapping[str, Any]) -> bool:
        """Whether a key that must be set must be, given what else is."""
        if key.attribute != "discovery_url":
            return True
        names = so_far.get("client_names", ())
        return DEFAULT_CLIENT in names and not has_own_discovery(DEFAULT_CLIENT, self._sources)

    def _default_data_dir(self, key: SettingsKey) -> object:
        folder = Given("default", DATA_DIR_ELSEWHERE, DATA_DIR_ELSEWHERE, Path("/"))
        if self._sources.file is not None and DATA_DIR_OF_NUXEO in self._sources.file:
            nuxeo = self._sources.from_file(DATA_DIR_OF_NUXEO)
            if nuxeo.text and not Path(nuxeo.text).is_absolute():
                raise ValueError(
                    f"{nuxeo.where}: {DATA_DIR_OF_NUXEO}: a relative path, from a folder that only "
                    f"the server knows; set {key.key}"
                )
            if nuxeo.text:
                below = str(Path(nuxeo.text) / "wopi")
                folder = Given(nuxeo.where, below, below, Path("/"))
        elif self._sources.is_incomplete:
            return None
        return parsed(key, folder)

    def _check_routes(self, routes: Mapping[str, str], names: tuple[str, ...]) -> None:
        key = BY_NAME["nuxeo.wopi.routes"]
        for name in dict.fromkeys(routes.values()):
            if name not in names:
                given = self._sources.given(key.key, key.environment_name)
                where = given.where if given else "default"
                hint = did_you_mean(name, names, "did you mean {}?")
                self._problems.append(
                    f"{where}: {key.key}: nuxeo.wopi.clients does not name {name}{hint}"
                )

    def _unknown_keys(self, names: tuple[str, ...] | None) -> Iterable[str]:
        sources = self._sources
        for name in sources.overrides:
            if name not in BY_NAME:
                yield from self._unknown_name("--set", name, names)
        clients = {key.environment_name for name in names or () for key in keys_of(name)}
        known = {*BY_ENVIRONMENT_NAME, *clients}
        for name in sorted(sources.environ):
            if name.startswith(OWN_ENVIRONMENT_PREFIX) and not _SERVICE_LINK.fullmatch(name):
                is_override = name.startswith(OVERRIDE_ENVIRONMENT_PREFIX)
                is_clients = name.startswith(CLIENT_ENVIRONMENT_PREFIX)
                # While the names of clients cannot be read, any may be one.
                is_guess = is_clients and names is None
                if unknown_override(name) if is_override else name not in known and not is_guess:
                    yield _unknown("environment", name, () if is_clients else known)
        for name in sources.file or ():
            if name.lower().startswith(OWN_PREFIX) and name not in BY_NAME:
                yield from self._unknown_name(sources.line_of(name), name, names)
            elif name.startswith("\ufeff") and name[1:] in BY_NAME:
                yield (
                    f"{sources.line_of(name)}: {name[1:]}: stands behind a byte order mark, which "
                    "Nuxeo takes for a part of the key; save the file without it"
                )

    def _unknown_name(self, where: str, name: str, names: tuple[str, ...] | None) -> Iterable[str]:
        if name.startswith(OVERRIDE_PREFIX) and name != OVERRIDE_PREFIX:
            return  # Any property may be set.
        if name.startswith(CLIENT_PREFIX):
            problem = unknown_client_key(where, name, names)
            if problem is not None:
                yield problem
        else:
            yield _unknown(where, name, BY_NAME)


_RECOVERY = "recovery"
"""Where ``nuxeo.wopi.recovery.dir`` is in ``nuxeo.wopi.dataDir`` unless said otherwise."""

_EMPTY: Mapping[str, object] = {
    "redis_url": None,
    "instance": "",
    "ca_bundle": None,
    "kind": None,
    "proof": None,
    "routes": {},
    "versioning_by_type": {},
    "webhook_url": None,
    "webhook_secret": None,
    "webhook_events": (),
    "restrictions": (),
    "frame_ancestors": (),
    "provider_id": "",
    "oauth2_client_secret": None,
}
"""The defaults that no text stands for."""


def _unknown(where: str, name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, known, "did you mean {}?")
    return f"{where}: {shown(name, quote='')}: no such key{hint}"
