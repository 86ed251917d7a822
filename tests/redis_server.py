"""A real Redis for tests, on a free port of this machine, that can be stopped and started again."""

import shutil
import signal
import subprocess
import time

import pytest
import redis

from tests.support import HOST, free_ports

PASSWORD = "only-for-tests-0815"


class RedisServer:
    """``redis-server`` with its data in ``folder``; it remembers what it was told before it died.

    It wants a password, so that everything that is tested is tested with one.

    Args:
        folder: its own.
        options: more of its command line.
    """

    def __init__(self, folder, *options):
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.skip("redis-server is not installed")
        self.port = free_ports(1)
        self.url = f"redis://:{PASSWORD}@{HOST}:{self.port}/0"
        self._command = [
            *(binary, "--bind", HOST, "--port", str(self.port), "--dir", str(folder)),
            *("--requirepass", PASSWORD, "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "always", "--logfile", "redis.log"),
            *options,
        ]
        self._log = folder / "redis.log"
        self.client = redis.Redis.from_url(self.url, decode_responses=True)
        self.start()

    def start(self):
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                ended = self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    raise AssertionError(self._log.read_text()) from None
                time.sleep(0.01)

    def kill(self):
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(30)

    def freeze(self):
        """Have it accept connections and say nothing, as behind a network that swallows all."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Go on."""
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        self.client.close()
        self.thaw()
        self.kill()
