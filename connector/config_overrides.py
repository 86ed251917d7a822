"""``nuxeo.wopi.checkFileInfo.<Property>``: what CheckFileInfo is to say in place of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator

from connector.check_file_info_properties import NEVER, ONLY, PER_FILE, SAVING, TYPES, fits
from connector.config_sources import OWN_ENVIRONMENT_PREFIX, Given, Sources, did_you_mean, shown

OVERRIDE_PREFIX = "nuxeo.wopi.checkFileInfo."
OVERRIDE_ENVIRONMENT_PREFIX = f"{OWN_ENVIRONMENT_PREFIX}CHECKFILEINFO_"

_BY_CAPITALS = {name.upper(): name for name in TYPES}
_EXPECTED = {
    "flag": "true or false",
    "number": "a whole number",
    "text": "text",
    "address": "an address with http:// or https://",
    "list": 'a JSON list of texts, such as ["ReadOnly"]',
    "object": "a JSON object",
}


def load_overrides(sources: Sources, problems: list[str], warnings: list[str]) -> dict[str, object]:
    """Properties and their values; ``None`` for one that is to be left out.

    Args:
        sources: where values come from.
        problems: gets a line for each that is wrong.
        warnings: gets a line for each that no client is known to read.
    """
    overrides: dict[str, object] = {}
    for name in dict.fromkeys(_names(sources)):
        key = f"{OVERRIDE_PREFIX}{name}"
        try:
            given = sources.given(key, f"{OVERRIDE_ENVIRONMENT_PREFIX}{name.upper()}")
            if given is not None and given.text:
                overrides[name] = _value(name, given)
                if name not in TYPES:
                    hint = did_you_mean(name, TYPES, "did you mean {}?")
                    warnings.append(
                        f"{given.where}: {shown(key, quote='')}: "
                        f"no client is known to read it{hint}"
                    )
        except ValueError as error:
            problems.append(str(error))
    return overrides


def unknown_override(name: str) -> bool:
    """Whether an environment variable for a property names none that is known.

    Its capitals do not tell how the property is spelt.
    """
    return name.removeprefix(OVERRIDE_ENVIRONMENT_PREFIX) not in _BY_CAPITALS


def _names(sources: Sources) -> Iterator[str]:
    for name in (*sources.overrides, *(sources.file or ())):
        if name.startswith(OVERRIDE_PREFIX) and name != OVERRIDE_PREFIX:
            yield name.removeprefix(OVERRIDE_PREFIX)
    for name in sorted(sources.environ):
        known = _BY_CAPITALS.get(name.removeprefix(OVERRIDE_ENVIRONMENT_PREFIX))
        if name.startswith(OVERRIDE_ENVIRONMENT_PREFIX) and known:
            yield known


def _value(name: str, given: Given) -> object:
    start = f"{given.where}: {shown(OVERRIDE_PREFIX + name, quote='')}:"
    if name in PER_FILE:
        raise ValueError(f"{start} is another one for every file and user, and cannot be set")
    if name in SAVING:
        raise ValueError(f"{start} nothing could be saved if it were otherwise; it cannot be set")
    if name in NEVER:
        raise ValueError(f"{start} is never told, since clients fetch it without any proof")
    if not name.isascii() or not name.isalnum():
        raise ValueError(f"{start} is no name of a property")
    value = _json_or_text(given.text)
    # A flag that is left out counts as false.
    if name in ONLY and (value is None or fits(name, value)) and bool(value) is not ONLY[name]:
        only = json.dumps(ONLY[name])
        raise ValueError(f"{start} can only be set to {only}: it withholds, but does not grant")
    if value is None or fits(name, value):
        return value
    if TYPES.get(name) in ("text", "address") and fits(name, given.text):
        # Text that happens to be JSON, such as a number.
        return given.text
    expected = _EXPECTED[TYPES[name]]
    raise ValueError(f"{start} {shown(given.written)} is of another type; expected {expected}")


def _json_or_text(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text


def _no_number(_text: str) -> object:
    raise ValueError("not JSON")
