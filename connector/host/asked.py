"""What a link to a host page asks for: action, office client, and what is handed on to the office.

The names of actions are WOPI's, and the Java addon's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

from connector.wopi.access_token import Grant

CLIENT_PARAMETER = "client"
"""Names an office client in a link."""

_LONGEST = 256
_LONGEST_CLIENT = 40
_ONE = re.compile("1")
_TRUE = re.compile("true")
_ANY = re.compile(rf"[!-~]{{1,{_LONGEST}}}")

# Parameters of a link, the placeholders of urlsrc that they fill, and what they may be. Each is
# the name that Office itself has for it.
_PLACEHOLDERS: Mapping[str, tuple[str, re.Pattern[str]]] = {
    "actnavid": ("ACTIVITY_NAVIGATION_ID", _ANY),
    "sc": ("SESSION_CONTEXT", _ANY),
    "thm": ("THEME_ID", re.compile("[12]")),
    "dchat": ("DISABLE_CHAT", _ONE),
    "showpagestats": ("PERFSTATS", _ONE),
    "fs": ("FULLSCREEN", _TRUE),
    "rec": ("RECORDING", _TRUE),
    "na": ("DISABLE_ASYNC", _TRUE),
    "vp": ("DISABLE_BROADCAST", _TRUE),
    "testcategory": (
        "VALIDATOR_TEST_CATEGORY",
        re.compile("All|OfficeOnline|OfficeNativeClient"),
    ),
}
_PASSED_ON = "wd"
_PHONE = re.compile(r"iPhone|iPod|Android.+Mobile|Windows Phone|Mobile.+Firefox|Opera Mini")


class HostAction(StrEnum):
    """What a user wants to do with a file."""

    VIEW = "view"
    EDIT = "edit"
    EDIT_NEW = "editnew"
    CONVERT = "convert"
    EMBED_VIEW = "embedview"

    @property
    def grant(self) -> Grant:
        """What an access token would have to be for."""
        return Grant.VIEW if self in (HostAction.VIEW, HostAction.EMBED_VIEW) else Grant.EDIT


@dataclass(frozen=True)
class Asked:
    """What somebody wants.

    Attributes:
        action: to do with the file.
        client: name of the office client they chose; ``None`` if they chose none.
        on_phone: whether their screen is a phone's.
        placeholders: values for placeholders in ``urlsrc``.
        passed_on: ``wd...`` parameters, which Office wants back as they are.
    """

    action: HostAction
    client: str | None = None
    on_phone: bool = False
    placeholders: Mapping[str, str] = field(default_factory=dict)
    passed_on: Mapping[str, str] = field(default_factory=dict)


def asked(
    action: HostAction, parameters: Mapping[str, str], user_agent: str, mobile_hint: str
) -> Asked:
    """What a request asks for.

    Args:
        action: from its path.
        parameters: its query.
        user_agent: its User-Agent.
        mobile_hint: its Sec-CH-UA-Mobile.
    """
    placeholders = {
        placeholder: parameters[name]
        for name, (placeholder, form) in _PLACEHOLDERS.items()
        if form.fullmatch(parameters.get(name, ""))
    }
    if action is HostAction.EMBED_VIEW:
        placeholders["EMBEDDED"] = "true"
    return Asked(
        action=action,
        client=parameters.get(CLIENT_PARAMETER) or None,
        on_phone=is_phone(user_agent, mobile_hint),
        placeholders=placeholders,
        passed_on={
            name: value for name, value in parameters.items() if name.startswith(_PASSED_ON)
        },
    )


def is_phone(user_agent: str, mobile_hint: str) -> bool:
    """Whether a browser says that it is a phone's. A tablet's screen is large enough for all."""
    if mobile_hint in ("?0", "?1"):
        return mobile_hint == "?1"
    return _PHONE.search(user_agent) is not None


def is_for_a_tab(headers: Mapping[str, str], action: str | None = None) -> bool:
    """Whether the answer is for somebody who looks at a tab, as far as browsers tell.

    It is not where it becomes a part of a page, nor where it is only made ready for a click that
    may never come. Without TLS browsers do not tell: then what is to be embedded is.

    Args:
        headers: of the request.
        action: from its path, if it is for a file.
    """
    unsaid = "iframe" if action == HostAction.EMBED_VIEW else "document"
    is_ahead = "prefetch" in headers.get("Sec-Purpose", "")
    return headers.get("Sec-Fetch-Dest", unsaid) == "document" and not is_ahead


def query_to_come_back_with(parameters: Iterable[tuple[str, str]], room: int) -> str:
    """The query of a link, encoded anew: Nuxeo refuses a way back that is no proper address.

    Where it has more than ``room`` characters, only the office client is left of it: better the
    file without what Office has said than nothing.
    """
    given = list(parameters)
    query = urlencode(given)
    if len(query) <= room:
        return query
    client = urlencode([each for each in given if each[0] == CLIENT_PARAMETER][:1])
    return client if len(client) <= min(room, _LONGEST_CLIENT) else ""
