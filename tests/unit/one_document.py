"""A stand-in for Nuxeo: one document with two files, and the rules for its lock and its changes."""

import hashlib
from dataclasses import replace

from connector.file_reference import FileReference
from connector.nuxeo_gateway.blobs import UploadedBlob
from connector.nuxeo_gateway.errors import NuxeoConflict, NuxeoForbidden
from tests.unit.test_permissions import DOCUMENT, WRITE, WRITE_BUT_LOCKED

MAIN = FileReference("default", DOCUMENT.uid, "file:content")
ATTACHMENT = FileReference("default", DOCUMENT.uid, "files:files/0/file")
FILES = (MAIN, ATTACHMENT)
MIME_TYPE = "text/plain"


class Nuxeo:
    """Whoever asks may write; the document has a lock, and the folder nothing else.

    Attributes:
        owner: of the lock.
        file_names, contents: of the files.
        kept: contents of the main file that versions have.
        comments: of these versions.
        is_checked_out: whether it was changed since its last version, or has none.
    """

    def __init__(self):
        self.owner = None
        self.title = DOCUMENT.title
        self.file_names = {MAIN: "a.txt", ATTACHMENT: "b.txt"}
        self.contents = {MAIN: b"first", ATTACHMENT: b"second"}
        self.kept = []
        self.comments = []
        self.is_checked_out = True
        self.is_trashed = False
        # The two parts of the change token: every change, and those that came with a token, which
        # alone are compared (REST_CONTRACT 5.3).
        self.changes = self.guarded_changes = 0
        self.batches = {}
        self.documents = self.locks = self.blobs = self.names = self.folders = self

    # Documents

    def get(self, _reference, user, **_options):
        # Nuxeo's lock policy hides the right to write from everybody else (REST_CONTRACT 6).
        hidden = self.owner not in (None, user)
        return replace(
            DOCUMENT,
            title=self.title,
            change_token=f"{self.changes}-{self.guarded_changes}",
            last_modified=f"2026-01-01T00:00:00.{self.changes:06}Z",
            is_trashed=self.is_trashed,
            lock_owner=self.owner,
            permissions=WRITE_BUT_LOCKED if hidden else WRITE,
            properties={
                "file:content": self._blob(MAIN),
                "files:files": [{"file": self._blob(ATTACHMENT)}],
            },
            facets=frozenset({"Versionable"}),
            is_checked_out=self.is_checked_out,
            schemas=frozenset({"file", "files"}),
            parent_uid="folder",
        )

    def check_in(self, _reference, user, *, is_major=False, comment=""):
        self._may_write(user)
        if self.is_checked_out:
            self.is_checked_out = False
            self.kept.append(self.contents[MAIN])
            self.comments.append(comment)
            self.changes += 1

    def _blob(self, reference):
        content = self.contents[reference]
        return {
            "name": self.file_names[reference],
            "mime-type": MIME_TYPE,
            "digest": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "digestAlgorithm": "MD5",
            "length": str(len(content)),
            "data": "u",
        }

    def _may_write(self, user):
        if self.owner not in (None, user):
            raise NuxeoForbidden("locked")

    # Locks

    def lock(self, _reference, user):
        if self.owner not in (None, user):
            raise NuxeoConflict("locked")
        self.owner = user

    def unlock(self, _reference, user):
        if self.owner not in (None, user):
            raise NuxeoConflict("locked")
        self.owner = None

    def may_lock(self, _reference, _user):
        return True

    # Blobs

    def upload(self, content, name, mime_type, _user, *, tries=2):
        uploaded = UploadedBlob(f"batch-{len(self.batches)}", name, mime_type)
        self.batches[uploaded.batch_id] = b"".join(content.pieces())
        return uploaded

    def discard(self, uploaded, _user):
        self.batches[uploaded.batch_id] = None

    def replace(self, reference, read, _content, uploaded, user, _comment=None):
        self._changed(read, user)
        self.contents[reference] = self.batches[uploaded.batch_id]
        self.batches[uploaded.batch_id] = None
        self.file_names[reference] = uploaded.name
        return self.get(reference, user)

    def _changed(self, read, user):
        self._may_write(user)
        if read.change_token.partition("-")[2] != f"{self.guarded_changes}":
            raise NuxeoConflict("changed")
        self.changes += 1
        self.guarded_changes += 1
        self.is_checked_out = True

    # Names

    def rename(self, reference, read, user, *, file_name, title):
        self._changed(read, user)
        self.file_names[reference] = file_name or self.file_names[reference]
        self.title = title or self.title

    # Folders

    def files_named(self, _folder, names, user):
        is_there = not self.is_trashed and self.file_names[MAIN] in names
        return [self.get(MAIN, user)] if is_there else []

    def trash(self, _reference, user):
        self._may_write(user)
        self.is_trashed = True
        self.changes += 1

    def restore(self):
        """Somebody takes the document back out of the trash."""
        self.is_trashed = False
        self.changes += 1
