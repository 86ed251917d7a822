"""What surrounds every request: who may come in, and how refusals look (REST_CONTRACT 1.3, 2.5)."""

from __future__ import annotations

import logging
from urllib.parse import quote

from flask import Flask, Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from connector.sandbox.nuxeo_server.addresses import CONTEXT, is_api, is_foreign, is_page
from connector.sandbox.nuxeo_server.auth import SESSION_COOKIE, TOKEN_HEADER
from connector.sandbox.nuxeo_server.context import Server
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.idempotency import HEADER, METHODS, IdempotencyKeys

_log = logging.getLogger(__name__)

_CHALLENGE = 'Basic realm="Nuxeo Automation"'
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'"
_TO_LOGIN = "<html><body><script>window.location='/nuxeo/login.jsp{}'</script></body></html>"


def install(app: Flask, server: Server) -> None:
    """Let the filters of the server surround all views of ``app``."""
    keys = IdempotencyKeys()

    @app.before_request
    def check_origin() -> ResponseReturnValue | None:
        return container_page(403, "CSRF check failure") if is_foreign(request) else None

    @app.before_request
    def authenticate() -> ResponseReturnValue | None:
        if not is_api(request.path) and not is_page(request.path):
            return None
        identity = server.authentication.identify(request)
        if identity is None:
            return _unauthorized() if is_api(request.path) else _login_prompt(server)
        g.principal = identity.principal
        g.new_session, g.token = identity.new_session, identity.token
        return None

    @app.before_request
    def answer_again() -> ResponseReturnValue | None:
        key = request.headers.get(HEADER)
        if key is None or request.method not in METHODS:
            return None
        answer = keys.begin(key)
        if answer is None:
            g.idempotency_key = key
        return answer

    @app.after_request
    def finish(response: Response) -> Response:
        server.drop_used_batches()
        # Without the cookies: they are this caller's, the answer is kept for any.
        if "idempotency_key" in g:
            keys.end(g.pop("idempotency_key"), response)
        if g.get("new_session"):
            plant(response, SESSION_COOKIE, g.new_session)
        if g.get("token"):
            plant(response, TOKEN_HEADER, g.token)
        return response

    @app.teardown_request
    def give_up(_error: BaseException | None) -> None:
        if "idempotency_key" in g:
            keys.end(g.pop("idempotency_key"), None)

    @app.errorhandler(NuxeoError)
    def refuse(error: NuxeoError) -> ResponseReturnValue:
        return _exception(error.status, error.message)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if is_api(request.path):
            return _exception(status, error.name)
        return container_page(status, error.name)

    @app.errorhandler(Exception)
    def fail(_error: Exception) -> ResponseReturnValue:
        _log.exception("the sandbox failed")
        return _exception(500, "Internal Server Error")


def plant(response: WerkzeugResponse, name: str, value: str) -> None:
    """Set a cookie as Tomcat does: for the context path, and not for scripts."""
    response.set_cookie(name, value, path="/nuxeo", httponly=True, samesite="Lax")


def container_page(status: int, title: str) -> Response:
    """A page of the servlet container."""
    html = render_template("error.html", status=status, name=title)
    response = Response(html, status=status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def _exception(status: int, message: str) -> ResponseReturnValue:
    # A server error says nothing; 501 is the sandbox's own and does.
    text = "Internal Server Error" if status == 500 else message
    return jsonify({"entity-type": "exception", "status": status, "message": text}), status


def _unauthorized() -> Response:
    response = container_page(401, "Unauthorized")
    if "Cookie" not in request.headers and "X-No-Basic-Header" not in request.headers:
        response.headers["WWW-Authenticate"] = _CHALLENGE
    return response


def _login_prompt(server: Server) -> Response:
    """A session is planted, and a script leads to the login page, and from there back."""
    wanted = request.full_path.removeprefix(CONTEXT).rstrip("?")
    back = f"?requestedUrl={quote(wanted, safe='')}" if request.method == "GET" else ""
    response = Response(_TO_LOGIN.format(back), status=401, mimetype="text/html")
    plant(response, SESSION_COOKIE, server.authentication.new_session(None))
    return response
