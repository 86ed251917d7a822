"""The whole way from a click to a saved document, on one machine and without anything installed.

Three processes, as in production: a Nuxeo (the sandbox), an office client (the demo's, or a real
one), and the connector, run by the same command and from the same kind of file as in production.
"""

from __future__ import annotations

import os
import signal
import time
import webbrowser
from contextlib import suppress
from pathlib import Path

import click
import requests

from connector.sandbox import data_folder
from connector.sandbox.parts import PartEnded, Parts
from connector.sandbox.running import HOST
from connector.serving import CannotListen, check_address

_START_WITHIN = 60.0
_SAID_AFTER = 3.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_OFFICE_MARK = b"<wopi-discovery"


class DemoFailed(Exception):
    """Why the demo does not run, in a sentence."""


class _Stopped(Exception):
    """Somebody asked the demo to stop."""


def run_demo(*, port: int, data: Path | None, discovery: str | None, browser: bool) -> None:
    """Run until interrupted.

    Args:
        port: of the sandbox Nuxeo; the connector takes the next and the office the one after.
        data: where everything is kept; ``None`` for a temporary directory.
        discovery: URL of a real office client's discovery.
        browser: whether to open one.

    Raises:
        DataFolderUnusable: why ``data`` cannot be used.
        DemoFailed: a port is taken, or a part did not start or ended by itself.
    """
    for number in _SIGNALS:
        # What was ignored, as under nohup, stays so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    parts = Parts()
    try:
        _check_ports(port, 2 if discovery else 3)
        with data_folder.opened(data, prefix="nuxeo-wopi-demo-") as where:
            try:
                _run(where, port, discovery, browser, parts)
            except _Stopped:
                click.echo("stopping")
            finally:
                parts.end()
    except _Stopped:
        pass  # Before anything was started.
    except PartEnded as error:
        raise DemoFailed(str(error)) from error


def _stop(_number: int, _frame: object) -> None:
    # A second one must not leave a part or a folder behind.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def _check_ports(first: int, count: int) -> None:
    for port in range(first, first + count):
        try:
            check_address(HOST, port)
        except CannotListen as error:
            raise DemoFailed(f"{error}; choose others with --port") from error


def _run(where: Path, port: int, discovery: str | None, browser: bool, parts: Parts) -> None:
    nuxeo = f"http://{HOST}:{port}/nuxeo/"
    connector = f"http://{HOST}:{port + 1}/nuxeo/"
    office = f"http://{HOST}:{port + 2}/"
    conf = data_folder.write_conf(
        where,
        {
            "nuxeo.url": nuxeo.rstrip("/"),
            data_folder.JWT_KEY: data_folder.jwt_secret(where),
            "nuxeo.wopi.discoveryURL": discovery or f"{office}hosting/discovery",
            "nuxeo.wopi.baseURL": connector,
            "nuxeo.wopi.hostURL": connector,
            "nuxeo.wopi.listen": f"{HOST}:{port + 1}",
            # From the folder of the file: whatever that is called, it needs no escapes.
            "nuxeo.wopi.dataDir": "wopi",
            "nuxeo.wopi.bootstrapper": "true",
            "nuxeo.wopi.brandName": "Sandbox Nuxeo",
            "nuxeo.wopi.logLevel": "WARNING",
        },
    )
    _reach_directly(HOST, "localhost")
    if discovery is not None:
        _wait_for(discovery, "office client", parts, holding=_OFFICE_MARK)
    click.echo("starting the sandbox Nuxeo")
    at = ("--port", str(port), "--data", str(where), "--connector-url", connector)
    parts.start("sandbox Nuxeo", "sandbox", *at)
    if discovery is None:
        click.echo("starting the demo office")
        parts.start("demo office", "office", "--port", str(port + 2), "--data", str(where))
        _wait_for(f"{office}hosting/discovery", "demo office", parts, holding=_OFFICE_MARK)
    _wait_for(f"{nuxeo}runningstatus", "sandbox Nuxeo", parts)
    click.echo("starting the connector")
    parts.start("connector", "serve", "--conf", str(conf))
    _wait_for(f"{connector}wopi/health", "connector", parts)
    for line in (
        "",
        f"sandbox Nuxeo  {nuxeo}",
        f"connector      {connector}wopi/",
        f"office client  {discovery or office}",
        "",
        f"settings       {conf}",
        "users          alice, bob (write), carol (read), dave (nothing), Administrator;",
        "               each password is the user's name",
        "",
        "ready",
    ):
        click.echo(line)
    if browser:
        with suppress(webbrowser.Error):
            webbrowser.open(nuxeo)
    while True:
        parts.check()
        time.sleep(0.5)


def _reach_directly(*hosts: str) -> None:
    """Have no proxy asked for these, by this process and by the parts."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join([*filter(None, [known]), *hosts])


def _wait_for(url: str, name: str, parts: Parts, holding: bytes = b"") -> None:
    deadline = time.monotonic() + _START_WITHIN
    patience = time.monotonic() + _SAID_AFTER
    while True:
        parts.check()
        problem = _problem_at(url, holding)
        if problem is None:
            return
        now = time.monotonic()
        if now > deadline:
            raise DemoFailed(
                f"the {name} at {url} {problem}; given up after {_START_WITHIN:.0f} seconds"
            )
        if now > patience:
            click.echo(f"waiting for the {name}: {url} {problem}")
            patience = deadline
        time.sleep(0.1)


def _problem_at(url: str, holding: bytes) -> str | None:
    try:
        answer = requests.get(url, timeout=5)
    except (requests.RequestException, ValueError):
        return "does not answer"
    if not answer.ok:
        return f"answers with status {answer.status_code}"
    if holding not in answer.content:
        return "answers with something else than a WOPI discovery"
    return None
