"""A Nuxeo for demo and tests: one server, one repository, on this machine only.

It behaves as ``REST_CONTRACT`` says of LTS 2023, also where that is inconvenient. The contract
tests that run against it run against a real server too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, redirect
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.addresses import CONTEXT
from connector.sandbox.nuxeo_server.answers import install
from connector.sandbox.nuxeo_server.auth import Authentication
from connector.sandbox.nuxeo_server.context import Server
from connector.sandbox.nuxeo_server.operations import Operations
from connector.sandbox.nuxeo_server.own_names import refuse_other_names
from connector.sandbox.nuxeo_server.pages import Pages
from connector.sandbox.nuxeo_server.seed import seed
from connector.sandbox.nuxeo_server.store import Store
from connector.sandbox.nuxeo_server.uploads import Batches
from connector.sandbox.nuxeo_server.views_directories import DirectoryViews
from connector.sandbox.nuxeo_server.views_documents import DocumentViews
from connector.sandbox.nuxeo_server.views_oauth2 import OAuth2Views
from connector.sandbox.nuxeo_server.views_people import PeopleViews
from connector.sandbox.nuxeo_server.views_server import ServerViews
from connector.sandbox.nuxeo_server.views_uploads import UploadViews


def create_app(*, data_dir: Path, jwt_secret: str, connector_url: str | None = None) -> Flask:
    """The sandbox as a WSGI application.

    Args:
        data_dir: where documents are kept; filled at the first start.
        jwt_secret: ``nuxeo.jwt.secret``; empty refuses every JWT, as the server does.
        connector_url: where the start page's links lead, with a slash at the end; it has none
            when not given.
    """
    store = Store(data_dir)
    seed(store)
    server = Server(store, Authentication(store, jwt_secret), Batches(store), connector_url)
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.before_request(refuse_other_names)
    install(app, server)

    operations = Operations(server)
    context, api = CONTEXT.rstrip("/"), f"{CONTEXT}api/v1"
    app.register_blueprint(Pages(server).blueprint(), url_prefix=context)
    app.register_blueprint(ServerViews(server).blueprint(), url_prefix=context)
    app.register_blueprint(OAuth2Views(server).blueprint(), url_prefix=context)
    app.register_blueprint(DocumentViews(server, operations).blueprint(), url_prefix=api)
    app.register_blueprint(UploadViews(server, operations).blueprint(), url_prefix=f"{api}/upload")
    app.register_blueprint(PeopleViews(server).blueprint(), url_prefix=api)
    app.register_blueprint(DirectoryViews(server).blueprint(), url_prefix=api)

    def run(name: str) -> ResponseReturnValue:
        return operations.call(name)

    for kind, place in (("site", f"{CONTEXT}site/automation"), ("api", f"{api}/automation")):
        app.add_url_rule(f"{place}/<name>", f"run-{kind}", run, methods=["POST"])
        app.add_url_rule(place, f"operations-{kind}", operations.listing)
    app.add_url_rule("/", "home", lambda: redirect(CONTEXT))
    # The official client calls both spellings of the API.
    app.wsgi_app = _SiteApi(app.wsgi_app)  # type: ignore[method-assign]
    return app


class _SiteApi:
    """``/nuxeo/site/api`` is ``/nuxeo/api``, which is forwarded there."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith(f"{CONTEXT}site/api/"):
            environ["PATH_INFO"] = path.replace("site/api/", "api/", 1)
        return self._app(environ, start_response)


__all__ = ["create_app"]
