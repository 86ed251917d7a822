"""The one place where the parts are put together."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from connector.config import ClientSettings, Settings
from connector.events.delivery import Deliveries, Delivery
from connector.events.events import EventKind
from connector.events.text import write_to_log
from connector.events.webhook import Webhook
from connector.host.host_page import HostSettings
from connector.host.oauth2_pages import OAuth2Pages
from connector.host.pages import HostPages, Login
from connector.host.session_login import SessionLogin
from connector.host.sign_in import SessionSignIn, SignIn
from connector.host.sign_ins_under_way import SignInsUnderWay
from connector.host.signed_cookies import SignedCookies
from connector.host.user_cookie import UserCookie
from connector.links import Links
from connector.lock_store.base import LockStore, LockStoreBusy
from connector.lock_store.opening import open_lock_store
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.oauth2 import OAuth2
from connector.nuxeo_gateway.session import NuxeoSession
from connector.recovery.folder import RecoveryFolder
from connector.wopi import file_url, info_extensions
from connector.wopi import http as wopi_http
from connector.wopi.access_token import AccessTokens
from connector.wopi.activities import Activities
from connector.wopi.auditing import Auditing
from connector.wopi.bearers import Bearers
from connector.wopi.body import Bodies
from connector.wopi.bootstrapper import BootstrapperEndpoint
from connector.wopi.bootstrapping import Bootstrapping
from connector.wopi.clients import BY_KIND, ProofMode, Restriction
from connector.wopi.container_info import ContainerInfos
from connector.wopi.container_operations import ContainerOperations
from connector.wopi.containers import ContainersEndpoint
from connector.wopi.converting import Converting
from connector.wopi.discovery_source import DiscoverySource
from connector.wopi.ecosystem import EcosystemEndpoint
from connector.wopi.ecosystem_operations import EcosystemOperations
from connector.wopi.file_actions import FileActions
from connector.wopi.file_infos import FileInfos
from connector.wopi.file_url import FileUrls
from connector.wopi.files import FilesEndpoint
from connector.wopi.handout import Handout
from connector.wopi.hierarchy import Hierarchy
from connector.wopi.http import WopiHttp
from connector.wopi.keeping import Keeping
from connector.wopi.new_files import NewFiles
from connector.wopi.office_clients import OfficeClient, OfficeClients
from connector.wopi.operations import FileOperations
from connector.wopi.overwriting import Overwriting
from connector.wopi.proof_gate import ProofGate
from connector.wopi.put_relative import PutRelative
from connector.wopi.removing import Removing
from connector.wopi.renaming import RenameMode, Renaming
from connector.wopi.restoring import Restoring
from connector.wopi.rights import Rights
from connector.wopi.saving import Saving
from connector.wopi.sessions import Sessions
from connector.wopi.sharing import Sharing
from connector.wopi.user_info import UserInfo
from connector.wopi.versioning import Versioning, VersionPolicies
from connector.wopi.versions import Versions

_log = logging.getLogger(__name__)

_LOOK_FOR_IDLE = 30.0
_LOOK_FOR_OLD = 3600.0
_LAST_CHANCE = 5.0


@dataclass(frozen=True)
class Connector:
    """The parts of a running connector. Use :meth:`close` when done.

    Attributes:
        app: the WSGI application.
        gateway: Nuxeo.
        store: WOPI locks.
        clients: the office clients.
        tokens: makes and reads access tokens.
        links: makes URLs.
        sessions: keep WOPI locks and Nuxeo's in step.
        recovery: where failed saves are kept, if they are.
        restoring: puts them back.
        events: what happens, on its way to whoever wants to know.
    """

    app: Flask
    gateway: NuxeoGateway
    store: LockStore
    clients: OfficeClients
    tokens: AccessTokens
    links: Links
    sessions: Sessions
    recovery: RecoveryFolder | None
    restoring: Restoring
    events: Deliveries
    _stopped: threading.Event
    _background: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin what goes on in the background.

        That is discovery, giving back Nuxeo's locks, and dropping kept saves that are too old.
        """
        self.clients.start()
        if self.recovery is not None:
            self._run(partial(self._expire, self.recovery), "old-saves")
        self._run(self._end_idle, "idle-sessions")

    def close(self) -> None:
        """Stop the background work, tell what is still to be told, and close what is open.

        For both there are some seconds: a Nuxeo or a webhook may not answer.
        """
        self._stopped.set()
        self.clients.stop()
        end = time.monotonic() + _LAST_CHANCE
        for thread in self._background:
            thread.join(max(0.0, end - time.monotonic()))
        self.events.close()
        self.gateway.close()
        self.store.close()

    def _run(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._background.append(thread)

    def _end_idle(self) -> None:
        # At once, too: whatever ended while the connector was down, or because it went down.
        while True:
            try:
                self.sessions.end_idle()
            except LockStoreBusy as error:
                _log.warning("locks to give back are looked for again later: %s", error)
            except Exception as error:  # noqa: BLE001 - or nothing would give back a lock any more
                if self._stopped.is_set():
                    # What it needs is closed; whoever comes next goes on with it.
                    _log.info("locks to give back are left for later: %s", error)
                    return
                _log.exception("looking for locks to give back failed")
            if self._stopped.wait(_LOOK_FOR_IDLE):
                return

    def _expire(self, recovery: RecoveryFolder) -> None:
        while True:
            try:
                recovery.expire()
            except Exception as error:  # noqa: BLE001 - or nothing would be dropped any more
                _log.error("old kept saves could not be dropped: %s", error)
            if self._stopped.wait(_LOOK_FOR_OLD):
                return


def build(settings: Settings, clock: Callable[[], float] = time.time) -> Connector:
    """A connector for ``settings``; nothing runs in the background yet, nothing is called yet.

    Args:
        settings: the configuration.
        clock: seconds since the epoch, by which locks end.
    """
    links = make_links(settings)
    gateway = make_gateway(settings)
    store = make_store(settings, clock)
    events = make_events(settings, gateway)
    versioning = Versioning(
        gateway.documents,
        store,
        VersionPolicies(settings.versioning, settings.versioning_by_type),
        events=events,
        clock=clock,
    )
    sessions = Sessions(store, gateway.locks, versioning, events, clock)
    rights = Rights(gateway, sessions)
    versions = Versions(store)
    tokens = make_tokens(settings, clock)
    clients = make_clients(settings)
    recovery = make_recovery(settings, clock)
    tickets = AccessTokens(settings.jwt_secret, file_url.LIFETIME, clock)
    file_urls = FileUrls(tickets, links)
    operations = FileOperations(
        gateway,
        store,
        sessions,
        rights,
        versions,
        FileInfos(
            links,
            clients,
            brand_name=settings.brand_name,
            business_user=settings.business_user,
            restrictions=[Restriction(name) for name in settings.restrictions],
            overrides=settings.check_file_info,
            extensions=info_extensions.installed(),
            file_urls=file_urls if settings.file_url else None,
            put_relative=settings.put_relative,
            containers=settings.containers,
        ),
        stale_lock_after=settings.stale_lock_after * 60,
        instance=settings.instance,
        events=events,
        clock=clock,
    )
    saving = Saving(
        gateway,
        store,
        sessions,
        rights,
        versions,
        versioning,
        Keeping(recovery, gateway, events),
        spool_dir=settings.data_dir,
        max_file_size=settings.max_file_size,
        keep_outside=settings.outside_change == "keepVersion",
        save_timeout=settings.save_timeout,
        events=events,
        clock=clock,
    )
    actions = FileActions(
        Renaming(gateway, store, sessions, rights, RenameMode(settings.rename)),
        Removing(gateway, store, sessions, rights),
        Sharing(gateway, links),
        UserInfo(gateway, store),
        Activities(gateway),
    )
    app = Flask("connector", static_folder=None)
    # Or an address with a slash too many or too few would be answered with a redirect to whatever
    # host the request names, the access token in its address.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    http = WopiHttp(
        tokens,
        ProofGate(clients, links, clock, native_clients=settings.bootstrapper),
        file_urls,
        settings.instance,
        settings.read_timeout,
    )
    handout = Handout(tokens, links, settings.instance)
    bodies = Bodies(settings.data_dir, settings.max_file_size)
    overwriting = Overwriting(gateway, store, sessions, rights, versions, versioning, clock)
    new_files = NewFiles(gateway, store, overwriting, settings.instance)
    converting = Converting(gateway, store, new_files, overwriting, settings.instance)
    put_relative = PutRelative(gateway, new_files, converting, bodies, handout)
    files = FilesEndpoint(
        operations, saving, actions, put_relative if settings.put_relative else None, http, store
    )
    infos = ContainerInfos(
        handout, links, brand_name=settings.brand_name, business_user=settings.business_user
    )
    containers = ContainerOperations(
        gateway,
        store,
        versions,
        new_files,
        bodies,
        infos,
        handout,
        links,
        settings.instance,
    )
    hierarchy = Hierarchy(gateway, infos, settings.root_container)
    ecosystem = EcosystemOperations(
        gateway, hierarchy if settings.containers else None, handout, links
    )
    ecosystem_endpoint = EcosystemEndpoint(ecosystem, http)
    for endpoint in (
        files,
        ContainersEndpoint(containers, hierarchy, ecosystem, http, is_on=settings.containers),
        ecosystem_endpoint,
    ):
        wopi_http.register(app, endpoint.blueprint(), links.wopi_paths)
    bootstrapper = BootstrapperEndpoint(
        Bearers(gateway.users),
        Bootstrapping(gateway, tokens, handout, links, settings.instance),
        links,
        settings.provider_id,
        shortcuts={
            "GET_ROOT_CONTAINER": ("RootContainerInfo", ecosystem.root_container),
            "GET_WOPI_SRC_WITH_ACCESS_TOKEN": ("WopiSrcInfo", ecosystem_endpoint.file_wopi_src),
        },
    )
    if settings.bootstrapper:
        wopi_http.register(app, bootstrapper.blueprint(), links.bootstrapper_paths)
    sign_in, login = make_sign_in(settings, gateway, links, clock)
    HostPages(
        gateway=gateway,
        rights=rights,
        sessions=sessions,
        clients=clients,
        tokens=tokens,
        sign_in=sign_in,
        login=login,
        links=links,
        settings=HostSettings(
            instance=settings.instance,
            language=settings.language,
            business_user=settings.business_user,
            brand_name=settings.brand_name,
            disable_chat=settings.disable_chat,
            frame_ancestors=settings.frame_ancestors,
        ),
        store=store,
        recovery=recovery,
    ).register(app, links.host_path)
    app.register_error_handler(HTTPException, _plain)
    return Connector(
        app,
        gateway,
        store,
        clients,
        tokens,
        links,
        sessions,
        recovery,
        Restoring(
            gateway,
            store,
            rights,
            versions,
            new_files,
            spool_dir=settings.data_dir,
            instance=settings.instance,
        ),
        events,
        threading.Event(),
    )


def make_links(settings: Settings) -> Links:
    """The URLs of an installation."""
    return Links(
        nuxeo_url=settings.nuxeo_url,
        base_url=settings.base_url,
        host_url=settings.host_url,
        clients=[client.name for client in settings.clients],
        own_sign_in=settings.sign_in == "oauth2",
    )


def make_gateway(settings: Settings) -> NuxeoGateway:
    """The way to Nuxeo."""
    session = NuxeoSession(
        settings.rest_url,
        settings.jwt_secret,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        connections=settings.threads,
        ca_bundle=settings.ca_bundle,
    )
    return NuxeoGateway(session)


def make_sign_in(
    settings: Settings,
    gateway: NuxeoGateway,
    links: Links,
    clock: Callable[[], float] = time.time,
) -> tuple[SignIn, Login]:
    """How it is known who the user of a browser is, and how they come to be known."""
    cookies = SignedCookies(settings.jwt_secret, settings.host_url, links.host_path, clock)
    if settings.sign_in != "oauth2":
        session = SessionSignIn(gateway.users, settings.session_cookies)
        return session, SessionLogin(links, cookies)
    user_cookie = UserCookie(cookies, settings.sign_in_for)
    oauth2 = OAuth2(
        authorize_url=links.authorization,
        token_url=f"{settings.rest_url}oauth2/token",
        redirect_uri=links.sign_in_callback,
        client_id=settings.oauth2_client_id,
        client_secret=settings.oauth2_client_secret,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        ca_bundle=settings.ca_bundle,
    )
    pages = OAuth2Pages(oauth2, gateway.users, SignInsUnderWay(cookies), user_cookie, links)
    return user_cookie, pages


def make_events(settings: Settings, gateway: NuxeoGateway) -> Deliveries:
    """Whoever is told of what happens: nobody unless the configuration says so."""
    deliveries = []
    if settings.events_log:
        deliveries.append(Delivery("log", write_to_log))
    if settings.events_audit:
        deliveries.append(Delivery("audit", Auditing(gateway.audit)))
    if settings.webhook_url:
        webhook = Webhook(
            settings.webhook_url,
            settings.webhook_secret,
            [EventKind(name) for name in settings.webhook_events],
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            ca_bundle=settings.ca_bundle,
        )
        deliveries.append(Delivery("webhook", webhook))
    return Deliveries(deliveries)


def make_store(settings: Settings, clock: Callable[[], float] = time.time) -> LockStore:
    """Where WOPI locks are kept.

    Raises:
        LockStoreUnusable: they cannot be.
    """
    return open_lock_store(
        settings.data_dir, settings.redis_url, settings.redis_prefix, settings.ca_bundle, clock
    )


def make_recovery(
    settings: Settings, clock: Callable[[], float] = time.time
) -> RecoveryFolder | None:
    """Where failed saves are kept; ``None`` if they are not."""
    if settings.recovery_dir is None:
        return None
    return RecoveryFolder(
        settings.recovery_dir,
        max_age=settings.recovery_max_age,
        max_size=settings.recovery_max_size,
        clock=clock,
    )


def make_tokens(settings: Settings, clock: Callable[[], float] = time.time) -> AccessTokens:
    """What makes and reads access tokens."""
    return AccessTokens(settings.jwt_secret, settings.access_token_ttl, clock)


def make_clients(settings: Settings) -> OfficeClients:
    """The office clients, each discovery kept in a file of its own."""
    clients = [_client(client, settings) for client in settings.clients]
    return OfficeClients(clients, settings.routes)


def _client(client: ClientSettings, settings: Settings) -> OfficeClient:
    name = hashlib.sha256(client.discovery_url.encode()).hexdigest()[:12]
    discovery = DiscoverySource(
        client.discovery_url,
        refresh=settings.discovery_refresh,
        kept_in=settings.data_dir / f"discovery-{name}.xml",
        prefer_https=urlsplit(settings.host_url).scheme == "https",
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        ca_bundle=settings.ca_bundle,
    )
    return OfficeClient(
        client.name,
        discovery,
        label=client.label,
        kind=BY_KIND[client.kind] if client.kind else None,
        proof=ProofMode(client.proof) if client.proof else None,
    )


def _plain(error: HTTPException) -> Response:
    """What is neither a WOPI call nor a host page: the status and nothing more."""
    return Response(status=error.code or 500)
