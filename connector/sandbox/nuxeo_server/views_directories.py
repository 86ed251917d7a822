"""Directories (REST_CONTRACT 9)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.auth import GROUPS, USERS
from connector.sandbox.nuxeo_server.context import Server, json_object, principal, void
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.marshalling import list_json
from connector.sandbox.nuxeo_server.security import POWER_USERS

_PLAIN = frozenset({"nature", "subtopic", "continent"})
_SYSTEM = frozenset({USERS, GROUPS})


class DirectoryViews:
    """Directories and their entries."""

    def __init__(self, server: Server) -> None:
        self._store = server.store

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo/api/v1``."""
        views = Blueprint("directories", __name__)
        add = views.add_url_rule
        add("/directory", view_func=self.directories)
        add("/directory/<directory>", view_func=self.directory, methods=["GET", "POST"])
        add(
            "/directory/<directory>/<path:entry>",
            view_func=self.entry,
            methods=["GET", "PUT", "DELETE"],
        )
        return views

    def directories(self) -> Response:
        """The directories that are not the system's."""
        found = [{"entity-type": "directory", "name": name} for name in sorted(_PLAIN)]
        return jsonify({"entity-type": "directories", "entries": found})

    def directory(self, directory: str) -> ResponseReturnValue:
        """All entries of a directory, or a new one."""
        _check_directory(directory)
        if request.method == "GET":
            found = [_json(directory, entry) for entry in self._store.entries(directory)]
            return jsonify(list_json("directoryEntries", found, size=max(1, len(found))))
        _check_right_to_write(directory)
        properties = _sent_properties()
        entry_id = str(properties.get("id") or "")
        if not entry_id:
            raise NuxeoError(400, "id is required")
        with self._store.writing():
            if self._store.entry(directory, entry_id):
                raise NuxeoError(409, f"Entry {entry_id} already exists")
            self._store.put_entry(directory, entry_id, properties)
        return jsonify(_json(directory, properties)), 201

    def entry(self, directory: str, entry: str) -> ResponseReturnValue:
        """One entry."""
        _check_directory(directory)
        found = self._store.entry(directory, entry)
        if found is None:
            raise not_found(entry)
        if request.method == "GET":
            return jsonify(_json(directory, found))
        _check_right_to_write(directory)
        with self._store.writing():
            if request.method == "DELETE":
                self._store.delete_entry(directory, entry)
                return void()
            found |= _sent_properties()
            self._store.put_entry(directory, entry, found | {"id": entry})
        return jsonify(_json(directory, found))


def _sent_properties() -> dict[str, Any]:
    return dict(json_object().get("properties") or {})


def _check_directory(directory: str) -> None:
    if directory not in _PLAIN | _SYSTEM:
        raise not_found(directory)


def _check_right_to_write(directory: str) -> None:
    if not principal().is_administrator and POWER_USERS not in principal().groups:
        raise NuxeoError(403, "Not allowed to edit directories")
    if directory in _SYSTEM:
        raise NuxeoError(400, f"Not allowed to edit system directories {directory}")


def _json(directory: str, entry: dict[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in entry.items() if key != "password"}
    return {
        "entity-type": "directoryEntry",
        "directoryName": directory,
        "id": str(entry.get("id") or entry.get("username") or entry.get("groupname")),
        "properties": properties,
    }
