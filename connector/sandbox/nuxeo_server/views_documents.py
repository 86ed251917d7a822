"""``/api/v1[/repo/R]/id/UID`` and ``.../path/PATH`` with their adapters (REST_CONTRACT 2, 8)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server import query
from connector.sandbox.nuxeo_server.context import Server, json_body, void, wanted
from connector.sandbox.nuxeo_server.downloads import send_blob
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.marshalling import acls_json, document_json, list_json
from connector.sandbox.nuxeo_server.operations import Operations
from connector.sandbox.nuxeo_server.reading import blob_at, with_blob
from connector.sandbox.nuxeo_server.store import Document

_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE"]
_VERSIONING = frozenset({"MINOR", "MAJOR", "NONE"})


class DocumentViews:
    """Documents by id and path."""

    def __init__(self, server: Server, operations: Operations) -> None:
        self._server = server
        self._operations = operations

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo/api/v1``."""
        views = Blueprint("documents", __name__)
        for prefix in ("", "/repo/<repository>"):
            for rule, view in (
                ("/id/<uid>", self.by_id),
                ("/id/<uid>/<path:rest>", self.by_id),
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
        session = self._server.session()
        text = request.args.get("query") or (request.get_json(silent=True) or {}).get("query", "")
        found = query.run(text, session)
        return self._page(found)

    def _dispatch(self, document: Document, rest: str) -> ResponseReturnValue:
        name, _, argument = rest.removeprefix("@").partition("/")
        if not rest:
            return self._document(document)
        adapter = {
            "children": self._children,
            "blob": self._blob,
            "op": self._operation,
            "acl": self._acl,
            "audit": self._audit,
            "lock": self._lock,
        }.get(name)
        if adapter is None:
            raise not_found(f"@{name}")
        return adapter(document, argument)

    def _document(self, document: Document) -> ResponseReturnValue:
        session = self._server.session()
        match request.method:
            case "PUT":
                return self._update(document)
            case "POST":
                return self._create(document)
            case "DELETE":
                session.delete(document)
                return void()
        return self._server.answer(document)

    def _create(self, parent: Document) -> ResponseReturnValue:
        body = json_body()
        type_name, name = body.get("type"), body.get("name")
        if not type_name or not name:
            raise NuxeoError(400, "type and name are required")
        session = self._server.session()
        known = type_name if type_name in ("File", "Note") else "Folder"
        properties = self._server.reader().properties(known, body.get("properties"))
        document = session.create(parent, name, type_name, properties)
        option = request.headers.get("X-Versioning-Option", "").upper()
        if option in ("MINOR", "MAJOR"):
            document = session.version(document, option)
        return self._server.answer(document, 201)

    def _update(self, document: Document) -> ResponseReturnValue:
        body = json_body()
        session = self._server.session()
        properties = self._server.reader().properties(document.type, body.get("properties"))
        option = request.headers.get("X-Versioning-Option", "").upper() or None
        if option is not None and option not in _VERSIONING:
            raise NuxeoError(400, f"Unknown versioning option: {option}")
        saved = session.save(
            document,
            properties,
            # Without the uid the server never looks at the change token.
            change_token=body.get("changeToken") if body.get("uid") else None,
            versioning=option,
            comment=request.headers.get("Update-Comment"),
        )
        if option in ("MINOR", "MAJOR") or request.headers.get("source"):
            versions = session.store.versions(saved.uid)
            # The last version in place of the live document, if there is one.
            return self._server.answer(versions[-1]) if versions else void()
        return self._server.answer(saved)

    def _children(self, document: Document, _argument: str) -> ResponseReturnValue:
        return self._page(self._server.session().children(document))

    def _page(self, documents: list[Document]) -> Response:
        size = request.args.get("pageSize", 50, int) or 50
        page = request.args.get("currentPageIndex", 0, int)
        key = request.args.get("sortBy", "dc:title")
        descending = "sortBy" in request.args and request.args.get("sortOrder", "asc") != "asc"
        if "query" not in request.args or "sortBy" in request.args:
            documents.sort(
                key=lambda item: str(item.properties.get(key) or "").lower(), reverse=descending
            )
        session, shape = self._server.session(), wanted()
        shown = documents[page * size : (page + 1) * size]
        entries = [document_json(item, session, shape) for item in shown]
        return jsonify(list_json("documents", entries, page=page, size=size, total=len(documents)))

    def _blob(self, document: Document, xpath: str) -> ResponseReturnValue:
        if not xpath:
            raise not_found("@blob")
        if request.method in ("GET", "HEAD"):
            try:
                blob = blob_at(document, xpath)
            except KeyError:
                blob = None
            if blob is None:
                # A null pointer or an unknown property, raised where nobody maps it.
                raise NuxeoError(500, "Internal Server Error")
            return send_blob(self._server.store, document, blob)
        if request.method == "POST":
            return Response(status=405)
        try:
            value = None if request.method == "DELETE" else self._multipart_blob()
            changed = with_blob(document, xpath, value)
        except KeyError as error:
            raise NuxeoError(400, f"Invalid xpath: {xpath}") from error
        versioning = (request.form.get("versioning") or "").upper() or None
        self._server.session().save(document, changed, versioning=versioning)
        return (
            void()
            if request.method == "DELETE"
            else Response("blob updated", mimetype="text/plain")
        )

    def _multipart_blob(self) -> dict[str, Any]:
        if not request.mimetype.startswith("multipart/"):
            raise NuxeoError(500, "Internal Server Error")
        part = next(iter(request.files.values()), None)
        if part is None:
            raise NuxeoError(400, "No file part")
        digest, length = self._server.store.write_blob(iter(lambda: part.stream.read(65536), b""))
        return {
            "name": part.filename,
            "mime-type": part.content_type or "application/octet-stream",
            "encoding": None,
            "digest": digest,
            "length": length,
        }

    def _operation(self, document: Document, name: str) -> ResponseReturnValue:
        if request.method != "POST":
            return Response(status=405)
        return self._operations.call(name, document)

    def _acl(self, document: Document, _argument: str) -> ResponseReturnValue:
        session = self._server.session()
        session.require(document, "ReadSecurity")
        return jsonify({"entity-type": "acls", "acl": acls_json(document, session)})

    def _audit(self, document: Document, _argument: str) -> ResponseReturnValue:
        entries = [
            {"entity-type": "logEntry", **entry, "docUUID": document.uid}
            for entry in self._server.store.audit(document.uid)
        ]
        return jsonify(list_json("logEntries", entries, size=max(1, len(entries))))

    def _lock(self, document: Document, _argument: str) -> ResponseReturnValue:
        session = self._server.session()
        if request.method == "POST":
            return self._server.answer(session.lock(document))
        if request.method == "DELETE":
            session.unlock(document)
            return void()
        if document.lock_owner is None:
            raise NuxeoError(500, "Internal Server Error")
        text = f"{document.lock_owner}/{document.lock_created}"
        return Response(text, mimetype="text/plain")

    @staticmethod
    def _check_repository(repository: str) -> None:
        # Only a repository in the address goes before the header.
        name = repository or request.headers.get("X-NXRepository") or "default"
        if name != "default":
            raise NuxeoError(404, f"Repository not found: {name}")
