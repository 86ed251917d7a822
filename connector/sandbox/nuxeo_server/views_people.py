"""Users and groups (REST_CONTRACT 1.6, 9)."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.auth import GROUPS, USERS
from connector.sandbox.nuxeo_server.context import Server, fetched, json_object, principal, void
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.marshalling import (
    group_json,
    group_label,
    list_json,
    user_json,
)
from connector.sandbox.nuxeo_server.security import ADMINISTRATORS, POWER_USERS

_USER_FIELDS = ("username", "firstName", "lastName", "email", "company", "groups", "password")
_NAMES = ("username", "firstName", "lastName", "email")

Entry = dict[str, Any]


class PeopleViews:
    """Users and groups."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._store = server.store

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo/api/v1``."""
        views = Blueprint("people", __name__)
        add = views.add_url_rule
        changing = ["GET", "PUT", "DELETE"]
        add("/me", view_func=self.me)
        add("/user/search", view_func=self.search_users)
        add("/user", view_func=self.create_user, methods=["POST"])
        add("/user/<name>", view_func=self.user, methods=changing)
        add("/group/search", view_func=self.search_groups)
        add("/group", view_func=self.create_group, methods=["POST"])
        add("/group/<name>", view_func=self.group, methods=changing)
        return views

    def me(self) -> Response:
        """The caller."""
        return self._user(self._entry(USERS, principal().name))

    # Users

    def user(self, name: str) -> ResponseReturnValue:
        """A user; administrators also change and remove them."""
        entry = self._entry(USERS, name)
        if request.method == "GET":
            return self._user(entry)
        self._may_edit(ADMINISTRATORS in entry.get("groups", ()))
        with self._store.writing():
            if request.method == "DELETE":
                self._store.delete_entry(USERS, name)
                return void()
            entry |= self._sent_user() | {"username": name}
            self._store.put_entry(USERS, name, entry)
        return self._user(entry)

    def create_user(self) -> ResponseReturnValue:
        """A new user."""
        entry = {"groups": [], "password": "", **self._sent_user()}
        self._may_edit(ADMINISTRATORS in entry["groups"])
        name = entry.get("username")
        if not isinstance(name, str) or not name:
            raise NuxeoError(400, "username is required")
        with self._store.writing():
            if self._store.entry(USERS, name):
                raise NuxeoError(409, f"User {name} already exists")
            self._store.put_entry(USERS, name, entry)
        return self._user(entry), 201

    def search_users(self) -> Response:
        """Users whose name begins with ``q``."""
        wanted = _search_text()
        found = [
            user_json(entry, partial(group_label, self._store))
            for entry in self._store.entries(USERS)
            if any(str(entry.get(key, "")).lower().startswith(wanted) for key in _NAMES)
        ]
        return jsonify(list_json("users", found, size=max(1, len(found))))

    # Groups

    def group(self, name: str) -> ResponseReturnValue:
        """A group; administrators also change and remove them."""
        entry = self._entry(GROUPS, name)
        if request.method == "GET":
            return self._group(entry)
        self._may_edit(name == ADMINISTRATORS)
        with self._store.writing():
            if request.method == "DELETE":
                self._set_members(name, [])
                self._store.delete_entry(GROUPS, name)
                return void()
            self._write_group(entry)
        return self._group(entry)

    def create_group(self) -> ResponseReturnValue:
        """A new group."""
        body = json_object()
        name = body.get("groupname") or body.get("id")
        self._may_edit(name == ADMINISTRATORS)
        if not isinstance(name, str) or not name:
            raise NuxeoError(400, "groupname is required")
        entry: Entry = {"groupname": name, "grouplabel": None, "memberGroups": []}
        with self._store.writing():
            if self._store.entry(GROUPS, name):
                raise NuxeoError(409, f"Group {name} already exists")
            self._write_group(entry)
        return self._group(entry), 201

    def search_groups(self) -> Response:
        """Groups whose name begins with ``q``."""
        wanted = _search_text()
        found = [
            group_json(entry)
            for entry in self._store.entries(GROUPS)
            if str(entry["groupname"]).lower().startswith(wanted)
        ]
        return jsonify(list_json("groups", found, size=max(1, len(found))))

    def _write_group(self, entry: Entry) -> None:
        """Write a group as the request has it; what it does not name stays."""
        body = json_object()
        properties = body.get("properties") or {}
        label = properties.get("grouplabel") or body.get("grouplabel")
        if label is not None:
            entry["grouplabel"] = label
        if isinstance(body.get("memberGroups"), list):
            entry["memberGroups"] = body["memberGroups"]
        self._store.put_entry(GROUPS, entry["groupname"], entry)
        if isinstance(body.get("memberUsers"), list):
            self._set_members(entry["groupname"], body["memberUsers"])

    def _set_members(self, group: str, names: list[str]) -> None:
        """Membership is kept with the users."""
        for user in self._store.entries(USERS):
            groups = [name for name in user.get("groups", ()) if name != group]
            if user["username"] in names:
                groups.append(group)
            self._store.put_entry(USERS, user["username"], user | {"groups": groups})

    def _group(self, entry: Entry) -> Response:
        name = entry["groupname"]
        members = [
            user["username"]
            for user in self._store.entries(USERS)
            if name in user.get("groups", ())
        ]
        parents = [
            group["groupname"]
            for group in self._store.entries(GROUPS)
            if name in group.get("memberGroups", ())
        ]
        whole = {"memberGroups": [], **entry, "memberUsers": members, "parentGroups": parents}
        return jsonify(group_json(whole, fetched("group")))

    def _user(self, entry: Entry) -> Response:
        return jsonify(user_json(entry, partial(group_label, self._store)))

    def _entry(self, directory: str, name: str) -> Entry:
        entry = self._store.entry(directory, name)
        if entry is None:
            raise not_found(name)
        return entry

    @staticmethod
    def _sent_user() -> Entry:
        sent = json_object().get("properties") or {}
        return {key: value for key, value in sent.items() if key in _USER_FIELDS}

    @staticmethod
    def _may_edit(is_administrators: bool) -> None:
        """Administrators edit everybody, power users everybody but administrators."""
        allowed = POWER_USERS in principal().groups and not is_administrators
        if not principal().is_administrator and not allowed:
            raise NuxeoError(403, "User is not allowed to edit users or groups")


def _search_text() -> str:
    return request.args.get("q", "").rstrip("*%").lower()
