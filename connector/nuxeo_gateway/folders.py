"""Folders and what is in them (REST_CONTRACT 2.4, 7, 8).

Nuxeo never refuses a document for its title or the name of its file, and lists at most a page of a
folder at a time. Whether a name is taken is asked by query, which costs one call however large the
folder is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.file_reference import MAIN_FILE_XPATH, DocumentReference
from connector.nuxeo_gateway.blobs import UploadedBlob
from connector.nuxeo_gateway.documents import (
    Document,
    document_path,
    parse_document,
    shape_headers,
)
from connector.nuxeo_gateway.errors import NuxeoFailed
from connector.nuxeo_gateway.nxql import literal, select
from connector.nuxeo_gateway.session import NuxeoSession, json_object, segment

_FOLDERISH = "Folderish"
_PAGE = 1000
"""The most that Nuxeo lists at once."""

_IS_ALIVE = ("ecm:isTrashed = 0", "ecm:isVersion = 0")
_IS_FOLDERISH = f"ecm:mixinType = '{_FOLDERISH}'"


@dataclass(frozen=True)
class Folder:
    """A document that may have children, and what Nuxeo allows below it.

    ``subtypes`` are the types of documents that its type may contain, each with its facets. Nuxeo's
    REST API does not hold anybody to them, its user interface does.
    """

    document: Document
    subtypes: Mapping[str, frozenset[str]]

    @property
    def reference(self) -> DocumentReference:
        """Which document it is."""
        return DocumentReference(self.document.repository, self.document.uid)

    @property
    def file_type(self) -> str | None:
        """The type of a new document with a file; ``None`` if there are none here."""
        return "File" if "File" in self.subtypes else None

    @property
    def folder_type(self) -> str | None:
        """The type of a new folder; ``None`` if there are none here."""
        folderish = [name for name, facets in self.subtypes.items() if _FOLDERISH in facets]
        for usual in ("Folder", "Workspace"):
            if usual in folderish:
                return usual
        return folderish[0] if folderish else None


class Folders:
    """Reads and changes folders."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def get(self, reference: DocumentReference, user: str) -> Folder:
        """A folder as ``user`` sees it, with its ancestors: one call.

        A document that is no folder is read as one that may contain nothing.

        Raises:
            NuxeoNotFound, NuxeoForbidden: none, or none for this user.
            GatewayError: Nuxeo did not answer as expected.
        """
        response = self._session.call(
            "GET", document_path(reference), user=user, headers=_folder_headers()
        )
        return _folder(json_object(response))

    def by_path(self, repository: str, path: str, user: str) -> Folder:
        """The folder at ``path``: one call.

        Raises:
            GatewayError: as :meth:`get`.
        """
        segments = "/".join(segment(part) for part in path.strip("/").split("/"))
        response = self._session.call(
            "GET",
            f"api/v1/repo/{segment(repository)}/path/{segments}",
            user=user,
            headers=_folder_headers(),
        )
        return _folder(json_object(response))

    def topmost(self, repository: str, user: str) -> Folder | None:
        """The first folder, by path, above which ``user`` may read none: one call.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        query = select(_IS_FOLDERISH, *_IS_ALIVE, "ecm:isProxy = 0", order="ecm:path")
        entries = self._query(repository, query, user, _folder_headers(), limit=1)
        return _folder(entries[0]) if entries else None

    def children(self, reference: DocumentReference, user: str) -> Iterator[Document]:
        """All children that ``user`` may see, but for those in the trash: one call a thousand.

        Raises:
            GatewayError: as :meth:`get`, while they are being read.
        """
        page = 0
        while True:
            listed = self._page(reference, user, _PAGE, page, shape_headers(MAIN_FILE_XPATH))
            yield from map(parse_document, _entries(listed))
            if not listed.get("isNextPageAvailable"):
                return
            page += 1

    def has_children(self, reference: DocumentReference, user: str) -> bool:
        """Whether ``user`` sees anything in the folder: one call.

        Raises:
            GatewayError: as :meth:`get`.
        """
        return bool(_entries(self._page(reference, user, 1, 0, {})))

    def files_named(
        self, reference: DocumentReference, names: Sequence[str], user: str
    ) -> list[Document]:
        """The children whose main file has one of these names, the oldest first: one call.

        Args:
            reference: the folder.
            names: as many as fit into one query, which ``nxql.in_one_query`` tells.
            user: sees only what they may read.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        return self._named(reference, f"{MAIN_FILE_XPATH}/name", names, user)

    def folders_named(
        self, reference: DocumentReference, names: Sequence[str], user: str
    ) -> list[Document]:
        """The child folders with one of these titles: as :meth:`files_named`."""
        return self._named(reference, "dc:title", names, user, _IS_FOLDERISH)

    def create_file(
        self,
        parent: DocumentReference,
        document_type: str,
        title: str,
        uploaded: UploadedBlob,
        user: str,
    ) -> Document:
        """A new document with an uploaded main file: one call. The upload is gone afterwards.

        Whoever calls looks whether the answer has the file: Nuxeo answers 201 also when the upload
        had gone (REST_CONTRACT 5.1).

        Raises:
            NuxeoForbidden: the user may not create anything there.
            GatewayError: Nuxeo did not answer as expected; there may be a new document.
        """
        # The file id must be text (REST_CONTRACT 4).
        blob = {"upload-batch": uploaded.batch_id, "upload-fileId": "0"}
        headers = {**shape_headers(MAIN_FILE_XPATH), "enrichers-document": "permissions"}
        properties = {"dc:title": title, MAIN_FILE_XPATH: blob}
        return parse_document(self._create(parent, document_type, title, properties, user, headers))

    def create_folder(
        self, parent: DocumentReference, document_type: str, title: str, user: str
    ) -> Folder:
        """A new folder: one call.

        Raises:
            GatewayError: as :meth:`create_file`.
        """
        properties = {"dc:title": title}
        created = self._create(parent, document_type, title, properties, user, _folder_headers())
        return _folder(created)

    def set_title(self, reference: DocumentReference, title: str, user: str) -> None:
        """Give a document another title: one call.

        Raises:
            NuxeoForbidden: the user may not write it.
            GatewayError: Nuxeo did not answer as expected.
        """
        body = {"entity-type": "document", "properties": {"dc:title": title}}
        self._session.call("PUT", document_path(reference), user=user, data=body)

    def trash(self, reference: DocumentReference, user: str) -> None:
        """Put a document with everything below it into the trash: one call.

        Raises:
            NuxeoForbidden: the user may not remove it.
            GatewayError: Nuxeo did not answer as expected.
        """
        self._session.call(
            "POST",
            f"{document_path(reference)}/@op/Document.Trash",
            user=user,
            headers={"X-NXVoidOperation": "true"},
            data={"params": {}},
        )

    def remove(self, reference: DocumentReference, user: str) -> None:
        """Remove a document for good: one call. For one that has just been made and is wrong.

        Raises:
            GatewayError: Nuxeo did not answer as expected.
        """
        self._session.call("DELETE", document_path(reference), user=user)

    def _create(
        self,
        parent: DocumentReference,
        document_type: str,
        name: str,
        properties: Mapping[str, Any],
        user: str,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        body = {
            "entity-type": "document",
            "type": document_type,
            # Nuxeo makes a path segment of it, cut and made unique (REST_CONTRACT 8).
            "name": name,
            "properties": properties,
        }
        response = self._session.call(
            "POST", document_path(parent), user=user, headers=headers, data=body
        )
        return json_object(response)

    def _named(
        self,
        reference: DocumentReference,
        field: str,
        names: Sequence[str],
        user: str,
        *further: str,
    ) -> list[Document]:
        wanted = ", ".join(map(literal, names))
        parent = f"ecm:parentId = {literal(reference.document_id)}"
        is_one = f"{field} IN ({wanted})"
        query = select(parent, *_IS_ALIVE, *further, is_one, order="dc:created")
        headers = {**shape_headers(MAIN_FILE_XPATH), "enrichers-document": "permissions"}
        entries = self._query(reference.repository, query, user, headers, limit=_PAGE)
        return [parse_document(entry) for entry in entries]

    def _query(
        self, repository: str, query: str, user: str, headers: Mapping[str, str], *, limit: int
    ) -> list[dict[str, Any]]:
        response = self._session.call(
            "GET",
            f"api/v1/repo/{segment(repository)}/query?query={quote(query, safe='')}"
            f"&pageSize={limit}",
            user=user,
            headers=headers,
        )
        return _entries(json_object(response))

    def _page(
        self,
        reference: DocumentReference,
        user: str,
        size: int,
        number: int,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        response = self._session.call(
            "GET",
            f"{document_path(reference)}/@children?pageSize={size}&currentPageIndex={number}"
            # The usual order is by title, which is not unique: pages might overlap.
            "&sortBy=ecm:uuid&sortOrder=asc",
            user=user,
            headers=headers,
        )
        return json_object(response)


def _folder_headers() -> dict[str, str]:
    return {
        **shape_headers(MAIN_FILE_XPATH),
        "enrichers-document": "permissions,subtypes,breadcrumb",
    }


def _folder(value: Mapping[str, Any]) -> Folder:
    context = value.get("contextParameters") or {}
    subtypes = {
        str(entry.get("type")): frozenset(map(str, entry.get("facets") or ()))
        for entry in context.get("subtypes") or ()
        if isinstance(entry, Mapping)
    }
    return Folder(parse_document(value), subtypes)


def _entries(listed: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = listed.get("entries")
    if not isinstance(entries, list):
        raise NuxeoFailed("Nuxeo answered with something that is no list of documents")
    return entries
