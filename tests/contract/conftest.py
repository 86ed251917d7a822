"""The server that the contract is held against: the sandbox, or a real one named by NUXEO_URL."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

import jwt
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from connector.sandbox.running import jwt_secret as secret_of
from tests.contract.clients import connect
from tests.contract.world import World
from tests.support import HOST, Process, free_ports


@dataclass(frozen=True)
class Server:
    """Where a server is, and an administrator of it."""

    url: str
    user: str
    password: str
    jwt_secret: str


def pytest_collection_modifyitems(items):
    """Leave out what needs the secret of a real server when it is not given."""
    if not os.environ.get("NUXEO_JWT_SECRET"):
        items[:] = [item for item in items if not _signs_for_a_real_server(item)]


def _signs_for_a_real_server(item):
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return parameters.get("server") == "real" and "jwt_secret" in item.fixturenames


@pytest.fixture(
    scope="session", params=["sandbox", pytest.param("real", marks=pytest.mark.real_nuxeo)]
)
def server(request, tmp_path_factory):
    """One server for all tests of a session."""
    if request.param == "real":
        yield Server(
            os.environ["NUXEO_URL"].rstrip("/") + "/",
            os.environ.get("NUXEO_USERNAME", "Administrator"),
            os.environ.get("NUXEO_PASSWORD", "Administrator"),
            os.environ.get("NUXEO_JWT_SECRET", ""),
        )
        return
    data, port = tmp_path_factory.mktemp("nuxeo"), free_ports(1)
    process = Process("sandbox", "--port", port, "--data", data)
    try:
        process.wait_for("sandbox Nuxeo at")
        url = f"http://{HOST}:{port}/nuxeo/"
        _wait_until_started(url, process)
        yield Server(url, "Administrator", "Administrator", secret_of(data))
    finally:
        process.stop()


def _wait_until_started(url, process):
    # The line is printed before the socket is open.
    session = requests.Session()
    session.trust_env = False
    patient = Retry(total=None, connect=60, backoff_factor=0.02, backoff_max=0.2)
    session.mount("http://", HTTPAdapter(max_retries=patient))
    try:
        assert session.get(f"{url}runningstatus", timeout=60).ok
    except requests.ConnectionError:
        raise AssertionError("did not start:\n" + "\n".join(process.output)) from None


@pytest.fixture(scope="session")
def world(server):
    """People and a workspace on it."""
    world = World(server.url, server.user, server.password)
    try:
        world.build()
        yield world
    finally:
        world.remove()


@pytest.fixture
def admin(world):
    return world.admin


@pytest.fixture
def alice(world):
    """May write, as a member of a group."""
    return world.alice


@pytest.fixture
def bob(world):
    """May write too."""
    return world.bob


@pytest.fixture
def carol(world):
    """May only read."""
    return world.carol


@pytest.fixture
def dave(world):
    """May nothing."""
    return world.dave


@pytest.fixture
def nobody(world):
    """Sends no credentials of their own."""
    return world.nobody()


@pytest.fixture
def jwt_secret(server):
    """``nuxeo.jwt.secret``; without it, tests that want it are left out for a real server."""
    return server.jwt_secret


@pytest.fixture
def sign(jwt_secret):
    """Makes the Authorization header of a JWT; a claim that is ``None`` is left out."""

    def make(sub, *, secret=jwt_secret, algorithm="HS512", **claims):
        given = {"iss": "nuxeo", "sub": sub, **claims}
        payload = {name: value for name, value in given.items() if value is not None}
        token = jwt.api_jws.encode(json.dumps(payload).encode(), secret, algorithm)
        return {"Authorization": f"Bearer {token}"}

    return make


# The official client


@pytest.fixture(scope="session")
def client(world):
    """Alice's."""
    return connect(world.alice)


@pytest.fixture(scope="session")
def chief(world):
    """The administrator's."""
    return connect(world.admin)


@pytest.fixture
def models():
    """The client's classes, from where our module has put them; never imported from here."""
    return sys.modules["nuxeo.models"]
