"""``/site/wopi/files/<file id>`` and ``.../contents``: WOPI over HTTP.

Views only: they read headers, call the operation, and write down what it says.
"""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Iterator

from flask import Blueprint, Response, g, jsonify, request

from connector.lock_store.base import LockStore, LockStoreBusy, OpenPage
from connector.nuxeo_gateway.errors import GatewayError
from connector.wopi.access_token import GRACE, Grant
from connector.wopi.errors import NotImplementedOperation
from connector.wopi.file_actions import FileActions
from connector.wopi.http import (
    WopiHttp,
    announced_length,
    lock_id,
    number_in,
    optional_lock_id,
    override,
    target_in,
    unsupported,
)
from connector.wopi.opened import OpenFile
from connector.wopi.operations import Content, FileOperations, LockAnswer
from connector.wopi.put_relative import PutRelative
from connector.wopi.saves import read_note
from connector.wopi.saving import Saving

_log = logging.getLogger("connector.wopi")

_MAX_UNLESS_SAID = 2**31 - 1
_TO_BRING_TO_AN_END = frozenset({"REFRESH_LOCK", "UNLOCK"})
_TO_OPEN = frozenset({"CheckFileInfo", "GetFile"})
_WHILE_OPEN = frozenset({"PutFile", "RefreshLock"})


class FilesEndpoint:
    """The views of one application.

    Args:
        operations: CheckFileInfo, GetFile and the lock operations.
        saving: PutFile.
        actions: the other operations on a file.
        put_relative: PutRelativeFile; ``None`` where it is switched off.
        http: lets callers in.
        store: is told when a file could not be opened, for the page on which it was to be.
    """

    def __init__(
        self,
        operations: FileOperations,
        saving: Saving,
        actions: FileActions,
        put_relative: PutRelative | None,
        http: WopiHttp,
        store: LockStore,
    ) -> None:
        self._store = store
        self._operations = operations
        self._saving = saving
        self._actions = actions
        self._put_relative = put_relative
        self._http = http

    def blueprint(self) -> Blueprint:
        """The routes, below ``files``."""
        blueprint = Blueprint("wopi_files", __name__)
        add = blueprint.add_url_rule
        add("/files/<file_id>", view_func=self.check_file_info, methods=["GET"])
        add("/files/<file_id>", view_func=self.post_file, methods=["POST"])
        add("/files/<file_id>/contents", view_func=self.get_file, methods=["GET"])
        add("/files/<file_id>/contents", view_func=self.put_file, methods=["POST"])
        add("/files/<file_id>/direct", view_func=self.get_file_url, methods=["GET"])
        blueprint.after_request(self._note_trouble)
        return blueprint

    def check_file_info(self, file_id: str) -> Response:
        """GET file."""
        g.operation = "CheckFileInfo"
        return jsonify(self._operations.check_file_info(self._http.file(file_id)))

    def get_file(self, file_id: str) -> Response:
        """GET contents."""
        g.operation = "GetFile"
        return self._content(self._http.file(file_id), _max_expected_size())

    def get_file_url(self, file_id: str) -> Response:
        """GET FileUrl."""
        g.operation = "GetFileUrl"
        return self._content(self._http.file_by_ticket(file_id), sys.maxsize)

    def _content(self, file: OpenFile, max_size: int) -> Response:
        content = self._operations.get_file(file, max_size)
        response = Response(_body(content, g.resource), mimetype="application/octet-stream")
        response.call_on_close(content.stream.close)
        if content.stream.length is not None:
            response.content_length = content.stream.length
        if content.version is not None:
            response.headers["X-WOPI-ItemVersion"] = content.version
        return response

    def put_file(self, file_id: str) -> Response:
        """POST contents."""
        g.operation = "PutFile"
        file = self._http.file(file_id, grace=GRACE)
        if (name := override()) != "PUT":
            raise unsupported(name)
        lock = optional_lock_id()
        saved = self._saving.put_file(
            file,
            lock,
            self._http.body(),
            announced_length(),
            read_note(request.headers),
        )
        response = jsonify({"LastModifiedTime": saved.last_modified} if saved.last_modified else {})
        if saved.version is not None:
            response.headers["X-WOPI-ItemVersion"] = saved.version
        return response

    def post_file(self, file_id: str) -> Response:
        """POST file: the operation is named by X-WOPI-Override."""
        g.operation = request.headers.get("X-WOPI-Override", "?")
        is_last = g.operation.strip().upper() in _TO_BRING_TO_AN_END
        file = self._http.file(file_id, grace=GRACE if is_last else 0)
        match override():
            case "LOCK" if "X-WOPI-OldLock" in request.headers:
                g.operation = "UnlockAndRelock"
                answer = self._operations.unlock_and_relock(
                    file, lock_id(), lock_id("X-WOPI-OldLock")
                )
            case "LOCK":
                g.operation = "Lock"
                answer = self._operations.lock(file, lock_id())
            case "GET_LOCK":
                g.operation = "GetLock"
                answer = self._operations.get_lock(file)
            case "REFRESH_LOCK":
                g.operation = "RefreshLock"
                answer = self._operations.refresh_lock(file, lock_id())
            case "UNLOCK":
                g.operation = "Unlock"
                answer = self._operations.unlock(file, lock_id())
            case "PUT_RELATIVE":
                return self._put_relative_file(file)
            case other:
                return self._actions.post(other, file)
        return _lock_response(answer)

    def _note_trouble(self, response: Response) -> Response:
        """Have the host page tell what an office client has only an apology for."""
        token, operation = g.get("token"), g.get("operation", "")
        if token is None or not token.page or operation not in _TO_OPEN | _WHILE_OPEN:
            return response
        has_failed = response.status_code >= 400
        try:
            if has_failed and operation in _TO_OPEN:
                trouble = f"{operation} {response.status_code}"
                is_editing = token.grant is Grant.EDIT
                page = OpenPage(token.page, token.user, token.user_name, is_editing, trouble)
                self._store.note_trouble(token.resource_id, page)
            elif not has_failed:
                # Who has the content, or goes on with it, has no trouble any more; who knows no
                # more than what the file is has none with that.
                beginning = operation if operation == "CheckFileInfo" else ""
                self._store.forget_trouble(token.resource_id, token.page, beginning)
        except LockStoreBusy as error:
            _log.warning("whether a file was opened could not be noted: %s", error)
        return response

    def _put_relative_file(self, file: OpenFile) -> Response:
        g.operation = "PutRelativeFile"
        if self._put_relative is None:
            raise NotImplementedOperation("PutRelativeFile is switched off")
        answer = self._put_relative.put_relative_file(
            file,
            target_in(),
            self._http.body(),
            announced=announced_length(),
            size=number_in("X-WOPI-Size"),
            is_conversion="X-WOPI-FileConversion" in request.headers,
        )
        return jsonify(answer)


def _max_expected_size() -> int:
    """X-WOPI-MaxExpectedSize in bytes; files beyond 2 GiB have values beyond 32 bits."""
    value = number_in("X-WOPI-MaxExpectedSize")
    return _MAX_UNLESS_SAID if value is None else value


def _lock_response(answer: LockAnswer) -> Response:
    response = Response(status=200)
    if answer.lock_id is not None:
        response.headers["X-WOPI-Lock"] = answer.lock_id
    if answer.version is not None:
        response.headers["X-WOPI-ItemVersion"] = answer.version
    return response


def _body(content: Content, file: str) -> Iterator[bytes]:
    """The content, its last piece only when it is noted who has it: they may come back at once."""
    waiting = b""
    try:
        for piece in content.stream.pieces():
            if waiting:
                yield waiting
            waiting = piece
        content.note_given()
        if waiting:
            yield waiting
    except GatewayError as error:
        _log.warning("GetFile of %s broke off: %s", file, error)
        # The status is gone already. Closing the connection is how the client learns of it; any
        # other exception would have the WSGI server write the URL with its token into the log.
        raise ConnectionResetError(errno.ECONNRESET, "the content broke off") from None
