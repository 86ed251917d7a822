"""Who somebody is (REST_CONTRACT 1.6, 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.nuxeo_gateway.errors import GatewayError, NuxeoFailed
from connector.nuxeo_gateway.session import NuxeoSession, json_object

_ME = "api/v1/me"


@dataclass(frozen=True)
class User:
    """A Nuxeo user: login name and the name to show to people."""

    name: str
    display_name: str
    is_anonymous: bool


class Users:
    """Asks Nuxeo about users."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def behind_cookies(self, cookies: str) -> User:
        """The user whose browser sent this ``Cookie`` header: one call.

        Raises:
            NuxeoRefusedUser: nobody is signed in.
            GatewayError: Nuxeo did not answer as expected.
        """
        return _parse(json_object(self._session.call_with_cookies(_ME, cookies)))

    def behind_bearer(self, token: str) -> User:
        """The user to whom Nuxeo has given this OAuth2 access token: one call.

        Raises:
            NuxeoRefusedUser: it is nobody's, or has ended.
            GatewayError: Nuxeo did not answer as expected.
        """
        return _parse(json_object(self._session.call_with_bearer(_ME, token)))

    def get(self, name: str) -> User:
        """The user with this login name: one call, made as that user.

        Raises:
            NuxeoRefusedUser: Nuxeo knows no such user.
            GatewayError: Nuxeo did not answer as expected.
        """
        return _parse(json_object(self._session.call("GET", _ME, user=name)))

    def name_of(self, name: str) -> str:
        """The name to show to people; the login name where Nuxeo cannot say: one call."""
        try:
            return self.get(name).display_name
        except GatewayError:
            return name


def _parse(value: Mapping[str, Any]) -> User:
    properties: Mapping[str, Any] = value.get("properties") or {}
    name = properties.get("username") or value.get("id")
    if value.get("entity-type") != "user" or not isinstance(name, str) or not name:
        raise NuxeoFailed("Nuxeo answered with something that is no user")
    parts = (properties.get("firstName"), properties.get("lastName"))
    display_name = " ".join(str(part).strip() for part in parts if part and str(part).strip())
    return User(name, display_name or name, bool(value.get("isAnonymous")))
