"""The server itself: health, version, configuration, sign-in of devices (REST_CONTRACT 1.5, 10)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.context import Server, principal
from connector.sandbox.nuxeo_server.errors import NuxeoError

_VERSION = "2023.0-sandbox"
_HIDDEN = "********"
_PROBES = {
    "ldapDirectories": "ok",
    "sqlDirectories": "ok",
    "repositoryStatus": "ok",
    "runtimeStatus": "ok",
}


class ServerViews:
    """What the server says of itself."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo``."""
        views = Blueprint("server", __name__)
        add = views.add_url_rule
        add("/runningstatus", view_func=self.running_status)
        add("/json/cmis", view_func=self.cmis)
        add("/authentication/token", view_func=self.device_token)
        add("/site/automation/login", view_func=self.login, methods=["POST"])
        add("/api/v1/capabilities", view_func=self.capabilities)
        add("/api/v1/management/configuration", view_func=self.configuration)
        return views

    def running_status(self) -> ResponseReturnValue:
        """Whether the server works; for everybody."""
        match request.args.get("info"):
            case "started":
                return Response("true", mimetype="text/plain")
            case "probe":
                known = request.args.get("key") in _PROBES
                return Response("true" if known else "", 200 if known else 404)
            case "summary":
                # Its key is server.status.key, which nobody has here.
                return Response(status=403)
        return jsonify(_PROBES)

    def cmis(self) -> Response:
        """``GET /json/cmis``: the product and its version by repository."""
        about = {
            "repositoryId": "default",
            "productName": "Nuxeo OpenCMIS Connector",
            "productVersion": _VERSION,
        }
        return jsonify({"default": about})

    def capabilities(self) -> Response:
        """What the server is."""
        server = {
            "distributionName": "sandbox",
            "distributionVersion": _VERSION,
            "distributionServer": "sandbox",
        }
        return jsonify(
            {
                "entity-type": "capabilities",
                "server": server,
                "cluster": {"enabled": False, "nodeId": "sandbox"},
                "repository": {"default": {"queryBlobKeys": False}},
            }
        )

    def configuration(self) -> Response:
        """What is set, without secrets; for administrators."""
        if not principal().is_administrator:
            raise NuxeoError(403, "Forbidden")
        secret = _HIDDEN if self._server.authentication.accepts_jwt else ""
        return jsonify(
            {
                "entity-type": "configuration",
                "configuredProperties": {"nuxeo.jwt.secret": secret},
                "runtimeProperties": {"nuxeo.changetoken.enabled": "true"},
            }
        )

    def login(self) -> Response:
        """``POST /site/automation/login``."""
        return jsonify(
            {
                "entity-type": "login",
                "username": principal().name,
                "isAdministrator": principal().is_administrator,
                "groups": sorted(principal().groups),
            }
        )

    def device_token(self) -> ResponseReturnValue:
        """``GET /authentication/token``: make or revoke the token of a device."""
        application, device = request.args.get("applicationName"), request.args.get("deviceId")
        is_revoked = request.args.get("revoke") == "true"
        if not (application and device and (request.args.get("permission") or is_revoked)):
            return Response(status=400)
        authentication = self._server.authentication
        if is_revoked:
            authentication.revoke_device_token(principal().name, device, application)
            return Response(status=202)
        token = authentication.device_token(principal().name, device, application)
        return Response(token, status=201, mimetype="text/plain")
