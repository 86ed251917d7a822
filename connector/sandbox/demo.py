"""The whole way from a click to a saved document, on one machine and without anything installed.

Three processes, as in production: a Nuxeo (the sandbox), an office client (the demo's, or a real
one), and the connector, run by the same command and from the same kind of file as in production.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import webbrowser
from contextlib import suppress
from pathlib import Path

import requests

from connector.sandbox.running import HOST, jwt_secret, write_conf

_START_WITHIN = 60.0
_STOP_WITHIN = 15.0


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
        DemoFailed: a port is taken, or a part did not start or ended by itself.
    """
    ports = range(port, port + (2 if discovery else 3))
    for taken in (number for number in ports if not _is_free(number)):
        raise DemoFailed(f"port {taken} is taken; choose others with --port")
    where = data or Path(tempfile.mkdtemp(prefix="nuxeo-wopi-demo-"))
    processes: dict[str, subprocess.Popen[bytes]] = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        _run(where.resolve(), port, discovery, browser, processes)
    except (KeyboardInterrupt, _Stopped):
        print("stopping", flush=True)  # noqa: T201
    finally:
        # A second Ctrl-C must not leave a part behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end(processes)
        if data is None:
            shutil.rmtree(where, ignore_errors=True)


def _run(
    data: Path,
    port: int,
    discovery: str | None,
    browser: bool,
    processes: dict[str, subprocess.Popen[bytes]],
) -> None:
    nuxeo = f"http://{HOST}:{port}/nuxeo/"
    connector = f"http://{HOST}:{port + 1}/nuxeo/"
    office = discovery or f"http://{HOST}:{port + 2}/hosting/discovery"
    conf = write_conf(
        data,
        {
            "nuxeo.url": nuxeo.rstrip("/"),
            "nuxeo.jwt.secret": jwt_secret(data),
            "nuxeo.wopi.discoveryURL": office,
            "nuxeo.wopi.baseURL": connector,
            "nuxeo.wopi.hostURL": connector,
            "nuxeo.wopi.listen": f"{HOST}:{port + 1}",
            "nuxeo.wopi.dataDir": str(data / "wopi"),
            "nuxeo.wopi.brandName": "Sandbox Nuxeo",
            "nuxeo.wopi.logLevel": "WARNING",
        },
    )
    at = ["--port", str(port), "--data", str(data), "--connector-url", connector]
    processes["sandbox Nuxeo"] = _start("sandbox", *at)
    if discovery is None:
        processes["demo office"] = _start("office", "--port", str(port + 2), "--data", str(data))
        _wait_for(office, "demo office", processes)
    _wait_for(f"{nuxeo}runningstatus", "sandbox Nuxeo", processes)
    processes["connector"] = _start("serve", "--conf", str(conf))
    _wait_for(f"{connector}wopi/health", "connector", processes)

    print(f"sandbox Nuxeo  {nuxeo}")  # noqa: T201
    print(f"connector      {connector}wopi/health")  # noqa: T201
    print(f"office client  {office}")  # noqa: T201
    print(f"settings       {conf}")  # noqa: T201
    print("users          alice, bob (write), carol (read), dave (nothing), Administrator;")  # noqa: T201
    print("               each password is the user's name")  # noqa: T201
    print("ready", flush=True)  # noqa: T201
    if browser:
        with suppress(webbrowser.Error):
            webbrowser.open(nuxeo)
    while True:
        _check(processes)
        time.sleep(0.5)


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    # What the file says must not be changed by settings that happen to be in the environment.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NUXEO_")}
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "connector", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        # Ctrl-C reaches this process alone, which then ends the others in order.
        start_new_session=True,
    )


def _wait_for(url: str, name: str, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _START_WITHIN
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            _check(processes)
            with suppress(requests.RequestException):
                if session.get(url, timeout=2).ok:
                    return
            time.sleep(0.1)
    raise DemoFailed(f"the {name} did not answer at {url} within {_START_WITHIN:.0f} seconds")


def _check(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise DemoFailed(
                f"the {name} ended by itself (status {process.returncode}); see its messages above"
            )


def _end(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in reversed(processes.values()):
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + _STOP_WITHIN
    for process in processes.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            # Its workers are in a session of their own with it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _stop(_number: int, _frame: object) -> None:
    raise _Stopped
