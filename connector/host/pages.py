"""``/wopi/<action>/<repository>/<document>/<xpath>``: the page with the office frame.

Opening it changes nothing: it asks Nuxeo who the user is and what they may do, makes an access
token, and has the browser POST it into the frame. The token is never part of a URL.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from connector import __version__
from connector.file_reference import FileReference, InvalidFileReference
from connector.host import problems, responses
from connector.host.opening import Opening, decide, extension_of
from connector.host.problem_pages import NotOpened, ProblemPages
from connector.host.sign_in import SessionSignIn
from connector.language import with_region
from connector.links import Links
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoFailed,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
    NuxeoUnavailable,
)
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.nuxeo_gateway.users import User
from connector.web_address import origin_of
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessTokens, Grant
from connector.wopi.action_url import action_url
from connector.wopi.discovery import Discovery
from connector.wopi.discovery_source import DiscoveryUnavailable
from connector.wopi.office_clients import DEFAULT_CLIENT, OfficeClients
from connector.wopi.rights import Rights

_log = logging.getLogger("connector.host")

_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class HostSettings:
    """What pages are made with.

    Attributes:
        instance: prefix of file ids.
        language: when the browser tells none.
        business_user: whether Microsoft is to check for a subscription.
        brand_name: what people call the repository.
    """

    instance: str
    language: str
    business_user: bool
    brand_name: str


class HostPages:
    """The pages of one application."""

    def __init__(
        self,
        *,
        gateway: NuxeoGateway,
        rights: Rights,
        clients: OfficeClients,
        tokens: AccessTokens,
        sign_in: SessionSignIn,
        links: Links,
        settings: HostSettings,
    ) -> None:
        self._gateway = gateway
        self._rights = rights
        self._clients = clients
        self._tokens = tokens
        self._sign_in = sign_in
        self._links = links
        self._settings = settings
        self._problems = ProblemPages(links, settings.brand_name)

    def register(self, app: Flask, url_prefix: str) -> None:
        """Add the routes below ``url_prefix``, which ends with a slash."""
        blueprint = Blueprint(
            "host",
            __name__,
            template_folder="templates",
            static_folder="static",
            static_url_path="/static",
        )
        blueprint.add_url_rule("/health", view_func=self.health)
        blueprint.add_url_rule(
            "/<action>/<repository>/<document_id>/<path:xpath>", view_func=self.open_file
        )
        # What is neither of these is somebody's broken link.
        blueprint.add_url_rule("/", view_func=self.about)
        for rule in ("/", "/<path:rest>"):
            blueprint.add_url_rule(rule, view_func=self.broken_link, methods=_ALL_METHODS)
        blueprint.register_error_handler(NotOpened, self._problems.page)
        blueprint.register_error_handler(Exception, self._fail)
        app.register_blueprint(blueprint, url_prefix=url_prefix.rstrip("/"))

    def health(self) -> Response:
        """Whether this process answers; says nothing of Nuxeo or the office client."""
        return jsonify({"status": "ok", "version": __version__})

    def about(self) -> Response:
        """For people who look whether the connector is there."""
        return self._problems.page(NotOpened(problems.RUNNING))

    def broken_link(self, rest: str = "") -> Response:  # noqa: ARG002 - from the route
        """A page for whatever has no page."""
        if request.method in ("GET", "HEAD"):
            return self._problems.page(NotOpened(problems.NOT_COMPLETE))
        response = self._problems.page(NotOpened(problems.NOT_A_PAGE_TO_SEND_TO))
        response.headers["Allow"] = "GET, HEAD"
        return response

    def open_file(self, action: str, repository: str, document_id: str, xpath: str) -> Response:
        """The host page."""
        asked, reference = _asked(action, repository, document_id, xpath)
        user = self._user(reference)
        document, blob, obstacle = self._document(asked, reference, user)
        discovery = self._office(reference)
        opening = decide(asked, extension_of(blob), discovery, obstacle)
        if opening is None:
            raise NotOpened(problems.NOT_AN_OFFICE_FILE, reference=reference, file_name=blob.name)
        _log.info(
            "open %s as %s: %s/%s for %s",
            asked,
            opening.grant,
            reference.document_key,
            reference.xpath,
            user.name,
        )
        return self._page(reference, user, document, blob, discovery, opening)

    def _user(self, reference: FileReference) -> User:
        try:
            user = self._sign_in.user(request.cookies)
        except NuxeoUnavailable as error:
            _log.warning("who is the user: %s", error)
            raise NotOpened(problems.NUXEO_UNAVAILABLE) from error
        if user is None:
            raise NotOpened(problems.NOT_SIGNED_IN, reference=reference)
        return user

    def _document(
        self, asked: Grant, reference: FileReference, user: User
    ) -> tuple[Document, Blob, ReadOnlyReason | None]:
        """The document, the file in it, and why the user cannot change it, if they asked to."""
        obstacle = None
        try:
            document, owners = self._rights.read(reference, user.name)
            if asked is Grant.EDIT:
                obstacle = self._rights.obstacle(reference, document, user.name, owners)
        except NuxeoNotFound as error:
            raise NotOpened(problems.NO_SUCH_DOCUMENT) from error
        except NuxeoForbidden as error:
            raise NotOpened(problems.NO_RIGHT) from error
        except NuxeoRefusedUser as error:
            _log.error(
                "Nuxeo accepted %s's session but not a token for them: compare nuxeo.jwt.secret"
                " and the clocks on both sides",
                user.name,
            )
            raise NotOpened(problems.NOT_SET_UP) from error
        except NuxeoUnavailable as error:
            _log.warning("reading %s: %s", reference.document_key, error)
            raise NotOpened(problems.NUXEO_UNAVAILABLE) from error
        blob = document.blob(reference.xpath)
        if blob is None:
            raise NotOpened(problems.NO_SUCH_FILE, reference=reference)
        return document, blob, obstacle

    def _office(self, reference: FileReference) -> Discovery:
        try:
            return next(iter(self._clients)).discovery.get()
        except DiscoveryUnavailable as error:
            raise NotOpened(problems.EDITOR_UNAVAILABLE, reference=reference) from error

    def _page(
        self,
        reference: FileReference,
        user: User,
        document: Document,
        blob: Blob,
        discovery: Discovery,
        opening: Opening,
    ) -> Response:
        file_id = file_ids.encode(reference, self._settings.instance)
        token = self._tokens.issue(
            resource_id=file_id,
            user=user.name,
            user_name=user.display_name,
            grant=opening.grant,
            client=DEFAULT_CLIENT,
        )
        url = action_url(
            opening.action.urlsrc,
            wopi_src=self._links.wopi_src(file_id),
            language=self._language(),
            business_user=self._settings.business_user,
            client=discovery.client,
            passed_on={key: value for key, value in request.args.items() if key.startswith("wd")},
        )
        nonce = secrets.token_urlsafe(16)
        html = render_template(
            "host.html",
            nonce=nonce,
            file_name=blob.name,
            app=opening.action.app,
            favicon=opening.action.favicon,
            action_url=url,
            access_token=self._tokens.sign(token),
            access_token_ttl=token.ttl_milliseconds,
            frame_origin=origin_of(url),
            close_url=self._links.document(document.repository, document.uid),
            notice=self._notice(opening, document),
            brand_name=self._settings.brand_name,
        )
        favicons = [origin_of(opening.action.favicon)] if opening.action.favicon else []
        frames = [*discovery.origins, *discovery.client.frame_sources]
        return responses.page(
            html,
            nuxeo_origin=self._links.nuxeo_origin,
            nonce=nonce,
            frames=frames,
            images=favicons,
        )

    def _notice(self, opening: Opening, document: Document) -> str | None:
        """Why a user who asked to edit cannot; ``None`` if there is nothing to explain."""
        if opening.not_editable:
            return f"{opening.action.app} can show files of this kind but not change them."
        match opening.read_only_reason:
            case None:
                return None
            case ReadOnlyReason.LOCKED:
                holder = self._display_name(document.lock_owner or "")
                return f"Locked by {holder} in Nuxeo. You can read the document meanwhile."
            case ReadOnlyReason.NO_PERMISSION:
                return "You can read this document but have no permission to change it."
            case reason:
                return f"You can read this document but not change it: {reason.value}."

    def _display_name(self, user: str) -> str:
        try:
            return self._gateway.users.get(user).display_name
        except GatewayError:
            return user

    def _language(self) -> str:
        for tag, _quality in request.accept_languages:
            language = with_region(tag)
            if language:
                return language
        return self._settings.language

    def _fail(self, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code and error.code < 500:
            return self._problems.page(NotOpened(problems.NOT_COMPLETE))
        if isinstance(error, NuxeoFailed):
            _log.warning("opening a file: %s", error)
        else:
            _log.exception("opening a file failed unexpectedly")
        return self._problems.page(NotOpened(problems.UNEXPECTED))


def _asked(
    action: str, repository: str, document_id: str, xpath: str
) -> tuple[Grant, FileReference]:
    try:
        reference = FileReference(repository, document_id, xpath)
    except InvalidFileReference as error:
        raise NotOpened(problems.NO_SUCH_DOCUMENT) from error
    try:
        return Grant(action), reference
    except ValueError as error:
        raise NotOpened(problems.NO_SUCH_ACTION, reference=reference) from error
