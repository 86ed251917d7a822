"""Operations on documents: reading, creating, changing, versions, places (REST_CONTRACT 5.2, 8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.sandbox.nuxeo_server import query, tree
from connector.sandbox.nuxeo_server.calls import Call, Operation, loads
from connector.sandbox.nuxeo_server.doctypes import BLOBS, LISTS
from connector.sandbox.nuxeo_server.errors import NuxeoError, forbidden, not_found, server_error
from connector.sandbox.nuxeo_server.store import Document
from connector.sandbox.nuxeo_server.versioning import OPTIONS, check_out
from connector.sandbox.nuxeo_server.xpaths import blob_at, with_blob


def _create(call: Call) -> Document:
    type_name = call.text("type", "File")
    properties = call.server.reader().properties(type_name, call.properties())
    name = call.option("name") or "Untitled"
    return tree.create(call.session, call.on, name, type_name, properties)


def _create_version(call: Call) -> Document:
    return call.session.version(call.on, _increment(call.text("increment", "None")))


def _check_in(call: Call) -> Document:
    increment = _increment(call.text("version"))
    return call.session.version(call.on, increment, call.option("comment"))


def _increment(name: str) -> str:
    option = name.upper()
    if option not in OPTIONS:
        raise NuxeoError(400, f"Unknown increment: {name}")
    return option


def _check_out(call: Call) -> Document:
    call.session.require(call.on, "WriteProperties")

    def change(document: Document) -> None:
        check_out(call.server.store, document)

    return call.session.change(call.on, "documentCheckedOut", change)


def _restore_version(call: Call) -> Document:
    return call.session.restore(
        call.on, check_in=call.flag("createVersion"), check_out=call.flag("checkout")
    )


def _last_version(call: Call) -> Document | None:
    versions = call.session.versions(call.on)
    return versions[-1] if versions else None


def _update(call: Call) -> Document:
    return _save(call, call.properties())


def _save(call: Call, sent: Mapping[str, Any]) -> Document:
    """Save properties; a key may be a deep xpath to a blob, with JSON as text for a value."""
    with call.server.store.writing():
        document = call.session.get(call.on.uid)
        changed: dict[str, Any] = {}
        for key, value in sent.items():
            change = _change(call, document, key, value)
            # The next key may be about the same list.
            document.properties |= change
            changed |= change
        return call.session.save(call.on, changed, change_token=call.params.get("changeToken"))


def _change(call: Call, document: Document, key: str, value: Any) -> dict[str, Any]:
    reader = call.server.reader()
    if key.endswith("/name"):
        return _rename_blob(document, key.removesuffix("/name"), value)
    if "/" in key or key in BLOBS:
        blob = reader.blob(loads(value) if isinstance(value, str) else value)
        try:
            # Unlike PUT: what decodes to nothing erases the content.
            return with_blob(document, key, blob if isinstance(blob, dict) else None)
        except KeyError as error:
            raise server_error() from error
    if key in LISTS and isinstance(value, str):
        value = loads(value) if value.startswith("[") else value.split(",")
    return reader.properties(document.type, {key: value})


def _rename_blob(document: Document, xpath: str, name: Any) -> dict[str, Any]:
    """The name is a member of the blob: the content stays (``BlobProperty.setMemberValue``)."""
    try:
        blob = blob_at(document, xpath)
    except KeyError as error:
        raise server_error() from error
    if blob is None:
        raise server_error()
    return with_blob(document, xpath, blob | {"name": name})


def _set_property(call: Call) -> Document:
    return _save(call, {call.text("xpath"): call.params.get("value")})


def _parent(call: Call) -> Document:
    return call.session.get(call.on.parent_uid or "")


def _delete(call: Call) -> None:
    tree.delete(call.session, call.on)


def _move(call: Call) -> Document:
    return tree.move(call.session, call.on, call.target(), call.option("name"))


def _copy(call: Call) -> Document:
    return tree.copy(call.session, call.on, call.target(), call.option("name"))


def _create_proxy(call: Call) -> Document:
    # As of 2021 for administrators only.
    if not call.session.principal.is_administrator:
        raise forbidden("Write", call.session.principal.name)
    return tree.create_proxy(call.session, call.on, call.target("Destination Path"))


def _query(call: Call) -> list[Document]:
    for name in ("pageSize", "currentPageIndex", "queryParams", "sortBy"):
        if name in call.params:
            raise NuxeoError(400, f"The sandbox does not understand {name} here")
    return query.run(call.text("query"), call.session)


def _child(call: Call) -> Document:
    name = call.text("name")
    for child in call.session.children(call.on):
        if child.name == name:
            return child
    raise not_found(name)


def _log_event(call: Call) -> Document:
    """``AuditLog``: whoever may read the document, in their own name."""
    comment, category = call.text("comment", ""), call.text("category", "Automation")
    call.session.log(call.on, call.text("event"), comment, category=category)
    return call.on


DOCUMENTS: Mapping[str, Operation] = {
    "Audit.LogEvent": _log_event,
    "Document.CheckIn": _check_in,
    "Document.CheckOut": _check_out,
    "Document.Copy": _copy,
    "Document.Create": _create,
    "Document.CreateLiveProxy": _create_proxy,
    "Document.CreateVersion": _create_version,
    "Document.Delete": _delete,
    "Document.GetChild": _child,
    "Document.GetChildren": lambda call: call.session.children(call.on),
    "Document.GetLastVersion": _last_version,
    "Document.GetParent": _parent,
    "Document.GetVersions": lambda call: call.session.versions(call.on),
    "Document.Lock": lambda call: call.session.lock(call.on),
    "Document.Move": _move,
    "Document.RestoreVersion": _restore_version,
    "Document.SetProperty": _set_property,
    "Document.Trash": lambda call: tree.trash(call.session, call.on),
    "Document.Unlock": lambda call: call.session.unlock(call.on),
    "Document.Untrash": lambda call: tree.untrash(call.session, call.on),
    "Document.Update": _update,
    "Repository.GetDocument": lambda call: call.target("value"),
    "Repository.Query": _query,
}
"""By id."""
