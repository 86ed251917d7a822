"""WOPI over HTTP: what every endpoint does with a request before and after its operation.

Access tokens come in the query (Office repeats them in Authorization); nothing here logs a query.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from flask import Blueprint, Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from connector import __version__
from connector.file_reference import FileReference
from connector.lock_store.base import LockStoreBusy
from connector.nuxeo_gateway.content import Source
from connector.wopi import container_id as container_ids
from connector.wopi import file_id as file_ids
from connector.wopi import filenames, locks
from connector.wopi.access_token import AccessToken, AccessTokens, InvalidAccessToken
from connector.wopi.errors import (
    BadRequest,
    NotFound,
    NotImplementedOperation,
    ServerError,
    Unauthorized,
    WopiError,
    header_text,
)
from connector.wopi.file_url import FileUrls
from connector.wopi.handout import ECOSYSTEM
from connector.wopi.opened import OpenContainer, OpenFile
from connector.wopi.proof import PROOF_HEADERS
from connector.wopi.proof_gate import ProofGate
from connector.wopi.targets import Target, read_target

_log = logging.getLogger("connector.wopi")


class WopiHttp:
    """Lets in who has a token for the resource, from an office client that signed the call.

    Args:
        tokens: reads access tokens.
        proofs: checks signatures.
        file_urls: reads the tickets of unsigned reads.
        instance: the prefix of this installation's file ids.
        patience: seconds that a client may be silent in the middle of a body.
    """

    def __init__(
        self,
        tokens: AccessTokens,
        proofs: ProofGate,
        file_urls: FileUrls,
        instance: str,
        patience: float,
    ) -> None:
        self._patience = patience
        self._tokens = tokens
        self._proofs = proofs
        self._file_urls = file_urls
        self._instance = instance

    def file(self, file_id: str, *, grace: float = 0) -> OpenFile:
        """Who asks for which file.

        Args:
            file_id: from the address.
            grace: seconds for which the access token may have ended already; the caller then has to
                see to what it may still be good for.

        Raises:
            NotFound: the file id names nothing.
            Unauthorized: no access token, or one that is not good for this file.
            ServerError: the call is not signed by the office client that the token was made for.
        """
        text = access_token()
        canonical, reference = self._named(file_id)
        return OpenFile(canonical, reference, self._let_in(canonical, text, grace))

    def container(self, container_id: str) -> OpenContainer:
        """Who asks for which container.

        Raises:
            NotFound: the container id names nothing.
            Unauthorized, ServerError: as :meth:`file`.
        """
        text = access_token()
        try:
            reference = container_ids.decode(container_id, self._instance)
        except container_ids.InvalidContainerId as error:
            raise NotFound(str(error)) from error
        g.resource = reference.document_key
        canonical = container_ids.encode(reference, self._instance)
        return OpenContainer(reference, self._let_in(canonical, text))

    def ecosystem(self) -> AccessToken:
        """Who asks for the ecosystem.

        Raises:
            Unauthorized, ServerError: as :meth:`file`.
        """
        g.resource = ECOSYSTEM
        return self._let_in(ECOSYSTEM, access_token())

    def file_by_ticket(self, file_id: str) -> OpenFile:
        """The file whose FileUrl this is: for reading only, and not signed.

        Raises:
            NotFound: the file id names nothing.
            Unauthorized: there is no ticket, or it is not good for this file.
        """
        canonical, reference = self._named(file_id)
        try:
            token = self._file_urls.read(canonical, request.args.get("ticket", ""))
        except InvalidAccessToken as error:
            raise Unauthorized(f"the ticket is not valid: {error}") from error
        g.user = token.user
        return OpenFile(canonical, reference, token)

    def body(self) -> Source:
        """The request's body. A client that stops sending must not hold a thread without end."""
        connection = request.environ.get("gunicorn.socket")
        if connection is not None:
            connection.settimeout(self._patience)
        return request.stream

    def _named(self, file_id: str) -> tuple[str, FileReference]:
        """The file id in its one form, and what it names."""
        try:
            reference = file_ids.decode(file_id, self._instance)
            canonical = file_ids.encode(reference, self._instance)
        except file_ids.InvalidFileId as error:
            raise NotFound(str(error)) from error
        g.resource = f"{reference.document_key}/{reference.xpath}"
        return canonical, reference

    def _let_in(self, resource_id: str, text: str, grace: float = 0) -> AccessToken:
        try:
            token = self._tokens.read(text, resource_id=resource_id, grace=grace)
        except InvalidAccessToken as error:
            raise Unauthorized(f"the access token is not valid: {error}") from error
        g.user, g.token = token.user, token
        shown = {name: request.headers.get(name, "") for name in PROOF_HEADERS}
        self._proofs.check(token.client, shown, access_token=text, called=_path_and_query())
        return token


def register(app: Flask, blueprint: Blueprint, url_prefixes: Iterable[str]) -> None:
    """Add an endpoint's routes to an application, with one log line and one error form for all.

    Args:
        app: the application.
        blueprint: the routes.
        url_prefixes: where they are; each ends with a slash.
    """
    blueprint.before_request(_start)
    blueprint.after_request(_finish)
    blueprint.register_error_handler(WopiError, _refuse)
    blueprint.register_error_handler(Exception, _fail)
    for number, prefix in enumerate(url_prefixes):
        name = f"{blueprint.name}-{number}" if number else blueprint.name
        app.register_blueprint(blueprint, url_prefix=prefix.rstrip("/"), name=name)


# What requests say


def access_token() -> str:
    """The access token: Office sends it twice, and the one in the query counts.

    Raises:
        Unauthorized: there is none.
    """
    token = request.args.get("access_token")
    if not token:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        token = value.strip() if scheme.lower() == "bearer" else None
    if not token:
        raise Unauthorized("no access token")
    return token


def override() -> str:
    """X-WOPI-Override: the operation.

    Raises:
        BadRequest: it is missing.
    """
    name = request.headers.get("X-WOPI-Override", "").strip().upper()
    if not name:
        raise BadRequest("X-WOPI-Override is missing")
    return name


def unsupported(name: str) -> NotImplementedOperation:
    """The refusal of an operation that there is not."""
    return NotImplementedOperation(f"X-WOPI-Override {name} is not supported")


def lock_id(header: str = "X-WOPI-Lock") -> str:
    """The lock id in a header that must have one.

    Raises:
        BadRequest: it has none.
    """
    value = request.headers.get(header, "")
    if not locks.is_lock_id(value):
        raise BadRequest(
            f"{header} must have 1 to {locks.MAX_ID_LENGTH} printable ASCII characters"
        )
    return value


def optional_lock_id() -> str | None:
    """X-WOPI-Lock of an operation that may come without: ``None`` when it is missing or empty."""
    return lock_id() if request.headers.get("X-WOPI-Lock") else None


def name_in(header: str) -> str | None:
    """The name in a header, decoded from UTF-7; ``None`` without the header."""
    value = request.headers.get(header)
    return None if value is None else filenames.decode_header(value)


def number_in(header: str) -> int | None:
    """The number of bytes in a header; ``None`` without the header.

    Raises:
        BadRequest: it is no such number.
    """
    value = request.headers.get(header, "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 20):
        raise BadRequest(f"{header} is not a number of bytes")
    return int(value)


def announced_length() -> int | None:
    """Content-Length; ``None`` for a chunked body, which tells itself where it ends.

    Without either, a body that got lost on the way would look like an empty file.

    Raises:
        BadRequest: there is neither, or the body is compressed.
    """
    if request.content_encoding:
        raise BadRequest(f"a body in Content-Encoding {request.content_encoding} is not taken")
    length = request.content_length
    if length is None and "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        raise BadRequest("neither Content-Length nor a chunked body")
    return length


def target_in() -> Target:
    """The name that a new file or container is to have.

    Raises:
        NotImplementedOperation, BadRequest: as :func:`connector.wopi.targets.read_target`.
    """
    return read_target(
        name_in("X-WOPI-RelativeTarget"),
        name_in("X-WOPI-SuggestedTarget"),
        overwrite=flag("X-WOPI-OverwriteRelativeTarget"),
    )


def flag(header: str) -> bool:
    """Whether a header says ``true``."""
    return request.headers.get(header, "").strip().lower() == "true"


# Around each request


def _path_and_query() -> str:
    """Path and query as the client wrote them, as far as the WSGI server hands them on."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    if "://" in raw.partition("?")[0]:
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    return raw or request.full_path.rstrip("?")


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
        "%s %d %.0fms file=%s user=%s page=%s correlation=%s%s",
        header_text(g.get("operation", "?")),
        response.status_code,
        (time.monotonic() - g.started) * 1000,
        g.get("resource", "?"),
        g.get("user", "?"),
        g.token.page or "-" if "token" in g else "-",
        header_text(correlation or "-"),
        f" ({reason})" if reason else "",
    )
    return response


def _refuse(error: WopiError) -> Response:
    response = jsonify(dict(error.body)) if error.body else Response()
    response.status_code = error.status
    response.headers.update(error.headers)
    return response


def _fail(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        # Such as a method that the route does not have.
        return Response(status=error.code or 500)
    if isinstance(error, LockStoreBusy):
        return _refuse(ServerError(str(error)))
    _log.exception("a WOPI operation failed unexpectedly")
    return _refuse(ServerError("unexpected failure, see the connector's log"))
