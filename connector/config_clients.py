"""The settings that there are once for every office client: ``nuxeo.wopi.client.<name>...``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connector.config_keys import BY_NAME, CLIENT_KEYS, SettingsKey
from connector.config_sources import Given, Sources, did_you_mean, parsed, shown

DEFAULT_CLIENT = "office"
"""The client that ``nuxeo.wopi.discoveryURL`` is about."""

CLIENTS = "nuxeo.wopi.clients"
CLIENT_PREFIX = "nuxeo.wopi.client."
CLIENT_ENVIRONMENT_PREFIX = "NUXEO_WOPI_CLIENT_"

# Keys without a client's name that are about the default one.
_OF_DEFAULT_CLIENT = {
    "discoveryURL": "nuxeo.wopi.discoveryURL",
    "kind": "nuxeo.wopi.kind",
    "proof": "nuxeo.wopi.proof",
}


@dataclass(frozen=True)
class ClientSettings:
    """One office client.

    Attributes:
        name: of ``nuxeo.wopi.clients``.
        discovery_url: where it publishes its discovery.
        kind: of client; ``None`` to tell by its discovery.
        proof: ``required``, ``ifPublished`` or ``off``; ``None`` for what is usual for the kind.
        label: its name for people.
    """

    name: str
    discovery_url: str
    kind: str | None = None
    proof: str | None = None
    label: str = ""


def keys_of(name: str) -> tuple[SettingsKey, ...]:
    """The keys of the client with this name."""
    return tuple(replace(key, key=f"{CLIENT_PREFIX}{name}.{_tail_of(key)}") for key in CLIENT_KEYS)


def has_own_discovery(name: str, sources: Sources) -> bool:
    """Whether a client's own key says where its discovery is."""
    try:
        given = _given(name, "discoveryURL", sources)
    except ValueError:
        return True
    return given is not None and bool(given.text)


def load_clients(
    names: tuple[str, ...], common: Mapping[str, Any], sources: Sources, problems: list[str]
) -> tuple[ClientSettings, ...]:
    """The clients' settings; what is wrong with them is added to ``problems``.

    Args:
        names: the value of ``nuxeo.wopi.clients``.
        common: the values of the other settings, as far as they are right.
        sources: where values come from.
        problems: lines for people.
    """
    clients = []
    for name in names:
        is_default = name == DEFAULT_CLIENT
        values: dict[str, Any] = {"label": name.capitalize()}
        for key in keys_of(name):
            tail = _tail_of(key)
            has_other_name = is_default and tail in _OF_DEFAULT_CLIENT
            other = BY_NAME[_OF_DEFAULT_CLIENT[tail]] if has_other_name else None
            try:
                given = sources.given(key.key, key.environment_name)
                own = parsed(key, given) if given is not None and given.text else None
                if other is not None:
                    other_value = common.get(other.attribute)
                    values[key.attribute] = _one_of(key, own, other, other_value, sources)
                elif own is not None:
                    values[key.attribute] = own
                elif key.required and not sources.is_incomplete:
                    problems.append(sources.missing(key))
            except ValueError as error:
                problems.append(str(error))
        if values.get("discovery_url"):
            clients.append(ClientSettings(name=name, **values))
    if DEFAULT_CLIENT not in names:
        problems += _about_no_client(sources)
    return tuple(clients)


def unknown_client_key(where: str, name: str, names: tuple[str, ...] | None) -> str | None:
    """What is wrong with the name of a key of a client's; ``None`` if it is one.

    Args:
        where: it stands.
        name: of the key, which begins with ``nuxeo.wopi.client.``.
        names: of the clients; ``None`` if that is not known.
    """
    client, dot, tail = name.removeprefix(CLIENT_PREFIX).partition(".")
    if dot and names is not None and client not in names:
        hint = did_you_mean(client, names, "did you mean {}?")
        return (
            f"{where}: {shown(name, quote='')}: {CLIENTS} does not name "
            f"{shown(client, quote='')}{hint}"
        )
    tails = [_tail_of(key) for key in CLIENT_KEYS]
    if dot and tail in tails:
        return None
    return f"{where}: {shown(name, quote='')}: no such key" + (
        did_you_mean(tail, tails, f"did you mean {CLIENT_PREFIX}{client}.{{}}?") if dot else ""
    )


def _one_of(
    key: SettingsKey, own: object, other: SettingsKey, other_value: object, sources: Sources
) -> object:
    """The value of a setting that has two keys: that from the higher place.

    Args:
        key: the one with the client's name.
        own: its value; ``None`` if it is not set.
        other: the one without.
        other_value: its value; ``None`` if it is not set, or wrong, which is reported by itself.
        sources: where values come from.

    Raises:
        ValueError: one place has both, and they do not agree.
    """
    if own is None or other_value is None or own == other_value:
        return other_value if own is None else own
    given = sources.given(key.key, key.environment_name)
    other_given = sources.given(other.key, other.environment_name)
    assert given is not None
    assert other_given is not None
    if given.place == other_given.place:
        raise ValueError(
            f"{given.where}: {key.key}: is the same setting as {other.key} ({other_given.where}), "
            "which has another value; leave one out"
        )
    return own if given.place < other_given.place else other_value


def _about_no_client(sources: Sources) -> list[str]:
    found = []
    for key in map(BY_NAME.__getitem__, _OF_DEFAULT_CLIENT.values()):
        try:
            given = sources.given(key.key, key.environment_name)
        except ValueError:
            continue  # Reported already.
        if given is not None and given.text:
            found.append(
                f"{given.where}: {key.key}: is about the client {DEFAULT_CLIENT}, which {CLIENTS} "
                "does not name"
            )
    return found


def _given(name: str, tail: str, sources: Sources) -> Given | None:
    key = next(key for key in keys_of(name) if _tail_of(key) == tail)
    return sources.given(key.key, key.environment_name)


def _tail_of(key: SettingsKey) -> str:
    return key.key.rpartition(".")[2]
