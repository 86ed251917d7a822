"""Where documents are: creating, copying, moving, trashing, deleting (REST_CONTRACT 8)."""

from __future__ import annotations

import copy as copying
import uuid
from dataclasses import replace
from typing import Any

from connector.sandbox.nuxeo_server import names, quota, versioning
from connector.sandbox.nuxeo_server.doctypes import empty_properties
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.mime_types import recognised
from connector.sandbox.nuxeo_server.session import Session, now
from connector.sandbox.nuxeo_server.store import Document


def create(
    session: Session, parent: Document, name: str, type_name: str, properties: dict[str, Any]
) -> Document:
    """A new document of a type that there is; its name is cut and made unique."""
    session.require(parent, "AddChildren")
    with session.store.writing():
        moment = now()
        document = Document(
            uid=str(uuid.uuid4()),
            parent_uid=parent.uid,
            name=names.free_name(session.store, parent.uid, names.path_segment(name)),
            type=type_name,
            properties=empty_properties(type_name) | recognised(properties),
        )
        document.properties |= {
            "dc:created": moment,
            "dc:modified": moment,
            "dc:creator": session.principal.name,
            "dc:lastContributor": session.principal.name,
            "dc:contributors": [session.principal.name],
        }
        quota.check(session.store, document, {}, "documentCreated")
        session.store.put(document)
        session.log(document, "documentCreated")
    return document


def trash(session: Session, document: Document) -> Document:
    """Put into the trash, under another name: a move within the folder, with a move's rights."""
    _require_removal(session, document)
    parent = session.store.get(document.parent_uid or "")
    if parent is not None:
        session.require(parent, "AddChildren")

    def change(current: Document) -> None:
        if not current.is_trashed:
            current.is_trashed = True
            current.name = names.trashed_name(current.name)

    return session.change(document, "documentTrashed", change)


def untrash(session: Session, document: Document) -> Document:
    """Take out of the trash."""
    session.require(document, "WriteLifeCycle")

    def change(current: Document) -> None:
        if current.is_trashed:
            current.is_trashed = False
            name = names.untrashed_name(current.name)
            current.name = names.free_name(session.store, current.parent_uid or "", name)

    return session.change(document, "documentUntrashed", change)


def delete(session: Session, document: Document) -> None:
    """Remove for good."""
    _require_removal(session, document)
    with session.store.writing():
        session.store.delete(document.uid)


def move(session: Session, document: Document, target: Document, name: str | None) -> Document:
    """Put under another parent, another name, or both."""
    session.require(target, "AddChildren")
    _require_removal(session, document)
    _require_outside(session, document, target)

    def change(current: Document) -> None:
        wanted = name or current.name
        if (target.uid, wanted) != (current.parent_uid, current.name):
            current.name = names.free_name(session.store, target.uid, wanted)
        current.parent_uid = target.uid

    return session.change(document, "documentMoved", change)


def copy(session: Session, document: Document, target: Document, name: str | None) -> Document:
    """A copy with everything below it, but for locks and versions."""
    session.require(target, "AddChildren")
    _require_outside(session, document, target)
    with session.store.writing():
        twin = replace(
            copying.deepcopy(document),
            uid=str(uuid.uuid4()),
            parent_uid=target.uid,
            name=names.free_name(session.store, target.uid, name or document.name),
            lock_owner=None,
            lock_created=None,
            system_token=1,
            user_token=0,
            is_version=False,
            series_uid=None,
            is_record=False,
            retain_until=None,
            has_legal_hold=False,
        )
        versioning.forget_versions(twin)
        session.store.put(twin)
        for child in session.children(document):
            copy(session, child, twin, None)
        session.log(twin, "documentCreatedByCopy")
    return twin


def create_proxy(session: Session, document: Document, target: Document) -> Document:
    """A live proxy: another place where a document is seen."""
    session.require(target, "AddChildren")
    with session.store.writing():
        proxy = Document(
            uid=str(uuid.uuid4()),
            parent_uid=target.uid,
            name=names.free_name(session.store, target.uid, document.name),
            type=document.type,
            properties={},
            target_uid=document.target_uid or document.uid,
        )
        session.store.put(proxy)
        session.log(proxy, "documentProxyPublished")
    return session.get(proxy.uid)


def _require_removal(session: Session, document: Document) -> None:
    session.require(document, "Remove")
    parent = session.store.get(document.parent_uid or "")
    if parent is not None:
        session.require(parent, "RemoveChildren")


def _require_outside(session: Session, document: Document, target: Document) -> None:
    if any(ancestor.uid == document.uid for ancestor in session.lineage(target)):
        raise NuxeoError(400, f"{document.uid} cannot be put into itself")
