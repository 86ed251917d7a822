"""The sandbox answers to names of this machine only.

Everybody knows its passwords. A web site whose own name suddenly leads to 127.0.0.1 (DNS rebinding)
would read and write here from any browser on this machine; such a browser sends the site's name.
"""

from __future__ import annotations

import re

from flask import Response, request

from connector.sandbox.nuxeo_server.answers import container_page

_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PORT = re.compile(r":\d*$")


def refuse_other_names() -> Response | None:
    """An answer for a request that was meant for somebody else, before anything is done."""
    name = _PORT.sub("", request.host.lower())
    return None if name in _NAMES else container_page(421, "Misdirected Request")
