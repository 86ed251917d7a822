"""What the server's core does with documents, on behalf of one user (REST_CONTRACT 2, 5, 6, 8)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from connector.sandbox.nuxeo_server import quota, versioning
from connector.sandbox.nuxeo_server.errors import (
    NuxeoError,
    conflict,
    forbidden,
    not_found,
    server_error,
)
from connector.sandbox.nuxeo_server.mime_types import recognised
from connector.sandbox.nuxeo_server.security import PERMISSIONS, Ace, Principal, has_permission
from connector.sandbox.nuxeo_server.store import Document, Store
from connector.sandbox.nuxeo_server.xpaths import with_blob


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
        found = [ancestor.name for ancestor in self.lineage(document)][:-1]
        return "/" + "/".join(reversed(found))

    def lineage(self, document: Document) -> Iterator[Document]:
        """The document, its parent, and so on up to the root."""
        current: Document | None = document
        while current is not None:
            yield current
            current = self.store.get(current.parent_uid) if current.parent_uid else None

    def children(self, document: Document) -> list[Document]:
        """The children that the user may see, without trashed ones."""
        return [
            child
            for child in self.store.children(document.uid)
            if not child.is_trashed and self.has(child, "Read")
        ]

    def versions(self, document: Document) -> list[Document]:
        """The versions of a document, oldest first."""
        self.require(document, "ReadVersion")
        return self.store.versions(document.series_uid or document.target_uid or document.uid)

    # Permissions

    def has(self, document: Document, permission: str) -> bool:
        """Whether the user has a permission, lock policy and retention included."""
        return self._has(document, permission, self._aces(document))

    def permissions(self, document: Document) -> list[str]:
        """All permissions that the user has."""
        aces = self._aces(document)
        return [name for name in PERMISSIONS if self._has(document, name, aces)]

    def require(self, document: Document, permission: str) -> None:
        """Refuse without a permission."""
        if not self.has(document, permission):
            raise forbidden(permission, self.principal.name)

    # Changing

    def save(
        self,
        document: Document,
        properties: dict[str, Any],
        *,
        change_token: object = None,
        versioning_option: str | None = None,
        comment: str | None = None,
    ) -> Document:
        """Write properties.

        Args:
            document: what is changed.
            properties: full names and values; others stay as they are.
            change_token: as the client sent it; only its user part is compared, and only text is.
            versioning_option: ``MINOR``, ``MAJOR`` or ``NONE`` in place of what automatic
                versioning does after a save; what it does before is done all the same.
            comment: for the audit.

        Raises:
            NuxeoError: 400 for versions, 403 without permission or under retention, 409 for a
                change token that is not current, 413 for what breaks a quota.
        """
        with self.store.writing():
            self.require(self._again(document), "WriteProperties")
            current = self._live(document)
            if current.is_version:
                raise NuxeoError(400, f"Cannot set property on a version: {current.uid}")
            if isinstance(change_token, str):
                self.check_token(current, change_token)
            if not properties:
                return document
            if current.is_under_retention_or_legal_hold and "file:content" in properties:
                raise NuxeoError(
                    403,
                    f"Cannot change blob from document {current.uid}, it is under retention / hold",
                )
            if versioning.archives_before_save(current, self.principal.name):
                self._archive(copy.deepcopy(current), current, "MINOR")
            former = dict(current.properties)
            current.properties |= recognised(properties)
            quota.check(self.store, current, former, "beforeDocumentModification")
            self._touch(current, counted=isinstance(change_token, str))
            versioning.check_out(self.store, current)
            self.store.put(current)
            self.log(current, "documentModified", comment)
            if versioning_option is None and versioning.archives_after_save(current):
                versioning_option = "MINOR"
            if versioning_option in ("MINOR", "MAJOR") and versioning.is_versionable(current):
                self.version(current, versioning_option)
        return self._again(document)

    def save_blob(
        self,
        document: Document,
        xpath: str,
        blob: dict[str, Any] | None,
        *,
        change_token: object = None,
        versioning_option: str | None = None,
    ) -> Document:
        """Write the blob at ``xpath`` and leave its neighbours in a list as they are now.

        Raises:
            KeyError: the document has no such property.
            NuxeoError: as :meth:`save`.
        """
        with self.store.writing():
            return self.save(
                document,
                with_blob(self._again(document), xpath, blob),
                change_token=change_token,
                versioning_option=versioning_option,
            )

    def version(self, document: Document, increment: str, comment: str | None = None) -> Document:
        """Archive the document as it is, with a comment for the audit; returns the live document.

        Raises:
            NuxeoError: 500 for a type without versions, 403.
        """
        if not versioning.is_versionable(document):
            raise server_error()
        self.require(document, "WriteProperties")
        with self.store.writing():
            live = self._live(document)
            if live.is_version:
                raise NuxeoError(400, f"There are no versions of a version: {live.uid}")
            if not live.is_checked_out:
                return live  # It is a version as it stands.
            self._archive(live, live, increment, comment)
            live.is_checked_out = False
            live.system_token += 1
            self.store.put(live)
        return live

    def restore(self, version: Document, *, check_in: bool, check_out: bool) -> Document:
        """Make a document again what a version of it is; returns it.

        Args:
            version: which.
            check_in: whether what it is now becomes a version first, unless it is one.
            check_out: whether it counts as changed since that version.

        Raises:
            NuxeoError: 404 when the document is gone, 403.
        """
        with self.store.writing():
            live = self._live(self.get(version.series_uid or version.uid))
            self.require(live, "WriteVersion")
            if check_in and live.is_checked_out:
                self._archive(live, live, "MINOR")
            live.properties = copy.deepcopy(version.properties)
            live.version_label, live.is_checked_out = version.version_label, False
            # The user part is the version's, which never had one.
            live.system_token, live.user_token = live.system_token + 1, 0
            if check_out:
                versioning.check_out(self.store, live)
            self.store.put(live)
            self.log(live, "documentRestored", version.version_label)
        return live

    def change(
        self, document: Document, event: str | None, change: Callable[[Document], None]
    ) -> Document:
        """Change a document apart from its properties; whoever calls has checked the rights.

        Args:
            document: which.
            event: for the audit, if it is one.
            change: what is done to the document as it is now.
        """
        with self.store.writing():
            current = self._again(document)
            change(current)
            current.system_token += 1
            self.store.put(current)
            if event:
                self.log(current, event)
        return current

    # Locks

    def may_write_apart_from_lock(self, document: Document) -> bool:
        """Whether the user might write if nobody had locked the document."""
        return has_permission(self.principal, "WriteProperties", self._aces(document), None)

    def lock(self, document: Document) -> Document:
        """Lock as the user; again by the owner keeps the first date.

        Raises:
            NuxeoError: 403 for those who may not write, 409 when somebody else has locked it.
        """
        with self.store.writing():
            current = self._live(document)
            if current.lock_owner is None:
                self.require(document, "WriteProperties")
                current.lock_owner, current.lock_created = self.principal.name, now()
                self.store.put(current)
                self.log(current, "documentLocked")
            elif current.lock_owner != self.principal.name:
                # As 2021 and later: without regard to the lock policy, but not to the ACL.
                if not self.may_write_apart_from_lock(document):
                    raise forbidden("WriteProperties", self.principal.name)
                raise self._locked(current)
        return self._again(document)

    def unlock(self, document: Document) -> Document:
        """Unlock: the owner, holders of Unlock, administrators.

        Raises:
            NuxeoError: 409 for anybody else.
        """
        with self.store.writing():
            current = self._live(document)
            if current.lock_owner is not None:
                own = current.lock_owner == self.principal.name
                if not own and not self.has(document, "Unlock"):
                    raise self._locked(current)
                current.lock_owner = current.lock_created = None
                self.store.put(current)
                self.log(current, "documentUnlocked")
        return self._again(document)

    # Inside a transaction

    @staticmethod
    def check_token(document: Document, token: str) -> None:
        """Compare the user part of a change token; the other part is ignored.

        Raises:
            NuxeoError: 409.
        """
        # A proxy's token ends with its target's.
        _, dash, user_part = token.rpartition("/")[2].partition("-")
        if not dash or user_part != str(document.user_token):
            raise conflict(document.uid)

    def log(
        self,
        document: Document,
        event: str,
        comment: str | None = None,
        client_reason: str | None = None,
        category: str = "eventDocumentCategory",
    ) -> None:
        """Note an event in the audit, as ``AbstractAuditBackend`` does."""
        date = now()
        entry: dict[str, Any] = {
            "category": category,
            "principalName": self.principal.name,
            "comment": comment,
            "docLifeCycle": document.state,
            "docPath": self.path(document),
            "docType": document.type,
            "docUUID": document.uid,
            "eventId": event,
            "repositoryId": "default",
            "eventDate": date,
            "logDate": date,
            "extended": {"clientReason": client_reason} if client_reason else {},
        }
        self.store.log(document.uid, entry)

    def _again(self, document: Document) -> Document:
        """The document as it is now."""
        current = self.store.get(document.uid)
        if current is None:
            raise not_found(document.uid)
        return current

    def _live(self, document: Document) -> Document:
        """The document as it is now; of a proxy its target, to which lock and content belong."""
        current = self._again(document)
        target = self.store.get(current.target_uid) if current.target_uid else None
        return target or current

    def _has(self, document: Document, permission: str, aces: list[Ace]) -> bool:
        if permission == "Remove" and document.is_under_retention_or_legal_hold:
            return False
        return has_permission(self.principal, permission, aces, document.lock_owner)

    def _aces(self, document: Document) -> list[Ace]:
        """The document's own ACEs, then those of its ancestors; a version has its document's."""
        live = self.store.get(document.series_uid or "") if document.is_version else None
        return [Ace(*ace) for ancestor in self.lineage(live or document) for ace in ancestor.aces]

    def _locked(self, document: Document) -> NuxeoError:
        path = self.path(document)
        return NuxeoError(409, f"Document already locked by {document.lock_owner}: {path}")

    def _archive(
        self, state: Document, live: Document, increment: str, comment: str | None = None
    ) -> None:
        versioning.archive(self.store, state, live, increment)
        self.log(live, "documentCheckedIn", comment)

    def _touch(self, document: Document, *, counted: bool) -> None:
        document.system_token += 1
        document.user_token += counted
        contributors = document.properties.get("dc:contributors") or []
        if self.principal.name not in contributors:
            document.properties["dc:contributors"] = [*contributors, self.principal.name]
        document.properties["dc:modified"] = now()
        document.properties["dc:lastContributor"] = self.principal.name
