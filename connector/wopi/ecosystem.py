"""``/site/wopi/ecosystem``: what a user has here, apart from any file. Views only."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request

from connector.wopi.access_token import AccessToken
from connector.wopi.ecosystem_operations import EcosystemOperations
from connector.wopi.errors import BadRequest
from connector.wopi.http import WopiHttp, override, unsupported


class EcosystemEndpoint:
    """The views of one application.

    Args:
        operations: the operations on the ecosystem.
        http: lets callers in.
    """

    def __init__(self, operations: EcosystemOperations, http: WopiHttp) -> None:
        self._operations = operations
        self._http = http

    def blueprint(self) -> Blueprint:
        """The routes, below ``ecosystem``."""
        blueprint = Blueprint("wopi_ecosystem", __name__)
        add = blueprint.add_url_rule
        add("/ecosystem", view_func=self.check_ecosystem, methods=["GET"])
        add("/ecosystem", view_func=self.post_ecosystem, methods=["POST"])
        add(
            "/ecosystem/root_container_pointer",
            view_func=self.get_root_container,
            methods=["GET"],
        )
        return blueprint

    def check_ecosystem(self) -> Response:
        """GET ecosystem."""
        g.operation = "CheckEcosystem"
        self._http.ecosystem()
        return jsonify(self._operations.check_ecosystem())

    def get_root_container(self) -> Response:
        """GET root_container_pointer."""
        g.operation = "GetRootContainer"
        return jsonify(self._operations.root_container(self._http.ecosystem()))

    def post_ecosystem(self) -> Response:
        """POST ecosystem: GetFileWopiSrc is all there is."""
        g.operation = "GetFileWopiSrc"
        caller = self._http.ecosystem()
        if (name := override()) != "GET_WOPI_SRC_WITH_ACCESS_TOKEN":
            raise unsupported(name)
        return jsonify(self.file_wopi_src(caller))

    def file_wopi_src(self, caller: AccessToken) -> dict[str, str]:
        """GetFileWopiSrc, of the ecosystem and of the bootstrapper.

        Raises:
            BadRequest: X-WOPI-HostNativeFileName is missing.
            NotFound: see :meth:`EcosystemOperations.file_wopi_src`.
        """
        native_name = request.headers.get("X-WOPI-HostNativeFileName", "").strip()
        if not native_name:
            raise BadRequest("X-WOPI-HostNativeFileName is missing")
        return self._operations.file_wopi_src(caller, native_name)
