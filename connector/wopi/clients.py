"""How office clients differ, as data: one record a kind, no conditions elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ClientProfile:
    """What one kind of office client wants.

    Attributes:
        kind: its name.
        marks: matches the ``urlsrc`` of this kind's actions.
        language_parameter: query parameter for the language where ``urlsrc`` has no placeholder.
        frame_sources: what its frame may go on to beside the origins in its discovery (CSP).
    """

    kind: str
    marks: re.Pattern[str]
    language_parameter: str | None = None
    frame_sources: tuple[str, ...] = ()


MICROSOFT = ClientProfile(
    "microsoft",
    re.compile(r"officeapps(-df)?\.live\.com", re.IGNORECASE),
    # Where a business user signs in on the way to the editor.
    frame_sources=(
        "https://*.officeapps.live.com",
        "https://*.office.com",
        "https://login.microsoftonline.com",
        "https://login.live.com",
    ),
)
COLLABORA = ClientProfile(
    "collabora", re.compile(r"/(cool|loleaflet)\.html"), language_parameter="lang"
)
ONLYOFFICE = ClientProfile("onlyoffice", re.compile(r"/hosting/wopi/"))
OTHER = ClientProfile("other", re.compile(r"(?!)"))
"""Office Online Server and everything that keeps to Microsoft's documentation."""

_KNOWN = (MICROSOFT, COLLABORA, ONLYOFFICE)


def profile_of(urlsrcs: Iterable[str]) -> ClientProfile:
    """The kind of client whose discovery has these ``urlsrc`` values."""
    values = tuple(urlsrcs)
    for profile in _KNOWN:
        if any(profile.marks.search(value) for value in values):
            return profile
    return OTHER
