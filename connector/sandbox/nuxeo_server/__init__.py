"""A Nuxeo for demo and tests: one server, one repository, on this machine only.

It behaves as ``REST_CONTRACT`` says of LTS 2023, also where that is inconvenient. The contract
tests that run against it run against a real server too.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connector.sandbox.nuxeo_server.auth import (
    CONTEXT,
    Authentication,
    is_api,
    is_foreign,
)
from connector.sandbox.nuxeo_server.context import Server
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.operations import Operations
from connector.sandbox.nuxeo_server.pages import Pages, plant
from connector.sandbox.nuxeo_server.seed import seed
from connector.sandbox.nuxeo_server.store import Store
from connector.sandbox.nuxeo_server.uploads import Batches
from connector.sandbox.nuxeo_server.views_documents import DocumentViews
from connector.sandbox.nuxeo_server.views_people import PeopleViews
from connector.sandbox.nuxeo_server.views_uploads import UploadViews

_log = logging.getLogger(__name__)

_PROBES = {
    "ldapDirectories": "ok",
    "sqlDirectories": "ok",
    "repositoryStatus": "ok",
    "runtimeStatus": "ok",
}


def create_app(*, data_dir: Path, jwt_secret: str, connector_url: str | None = None) -> Flask:
    """The sandbox as a WSGI application.

    Args:
        data_dir: where documents are kept; filled at the first start.
        jwt_secret: ``nuxeo.jwt.secret``; empty refuses every JWT, as the server does.
        connector_url: where the start page's links lead, with a slash at the end; the server's own
            address when not given.
    """
    store = Store(data_dir)
    seed(store)
    server = Server(store, Authentication(store, jwt_secret), Batches(store), connector_url)
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    operations = Operations(server)
    people = PeopleViews(server)
    api = f"{CONTEXT}api/v1"
    app.register_blueprint(Pages(server).blueprint(), url_prefix=CONTEXT.rstrip("/"))
    app.register_blueprint(DocumentViews(server, operations).blueprint(), url_prefix=api)
    app.register_blueprint(UploadViews(server, operations).blueprint(), url_prefix=f"{api}/upload")
    app.register_blueprint(people.blueprint(), url_prefix=api)

    def run(name: str) -> ResponseReturnValue:
        return operations.call(name)

    for place in (f"{CONTEXT}site/automation", f"{api}/automation"):
        kind = place.rpartition("/v1")[1] or "site"
        app.add_url_rule(f"{place}/<name>", f"run-{kind}", run, methods=["POST"])
        app.add_url_rule(place, f"operations-{kind}", operations.listing)
    app.add_url_rule(f"{CONTEXT}site/automation/login", "login", people.login, methods=["POST"])
    app.add_url_rule(f"{CONTEXT}json/cmis", "cmis", people.cmis)
    app.add_url_rule(f"{CONTEXT}authentication/token", "token", people.device_token)
    app.add_url_rule(f"{CONTEXT}runningstatus", "running", _running_status)
    app.add_url_rule("/", "home", lambda: redirect(CONTEXT))
    # The official client calls both spellings of the API.
    app.wsgi_app = _SiteApi(app.wsgi_app)  # type: ignore[method-assign]

    @app.before_request
    def check() -> ResponseReturnValue | None:
        if is_foreign(request):
            return _container_page(403, "CSRF check failure")
        if is_api(request.path) or request.path == f"{CONTEXT}authentication/token":
            identity = server.authentication.identify(request)
            if identity is None:
                return _unauthorized()
            g.principal, g.new_session = identity.principal, identity.new_session
        return None

    @app.after_request
    def finish(response: Response) -> Response:
        server.drop_used_batches()
        if g.get("new_session"):
            plant(response, g.new_session)
        return response

    @app.errorhandler(NuxeoError)
    def refuse(error: NuxeoError) -> ResponseReturnValue:
        return _exception(error.status, error.message)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if is_api(request.path):
            return _exception(status, error.name)
        return _container_page(status, error.name)

    @app.errorhandler(Exception)
    def fail(_error: Exception) -> ResponseReturnValue:
        _log.exception("the sandbox failed")
        return _exception(500, "Internal Server Error")

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


def _exception(status: int, message: str) -> ResponseReturnValue:
    text = "Internal Server Error" if status >= 500 else message
    return jsonify({"entity-type": "exception", "status": status, "message": text}), status


def _unauthorized() -> Response:
    response = _container_page(401, "Unauthorized")
    if "Cookie" not in request.headers and "X-No-Basic-Header" not in request.headers:
        response.headers["WWW-Authenticate"] = 'Basic realm="Nuxeo Automation"'
    return response


def _container_page(status: int, title: str) -> Response:
    html = f"<!doctype html><html><head><title>{title}</title></head><body><h1>HTTP Status {status}"
    return Response(f"{html} - {title}</h1></body></html>", status=status, mimetype="text/html")


def _running_status() -> ResponseReturnValue:
    if request.args.get("info") == "started":
        return Response("true", mimetype="text/plain")
    if request.args.get("info") == "probe":
        key = request.args.get("key", "")
        return Response("true" if key in _PROBES else "", 200 if key in _PROBES else 404)
    return jsonify(_PROBES)


__all__ = ["create_app"]
