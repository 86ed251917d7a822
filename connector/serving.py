"""Running a WSGI application under gunicorn, the way every part of this project is served."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from connector.logs import RedactingFormatter

_KEEP_ALIVE = 30
_LET_FINISH = 90
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class CannotListen(Exception):
    """Why nobody can be served at an address, in a sentence."""


class _RedactingLogger(Logger):
    """gunicorn writes whole URLs when a request fails, and office clients have tokens in theirs."""

    def setup(self, cfg: Config) -> None:
        """Give gunicorn's handlers a formatter that leaves secrets out."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(RedactingFormatter(self.error_fmt, self.datefmt))


class _Worker(ThreadWorker):
    def init_signals(self) -> None:
        """Listen to the signals that wait since the worker began."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)


class _Master(Arbiter):
    def spawn_worker(self) -> Any:
        """Begin a worker, and have a signal to stop wait until it can be obeyed.

        In its first moments a worker has its master's handlers, which only note a signal for the
        master: it would go on, and keep the address, until the master loses its patience.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)


class _Server(BaseApplication):
    def __init__(self, load: Callable[[], Any], options: dict[str, Any]) -> None:
        self._load = load
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._load()

    def run(self) -> None:
        _Master(self).run()


def check_address(host: str, port: int) -> None:
    """See whether an address can be listened at; gunicorn would try for seconds, in many lines.

    Raises:
        CannotListen: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotListen(f"port {port} is taken at {host}") from error
            reason = error.strerror or str(error)
            raise CannotListen(f"cannot listen at {_bound(host, port)}: {reason}") from error


def serve(
    load: Callable[[], Any],
    *,
    host: str,
    port: int,
    workers: int,
    threads: int,
    log_level: str,
    unload: Callable[[], None] | None = None,
) -> None:
    """Serve until told to stop.

    Args:
        load: makes the WSGI application; called in each worker process.
        host: address to listen at.
        port: port to listen at.
        workers: processes.
        threads: threads in each.
        log_level: of gunicorn's own messages.
        unload: called in each worker process when it ends, unless it is killed.

    Raises:
        CannotListen: nothing can be served at this address.
    """
    check_address(host, port)
    _Server(
        load,
        {
            "bind": _bound(host, port),
            "workers": workers,
            "threads": threads,
            "worker_class": _Worker,
            "keepalive": _KEEP_ALIVE,
            # A save that is under way when the service is restarted is to come to its end.
            "graceful_timeout": _LET_FINISH,
            # An access token and a WOPISrc stand in it, so more than gunicorn expects by default.
            "limit_request_line": 8190,
            # A lock id that is too long is refused by us, in the words of WOPI.
            "limit_request_field_size": 65536,
            "accesslog": None,
            "loglevel": log_level.lower(),
            "logger_class": _RedactingLogger,
            # Its default place is one per user, whatever is served.
            "control_socket_disable": True,
            "worker_exit": lambda _server, _worker: unload() if unload else None,
            "proc_name": "nuxeo-wopi",
        },
    ).run()


def _bound(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
