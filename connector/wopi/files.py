"""``/site/wopi/files/<file id>`` and ``.../contents``: WOPI over HTTP.

Views only: they read headers, call the operation, and write down what it says. Access tokens come
in the query (Office repeats them in Authorization); nothing here logs a query.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from connector import __version__
from connector.nuxeo_gateway.blobs import BlobStream
from connector.nuxeo_gateway.errors import GatewayError
from connector.wopi import file_id as file_ids
from connector.wopi import locks
from connector.wopi.access_token import AccessTokens, InvalidAccessToken
from connector.wopi.errors import (
    BadRequest,
    NotFound,
    NotImplementedOperation,
    ServerError,
    Unauthorized,
    WopiError,
    header_text,
)
from connector.wopi.operations import FileOperations, LockAnswer, OpenFile
from connector.wopi.saving import Saving

_log = logging.getLogger("connector.wopi")

_MAX_UNLESS_SAID = 2**31 - 1


class FilesEndpoint:
    """The views of one application.

    Args:
        operations: CheckFileInfo, GetFile and the lock operations.
        saving: PutFile.
        tokens: reads access tokens.
        instance: the prefix of this installation's file ids.
    """

    def __init__(
        self,
        operations: FileOperations,
        saving: Saving,
        tokens: AccessTokens,
        instance: str,
    ) -> None:
        self._operations = operations
        self._saving = saving
        self._tokens = tokens
        self._instance = instance

    def register(self, app: Flask, url_prefix: str) -> None:
        """Add the routes below ``url_prefix``, which ends with a slash."""
        blueprint = Blueprint("wopi_files", __name__)
        add = blueprint.add_url_rule
        add("/<file_id>", view_func=self.check_file_info, methods=["GET"])
        add("/<file_id>", view_func=self.post_file, methods=["POST"])
        add("/<file_id>/contents", view_func=self.get_file, methods=["GET"])
        add("/<file_id>/contents", view_func=self.put_file, methods=["POST"])
        blueprint.before_request(_start)
        blueprint.after_request(_finish)
        blueprint.register_error_handler(WopiError, _refuse)
        blueprint.register_error_handler(Exception, _fail)
        app.register_blueprint(blueprint, url_prefix=url_prefix.rstrip("/"))

    def check_file_info(self, file_id: str) -> Response:
        """GET file."""
        g.operation = "CheckFileInfo"
        return jsonify(self._operations.check_file_info(self._open(file_id)))

    def get_file(self, file_id: str) -> Response:
        """GET contents."""
        g.operation = "GetFile"
        stream, version = self._operations.get_file(self._open(file_id), _max_expected_size())
        response = Response(_body(stream, g.file), mimetype="application/octet-stream")
        response.call_on_close(stream.close)
        if stream.length is not None:
            response.content_length = stream.length
        if version is not None:
            response.headers["X-WOPI-ItemVersion"] = version
        return response

    def put_file(self, file_id: str) -> Response:
        """POST contents."""
        g.operation = "PutFile"
        file = self._open(file_id)
        override = _override()
        if override != "PUT":
            raise NotImplementedOperation(f"X-WOPI-Override {override} is not for contents")
        saved = self._saving.put_file(
            file, _optional_lock_id(), request.stream, _announced_length()
        )
        response = jsonify({"LastModifiedTime": saved.last_modified} if saved.last_modified else {})
        if saved.version is not None:
            response.headers["X-WOPI-ItemVersion"] = saved.version
        return response

    def post_file(self, file_id: str) -> Response:
        """POST file: the operation is named by X-WOPI-Override."""
        g.operation = request.headers.get("X-WOPI-Override", "?")
        file = self._open(file_id)
        match _override():
            case "LOCK" if "X-WOPI-OldLock" in request.headers:
                g.operation = "UnlockAndRelock"
                answer = self._operations.unlock_and_relock(
                    file, _lock_id("X-WOPI-Lock"), _lock_id("X-WOPI-OldLock")
                )
            case "LOCK":
                g.operation = "Lock"
                answer = self._operations.lock(file, _lock_id("X-WOPI-Lock"))
            case "GET_LOCK":
                g.operation = "GetLock"
                answer = self._operations.get_lock(file)
            case "REFRESH_LOCK":
                g.operation = "RefreshLock"
                answer = self._operations.refresh_lock(file, _lock_id("X-WOPI-Lock"))
            case "UNLOCK":
                g.operation = "Unlock"
                answer = self._operations.unlock(file, _lock_id("X-WOPI-Lock"))
            case other:
                raise NotImplementedOperation(f"X-WOPI-Override {other} is not supported")
        return _lock_response(answer)

    def _open(self, file_id: str) -> OpenFile:
        """Who asks for which file.

        Raises:
            Unauthorized: no access token, or one that is not good for this file.
            NotFound: the file id names nothing.
        """
        text = _access_token()
        try:
            reference = file_ids.decode(file_id, self._instance)
            canonical = file_ids.encode(reference, self._instance)
        except file_ids.InvalidFileId as error:
            raise NotFound(str(error)) from error
        try:
            token = self._tokens.read(text, file_id=canonical)
        except InvalidAccessToken as error:
            raise Unauthorized(f"the access token is not valid: {error}") from error
        g.user, g.file = token.user, f"{reference.document_key}/{reference.xpath}"
        return OpenFile(canonical, reference, token)


def _access_token() -> str:
    """The access token: Office sends it twice, and the one in the query counts."""
    token = request.args.get("access_token")
    if not token:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = value.strip() if scheme.lower() == "bearer" else None
    if not token:
        raise Unauthorized("no access token")
    return token


def _override() -> str:
    override = request.headers.get("X-WOPI-Override", "").strip().upper()
    if not override:
        raise BadRequest("X-WOPI-Override is missing")
    return override


def _lock_id(header: str) -> str:
    value = request.headers.get(header, "")
    if not locks.is_lock_id(value):
        raise BadRequest(
            f"{header} must have 1 to {locks.MAX_ID_LENGTH} printable ASCII characters"
        )
    return value


def _optional_lock_id() -> str | None:
    """X-WOPI-Lock of PutFile, which is not there when a new file gets its first content."""
    return _lock_id("X-WOPI-Lock") if request.headers.get("X-WOPI-Lock") else None


def _announced_length() -> int | None:
    """Content-Length; ``None`` for a chunked body, which tells itself where it ends.

    Without either, a body that got lost on the way would look like an empty file.
    """
    if request.content_encoding:
        raise BadRequest(f"a body in Content-Encoding {request.content_encoding} is not taken")
    length = request.content_length
    if length is None and "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        raise BadRequest("neither Content-Length nor a chunked body")
    return length


def _max_expected_size() -> int:
    """X-WOPI-MaxExpectedSize in bytes; files beyond 2 GiB have values beyond 32 bits."""
    value = request.headers.get("X-WOPI-MaxExpectedSize", "").strip()
    if not value:
        return _MAX_UNLESS_SAID
    if not (value.isascii() and value.isdecimal() and len(value) <= 20):
        raise BadRequest("X-WOPI-MaxExpectedSize is not a number of bytes")
    return int(value)


def _lock_response(answer: LockAnswer) -> Response:
    response = Response(status=200)
    if answer.lock_id is not None:
        response.headers["X-WOPI-Lock"] = answer.lock_id
    if answer.version is not None:
        response.headers["X-WOPI-ItemVersion"] = answer.version
    return response


def _body(stream: BlobStream, file: str) -> Iterator[bytes]:
    try:
        yield from stream.pieces()
    except GatewayError as error:
        _log.warning("GetFile of %s broke off: %s", file, error)
        # The status is gone already. Closing the connection is how the client learns of it; any
        # other exception would have the WSGI server write the URL with its token into the log.
        raise ConnectionResetError(errno.ECONNRESET, "the content broke off") from None


def _start() -> None:
    g.started = time.monotonic()


def _finish(response: Response) -> Response:
    response.headers["X-WOPI-ServerVersion"] = __version__
    response.headers["Cache-Control"] = "no-store"
    correlation = request.headers.get("X-WOPI-CorrelationID") or request.headers.get("X-Request-ID")
    reason = response.headers.get("X-WOPI-ServerError") or response.headers.get(
        "X-WOPI-LockFailureReason"
    )
    _log.log(
        logging.WARNING if response.status_code >= 500 else logging.INFO,
        "%s %d %.0fms file=%s user=%s correlation=%s%s",
        header_text(g.get("operation", "?")),
        response.status_code,
        (time.monotonic() - g.started) * 1000,
        g.get("file", "?"),
        g.get("user", "?"),
        header_text(correlation or "-"),
        f" ({reason})" if reason else "",
    )
    return response


def _refuse(error: WopiError) -> Response:
    return Response(status=error.status, headers=dict(error.headers))


def _fail(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        # Such as a method that the route does not have.
        return Response(status=error.code or 500)
    _log.exception("a WOPI operation failed unexpectedly")
    return _refuse(ServerError("unexpected failure, see the connector's log"))
