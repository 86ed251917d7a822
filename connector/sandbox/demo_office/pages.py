"""Pages, with the headers that keep them safe in a frame."""

from __future__ import annotations

from flask import Response, render_template

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


def page(html: str, status: int, ancestors: str) -> Response:
    """A page that only these may have in a frame."""
    response = Response(html, status=status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY.format(ancestors=ancestors)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def message(title: str, text: str, status: int, ancestors: str = "'none'") -> Response:
    """A page that says something."""
    html = render_template("message.html", title=title, text=text)
    return page(html, status, ancestors)
