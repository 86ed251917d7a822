"""Automation: finds operations, reads what they get, writes what they answer (REST_CONTRACT 8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.calls import Call, Operation, entity
from connector.sandbox.nuxeo_server.context import Server, void, wanted
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.marshalling import document_json, plain_list_json
from connector.sandbox.nuxeo_server.operations_blobs import BLOBS
from connector.sandbox.nuxeo_server.operations_documents import DOCUMENTS
from connector.sandbox.nuxeo_server.operations_security import SECURITY
from connector.sandbox.nuxeo_server.store import Document

_KNOWN: Mapping[str, Operation] = {**DOCUMENTS, **BLOBS, **SECURITY}
_ALIASES = {
    "Audit.Log": "Audit.LogEvent",
    "Blob.Attach": "Blob.AttachOnDocument",
    "Blob.Get": "Document.GetBlob",
    "Blob.Remove": "Blob.RemoveFromDocument",
    "Blob.SetFilename": "Document.SetBlobName",
    "CreateProxyLive": "Document.CreateLiveProxy",
    "Document.AddACE": "Document.AddPermission",
    "Document.Fetch": "Repository.GetDocument",
    "Document.Query": "Repository.Query",
    "Document.RemoveACE": "Document.RemovePermission",
}


class Operations:
    """Runs operations for the caller of the request."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def listing(self) -> Response:
        """``GET /site/automation``."""
        operations = [
            {
                "id": name,
                "aliases": sorted(alias for alias, target in _ALIASES.items() if target == name),
                "label": name,
                "category": name.partition(".")[0],
                "requires": None,
                "description": "",
                "url": name,
                "signature": ["document", "document"],
                "params": [],
            }
            for name in sorted(_KNOWN)
        ]
        return jsonify(
            {"paths": {"login": "login"}, "codecs": [], "operations": operations, "chains": []}
        )

    def call(
        self,
        name: str,
        document: Document | None = None,
        *,
        blobs: Iterable[dict[str, Any]] = (),
    ) -> ResponseReturnValue:
        """Run an operation with the parameters of this request.

        Args:
            name: id or alias.
            document: the input, if the address names it.
            blobs: the input, if the address names them.

        Raises:
            NuxeoError: 404 for an unknown operation, 400 without a body, or as the operation says.
        """
        operation_id = _ALIASES.get(name, name)
        if operation_id not in _KNOWN:
            raise not_found(name)
        body, part = self._body()
        content = (*blobs, *part)
        params, context = _mapping(body, "params"), _mapping(body, "context")
        source = body.get("input")
        try:
            if isinstance(source, str) and source.startswith("docs:") and document is None:
                return self._call_each(operation_id, source, params, context, content)
            if document is None and source is not None:
                document = self._input(source)
            call = Call(self._server, params, context, document, content)
            return self._answer(_KNOWN[operation_id](call))
        except NuxeoError as error:
            message = f"Failed to invoke operation: {name}, {error.message}"
            raise NuxeoError(error.status, message) from error

    def _call_each(
        self,
        operation_id: str,
        source: str,
        params: Mapping[str, Any],
        context: Mapping[str, Any],
        blobs: tuple[dict[str, Any], ...],
    ) -> ResponseReturnValue:
        """Once for each document; all of it, or nothing."""
        references = [part.strip() for part in source.removeprefix("docs:").split(",")]
        with self._server.store.writing():
            documents = [self._server.session().resolve(part) for part in references if part]
            results = [
                _KNOWN[operation_id](Call(self._server, params, context, document, blobs))
                for document in documents
            ]
        found = [result for result in results if isinstance(result, Document)]
        return self._answer(found or None)

    def _body(self) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
        """The request, and the blobs in it if it is a form."""
        if request.mimetype.startswith("multipart/"):
            return self._multipart()
        if not request.get_data(cache=True):
            raise NuxeoError(400, "Empty request")
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            raise NuxeoError(400, "Invalid request")
        return body, ()

    def _multipart(self) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
        parts = list(request.files.values())
        text = next(iter(request.form.values()), "{}")
        if parts and (parts[0].content_type or "").startswith("application/json"):
            text = parts.pop(0).stream.read().decode(errors="replace")
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not parts:
            raise NuxeoError(400, "Invalid request")
        return body, tuple(self._server.store_part(part) for part in parts)

    def _input(self, source: object) -> Document | None:
        session = self._server.session()
        if isinstance(source, dict):
            return entity(session, source)
        if not isinstance(source, str):
            raise NuxeoError(400, "Invalid input")
        reference = source.removeprefix("doc:").strip()
        return session.resolve(reference) if reference else None

    def _answer(self, result: object) -> ResponseReturnValue:
        if request.headers.get("X-NXVoidOperation", "").lower() == "true" or result is None:
            return void()
        if isinstance(result, Response):
            return result
        session, shape = self._server.session(), wanted()
        if isinstance(result, Document):
            return jsonify(document_json(result, session, shape))
        assert isinstance(result, list)
        entries = [document_json(item, session, shape) for item in result]
        return jsonify(plain_list_json("documents", entries))


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, Mapping):
        raise NuxeoError(400, f"{name} is no object")
    return value
