"""Automation: the operations that a connector, the official client and the tests use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server import query
from connector.sandbox.nuxeo_server.context import Server, principal, void, wanted
from connector.sandbox.nuxeo_server.downloads import send_blob
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.marshalling import document_json, list_json
from connector.sandbox.nuxeo_server.reading import blob_at, with_blob
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document

_INCREMENTS = {"minor": "MINOR", "major": "MAJOR", "none": "NONE"}
_ALIASES = {
    "Blob.Attach": "Blob.AttachOnDocument",
    "Blob.Get": "Document.GetBlob",
    "Blob.SetFilename": "Document.SetBlobName",
    "Document.Fetch": "Repository.GetDocument",
    "Document.GetChild": "Document.GetChildren",
    "Document.AddACE": "Document.AddPermission",
    "Document.AddACL": "Document.AddPermission",
    "Document.RemoveACE": "Document.RemovePermission",
    "Blob.Remove": "Blob.RemoveFromDocument",
    "Repository.Query": "Document.Query",
}


@dataclass
class _Call:
    """One call: its parameters, its document, its blob."""

    params: Mapping[str, Any]
    document: Document | None
    blob: dict[str, Any] | None

    def text(self, name: str, default: str | None = None) -> str:
        value = self.params.get(name, default)
        if not isinstance(value, str):
            raise NuxeoError(400, f"Failed to invoke operation: {name} is required")
        return value

    @property
    def on(self) -> Document:
        if self.document is None:
            raise NuxeoError(400, "Failed to invoke operation: no document given as input")
        return self.document


class Operations:
    """Runs operations for the caller of the request."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._known: dict[str, Callable[[_Call], object]] = {
            "Document.Lock": lambda call: self._session.lock(call.on),
            "Document.Unlock": lambda call: self._session.unlock(call.on),
            "Document.Create": self._create,
            "Document.CreateVersion": self._create_version,
            "Document.CheckIn": self._check_in,
            "Document.CheckOut": self._check_out,
            "Document.GetVersions": lambda call: self._versions(call),
            "Document.GetLastVersion": lambda call: (self._versions(call) or [None])[-1],
            "Document.Update": self._update,
            "Repository.GetDocument": self._fetch,
            "Document.GetChildren": lambda call: self._session.children(call.on),
            "Document.GetParent": lambda call: self._session.get(call.on.parent_uid or ""),
            "Document.Trash": lambda call: self._session.trash(call.on),
            "Document.Untrash": lambda call: self._session.untrash(call.on),
            "Document.Delete": self._delete,
            "Document.Move": self._move,
            "Document.Copy": self._copy,
            "Document.SetBlobName": self._set_blob_name,
            "Document.SetProperty": self._set_property,
            "Blob.AttachOnDocument": self._attach,
            "Document.GetBlob": self._get_blob,
            "Blob.RemoveFromDocument": self._remove_blob,
            "FileManager.Import": self._import,
            "Document.AddPermission": self._add_permission,
            "Document.RemovePermission": self._remove_permission,
            "Document.BlockPermissionInheritance": self._block,
            "Document.UnblockPermissionInheritance": self._unblock,
            "Document.SetRetentionDate": self._retain,
            "Document.MakeRecord": self._make_record,
            "Document.Hold": self._hold,
            "Document.Unhold": self._hold,
            "Document.Query": lambda call: query.run(call.text("query"), self._session),
        }

    @property
    def _session(self) -> Session:
        return self._server.session()

    def listing(self) -> Response:
        """``GET /site/automation``."""
        names = {target: alias for alias, target in _ALIASES.items()}
        return jsonify(
            {
                "paths": {"login": "login"},
                "codecs": [],
                "operations": [
                    {
                        "id": name,
                        "aliases": [names[name]] if name in names else [],
                        "label": name,
                        "category": name.partition(".")[0],
                        "requires": None,
                        "description": "",
                        "url": name,
                        "signature": ["document", "document"],
                        "params": [],
                    }
                    for name in sorted(self._known)
                ],
                "chains": [],
            }
        )

    def call(
        self,
        name: str,
        document: Document | None = None,
        *,
        batch: tuple[str, str] | None = None,
    ) -> ResponseReturnValue:
        """Run an operation with the parameters of this request.

        Args:
            name: id or alias.
            document: the input, if the address names it.
            batch: batch id and index of a blob as input, if the address names them.

        Raises:
            NuxeoError: 404 for an unknown operation, 400 without a body, or as the operation says.
        """
        operation = self._known.get(_ALIASES.get(name, name))
        if operation is None:
            raise not_found(name)
        body, blob = self._body()
        if batch is not None:
            self._server.use_batch(batch[0])
            self._server.batches.files(batch[0])
            blob = self._server.batches.blob(*batch)
            if blob is None:
                raise not_found(batch[1])
        source = body.get("input")
        if document is None and source is not None:
            document = self._input(source)
        call = _Call(body.get("params") or {}, document, blob)
        try:
            result = operation(call)
        except NuxeoError as error:
            raise NuxeoError(
                error.status, f"Failed to invoke operation: {name}, {error.message}"
            ) from error
        return self._answer(result)

    def _body(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        if request.mimetype.startswith("multipart/"):
            return self._multipart()
        if not request.get_data(cache=True):
            raise NuxeoError(400, "Empty request")
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            raise NuxeoError(400, "Invalid request")
        return body, None

    def _multipart(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        parts = list(request.files.values())
        text = next(iter(request.form.values()), "{}")
        if parts and (parts[0].content_type or "").startswith("application/json"):
            text = parts.pop(0).stream.read().decode()
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not parts:
            raise NuxeoError(400, "Invalid request")
        part = parts[0]
        digest, length = self._server.store.write_blob(iter(lambda: part.stream.read(65536), b""))
        blob = {
            "name": part.filename,
            "mime-type": part.content_type,
            "encoding": None,
            "digest": digest,
            "length": length,
        }
        return body, blob

    def _input(self, source: object) -> Document | None:
        if isinstance(source, dict):
            return self._entity(source)
        if not isinstance(source, str):
            raise NuxeoError(400, "Invalid input")
        reference = source.removeprefix("docs:").removeprefix("doc:").split(",")[0].strip()
        return self._session.resolve(reference) if reference else None

    def _entity(self, value: Mapping[str, Any]) -> Document:
        """A document entity; its change token is checked at once."""
        document: Document = self._session.get(str(value.get("uid")))
        token = value.get("changeToken")
        if isinstance(token, str):
            Session.check_token(document, token)
        return document

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
        return jsonify(list_json("documents", entries, size=len(entries)))

    # The operations

    def _create(self, call: _Call) -> Document:
        type_name = call.text("type", "File")
        properties = self._sent_properties(type_name, call.params.get("properties"))
        name = call.params.get("name") or "Untitled"
        document: Document = self._session.create(call.on, name, type_name, properties)
        return document

    def _sent_properties(self, type_name: str, sent: object) -> dict[str, Any]:
        return self._server.reader().properties(type_name, _as_mapping(sent))

    def _create_version(self, call: _Call) -> Document:
        increment = str(call.params.get("increment") or "None").lower()
        document: Document = self._session.version(call.on, _INCREMENTS.get(increment, "NONE"))
        return document

    def _check_in(self, call: _Call) -> Document:
        increment = _INCREMENTS.get(call.text("version").lower())
        if increment is None:
            raise NuxeoError(400, "version must be minor, major or none")
        document: Document = self._session.version(call.on, increment)
        return document

    def _check_out(self, call: _Call) -> Document:
        document = call.on
        self._session.require(document, "WriteProperties")
        with self._server.store.writing():
            document.is_checked_out = True
            document.system_token += 1
            self._server.store.put(document)
        return document

    def _versions(self, call: _Call) -> list[Any]:
        self._session.require(call.on, "ReadVersion")
        return self._server.store.versions(call.on.uid)

    def _update(self, call: _Call) -> Document:
        document = call.on
        changed: dict[str, Any] = {}
        reader = self._server.reader()
        for key, value in _as_mapping(call.params.get("properties")).items():
            if "/" in key or (isinstance(value, str) and value.startswith("{")):
                sent = _loads(value) if isinstance(value, str) else value
                blob = reader.blob(sent)
                # Unlike PUT: what decodes to nothing erases the content.
                content = blob if isinstance(blob, dict) else None
                changed |= self._with_blob(document, key, content)
            else:
                changed |= reader.properties(document.type, {key: value})
        saved: Document = self._session.save(
            document, changed, change_token=call.params.get("changeToken")
        )
        return saved

    def _fetch(self, call: _Call) -> Document:
        document: Document = self._session.resolve(call.text("value"))
        return document

    def _delete(self, call: _Call) -> None:
        self._session.delete(call.on)

    def _move(self, call: _Call) -> Document:
        target = self._session.resolve(call.text("target"))
        document: Document = self._session.move(call.on, target, call.params.get("name"))
        return document

    def _copy(self, call: _Call) -> Document:
        target = self._session.resolve(call.text("target"))
        document: Document = self._session.copy(call.on, target, call.params.get("name"))
        return document

    def _set_blob_name(self, call: _Call) -> Document:
        xpath = str(call.params.get("xpath") or "file:content")
        blob = self._blob_at(call.on, xpath)
        if blob is None:
            raise NuxeoError(404, xpath)
        renamed = blob | {"name": call.text("name")}
        saved: Document = self._session.save(call.on, self._with_blob(call.on, xpath, renamed))
        return saved

    def _set_property(self, call: _Call) -> Document:
        changed = self._sent_properties(
            call.on.type, {call.text("xpath"): call.params.get("value")}
        )
        saved: Document = self._session.save(call.on, changed)
        return saved

    def _attach(self, call: _Call) -> Response:
        target = call.params.get("document")
        document = self._entity(target) if isinstance(target, dict) else None
        if document is None:
            document = self._session.resolve(str(target))
        if call.blob is None:
            raise NuxeoError(400, "Failed to invoke operation: no blob given as input")
        xpath = str(call.params.get("xpath") or "file:content")
        token = target.get("changeToken") if isinstance(target, dict) else None
        self._session.save(
            document, self._with_blob(document, xpath, call.blob), change_token=token
        )
        return send_blob(self._server.store, document, call.blob)

    def _get_blob(self, call: _Call) -> Response:
        xpath = str(call.params.get("xpath") or "file:content")
        blob = self._blob_at(call.on, xpath)
        if blob is None:
            # An empty blob with a telling name, in place of an error.
            digest, length = self._server.store.write_blob([])
            blob = {
                "name": f"{call.on.name}.null",
                "mime-type": "text/plain",
                "encoding": None,
                "digest": digest,
                "length": length,
            }
        return send_blob(self._server.store, call.on, blob)

    def _remove_blob(self, call: _Call) -> Document:
        xpath = str(call.params.get("xpath") or "file:content")
        saved: Document = self._session.save(call.on, self._with_blob(call.on, xpath, None))
        return saved

    def _import(self, call: _Call) -> Document:
        body = request.get_json(force=True, silent=True) or {}
        context = body.get("context") or {}
        if call.blob is None:
            raise NuxeoError(400, "Failed to invoke operation: no blob given as input")
        parent = self._session.resolve(str(context.get("currentDocument")))
        name = str(call.blob["name"])
        if call.params.get("overwrite"):
            for child in self._session.children(parent):
                blob = child.properties.get("file:content")
                if child.properties["dc:title"] == name or (blob and blob["name"] == name):
                    saved: Document = self._session.save(child, {"file:content": call.blob})
                    return saved
        created: Document = self._session.create(
            parent, name, "File", {"dc:title": name, "file:content": call.blob}
        )
        return created

    def _add_permission(self, call: _Call) -> Document:
        users = call.params.get("users") or [call.params.get("username") or call.params.get("user")]
        permission = call.text("permission")
        granted = call.params.get("grant", True) not in (False, "false")
        return self._change_aces(
            call,
            lambda aces: [[user, permission, granted] for user in users] + aces,
        )

    def _remove_permission(self, call: _Call) -> Document:
        user = call.params.get("user") or call.params.get("username")
        ace_id = call.params.get("id")
        return self._change_aces(
            call,
            lambda aces: [
                ace
                for ace in aces
                if ace[0] != user and f"{ace[0]}:{ace[1]}:{str(ace[2]).lower()}:::" != ace_id
            ],
        )

    def _block(self, call: _Call) -> Document:
        own = [
            [principal().name, "Everything", True],
            ["administrators", "Everything", True],
        ]
        blocked = ["Everyone", "Everything", False]
        return self._change_aces(call, lambda aces: [*aces, *own, blocked])

    def _unblock(self, call: _Call) -> Document:
        blocked = ["Everyone", "Everything", False]
        return self._change_aces(call, lambda aces: [ace for ace in aces if ace != blocked])

    def _change_aces(
        self, call: _Call, change: Callable[[list[list[Any]]], list[list[Any]]]
    ) -> Document:
        document = call.on
        self._session.require(document, "WriteSecurity")
        with self._server.store.writing():
            document.aces = change(document.aces)
            document.system_token += 1
            self._server.store.put(document)
        return document

    def _retain(self, call: _Call) -> Document:
        return self._change_hold(call, "SetRetention", retain_until=call.text("until"))

    def _make_record(self, call: _Call) -> Document:
        return self._change_hold(call, "MakeRecord", is_record=True)

    def _hold(self, call: _Call) -> Document:
        held = request.path.endswith("Document.Hold")
        return self._change_hold(call, "ManageLegalHold", has_legal_hold=held)

    def _change_hold(self, call: _Call, permission: str, **changes: Any) -> Document:
        document = call.on
        self._session.require(document, permission)
        with self._server.store.writing():
            for name, value in changes.items():
                setattr(document, name, value)
            document.system_token += 1
            self._server.store.put(document)
        return document

    @staticmethod
    def _blob_at(document: Document, xpath: str) -> dict[str, Any] | None:
        try:
            return blob_at(document, xpath)
        except KeyError as error:
            raise NuxeoError(500, "Internal Server Error") from error

    @staticmethod
    def _with_blob(document: Document, xpath: str, blob: dict[str, Any] | None) -> dict[str, Any]:
        try:
            return with_blob(document, xpath, blob)
        except KeyError as error:
            raise NuxeoError(500, "Internal Server Error") from error


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise NuxeoError(400, "Invalid JSON in a property") from error


def _as_mapping(sent: object) -> Mapping[str, Any]:
    """Properties as an object, or as lines of ``key=value``."""
    if isinstance(sent, Mapping):
        return sent
    if not isinstance(sent, str):
        return {}
    lines = (line for line in sent.splitlines() if line.strip() and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
