"""Customers' own code that changes what CheckFileInfo says.

An extension is a callable behind an entry point of the group ``nuxeo_wopi.check_file_info``. It is
given the properties, the document and the access token, and returns the properties as they are to
be. One that fails, or returns what clients would refuse, is logged and left out: a file opens
without it.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from connector.check_file_info_properties import NEVER, REQUIRED, fits
from connector.nuxeo_gateway.documents import Document
from connector.wopi.access_token import AccessToken

_log = logging.getLogger(__name__)

GROUP = "nuxeo_wopi.check_file_info"
"""The group of entry points."""

Change = Callable[[dict[str, Any], Document, AccessToken], dict[str, Any]]
"""What an extension is."""


@dataclass(frozen=True)
class Extension:
    """One extension, and the name of its entry point."""

    name: str
    change: Change


def installed() -> tuple[Extension, ...]:
    """The extensions of all installed packages, in the order of their names."""
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            change = entry.load()
        except Exception:  # noqa: BLE001 - somebody else's code
            _log.exception("the extension %s of CheckFileInfo cannot be loaded", entry.name)
            continue
        if not callable(change):
            _log.error("the extension %s of CheckFileInfo cannot be called", entry.name)
            continue
        found.append(Extension(entry.name, change))
    return tuple(found)


def extended(
    info: dict[str, Any],
    extensions: Sequence[Extension],
    document: Document,
    token: AccessToken,
) -> dict[str, Any]:
    """``info`` as the extensions want it, one after the other."""
    for extension in extensions:
        try:
            changed = extension.change(copy.deepcopy(info), document, token)
            info = _checked(changed)
        except Exception:  # noqa: BLE001 - somebody else's code
            _log.exception("the extension %s of CheckFileInfo failed", extension.name)
    return info


def _checked(changed: object) -> dict[str, Any]:
    if not isinstance(changed, Mapping):
        raise TypeError("it returned no properties")
    info = {str(name): value for name, value in changed.items() if value is not None}
    for name, value in info.items():
        if name in NEVER:
            raise ValueError(f"{name} is never told: clients fetch it without any proof")
        if not fits(name, value):
            raise TypeError(f"{name} has another type than clients expect")
    missing = REQUIRED - info.keys()
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))} must be there")
    json.dumps(info, allow_nan=False)
    return info
