"""An office client for demo and tests.

It is a WOPI client only: it knows nothing but its own discovery, the WOPISrc and the access token
that a host page sends, and imports nothing of the connector.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from connector.sandbox.demo_office.keys import load_or_make
from connector.sandbox.demo_office.pages import message
from connector.sandbox.demo_office.sessions import Rhythm, Sessions
from connector.sandbox.demo_office.views import OfficeViews


def create_app(
    *, public_url: str, key_dir: Path | None = None, rhythm: Rhythm | None = None
) -> Flask:
    """The demo office as a WSGI application.

    Args:
        public_url: as browsers see it, with a slash at the end.
        key_dir: where the proof keys are kept; in memory only when not given.
        rhythm: how often it saves, refreshes and looks for gone browsers.
    """
    app = Flask(__name__, static_folder=None)
    key, former_key = load_or_make(key_dir, "current"), load_or_make(key_dir, "old")
    sessions = Sessions(rhythm or Rhythm())
    app.register_blueprint(OfficeViews(public_url, key, former_key, sessions).blueprint())

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        text = "There is nothing here." if error.code == 404 else "That did not work."
        # No telling who has it in a frame; there is nothing in it to click.
        return message(error.name, text, error.code or 500, "*")

    return app


__all__ = ["Rhythm", "create_app"]
