"""``/wopibootstrapper``: where Office for mobile begins, over HTTP.

Who calls is proven by an OAuth2 access token of Nuxeo's, not by a WOPI token and not by a
signature, which native clients do not send. Whoever shows none that is good is told where to sign
in.

Source: the pages Bootstrap, GetNewAccessToken, GetRootContainer (bootstrapper) and GetFileWopiSrc
(bootstrapper). A shortcut that there is not is answered as Bootstrap, as those pages have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from connector.links import Links
from connector.nuxeo_gateway.users import User
from connector.wopi.access_token import AccessToken
from connector.wopi.bearers import Bearers
from connector.wopi.bootstrapping import Bootstrapping
from connector.wopi.client_address import client_address
from connector.wopi.errors import Unauthorized

Shortcut = Callable[[AccessToken], Mapping[str, Any]]
"""An operation on the ecosystem, for somebody who has signed in."""


class SignInRequired(Unauthorized):
    """401, with the way to sign in."""

    def __init__(self, reason: str, challenge: str) -> None:
        super().__init__(reason)
        self.headers = {**self.headers, "WWW-Authenticate": challenge}


class BootstrapperEndpoint:
    """The views of one application.

    Args:
        bearers: knows who has signed in.
        bootstrapping: what is said to them.
        links: where to sign in.
        provider_id: by which Microsoft knows this host; may be empty.
        shortcuts: X-WOPI-EcosystemOperation to the name of the answer's property, and what makes
            the property.
    """

    def __init__(
        self,
        bearers: Bearers,
        bootstrapping: Bootstrapping,
        links: Links,
        provider_id: str,
        shortcuts: Mapping[str, tuple[str, Shortcut]],
    ) -> None:
        self._bearers = bearers
        self._bootstrapping = bootstrapping
        self._shortcuts = shortcuts
        ways = {
            "authorization_uri": links.authorization,
            "tokenIssuance_uri": links.token_issuance,
            "providerId": provider_id,
        }
        said = ",".join(f'{name}="{value}"' for name, value in ways.items() if value)
        self._challenge = f"Bearer {said}"

    def blueprint(self) -> Blueprint:
        """The route."""
        blueprint = Blueprint("wopi_bootstrapper", __name__)
        blueprint.add_url_rule("/wopibootstrapper", view_func=self.bootstrap, methods=["GET"])
        blueprint.add_url_rule("/wopibootstrapper", view_func=self.shortcut, methods=["POST"])
        return blueprint

    def bootstrap(self) -> Response:
        """GET: Bootstrap."""
        g.operation = "Bootstrap"
        return jsonify(self._bootstrapping.bootstrap(self._user()))

    def shortcut(self) -> Response:
        """POST: the operation is named by X-WOPI-EcosystemOperation."""
        name = request.headers.get("X-WOPI-EcosystemOperation", "").strip().upper()
        if name == "GET_NEW_ACCESS_TOKEN":
            g.operation = "GetNewAccessToken"
            source = request.headers.get("X-WOPI-WopiSrc", "")
            return jsonify(self._bootstrapping.get_new_access_token(self._user(), source))
        if name not in self._shortcuts:
            return self.bootstrap()
        g.operation = f"Bootstrap {name}"
        user = self._user()
        key, run = self._shortcuts[name]
        answer = self._bootstrapping.bootstrap(user)
        return jsonify({**answer, key: run(self._bootstrapping.caller(user))})

    def _user(self) -> User:
        """Who has signed in.

        Raises:
            SignInRequired: nobody.
            TooManyRequests: too many tokens that came from the same address were nobody's.
            ServerError: that could not be told.
        """
        caller = client_address(
            request.remote_addr or "", request.headers.get("X-Forwarded-For", "")
        )
        scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
        try:
            # Microsoft's pages show the scheme with a colon behind it.
            if scheme.lower().rstrip(":") != "bearer":
                raise Unauthorized("no OAuth2 token")
            user = self._bearers.user(token.strip(), caller)
        except Unauthorized as error:
            raise SignInRequired(error.reason, self._challenge) from error
        g.user = user.name
        return user
