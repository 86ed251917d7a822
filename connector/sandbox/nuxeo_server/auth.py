"""Who calls (REST_CONTRACT 1)."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt
from flask import Request

from connector.sandbox.nuxeo_server.addresses import forwarded_path
from connector.sandbox.nuxeo_server.oauth2 import OAuth2
from connector.sandbox.nuxeo_server.security import Principal
from connector.sandbox.nuxeo_server.store import Store

SESSION_COOKIE = "JSESSIONID"
TOKEN_HEADER = "X-Authentication-Token"  # noqa: S105 - a name

USERS = "userDirectory"
GROUPS = "groupDirectory"
TOKENS = "authTokens"
"""Names of the system's directories."""


@dataclass(frozen=True)
class Identity:
    """A caller, and what is to be planted with the answer.

    Attributes:
        principal: who calls.
        new_session: value of a session cookie.
        token: value of the cookie that repeats a device's token.
    """

    principal: Principal
    new_session: str | None = None
    token: str | None = None


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
        self.oauth2 = OAuth2(store)

    @property
    def accepts_jwt(self) -> bool:
        """Whether there is a secret."""
        return bool(self._jwt_secret)

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
        entry = self._store.entry(USERS, name)
        return Principal(name, self._all_groups(entry.get("groups", ()))) if entry else None

    def _all_groups(self, names: Iterable[str]) -> frozenset[str]:
        """Groups, and those that these are members of."""
        known = self._store.entries(GROUPS)
        found = set(names)
        while True:
            more = {
                str(group["groupname"])
                for group in known
                if found.intersection(group.get("memberGroups", ()))
            }
            if more <= found:
                return frozenset(found)
            found |= more

    def password_matches(self, name: str, password: str) -> bool:
        """Whether name and password belong together; an empty one never does."""
        entry = self._store.entry(USERS, name) if name and password else None
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
        name, token = self._basic(request), None
        if name is None:
            name, token = self._token(request)
        if name is None:
            name = self._bearer(request)
        principal = self.principal(name) if name else None
        if principal is None:
            return None
        new_session = None
        if known and session_id:
            # The old session ends, and a new one is planted that is this user from now on.
            self.end_session(session_id)
            new_session = self.new_session(principal.name)
        return Identity(principal, new_session, token)

    def _basic(self, request: Request) -> str | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if self.password_matches(name, password) else None

    def _token(self, request: Request) -> tuple[str | None, str | None]:
        """The user of a device's token, and the token."""
        token = (
            request.headers.get(TOKEN_HEADER)
            or request.args.get("token")
            or request.cookies.get(TOKEN_HEADER)
        )
        entry = self._store.entry(TOKENS, token) if token else None
        return (str(entry["userName"]), token) if entry else (None, None)

    def _bearer(self, request: Request) -> str | None:
        """The user of an OAuth2 token, or of a JWT."""
        header = request.headers.get("Authorization")
        if header is None:
            token = request.args.get("access_token")
        else:
            token = header[7:] if header.startswith("Bearer ") else None
        if not token:
            return None
        return self.oauth2.user(token) or self._jwt_user(token, forwarded_path(request.path))

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
        for entry in self._store.entries(TOKENS):
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
            self._store.put_entry(TOKENS, token, entry)
        return token

    def revoke_device_token(self, user: str, device: str, application: str) -> None:
        """Make a device's token worthless."""
        token = self.device_token(user, device, application)
        with self._store.writing():
            self._store.delete_entry(TOKENS, token)


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
