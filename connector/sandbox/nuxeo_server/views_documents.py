"""``/api/v1[/repo/R]/id/UID`` and ``.../path/PATH`` with their adapters (REST_CONTRACT 2, 8)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server import query, tree
from connector.sandbox.nuxeo_server.answers import container_page
from connector.sandbox.nuxeo_server.comments import CommentViews
from connector.sandbox.nuxeo_server.context import Server, json_object, void, wanted
from connector.sandbox.nuxeo_server.downloads import may_download, send_blob
from connector.sandbox.nuxeo_server.errors import (
    NuxeoError,
    not_found,
    not_implemented,
    server_error,
)
from connector.sandbox.nuxeo_server.marshalling import acls_json, document_json, list_json
from connector.sandbox.nuxeo_server.operations import Operations
from connector.sandbox.nuxeo_server.store import Document
from connector.sandbox.nuxeo_server.versioning import OPTIONS
from connector.sandbox.nuxeo_server.xpaths import blob_at

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
_MAX_PAGE = 1000
_AUDIT_PAGE = 10
_AUDIT_FILTERS = ("eventId", "category", "principalName")
_NOT_HERE = frozenset(
    {
        "annotation",
        "convert",
        "pp",
        "preview",
        "rendition",
        "task",
        "versions",
        "workflow",
    }
)
"""Adapters of Nuxeo that the sandbox does not have."""


class DocumentViews:
    """Documents by id and path."""

    def __init__(self, server: Server, operations: Operations) -> None:
        self._server = server
        self._operations = operations
        self._comments = CommentViews(server)

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo/api/v1``."""
        views = Blueprint("documents", __name__)
        for prefix in ("", "/repo/<repository>"):
            for rule, view in (
                ("/id/<uid>", self.by_id),
                ("/id/<uid>/<path:rest>", self.by_id),
                ("/path", self.by_path),
                ("/path/", self.by_path),
                ("/path/<path:rest>", self.by_path),
            ):
                views.add_url_rule(prefix + rule, view_func=view, methods=_METHODS)
            views.add_url_rule(f"{prefix}/query", view_func=self.query)
            views.add_url_rule(f"{prefix}/search/lang/NXQL/execute", view_func=self.query)
            views.add_url_rule(f"{prefix}/query/NXQL", view_func=self.query)
        return views

    def by_id(self, uid: str, rest: str = "", repository: str = "") -> ResponseReturnValue:
        """A document by uid."""
        self._check_repository(repository)
        if rest and not rest.startswith("@"):
            raise not_found(rest)
        return self._dispatch(self._server.session().get(uid), rest)

    def by_path(self, rest: str = "", repository: str = "") -> ResponseReturnValue:
        """A document by path."""
        self._check_repository(repository)
        path, at, adapter = f"/{rest}".partition("/@")
        document = self._server.session().by_path(path or "/")
        return self._dispatch(document, f"@{adapter}" if at else "")

    def query(self, repository: str = "") -> ResponseReturnValue:
        """NXQL, as far as the sandbox understands it."""
        self._check_repository(repository)
        if "queryParams" in request.args:
            raise NuxeoError(400, "The sandbox does not understand queryParams")
        found = query.run(request.args.get("query", ""), self._server.session())
        return self._page(found, is_sorted="sortBy" not in request.args)

    def _dispatch(self, document: Document, rest: str) -> ResponseReturnValue:
        name, _, argument = rest.removeprefix("@").partition("/")
        if not rest:
            return self._document(document)
        adapter = {
            "children": self._children,
            "blob": self._blob,
            "comment": self._comments.answer,
            "op": self._operation,
            "acl": self._acl,
            "audit": self._audit,
            "lock": self._lock,
        }.get(name)
        if adapter is None:
            raise not_implemented(f"@{name}") if name in _NOT_HERE else not_found(f"@{name}")
        return adapter(document, argument)

    def _document(self, document: Document) -> ResponseReturnValue:
        session = self._server.session()
        match request.method:
            case "PUT":
                return self._update(document)
            case "POST":
                return self._create(document)
            case "DELETE":
                tree.delete(session, document)
                return void()
        return self._server.answer(document)

    def _create(self, parent: Document) -> ResponseReturnValue:
        body = json_object()
        type_name, name = str(body.get("type") or ""), str(body.get("name") or "")
        if not type_name or not name:
            raise NuxeoError(400, "type and name are required")
        option = _versioning_option(request.headers.get("X-Versioning-Option"))
        properties = self._server.reader().properties(type_name, body.get("properties"))
        session = self._server.session()
        with self._server.store.writing():
            document = tree.create(session, parent, name, type_name, properties)
            if option in ("MINOR", "MAJOR"):
                document = session.version(document, option)
        return self._server.answer(document, 201)

    def _update(self, document: Document) -> ResponseReturnValue:
        body = json_object()
        session = self._server.session()
        properties = self._server.reader().properties(document.type, body.get("properties"))
        option = _versioning_option(request.headers.get("X-Versioning-Option"))
        saved = session.save(
            document,
            properties,
            # Without the uid the server never looks at the change token.
            change_token=body.get("changeToken") if body.get("uid") else None,
            # The server makes nothing of NONE.
            versioning_option=None if option == "NONE" else option,
            comment=request.headers.get("Update-Comment"),
        )
        if option in ("MINOR", "MAJOR") or request.headers.get("source"):
            versions = session.versions(saved)
            # The last version in place of the live document, if there is one.
            return self._server.answer(versions[-1]) if versions else void()
        return self._server.answer(saved)

    def _children(self, document: Document, _argument: str) -> ResponseReturnValue:
        return self._page(self._server.session().children(document))

    def _page(self, documents: list[Document], *, is_sorted: bool = False) -> Response:
        size = request.args.get("pageSize", 50, int)
        size = min(size, _MAX_PAGE) if size > 0 else _MAX_PAGE
        page = max(0, request.args.get("currentPageIndex", 0, int))
        if not is_sorted:
            key = request.args.get("sortBy", "dc:title")
            order = request.args.get("sortOrder", "asc").lower()
            documents.sort(
                key=lambda item: (
                    item.uid if key == "ecm:uuid" else str(item.properties.get(key) or "").lower()
                ),
                reverse="sortBy" in request.args and order != "asc",
            )
        session, shape = self._server.session(), wanted()
        shown = documents[page * size : (page + 1) * size]
        entries = [document_json(item, session, shape) for item in shown]
        return jsonify(list_json("documents", entries, page=page, size=size, total=len(documents)))

    def _blob(self, document: Document, xpath: str) -> ResponseReturnValue:
        if not xpath:
            raise not_found("@blob")
        if "/@" in xpath:
            raise not_implemented(f"@{xpath.partition('/@')[2]} of a blob")
        if request.method in ("GET", "HEAD"):
            try:
                blob = blob_at(document, xpath)
            except KeyError:
                blob = None
            if blob is None:
                # A null pointer or an unknown property, raised where nobody maps it.
                raise server_error()
            if not may_download(document, self._server.session().principal):
                return container_page(403, "Permission denied")
            if request.method == "GET":
                self._server.log_download(document)
            return send_blob(self._server.store, document, blob)
        if request.method == "POST":
            return Response(status=405)
        value = None if request.method == "DELETE" else self._multipart_blob()
        option = _versioning_option(request.form.get("versioning"))
        try:
            self._server.session().save_blob(document, xpath, value, versioning_option=option)
        except KeyError as error:
            raise NuxeoError(400, f"Invalid xpath: {xpath}") from error
        if request.method == "DELETE":
            return void()
        return Response("blob updated", mimetype="text/plain")

    def _multipart_blob(self) -> dict[str, Any]:
        if not request.mimetype.startswith("multipart/"):
            raise server_error()
        part = next(iter(request.files.values()), None)
        if part is None:
            raise NuxeoError(400, "No file part")
        return self._server.store_part(part)

    def _operation(self, document: Document, name: str) -> ResponseReturnValue:
        if request.method != "POST":
            return Response(status=405)
        return self._operations.call(name, document)

    def _acl(self, document: Document, _argument: str) -> ResponseReturnValue:
        session = self._server.session()
        session.require(document, "ReadSecurity")
        return jsonify({"entity-type": "acls", "acl": acls_json(document, session)})

    def _audit(self, document: Document, _argument: str) -> ResponseReturnValue:
        """``AuditAdapter`` with the page provider ``DOCUMENT_HISTORY_PROVIDER``."""
        for name in ("startEventDate", "endEventDate", "sortBy"):
            if name in request.args:
                raise NuxeoError(400, f"The sandbox does not understand {name} here")
        wanted_of = {name: request.args.getlist(name) for name in _AUDIT_FILTERS}
        entries = [
            {"entity-type": "logEntry", **entry}
            for entry in self._server.store.audit(document.uid)
            if all(not values or entry[name] in values for name, values in wanted_of.items())
        ]
        size = request.args.get("pageSize", _AUDIT_PAGE, int)
        size = min(size, _MAX_PAGE) if size > 0 else _MAX_PAGE
        page = max(0, request.args.get("currentPageIndex", 0, int))
        shown = entries[page * size : (page + 1) * size]
        return jsonify(list_json("logEntries", shown, page=page, size=size, total=len(entries)))

    def _lock(self, document: Document, _argument: str) -> ResponseReturnValue:
        session = self._server.session()
        if request.method == "POST":
            return self._server.answer(session.lock(document))
        if request.method == "DELETE":
            session.unlock(document)
            return void()
        if document.lock_owner is None:
            raise server_error()
        text = f"{document.lock_owner}/{document.lock_created}"
        return Response(text, mimetype="text/plain")

    @staticmethod
    def _check_repository(repository: str) -> None:
        # Only a repository in the address goes before the header.
        name = (
            repository
            or request.headers.get("X-NXRepository")
            or request.args.get("nxrepository")
            or "default"
        )
        if name != "default":
            raise NuxeoError(404, f"Repository not found: {name}")


def _versioning_option(sent: str | None) -> str | None:
    if not sent:
        return None
    if sent.upper() not in OPTIONS:
        raise NuxeoError(400, f"Unknown versioning option: {sent}")
    return sent.upper()
