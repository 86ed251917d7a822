"""The headers that every page and every redirect for a browser has."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from flask import Response

NONE = ("'none'",)
"""Nothing and nobody, in a content security policy."""


def page(
    html: str,
    *,
    nuxeo_origin: str,
    status: HTTPStatus = HTTPStatus.OK,
    nonce: str | None = None,
    frames: Sequence[str] = NONE,
    images: Sequence[str] = (),
    calls: Sequence[str] = NONE,
    ancestors: Sequence[str] = (),
) -> Response:
    """A page that is never cached and may do only what it must.

    Args:
        html: the page.
        nuxeo_origin: Nuxeo's.
        status: HTTP status.
        nonce: of the scripts that it has, if any.
        frames: origins that it may show in a frame, and send forms to.
        images: origins of images beside its own.
        calls: origins that its scripts may call.
        ancestors: origins that may show it in a frame, beside its own and Nuxeo's.
    """
    policy = {
        "default-src": NONE,
        "script-src": (f"'nonce-{nonce}'",) if nonce else NONE,
        "style-src": ("'self'",),
        "img-src": ("'self'", *images),
        "frame-src": frames,
        "form-action": frames,
        "connect-src": calls,
        "base-uri": NONE,
        "frame-ancestors": ("'self'", nuxeo_origin, *ancestors),
    }
    response = Response(html, status=status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = "; ".join(
        f"{directive} {' '.join(sources)}" for directive, sources in policy.items()
    )
    # As the WOPI page "Building a host page" asks: a page from a cache has a dead token.
    response.headers["Cache-Control"] = "no-cache, no-store"
    response.headers["Pragma"] = "no-cache"
    response.headers["Expires"] = "-1"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Not "no-referrer": office clients would see the form's Origin as "null".
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def redirect(url: str, status: int) -> Response:
    """To an address that no request has brought, by 302 or 303."""
    response = Response(status=status)
    response.headers["Location"] = url
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
