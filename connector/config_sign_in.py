"""What is unwise about the way in which browsers sign in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# As Nuxeo's OAuth2Client.isRedirectURIValid has it.
_OWN_MACHINE = re.compile(r"http://localhost(:\d+)?(/.*)?")


def takes_as_redirect_uri(url: str) -> bool:
    """Whether Nuxeo lets a web address be where the users of an OAuth2 client come back to."""
    return url.startswith("https://") or _OWN_MACHINE.fullmatch(url) is not None


def sign_in_warnings(values: Mapping[str, Any]) -> list[str]:
    """A line for each thing that is unwise about sign-in.

    Args:
        values: the settings by their attributes, as far as they could be read.
    """
    host_url, nuxeo_url = values.get("host_url"), values.get("nuxeo_url")
    if not host_url or not nuxeo_url:
        return []
    if values.get("sign_in") == "session" and not _gets_cookies_of(host_url, nuxeo_url):
        return [
            f"nuxeo.wopi.signIn: session with nuxeo.wopi.hostURL {host_url}: browsers send no "
            f"cookie of {nuxeo_url} there, so that nobody is ever signed in; oauth2 is for that"
        ]
    if values.get("sign_in") != "oauth2" or takes_as_redirect_uri(host_url):
        return []
    return [
        f"nuxeo.wopi.signIn: oauth2 with nuxeo.wopi.hostURL {host_url}: without https:// Secure "
        "cookies cannot be used, so that whoever is on the way can be any user, and Nuxeo takes "
        "only https:// and http://localhost as an address to come back to, unless it is in its "
        "development mode"
    ]


def _gets_cookies_of(host_url: str, nuxeo_url: str) -> bool:
    """Whether cookies for Nuxeo's path reach the connector; ports mean nothing to a cookie."""
    host, nuxeo = urlsplit(host_url), urlsplit(nuxeo_url)
    return host.hostname == nuxeo.hostname and host.path.startswith(nuxeo.path)
