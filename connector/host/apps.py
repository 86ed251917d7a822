"""Which files can be opened, and in which app: for whatever offers links to host pages.

An entry has the form of the Java addon's blob enricher ``wopi``, with the addresses ending where
the place of a blob has to be appended: ``<repository>/<document>/<xpath>``. Nothing here is about a
document or a user, so anybody may read it, also from another origin.

Source: WEBUI_SLOT 0.3; ``WOPIJsonEnricher`` of the Java addon.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.host.asked import HostAction
from connector.host.opening import Candidate, choose, decide
from connector.links import Links
from connector.wopi.access_token import Grant
from connector.wopi.discovery import Discovery
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.office_clients import OfficeClient, OfficeClients


def apps(clients: OfficeClients, links: Links) -> dict[str, dict[str, str]]:
    """By extension, the app that opens such files, and the beginnings of the addresses to do it at.

    ``view`` is always there; ``edit`` where a file can be changed, if only after a conversion.

    Raises:
        DiscoveryUnavailable: no office client has published anything yet.
    """
    published: dict[str, Discovery] = {}
    missing: DiscoveryUnavailable | None = None
    for client in clients:
        try:
            published[client.name] = client.discovery.get()
        except DiscoveryUnavailable as error:
            missing = error
    if not published and missing is not None:
        raise missing
    extensions = {ext for discovery in published.values() for ext, _ in discovery.actions}
    found = {ext: _entry(ext, clients.for_extension(ext), published, links) for ext in extensions}
    return {extension: entry for extension, entry in sorted(found.items()) if entry}


def _entry(
    extension: str,
    clients: tuple[OfficeClient, ...],
    published: Mapping[str, Discovery],
    links: Links,
) -> dict[str, str]:
    """What a user without any obstacle would get."""
    candidates = []
    for client in clients:
        discovery = published.get(client.name)
        opening = decide(HostAction.EDIT, extension, discovery, None) if discovery else None
        if discovery and opening:
            candidates.append(Candidate(client.name, client.label, discovery, opening))
    choice = choose(candidates, wanted=None, running_in=None)
    if choice is None:
        return {}
    opening = choice.candidate.opening
    entry = {"appName": opening.action.app, "view": links.host_pages_of(HostAction.VIEW)}
    if opening.grant is Grant.EDIT:
        entry["edit"] = links.host_pages_of(HostAction.EDIT)
    return entry
