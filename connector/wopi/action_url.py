"""From an action's ``urlsrc`` to the URL that a frame is sent to.

Source: the page "WOPI discovery", sections "Action URLs" and "Placeholder values".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit

from connector.wopi.clients import ClientProfile

PLACEHOLDERS = frozenset(
    {
        "UI_LLCC",
        "DC_LLCC",
        "WOPI_SOURCE",
        "BUSINESS_USER",
        "DISABLE_CHAT",
        "HOST_SESSION_ID",
        "SESSION_CONTEXT",
        "ACTIVITY_NAVIGATION_ID",
        "VALIDATOR_TEST_CATEGORY",
        "EMBEDDED",
        "FULLSCREEN",
        "RECORDING",
        "THEME_ID",
        "DISABLE_ASYNC",
        "DISABLE_BROADCAST",
        "PERFSTATS",
    }
)
"""The placeholders that can be filled; any other is dropped, and so is one without a value."""

_OPTIONAL = re.compile(r"<([^<>=]*)=([^<>&]*)(&?)>|<[^<>]*>?")


def action_url(
    urlsrc: str,
    *,
    wopi_src: str,
    language: str,
    business_user: bool,
    client: ClientProfile,
    further: Mapping[str, str] | None = None,
    passed_on: Mapping[str, str] | None = None,
) -> str:
    """The URL that opens a file.

    Args:
        urlsrc: as published, with placeholders.
        wopi_src: the file's WOPISrc, not encoded.
        language: BCP 47 with region, such as ``fr-FR``.
        business_user: whether Microsoft is to check for a subscription.
        client: which kind of client published ``urlsrc``.
        further: values of other placeholders.
        passed_on: ``wd...`` parameters that came with the host page's URL.
    """
    values = {name: value for name, value in (further or {}).items() if name in PLACEHOLDERS}
    values |= {"UI_LLCC": language, "DC_LLCC": language, "WOPI_SOURCE": wopi_src}
    if business_user:
        values["BUSINESS_USER"] = "1"

    def fill(match: re.Match[str]) -> str:
        name, placeholder, ampersand = match.group(1), match.group(2), match.group(3)
        if not values.get(placeholder):
            return ""
        return f"{name}={quote(values[placeholder], safe='')}{ampersand}"

    url, hash_sign, fragment = _OPTIONAL.sub(fill, urlsrc).partition("#")
    present = {name.lower() for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    added: dict[str, str] = {}
    if "wopisrc" not in present:
        added["WOPISrc"] = wopi_src
    if client.language_parameter and client.language_parameter not in present:
        added[client.language_parameter] = language
    if not values.get("EMBEDDED"):
        added |= {
            name: value for name, value in client.frame_parameters.items() if name not in present
        }
    added |= passed_on or {}
    query = "&".join(
        f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in added.items()
    )
    if query:
        url += ("" if url[-1] in "?&" else "&" if "?" in url else "?") + query
    return url + hash_sign + fragment
