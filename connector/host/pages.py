"""``/wopi/<action>/<repository>/<document>/<xpath>``: who gets which page.

Opening a file changes nothing: Nuxeo is asked who the user is and what they may do, and an office
client is chosen. The page itself is made in :mod:`connector.host.host_page`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from connector import __version__
from connector.file_reference import FileReference, InvalidFileReference
from connector.host import problems, static_files
from connector.host.access import Access
from connector.host.apps import apps
from connector.host.asked import Asked, HostAction, asked
from connector.host.host_page import HostPage, HostSettings, Opened
from connector.host.kept_saves import KeptSaves
from connector.host.opening import Candidate, choose, decide, extension_of
from connector.host.page_calls import PageCalls
from connector.host.page_state import PageState
from connector.host.problem_pages import NotOpened, ProblemPages
from connector.host.sign_in import SignIn
from connector.links import SIGNED_IN, Links
from connector.lock_store.base import LockStore, LockStoreBusy
from connector.nuxeo_gateway.documents import Blob
from connector.nuxeo_gateway.errors import NuxeoFailed
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.recovery.folder import RecoveryFolder
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessTokens
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.office_clients import OfficeClients
from connector.wopi.places import place_of
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions

_log = logging.getLogger("connector.host")

_APPS_KEPT = 300
_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Login(Protocol):
    """How a browser that is nobody's becomes somebody's."""

    def add_to(self, blueprint: Blueprint, pages: ProblemPages) -> None:
        """Add what it needs to the blueprint of the host pages; ``pages`` are as below."""

    def lead(self, error: NotOpened, pages: ProblemPages) -> Response:
        """To where one signs in, or the page that says that one has to.

        Args:
            error: nobody is signed in.
            pages: make such pages.
        """


class HostPages:
    """The pages of one application."""

    def __init__(
        self,
        *,
        gateway: NuxeoGateway,
        rights: Rights,
        sessions: Sessions,
        clients: OfficeClients,
        tokens: AccessTokens,
        sign_in: SignIn,
        login: Login,
        links: Links,
        settings: HostSettings,
        store: LockStore,
        recovery: RecoveryFolder | None = None,
    ) -> None:
        self._login = login
        self._access = Access(gateway.blobs, rights, sign_in)
        self._sessions = sessions
        self._clients = clients
        self._links = links
        self._settings = settings
        calls = PageCalls(tokens, settings.instance)
        self._page = HostPage(clients, tokens, calls, gateway.users, links, settings)
        self._kept = KeptSaves(recovery, calls)
        self._state = PageState(
            gateway=gateway,
            access=self._access,
            sign_in=sign_in,
            store=store,
            calls=calls,
            tokens=tokens,
            kept=self._kept,
            links=links,
        )
        self._problems = ProblemPages(
            links, settings.brand_name, settings.language, settings.frame_ancestors
        )

    def register(self, app: Flask, url_prefix: str) -> None:
        """Add the routes below ``url_prefix``, which ends with a slash."""
        blueprint = Blueprint("host", __name__, template_folder="templates")
        static_files.add_to(blueprint)
        blueprint.add_url_rule("/health", view_func=self.health)
        blueprint.add_url_rule("/apps", view_func=self.apps)
        blueprint.add_url_rule(
            "/<action>/<repository>/<document_id>/<path:xpath>", view_func=self.open_file
        )
        self._kept.add_to(blueprint)
        self._state.add_to(blueprint)
        blueprint.add_url_rule(f"/{SIGNED_IN}", view_func=self.signed_in)
        # What is none of these is somebody's broken link.
        blueprint.add_url_rule("/", view_func=self.about)
        for rule in ("/", "/<path:rest>"):
            blueprint.add_url_rule(rule, view_func=self.broken_link, methods=_ALL_METHODS)
        blueprint.register_error_handler(NotOpened, self._not_opened)
        self._login.add_to(blueprint, self._problems)
        blueprint.register_error_handler(Exception, self._fail)
        app.register_blueprint(blueprint, url_prefix=url_prefix.rstrip("/"))

    def health(self) -> Response:
        """Whether this process answers; says nothing of Nuxeo or the office client."""
        return jsonify({"status": "ok", "version": __version__})

    def apps(self) -> Response:
        """Which files can be opened, and in which app; see :mod:`connector.host.apps`.

        Also for pages of another origin, Nuxeo's, without their user's cookies.
        """
        try:
            response = jsonify(apps(self._clients, self._links))
            response.cache_control.public = True
            response.cache_control.max_age = _APPS_KEPT
            response.add_etag()
        except DiscoveryUnavailable as error:
            _log.warning("which files can be opened is not known yet: %s", error)
            response = jsonify({"error": "no office client has answered yet"})
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
            response.cache_control.no_store = True
        response.access_control_allow_origin = "*"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.make_conditional(request)
        return response

    def about(self) -> Response:
        """For people who look whether the connector is there."""
        return self._problems.page(NotOpened(problems.RUNNING))

    def signed_in(self) -> Response:
        """For people whom a page that was open for long has sent to sign in again."""
        user = self._access.user(None, request.cookies)
        return self._problems.page(NotOpened(problems.SIGNED_IN_AGAIN, name=user.display_name))

    def broken_link(self, rest: str = "") -> Response:  # noqa: ARG002 - from the route
        """A page for whatever has no page."""
        if request.method in ("GET", "HEAD"):
            return self._problems.page(NotOpened(problems.NOT_COMPLETE))
        response = self._problems.page(NotOpened(problems.NOT_A_PAGE_TO_SEND_TO))
        response.headers["Allow"] = "GET, HEAD"
        return response

    def open_file(self, action: str, repository: str, document_id: str, xpath: str) -> Response:
        """The host page."""
        wish, reference = _asked(action, repository, document_id, xpath)
        user = self._access.user(reference, request.cookies)
        document, blob, obstacle = self._access.document(reference, user)
        file_id = file_ids.encode(reference, self._settings.instance)
        running = self._sessions.running(reference, file_id, document)
        if running is not None and place_of(reference, document, running) != reference:
            raise NotOpened(problems.PLACE_TAKEN, reference=reference, file_name=blob.name)
        running_in = running.client or None if running is not None else None
        is_shared = obstacle is None and document.lock_owner not in (None, user.name)
        candidates = self._candidates(
            wish, reference, blob, obstacle, running_in, is_shared=is_shared
        )
        choice = choose(candidates, wanted=wish.client, running_in=running_in)
        if choice is None:
            raise NotOpened(problems.NOT_AN_OFFICE_FILE, reference=reference, file_name=blob.name)
        return self._page.response(Opened(wish, reference, file_id, user, document, blob, choice))

    def _candidates(
        self,
        wish: Asked,
        reference: FileReference,
        blob: Blob,
        obstacle: ReadOnlyReason | None,
        running_in: str | None,
        *,
        is_shared: bool,
    ) -> Sequence[Candidate]:
        """The office clients that can open the file, the preferred one first."""
        candidates = []
        silent: dict[str, DiscoveryUnavailable] = {}
        extension = extension_of(blob)
        for client in self._clients.for_extension(extension):
            try:
                discovery = client.discovery.get()
            except DiscoveryUnavailable as error:
                silent[client.name] = error
                continue
            opening = decide(
                wish.action,
                extension,
                discovery,
                obstacle,
                is_empty=blob.length == 0,
                on_phone=wish.on_phone,
                is_shared=is_shared,
            )
            if opening is not None:
                candidates.append(Candidate(client.name, client.label, discovery, opening))
        # Where a file is being edited, no other client could edit it.
        needed = silent.get(running_in or "")
        if silent and not candidates:
            needed = next(iter(silent.values()))
        if needed is not None:
            raise NotOpened(problems.EDITOR_UNAVAILABLE, reference=reference) from needed
        return candidates

    def _not_opened(self, error: NotOpened) -> Response:
        if error.problem is problems.NOT_SIGNED_IN:
            return self._login.lead(error, self._problems)
        return self._problems.page(error)

    def _fail(self, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code and error.code < 500:
            return self._problems.page(NotOpened(problems.NOT_COMPLETE))
        if isinstance(error, LockStoreBusy):
            _log.warning("opening a file: %s", error)
            return self._problems.page(NotOpened(problems.LOCKS_UNAVAILABLE))
        if isinstance(error, NuxeoFailed):
            _log.warning("opening a file: %s", error)
        else:
            _log.exception("opening a file failed unexpectedly")
        return self._problems.page(NotOpened(problems.UNEXPECTED))


def _asked(
    action: str, repository: str, document_id: str, xpath: str
) -> tuple[Asked, FileReference]:
    try:
        reference = FileReference(repository, document_id, xpath)
    except InvalidFileReference as error:
        raise NotOpened(problems.NO_SUCH_DOCUMENT) from error
    try:
        known = HostAction(action)
    except ValueError as error:
        raise NotOpened(problems.NO_SUCH_ACTION, reference=reference) from error
    wish = asked(
        known,
        request.args,
        request.headers.get("User-Agent", ""),
        request.headers.get("Sec-CH-UA-Mobile", ""),
    )
    return wish, reference
