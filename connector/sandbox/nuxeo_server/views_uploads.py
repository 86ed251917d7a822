"""``/api/v1/upload`` (REST_CONTRACT 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from connector.sandbox.nuxeo_server.context import Server, void
from connector.sandbox.nuxeo_server.errors import NuxeoError, not_found
from connector.sandbox.nuxeo_server.operations import Operations
from connector.sandbox.nuxeo_server.uploads import file_json

_PIECE = 1024 * 1024


class UploadViews:
    """Batches and their files."""

    def __init__(self, server: Server, operations: Operations) -> None:
        self._server = server
        self._operations = operations

    def blueprint(self) -> Blueprint:
        """The routes, below ``/nuxeo/api/v1/upload``."""
        views = Blueprint("uploads", __name__)
        add = views.add_url_rule
        add("", view_func=self.create, methods=["POST"])
        add("/", view_func=self.create, methods=["POST"], endpoint="create_slash")
        add("/new/<handler>", view_func=self.create_with, methods=["POST"])
        add("/handlers", view_func=self.handlers)
        add("/handlers/<handler>", view_func=self.handler)
        add("/<batch_id>", view_func=self.batch, methods=["GET", "DELETE"])
        add("/<batch_id>/info", view_func=self.info)
        add("/<batch_id>/refreshToken", view_func=self.refresh_token, methods=["POST"])
        add("/<batch_id>/execute/<name>", view_func=self.execute, methods=["POST"])
        add("/<batch_id>/<index>", view_func=self.file, methods=["GET", "DELETE"])
        add("/<batch_id>/<index>", view_func=self.upload, methods=["POST"])
        add("/<batch_id>/<index>/execute/<name>", view_func=self.execute, methods=["POST"])
        add("/<batch_id>/<index>/complete", view_func=self.complete, methods=["POST"])
        return views

    def create(self) -> ResponseReturnValue:
        """A new batch."""
        return jsonify({"batchId": self._server.batches.create()}), 201

    def create_with(self, handler: str) -> ResponseReturnValue:
        """A new batch of a provider."""
        if handler != "default":
            raise NuxeoError(400, f"Batch handler {handler} is not found")
        batch_id = self._server.batches.create()
        return jsonify({"provider": "default", "fileEntries": [], "batchId": batch_id})

    def handlers(self) -> Response:
        """The providers."""
        return jsonify({"handlers": [{"name": "default"}]})

    def handler(self, handler: str) -> ResponseReturnValue:
        """One provider."""
        return jsonify({"name": handler}) if handler == "default" else Response(status=404)

    def batch(self, batch_id: str) -> ResponseReturnValue:
        """The files of a batch; 204 when there are none."""
        if request.method == "DELETE":
            self._server.batches.drop(batch_id)
            return void()
        files = self._server.batches.files(batch_id)
        return jsonify([file_json(file) for file in files.values()]) if files else void()

    def info(self, batch_id: str) -> Response:
        """A batch as a whole."""
        entries = [file_json(file) for file in self._server.batches.files(batch_id).values()]
        return jsonify({"provider": "default", "fileEntries": entries, "batchId": batch_id})

    def refresh_token(self, batch_id: str) -> Response:
        """Not for the default provider."""
        self._server.batches.files(batch_id)
        return Response(status=501)

    def file(self, batch_id: str, index: str) -> ResponseReturnValue:
        """One file; 202 while parts are missing."""
        if request.method == "DELETE":
            self._server.batches.drop(batch_id, index)
            return void()
        file = self._server.batches.files(batch_id).get(index)
        if file is None:
            raise not_found(index)
        return jsonify(file_json(file)), 200 if file.is_complete else 202

    def upload(self, batch_id: str, index: str) -> ResponseReturnValue:
        """Send a file, whole or in parts."""
        if not index.isdecimal():
            return Response("Index of the file is not a number", status=400, mimetype="text/plain")
        if request.mimetype == "multipart/form-data":
            raise NuxeoError(400, "Multipart uploads are not supported")
        # Decoded as a form: a plus sign is a space.
        name = unquote_plus(request.headers.get("X-File-Name", ""))
        mime_type = request.headers.get("X-File-Type")
        answer: dict[str, Any] = {
            "uploaded": "true",
            "batchId": batch_id,
            "fileIdx": index,
            "uploadType": "normal",
            "uploadedSize": str(
                request.content_length if request.content_length is not None else -1
            ),
        }
        if request.headers.get("X-Upload-Type", "normal") != "chunked":
            self._server.batches.put(batch_id, index, name, mime_type, _body())
            return jsonify(answer), 201
        try:
            chunk = int(request.headers["X-Upload-Chunk-Index"])
            count = int(request.headers["X-Upload-Chunk-Count"])
            int(request.headers["X-File-Size"])
        except (KeyError, ValueError):
            return Response("Bad chunk headers", status=400, mimetype="text/plain")
        file = self._server.batches.put_chunk(
            batch_id, index, name, mime_type, chunk, count, _body()
        )
        answer |= {
            "uploadType": "chunked",
            "uploadedChunkIds": sorted(file.chunks),
            "chunkCount": count,
        }
        return jsonify(answer), 201 if file.is_complete else 202

    def complete(self, batch_id: str, index: str) -> ResponseReturnValue:
        """For providers that clients upload to directly; the default one only compares."""
        file = self._server.batches.files(batch_id).get(index)
        sent = request.get_json(force=True, silent=True) or {}
        if file is None:
            raise not_found(index)
        same = (sent.get("fileSize"), sent.get("mimeType"), sent.get("md5")) == (
            file.length,
            file.mime_type,
            file.digest,
        )
        return jsonify(file_json(file)) if same else Response(status=409)

    def execute(self, batch_id: str, name: str, index: str | None = None) -> ResponseReturnValue:
        """Run an operation on an uploaded file, or on all of a batch."""
        try:
            files = self._server.batches.files(batch_id)
        except NuxeoError:
            return Response(status=404)
        self._server.use_batch(batch_id)
        indexes = sorted(files, key=int) if index is None else [index]
        blobs = [self._server.batches.blob(batch_id, item) for item in indexes]
        if not blobs or None in blobs:
            raise not_found(index or batch_id)
        return self._operations.call(name, blobs=[blob for blob in blobs if blob])


def _body() -> Iterator[bytes]:
    return iter(lambda: request.stream.read(_PIECE), b"")
