"""What the server's core does with documents, on behalf of one user (REST_CONTRACT 2, 5, 6, 8)."""

from __future__ import annotations

import copy
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connector.sandbox.nuxeo_server.doctypes import TYPES, empty_properties
from connector.sandbox.nuxeo_server.errors import NuxeoError, conflict, forbidden, not_found
from connector.sandbox.nuxeo_server.security import PERMISSIONS, Ace, Principal, has_permission
from connector.sandbox.nuxeo_server.store import Document, Store

_MAX_NAME = 24


def now() -> str:
    """The moment in the server's form."""
    moment = datetime.now(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class Session:
    """The repository as one user may see and change it.

    Every changing method is one transaction.
    """

    def __init__(self, store: Store, principal: Principal) -> None:
        self.store = store
        self.principal = principal

    # Reading

    def get(self, uid: str) -> Document:
        """A document by uid.

        Raises:
            NuxeoError: 404, or 403 without Read.
        """
        document = self.store.get(uid)
        if document is None:
            raise not_found(uid)
        self.require(document, "Read")
        return document

    def by_path(self, path: str) -> Document:
        """A document by path."""
        document = self.store.child(None, "")
        for name in filter(None, path.split("/")):
            document = self.store.child(document.uid, name) if document else None
        if document is None:
            raise not_found(path if path.startswith("/") else f"/{path}")
        self.require(document, "Read")
        return document

    def resolve(self, reference: str) -> Document:
        """A document by uid or absolute path."""
        return self.by_path(reference) if reference.startswith("/") else self.get(reference)

    def path(self, document: Document) -> str:
        """A document's path."""
        names = [ancestor.name for ancestor in self.lineage(document)][:-1]
        return "/" + "/".join(reversed(names))

    def lineage(self, document: Document) -> Iterator[Document]:
        """The document, its parent, and so on up to the root."""
        current: Document | None = document
        while current is not None:
            yield current
            if current.is_version and current.series_uid:
                current = self.store.get(current.series_uid)
                if current is None:
                    return
            current = self.store.get(current.parent_uid) if current.parent_uid else None

    def children(self, document: Document) -> list[Document]:
        """The children that the user may see, without trashed ones."""
        return [
            child
            for child in self.store.children(document.uid)
            if not child.is_trashed and self.has(child, "Read")
        ]

    # Permissions

    def has(self, document: Document, permission: str) -> bool:
        """Whether the user has a permission, lock policy included."""
        aces = [Ace(*ace) for ancestor in self.lineage(document) for ace in ancestor.aces]
        target = self._live(document)
        return has_permission(self.principal, permission, aces, target.lock_owner)

    def permissions(self, document: Document) -> list[str]:
        """All permissions that the user has."""
        return [name for name in PERMISSIONS if self.has(document, name)]

    def require(self, document: Document, permission: str) -> None:
        """Refuse without a permission."""
        if not self.has(document, permission):
            raise forbidden(permission, self.principal.name)

    # Changing

    def create(
        self, parent: Document, name: str, type_name: str, properties: dict[str, Any]
    ) -> Document:
        """A new document; its name is cut and made unique as the server does."""
        if type_name not in TYPES:
            raise NuxeoError(400, f"Type: {type_name} does not exist")
        self.require(parent, "AddChildren")
        with self.store.writing():
            moment = now()
            document = Document(
                uid=str(uuid.uuid4()),
                parent_uid=parent.uid,
                name=self._free_name(parent, name),
                type=type_name,
                properties=empty_properties(type_name) | properties,
            )
            document.properties |= {
                "dc:created": moment,
                "dc:modified": moment,
                "dc:creator": self.principal.name,
                "dc:lastContributor": self.principal.name,
                "dc:contributors": [self.principal.name],
            }
            if document.properties.get("dc:title") is None:
                document.properties["dc:title"] = document.name
            self.store.put(document)
            self._log(document, "documentCreated")
        return document

    def save(
        self,
        document: Document,
        properties: dict[str, Any],
        *,
        change_token: object = None,
        versioning: str | None = None,
        comment: str | None = None,
    ) -> Document:
        """Write properties.

        Args:
            document: what is changed.
            properties: full names and values; others stay as they are.
            change_token: as the client sent it; only its user part is compared, and only text is.
            versioning: ``MINOR``, ``MAJOR`` or ``NONE`` in place of automatic versioning.
            comment: for the audit.

        Raises:
            NuxeoError: 400 for versions, 403 without permission or under retention, 409 for a
                change token that is not current.
        """
        with self.store.writing():
            current = self.store.get(document.uid)
            if current is None:
                raise not_found(document.uid)
            if current.is_version:
                raise NuxeoError(400, f"Cannot set property on a version: {current.uid}")
            if isinstance(change_token, str):
                self.check_token(current, change_token)
            self.require(current, "WriteProperties")
            if not properties:
                return current
            retained = current.is_under_retention_or_legal_hold or current.is_record
            if retained and "file:content" in properties:
                raise NuxeoError(
                    403,
                    f"Cannot change blob from document {current.uid}, it is under retention / hold",
                )
            before = copy.deepcopy(current)
            has_file = "file" in TYPES[current.type].schemas
            changed_hands = before.properties["dc:lastContributor"] != self.principal.name
            if versioning is None and has_file and changed_hands and current.is_checked_out:
                self._version_of(before, current, "MINOR")
            current.properties |= properties
            self._touch(current, counted=isinstance(change_token, str) and change_token != "")
            if current.version_label and versioning != "NONE":
                current.is_checked_out = True
            self.store.put(current)
            self._log(current, "documentModified", comment)
            if versioning in ("MINOR", "MAJOR"):
                current = self.version(current, versioning)
        return current

    def version(self, document: Document, increment: str) -> Document:
        """Archive the document as it is; returns the live document."""
        if "Versionable" not in TYPES[document.type].facets:
            raise NuxeoError(500, "Internal Server Error")
        self.require(document, "WriteVersion")
        with self.store.writing():
            self._version_of(document, document, increment)
            document.is_checked_out = False
            document.system_token += 1
            self.store.put(document)
        return document

    def trash(self, document: Document) -> Document:
        """Put into the trash, under another name."""
        self.require(document, "WriteLifeCycle")
        with self.store.writing():
            if not document.is_trashed:
                document.is_trashed = True
                document.name = f"{document.name}._{int(time.time() * 1000)}_.trashed"
                document.system_token += 1
                self.store.put(document)
                self._log(document, "documentTrashed")
        return document

    def untrash(self, document: Document) -> Document:
        """Take out of the trash."""
        self.require(document, "WriteLifeCycle")
        with self.store.writing():
            if document.is_trashed:
                parent = self.store.get(document.parent_uid or "")
                name = document.name.rsplit("._", 1)[0]
                document.is_trashed = False
                document.name = self._free_name(parent, name) if parent else name
                document.system_token += 1
                self.store.put(document)
                self._log(document, "documentUntrashed")
        return document

    def delete(self, document: Document) -> None:
        """Remove for good."""
        self.require(document, "Remove")
        with self.store.writing():
            self.store.delete(document.uid)

    def move(self, document: Document, target: Document, name: str | None) -> Document:
        """Put under another parent, another name, or both."""
        self.require(target, "AddChildren")
        self.require(document, "Remove")
        source = self.store.get(document.parent_uid or "")
        if source is not None:
            self.require(source, "RemoveChildren")
        with self.store.writing():
            wanted = name or document.name
            if (target.uid, wanted) != (document.parent_uid, document.name):
                document.name = self._free_name(target, wanted)
            document.parent_uid = target.uid
            document.system_token += 1
            self.store.put(document)
            self._log(document, "documentMoved")
        return document

    def copy(self, document: Document, target: Document, name: str | None) -> Document:
        """A copy with everything below it, but for locks."""
        self.require(target, "AddChildren")
        with self.store.writing():
            twin = replace(
                copy.deepcopy(document),
                uid=str(uuid.uuid4()),
                parent_uid=target.uid,
                name=self._free_name(target, name or document.name),
                lock_owner=None,
                lock_created=None,
                system_token=1,
                user_token=0,
            )
            self.store.put(twin)
            for child in self.store.children(document.uid):
                self.copy(child, twin, None)
            self._log(twin, "documentCreatedByCopy")
        return twin

    # Locks

    def lock(self, document: Document) -> Document:
        """Lock as the user; again by the owner keeps the first date."""
        with self.store.writing():
            current = self._live(self.store.get(document.uid) or document)
            if current.lock_owner is None:
                self.require(current, "WriteProperties")
                current.lock_owner, current.lock_created = self.principal.name, now()
                self.store.put(current)
                self._log(current, "documentLocked")
            elif current.lock_owner != self.principal.name:
                # As 2021 and later: without regard to the lock policy, but not to the ACL.
                if not self._may_write_apart_from_lock(current):
                    raise forbidden("WriteProperties", self.principal.name)
                raise NuxeoError(
                    409, f"Document already locked by {current.lock_owner}: {self.path(current)}"
                )
        return current

    def unlock(self, document: Document) -> Document:
        """Unlock: the owner, holders of Unlock, administrators."""
        with self.store.writing():
            current = self._live(self.store.get(document.uid) or document)
            if current.lock_owner is not None:
                own = current.lock_owner == self.principal.name
                if not own and not self.has(current, "Unlock"):
                    raise NuxeoError(
                        409,
                        f"Document already locked by {current.lock_owner}: {self.path(current)}",
                    )
                current.lock_owner = current.lock_created = None
                self.store.put(current)
                self._log(current, "documentUnlocked")
        return current

    # Inside a transaction

    def _may_write_apart_from_lock(self, document: Document) -> bool:
        aces = [Ace(*ace) for ancestor in self.lineage(document) for ace in ancestor.aces]
        return has_permission(self.principal, "WriteProperties", aces, None)

    def _live(self, document: Document) -> Document:
        """Locks belong to the live document."""
        if document.is_version and document.series_uid:
            return self.store.get(document.series_uid) or document
        return document

    @staticmethod
    def check_token(document: Document, token: str) -> None:
        """Compare the user part of a change token; the other part is ignored.

        Raises:
            NuxeoError: 409.
        """
        _, dash, user_part = token.partition("-")
        if not dash or user_part != str(document.user_token):
            raise conflict(document.uid)

    def _touch(self, document: Document, *, counted: bool) -> None:
        document.system_token += 1
        document.user_token += counted
        contributors = document.properties["dc:contributors"]
        if self.principal.name not in contributors:
            document.properties["dc:contributors"] = [*contributors, self.principal.name]
        document.properties["dc:modified"] = now()
        document.properties["dc:lastContributor"] = self.principal.name

    def _version_of(self, state: Document, live: Document, increment: str) -> None:
        major = int(live.properties.get("uid:major_version") or 0)
        minor = int(live.properties.get("uid:minor_version") or 0)
        if increment == "MAJOR":
            major, minor = major + 1, 0
        elif increment == "MINOR":
            minor += 1
        numbers = {"uid:major_version": major, "uid:minor_version": minor}
        live.properties |= numbers
        live.version_label = f"{major}.{minor}"
        archived = replace(
            copy.deepcopy(state),
            uid=str(uuid.uuid4()),
            is_version=True,
            series_uid=live.uid,
            is_checked_out=False,
            version_label=live.version_label,
            lock_owner=None,
            lock_created=None,
        )
        archived.properties |= numbers
        self.store.put(archived)
        self._log(live, "documentCheckedIn")

    def _free_name(self, parent: Document, name: str) -> str:
        wanted = name.strip().replace("/", "-")[:_MAX_NAME] or str(int(time.time() * 1000))
        while self.store.child(parent.uid, wanted) is not None:
            wanted = f"{wanted}.{int(time.time() * 1000)}"
        return wanted

    def _log(self, document: Document, event: str, comment: str | None = None) -> None:
        self.store.log(
            document.uid,
            {
                "eventId": event,
                "eventDate": now(),
                "principalName": self.principal.name,
                "docType": document.type,
                "comment": comment,
            },
        )
