"""``@comment``: comments on documents.

As ``CommentAdapter``, ``TreeCommentManager`` and ``CommentJsonWriter`` of LTS 2023 have it, but
without replies: whoever may read a document may comment on it, its lock makes no difference, and a
comment is changed and removed by its author, by those with ``Everything`` and by administrators.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.context import Server, json_object, void
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.marshalling import list_json
from connector.sandbox.nuxeo_server.session import now
from connector.sandbox.nuxeo_server.store import Document

_SENT = ("text", "creationDate", "modificationDate", "entityId", "origin", "entity")
"""What a client may say of a comment; anything else in its JSON is not read."""

Entry = dict[str, Any]


class CommentViews:
    """Comments."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._store = server.store

    def answer(self, document: Document, rest: str) -> ResponseReturnValue:
        """The adapter on a document that the caller may read."""
        if not rest:
            return self._create(document) if request.method == "POST" else self._list(document)
        external = rest.startswith("external/")
        entry = (
            self._external(document, rest.removeprefix("external/"))
            if external
            else self._by_id(document, rest)
        )
        match request.method:
            case "PUT":
                return self._update(document, entry, is_external=external)
            case "DELETE":
                self._require_own(document, entry, "delete")
                with self._store.writing():
                    self._store.delete_entry(_directory(document), entry["id"])
                    self._touch(document)
                return void()
        return jsonify(self._json(document, entry))

    def _create(self, document: Document) -> ResponseReturnValue:
        moment = now()
        entry: Entry = {
            "id": str(uuid.uuid4()),
            "parentId": document.uid,
            "author": self._server.session().principal.name,
            "creationDate": moment,
            "modificationDate": moment,
            **_sent(),
        }
        with self._store.writing():
            self._store.put_entry(_directory(document), entry["id"], entry)
            self._touch(document)
        return jsonify(self._json(document, entry)), 201

    def _list(self, document: Document) -> ResponseReturnValue:
        """The newest first."""
        entries = self._entries(document)
        entries.sort(key=lambda entry: str(entry["creationDate"]), reverse=True)
        size, page = (
            request.args.get("pageSize", 0, int),
            request.args.get("currentPageIndex", 0, int),
        )
        shown = entries[page * size : (page + 1) * size] if size > 0 else entries
        found = [self._json(document, entry) for entry in shown]
        return jsonify(list_json("comments", found, page=page, size=size, total=len(entries)))

    def _update(
        self, document: Document, entry: Entry, *, is_external: bool
    ) -> ResponseReturnValue:
        self._require_own(document, entry, "edit")
        sent = _sent()
        changed = entry | {"modificationDate": now()} | sent
        with self._store.writing():
            self._store.put_entry(_directory(document), entry["id"], changed)
            self._touch(document)
        if is_external:
            # What was sent comes back, not what is kept: without the comment's own id.
            changed = {"parentId": document.uid, "author": entry["author"], **sent}
        return jsonify(self._json(document, changed))

    def _by_id(self, document: Document, comment_id: str) -> Entry:
        entry = self._store.entry(_directory(document), comment_id)
        if entry is None:
            raise NuxeoError(404, f"The comment {comment_id} does not exist.")
        return entry

    def _external(self, document: Document, entity_id: str) -> Entry:
        for entry in self._entries(document):
            if entry.get("entityId") == entity_id:
                return entry
        raise NuxeoError(404, f"The external comment {entity_id} does not exist.")

    def _entries(self, document: Document) -> list[Entry]:
        return self._store.entries(_directory(document))

    def _require_own(self, document: Document, entry: Entry, verb: str) -> None:
        session = self._server.session()
        user = session.principal
        if entry["author"] != user.name and not session.has(document, "Everything"):
            raise NuxeoError(
                403, f"The user {user.name} cannot {verb} comments of document {document.uid}"
            )

    def _touch(self, document: Document) -> None:
        """The text is found with the document: its system token moves, its dates do not."""
        self._server.session().change(document, None, lambda _current: None)

    def _json(self, document: Document, entry: Entry) -> dict[str, Any]:
        body = {
            "entity-type": "comment",
            "id": entry.get("id"),
            "parentId": entry.get("parentId"),
            "ancestorIds": [document.uid],
            "author": entry.get("author"),
            **{name: entry.get(name) for name in _SENT},
        }
        session = self._server.session()
        body["permissions"] = session.permissions(document) if entry.get("id") else []
        return body


def _sent() -> Entry:
    body = json_object()
    if body.get("entity-type") != "comment":
        raise NuxeoError(400, "Json object entity-type is wrong. Expected is comment")
    return {name: body[name] for name in _SENT if isinstance(body.get(name), str)}


def _directory(document: Document) -> str:
    return f"comments:{document.uid}"
