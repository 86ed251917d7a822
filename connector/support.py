"""An editing session without a browser, for tests and for whoever helps an administrator."""

from __future__ import annotations

from typing import Any

from connector.app import make_gateway, make_links, make_tokens
from connector.config import Settings
from connector.file_reference import FileReference, InvalidFileReference
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoForbidden,
    NuxeoNotFound,
    NuxeoRefusedUser,
)
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import Grant


class SessionRefused(Exception):
    """Why there is no session, in a sentence."""


def open_session(
    settings: Settings,
    *,
    user: str,
    document: str,
    xpath: str,
    action: str,
    repository: str,
    client: str | None = None,
) -> dict[str, Any]:
    """What an office client needs to open a file.

    Args:
        settings: of the connector.
        user: login name.
        document: path, starting with a slash, or uid.
        xpath: which of its files.
        action: ``edit`` or ``view``.
        repository: repository name.
        client: name of the office client; the first that is configured unless given.

    Returns:
        ``wopisrc``, ``access_token``, ``access_token_ttl`` (milliseconds since the epoch) and
        ``host_url``.

    Raises:
        SessionRefused: there is no such user, document, file or office client.
    """
    names = [each.name for each in settings.clients]
    client = client or names[0]
    if client not in names:
        raise SessionRefused(
            f"there is no office client {client}; nuxeo.wopi.clients names {', '.join(names)}"
        )
    gateway = make_gateway(settings)
    links = make_links(settings)
    try:
        is_path = document.startswith("/")
        uid = gateway.documents.uid_of_path(repository, document, user) if is_path else document
        reference = FileReference(repository, uid, xpath)
        blob = gateway.documents.get(reference, user).blob(xpath)
        display_name = gateway.users.get(user).display_name
    except InvalidFileReference as error:
        raise SessionRefused(f"'{document}' with '{xpath}': {error}") from error
    except NuxeoRefusedUser as error:
        raise SessionRefused(
            f"Nuxeo does not accept a token for {user}: no such user, another nuxeo.jwt.secret, or"
            " clocks that are apart"
        ) from error
    except NuxeoNotFound as error:
        raise SessionRefused(
            f"there is no document {document} in the repository {repository}"
        ) from error
    except NuxeoForbidden as error:
        raise SessionRefused(f"{user} may not read {document}") from error
    except GatewayError as error:
        raise SessionRefused(f"Nuxeo at {settings.rest_url}: {error}") from error
    finally:
        gateway.close()
    if blob is None:
        raise SessionRefused(f"{document} has no file at {xpath}")
    file_id = file_ids.encode(reference, settings.instance)
    tokens = make_tokens(settings)
    token = tokens.issue(
        resource_id=file_id,
        user=user,
        user_name=display_name,
        grant=Grant(action),
        client=client,
    )
    return {
        "wopisrc": links.wopi_src(file_id),
        "access_token": tokens.sign(token),
        "access_token_ttl": token.ttl_milliseconds,
        "host_url": links.host_page(action, reference, client),
    }
