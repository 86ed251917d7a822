"""``/site/wopi/containers/<container id>`` and what is below it, and the ancestry of files.

Views only: they read headers, call the operation, and write down what it says.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, jsonify, request

from connector.wopi.container_operations import ContainerOperations
from connector.wopi.ecosystem_operations import EcosystemOperations
from connector.wopi.errors import BadRequest, NotImplementedOperation
from connector.wopi.hierarchy import Hierarchy
from connector.wopi.http import WopiHttp, name_in, override, target_in, unsupported
from connector.wopi.opened import OpenContainer


class ContainersEndpoint:
    """The views of one application.

    Args:
        containers: the operations on containers.
        hierarchy: EnumerateAncestors.
        ecosystem: GetEcosystem.
        http: lets callers in.
        is_on: whether containers are switched on; all but GetEcosystem of files is 501 otherwise.
    """

    def __init__(
        self,
        containers: ContainerOperations,
        hierarchy: Hierarchy,
        ecosystem: EcosystemOperations,
        http: WopiHttp,
        *,
        is_on: bool,
    ) -> None:
        self._containers = containers
        self._hierarchy = hierarchy
        self._ecosystem = ecosystem
        self._http = http
        self._is_on = is_on

    def blueprint(self) -> Blueprint:
        """The routes, below ``containers``, and two below ``files``."""
        blueprint = Blueprint("wopi_containers", __name__)
        add = blueprint.add_url_rule
        container = "/containers/<container_id>"
        add(container, view_func=self.check_container_info, methods=["GET"])
        add(container, view_func=self.post_container, methods=["POST"])
        add(f"{container}/children", view_func=self.enumerate_children, methods=["GET"])
        add(f"{container}/ancestry", view_func=self.enumerate_ancestors, methods=["GET"])
        add(f"{container}/ecosystem_pointer", view_func=self.get_ecosystem, methods=["GET"])
        file = "/files/<file_id>"
        add(f"{file}/ancestry", view_func=self.enumerate_file_ancestors, methods=["GET"])
        add(f"{file}/ecosystem_pointer", view_func=self.get_file_ecosystem, methods=["GET"])
        return blueprint

    def check_container_info(self, container_id: str) -> Response:
        """GET container."""
        container = self._container("CheckContainerInfo", container_id)
        return jsonify(self._containers.check_container_info(container))

    def enumerate_children(self, container_id: str) -> Response:
        """GET children."""
        container = self._container("EnumerateChildren", container_id)
        return jsonify(self._containers.enumerate_children(container, _extensions()))

    def enumerate_ancestors(self, container_id: str) -> Response:
        """GET ancestry of a container."""
        container = self._container("EnumerateAncestors", container_id)
        return jsonify(AncestorsWithRootFirst=self._hierarchy.of_container(container))

    def enumerate_file_ancestors(self, file_id: str) -> Response:
        """GET ancestry of a file."""
        g.operation = "EnumerateAncestors"
        file = self._http.file(file_id)
        self._require_containers()
        return jsonify(AncestorsWithRootFirst=self._hierarchy.of_file(file))

    def get_ecosystem(self, container_id: str) -> Response:
        """GET ecosystem_pointer of a container."""
        container = self._container("GetEcosystem", container_id)
        return jsonify(self._ecosystem.get_ecosystem(container.token))

    def get_file_ecosystem(self, file_id: str) -> Response:
        """GET ecosystem_pointer of a file."""
        g.operation = "GetEcosystem"
        return jsonify(self._ecosystem.get_ecosystem(self._http.file(file_id).token))

    def post_container(self, container_id: str) -> Response:
        """POST container: the operation is named by X-WOPI-Override."""
        container = self._container(request.headers.get("X-WOPI-Override", "?"), container_id)
        operations: dict[str, tuple[str, Callable[[OpenContainer], Response]]] = {
            "CREATE_CHILD_CONTAINER": ("CreateChildContainer", self._create_child_container),
            "CREATE_CHILD_FILE": ("CreateChildFile", self._create_child_file),
            "DELETE_CONTAINER": ("DeleteContainer", self._delete_container),
            "RENAME_CONTAINER": ("RenameContainer", self._rename_container),
            "GET_SHARE_URL": ("GetShareUrl", self._get_share_url),
        }
        name = override()
        if name not in operations:
            raise unsupported(name)
        g.operation, operation = operations[name]
        return operation(container)

    def _create_child_container(self, container: OpenContainer) -> Response:
        return jsonify(self._containers.create_child_container(container, target_in()))

    def _create_child_file(self, container: OpenContainer) -> Response:
        return jsonify(self._containers.create_child_file(container, target_in()))

    def _delete_container(self, container: OpenContainer) -> Response:
        self._containers.delete_container(container)
        return Response(status=200)

    def _rename_container(self, container: OpenContainer) -> Response:
        requested = name_in("X-WOPI-RequestedName")
        if requested is None:
            raise BadRequest("X-WOPI-RequestedName is missing")
        return jsonify(Name=self._containers.rename_container(container, requested))

    def _get_share_url(self, container: OpenContainer) -> Response:
        url_type = request.headers.get("X-WOPI-UrlType", "")
        return jsonify(ShareUrl=self._containers.share_url(container, url_type))

    def _container(self, operation: str, container_id: str) -> OpenContainer:
        g.operation = operation
        container = self._http.container(container_id)
        self._require_containers()
        return container

    def _require_containers(self) -> None:
        if not self._is_on:
            raise NotImplementedOperation("containers are switched off")


def _extensions() -> frozenset[str] | None:
    """X-WOPI-FileExtensionFilterList, in lower case; ``None`` for no filter."""
    parts = request.headers.get("X-WOPI-FileExtensionFilterList", "").split(",")
    extensions = frozenset(part.strip().lower() for part in parts) - {""}
    return extensions or None
