"""A proxy before Nuxeo that fails on demand, so that tests can see what becomes of a save."""

import http.client
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass(frozen=True)
class Late:
    """Nuxeo gets the call only after so many seconds, when the caller has given up."""

    seconds: float


class Held:
    """Nuxeo gets the call only when it is let go, such as when the caller has given up."""

    def __init__(self):
        self._gone = threading.Event()

    def __call__(self):
        self._gone.wait(60)

    def let_go(self):
        """Pass it on now."""
        self._gone.set()


@dataclass(frozen=True)
class After:
    """Something happens after Nuxeo did it; the answer is then lost."""

    happens: Any


class FaultProxy:
    """Passes everything on to ``target`` but for what a test plans.

    Faults: a status to answer with in Nuxeo's place, ``"drop"`` (never reaches Nuxeo), ``"lose"``
    (Nuxeo does it, the answer is lost), ``"cut answer"`` (Nuxeo does it, the answer breaks off in
    the middle), ``"cut request"`` (the body breaks off on its way to Nuxeo), ``"shorten"`` (half of
    it passes for the whole), ``"falsify"`` (other bytes of that number pass for it), :class:`Late`,
    :class:`After`, and anything callable, which is called before the request is passed on. What it
    returns, if that is a text, is the fault that follows.
    """

    def __init__(self, target):
        parts = urlsplit(target)
        self.seen = []
        self._plans = []
        self._script = None
        self._mutex = threading.Lock()
        self._busy = 0
        self._idle = threading.Condition(self._mutex)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Or each answer, whose head and body are sent apart, takes 40 ms more.
            disable_nagle_algorithm = True

            def _any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with proxy.under_way():
                    self._handle(body)

            def _handle(self, body):
                fault = proxy.fault(self.command, self.path)
                if callable(fault):
                    told = fault()
                    fault = told if isinstance(told, str) else None
                if isinstance(fault, int):
                    self._answer(fault, {}, b"")
                    return
                if fault == "drop" or (fault == "cut request" and not body):
                    self.close_connection = True
                    return
                if fault == "cut request":
                    self._send_half(body)
                    self.close_connection = True
                    return
                if fault == "shorten":
                    body = body[: len(body) // 2]
                if fault == "falsify":
                    body = bytes(byte ^ 1 for byte in body)
                if isinstance(fault, Late):
                    time.sleep(fault.seconds)
                status, headers, content = self._pass_on(body)
                if isinstance(fault, After):
                    fault.happens()
                if fault == "lose" or isinstance(fault, Late | After):
                    self.close_connection = True
                    return
                self._answer(status, headers, content, is_cut=fault == "cut answer")

            def _connect(self):
                return http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)

            def _headers(self):
                return {k: v for k, v in self.headers.items() if k.lower() not in _HOP}

            def _pass_on(self, body):
                connection = self._connect()
                connection.request(self.command, self.path, body or None, self._headers())
                response = connection.getresponse()
                content = response.read()
                connection.close()
                return response.status, dict(response.getheaders()), content

            def _send_half(self, body):
                connection = self._connect()
                connection.putrequest(self.command, self.path)
                for name, value in self._headers().items():
                    connection.putheader(name, value)
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body[: len(body) // 2])
                connection.close()

            def _answer(self, status, headers, content, is_cut=False):
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in (*_HOP, "date", "server"):
                        self.send_header(name, value)
                if is_cut and not content:
                    # Without a body, the headers are all that can break off.
                    self.flush_headers()
                    self.close_connection = True
                    return
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if is_cut else content)
                self.close_connection = self.close_connection or is_cut

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _any

            def log_message(self, *_arguments):
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                """Whoever asked may have given up, or have been killed: that is what it is for."""
                if not isinstance(sys.exception(), ConnectionError):
                    super().handle_error(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}{parts.path}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def plan(self, method, part, *faults):
        """Meet the next requests with ``method`` and ``part`` in their path with ``faults``.

        ``None`` as a fault passes one on.
        """
        with self._mutex:
            self._plans.append((method, part, list(faults)))

    def follow(self, script):
        """Have ``script(method, path)`` name the fault of each request that no plan is for."""
        with self._mutex:
            self._script = script

    def fault(self, method, path):
        with self._mutex:
            self.seen.append((method, path))
            for planned_method, part, faults in self._plans:
                if faults and planned_method == method and part in path:
                    return faults.pop(0)
            return self._script(method, path) if self._script else None

    @contextmanager
    def under_way(self):
        """While a request is."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def wait_until_idle(self, timeout=30):
        """Until nothing is under way any more, that whose caller has given up included."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._busy == 0, timeout)

    def forget(self):
        """Go on without faults."""
        with self._mutex:
            self._plans.clear()
            self._script = None

    def done(self):
        """Whether everything planned has happened."""
        return not any(faults for _, _, faults in self._plans)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
