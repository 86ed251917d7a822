"""What every view of the sandbox has at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import Response, g, jsonify, request
from werkzeug.datastructures import FileStorage

from connector.sandbox.nuxeo_server import mime_types
from connector.sandbox.nuxeo_server.addresses import base_url
from connector.sandbox.nuxeo_server.auth import Authentication
from connector.sandbox.nuxeo_server.errors import NuxeoError
from connector.sandbox.nuxeo_server.marshalling import Wanted, document_json
from connector.sandbox.nuxeo_server.reading import PropertyReader
from connector.sandbox.nuxeo_server.security import Principal
from connector.sandbox.nuxeo_server.session import Session
from connector.sandbox.nuxeo_server.store import Document, Store, blob_value
from connector.sandbox.nuxeo_server.uploads import Batches

_PIECE = 64 * 1024
_DEPTHS = {"root": 0, "children": 1, "max": 2}


@dataclass(frozen=True)
class Server:
    """The parts of one sandbox."""

    store: Store
    authentication: Authentication
    batches: Batches
    connector_url: str | None

    def session(self) -> Session:
        """The repository for the caller of this request."""
        return Session(self.store, principal())

    def reader(self) -> PropertyReader:
        """Reads properties of this request; its batches are dropped at the request's end."""
        reader = PropertyReader(self.session(), base_url(request), self.batches.blob)
        g.setdefault("readers", []).append(reader)
        return reader

    def answer(self, document: Document, status: int = 200) -> tuple[Response, int]:
        """A document as this request wants it."""
        return jsonify(document_json(document, self.session(), wanted())), status

    def use_batch(self, batch_id: str) -> None:
        """Note that this request consumes a batch, whatever comes of it."""
        g.setdefault("used_batches", set()).add(batch_id)

    def store_part(self, part: FileStorage) -> dict[str, Any]:
        """A blob out of a part of a form."""
        content = self.store.write_blob(iter(lambda: part.stream.read(_PIECE), b""))
        return blob_value(part.filename, part.content_type or mime_types.UNKNOWN, *content)

    def log_download(self, document: Document) -> None:
        """Note a download in the audit."""
        start = request.headers.get("Range", "bytes=0-").replace(" ", "")
        if start.startswith("bytes=0-") or not start.startswith("bytes="):
            reason = request.args.get("clientReason") or request.headers.get("X-Client-Reason")
            with self.store.writing():
                self.session().log(document, "download", client_reason=reason)

    def drop_used_batches(self) -> None:
        """Whatever became of the request, its batches are gone, unless it asked to keep them."""
        if request.headers.get("X-Batch-No-Drop", "").lower() == "true":
            return
        used: set[str] = set(g.get("used_batches", ()))
        for reader in g.get("readers", ()):
            used |= reader.batches
        for batch_id in used:
            self.batches.discard(batch_id)


def principal() -> Principal:
    """The caller of this request."""
    return cast("Principal", g.principal)


def wanted() -> Wanted:
    """What this request asked to be written, in any of the spellings (REST_CONTRACT 2.3)."""
    return Wanted(
        base=base_url(request),
        schemas=_values("properties", "X-NXDocumentProperties"),
        enrichers=_values("enrichers.document", "X-NXContext-Category"),
        fetch=_values("fetch.document"),
        depth=max((_DEPTHS.get(name, 0) for name in _values("depth")), default=0),
    )


def fetched(kind: str) -> frozenset[str]:
    """What of users or groups is to be fetched."""
    return _values(f"fetch.{kind}")


def _values(name: str, legacy: str | None = None) -> frozenset[str]:
    spellings = {name.lower(), name.lower().replace(".", "-")}
    spellings |= {f"x-nx{spelling}" for spelling in spellings}
    if legacy:
        spellings.add(legacy.lower())
    sent: list[str] = [
        value for key, value in request.args.items(multi=True) if key.lower() in spellings
    ]
    sent += [value for key, value in request.headers.items() if key.lower() in spellings]
    return frozenset(split(sent))


def split(values: Iterable[str]) -> Iterable[str]:
    """The parts of comma-separated values."""
    return (part.strip() for value in values for part in value.split(",") if part.strip())


def json_object() -> dict[str, Any]:
    """The JSON body of this request.

    Raises:
        NuxeoError: 400 if it is none, or no object.
    """
    value = request.get_json(force=True, silent=True)
    if not isinstance(value, dict):
        raise NuxeoError(400, "No JSON object in the request")
    return value


def void() -> Response:
    """204."""
    return Response(status=204)
