"""``nuxeo-wopi oauth2``: the connector's entry among Nuxeo's OAuth2 clients."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli_options import Usage, conf_option, read_settings, set_option
from connector.config import Settings
from connector.config_sign_in import takes_as_redirect_uri
from connector.nuxeo_gateway.errors import (
    GatewayError,
    NuxeoForbidden,
    NuxeoKnowsNoSuchCall,
    NuxeoRefusedUser,
)
from connector.nuxeo_gateway.oauth2_clients import OAuth2Client, OAuth2Clients

_NAME = "Office editing (nuxeo-wopi-connector)"


@click.group()
def oauth2() -> None:
    """Sign-in of browsers at Nuxeo by OAuth2."""


@oauth2.command()
@conf_option
@set_option
@click.option(
    "--user",
    default="Administrator",
    show_default=True,
    help="Login name of the administrator to act as.",
)
def register(conf: Path | None, overrides: dict[str, str], user: str) -> None:
    """Make the connector's entry on the Nuxeo server, or bring it up to date.

    It is made as an administrator, by a token signed with nuxeo.jwt.secret; no password is needed.
    """
    from connector.app import make_gateway, make_links

    settings = read_settings(conf, overrides)
    callback = make_links(settings).sign_in_callback
    if not takes_as_redirect_uri(callback):
        raise Usage(
            "nuxeo.wopi.hostURL: Nuxeo lets nobody come back to an address that is neither "
            f"https:// nor http://localhost, as {callback} would be"
        )
    if settings.sign_in != "oauth2":
        click.echo(
            f"warning: nuxeo.wopi.signIn: {settings.sign_in}, so the entry is not used yet",
            err=True,
        )
    wanted = OAuth2Client(
        id=settings.oauth2_client_id,
        name=_NAME,
        redirect_uris=(callback,),
        is_auto_grant=True,
        is_enabled=True,
        secret=settings.oauth2_client_secret,
    )
    gateway = make_gateway(settings)
    try:
        click.echo(_register(gateway.oauth2_clients, wanted, user))
    except NuxeoRefusedUser as error:
        raise click.ClickException(
            f"Nuxeo does not accept a token for {user}: no such user, another nuxeo.jwt.secret, or "
            "clocks that are apart"
        ) from error
    except NuxeoForbidden as error:
        raise click.ClickException(
            f"{user} is not an administrator of Nuxeo; name one with --user"
        ) from error
    except GatewayError as error:
        raise click.ClickException(_told(error, settings)) from error
    finally:
        gateway.close()


def _register(clients: OAuth2Clients, wanted: OAuth2Client, user: str) -> str:
    """Make or change the entry; what was done, in a sentence."""
    found = clients.get(wanted.id, user=user)
    if found is None:
        clients.create(wanted, user=user)
        return f"{wanted.id} is registered; users come back to {_listed(wanted.redirect_uris)}"
    if found.redirect_uris is None:
        # 10.10 tells neither addresses nor secret, and cannot change them by REST.
        raise click.ClickException(
            f"{wanted.id} is registered already, and this Nuxeo does not tell how: compare it in "
            f"its Admin Center, or remove it there; users come back to "
            f"{_listed(wanted.redirect_uris)}"
        )
    if found.secret and not wanted.secret:
        raise click.ClickException(
            f"{wanted.id} is registered with a secret, which Nuxeo does not take away: set "
            "nuxeo.wopi.oauth2.clientSecret, or remove the entry in Nuxeo"
        )
    changes = differences(found, wanted)
    if not changes:
        return f"{wanted.id} is registered already, as it has to be"
    try:
        clients.update(wanted, user=user)
    except NuxeoKnowsNoSuchCall as error:
        raise click.ClickException(
            f"{wanted.id} is registered otherwise, and this Nuxeo cannot change it by REST: "
            f"{'; '.join(changes)}"
        ) from error
    return f"{wanted.id} was registered otherwise and is changed: {'; '.join(changes)}"


def differences(found: OAuth2Client, wanted: OAuth2Client) -> list[str]:
    """What is different in an entry, each in a few words, without secrets.

    Addresses that are not wanted are a difference: a code that goes there is as good as a password.
    """
    changes = []
    if found.name != wanted.name:
        changes.append(f"name from {found.name!r} to {wanted.name!r}")
    if found.redirect_uris != wanted.redirect_uris:
        changes.append(
            f"redirectURIs from {_listed(found.redirect_uris)} to {_listed(wanted.redirect_uris)}"
        )
    if found.is_auto_grant != wanted.is_auto_grant:
        changes.append(f"isAutoGrant from {_truth(found.is_auto_grant)}")
    if found.is_enabled != wanted.is_enabled:
        changes.append(f"isEnabled from {_truth(found.is_enabled)}")
    if found.secret != wanted.secret:
        changes.append("another secret" if found.secret else "a secret")
    return changes


def _truth(value: bool | None) -> str:
    return "true to false" if value else "false to true"


def _listed(uris: tuple[str, ...] | None) -> str:
    return ", ".join(uris or ()) or "none"


def _told(error: GatewayError, settings: Settings) -> str:
    return f"Nuxeo at {settings.rest_url}: {error}"
