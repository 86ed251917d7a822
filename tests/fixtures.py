"""The demo, running for all tests of a session; and a connector inside the test's own process."""

import tempfile
import threading
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from connector.app import build
from tests.fault_proxy import FaultProxy
from tests.redis_server import RedisServer
from tests.support import HOST, Demo, MovableClock, Process, free_ports


@pytest.fixture(scope="session")
def demo():
    """``nuxeo-wopi demo`` as a user would start it, on ports of its own."""
    with tempfile.TemporaryDirectory(prefix="nuxeo-wopi-test-") as data:
        port = free_ports()
        process = Process("demo", "--port", port, "--data", data, "--no-browser")
        try:
            process.wait_for("ready")
            yield Demo(port, Path(data))
        finally:
            status = process.stop()
        assert status == 0, "\n".join(process.output)


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments):
        """Not into the tests' log: access tokens stand in the URLs."""


class InProcess:
    """A connector beside the demo's, on a socket of its own, whose parts a test can reach."""

    def __init__(self, demo, data, clock, **overrides):
        self._demo = demo
        self._clock = clock
        self._port = free_ports(1)
        url = f"http://{HOST}:{self._port}/nuxeo/"
        self.settings = demo.settings(
            **{
                "nuxeo.wopi.baseURL": url,
                "nuxeo.wopi.hostURL": url,
                "nuxeo.wopi.dataDir": str(data),
            }
            | overrides
        )
        self.connector = build(self.settings, clock)
        self._server = make_server(
            HOST, self._port, self.connector.app, threaded=True, request_handler=_Quiet
        )
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def open(self, user, uid, xpath="file:content", action="edit"):
        """A WOPI client with a session on a file."""
        client = self._demo.open(user, uid, xpath, action)
        file_id = client.source.rpartition("/")[2]
        return client.at(self.connector.links.wopi_src(file_id), self._clock)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self.connector.close()


@pytest.fixture
def clock():
    """The clock of ``in_process``, which a test can move."""
    return MovableClock()


@pytest.fixture
def in_process(demo, tmp_path, clock):
    connector = InProcess(demo, tmp_path / "wopi", clock)
    yield connector
    connector.close()


@pytest.fixture(scope="session")
def one_redis(tmp_path_factory):
    """The Redis of all tests that leave it running."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.close()


@pytest.fixture
def redis_url(one_redis):
    """A Redis with nothing in it."""
    one_redis.client.flushall()
    return one_redis.url


@pytest.fixture
def redis_server(tmp_path_factory):
    """A Redis of the test's own, to be stopped and started."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.close()


@pytest.fixture
def proxy(demo):
    """A proxy before the sandbox Nuxeo that fails on demand."""
    proxy = FaultProxy(demo.nuxeo_url)
    yield proxy
    proxy.close()


@pytest.fixture
def behind_proxy(demo, tmp_path, clock, proxy):
    """A connector that reaches Nuxeo through ``proxy``."""
    overrides = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "3"}
    connector = InProcess(demo, tmp_path / "wopi", clock, **overrides)
    yield connector
    connector.close()
