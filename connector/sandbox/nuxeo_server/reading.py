"""Properties as clients send them (REST_CONTRACT 5.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from connector.sandbox.nuxeo_server.doctypes import BLOBS, LISTS, TYPES
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document

_NXFILE = re.compile(r"nxfile/([^/]+)/([^/]+)/(.+)")

IGNORED = object()
"""A blob that decodes to nothing: the property is left alone, and the answer is 200."""

BlobDecoder = Callable[[Any], Any]


class PropertyReader:
    """Reads the properties of one request.

    Args:
        session: who sends them.
        base: the server's address in this request; blobs are known again by it only.
        batch_blob: finds an uploaded file by batch id and index.
    """

    def __init__(
        self, session: Session, base: str, batch_blob: Callable[[object, object], Any]
    ) -> None:
        self._session = session
        self._base = base
        self._batch_blob = batch_blob
        self.batches: set[str] = set()

    def properties(self, type_name: str, sent: object) -> dict[str, Any]:
        """What is to be written; keys that the type does not have are ignored.

        Raises:
            NuxeoError: 400 for a value of the wrong kind or a blob that cannot be resolved.
        """
        if not isinstance(sent, Mapping):
            return {}
        kind = TYPES[type_name]
        found: dict[str, Any] = {}
        for key, value in sent.items():
            # "files:files/0/file" names no field as a whole: accepted, and nothing happens.
            name = kind.field(key)
            if name is None:
                continue
            read = self._value(name, value)
            if read is not IGNORED:
                found[name] = read
        return found

    def _value(self, name: str, value: Any) -> Any:
        if name in BLOBS:
            return self.blob(value)
        if name == "files:files":
            return self._files(value)
        if name in LISTS:
            if value is not None and not isinstance(value, list):
                raise NuxeoError(400, f"Cannot read property {name}")
            return value or []
        if isinstance(value, dict | list):
            raise NuxeoError(400, f"Cannot read property {name}")
        return value

    def _files(self, value: Any) -> Any:
        if value is None:
            return []
        if not isinstance(value, list):
            raise NuxeoError(400, "Cannot read property files:files")
        items = []
        for item in value:
            sent = item.get("file") if isinstance(item, Mapping) else None
            blob = self.blob(sent)
            # In a list the item stays, without its blob: an attachment is lost.
            items.append({"file": None if blob is IGNORED else blob})
        return items

    def blob(self, value: Any) -> Any:
        """A blob: text, one that is stored already, or an upload; in this order."""
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise NuxeoError(400, "Cannot read a blob")
        data = value.get("data")
        text = value.get("content")
        if isinstance(data, str) and not data.startswith("http"):
            text = data
        if isinstance(text, str):
            return self._text_blob(value, text)
        for url in (data, value.get("blobUrl")):
            if isinstance(url, str) and url.startswith(self._base):
                return self._stored_blob(url[len(self._base) :])
        if "upload-batch" in value:
            batch_id = value["upload-batch"]
            if isinstance(batch_id, str):
                self.batches.add(batch_id)
            blob = self._batch_blob(batch_id, value.get("upload-fileId"))
            return IGNORED if blob is None else blob
        return IGNORED

    def _text_blob(self, value: Mapping[str, Any], text: str) -> dict[str, Any]:
        content = text.encode()
        digest, length = self._session.store.write_blob([content])
        assert digest == hashlib.md5(content, usedforsecurity=False).hexdigest()
        return {
            "name": value.get("name"),
            "mime-type": value.get("mime-type") or "text/plain",
            "encoding": value.get("encoding"),
            "digest": digest,
            "length": length,
        }

    def _stored_blob(self, path: str) -> Any:
        match = _NXFILE.fullmatch(path.partition("?")[0])
        if match is None:
            raise NuxeoError(400, "Cannot resolve blob")
        try:
            document = self._session.get(match[2])
        except NuxeoError as error:
            raise NuxeoError(400, "Cannot resolve blob") from error
        blob, _ = find_blob(document, unquote(match[3]))
        if blob is None:
            raise NuxeoError(400, "Cannot resolve blob")
        return blob


def blob_at(document: Document, xpath: str) -> dict[str, Any] | None:
    """The blob at ``xpath``.

    Raises:
        KeyError: the document has no such property.
    """
    if match := re.fullmatch(r"blobholder:(0|[1-9]\d*)", xpath):
        index = int(match[1])
        xpath = "file:content" if index == 0 else f"files:files/{index - 1}/file"
    name, *steps = xpath.split("/")
    full = TYPES[document.type].field(name)
    if full is None:
        raise KeyError(xpath)
    value = document.properties.get(full)
    for step in steps:
        if isinstance(value, list):
            if not step.isdecimal() or int(step) >= len(value):
                raise KeyError(xpath)
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            raise KeyError(xpath)
    return value if isinstance(value, dict) and "digest" in value else None


def find_blob(document: Document, rest: str) -> tuple[dict[str, Any] | None, str | None]:
    """A blob by what follows the uid in an nxfile URL: an xpath, on demand with a file name."""
    try:
        return blob_at(document, rest), None
    except KeyError:
        xpath, _, name = rest.rpartition("/")
    try:
        return blob_at(document, xpath), name
    except KeyError:
        return None, None


def with_blob(document: Document, xpath: str, blob: dict[str, Any] | None) -> dict[str, Any]:
    """The property to write so that ``xpath`` has ``blob``; an xpath of a list appends.

    Raises:
        KeyError: the document has no such property.
    """
    name, *steps = xpath.split("/")
    full = TYPES[document.type].field(name)
    if full is None or (full not in BLOBS and full != "files:files"):
        raise KeyError(xpath)
    if full in BLOBS:
        return {full: blob}
    items = [dict(item) for item in document.properties.get(full) or ()]
    if not steps:
        items.append({"file": blob})
    elif steps[0].isdecimal() and int(steps[0]) < len(items):
        items[int(steps[0])] = {"file": blob}
    else:
        raise KeyError(xpath)
    return {full: items}
