"""A proxy before Nuxeo that fails on demand, so that tests can see what becomes of a save."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class FaultProxy:
    """Passes everything on to ``target`` but for what a test plans.

    Faults: a status to answer with in Nuxeo's place, ``"drop"`` (never reaches Nuxeo) or ``"lose"``
    (Nuxeo does it, the answer is lost), and anything callable, which is called before the request
    is passed on.
    """

    def __init__(self, target):
        parts = urlsplit(target)
        self.seen = []
        self._plans = []
        self._mutex = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = proxy.fault(self.command, self.path)
                if callable(fault):
                    fault()
                    fault = None
                if fault == "drop":
                    self.close_connection = True
                    return
                if isinstance(fault, int):
                    self._answer(fault, {}, b"")
                    return
                connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
                connection.request(self.command, self.path, body or None, headers)
                response = connection.getresponse()
                content = response.read()
                connection.close()
                if fault == "lose":
                    self.close_connection = True
                    return
                self._answer(response.status, dict(response.getheaders()), content)

            def _answer(self, status, headers, content):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in (*_HOP, "date", "server"):
                        self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _any

            def log_message(self, *_arguments):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{parts.path}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def plan(self, method, part, *faults):
        """Meet the next requests with ``method`` and ``part`` in their path with ``faults``.

        ``None`` as a fault passes one on.
        """
        with self._mutex:
            self._plans.append((method, part, list(faults)))

    def fault(self, method, path):
        with self._mutex:
            self.seen.append((method, path))
            for planned_method, part, faults in self._plans:
                if faults and planned_method == method and part in path:
                    return faults.pop(0)
        return None

    def forget(self):
        """Go on without faults."""
        with self._mutex:
            self._plans.clear()

    def done(self):
        """Whether everything planned has happened."""
        return not any(faults for _, _, faults in self._plans)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
