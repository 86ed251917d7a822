"""Who calls (REST_CONTRACT 1)."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
from flask import Request

from connector.sandbox.nuxeo_server.security import Principal
from connector.sandbox.nuxeo_server.store import Store

SESSION_COOKIE = "JSESSIONID"
TOKEN_HEADER = "X-Authentication-Token"  # noqa: S105 - a name
CONTEXT = "/nuxeo/"

_TOKENS = "authTokens"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True)
class Identity:
    """A caller, and the session to be planted with the answer, if any."""

    principal: Principal
    new_session: str | None = None


class Authentication:
    """The ways to be somebody.

    Args:
        store: users, groups and tokens.
        jwt_secret: ``nuxeo.jwt.secret``.
    """

    def __init__(self, store: Store, jwt_secret: str) -> None:
        self._store = store
        self._jwt_secret = jwt_secret
        self._mutex = threading.Lock()
        self._sessions: dict[str, str | None] = {}

    # Sessions

    def new_session(self, user: str | None) -> str:
        """A session; of nobody yet when ``user`` is ``None``."""
        session_id = f"{secrets.token_hex(16).upper()}.sandbox"
        with self._mutex:
            self._sessions[session_id] = user
        return session_id

    def end_session(self, session_id: str) -> None:
        """Sign out."""
        with self._mutex:
            self._sessions.pop(session_id, None)

    def principal(self, name: str) -> Principal | None:
        """Somebody by login name."""
        entry = self._store.entry("userDirectory", name)
        return Principal(name, frozenset(entry.get("groups", ()))) if entry else None

    def password_matches(self, name: str, password: str) -> bool:
        """Whether name and password belong together; an empty one never does."""
        entry = self._store.entry("userDirectory", name) if name and password else None
        return bool(entry) and secrets.compare_digest(
            str(entry and entry["password"]).encode(), password.encode()
        )

    # Requests

    def identify(self, request: Request) -> Identity | None:
        """The caller of a request; a session's identity goes before every header."""
        session_id = request.cookies.get(SESSION_COOKIE)
        with self._mutex:
            known = session_id in self._sessions
            user = self._sessions.get(session_id or "")
        if user is not None:
            principal = self.principal(user)
            if principal is not None:
                return Identity(principal)
        name = self._basic(request) or self._token(request) or self._bearer(request)
        principal = self.principal(name) if name else None
        if principal is None:
            return None
        if known and session_id:
            # The old session ends, and a new one is planted that is this user from now on.
            self.end_session(session_id)
            return Identity(principal, self.new_session(principal.name))
        return Identity(principal)

    def _basic(self, request: Request) -> str | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if self.password_matches(name, password) else None

    def _token(self, request: Request) -> str | None:
        token = (
            request.headers.get(TOKEN_HEADER)
            or request.args.get("token")
            or request.cookies.get(TOKEN_HEADER)
        )
        entry = self._store.entry(_TOKENS, token) if token else None
        return str(entry["userName"]) if entry else None

    def _bearer(self, request: Request) -> str | None:
        header = request.headers.get("Authorization")
        if header is None:
            token = request.args.get("access_token")
        else:
            token = header[7:] if header.startswith("Bearer ") else None
        return self._jwt_user(token, forwarded_path(request.path)) if token else None

    def _jwt_user(self, token: str, path: str) -> str | None:
        if not self._jwt_secret:
            return None
        try:
            claims = jwt.decode(
                token,
                self._jwt_secret,
                algorithms=["HS512"],
                # Audience and times have rules of their own here.
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_sub": False,
                },
            )
        except jwt.InvalidTokenError:
            return None
        return _accepted_subject(claims, path)

    # Tokens for devices

    def device_token(self, user: str, device: str, application: str) -> str:
        """The token of a device; the same one each time."""
        for entry in self._store.entries(_TOKENS):
            if (entry["userName"], entry["deviceId"], entry["applicationName"]) == (
                user,
                device,
                application,
            ):
                return str(entry["token"])
        token = secrets.token_hex(16)
        entry = {
            "token": token,
            "userName": user,
            "deviceId": device,
            "applicationName": application,
        }
        with self._store.writing():
            self._store.put_entry(_TOKENS, token, entry)
        return token

    def revoke_device_token(self, user: str, device: str, application: str) -> None:
        """Make a device's token worthless."""
        token = self.device_token(user, device, application)
        with self._store.writing():
            self._store.delete_entry(_TOKENS, token)


def _accepted_subject(claims: dict[str, Any], path: str) -> str | None:
    moment = int(time.time())
    subject, audience = claims.get("sub"), claims.get("aud")
    if not isinstance(subject, str):
        return None
    try:
        if "exp" in claims and int(claims["exp"]) < moment:
            return None
        if any(int(claims[name]) > moment for name in ("iat", "nbf") if name in claims):
            return None
    except (TypeError, ValueError):
        return None
    if audience is not None:
        if not isinstance(audience, str):
            return None
        prefix = audience.strip("/")
        if path != prefix and not path.startswith(f"{prefix}/"):
            return None
    return subject


def forwarded_path(path: str) -> str:
    """The path that audiences are compared with: ``/api`` is forwarded to ``/site/api``."""
    inner = path.removeprefix(CONTEXT).lstrip("/")
    return f"site/{inner}" if inner.startswith("api/") else inner


def is_api(path: str) -> bool:
    """Whether a path belongs to an authentication chain that answers 401 and never a page."""
    inner = path.removeprefix(CONTEXT)
    return inner.startswith(("api/v", "site/api/v", "site/automation", "json/cmis"))


def base_url(request: Request) -> str:
    """The server's own address in terms of this request (REST_CONTRACT 11.4)."""
    virtual = request.headers.get("nuxeo-virtual-host", "")
    if "http" in virtual:
        return f"{virtual}nuxeo/"
    scheme = request.headers.get("X-Forwarded-Proto") or request.scheme
    host = request.headers.get("X-Forwarded-Host") or request.host
    name, colon, port = host.rpartition(":")
    if not colon or not port.isdecimal():
        name, port = host, ""
    port = request.headers.get("X-Forwarded-Port") or port
    default = {"http": "80", "https": "443"}.get(scheme)
    return f"{scheme}://{name}{f':{port}' if port and port != default else ''}{CONTEXT}"


def is_foreign(request: Request) -> bool:
    """Whether the CSRF filter refuses a request (REST_CONTRACT 1.4)."""
    if request.method in _SAFE:
        return False
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if not source:
        return False
    sent, own = urlsplit(source), urlsplit(base_url(request))
    return (sent.scheme, sent.netloc) != (own.scheme, own.netloc)
