"""The entries that Nuxeo has of OAuth2 clients, for administrators.

Source: ``OAuth2Object`` and ``OAuth2ClientServiceImpl`` of the Java server; 10.10 has the reading
calls only, and tells less there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.nuxeo_gateway.errors import NuxeoKnowsNoSuchCall, NuxeoNotFound
from connector.nuxeo_gateway.session import NuxeoSession, json_object, segment

_CLIENTS = "api/v1/oauth2/client"
_DIRECTORY = "oauth2Clients"


@dataclass(frozen=True)
class OAuth2Client:
    """An entry.

    Attributes:
        id: its id.
        name: what users see when they are asked.
        redirect_uris: where users may come back to; ``None`` where Nuxeo does not tell.
        is_auto_grant: whether users are not asked; ``None`` where Nuxeo does not tell.
        is_enabled: whether it is good for anything.
        secret: its secret, if it has one.
    """

    id: str
    name: str
    redirect_uris: tuple[str, ...] | None
    is_auto_grant: bool | None
    is_enabled: bool
    secret: str | None = field(default=None, repr=False)


class OAuth2Clients:
    """Reads and writes them, always as an administrator."""

    def __init__(self, session: NuxeoSession) -> None:
        self._session = session

    def get(self, client_id: str, *, user: str) -> OAuth2Client | None:
        """An entry, if there is one: one call.

        Raises:
            NuxeoForbidden: the user is no administrator.
            GatewayError: Nuxeo did not answer as expected.
        """
        try:
            response = self._session.call("GET", f"{_CLIENTS}/{segment(client_id)}", user=user)
        except NuxeoNotFound:
            return None
        value = json_object(response)
        uris = value.get("redirectURIs")
        return OAuth2Client(
            id=client_id,
            name=str(value.get("name") or ""),
            redirect_uris=tuple(map(str, uris)) if isinstance(uris, list) else None,
            is_auto_grant=bool(value["isAutoGrant"]) if "isAutoGrant" in value else None,
            is_enabled=bool(value.get("isEnabled")),
            secret=str(value["secret"]) if value.get("secret") else None,
        )

    def create(self, client: OAuth2Client, *, user: str) -> None:
        """Make an entry: one call, or on a server that cannot, two.

        Raises:
            NuxeoForbidden: the user is no administrator.
            GatewayError: Nuxeo did not answer as expected.
        """
        try:
            self._session.call("POST", _CLIENTS, user=user, data=_json(client))
        except NuxeoKnowsNoSuchCall:
            # 10.10: the same entry, where it is kept.
            self._session.call(
                "POST", f"api/v1/directory/{_DIRECTORY}", user=user, data=_entry(client)
            )

    def update(self, client: OAuth2Client, *, user: str) -> None:
        """Change an entry to what ``client`` is; a secret that is there stays if it has none.

        Raises:
            NuxeoForbidden: the user is no administrator.
            NuxeoKnowsNoSuchCall: this server cannot.
            GatewayError: Nuxeo did not answer as expected.
        """
        self._session.call("PUT", f"{_CLIENTS}/{segment(client.id)}", user=user, data=_json(client))


def _json(client: OAuth2Client) -> dict[str, Any]:
    value = {
        "entity-type": "oauth2Client",
        "id": client.id,
        "name": client.name,
        "redirectURIs": list(client.redirect_uris or ()),
        "isAutoGrant": client.is_auto_grant,
        "isEnabled": client.is_enabled,
    }
    return value | ({"secret": client.secret} if client.secret else {})


def _entry(client: OAuth2Client) -> dict[str, Any]:
    properties = {
        "clientId": client.id,
        "name": client.name,
        "redirectURIs": ",".join(client.redirect_uris or ()),
        "autoGrant": client.is_auto_grant,
        "enabled": client.is_enabled,
    }
    return {
        "entity-type": "directoryEntry",
        "directoryName": _DIRECTORY,
        "properties": properties | ({"clientSecret": client.secret} if client.secret else {}),
    }
