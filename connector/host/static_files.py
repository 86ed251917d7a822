"""The files that pages load, at addresses that change with their content: browsers may keep them.

Any node answers for the address that another one's page names, as while they are being updated; but
what is not exactly what was asked for is not kept.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

_FOLDER = Path(__file__).parent / "static"
MODULES = tuple(sorted(path.name for path in _FOLDER.glob("*.js")))
"""The scripts, all of which the host page loads."""

_KEPT = 365 * 24 * 3600


@cache
def release() -> str:
    """Names the files as they are: another name for any other content."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.iterdir()):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def add_to(blueprint: Blueprint) -> None:
    """Add the route; ``url_for("<blueprint>.static", filename=...)`` makes the addresses."""
    blueprint.add_url_rule("/static/<name>/<path:filename>", "static", _static)

    @blueprint.app_url_defaults
    def _name(endpoint: str, values: dict[str, str]) -> None:
        if endpoint == f"{blueprint.name}.static":
            values.setdefault("name", release())


def _static(name: str, filename: str) -> Response:
    response = send_from_directory(_FOLDER, filename, max_age=None)
    if name == release():
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = _KEPT
        response.cache_control.immutable = True
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
