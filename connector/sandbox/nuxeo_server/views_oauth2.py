"""``/oauth2/authorize``, ``/oauth2/token``, and the clients' own endpoint (REST_CONTRACT 1.5)."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.context import Server, json_object, principal, void
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.oauth2 import (
    CLIENTS,
    Authorization,
    OAuth2Error,
    is_redirect_uri,
)

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self' {target}"
)
_HANDED_ON = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
"""Parameters that the page on which a user grants access sends once more."""


class OAuth2Views:
    """OAuth2 over HTTP."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._store = server.store
        self._oauth2 = server.authentication.oauth2

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo``."""
        views = Blueprint("oauth2", __name__)
        add = views.add_url_rule
        add("/oauth2/authorize", view_func=self.authorize)
        add("/oauth2/authorize_submit", view_func=self.submit, methods=["POST"])
        add("/oauth2/token", view_func=self.token, methods=["POST"])
        for path in ("/oauth2/authorize_submit", "/oauth2/token"):
            add(path, f"get-{path}", lambda: _page_error("invalid_request", 405), methods=["GET"])
        add("/api/v1/oauth2/client", view_func=self.create_client, methods=["POST"])
        add(
            "/api/v1/oauth2/client/<client_id>",
            view_func=self.client,
            methods=["GET", "PUT", "DELETE"],
        )
        return views

    def authorize(self) -> ResponseReturnValue:
        """Ask the user, unless there is no need to."""
        try:
            authorization = self._oauth2.authorization(request.args)
        except OAuth2Error as error:
            return _page_error(error.id, 400)
        if self._oauth2.is_granted(authorization, principal().name):
            return self._with_code(authorization)
        fields = {name: request.args[name] for name in _HANDED_ON if name in request.args}
        page = render_template("grant.html", client=authorization.client["name"], fields=fields)
        response = Response(page, mimetype="text/html")
        # The form's answer leads on to the client.
        target = urlsplit(authorization.target)
        response.headers["Content-Security-Policy"] = _POLICY.format(
            target=f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    def submit(self) -> ResponseReturnValue:
        """What the user has said."""
        try:
            authorization = self._oauth2.authorization(request.form)
        except OAuth2Error as error:
            return _page_error(error.id, 400)
        if "grant_access" in request.form:
            return self._with_code(authorization)
        return _back(
            authorization, error="access_denied", error_description="Access denied by the user"
        )

    def token(self) -> ResponseReturnValue:
        """A token for a code or a refresh token; who calls shows the client's credentials."""
        sent = {**request.form.to_dict(), **_client_credentials()}
        try:
            match sent.get("grant_type"):
                case "authorization_code":
                    return jsonify(self._oauth2.exchange(sent))
                case "refresh_token":
                    return jsonify(self._oauth2.refresh(sent))
            raise OAuth2Error("unsupported_grant_type", "Unknown grant_type")
        except OAuth2Error as error:
            return jsonify({"error": error.id, "error_description": error.description}), 400

    def create_client(self) -> ResponseReturnValue:
        """Register a client."""
        _require_administrator()
        client = _sent_client()
        with self._store.writing():
            self._check_is_new(client["id"])
            self._store.put_entry(CLIENTS, client["id"], client)
        return jsonify(_json(client)), 201

    def client(self, client_id: str) -> ResponseReturnValue:
        """A client; or change it, or remove it."""
        _require_administrator()
        client = self._store.entry(CLIENTS, client_id)
        if client is None:
            raise NuxeoError(404, f"Invalid client: {client_id}")
        if request.method == "DELETE":
            with self._store.writing():
                self._store.delete_entry(CLIENTS, client_id)
            return void()
        if request.method == "PUT":
            sent = _sent_client()
            with self._store.writing():
                if sent["id"] != client_id:
                    self._check_is_new(sent["id"])
                    self._store.delete_entry(CLIENTS, client_id)
                # The server takes a secret that is not sent for one that stays.
                client = {**sent, "secret": sent["secret"] or client.get("secret")}
                self._store.put_entry(CLIENTS, client["id"], client)
        return jsonify(_json(client))

    def _check_is_new(self, client_id: str) -> None:
        if self._store.entry(CLIENTS, client_id):
            raise NuxeoError(400, f"Client with id '{client_id}' already exists")

    def _with_code(self, authorization: Authorization) -> Response:
        code = self._oauth2.code(authorization, principal().name)
        return _back(authorization, code=code)


def _back(authorization: Authorization, **params: str) -> Response:
    """Lead the browser back to the client."""
    if state := request.values.get("state"):
        params["state"] = state
    target = authorization.target
    response = redirect(f"{target}{'&' if '?' in target else '?'}{urlencode(params)}")
    assert isinstance(response, Response)
    return response


def _page_error(error_id: str, status: int) -> Response:
    page = render_template("error.html", status=status, name=f"OAuth2: {error_id}")
    response = Response(page, status=status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _POLICY.format(target="")
    return response


def _client_credentials() -> dict[str, str]:
    """A client's id and secret, where it sends them as Basic (RFC 6749, 2.3.1)."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, colon, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": client_id, "client_secret": secret} if colon else {}


def _json(client: dict[str, Any]) -> dict[str, Any]:
    return {"entity-type": "oauth2Client", **client}


def _sent_client() -> dict[str, Any]:
    """The client in the body of a request."""
    sent = json_object()
    uris = sent.get("redirectURIs") or []
    if not sent.get("name") or not sent.get("id") or not uris:
        raise NuxeoError(400, "Client name, id and redirect URIs are required")
    if wrong := [uri for uri in uris if not is_redirect_uri(uri)]:
        raise NuxeoError(400, f"'{wrong[0]}' is not a valid redirect URI")
    return {
        "name": sent["name"],
        "id": str(sent["id"]),
        "secret": sent.get("secret"),
        "redirectURIs": uris,
        "isAutoGrant": bool(sent.get("isAutoGrant")),
        "isEnabled": bool(sent.get("isEnabled")),
    }


def _require_administrator() -> None:
    if not principal().is_administrator:
        raise NuxeoError(403, "You do not have permissions to perform this operation.")
