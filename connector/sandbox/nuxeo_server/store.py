"""Where the sandbox keeps everything: one SQLite file and a folder of blobs."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    uid TEXT PRIMARY KEY, parent_uid TEXT, name TEXT NOT NULL, body TEXT NOT NULL,
    is_version INTEGER NOT NULL DEFAULT 0, series_uid TEXT
);
CREATE INDEX IF NOT EXISTS document_parent ON document (parent_uid, name);
CREATE INDEX IF NOT EXISTS document_series ON document (series_uid);
CREATE TABLE IF NOT EXISTS entry (
    directory TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (directory, id)
);
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, body TEXT NOT NULL
);
"""
_PIECE = 1024 * 1024
_OF_TARGET = (
    "type",
    "properties",
    "lock_owner",
    "lock_created",
    "version_label",
    "is_checked_out",
    "is_record",
    "retain_until",
    "has_legal_hold",
)
"""What a proxy has from its target."""


@dataclass
class Document:
    """A stored document. Blobs stand in ``properties`` without their URLs.

    A proxy has a ``target_uid``, and is read with properties, lock and version of its target.
    """

    uid: str
    parent_uid: str | None
    name: str
    type: str
    properties: dict[str, Any]
    state: str = "project"
    aces: list[list[Any]] = field(default_factory=list)
    system_token: int = 1
    user_token: int = 0
    lock_owner: str | None = None
    lock_created: str | None = None
    is_trashed: bool = False
    is_version: bool = False
    target_uid: str | None = None
    target_token: str | None = None
    series_uid: str | None = None
    is_checked_out: bool = True
    version_label: str = ""
    is_record: bool = False
    retain_until: str | None = None
    has_legal_hold: bool = False
    max_size: int = -1

    @property
    def title(self) -> str:
        """The title, or the name where there is none."""
        return str(self.properties.get("dc:title") or self.name)

    @property
    def change_token(self) -> str:
        """``<system part>-<user part>``, a proxy's before its target's (REST_CONTRACT 5.3)."""
        token = f"{self.system_token}-{self.user_token}"
        return token if self.target_token is None else f"{token}/{self.target_token}"

    @property
    def label(self) -> str:
        """The version's label; with a plus sign if the document was changed since."""
        changed = "+" if self.version_label and self.is_checked_out else ""
        return self.version_label + changed

    @property
    def is_proxy(self) -> bool:
        """Whether it stands for another document."""
        return self.target_uid is not None

    @property
    def is_under_retention_or_legal_hold(self) -> bool:
        """Whether retained properties may not change."""
        return self.has_legal_hold or self.retain_until is not None


_COLUMNS = ("uid", "parent_uid", "name", "is_version", "series_uid")
_BODY = tuple(item.name for item in fields(Document) if item.name not in _COLUMNS)


class Store:
    """Documents, directory entries, audit and blobs.

    Writes happen inside :meth:`writing`, one at a time, and are there as a whole or not at all.
    """

    def __init__(self, directory: Path) -> None:
        self._blobs = directory / "binaries"
        self._blobs.mkdir(parents=True, exist_ok=True)
        self._mutex = threading.RLock()
        self._database = sqlite3.connect(
            directory / "nuxeo.sqlite", check_same_thread=False, isolation_level=None
        )
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction."""
        with self._mutex:
            if self._database.in_transaction:
                yield
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def get(self, uid: str) -> Document | None:
        """A document by its uid."""
        rows = self._rows("SELECT * FROM document WHERE uid = ?", uid)
        return self._document(rows[0]) if rows else None

    def child(self, parent_uid: str | None, name: str) -> Document | None:
        """A live document by its parent and name."""
        rows = self._rows(
            "SELECT * FROM document WHERE parent_uid IS ? AND name = ? AND is_version = 0",
            parent_uid,
            name,
        )
        return self._document(rows[0]) if rows else None

    def children(self, parent_uid: str) -> list[Document]:
        """All live children, trashed ones included."""
        return [
            self._document(row)
            for row in self._rows(
                "SELECT * FROM document WHERE parent_uid = ? AND is_version = 0", parent_uid
            )
        ]

    def versions(self, series_uid: str) -> list[Document]:
        """The versions of a document, oldest first."""
        return [
            self._document(row)
            for row in self._rows(
                "SELECT * FROM document WHERE series_uid = ? AND is_version = 1 ORDER BY rowid",
                series_uid,
            )
        ]

    def all_documents(self) -> list[Document]:
        """Every document, versions included."""
        rows = self._rows("SELECT * FROM document ORDER BY rowid")
        return [self._document(row) for row in rows]

    def put(self, document: Document) -> None:
        """Write a document."""
        body = json.dumps({name: getattr(document, name) for name in _BODY})
        self._rows(
            """INSERT INTO document (uid, parent_uid, name, is_version, series_uid, body)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (uid) DO UPDATE SET parent_uid = excluded.parent_uid,
                name = excluded.name, body = excluded.body""",
            document.uid,
            document.parent_uid,
            document.name,
            document.is_version,
            document.series_uid,
            body,
        )

    def delete(self, uid: str) -> None:
        """Remove a document with everything below it, its versions and its proxies."""
        for child in self.children(uid):
            self.delete(child.uid)
        self._rows("DELETE FROM document WHERE json_extract(body, '$.target_uid') = ?", uid)
        self._rows("DELETE FROM document WHERE uid = ? OR series_uid = ?", uid, uid)

    def entry(self, directory: str, entry_id: str) -> dict[str, Any] | None:
        """An entry of a directory."""
        rows = self._rows(
            "SELECT body FROM entry WHERE directory = ? AND id = ?", directory, entry_id
        )
        return dict(json.loads(rows[0]["body"])) if rows else None

    def entries(self, directory: str) -> list[dict[str, Any]]:
        """All entries of a directory."""
        rows = self._rows("SELECT body FROM entry WHERE directory = ? ORDER BY id", directory)
        return [json.loads(row["body"]) for row in rows]

    def put_entry(self, directory: str, entry_id: str, body: dict[str, Any]) -> None:
        """Write an entry."""
        self._rows(
            "INSERT OR REPLACE INTO entry (directory, id, body) VALUES (?, ?, ?)",
            directory,
            entry_id,
            json.dumps(body),
        )

    def delete_entry(self, directory: str, entry_id: str) -> None:
        """Remove an entry."""
        self._rows("DELETE FROM entry WHERE directory = ? AND id = ?", directory, entry_id)

    def log(self, uid: str, body: dict[str, Any]) -> None:
        """Note an event in the audit."""
        self._rows("INSERT INTO audit (uid, body) VALUES (?, ?)", uid, json.dumps(body))

    def audit(self, uid: str) -> list[dict[str, Any]]:
        """A document's events, newest first."""
        rows = self._rows("SELECT id, body FROM audit WHERE uid = ? ORDER BY id DESC", uid)
        return [{"id": row["id"], **json.loads(row["body"])} for row in rows]

    def write_blob(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Keep content; returns its MD5 and length. The same content is kept once."""
        digest, length = hashlib.md5(usedforsecurity=False), 0
        descriptor, name = tempfile.mkstemp(dir=self._blobs, prefix="incoming-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    length += len(piece)
                    file.write(piece)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        Path(name).replace(self._blobs / digest.hexdigest())
        return digest.hexdigest(), length

    def blob_path(self, digest: str) -> Path:
        """The file that holds content."""
        return self._blobs / digest

    def _document(self, row: sqlite3.Row) -> Document:
        body = json.loads(row["body"])
        document = Document(
            uid=row["uid"],
            parent_uid=row["parent_uid"],
            name=row["name"],
            is_version=bool(row["is_version"]),
            series_uid=row["series_uid"],
            **{name: body[name] for name in _BODY if name in body},
        )
        target = self.get(document.target_uid) if document.target_uid else None
        if target is not None:
            for name in _OF_TARGET:
                setattr(document, name, getattr(target, name))
            document.target_token = target.change_token
        return document

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._mutex:
            return self._database.execute(statement, values).fetchall()


def blob_value(name: str | None, mime_type: str | None, digest: str, length: int) -> dict[str, Any]:
    """A blob as it is kept in a document's properties."""
    return {
        "name": name,
        "mime-type": mime_type,
        "encoding": None,
        "digest": digest,
        "length": length,
    }


def pieces_of(path: Path, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """The bytes of a file, or some of them."""
    with path.open("rb") as file:
        file.seek(start)
        left = length
        while left is None or left > 0:
            piece = file.read(_PIECE if left is None else min(_PIECE, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece
