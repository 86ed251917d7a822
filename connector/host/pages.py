"""``/wopi/<action>/<repository>/<document>/<xpath>``: the page with the office frame.

Opening it changes nothing: it asks Nuxeo who the user is and what they may do, makes an access
token, and has the browser POST it into the frame. The token is never part of a URL.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

from flask import Blueprint, Flask, Response, jsonify, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from connector import __version__
from connector.file_reference import FileReference, InvalidFileReference
from connector.host import problems, responses, static_files
from connector.host.access import Access
from connector.host.apps import apps
from connector.host.asked import Asked, HostAction, asked
from connector.host.kept_saves import KeptSaves
from connector.host.notices import notices
from connector.host.oauth2_pages import OAuth2Pages
from connector.host.opening import Candidate, Choice, choose, decide, extension_of
from connector.host.page_calls import PageCalls
from connector.host.page_language import page_texts
from connector.host.page_state import PageState
from connector.host.page_texts import script_texts
from connector.host.problem_pages import NotOpened, ProblemPages
from connector.host.sign_in import SignIn
from connector.language import with_region
from connector.links import SIGNED_IN, Links
from connector.lock_store.base import LockStore, LockStoreBusy
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import NuxeoFailed
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.nuxeo_gateway.users import User
from connector.recovery.folder import RecoveryFolder
from connector.web_address import is_shown_within, origin_of
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessTokens, Grant
from connector.wopi.action_url import action_url
from connector.wopi.clients import ClientProfile
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.office_clients import OfficeClients
from connector.wopi.places import place_of
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions

_log = logging.getLogger("connector.host")

_APPS_KEPT = 300
_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class HostSettings:
    """What pages are made with.

    Attributes:
        instance: prefix of file ids.
        language: when the browser tells none.
        business_user: whether Microsoft is to check for a subscription.
        brand_name: what people call the repository.
        disable_chat: whether editors are not to offer a chat.
        frame_ancestors: origins whose pages may show a file in a frame, beside Nuxeo's.
    """

    instance: str
    language: str
    business_user: bool
    brand_name: str
    disable_chat: bool = False
    frame_ancestors: tuple[str, ...] = ()


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
        links: Links,
        settings: HostSettings,
        store: LockStore,
        recovery: RecoveryFolder | None = None,
        clock: Callable[[], float] = time.time,
        oauth2: OAuth2Pages | None = None,
    ) -> None:
        self._oauth2 = oauth2
        self._gateway = gateway
        self._access = Access(gateway.blobs, rights, sign_in)
        self._sessions = sessions
        self._clients = clients
        self._tokens = tokens
        self._links = links
        self._settings = settings
        self._calls = PageCalls(tokens, settings.instance)
        self._kept = KeptSaves(recovery, self._calls)
        self._state = PageState(
            gateway=gateway,
            access=self._access,
            sign_in=sign_in,
            store=store,
            calls=self._calls,
            tokens=tokens,
            kept=self._kept,
            links=links,
            clock=clock,
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
        blueprint.register_error_handler(NotOpened, self._problems.page)
        if self._oauth2 is not None:
            self._oauth2.add_to(blueprint, self._problems)
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
        self._access.user(None, request.cookies)
        return self._problems.page(NotOpened(problems.SIGNED_IN_AGAIN))

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
        document, blob, obstacle = self._access.document(wish.action.grant, reference, user)
        file_id = file_ids.encode(reference, self._settings.instance)
        running = self._sessions.running(reference, file_id, document)
        if running is not None and place_of(reference, document, running) != reference:
            raise NotOpened(problems.PLACE_TAKEN, reference=reference, file_name=blob.name)
        running_in = running.client or None if running is not None else None
        candidates = self._candidates(wish, reference, blob, obstacle, running_in)
        choice = choose(candidates, wanted=wish.client, running_in=running_in)
        if choice is None:
            raise NotOpened(problems.NOT_AN_OFFICE_FILE, reference=reference, file_name=blob.name)
        return self._page(wish, reference, user, document, blob, choice, file_id)

    def _candidates(
        self,
        wish: Asked,
        reference: FileReference,
        blob: Blob,
        obstacle: ReadOnlyReason | None,
        running_in: str | None,
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

    def _page(
        self,
        wish: Asked,
        reference: FileReference,
        user: User,
        document: Document,
        blob: Blob,
        choice: Choice,
        file_id: str,
    ) -> Response:
        name, opening = choice.candidate.name, choice.candidate.opening
        discovery = choice.candidate.discovery
        client = self._clients.get(name)
        profile = client.profile_in(discovery) if client else discovery.client
        page_id = secrets.token_hex(8)
        token = self._tokens.issue(
            resource_id=file_id,
            user=user.name,
            user_name=user.display_name,
            grant=opening.grant,
            client=name,
            page=page_id,
        )
        url = action_url(
            opening.action.urlsrc,
            wopi_src=self._links.wopi_src(file_id),
            language=self._language(),
            business_user=self._settings.business_user,
            client=profile,
            further={**self._placeholders(page_id), **wish.placeholders},
            passed_on=wish.passed_on,
        )
        frame_origin = origin_of(url)
        if not is_shown_within(frame_origin, self._links.host_origin):
            _log.error("%s is at %s, which no browser shows on https pages", name, frame_origin)
            raise NotOpened(problems.EDITOR_NOT_SECURE, reference=reference)
        _log.info(
            "%s as %s in %s: %s/%s for %s, page=%s",
            wish.action,
            opening.action.name,
            name,
            reference.document_key,
            reference.xpath,
            user.name,
            page_id,
        )
        page = document.repository, document.uid
        texts = page_texts(self._settings.language)
        nonce = secrets.token_urlsafe(16)
        is_embedded = wish.action is HostAction.EMBED_VIEW
        close_url = self._links.document(*page)
        data = {
            "frame": {
                "origin": frame_origin,
                "allow": _features(profile, frame_origin),
            },
            "known": {
                "app": opening.action.app,
                "brand": self._settings.brand_name,
                "file": blob.name,
            },
            "extension": PurePosixPath(blob.name).suffix,
            "encodesNames": profile.encodes_names,
            "closeUrl": close_url,
            "editUrl": self._links.host_page("edit", reference, name)
            if wish.action is HostAction.VIEW
            else None,
            "isEditing": opening.grant is Grant.EDIT,
            "canWait": opening.read_only_reason is ReadOnlyReason.LOCKED,
            "stateUrl": url_for("host.page_state", file_id=file_id),
            "pageToken": self._calls.token(file_id, token),
            "tokenMessage": profile.token_message,
            **self._state.times(token),
            "texts": script_texts(texts),
        }
        html = render_template(
            "host.html",
            _=texts,
            nonce=nonce,
            page_id=page_id,
            file_name=blob.name,
            app=opening.action.app,
            favicon=opening.action.favicon,
            action_url=url,
            access_token=self._tokens.sign(token),
            access_token_ttl=token.ttl_milliseconds,
            close_url=close_url,
            sign_in_url=url_for("host.signed_in"),
            versions_url=self._links.document(*page, tab="history"),
            sharing_url=self._links.document(*page, tab="permissions")
            if "WriteSecurity" in document.permissions
            else None,
            notices=list(
                notices(
                    choice,
                    document,
                    blob,
                    texts,
                    wanted=self._label(wish.client),
                    display_name=self._gateway.users.name_of,
                )
            ),
            can_wait=data["canWait"],
            client=choice.candidate,
            others=[] if is_embedded else choice.others,
            other_page=lambda other: self._links.host_page(wish.action, reference, other.name),
            brand_name=self._settings.brand_name,
            is_embedded=is_embedded,
            data=data,
            modules=static_files.MODULES,
        )
        favicons = [origin_of(opening.action.favicon)] if opening.action.favicon else []
        return responses.page(
            html,
            nuxeo_origin=self._links.nuxeo_origin,
            nonce=nonce,
            frames=[*discovery.origins, *profile.frame_sources],
            images=favicons,
            calls=("'self'",),
            ancestors=self._settings.frame_ancestors if is_embedded else (),
        )

    def _placeholders(self, page_id: str) -> dict[str, str]:
        """Values for placeholders that the user has no say in."""
        values = {"HOST_SESSION_ID": page_id, "SESSION_CONTEXT": page_id}
        if self._settings.disable_chat:
            values["DISABLE_CHAT"] = "1"
        return values

    def _label(self, client_name: str | None) -> str | None:
        """What people call an office client; ``None`` if none, or one that there is not."""
        client = self._clients.get(client_name or "")
        return client.label if client else None

    def _language(self) -> str:
        for tag, _quality in request.accept_languages:
            language = with_region(tag)
            if language:
                return language
        return self._settings.language

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


def _features(profile: ClientProfile, frame_origin: str) -> str:
    """What a frame may use of the browser, as the attribute ``allow`` has it."""
    # An office client may show parts of itself from other origins of its own.
    clipboard = ["clipboard-read *", "clipboard-write *"]
    return "; ".join([*clipboard, *(f"{each} {frame_origin}" for each in profile.frame_features)])


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
