"""A connector on a host name of its own, ``localhost``, where Nuxeo's cookies do not come."""

import subprocess
import sys
import threading
import uuid

from werkzeug.serving import WSGIRequestHandler, make_server

from connector.app import build
from tests.support import HOST, MovableClock, free_ports

_REGISTER = (sys.executable, "-m", "connector", "oauth2", "register")


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments):
        """Not into the tests' log: codes stand in the URLs."""


class OwnDomain:
    """A connector with sign-in by OAuth2, registered by the real command; a context manager.

    Args:
        demo: whose Nuxeo and office it has.
        data: its own ``nuxeo.wopi.dataDir``.
        settings: that differ.
    """

    def __init__(self, demo, data, **settings):
        port = free_ports(1)
        self.demo = demo
        self.clock = MovableClock()
        self.client_id = f"connector-{uuid.uuid4().hex[:8]}"
        self.url = f"http://localhost:{port}/"
        self._overrides = {
            "nuxeo.wopi.signIn": "oauth2",
            "nuxeo.wopi.oauth2.clientId": self.client_id,
            "nuxeo.wopi.hostURL": self.url,
            # The office reaches it by number, as servers do behind a proxy.
            "nuxeo.wopi.baseURL": f"http://{HOST}:{port}/",
            "nuxeo.wopi.dataDir": str(data),
        } | settings
        self.connector = build(demo.settings(**self._overrides), self.clock)
        self._server = make_server(
            HOST, port, self.connector.app, threaded=True, request_handler=_Quiet
        )

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        options = [f"--set={key}={value}" for key, value in self._overrides.items()]
        subprocess.run(
            [*_REGISTER, f"--conf={self.demo.conf}", *options],
            check=True,
            timeout=60,
        )
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()
        self.connector.close()
        nuxeo = self.demo.nuxeo()
        nuxeo.call("DELETE", f"api/v1/oauth2/client/{self.client_id}")

    @property
    def entry(self):
        """The path of its entry in Nuxeo."""
        return f"api/v1/oauth2/client/{self.client_id}"

    def change(self, **values):
        """Change its entry."""
        nuxeo = self.demo.nuxeo()
        nuxeo.call("PUT", self.entry, json=nuxeo.call("GET", self.entry).json() | values)

    def page(self, uid, action="edit"):
        """A host page's address."""
        return f"{self.url}wopi/{action}/default/{uid}/file:content"
