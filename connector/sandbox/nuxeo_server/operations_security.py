"""Operations on ACLs, retention, legal hold and quotas (REST_CONTRACT 2.4, 5.4, 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify

from connector.sandbox.nuxeo_server.calls import Call, Operation
from connector.sandbox.nuxeo_server.errors import NuxeoError, forbidden
from connector.sandbox.nuxeo_server.marshalling import ace_id
from connector.sandbox.nuxeo_server.security import ADMINISTRATORS, EVERYONE, EVERYTHING
from connector.sandbox.nuxeo_server.store import Document

_BLOCKED = [EVERYONE, EVERYTHING, False]

Aces = list[list[Any]]


def _add_permission(call: Call) -> Document:
    for name in ("begin", "end"):
        if call.params.get(name) is not None:
            raise NuxeoError(400, f"The sandbox does not have permissions with {name}")
    users = call.params.get("users") or [call.option("username") or call.text("user")]
    granted = [[user, call.text("permission"), call.flag("grant", True)] for user in users]
    document = _change_aces(call, lambda aces: granted + aces)
    return _block(call) if call.flag("blockInheritance") else document


def _remove_permission(call: Call) -> Document:
    user, wanted = call.option("user") or call.option("username"), call.option("id")
    return _change_aces(
        call,
        lambda aces: [ace for ace in aces if ace[0] != user and ace_id(*ace) != wanted],
    )


def _block(call: Call) -> Document:
    own = [
        [call.session.principal.name, EVERYTHING, True],
        [ADMINISTRATORS, EVERYTHING, True],
    ]
    return _change_aces(call, lambda aces: aces if _BLOCKED in aces else [*aces, *own, _BLOCKED])


def _unblock(call: Call) -> Document:
    return _change_aces(call, lambda aces: [ace for ace in aces if ace != _BLOCKED])


def _change_aces(call: Call, change: Callable[[Aces], Aces]) -> Document:
    call.session.require(call.on, "WriteSecurity")

    def apply(document: Document) -> None:
        document.aces = change(document.aces)

    return call.session.change(call.on, "documentSecurityUpdated", apply)


def _make_record(call: Call) -> Document:
    return _mark(call, "MakeRecord", is_record=True)


def _retain(call: Call) -> Document:
    return _mark(call, "SetRetention", is_record=True, retain_until=call.text("until"))


def _hold(call: Call) -> Document:
    return _mark(call, "ManageLegalHold", is_record=True, has_legal_hold=True)


def _unhold(call: Call) -> Document:
    return _mark(call, "ManageLegalHold", has_legal_hold=False)


def _mark(call: Call, permission: str, **changes: Any) -> Document:
    call.session.require(call.on, permission)

    def apply(document: Document) -> None:
        for name, value in changes.items():
            setattr(document, name, value)

    return call.session.change(call.on, None, apply)


def _set_max_size(call: Call) -> Response:
    """The most that may be below a document, in bytes; -1 for no limit."""
    if not call.session.principal.is_administrator:
        raise forbidden("Quotas.SetMaxSize", call.session.principal.name)
    size = call.params.get("targetSize")
    if not isinstance(size, int):
        raise NuxeoError(400, "targetSize is required")

    def apply(document: Document) -> None:
        document.max_size = size

    call.session.change(call.on, None, apply)
    return jsonify({"entity-type": "number", "value": size})


SECURITY: Mapping[str, Operation] = {
    "Document.AddPermission": _add_permission,
    "Document.BlockPermissionInheritance": _block,
    "Document.Hold": _hold,
    "Document.MakeRecord": _make_record,
    "Document.RemovePermission": _remove_permission,
    "Document.SetRetentionDate": _retain,
    "Document.UnblockPermissionInheritance": _unblock,
    "Document.Unhold": _unhold,
    "Quotas.SetMaxSize": _set_max_size,
}
"""By id. The names of those that hold and retain are the sandbox's own."""
