"""The page with the office frame: from what was decided to HTML and its headers.

The access token is made here, and the browser POSTs it into the frame. It is never part of a URL.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flask import Response, render_template, request, url_for

from connector.file_reference import FileReference
from connector.host import problems, responses, static_files
from connector.host.asked import Asked, HostAction
from connector.host.notices import notices
from connector.host.opening import Choice, Opening
from connector.host.page_calls import PageCalls
from connector.host.page_language import page_texts
from connector.host.page_state import token_times
from connector.host.page_texts import script_texts
from connector.host.problem_pages import NotOpened
from connector.language import with_region
from connector.links import Links
from connector.nuxeo_gateway.documents import Blob, Document
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.nuxeo_gateway.users import User, Users
from connector.web_address import is_shown_within, origin_of
from connector.wopi.access_token import AccessToken, AccessTokens, Grant
from connector.wopi.action_url import action_url
from connector.wopi.clients import ClientProfile
from connector.wopi.office_clients import OfficeClients
from connector.wopi.versions import content_of

_log = logging.getLogger("connector.host")


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


@dataclass(frozen=True)
class Opened:
    """A file that is opened for somebody.

    Attributes:
        wish: what they asked for.
        reference: the file.
        file_id: the same, for the office client.
        user: who they are.
        document: as they see it.
        blob: the file itself.
        choice: the office client that it is opened in, and how.
    """

    wish: Asked
    reference: FileReference
    file_id: str
    user: User
    document: Document
    blob: Blob
    choice: Choice

    @property
    def opening(self) -> Opening:
        """How it is opened."""
        return self.choice.candidate.opening

    @property
    def is_embedded(self) -> bool:
        """Whether the page is to be shown inside another one."""
        return self.wish.action is HostAction.EMBED_VIEW


class HostPage:
    """Makes the pages of one application.

    Args:
        clients: the office clients.
        tokens: makes access tokens.
        calls: makes the tokens of pages.
        users: names of people.
        links: makes URLs.
        settings: what pages are made with.
    """

    def __init__(
        self,
        clients: OfficeClients,
        tokens: AccessTokens,
        calls: PageCalls,
        users: Users,
        links: Links,
        settings: HostSettings,
    ) -> None:
        self._clients = clients
        self._tokens = tokens
        self._calls = calls
        self._users = users
        self._links = links
        self._settings = settings

    def response(self, opened: Opened) -> Response:
        """The page.

        Raises:
            NotOpened: no browser would show the office client in it.
        """
        page_id = secrets.token_hex(8)
        candidate, opening = opened.choice.candidate, opened.opening
        client = self._clients.get(candidate.name)
        profile = client.profile_in(candidate.discovery) if client else candidate.discovery.client
        url = self._action_url(opened, profile, page_id)
        origin = origin_of(url)
        if not is_shown_within(origin, self._links.host_origin):
            _log.error("%s is at %s, which no browser shows on https pages", candidate.name, origin)
            raise NotOpened(problems.EDITOR_NOT_SECURE, reference=opened.reference)
        _log.info(
            "%s as %s in %s: %s/%s for %s, page=%s",
            opened.wish.action,
            opening.action.name,
            candidate.name,
            opened.reference.document_key,
            opened.reference.xpath,
            opened.user.name,
            page_id,
        )
        token = self._tokens.issue(
            resource_id=opened.file_id,
            user=opened.user.name,
            user_name=opened.user.display_name,
            grant=opening.grant,
            client=candidate.name,
            page=page_id,
        )
        nonce = secrets.token_urlsafe(16)
        favicon = opening.action.favicon
        return responses.page(
            self._html(opened, profile, token, url, nonce),
            nuxeo_origin=self._links.nuxeo_origin,
            nonce=nonce,
            frames=[*candidate.discovery.origins, *profile.frame_sources],
            images=[origin_of(favicon)] if favicon else [],
            calls=("'self'",),
            ancestors=self._settings.frame_ancestors if opened.is_embedded else (),
        )

    def _action_url(self, opened: Opened, profile: ClientProfile, page_id: str) -> str:
        # Values for placeholders that the user has no say in.
        own = {"HOST_SESSION_ID": page_id, "SESSION_CONTEXT": page_id}
        if self._settings.disable_chat:
            own["DISABLE_CHAT"] = "1"
        return action_url(
            opened.opening.action.urlsrc,
            wopi_src=self._links.wopi_src(opened.file_id),
            language=self._language(),
            business_user=self._settings.business_user,
            client=profile,
            further={**own, **opened.wish.placeholders},
            passed_on=opened.wish.passed_on,
        )

    def _html(
        self,
        opened: Opened,
        profile: ClientProfile,
        token: AccessToken,
        url: str,
        nonce: str,
    ) -> str:
        document, opening, links = opened.document, opened.opening, self._links
        place = document.repository, document.uid
        texts = page_texts(self._settings.language)
        wanted = self._clients.get(opened.wish.client or "")
        return render_template(
            "host.html",
            _=texts,
            nonce=nonce,
            page_id=token.page,
            file_name=opened.blob.name,
            app=opening.action.app,
            favicon=opening.action.favicon,
            action_url=url,
            access_token=self._tokens.sign(token),
            access_token_ttl=token.ttl_milliseconds,
            close_url=links.document(*place),
            edit_url=links.host_page("edit", opened.reference, token.client),
            is_joinable=opening.is_joinable,
            sign_in_url=url_for("host.signed_in"),
            versions_url=links.document(*place, tab="history"),
            sharing_url=links.document(*place, tab="permissions")
            if "WriteSecurity" in document.permissions
            else None,
            notices=list(
                notices(
                    opened.choice,
                    document,
                    opened.blob,
                    texts,
                    wanted=wanted.label if wanted else None,
                    display_name=self._users.name_of,
                )
            ),
            can_wait=_can_wait(opening),
            client=opened.choice.candidate,
            others=[] if opened.is_embedded else opened.choice.others,
            other_page=lambda other: links.host_page(
                opened.wish.action, opened.reference, other.name
            ),
            brand_name=self._settings.brand_name,
            is_embedded=opened.is_embedded,
            data={
                **self._data(opened, profile, token, origin_of(url)),
                "texts": script_texts(texts),
            },
            modules=static_files.MODULES,
        )

    def _data(
        self, opened: Opened, profile: ClientProfile, token: AccessToken, frame_origin: str
    ) -> dict[str, Any]:
        """What the scripts of the page go by."""
        document, opening = opened.document, opened.opening
        edit_url = self._links.host_page("edit", opened.reference, token.client)
        return {
            "frame": {"origin": frame_origin, "allow": _features(profile, frame_origin)},
            "known": {
                "app": opening.action.app,
                "brand": self._settings.brand_name,
                "file": opened.blob.name,
                "user": opened.user.name,
            },
            "content": content_of(document, opened.blob),
            "openedAt": round(self._tokens.now() * 1000),
            "extension": PurePosixPath(opened.blob.name).suffix,
            "encodesNames": profile.encodes_names,
            "closeUrl": self._links.document(document.repository, document.uid),
            "editUrl": edit_url if opening.grant is Grant.VIEW else None,
            "isEditing": opening.grant is Grant.EDIT,
            "canWait": _can_wait(opening),
            "stateUrl": url_for("host.page_state", file_id=opened.file_id),
            "pageToken": self._calls.token(opened.file_id, token),
            "tokenMessage": profile.token_message,
            **token_times(token, self._tokens),
        }

    def _language(self) -> str:
        """Of the office client."""
        for tag, _quality in request.accept_languages:
            language = with_region(tag)
            if language:
                return language
        return self._settings.language


def _can_wait(opening: Opening) -> bool:
    """Whether what is in the way may go by itself."""
    return opening.read_only_reason is ReadOnlyReason.LOCKED


def _features(profile: ClientProfile, frame_origin: str) -> str:
    """What a frame may use of the browser, as the attribute ``allow`` has it."""
    # An office client may show parts of itself from other origins of its own.
    clipboard = ["clipboard-read *", "clipboard-write *"]
    return "; ".join([*clipboard, *(f"{each} {frame_origin}" for each in profile.frame_features)])
