"""The command ``nuxeo-wopi``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector import __version__, config, config_values, logs, whole_file
from connector.cli_locks import check_lock_store
from connector.cli_oauth2 import oauth2
from connector.cli_options import Usage, conf_option, read_settings, set_option
from connector.cli_recover import recover

if TYPE_CHECKING:
    from connector.app import Connector

_PORT = click.IntRange(1, 65535)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nuxeo-wopi")
def main() -> None:
    """A WOPI host beside a Nuxeo server."""


main.add_command(recover)
main.add_command(oauth2)


@main.command()
@conf_option
@set_option
def serve(conf: Path | None, overrides: dict[str, str]) -> None:
    """Run the connector under gunicorn until told to stop."""
    settings = read_settings(conf, overrides)
    logs.set_up(settings.log_level)
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    _check_data_dir(settings.data_dir)
    _check_lock_store(settings)
    _check_recovery_dir(settings)
    from connector.serving import CannotListen
    from connector.serving import serve as run

    worker = _Worker(settings)
    try:
        run(
            worker.start,
            host=settings.listen_host,
            port=settings.listen_port,
            workers=settings.workers,
            threads=settings.threads,
            log_level=settings.log_level,
            unload=worker.stop,
        )
    except CannotListen as error:
        raise Usage(f"nuxeo.wopi.listen: {error}") from error


@main.command()
@conf_option
@set_option
@click.option("--user", required=True, help="Login name of the user to act as.")
@click.option("--doc", required=True, metavar="PATH_OR_UID", help="The document.")
@click.option("--xpath", default="file:content", show_default=True, help="The file in it.")
@click.option("--action", type=click.Choice(["edit", "view"]), default="edit", show_default=True)
@click.option("--repository", default="default", show_default=True)
@click.option(
    "--client",
    metavar="NAME",
    help="The office client, of those in nuxeo.wopi.clients; the first unless given.",
)
def token(
    conf: Path | None,
    overrides: dict[str, str],
    user: str,
    doc: str,
    xpath: str,
    action: str,
    repository: str,
    client: str | None,
) -> None:
    """Print what an office client would get to open a file, as JSON.

    For tests and support. Whoever has the output can act on this one file as the user until the
    token ends.
    """
    from connector.support import SessionRefused, open_session

    settings = read_settings(conf, overrides)
    try:
        session = open_session(
            settings,
            user=user,
            document=doc,
            xpath=xpath,
            action=action,
            repository=repository,
            client=client,
        )
    except SessionRefused as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(session, indent=2))


@main.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write, such as nuxeo-wopi-connector.zip.",
)
@click.option(
    "--for",
    "distribution",
    type=click.Choice(["lts", "server"]),
    default="lts",
    show_default=True,
    help="The kind of Nuxeo: lts is LTS 2021 and later, server is 10.10.",
)
def package(out: Path, distribution: str) -> None:
    """Make the package that shows the connector in Nuxeo Web UI.

    To be installed on the Nuxeo server with "nuxeoctl mp-install FILE". It has no Java code.
    """
    from connector.webui.empty_documents import LibrariesMissing
    from connector.webui.package import DISTRIBUTIONS
    from connector.webui.package import package as made

    try:
        content = made(DISTRIBUTIONS[distribution], __version__)
    except LibrariesMissing as error:
        raise click.ClickException(str(error)) from error
    try:
        whole_file.write(out, content)
        # Nothing in it is secret, and Nuxeo's account has to read it.
        out.chmod(0o644)
    except OSError as error:
        raise Usage(f"--out: cannot write {out}: {error.strerror}") from error
    click.echo(f"{out}: install it with  nuxeoctl mp-install {out.resolve()}")


@main.command()
@click.option("--port", type=_PORT, default=8080, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep documents; temporary when not given.",
)
@click.option(
    "--connector-url",
    metavar="URL",
    help="A connector that has this sandbox as its Nuxeo; the start page links to it.",
)
@click.option("--log-level", default="warning", hidden=True)
def sandbox(port: int, data: Path | None, connector_url: str | None, log_level: str) -> None:
    """Run the sandbox Nuxeo alone: for demo and tests only."""
    from connector.sandbox.running import run_nuxeo

    logs.set_up(log_level.upper())
    if connector_url is not None:
        connector_url = _address("--connector-url", connector_url, config_values.base_url)
    with _told_in_one_line():
        run_nuxeo(port=port, data=data, connector_url=connector_url, log_level=log_level)


@main.command(hidden=True)
@click.option("--port", type=_PORT, required=True)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--log-level", default="warning")
def office(port: int, data: Path, log_level: str) -> None:
    """Run the demo office client alone."""
    from connector.sandbox.running import run_office

    logs.set_up(log_level.upper())
    with _told_in_one_line():
        run_office(port=port, data=data, log_level=log_level)


@main.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65533),
    default=8080,
    show_default=True,
    help="Of the sandbox Nuxeo; the connector and the office client take the next two.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep everything; temporary when not given.",
)
@click.option("--discovery", metavar="URL", help="Use a real office client instead of the demo's.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
def demo(port: int, data: Path | None, discovery: str | None, no_browser: bool) -> None:
    """Run sandbox Nuxeo, demo office client and connector together."""
    from connector.sandbox.demo import run_demo

    if discovery is not None:
        discovery = _address("--discovery", discovery, config_values.resource_url)
    with _told_in_one_line():
        run_demo(port=port, data=data, discovery=discovery, browser=not no_browser)


def _address(option: str, text: str, parse: Callable[[str], str]) -> str:
    try:
        return parse(text)
    except ValueError as error:
        subject = "the address" if "@" in text else repr(text)
        raise Usage(f"{option}: {subject} {error}") from error


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """What stands in the way of the sandbox, as the command's error."""
    from connector.sandbox.data_folder import DataFolderUnusable
    from connector.sandbox.demo import DemoFailed
    from connector.sandbox.libraries import LibrariesMissing, check
    from connector.serving import CannotListen

    try:
        check()
        yield
    except DataFolderUnusable as error:
        raise Usage(f"--data: {error}") from error
    except CannotListen as error:
        raise click.ClickException(f"{error}; choose another with --port") from error
    except (DemoFailed, LibrariesMissing) as error:
        raise click.ClickException(str(error)) from error


def _check_data_dir(path: Path) -> None:
    """Make the folder, in which saves are put while they are under way."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Usage(f"nuxeo.wopi.dataDir: cannot make {path}: {error.strerror}") from error


def _check_lock_store(settings: config.Settings) -> None:
    from connector.lock_store.opening import left_in_sqlite

    warnings = check_lock_store(settings)
    if settings.redis_url is not None:
        left = left_in_sqlite(settings.data_dir)
        warnings += [f"nuxeo.wopi.redisURL: {line}" for line in left]
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)


def _check_recovery_dir(settings: config.Settings) -> None:
    """Make the folder: not when the first save has failed is it to turn out that it cannot be."""
    from connector.app import make_recovery

    recovery = make_recovery(settings)
    if recovery is None:
        click.echo("warning: nuxeo.wopi.recovery.dir: off, saves that fail are not kept", err=True)
        return
    try:
        recovery.prepare()
    except OSError as error:
        path = settings.recovery_dir
        raise Usage(f"nuxeo.wopi.recovery.dir: cannot make {path}: {error.strerror}") from error


class _Worker:
    """The connector in a process of its own; each process has a copy of this."""

    def __init__(self, settings: config.Settings) -> None:
        self._settings = settings
        self._connector: Connector | None = None

    def start(self) -> Callable[..., Any]:
        """The WSGI application, with all that goes on beside it."""
        from connector.app import build

        self._connector = build(self._settings)
        self._connector.start()
        return self._connector.app

    def stop(self) -> None:
        """Nothing more will be asked for."""
        if self._connector is not None:
            self._connector.close()
