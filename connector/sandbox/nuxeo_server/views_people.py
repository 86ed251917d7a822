"""Users, groups, directories, the server itself (REST_CONTRACT 1.5, 1.6, 9, 10)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.context import Server, fetched, json_body, principal, void
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.marshalling import group_json, list_json, user_json

USERS = "userDirectory"
GROUPS = "groupDirectory"
_VERSION = "2023.0-sandbox"
_SYSTEM = frozenset({USERS, GROUPS, "authTokens"})
_PLAIN = frozenset({"nature", "subtopic", "continent"})
_USER_FIELDS = ("username", "firstName", "lastName", "email", "company", "groups")


class PeopleViews:
    """Users, groups and directories."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo/api/v1``."""
        views = Blueprint("people", __name__)
        add = views.add_url_rule
        add("/me", view_func=self.me)
        add("/user/search", view_func=self.search_users)
        add("/user", view_func=self.create_user, methods=["POST"])
        add("/user/<name>", view_func=self.user, methods=["GET", "PUT", "DELETE"])
        add("/group/search", view_func=self.search_groups)
        add("/group", view_func=self.create_group, methods=["POST"])
        add("/group/<name>", view_func=self.group, methods=["GET", "PUT", "DELETE"])
        add("/directory", view_func=self.directories)
        add("/directory/<directory>", view_func=self.directory, methods=["GET", "POST"])
        add(
            "/directory/<directory>/<path:entry>",
            view_func=self.entry,
            methods=["GET", "PUT", "DELETE"],
        )
        add("/capabilities", view_func=self.capabilities)
        return views

    def me(self) -> Response:
        """The caller."""
        return jsonify(user_json(self._entry(USERS, principal().name)))

    def user(self, name: str) -> ResponseReturnValue:
        """A user; administrators also change and remove them."""
        entry = self._entry(USERS, name)
        if request.method == "GET":
            return jsonify(user_json(entry))
        self._only_administrators()
        with self._server.store.writing():
            if request.method == "DELETE":
                self._server.store.delete_entry(USERS, name)
                return void()
            entry |= self._user_properties()
            self._server.store.put_entry(USERS, name, entry | {"username": name})
        return jsonify(user_json(entry))

    def create_user(self) -> ResponseReturnValue:
        """A new user."""
        self._only_administrators()
        entry = {"groups": [], "password": "", **self._user_properties()}
        name = str(entry.get("username") or "")
        if not name:
            raise NuxeoError(400, "username is required")
        with self._server.store.writing():
            if self._server.store.entry(USERS, name):
                raise NuxeoError(409, f"User {name} already exists")
            self._server.store.put_entry(USERS, name, entry)
        return jsonify(user_json(entry)), 201

    def search_users(self) -> Response:
        """Users whose name begins with ``q``."""
        wanted = request.args.get("q", "").rstrip("*%").lower()
        found = [
            user_json(entry)
            for entry in self._server.store.entries(USERS)
            if any(
                str(entry.get(key, "")).lower().startswith(wanted)
                for key in ("username", "firstName", "lastName", "email")
            )
        ]
        return jsonify(list_json("users", found, size=max(1, len(found))))

    def group(self, name: str) -> ResponseReturnValue:
        """A group; administrators also change and remove them."""
        entry = self._entry(GROUPS, name)
        if request.method == "GET":
            return jsonify(group_json(self._with_members(entry), fetched("group")))
        self._only_administrators()
        with self._server.store.writing():
            if request.method == "DELETE":
                self._server.store.delete_entry(GROUPS, name)
                return void()
            entry["grouplabel"] = self._group_label(json_body())
            self._server.store.put_entry(GROUPS, name, entry)
            self._set_members(name, json_body().get("memberUsers"))
        return jsonify(group_json(self._with_members(entry), fetched("group")))

    def create_group(self) -> ResponseReturnValue:
        """A new group."""
        self._only_administrators()
        body = json_body()
        name = body.get("groupname") or body.get("id")
        if not name:
            raise NuxeoError(400, "groupname is required")
        entry = {"groupname": name, "grouplabel": self._group_label(body)}
        with self._server.store.writing():
            if self._server.store.entry(GROUPS, name):
                raise NuxeoError(409, f"Group {name} already exists")
            self._server.store.put_entry(GROUPS, name, entry)
            self._set_members(name, body.get("memberUsers"))
        return jsonify(group_json(self._with_members(entry), fetched("group"))), 201

    def search_groups(self) -> Response:
        """Groups whose name begins with ``q``."""
        wanted = request.args.get("q", "").rstrip("*%").lower()
        found = [
            group_json(entry)
            for entry in self._server.store.entries(GROUPS)
            if str(entry["groupname"]).lower().startswith(wanted)
        ]
        return jsonify(list_json("groups", found, size=max(1, len(found))))

    def directories(self) -> Response:
        """The directories that are not the system's."""
        found = [{"entity-type": "directory", "name": name} for name in sorted(_PLAIN)]
        return jsonify({"entity-type": "directories", "entries": found})

    def directory(self, directory: str) -> ResponseReturnValue:
        """All entries of a directory, or a new one."""
        self._check_directory(directory)
        if request.method == "GET":
            found = [
                _directory_entry(directory, entry)
                for entry in self._server.store.entries(directory)
            ]
            body = list_json("directoryEntries", found, size=max(1, len(found)))
            return jsonify(body)
        self._may_write(directory)
        properties = dict(json_body().get("properties") or {})
        entry_id = str(properties.get("id") or "")
        with self._server.store.writing():
            if not entry_id or self._server.store.entry(directory, entry_id):
                raise NuxeoError(409, f"Entry {entry_id} already exists")
            self._server.store.put_entry(directory, entry_id, properties)
        return jsonify(_directory_entry(directory, properties)), 201

    def entry(self, directory: str, entry: str) -> ResponseReturnValue:
        """One entry."""
        self._check_directory(directory)
        found = self._entry(directory, entry)
        if request.method == "GET":
            return jsonify(_directory_entry(directory, found))
        self._may_write(directory)
        with self._server.store.writing():
            if request.method == "DELETE":
                self._server.store.delete_entry(directory, entry)
                return void()
            found |= dict(json_body().get("properties") or {})
            self._server.store.put_entry(directory, entry, found)
        return jsonify(_directory_entry(directory, found))

    def capabilities(self) -> Response:
        """What the server is."""
        return jsonify(
            {
                "entity-type": "capabilities",
                "server": {
                    "distributionName": "sandbox",
                    "distributionVersion": _VERSION,
                    "distributionServer": "sandbox",
                },
                "cluster": {"enabled": False, "nodeId": "sandbox"},
                "repository": {"default": {"queryBlobKeys": False}},
            }
        )

    def cmis(self) -> Response:
        """``GET /json/cmis``: the product and its version by repository."""
        about = {
            "repositoryId": "default",
            "productName": "Nuxeo OpenCMIS Connector",
            "productVersion": _VERSION,
        }
        return jsonify({"default": about})

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
        names = ("applicationName", "deviceId", "permission")
        values = [request.args.get(name) for name in names]
        application, device, permission = values
        if not (application and device and (permission or "revoke" in request.args)):
            return Response(status=400)
        authentication = self._server.authentication
        if request.args.get("revoke") == "true":
            authentication.revoke_device_token(principal().name, device, application)
            return Response(status=202)
        token = authentication.device_token(principal().name, device, application)
        return Response(token, status=201, mimetype="text/plain")

    def _entry(self, directory: str, name: str) -> dict[str, Any]:
        entry = self._server.store.entry(directory, name)
        if entry is None:
            raise not_found(name)
        return entry

    def _user_properties(self) -> dict[str, Any]:
        sent = json_body().get("properties") or {}
        known = (*_USER_FIELDS, "password")
        return {key: value for key, value in sent.items() if key in known}

    def _with_members(self, entry: dict[str, Any]) -> dict[str, Any]:
        members = [
            user["username"]
            for user in self._server.store.entries(USERS)
            if entry["groupname"] in user.get("groups", ())
        ]
        return entry | {"memberUsers": members, "memberGroups": [], "parentGroups": []}

    def _set_members(self, group: str, names: object) -> None:
        if not isinstance(names, list):
            return
        for user in self._server.store.entries(USERS):
            groups = [name for name in user.get("groups", ()) if name != group]
            if user["username"] in names:
                groups.append(group)
            self._server.store.put_entry(USERS, user["username"], user | {"groups": groups})

    @staticmethod
    def _group_label(body: dict[str, Any]) -> object:
        return (body.get("properties") or {}).get("grouplabel") or body.get("grouplabel")

    @staticmethod
    def _only_administrators() -> None:
        if not principal().is_administrator:
            raise NuxeoError(403, "User is not allowed to edit users or groups")

    @staticmethod
    def _check_directory(directory: str) -> None:
        if directory not in _PLAIN | _SYSTEM - {"authTokens"}:
            raise not_found(directory)

    def _may_write(self, directory: str) -> None:
        self._only_administrators()
        if directory in _SYSTEM:
            raise NuxeoError(400, f"Not allowed to edit system directories {directory}")


def _directory_entry(directory: str, entry: dict[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in entry.items() if key != "password"}
    return {
        "entity-type": "directoryEntry",
        "directoryName": directory,
        "id": str(entry.get("id") or entry.get("username") or entry.get("groupname")),
        "properties": properties,
    }
