"""Whether a WOPI call may come in: it must be signed by the office client it was handed out to.

The keys are in the client's discovery. When a proof fails, they may have changed: the discovery is
fetched again, at most once a minute and by one caller for all, and the proof is checked once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from connector.links import Links
from connector.wopi.clients import ProofMode
from connector.wopi.discovery import Discovery
from connector.wopi.discovery_source import DiscoverySource, DiscoveryUnavailable
from connector.wopi.errors import ServerError
from connector.wopi.office_clients import NATIVE_CLIENT, OfficeClients
from connector.wopi.proof import Proof, ProofFailure, ProofKeys, read_proof, verify


class ProofGate:
    """Checks the signatures of calls.

    Args:
        clients: with their keys.
        links: knows the URLs that office clients call.
        clock: seconds since the epoch.
        native_clients: whether Office for mobile, which signs nothing, may come in.
    """

    def __init__(
        self,
        clients: OfficeClients,
        links: Links,
        clock: Callable[[], float] = time.time,
        *,
        native_clients: bool = False,
    ) -> None:
        self._clients = clients
        self._links = links
        self._clock = clock
        self._native_clients = native_clients

    def check(
        self, client_name: str, headers: Mapping[str, str], *, access_token: str, called: str
    ) -> None:
        """Let a call in, or not.

        Args:
            client_name: the office client that the access token was made for.
            headers: of the call.
            access_token: as it came, decoded.
            called: path and query as they came, whatever proxies made of host, scheme and prefix.

        Raises:
            ServerError: the call is not proven, which WOPI answers with 500.
        """
        if client_name == NATIVE_CLIENT and self._native_clients:
            # It signs nothing; its user has signed in to Nuxeo for the token.
            return
        client = self._clients.get(client_name)
        if client is None:
            raise ServerError("the access token is for an office client that is not configured")
        if client.proof is ProofMode.OFF:
            return
        discovery = _published(client.discovery)
        keys = discovery.proof_keys
        if keys is None:
            mode = client.proof or client.profile_in(discovery).proof
            if mode is not ProofMode.REQUIRED:
                return
            raise ServerError("proofs are required, and the office client publishes no keys")
        proof = read_proof(headers)
        failure = self._failure(proof, keys, access_token, called)
        if failure is ProofFailure.WRONG and client.discovery.fetch_again():
            keys = _published(client.discovery).proof_keys or keys
            failure = self._failure(proof, keys, access_token, called)
        if failure is not None:
            raise ServerError(failure.value)

    def _failure(
        self, proof: Proof | ProofFailure, keys: ProofKeys, access_token: str, called: str
    ) -> ProofFailure | None:
        if isinstance(proof, ProofFailure):
            return proof
        url = self._links.called_url(called)
        return verify(proof, keys, access_token=access_token, url=url, now=self._clock())


def _published(source: DiscoverySource) -> Discovery:
    try:
        return source.get()
    except DiscoveryUnavailable as error:
        # Nobody knows whether it publishes keys; what cannot be checked does not come in.
        raise ServerError("the office client's discovery is not available") from error
