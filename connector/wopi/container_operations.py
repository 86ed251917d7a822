"""What each WOPI operation on a container does, apart from HTTP.

A container is a folderish document; its name is its title. Its children are the folderish documents
in it and those that have a main file, as far as the user may read them and they are not in the
trash. Anything else in a folder, such as a note, is nothing that an office client could open.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from connector.file_reference import MAIN_FILE_XPATH, DocumentReference, FileReference
from connector.links import Links
from connector.lock_store.base import LockStore
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.folders import Folder
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.wopi import filenames, targets
from connector.wopi.access_token import AccessToken
from connector.wopi.body import Bodies
from connector.wopi.container_info import SHARE_URL_TYPES, ContainerInfos, may
from connector.wopi.errors import LockMismatch, NotFound, NotImplementedOperation
from connector.wopi.file_id import encode
from connector.wopi.file_info import wopi_time
from connector.wopi.free_names import free_name
from connector.wopi.handout import Handout
from connector.wopi.new_files import NewFiles, Wish
from connector.wopi.opened import OpenContainer
from connector.wopi.operations import nuxeo_errors
from connector.wopi.targets import IllegalName, NameTaken, Target
from connector.wopi.versions import Versions

_log = logging.getLogger(__name__)

MAX_CHILDREN = 20_000
"""How many children of a folder are listed at the most."""


class ContainerOperations:
    """The operations on containers, but for those that walk up the tree.

    Args:
        gateway: Nuxeo.
        store: for critical sections.
        versions: of contents.
        new_files: makes files.
        bodies: makes a body of none.
        infos: says what a container is.
        handout: makes URLs.
        links: makes URLs.
        instance: the prefix of this installation's ids.
    """

    def __init__(
        self,
        gateway: NuxeoGateway,
        store: LockStore,
        versions: Versions,
        new_files: NewFiles,
        bodies: Bodies,
        infos: ContainerInfos,
        handout: Handout,
        links: Links,
        instance: str,
    ) -> None:
        self._gateway = gateway
        self._store = store
        self._versions = versions
        self._new_files = new_files
        self._bodies = bodies
        self._infos = infos
        self._handout = handout
        self._links = links
        self._instance = instance

    def check_container_info(self, container: OpenContainer) -> dict[str, Any]:
        """CheckContainerInfo: one call to Nuxeo.

        Raises:
            NotFound: no such container for this user.
        """
        with nuxeo_errors():
            return self._infos.info(container.token, self._read(container))

    def create_child_container(self, container: OpenContainer, target: Target) -> dict[str, Any]:
        """CreateChildContainer: three calls to Nuxeo.

        Raises:
            IllegalName, NameTaken: in specific mode.
            NotFound: no such container, or no right to make one in it.
        """
        with nuxeo_errors(), self._section(container.reference):
            folder = self._read(container)
            folder_type = folder.folder_type
            if folder_type is None or not may(container.token, folder.document, "AddChildren"):
                raise NotFound("no right to make a folder there")
            try:
                wanted = targets.container_name(target)
            except IllegalName as error:
                raise error.with_valid(self._free_name(container, error.legal)) from None
            name = self._free_name(container, wanted)
            if target.is_exact and name != wanted:
                raise NameTaken(name)
            made = self._gateway.folders.create_folder(
                container.reference, folder_type, name, container.user
            )
        return self._infos.pointer_and_info(container.token, made)

    def create_child_file(self, container: OpenContainer, target: Target) -> dict[str, str]:
        """CreateChildFile: a file of no bytes, in six calls to Nuxeo; seven to overwrite one.

        Raises:
            IllegalName, NameTaken: in specific mode.
            LockMismatch: the file to overwrite is locked.
            NotImplementedOperation: the user may not overwrite it.
            NotFound: no such container, or no right to make a file in it.
        """
        with nuxeo_errors():
            folder = self._read(container)
        if folder.file_type is None or not may(container.token, folder.document, "AddChildren"):
            raise NotFound("no right to make a file there")
        wish = Wish(
            parent=container.reference,
            target=target,
            source="Document",
            document_type=folder.file_type,
            may_empty=True,
            is_quick=True,
        )
        with self._bodies.received(_Nothing(), 0) as content, nuxeo_errors():
            made = self._new_files.put(container.token, wish, content)
        return self._handout.new_file(container.token, made.reference, made.name)

    def delete_container(self, container: OpenContainer) -> None:
        """DeleteContainer: into the trash, if nothing is in it; three calls to Nuxeo.

        What the user may not read does not count: only another identity could see it. It goes with
        the folder, as it does when the folder is deleted in Nuxeo, and comes back with it.

        Raises:
            LockMismatch: it has children.
            NotFound: no such container, or no right to delete it.
        """
        with nuxeo_errors(), self._section(container.reference):
            folder = self._read(container)
            if (
                not may(container.token, folder.document, "Remove")
                or folder.document.parent_uid is None
            ):
                raise NotFound("no right to delete the folder")
            if self._gateway.folders.has_children(container.reference, container.user):
                raise LockMismatch("", "the folder is not empty")
            self._gateway.folders.trash(container.reference, container.user)

    def rename_container(self, container: OpenContainer, requested: str) -> str:
        """RenameContainer: three calls to Nuxeo. Returns the name it then has.

        Raises:
            IllegalName: nothing may be called so.
            NameTaken: a container beside it is called so.
            NotFound: no such container, or no right to rename it.
        """
        name = targets.container_name(Target(requested, is_exact=True))
        with nuxeo_errors():
            document = self._read(container).document
            if not may(container.token, document, "WriteProperties"):
                raise NotFound("no right to rename the folder")
            if document.parent_uid is None:
                raise NotFound("the root has no name to change")
            parent = DocumentReference(document.repository, document.parent_uid)
            folders = self._gateway.folders
            with self._section(parent):
                same = folders.folders_named(parent, [name], container.user)
                if any(other.uid != document.uid for other in same):
                    raise NameTaken
                folders.set_title(container.reference, name, container.user)
        return name

    def enumerate_children(
        self, container: OpenContainer, extensions: Collection[str] | None
    ) -> dict[str, Any]:
        """EnumerateChildren: two calls to Nuxeo for up to a thousand children, one a thousand more.

        WOPI has no pages. Of a folder with more than :data:`MAX_CHILDREN` no more than that are
        listed, so that no folder can keep the connector busy for minutes or fill its memory.

        Args:
            container: which.
            extensions: of the files that are wanted, in lower case with a dot; ``None`` for all.

        Raises:
            NotFound: no such container for this user.
        """
        with nuxeo_errors():
            self._read(container)
            found = self._gateway.folders.children(container.reference, container.user)
            children = list(islice(found, MAX_CHILDREN))
            if next(found, None) is not None:
                _log.warning(
                    "%s has more than %s children: the others are not listed",
                    container.reference.document_key,
                    MAX_CHILDREN,
                )
            files = self._child_files(children, extensions)
            versions = self._versions.of_blobs(
                [(file.file_id, file.document, file.blob) for file in files]
            )
        folders = sorted((child for child in children if child.is_folderish), key=_by_title)
        return {
            "ChildContainers": [
                self._infos.pointer(
                    container.token,
                    DocumentReference(folder.repository, folder.uid),
                    folder.title,
                )
                for folder in folders
            ],
            "ChildFiles": [
                self._child_file(container.token, file, version)
                for file, version in zip(files, versions, strict=True)
            ],
        }

    def share_url(self, container: OpenContainer, url_type: str) -> str:
        """GetShareUrl: the folder's page in Nuxeo, which shows everybody what they may do there.

        One call to Nuxeo.

        Raises:
            NotImplementedOperation: a type that there is not.
            NotFound: no such container for this user.
        """
        if url_type not in SHARE_URL_TYPES:
            raise NotImplementedOperation("X-WOPI-UrlType is none that this host has")
        with nuxeo_errors():
            document = self._read(container).document
        return self._links.document(document.repository, document.uid)

    def _read(self, container: OpenContainer) -> Folder:
        folder = self._gateway.folders.get(container.reference, container.user)
        if not folder.document.is_folderish or folder.document.is_in_trash:
            raise NotFound("the document is no folder, or is in the trash")
        return folder

    def _section(self, reference: DocumentReference) -> AbstractContextManager[None]:
        return self._store.critical_section(reference.document_key)

    def _free_name(self, container: OpenContainer, name: str) -> str:
        def taken(names: Sequence[str]) -> Collection[str]:
            found = self._gateway.folders.folders_named(container.reference, names, container.user)
            return {document.title for document in found}

        return free_name(name, taken)

    def _child_files(
        self, children: Iterable[Document], extensions: Collection[str] | None
    ) -> list[_ChildFile]:
        found = []
        for child in children:
            blob = None if child.is_folderish else child.blob(MAIN_FILE_XPATH)
            if blob is None:
                continue
            if extensions is not None and filenames.extension(blob.name).lower() not in extensions:
                continue
            reference = DocumentReference(child.repository, child.uid).file()
            file_id = encode(reference, self._instance)
            found.append(_ChildFile(reference, file_id, child, blob))
        return sorted(found, key=lambda file: (file.blob.name.casefold(), file.file_id))

    def _child_file(self, caller: AccessToken, file: _ChildFile, version: str) -> dict[str, Any]:
        told = {
            "Name": file.blob.name,
            "Url": self._handout.file(caller, file.reference),
            "Version": version,
            "Size": file.blob.length,
        }
        modified = wopi_time(file.document.last_modified)
        return told | {"LastModifiedTime": modified} if modified else told


@dataclass(frozen=True)
class _ChildFile:
    reference: FileReference
    file_id: str
    document: Document
    blob: Blob


class _Nothing:
    """A body of no bytes."""

    def read(self, _size: int, /) -> bytes:
        """Nothing."""
        return b""


def _by_title(document: Document) -> tuple[str, str]:
    return document.title.casefold(), document.uid
