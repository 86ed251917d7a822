"""Where a request goes to and comes from, by address and headers (REST_CONTRACT 1, 11.4)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request

CONTEXT = "/nuxeo/"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_PORTS = {"http": 80, "https": 443}


def forwarded_path(path: str) -> str:
    """The path that audiences are compared with: ``/api`` is forwarded to ``/site/api``."""
    inner = path.removeprefix(CONTEXT).lstrip("/")
    return f"site/{inner}" if inner.startswith("api/") else inner


def is_api(path: str) -> bool:
    """Whether a path belongs to an authentication chain that answers 401 and never a page."""
    inner = path.removeprefix(CONTEXT)
    return inner.startswith(("api/v", "site/api/v", "site/automation", "json/cmis"))


def is_page(path: str) -> bool:
    """Whether a path belongs to the chain that answers strangers with a login page."""
    inner = path.removeprefix(CONTEXT)
    return inner.startswith(("nxfile/", "nxbigfile/", "authentication/", "oauth2/authorize"))


def base_url(request: Request) -> str:
    """The server's own address in terms of this request (REST_CONTRACT 11.4)."""
    virtual = request.headers.get("nuxeo-virtual-host", "")
    if "http" in virtual:
        return f"{virtual}nuxeo/"
    scheme = request.headers.get("X-Forwarded-Proto") or request.scheme
    host = request.headers.get("X-Forwarded-Host") or request.host
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal():
        # Who says https only in X-Forwarded-Proto is left with the port of the container's http.
        of = scheme if "X-Forwarded-Host" in request.headers else request.scheme
        name, port = host, str(_PORTS[of])
    port = request.headers.get("X-Forwarded-Port") or port
    is_default = port == str(_PORTS.get(scheme))
    return f"{scheme}://{name}{'' if is_default else f':{port}'}{CONTEXT}"


def is_foreign(request: Request) -> bool:
    """Whether the CSRF filter refuses a request (REST_CONTRACT 1.4)."""
    if request.method in _SAFE:
        return False
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if not source:
        return False
    return _origin(source) != _origin(base_url(request))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme)
