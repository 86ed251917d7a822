"""Documents, blobs, users and lists as the REST API writes them (REST_CONTRACT 2, 3.1, 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from connector.sandbox.nuxeo_server.auth import GROUPS, USERS
from connector.sandbox.nuxeo_server.doctypes import BLOBS, SCHEMAS, TYPES
from connector.sandbox.nuxeo_server.security import ADMINISTRATORS
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document, Store


@dataclass(frozen=True)
class Wanted:
    """What a request asked to be written.

    Attributes:
        base: the server's own address for this request, with a slash at the end.
        schemas: names of schemas; ``*`` for all.
        enrichers: names.
        fetch: names.
        depth: how many levels of documents within documents get schemas and enrichers too.
    """

    base: str
    schemas: frozenset[str] = frozenset()
    enrichers: frozenset[str] = frozenset()
    fetch: frozenset[str] = frozenset()
    depth: int = 0

    def deeper(self) -> Wanted:
        """What is wanted of documents within documents."""
        if self.depth > 0:
            return replace(self, depth=self.depth - 1)
        return Wanted(self.base, fetch=self.fetch)


def document_json(document: Document, session: Session, wanted: Wanted) -> dict[str, Any]:
    """A document."""
    kind = TYPES[document.type]
    body: dict[str, Any] = {
        "entity-type": "document",
        "repository": "default",
        "uid": document.uid,
        "path": session.path(document),
        "type": document.type,
        "state": document.state,
        "parentRef": document.parent_uid,
        "isCheckedOut": document.is_checked_out,
        "isRecord": document.is_record,
        "retainUntil": document.retain_until,
        "hasLegalHold": document.has_legal_hold,
        "isUnderRetentionOrLegalHold": document.is_under_retention_or_legal_hold,
        "isVersion": document.is_version,
        "isProxy": document.is_proxy,
        "changeToken": document.change_token,
        "isTrashed": document.is_trashed,
        "title": document.title,
        "facets": list(kind.facets),
        "schemas": [{"name": name, "prefix": SCHEMAS[name][0]} for name in kind.schemas],
    }
    if document.is_record:
        body |= {"isFlexibleRecord": False, "retainedProperties": ["file:content"]}
    if document.is_proxy:
        body["proxyTargetId"] = body["versionableId"] = document.target_uid
    if document.is_version:
        versions = session.store.versions(document.series_uid or "")
        body["versionableId"] = document.series_uid
        body["isLatestVersion"] = bool(versions) and versions[-1].uid == document.uid
        majors = [item for item in versions if item.version_label.endswith(".0")]
        body["isLatestMajorVersion"] = bool(majors) and majors[-1].uid == document.uid
    if document.properties.get("dc:modified"):
        body["lastModified"] = document.properties["dc:modified"]
    if "versionLabel" in wanted.fetch:
        body["versionLabel"] = document.label
    if "lock" in wanted.fetch and document.lock_owner:
        body["lockOwner"] = document.lock_owner
        body["lockCreated"] = document.lock_created
    if wanted.schemas:
        body["properties"] = _properties(document, session, wanted)
    context = _context(document, session, wanted)
    if context:
        body["contextParameters"] = context
    return body


def blob_json(blob: Mapping[str, Any], document: Document, xpath: str, base: str) -> dict[str, Any]:
    """A blob, with its address in this request's terms."""
    name = quote(blob.get("name") or "blob", safe="")
    url = f"{base}nxfile/default/{document.uid}/{xpath}/{name}?changeToken={document.change_token}"
    return {
        "name": blob.get("name"),
        "mime-type": blob.get("mime-type"),
        "encoding": blob.get("encoding"),
        "digestAlgorithm": "MD5",
        "digest": blob["digest"],
        "length": str(blob["length"]),
        "data": url,
        "blobUrl": url,
    }


def user_json(entry: Mapping[str, Any], label: Callable[[str], str]) -> dict[str, Any]:
    """A user; never with a password.

    Args:
        entry: of the directory.
        label: the label of a group by its name.
    """
    groups = list(entry.get("groups", ()))
    properties = {key: value for key, value in entry.items() if key != "password"}
    return {
        "entity-type": "user",
        "id": entry["username"],
        "properties": properties,
        "extendedGroups": [
            {"name": name, "label": label(name), "url": f"group/{name}"} for name in groups
        ],
        "isAdministrator": ADMINISTRATORS in groups,
        "isAnonymous": False,
    }


def group_json(entry: Mapping[str, Any], fetch: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A group."""
    name = entry["groupname"]
    body: dict[str, Any] = {
        "entity-type": "group",
        "id": name,
        "groupname": name,
        "grouplabel": entry.get("grouplabel"),
        "properties": {"groupname": name, "grouplabel": entry.get("grouplabel")},
    }
    for key in ("memberUsers", "memberGroups", "parentGroups"):
        if key in fetch:
            body[key] = list(entry.get(key, ()))
    return body


def list_json(
    kind: str,
    entries: list[dict[str, Any]],
    *,
    page: int = 0,
    size: int = 0,
    total: int | None = None,
) -> dict[str, Any]:
    """One page of a list."""
    count = len(entries) if total is None else total
    pages = -(-count // size) if size else 1
    return {
        "entity-type": kind,
        "isPaginable": True,
        "resultsCount": count,
        "pageSize": size,
        "maxPageSize": 1000,
        "resultsCountLimit": count,
        "currentPageSize": len(entries),
        "currentPageIndex": page,
        "currentPageOffset": page * size,
        "numberOfPages": pages,
        "isPreviousPageAvailable": page > 0,
        "isNextPageAvailable": page + 1 < pages,
        "isLastPageAvailable": page + 1 < pages,
        "isSortable": True,
        "hasError": False,
        "errorMessage": None,
        "totalSize": count,
        "pageIndex": page,
        "pageCount": pages,
        "entries": entries,
    }


def plain_list_json(kind: str, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """A list that has no pages."""
    return {"entity-type": kind, "totalSize": len(entries), "entries": entries}


def group_label(store: Store, name: str) -> str:
    """A group's label, or its name where there is none."""
    entry = store.entry(GROUPS, name) or {}
    return str(entry.get("grouplabel") or name)


def _properties(document: Document, session: Session, wanted: Wanted) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for schema in TYPES[document.type].schemas:
        if "*" not in wanted.schemas and schema not in wanted.schemas:
            continue
        prefix, names = SCHEMAS[schema]
        for name in names:
            key = f"{prefix}:{name}"
            value = document.properties.get(key)
            if key in BLOBS and value is not None:
                value = blob_json(value, document, key, wanted.base)
            elif key == "files:files":
                value = [
                    {
                        "file": blob_json(
                            item["file"], document, f"{key}/{index}/file", wanted.base
                        )
                        if item.get("file")
                        else None
                    }
                    for index, item in enumerate(value or ())
                ]
            elif {key, "properties"} & wanted.fetch and isinstance(value, str):
                entry = session.store.entry(USERS, value)
                if key in ("dc:creator", "dc:lastContributor") and entry:
                    value = user_json(entry, partial(group_label, session.store))
            properties[key] = value
    return properties


def _context(document: Document, session: Session, wanted: Wanted) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for name in wanted.enrichers:
        if name == "permissions":
            context[name] = session.permissions(document)
        elif name == "userVisiblePermissions":
            context[name] = ["Read", "ReadWrite", "Everything"]
        elif name == "breadcrumb":
            context[name] = _breadcrumb(document, session, wanted)
        elif name == "acls":
            context[name] = acls_json(document, session)
        elif name == "documentURL":
            context[name] = f"{wanted.base}ui/#!/doc/{document.uid}"
        elif name == "preview":
            context[name] = {"url": None}
        elif name == "renditions":
            context[name] = []
        elif name == "thumbnail":
            context[name] = {
                "url": f"{wanted.base}api/v1/repo/default/id/{document.uid}/@rendition/thumbnail"
                f"?changeToken={document.change_token}&sync=true"
            }
        elif name == "hasContent":
            context[name] = bool(session.children(document))
        elif name == "firstAccessibleAncestor":
            for ancestor in _ancestors(document, session):
                if session.has(ancestor, "Read"):
                    context[name] = document_json(ancestor, session, wanted.deeper())
                    break
        elif name == "subtypes":
            context[name] = [
                {"type": subtype, "facets": list(TYPES[subtype].facets)}
                for subtype in TYPES[document.type].subtypes
            ]
    return context


def _breadcrumb(document: Document, session: Session, wanted: Wanted) -> dict[str, Any]:
    shown = [document]
    for ancestor in _ancestors(document, session):
        if ancestor.parent_uid is None or not session.has(ancestor, "Read"):
            break
        shown.append(ancestor)
    entries = [document_json(item, session, wanted.deeper()) for item in reversed(shown)]
    return plain_list_json("documents", entries)


def _ancestors(document: Document, session: Session) -> Iterable[Document]:
    lineage = iter(session.lineage(document))
    next(lineage)
    return lineage


def ace_id(principal: str, permission: str, granted: bool) -> str:
    """By what an entry of an ACL is known."""
    return f"{principal}:{permission}:{str(granted).lower()}:::"


def acls_json(document: Document, session: Session) -> list[dict[str, Any]]:
    """The ACLs of a document: its own, then what it inherits."""
    lists = [("local", document.aces)]
    inherited = [ace for item in _ancestors(document, session) for ace in item.aces]
    lists.append(("inherited", inherited))
    return [
        {
            "name": name,
            "aces": [
                {
                    "id": ace_id(principal, permission, granted),
                    "username": principal,
                    "externalUser": False,
                    "permission": permission,
                    "granted": granted,
                    "creator": None,
                    "begin": None,
                    "end": None,
                    "status": "effective",
                }
                for principal, permission, granted in aces
            ],
        }
        for name, aces in lists
        if aces
    ]
