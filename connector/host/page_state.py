"""``/wopi/state/<file id>``: what an open host page asks for, again and again.

That is what the connector itself knows: the last save that is in Nuxeo and whose it was, who else
has the file open to edit, saves of the user's own that failed, and what the office client could not
do. No call to Nuxeo is made for any of it, so that pages may ask often. Only a page that waits for
a file to be free asks Nuxeo, too.

Beside it: a token in the place of one that ends (``…/renewal``), and where a copy has gone that was
made on the page (``…/copy``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, request

from connector.file_reference import DocumentReference
from connector.host.access import Access
from connector.host.kept_saves import KeptSaves
from connector.host.page_calls import PageCall, PageCalls, private, refused
from connector.host.problem_pages import NotOpened
from connector.host.sign_in import SIGNED_IN_FOR, SignIn, SignInUnclear
from connector.links import Links
from connector.lock_store.base import OPEN_FOR, LockStore, LockStoreBusy, OpenPage
from connector.nuxeo_gateway.errors import GatewayError
from connector.nuxeo_gateway.gateway import NuxeoGateway
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.access_token import AccessToken, AccessTokens, Grant

_log = logging.getLogger("connector.host")

_LONGEST_NAME = 60
_MOST_NAMES = 10


class PageState:
    """The views of one application.

    Args:
        gateway: Nuxeo.
        access: what a user may do with a file.
        sign_in: who the user of a browser is.
        store: knows saves and pages.
        calls: knows which page asks.
        tokens: makes access tokens.
        kept: failed saves.
        links: to host pages.
    """

    def __init__(
        self,
        *,
        gateway: NuxeoGateway,
        access: Access,
        sign_in: SignIn,
        store: LockStore,
        calls: PageCalls,
        tokens: AccessTokens,
        kept: KeptSaves,
        links: Links,
    ) -> None:
        self._gateway = gateway
        self._access = access
        self._sign_in = sign_in
        self._store = store
        self._calls = calls
        self._tokens = tokens
        self._kept = kept
        self._links = links

    def add_to(self, blueprint: Blueprint) -> None:
        """Add the routes."""
        add = blueprint.add_url_rule
        add("/state/<file_id>", "page_state", self.state)
        add("/state/<file_id>", "page_closed", self.closed, methods=["DELETE"])
        add("/state/<file_id>/renewal", "page_renewal", self.renewal, methods=["POST"])
        add("/state/<file_id>/copy", "page_copy", self.copy)

    def state(self, file_id: str) -> Response:
        """What is known of the file, and that the page is open.

        With the parameter ``waiting``, also whether the user may change the file now, or who holds
        it: three calls to Nuxeo.
        """
        call = self._calls.made(file_id)
        if call is None:
            return refused()
        try:
            known = self._known(call)
            if "waiting" in request.args:
                known |= self._freedom(call)
        except LockStoreBusy as error:
            _log.warning("what is known of a file could not be told: %s", error)
            return private(Response(status=503))
        return private(jsonify(known))

    def closed(self, file_id: str) -> Response:
        """The page is closed, or shows something else by now."""
        call = self._calls.made(file_id)
        if call is None:
            return refused()
        try:
            self._store.forget_page(call.file_id, call.token.page)
        except LockStoreBusy as error:
            # It will be taken for closed when it is not heard of.
            _log.info("that a page was closed could not be noted: %s", error)
        return private(Response(status=204))

    def renewal(self, file_id: str) -> Response:
        """Tokens that live from now on, for the same opening of the file.

        The page's own token is enough while it lives and its user has shown not too long ago who
        they are, and has not signed out since; otherwise the browser must be signed in. It must not
        be signed in as somebody else. What the user may do is asked in Nuxeo anew, with this call
        and with every one that the office client makes.

        A file that was given to the office client too long ago has to be loaded anew: the lock
        store does not know much longer what it was.
        """
        call = self._calls.made(file_id, grace=OPEN_FOR)
        if call is None:
            return refused()
        token, now = call.token, self._tokens.now()
        must_show = (
            token.is_over
            or now - token.signed_in_at >= SIGNED_IN_FOR
            or self._sign_in.has_signed_out(request.cookies, token.signed_in_at)
        )
        try:
            user = self._sign_in.user(request.cookies)
        except SignInUnclear:
            user = None
        except GatewayError as error:
            _log.warning("who is the user: %s", error)
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "tryAgain")
        if user is None and must_show:
            return _problem(HTTPStatus.UNAUTHORIZED, "signIn")
        if user is not None and user.name != token.user:
            return _problem(HTTPStatus.UNAUTHORIZED, "otherUser")
        signed_in_at = token.signed_in_at if user is None else int(now)
        try:
            self._access.document(call.reference, call.user)
        except NotOpened as error:
            is_passing = error.problem.try_again
            status = HTTPStatus.SERVICE_UNAVAILABLE if is_passing else HTTPStatus.FORBIDDEN
            return _problem(status, "tryAgain" if is_passing else "noRight")
        try:
            if not self._is_young(call):
                return _problem(HTTPStatus.CONFLICT, "tooOld")
        except LockStoreBusy as error:
            _log.warning("how long a file has been open could not be told: %s", error)
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "tryAgain")
        return private(jsonify(self._renewed(call, signed_in_at)))

    def copy(self, file_id: str) -> Response:
        """Where a file is that was made beside this one, by its name: two calls to Nuxeo."""
        call = self._calls.made(file_id)
        if call is None:
            return refused()
        name, user = request.args.get("name", ""), call.token.user
        try:
            document = self._gateway.documents.get(call.reference, user)
            if not name or document.parent_uid is None:
                return private(Response(status=404))
            folder = DocumentReference(document.repository, document.parent_uid)
            found = self._gateway.folders.files_named(folder, [name], user)
        except GatewayError as error:
            _log.warning("where a copy has gone: %s", error)
            return private(Response(status=503))
        if not found:
            return private(Response(status=404))
        made = DocumentReference(found[-1].repository, found[-1].uid).file()
        url = self._links.host_page("edit", made, call.token.client)
        return private(jsonify({"url": url}))

    def _known(self, call: PageCall) -> dict[str, Any]:
        token = call.token
        own = OpenPage(token.page, token.user, token.user_name, token.grant is Grant.EDIT)
        pages = self._store.see_page(call.file_id, own)
        last = self._store.last_save(call.file_id)
        try:
            kept = self._kept.of(call)
        except OSError as error:
            _log.error("the folder of failed saves cannot be read: %s", error)
            kept = []
        others = {page.user: page.user_name for page in pages if page.is_editing}
        others.pop(token.user, None)
        return {
            "saved": last
            and {
                "at": round(last.at * 1000),
                "by": _shown(last.names),
                "isOwn": last.users == (token.user,),
                "content": last.content,
            },
            "editing": _shown(sorted(others.values())),
            "trouble": next((page.trouble for page in pages if page.page == token.page), ""),
            "kept": kept,
        }

    def _freedom(self, call: PageCall) -> dict[str, Any]:
        """Whether the user may change the file now."""
        try:
            document, _, obstacle = self._access.document(call.reference, call.user)
        except NotOpened:
            return {"free": False, "holder": ""}
        holder = document.lock_owner if obstacle is ReadOnlyReason.LOCKED else None
        return {
            "free": obstacle is None,
            "holder": self._gateway.users.name_of(holder) if holder else "",
        }

    def _is_young(self, call: PageCall) -> bool:
        """Whether what the office client was given to edit is known for as long as it is needed."""
        session, client = call.token.session, call.token.client
        if not session:
            return True
        given = self._store.given(call.file_id, client, session)
        return (
            given is not None
            and given.is_of(session)
            and given.read_at > self._tokens.now() - OPEN_FOR
        )

    def _renewed(self, call: PageCall, signed_in_at: int) -> dict[str, Any]:
        former = call.token
        token = self._tokens.issue(
            resource_id=call.file_id,
            user=former.user,
            user_name=former.user_name,
            grant=former.grant,
            client=former.client,
            session=former.session,
            page=former.page,
            signed_in_at=signed_in_at,
        )
        return {
            "accessToken": self._tokens.sign(token),
            **token_times(token, self._tokens),
            "pageToken": self._calls.token(call.file_id, token),
        }


def token_times(token: AccessToken, tokens: AccessTokens) -> dict[str, int]:
    """When a token ends, and how long that is from now, both in milliseconds.

    The clocks of browsers are not always right.
    """
    ttl = token.ttl_milliseconds
    return {"accessTokenTtl": ttl, "endsIn": ttl - round(tokens.now() * 1000)}


def _shown(names: Sequence[str]) -> list[str]:
    """Names as there is room for them below an editor."""
    return [
        name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        for name in names[:_MOST_NAMES]
    ]


def _problem(status: HTTPStatus, reason: str) -> Response:
    response = jsonify({"reason": reason})
    response.status_code = status
    return private(response)
