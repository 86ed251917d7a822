"""Operations on content (REST_CONTRACT 3.2, 5.2, 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from connector.sandbox.nuxeo_server import tree
from connector.sandbox.nuxeo_server.calls import Call, Operation, blob_of, entity, save_blob
from connector.sandbox.nuxeo_server.downloads import send_blob
from connector.sandbox.nuxeo_server.errors import not_found
from connector.sandbox.nuxeo_server.store import Document, blob_value


def _attach(call: Call) -> Response:
    sent = call.params.get("document")
    token = None
    if isinstance(sent, Mapping):
        document, token = entity(call.session, sent), sent.get("changeToken")
    else:
        document = call.target("document")
    with call.server.store.writing():
        for blob in call.content:
            document = save_blob(call.session, document, call.xpath(), blob, token)
            # The token was good for the first; the others follow in the same transaction.
            token = None
    return send_blob(call.server.store, document, call.content[-1])


def _get_blob(call: Call) -> Response:
    blob = blob_of(call.on, call.xpath())
    if blob is None:
        # An empty blob with a telling name, in place of an error.
        content = call.server.store.write_blob([])
        blob = blob_value(f"{call.on.name}.null", "text/plain", *content)
    return send_blob(call.server.store, call.on, blob)


def _remove_blob(call: Call) -> Document:
    return save_blob(call.session, call.on, call.xpath(), None)


def _set_blob_name(call: Call) -> Document:
    with call.server.store.writing():
        blob = blob_of(call.session.get(call.on.uid), call.xpath())
        if blob is None:
            raise not_found(call.xpath())
        renamed = blob | {"name": call.text("name")}
        return save_blob(call.session, call.on, call.xpath(), renamed)


def _import(call: Call) -> Document | list[Document]:
    parent = call.session.resolve(str(call.context.get("currentDocument")))
    imported = [_import_one(call, parent, blob) for blob in call.content]
    return imported[0] if len(imported) == 1 else imported


def _import_one(call: Call, parent: Document, blob: dict[str, Any]) -> Document:
    name = str(blob["name"])
    if call.flag("overwrite"):
        for child in call.session.children(parent):
            content = child.properties.get("file:content")
            if name in (child.properties.get("dc:title"), content and content["name"]):
                return call.session.save(child, {"file:content": blob})
    properties = {"dc:title": name, "file:content": blob}
    return tree.create(call.session, parent, name, "File", properties)


BLOBS: Mapping[str, Operation] = {
    "Blob.AttachOnDocument": _attach,
    "Blob.RemoveFromDocument": _remove_blob,
    "Document.GetBlob": _get_blob,
    "Document.SetBlobName": _set_blob_name,
    "FileManager.Import": _import,
}
"""By id."""
