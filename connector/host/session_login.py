"""With Nuxeo's session: a browser that is nobody's is led to Nuxeo's login, and comes back.

A browser that has been led and is nobody's still gets a page instead, with the way to the login on
it. So it does not go in circles where Nuxeo's cookie never reaches the connector, and nobody is
kept from going back. That it was led is in a cookie, which decides nothing else.
"""

from __future__ import annotations

import hashlib
import logging

from flask import Blueprint, Response, request

from connector.host import problems
from connector.host.asked import is_for_a_tab
from connector.host.problem_pages import NotOpened, ProblemPages
from connector.host.responses import redirect
from connector.host.signed_cookies import SignedCookies
from connector.links import Links

_log = logging.getLogger("connector.host")

_LED = "nuxeo-wopi-led-"
_AUDIENCE = "nuxeo-wopi-browser:led"
_LED_FOR = 300
"""Seconds that somebody may take for the login, to be told afterwards that it has not helped."""

_MOST = 5
"""At once in one browser, for as many tabs."""


class SessionLogin:
    """Leads to Nuxeo's login.

    Args:
        links: tells where it is.
        cookies: keeps which browsers were led.
    """

    def __init__(self, links: Links, cookies: SignedCookies) -> None:
        # Nuxeo leads back to nowhere but its own host.
        self._leads_back = links.host_origin == links.nuxeo_origin
        self._cookies = cookies

    def add_to(self, blueprint: Blueprint, _pages: ProblemPages) -> None:
        """See :class:`connector.host.pages.Login`."""
        blueprint.after_request(self._forget)

    def lead(self, error: NotOpened, pages: ProblemPages) -> Response:
        """See :class:`connector.host.pages.Login`."""
        if not self._leads_back:
            return pages.page(error)
        action = (request.view_args or {}).get("action")
        if request.method != "GET" or not is_for_a_tab(dict(request.headers), action):
            # Nuxeo shows no login inside other pages.
            return pages.page(NotOpened(problems.SIGN_IN_IN_A_TAB, reference=error.reference))
        name = _name()
        if self._cookies.read(request.cookies, name, _AUDIENCE):
            _log.info("a browser was led to Nuxeo's login and has come back as nobody")
            response = pages.page(error)
            self._cookies.clear(response, name)
            return response
        prefix = self._cookies.name(_LED)
        led = sum(each.startswith(prefix) for each in request.cookies)
        if led >= _MOST:
            return pages.page(error)
        response = redirect(pages.login(error), 302)
        self._cookies.set(response, name, _AUDIENCE, {}, _LED_FOR)
        return response

    def _forget(self, response: Response) -> Response:
        """Whoever got to the page that they were led from has come back as somebody."""
        name = _name()
        is_back = response.status_code not in (302, 401) and response.status_code < 500
        if is_back and self._cookies.name(name) in request.cookies:
            self._cookies.clear(response, name)
        return response


def _name() -> str:
    return f"{_LED}{hashlib.sha256(request.path.encode()).hexdigest()[:8]}"
