"""Sign-in by OAuth2: a browser that is nobody's is led to Nuxeo, and comes back with a code.

Nothing that a request brings decides where a browser is sent: the page to go back to is in a cookie
that only the connector can make, and it must be one of our host pages even then. Code and state go
into no log and no page.
"""

from __future__ import annotations

import logging
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, request

from connector.host import problems
from connector.host.asked import HostAction, is_for_a_tab, query_to_come_back_with
from connector.host.problem_pages import NotOpened, ProblemPages
from connector.host.responses import redirect
from connector.host.sign_ins_under_way import LONGEST_TARGET, SignInsUnderWay, SignInUnderWay
from connector.host.user_cookie import UserCookie
from connector.links import SIGN_IN_CALLBACK, SIGN_OUT, Links
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoRefusedUser,
    NuxeoUnavailable,
    OAuth2Refused,
)
from connector.nuxeo_gateway.oauth2 import OAuth2
from connector.nuxeo_gateway.users import User, Users

_log = logging.getLogger("connector.host")

_DENIED = "access_denied"
_USED_UP = "invalid_grant"


class OAuth2Pages:
    """The views of one application.

    Args:
        oauth2: Nuxeo's side.
        users: who somebody is.
        under_way: sign-ins that have begun.
        user_cookie: whose a browser is.
        links: makes URLs.
    """

    def __init__(
        self,
        oauth2: OAuth2,
        users: Users,
        under_way: SignInsUnderWay,
        user_cookie: UserCookie,
        links: Links,
    ) -> None:
        self._oauth2 = oauth2
        self._users = users
        self._under_way = under_way
        self._user_cookie = user_cookie
        self._links = links

    def add_to(self, blueprint: Blueprint, pages: ProblemPages) -> None:
        """See :class:`connector.host.pages.Login`."""
        blueprint.add_url_rule(
            f"/{SIGN_IN_CALLBACK}", "sign_in_callback", lambda: self._callback(pages)
        )
        blueprint.add_url_rule(f"/{SIGN_OUT}", "sign_out", self._sign_out)

    def lead(self, error: NotOpened, pages: ProblemPages) -> Response:
        """See :class:`connector.host.pages.Login`.

        To Nuxeo, from a page; inside another page a browser would show no form there.
        """
        reference = error.reference
        action = str((request.view_args or {}).get("action", HostAction.VIEW))
        if request.method != "GET" or not is_for_a_tab(dict(request.headers), action):
            return pages.page(NotOpened(problems.SIGN_IN_IN_A_TAB, reference=reference))
        links = self._links
        target = links.host_page(action, reference) if reference else links.signed_in
        room = LONGEST_TARGET - len(target) - 1
        query = query_to_come_back_with(request.args.items(multi=True), room)
        authorization = self._oauth2.begin()
        response = redirect(authorization.url, 302)
        begun = SignInUnderWay(
            authorization.state, authorization.verifier, f"{target}?{query}" if query else target
        )
        self._under_way.begin(response, begun, request.cookies)
        return response

    def _callback(self, pages: ProblemPages) -> Response:
        """A browser is back from Nuxeo."""
        state = request.args.get("state", "")
        begun = self._under_way.of(state, request.cookies)
        if begun is None:
            _log.info("a browser came back from a sign-in that it has not begun, or that is over")
            return pages.page(NotOpened(problems.SIGN_IN_NOT_OURS))
        target = self._own_page(begun.target)
        try:
            user = self._user(begun.verifier)
        except NotOpened as error:
            error.again = target
            response = pages.page(error)
        else:
            _log.info("%s has signed in", user.name)
            response = redirect(target, 303)
            self._user_cookie.set(response, user)
        self._under_way.end(response, state)
        return response

    def _user(self, verifier: str) -> User:
        """Who has signed in; what Nuxeo gave us to ask it is forgotten at once.

        Raises:
            NotOpened: nobody, and why.
        """
        if "error" in request.args:
            if request.args["error"] == _DENIED:
                raise NotOpened(problems.SIGN_IN_DENIED)
            _log.warning("a sign-in has failed in Nuxeo")
            raise NotOpened(problems.SIGN_IN_FAILED)
        try:
            token = self._oauth2.access_token(request.args.get("code", ""), verifier)
            user = self._users.behind_bearer(token)
        except OAuth2Refused as error:
            _log.warning("signing in: %s", error)
            is_over = error.error == _USED_UP
            why = problems.SIGN_IN_FAILED if is_over else problems.SIGN_IN_NOT_SET_UP
            raise NotOpened(why) from error
        except NuxeoRefusedUser as error:
            raise NotOpened(problems.SIGN_IN_FAILED) from error
        except NuxeoUnavailable as error:
            _log.warning("signing in: %s", error)
            raise NotOpened(problems.NUXEO_UNAVAILABLE) from error
        except GatewayError as error:
            _log.warning("signing in: %s", error)
            raise NotOpened(problems.SIGN_IN_NOT_SET_UP) from error
        if user.is_anonymous:
            raise NotOpened(problems.SIGN_IN_AS_GUEST)
        return user

    def _own_page(self, target: str) -> str:
        """A page of ours, made anew from what ``target`` says; the one about us if it is none."""
        if target.partition("?")[0] == self._links.signed_in:
            return self._links.signed_in
        opened = self._links.opened_by(target)
        if opened is None or opened[0] not in list(HostAction):
            return self._links.about
        query = urlencode(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        page = self._links.host_page(*opened)
        return f"{page}?{query}" if query else page

    def _sign_out(self) -> Response:
        """Make the browser nobody's, and lead on to Nuxeo's own sign-out.

        Not for what is part of another page, such as an image: only where somebody goes to.
        """
        if not is_for_a_tab(dict(request.headers)):
            return Response(status=403, headers={"Cache-Control": "no-store"})
        response = redirect(self._links.sign_out_of_nuxeo, 302)
        self._user_cookie.sign_out(response)
        self._under_way.end_all(response, request.cookies)
        return response
