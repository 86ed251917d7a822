"""Documents as the connector sees them, and the one call that reads one."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from connector.file_reference import DocumentReference, FileReference
from connector.nuxeo_gateway.errors import NuxeoFailed
from connector.nuxeo_gateway.session import NuxeoSession, json_object, segment

_CHANGE_TOKEN = re.compile(r"([0-9]{1,18})(?:-[0-9]+)?")
# Those that the standard library may not know.
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_EXTENSIONS = {
    f"{_OPEN_XML}.wordprocessingml.document": ".docx",
    f"{_OPEN_XML}.spreadsheetml.sheet": ".xlsx",
    f"{_OPEN_XML}.presentationml.presentation": ".pptx",
}
_USUAL_SCHEMAS = frozenset({"file", "files"})


@dataclass(frozen=True)
class Blob:
    """What Nuxeo says of a blob (REST_CONTRACT 3.1).

    ``digest`` and ``digest_algorithm`` are ``None`` where the storage knows none; ``length`` is in
    bytes.
    """

    name: str
    mime_type: str
    digest: str | None
    digest_algorithm: str | None
    length: int


@dataclass(frozen=True)
class Ancestor:
    """A folder above a document that the user may read, and what they may do there."""

    uid: str
    title: str
    path: str = ""
    permissions: frozenset[str] = frozenset()
    is_trashed: bool = False


@dataclass(frozen=True)
class Document:
    """A document, read as a user (REST_CONTRACT 2.2).

    ``permissions`` are that user's, Nuxeo's lock taken into account; ``last_modified`` is ISO 8601
    as Nuxeo wrote it; ``properties`` is the raw JSON; ``is_checked_out`` is false as long as the
    document is what its last version is.
    """

    repository: str
    uid: str
    path: str
    title: str
    change_token: str | None
    is_trashed: bool
    is_version: bool
    is_proxy: bool
    is_record: bool
    is_under_retention_or_legal_hold: bool
    lock_owner: str | None
    last_modified: str | None
    creator: str
    last_contributor: str
    permissions: frozenset[str]
    ancestors: tuple[Ancestor, ...]
    properties: Mapping[str, Any] = field(repr=False)
    type: str = "File"
    facets: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset()
    parent_uid: str | None = None
    is_checked_out: bool = True

    @property
    def is_in_trash(self) -> bool:
        """Whether it was deleted, or a folder above it, as far as it was read with ancestors."""
        return self.is_trashed or any(folder.is_trashed for folder in self.ancestors)

    @property
    def modified_at(self) -> float | None:
        """When it was last changed, in seconds since the epoch by Nuxeo's clock, if known."""
        try:
            moment = datetime.fromisoformat(self.last_modified or "")
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    @property
    def is_folderish(self) -> bool:
        """Whether it may have children."""
        return "Folderish" in self.facets

    @property
    def is_versionable(self) -> bool:
        """Whether Nuxeo keeps versions of it."""
        return "Versionable" in self.facets

    def blob(self, xpath: str) -> Blob | None:
        """The blob at ``xpath``, or ``None`` if there is none. One without a name gets one."""
        blob = parse_blob(value_at(self.properties, xpath))
        if blob is None or blob.name:
            return blob
        extension = _EXTENSIONS.get(blob.mime_type) or mimetypes.guess_extension(blob.mime_type)
        return replace(blob, name=f"{self.title or 'document'}{extension or ''}")

    def neighbours(self, xpath: str) -> dict[str, Blob]:
        """All blobs of the list that ``xpath`` points into, by their xpaths; empty without one."""
        root, slash, rest = xpath.partition("/")
        items = self.properties.get(root)
        if not slash or not isinstance(items, list):
            return {}
        inner = rest.partition("/")[2]
        xpaths = [
            f"{root}/{index}/{inner}" if inner else f"{root}/{index}" for index in range(len(items))
        ]
        found = {each: self.blob(each) for each in xpaths}
        return {each: blob for each, blob in found.items() if blob is not None}

    @property
    def change_order(self) -> int | None:
        """A number that grows with every change of the document, if its token has one.

        The system part of the change token, which background work moves too (REST_CONTRACT 5.3).
        """
        match = _CHANGE_TOKEN.fullmatch(self.change_token or "")
        return int(match[1]) if match else None


class Documents:
    """Reads documents."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def get(self, reference: FileReference, user: str, *, with_ancestors: bool = False) -> Document:
        """The document of ``reference`` as ``user`` sees it: one call.

        With ancestors, it comes with the folders above it, and what the user may do in them.

        Raises:
            NuxeoNotFound: there is none.
            NuxeoForbidden: the user may not read it.
            GatewayError: Nuxeo did not answer as expected.
        """
        headers = {**shape_headers(reference.xpath), "enrichers-document": "permissions"}
        if with_ancestors:
            # At this depth, the folders of the breadcrumb are written with their permissions too.
            headers |= {"enrichers-document": "permissions,breadcrumb", "depth": "children"}
        response = self._session.call("GET", document_path(reference), user=user, headers=headers)
        return parse_document(json_object(response))

    def check_in(
        self, reference: FileReference, user: str, *, is_major: bool = False, comment: str = ""
    ) -> None:
        """Archive the document as it is, as a version: one call (REST_CONTRACT 8).

        It changes no property, as ``Document.CreateVersion`` does, which saves the document and so
        makes the user its last contributor. A document that is not checked out is a version
        already, and nothing is done.

        Args:
            reference: a file of the document.
            user: as whom.
            is_major: whether the first part of the version's number is to grow.
            comment: for the version and the audit.

        Raises:
            NuxeoForbidden: the user may not write the document.
            GatewayError: Nuxeo did not answer as expected.
        """
        self._session.call(
            "POST",
            f"{document_path(reference)}/@op/Document.CheckIn",
            user=user,
            headers={"X-NXVoidOperation": "true"},
            data={"params": {"version": "major" if is_major else "minor", "comment": comment}},
        )

    def uid_of_path(self, repository: str, path: str, user: str) -> str:
        """The uid of the document at ``path``, as ``user``.

        Raises:
            GatewayError: as :meth:`get`.
        """
        segments = "/".join(segment(part) for part in path.strip("/").split("/"))
        response = self._session.call(
            "GET", f"api/v1/repo/{segment(repository)}/path/{segments}", user=user
        )
        return str(json_object(response)["uid"])


def document_path(reference: FileReference | DocumentReference) -> str:
    """Where the document is in the REST API."""
    repository, uid = segment(reference.repository), segment(reference.document_id)
    return f"api/v1/repo/{repository}/id/{uid}"


def shape_headers(xpath: str) -> dict[str, str]:
    """Headers that have Nuxeo write the lock and the schema of ``xpath`` into a document."""
    schema = xpath.partition(":")[0]
    schemas = "file,files" if schema in _USUAL_SCHEMAS else "*"
    return {"X-NXproperties": schemas, "fetch-document": "lock"}


def parse_document(value: Mapping[str, Any]) -> Document:
    """A document out of Nuxeo's JSON.

    Raises:
        NuxeoFailed: if it is no document.
    """
    if value.get("entity-type") != "document" or not isinstance(value.get("uid"), str):
        raise NuxeoFailed("Nuxeo answered with something that is no document")
    properties: Mapping[str, Any] = value.get("properties") or {}
    context: Mapping[str, Any] = value.get("contextParameters") or {}
    uid = value["uid"]
    return Document(
        repository=str(value.get("repository", "")),
        uid=uid,
        path=str(value.get("path", "")),
        title=str(value.get("title") or ""),
        change_token=value.get("changeToken"),
        is_trashed=bool(value.get("isTrashed")),
        is_version=bool(value.get("isVersion")),
        is_proxy=bool(value.get("isProxy")),
        is_record=bool(value.get("isRecord")),
        is_under_retention_or_legal_hold=bool(
            value.get("isUnderRetentionOrLegalHold") or value.get("hasLegalHold")
        ),
        lock_owner=value.get("lockOwner"),
        last_modified=properties.get("dc:modified") or value.get("lastModified"),
        creator=_name(properties.get("dc:creator")),
        last_contributor=_name(properties.get("dc:lastContributor")),
        permissions=frozenset(context.get("permissions") or ()),
        ancestors=tuple(_ancestors(context.get("breadcrumb"), uid)),
        properties=properties,
        type=str(value.get("type") or ""),
        facets=frozenset(map(str, value.get("facets") or ())),
        schemas=frozenset(_schema_names(value.get("schemas"))),
        parent_uid=_parent_uid(value.get("parentRef")),
        is_checked_out=value.get("isCheckedOut") is not False,
    )


def parse_blob(value: object) -> Blob | None:
    """A blob out of Nuxeo's JSON; ``None`` if it is none."""
    if not isinstance(value, Mapping) or "data" not in value:
        return None
    try:
        length = int(value.get("length") or 0)
    except (TypeError, ValueError):
        return None
    return Blob(
        name=str(value.get("name") or ""),
        mime_type=str(value.get("mime-type") or "application/octet-stream"),
        digest=value.get("digest"),
        digest_algorithm=value.get("digestAlgorithm"),
        length=length,
    )


def value_at(properties: Mapping[str, Any], xpath: str) -> object:
    """What stands at ``xpath`` in a document's properties; ``None`` if nothing does."""
    name, *steps = xpath.split("/")
    value: object = properties.get(name)
    for step in steps:
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return None
    return value


def _ancestors(breadcrumb: object, uid: str) -> Iterable[Ancestor]:
    if isinstance(breadcrumb, Mapping):
        for entry in breadcrumb.get("entries") or ():
            if entry.get("uid") != uid:
                context = entry.get("contextParameters") or {}
                yield Ancestor(
                    str(entry.get("uid")),
                    str(entry.get("title") or ""),
                    str(entry.get("path") or ""),
                    frozenset(context.get("permissions") or ()),
                    bool(entry.get("isTrashed")),
                )


def _schema_names(schemas: object) -> Iterable[str]:
    for schema in schemas if isinstance(schemas, list) else ():
        if isinstance(schema, Mapping):
            yield str(schema.get("name"))


def _parent_uid(reference: object) -> str | None:
    """The parent's uid; documents without a place, such as versions, have a path or nothing."""
    is_uid = isinstance(reference, str) and "/" not in reference
    return str(reference) if is_uid else None


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""
