"""Properties as clients send them (REST_CONTRACT 5.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from connector.sandbox.nuxeo_server.doctypes import BLOBS, LISTS, TYPES
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import blob_value
from connector.sandbox.nuxeo_server.xpaths import find_blob

_NXFILE = re.compile(r"nxfile/([^/]+)/([^/]+)/(.+)")

IGNORED = object()
"""A blob that decodes to nothing: the property is left alone, and the answer is 200."""


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
        kind = TYPES.get(type_name)
        if kind is None:
            raise NuxeoError(400, f"Type: {type_name} does not exist")
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
        if "providerId" in value and "key" in value:
            # Blobs by their key are for a permission that nobody has here.
            raise NuxeoError(401, "Not allowed to reference a blob by its key")
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
        blob = blob_value(value.get("name"), value.get("mime-type") or "text/plain", digest, length)
        return blob | {"encoding": value.get("encoding")}

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
