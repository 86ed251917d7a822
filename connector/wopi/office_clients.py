"""The office clients of an installation: each with its discovery, its keys and its ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.wopi.discovery_source import DiscoverySource

DEFAULT_CLIENT = "office"
"""The name of the client that ``nuxeo.wopi.discoveryURL`` is about."""


class ProofMode(StrEnum):
    """Whether the calls of an office client must be signed."""

    REQUIRED = "required"
    IF_PUBLISHED = "ifPublished"
    OFF = "off"


@dataclass(frozen=True)
class OfficeClient:
    """One office client.

    Attributes:
        name: as configured; part of access tokens.
        discovery: what it publishes.
        proof: whether its calls must be signed.
    """

    name: str
    discovery: DiscoverySource
    proof: ProofMode = ProofMode.IF_PUBLISHED


class OfficeClients:
    """All office clients, the preferred one first."""

    def __init__(self, clients: Sequence[OfficeClient]) -> None:
        self._clients = {client.name: client for client in clients}

    def __iter__(self) -> Iterator[OfficeClient]:
        return iter(self._clients.values())

    def get(self, name: str) -> OfficeClient | None:
        """The client with this name."""
        return self._clients.get(name)

    def start(self) -> None:
        """Renew every discovery in the background from now on."""
        for client in self:
            client.discovery.start()

    def stop(self) -> None:
        """Stop renewing."""
        for client in self:
            client.discovery.stop()
