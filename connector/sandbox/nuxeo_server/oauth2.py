"""OAuth2: clients, authorization codes and tokens (REST_CONTRACT 1.5)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import string
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.nuxeo_server.store import Store

CLIENTS = "oauth2Clients"
TOKENS = "oauth2Tokens"
"""Names of the system's directories."""

_CODE_LIFE = 600.0
_TOKEN_LIFE = 3600.0
_LETTERS = string.ascii_letters + string.digits
_LOCALHOST = re.compile(r"http://localhost(:\d+)?(/.*)?")
_METHODS = ("plain", "S256")


class OAuth2Error(Exception):
    """A refusal by its name in RFC 6749."""

    def __init__(self, error_id: str, description: str) -> None:
        super().__init__(description)
        self.id = error_id
        self.description = description


@dataclass(frozen=True)
class Authorization:
    """What a client asks a user for.

    Attributes:
        client: of the directory.
        redirect_uri: as it was sent; ``None`` for the client's first.
        challenge: of PKCE, if there is one.
        method: how it was made.
    """

    client: Mapping[str, Any]
    redirect_uri: str | None
    challenge: str | None
    method: str | None

    @property
    def target(self) -> str:
        """Where the code goes."""
        return self.redirect_uri or str(self.client["redirectURIs"][0])

    def is_verified_by(self, verifier: str) -> bool:
        """Whether ``verifier`` is what the challenge was made of."""
        if self.method == "plain":
            return verifier == self.challenge
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge


@dataclass(frozen=True)
class _Code:
    authorization: Authorization
    user: str
    expires_at: float


class OAuth2:
    """Grants access tokens. Codes live in memory, clients and tokens with everything else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mutex = threading.Lock()
        self._codes: dict[str, _Code] = {}

    def authorization(self, sent: Mapping[str, str]) -> Authorization:
        """What a request to authorize is about.

        Raises:
            OAuth2Error: it is not as it must be.
        """
        client_id, response_type = sent.get("client_id"), sent.get("response_type")
        for name, value in (("client_id", client_id), ("response_type", response_type)):
            if not value:
                raise OAuth2Error("invalid_request", f'Missing required field "{name}".')
        if response_type != "code":
            raise OAuth2Error(
                "unsupported_response_type",
                f'Unknown response_type: got "{response_type}", expecting "code".',
            )
        client = self._store.entry(CLIENTS, client_id or "")
        if client is None:
            raise OAuth2Error("invalid_request", f"Invalid client_id: {client_id}.")
        if not client["isEnabled"]:
            raise OAuth2Error("access_denied", f"Client {client_id} is disabled.")
        redirect_uri = sent.get("redirect_uri") or None
        if redirect_uri is not None and redirect_uri not in client["redirectURIs"]:
            raise OAuth2Error(
                "invalid_request",
                f"Invalid redirect_uri parameter: {redirect_uri}. It must exactly match one of the"
                " redirect URIs configured for the app.",
            )
        challenge, method = sent.get("code_challenge"), sent.get("code_challenge_method")
        if (challenge is None) is not (method is None) or method not in (None, *_METHODS):
            raise OAuth2Error("invalid_request", "Invalid PKCE parameters")
        return Authorization(client, redirect_uri, challenge, method)

    def is_granted(self, authorization: Authorization, user: str) -> bool:
        """Whether the user need not be asked: they were before, or the client is trusted."""
        client = authorization.client
        return bool(client["isAutoGrant"]) or self._token_of(client["id"], user) is not None

    def code(self, authorization: Authorization, user: str) -> str:
        """A code to be exchanged once, within ten minutes."""
        code = _random(10)
        with self._mutex:
            self._codes[code] = _Code(authorization, user, time.time() + _CODE_LIFE)
        return code

    def exchange(self, sent: Mapping[str, str]) -> dict[str, Any]:
        """A token for a code, which is worth nothing afterwards, whatever comes of it.

        Raises:
            OAuth2Error: the code, or who brings it, is not good.
        """
        with self._mutex:
            code = self._codes.pop(sent.get("code", ""), None)
        if code is None or code.expires_at < time.time():
            raise OAuth2Error("invalid_grant", "Invalid authorization code")
        authorization, client_id = code.authorization, sent.get("client_id")
        if authorization.client["id"] != client_id:
            raise OAuth2Error("invalid_client", f"Invalid client id: {client_id}")
        self._check_client(sent)
        if authorization.redirect_uri and authorization.redirect_uri != sent.get("redirect_uri"):
            raise OAuth2Error("invalid_grant", f"Invalid redirect URI: {sent.get('redirect_uri')}")
        if authorization.challenge is not None:
            verifier = sent.get("code_verifier")
            if verifier is None:
                raise OAuth2Error("invalid_request", "Missing code_verifier parameter")
            if not authorization.is_verified_by(verifier):
                raise OAuth2Error("invalid_grant", "Invalid code_verifier parameter")
        token = self._token_of(client_id, code.user)
        if token is None:
            token = {"nuxeoLogin": code.user, "clientId": client_id}
            return self._issue(token)
        return self._issue(token) if _is_expired(token) else _answer(token)

    def refresh(self, sent: Mapping[str, str]) -> dict[str, Any]:
        """A new token in the place of one; neither it nor its refresh token is good any more.

        Raises:
            OAuth2Error: there is no such token of this client's.
        """
        if not sent.get("client_id"):
            raise OAuth2Error("invalid_request", "Empty client id")
        self._check_client(sent)
        for token in self._store.entries(TOKENS):
            wanted = (sent["client_id"], sent.get("refresh_token"))
            if (token["clientId"], token["refreshToken"]) == wanted:
                return self._issue(token)
        raise OAuth2Error("invalid_grant", "Cannot refresh token")

    def user(self, access_token: str) -> str | None:
        """Whose a token is, while it and its client are good."""
        token = self._store.entry(TOKENS, access_token)
        if token is None or _is_expired(token):
            return None
        return str(token["nuxeoLogin"]) if self._store.entry(CLIENTS, token["clientId"]) else None

    def _check_client(self, sent: Mapping[str, str]) -> None:
        client = self._store.entry(CLIENTS, sent["client_id"])
        secret = client and client.get("secret")
        if (
            not client
            or not client["isEnabled"]
            or (secret and secret != sent.get("client_secret"))
        ):
            raise OAuth2Error("invalid_client", "Disabled client or invalid client secret")

    def _token_of(self, client_id: object, user: str) -> dict[str, Any] | None:
        for token in self._store.entries(TOKENS):
            if (token["clientId"], token["nuxeoLogin"]) == (client_id, user):
                return token
        return None

    def _issue(self, former: Mapping[str, Any]) -> dict[str, Any]:
        token = {
            **former,
            "accessToken": _random(32),
            "refreshToken": _random(64),
            "expiresAt": time.time() + _TOKEN_LIFE,
        }
        with self._store.writing():
            if "accessToken" in former:
                self._store.delete_entry(TOKENS, former["accessToken"])
            self._store.put_entry(TOKENS, token["accessToken"], token)
        return _answer(token)


def is_redirect_uri(uri: str) -> bool:
    """Whether a client may have it: never by plain http, but to the own machine."""
    return bool(uri.strip()) and (
        uri.startswith("https") or not uri.startswith("http") or bool(_LOCALHOST.fullmatch(uri))
    )


def _is_expired(token: Mapping[str, Any]) -> bool:
    return float(token["expiresAt"]) < time.time()


def _answer(token: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "access_token": token["accessToken"],
        "refresh_token": token["refreshToken"],
        "token_type": "bearer",
        "expires_in": int(float(token["expiresAt"]) - time.time()),
    }


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
