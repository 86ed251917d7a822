"""The office clients of an installation: each with its discovery, its keys and its ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.wopi.clients import MICROSOFT, OTHER, ClientProfile, ProofMode
from connector.wopi.discovery import Discovery
from connector.wopi.discovery_source import DiscoverySource, DiscoveryUnavailable

NATIVE_CLIENT = "native-app"
"""The client in tokens of Office for mobile, which publishes no discovery; none can be configured
with this name."""


@dataclass(frozen=True)
class OfficeClient:
    """One office client.

    Attributes:
        name: as configured; part of access tokens and of links.
        discovery: what it publishes.
        label: its name for people.
        kind: what kind it is; ``None`` to tell by its discovery.
        proof: whether its calls must be signed; ``None`` for what is usual for its kind.
    """

    name: str
    discovery: DiscoverySource
    label: str = ""
    kind: ClientProfile | None = None
    proof: ProofMode | None = None

    def profile_in(self, discovery: Discovery) -> ClientProfile:
        """What kind it is, given what it publishes."""
        return self.kind or discovery.client


class OfficeClients:
    """All office clients, the preferred one first.

    Args:
        clients: in the order in which they are tried; at least one.
        routes: extension (lower case, no dot) to the name of the client that is tried first.
    """

    def __init__(
        self, clients: Sequence[OfficeClient], routes: Mapping[str, str] | None = None
    ) -> None:
        self._clients = {client.name: client for client in clients}
        self._routes = routes or {}

    def __iter__(self) -> Iterator[OfficeClient]:
        return iter(self._clients.values())

    def get(self, name: str) -> OfficeClient | None:
        """The client with this name."""
        return self._clients.get(name)

    def for_extension(self, extension: str) -> tuple[OfficeClient, ...]:
        """All clients, the one that such files are routed to first."""
        routed = self._routes.get(extension.lower())
        return tuple(sorted(self, key=lambda client: client.name != routed))

    def profile(self, name: str) -> ClientProfile:
        """What kind the client with this name is; the most general one if nobody can tell."""
        if name == NATIVE_CLIENT:
            return MICROSOFT
        client = self._clients.get(name)
        if client is None:
            return OTHER
        try:
            return client.kind or client.discovery.get().client
        except DiscoveryUnavailable:
            return OTHER

    def start(self) -> None:
        """Renew every discovery in the background from now on."""
        for client in self:
            client.discovery.start()

    def stop(self) -> None:
        """Stop renewing."""
        for client in self:
            client.discovery.stop()
