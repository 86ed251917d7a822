"""Running the sandbox Nuxeo and the demo office client, each a process of its own."""

from __future__ import annotations

from pathlib import Path

import click

from connector.sandbox.data_folder import CONF_NAME, JWT_KEY, jwt_secret, make, opened, write_conf
from connector.serving import check_address, serve

HOST = "127.0.0.1"
"""The only address that the sandbox listens at."""

_THREADS = 16


def run_nuxeo(*, port: int, data: Path | None, connector_url: str | None, log_level: str) -> None:
    """Serve the sandbox Nuxeo until told to stop.

    Args:
        port: on 127.0.0.1.
        data: where documents are kept; ``None`` for a temporary directory.
        connector_url: base of the links that open files.
        log_level: of the server's messages.

    Raises:
        DataFolderUnusable: why ``data`` cannot be used.
        CannotListen: why ``port`` cannot.
    """
    from connector.sandbox.nuxeo_server import create_app

    if data:
        make(data)
    # A demo that this is a part of has the folder itself.
    with opened(data / "nuxeo" if data else None, prefix="nuxeo-sandbox-") as where:
        folder = data or where
        url = f"http://{HOST}:{port}/nuxeo/"
        secret = jwt_secret(folder)
        if not (folder / CONF_NAME).exists():
            settings = {"nuxeo.url": url.rstrip("/"), JWT_KEY: secret}
            write_conf(folder, settings)
        check_address(HOST, port)
        click.echo(f"sandbox Nuxeo at {url} (data in {folder})")
        serve(
            lambda: create_app(data_dir=where, jwt_secret=secret, connector_url=connector_url),
            host=HOST,
            port=port,
            workers=1,
            threads=_THREADS,
            log_level=log_level,
        )


def run_office(*, port: int, data: Path, log_level: str) -> None:
    """Serve the demo office client until told to stop.

    Args:
        port: on 127.0.0.1.
        data: where its keys are kept.
        log_level: of the server's messages.

    Raises:
        CannotListen: why ``port`` cannot be used.
    """
    from connector.sandbox.demo_office import create_app

    serve(
        lambda: create_app(public_url=f"http://{HOST}:{port}/", key_dir=data / "office"),
        host=HOST,
        port=port,
        workers=1,
        threads=_THREADS,
        log_level=log_level,
    )
