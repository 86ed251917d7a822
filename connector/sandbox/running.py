"""Running the sandbox Nuxeo and the demo office client, each a process of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from connector import nuxeo_conf
from connector.serving import serve

HOST = "127.0.0.1"
"""The only address that the sandbox listens at."""

CONF_NAME = "nuxeo.conf"
"""The file in the data directory that holds the secret, and with the demo all settings."""

_THREADS = 16
_JWT_KEY = "nuxeo.jwt.secret"


def run_nuxeo(*, port: int, data: Path | None, connector_url: str | None, log_level: str) -> None:
    """Serve the sandbox Nuxeo until told to stop.

    Args:
        port: on 127.0.0.1.
        data: where documents are kept; ``None`` for a temporary directory.
        connector_url: base of the links that open files.
        log_level: of the server's messages.
    """
    from connector.sandbox.nuxeo_server import create_app

    where = data or Path(tempfile.mkdtemp(prefix="nuxeo-sandbox-"))
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = jwt_secret(where)
    if not (where / CONF_NAME).exists():
        write_conf(where, {"nuxeo.url": f"http://{HOST}:{port}/nuxeo", _JWT_KEY: secret})
    print(f"sandbox Nuxeo at http://{HOST}:{port}/nuxeo/ (data in {where})", flush=True)  # noqa: T201
    try:
        serve(
            lambda: create_app(
                data_dir=where / "nuxeo", jwt_secret=secret, connector_url=connector_url
            ),
            host=HOST,
            port=port,
            workers=1,
            threads=_THREADS,
            log_level=log_level,
        )
    finally:
        if data is None:
            shutil.rmtree(where, ignore_errors=True)


def run_office(*, port: int, data: Path, log_level: str) -> None:
    """Serve the demo office client until told to stop.

    Args:
        port: on 127.0.0.1.
        data: where its keys are kept.
        log_level: of the server's messages.
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


def jwt_secret(data: Path) -> str:
    """The secret of a data directory: the one it has, or a new one."""
    path = data / CONF_NAME
    if path.exists():
        conf = nuxeo_conf.read(path, {})
        if _JWT_KEY in conf:
            return conf.value(_JWT_KEY)
    return secrets.token_urlsafe(64)


def write_conf(data: Path, settings: dict[str, str]) -> Path:
    """Write ``nuxeo.conf`` into a data directory, readable by its owner only."""
    conf = data / CONF_NAME
    lines = ["# Sandbox, for demo and tests only. Written anew at each start of the demo.", ""]
    lines += [f"{key}={value.replace(chr(92), chr(92) * 2)}" for key, value in settings.items()]
    descriptor = os.open(conf, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return conf
