"""Sign-in at Nuxeo by OAuth2: authorization code, PKCE and state (REST_CONTRACT 1.5).

The browser is sent to one address of Nuxeo; the code that it brings back is exchanged at another,
as the connector reaches Nuxeo. Authlib makes what goes over the wire. Each exchange has a
connection of its own, so that nothing of one user's is left for the next.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from connector.nuxeo_gateway.errors import NuxeoFailed, NuxeoUnavailable, OAuth2Refused

_SILENT = (502, 503, 504)


@dataclass(frozen=True)
class Authorization:
    """A sign-in that begins.

    Attributes:
        url: where the browser is sent.
        state: what it must bring back.
        verifier: what the code is exchanged with (PKCE).
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    verifier: str = field(repr=False)


class OAuth2:
    """One client of Nuxeo's.

    Args:
        authorize_url: Nuxeo's ``oauth2/authorize``, as browsers see it.
        token_url: Nuxeo's ``oauth2/token``, as the connector reaches it.
        redirect_uri: where browsers come back to, as it is registered.
        client_id: of the client's entry.
        client_secret: of the client's entry, if it has one.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes of an answer.
        ca_bundle: certificates to trust instead of the usual ones.
    """

    def __init__(
        self,
        *,
        authorize_url: str,
        token_url: str,
        redirect_uri: str,
        client_id: str,
        client_secret: str | None,
        connect_timeout: float,
        read_timeout: float,
        ca_bundle: Path | None = None,
    ) -> None:
        self._authorize_url = authorize_url
        self._token_url = token_url
        self._redirect_uri = redirect_uri
        self._client_id = client_id
        self._client_secret = client_secret
        self._timeout = (connect_timeout, read_timeout)
        self._verify: bool | str = str(ca_bundle) if ca_bundle else True

    def begin(self) -> Authorization:
        """A sign-in with a state and a verifier of its own; nothing is called."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._authorize_url, state=state, code_verifier=verifier
            )
        return Authorization(str(url), state, verifier)

    def access_token(self, code: str, verifier: str) -> str:
        """The access token for a code that a browser has brought back: one call.

        No error tells the code or the verifier.

        Raises:
            OAuth2Refused: the code is not good, or the client's entry is not as configured.
            NuxeoUnavailable, NuxeoFailed: Nuxeo did not answer as expected.
        """
        with self._session() as session:
            try:
                answer = session.fetch_token(
                    self._token_url,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    redirect_uri=self._redirect_uri,
                    timeout=self._timeout,
                    # A redirect would take code and secret to wherever it leads.
                    allow_redirects=False,
                )
            except OAuthError as error:
                raise OAuth2Refused(str(error.error)) from None
            except requests.HTTPError as error:
                status = error.response.status_code if error.response is not None else 500
                kind = NuxeoUnavailable if status in _SILENT else NuxeoFailed
                raise kind(f"POST oauth2/token: {status}") from None
            except (requests.Timeout, requests.ConnectionError) as error:
                raise NuxeoUnavailable(f"POST oauth2/token: {type(error).__name__}") from None
            except (requests.RequestException, ValueError, TypeError) as error:
                raise NuxeoFailed(f"POST oauth2/token: {type(error).__name__}") from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise NuxeoFailed("POST oauth2/token: an answer without a token")
        return token

    def _session(self) -> OAuth2Session:
        session = OAuth2Session(
            self._client_id,
            self._client_secret,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            # In the form, where all releases of Nuxeo look for it.
            token_endpoint_auth_method="client_secret_post" if self._client_secret else "none",
        )
        # Neither proxies nor .netrc passwords of the machine are meant for this connection.
        session.trust_env = False
        session.verify = self._verify
        return session
