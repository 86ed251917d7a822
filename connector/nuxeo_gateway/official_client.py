"""The official ``nuxeo`` client, made importable beside PyJWT.

``nuxeo.auth`` imports ``nuxeo.auth.oauth2`` whether it is used or not, and that module wants the
PyPI package ``jwt``, which cannot live beside PyJWT: both are the top-level module ``jwt``. We need
neither that package nor that class, so an empty stand-in for the module is registered before the
first ``import nuxeo``. ``tests/unit/test_official_client.py`` fails as soon as a release of the
client makes this needless.

Everything that needs the client imports it from here, never from ``nuxeo`` directly.
"""

from __future__ import annotations

import sys
import types
from typing import Any

_STOOD_IN = "nuxeo.auth.oauth2"


class _UnsupportedOAuth2:
    """Stands where the client's OAuth2 class would be."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("OAuth2 of the nuxeo client is not available beside PyJWT")


if _STOOD_IN not in sys.modules:
    _module = types.ModuleType(_STOOD_IN)
    _module.OAuth2 = _UnsupportedOAuth2  # type: ignore[attr-defined]
    sys.modules[_STOOD_IN] = _module

from nuxeo.client import Nuxeo, NuxeoClient  # noqa: E402
from nuxeo.exceptions import HTTPError, NuxeoError  # noqa: E402

__all__ = ["HTTPError", "Nuxeo", "NuxeoClient", "NuxeoError"]
