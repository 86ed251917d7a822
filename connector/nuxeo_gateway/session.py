"""One pooled session to Nuxeo for all threads of a process, each call as its own user.

The official client is the way in; what it does by default and must not do here (REST_CONTRACT 12):

- It keeps cookies and shares them. A JSESSIONID planted by one user's call would decide who the
  next call is, whatever token it carries. Here no cookie is ever stored or sent.
- It repeats POST and PUT for half a minute. Here only reads are repeated, and any call whose
  connection could not even be opened.
- It follows redirects with the token still attached. Here a redirect ends the call; only a
  download may go on, without credentials (:meth:`NuxeoSession.download`).
- It waits ten minutes, asks for every schema, logs whole bodies and headers at DEBUG. Not here.
- It is never freed (``atexit``), so there is one per process.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from connector import __version__
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoConflict,
    NuxeoFailed,
    NuxeoForbidden,
    NuxeoKnowsNoSuchCall,
    NuxeoNotFound,
    NuxeoRefusedUser,
    NuxeoTooLarge,
    NuxeoUnavailable,
)
from connector.nuxeo_gateway.official_client import HTTPError, NuxeoClient
from connector.nuxeo_gateway.user_tokens import UserTokens

_APPLICATION = "nuxeo-wopi-connector"
_SCHEMAS = "dublincore"
_RETRIES = Retry(
    total=2,
    connect=2,
    read=1,
    redirect=0,
    status=1,
    other=0,
    backoff_factor=0.1,
    allowed_methods=frozenset({"GET", "HEAD"}),
    status_forcelist=(502, 503, 504),
    respect_retry_after_header=False,
    raise_on_status=False,
)
_ERRORS: Mapping[int, type[GatewayError]] = {
    401: NuxeoRefusedUser,
    403: NuxeoForbidden,
    404: NuxeoNotFound,
    405: NuxeoKnowsNoSuchCall,
    409: NuxeoConflict,
    413: NuxeoTooLarge,
    502: NuxeoUnavailable,
    503: NuxeoUnavailable,
    504: NuxeoUnavailable,
}

# At DEBUG the client writes headers and bodies, cookies among them.
logging.getLogger("nuxeo").setLevel(logging.INFO)


class _Redirected(requests.RequestException):
    """Nuxeo answered with a redirect to ``location``."""

    def __init__(self, location: str) -> None:
        super().__init__("Nuxeo answered with a redirect")
        self.location = location


class _Bearer(AuthBase):
    """Shows Nuxeo the user's token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoCredentials(AuthBase):
    """Adds nothing: for calls that carry a browser's cookie instead."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _NoRedirects(HTTPAdapter):
    """Stops at a redirect before the official client sees it and follows it."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        response = super().send(request, **kwargs)
        # Without a Location too: the official client would send the request once more.
        if 300 <= response.status_code < 400:
            location = urljoin(request.url or "", response.headers.get("Location", ""))
            response.close()
            raise _Redirected(location)
        return response


class NuxeoSession:
    """Calls to Nuxeo's REST API, each as the user it is made for.

    Args:
        url: address of the server with context path and trailing slash.
        jwt_secret: ``nuxeo.jwt.secret``.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes of an answer.
        connections: calls that may be under way at once without opening further connections.
        ca_bundle: certificates to trust instead of the usual ones.
    """

    def __init__(
        self,
        url: str,
        jwt_secret: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        connections: int,
        ca_bundle: Path | None = None,
    ) -> None:
        self._tokens = UserTokens(jwt_secret)
        self._verify: bool | str = str(ca_bundle) if ca_bundle else True
        self._timeout = (connect_timeout, read_timeout)
        self._origin = _origin(url)
        self._client = NuxeoClient(
            host=url,
            app_name=_APPLICATION,
            version=__version__,
            retries=_RETRIES,
            timeout=self._timeout,
        )
        self._client.schemas = _SCHEMAS
        session: requests.Session = self._client._session
        session.hooks["response"] = []
        # Neither proxies nor .netrc passwords of the machine are meant for this connection.
        session.trust_env = False
        session.verify = self._verify
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            session.mount(scheme, _NoRedirects(pool_maxsize=connections, max_retries=_RETRIES))

    def close(self) -> None:
        """Close all connections."""
        self._client.on_exit()

    def call(
        self,
        method: str,
        path: str,
        *,
        user: str,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        raw: bool = False,
    ) -> requests.Response:
        """Call Nuxeo as ``user``. The answer has been read; the connection is free again.

        Args:
            method: the HTTP method.
            path: below the context path, already percent-encoded.
            user: login name.
            headers: beside those that every call has.
            data: body; an object is sent as JSON unless ``raw``.
            raw: send ``data`` as it is: bytes, or an iterable of bytes that knows its length.

        Raises:
            GatewayError: for every answer that is no success.
        """
        response = self._request(
            method, path, _Bearer(self._tokens.of(user)), headers, data=data, raw=raw
        )
        return _read(response)

    def call_with_cookies(self, path: str, cookies: str) -> requests.Response:
        """GET ``path`` with a browser's ``Cookie`` header and no other credentials.

        Raises:
            GatewayError: as :meth:`call`; ``NuxeoRefusedUser`` when nobody is signed in.
        """
        return _read(self._request("GET", path, _NoCredentials(), {"Cookie": cookies}))

    def call_with_bearer(self, path: str, token: str) -> requests.Response:
        """GET ``path`` with somebody's own OAuth2 token.

        Raises:
            GatewayError: as :meth:`call`; ``NuxeoRefusedUser`` when it is nobody's, or has ended.
        """
        return _read(self._request("GET", path, _Bearer(token), None))

    def download(
        self, path: str, *, user: str, headers: Mapping[str, str] | None = None
    ) -> tuple[requests.Response, bool]:
        """GET ``path`` as ``user`` without reading the body: the caller must close the answer.

        Storage such as S3 may have Nuxeo redirect to it: the redirect is followed once, without
        the user's token, which is nothing to a storage and must not be shown to it. One that leads
        back to Nuxeo's own address is no storage but a sign-in page, and is not followed.

        Returns:
            The answer, and whether it is a storage's.

        Raises:
            GatewayError: as :meth:`call`.
        """
        try:
            return self._request("GET", path, _Bearer(self._tokens.of(user)), headers), False
        except NuxeoFailed as error:
            if not isinstance(error.__cause__, _Redirected):
                raise
            location = error.__cause__.location
            if not location.startswith("http") or _origin(location) == self._origin:
                raise
        try:
            # The session carries no credentials of its own, and stops at a further redirect.
            response: requests.Response = self._client._session.get(
                location, timeout=self._timeout, allow_redirects=False, stream=True
            )
            response.raise_for_status()
        except requests.RequestException as error:
            raise NuxeoUnavailable(f"the storage behind Nuxeo: {type(error).__name__}") from error
        return response, True

    def _request(
        self,
        method: str,
        path: str,
        auth: AuthBase,
        headers: Mapping[str, str] | None,
        **kwargs: Any,
    ) -> requests.Response:
        try:
            response: requests.Response = self._client.request(
                method,
                path,
                headers=dict(headers or {}),
                auth=auth,
                ssl_verify=self._verify,
                **kwargs,
            )
        except HTTPError as error:
            kind = _ERRORS.get(error.status, NuxeoFailed)
            raise kind(f"{method} {path}: {error.status} {_line(error.message)}") from error
        except (requests.Timeout, requests.ConnectionError) as error:
            raise NuxeoUnavailable(f"{method} {path}: {type(error).__name__}") from error
        except requests.RequestException as error:
            raise NuxeoFailed(f"{method} {path}: {error}") from error
        return response


def segment(text: str) -> str:
    """``text`` as one segment of a path."""
    return quote(text, safe=":")


def json_object(response: requests.Response) -> dict[str, Any]:
    """The JSON object that Nuxeo answered with.

    Raises:
        NuxeoFailed: if it is none, for example a login page behind a proxy.
    """
    try:
        value = response.json()
    except ValueError as error:
        raise NuxeoFailed("Nuxeo answered with something that is not JSON") from error
    if not isinstance(value, dict):
        raise NuxeoFailed("Nuxeo answered with JSON that is no object")
    return value


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise NuxeoFailed(
            "Nuxeo answered with a redirect to a place that makes no sense"
        ) from error
    return parts.scheme, parts.netloc


def _read(response: requests.Response) -> requests.Response:
    try:
        # requests keeps it, and the connection goes back to the pool.
        _ = response.content
    except requests.RequestException as error:
        raise NuxeoUnavailable(f"the answer broke off: {type(error).__name__}") from error
    return response


def _line(message: object) -> str:
    text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
    return " ".join(text.split())[:300]
