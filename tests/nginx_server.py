"""A real nginx for tests, on this machine and without rights, with a configuration of ``config/``.

Only names of files, ports and certificates are other ones than in the file that administrators
copy.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from tests.support import HOST

_WHOLE = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
{user}
events {{}}
http {{
    access_log {folder}/log/access.log;
    client_body_temp_path {folder}/temp/body;
    proxy_temp_path {folder}/temp/proxy;
    fastcgi_temp_path {folder}/temp/fastcgi;
    uwsgi_temp_path {folder}/temp/uwsgi;
    scgi_temp_path {folder}/temp/scgi;
    include {site};
}}
"""


class NginxServer:
    """nginx with one site; a context manager.

    Args:
        folder: its own.
        site: the file with the site, as in ``/etc/nginx/conf.d``.
        shared: the file that it includes, as in ``/etc/nginx``.
        port: where it listens, for https.
        certificate: files with the certificate and its key.
        connector: host and port of the connector.
        nuxeo: host and port of Nuxeo, where the site has it.
    """

    def __init__(self, folder, site, shared, *, port, certificate, connector, nuxeo=None):
        self._binary = nginx_binary()
        self._folder = folder
        self._port = port
        for name in ("log", "temp"):
            (folder / name).mkdir()
        replaced = [
            (r"listen 443 ssl;", f"listen {HOST}:{port} ssl;"),
            (r"/etc/ssl/certs/\S+\.pem", str(certificate[0])),
            (r"/etc/ssl/private/\S+\.key", str(certificate[1])),
            (r"127\.0\.0\.1:8081", connector),
            (r"/var/log/nginx", str(folder / "log")),
            (r"/etc/nginx/nuxeo-wopi\.inc", str(shared)),
        ]
        if nuxeo is not None:
            replaced += [
                (r"127\.0\.0\.1:8080", nuxeo),
                (r"https://docs\.example\.org/", f"https://{HOST}:{port}/"),
            ]
        text = site.read_text(encoding="utf-8")
        # What the comments say is not for nginx.
        text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
        for pattern, other in replaced:
            text, count = re.subn(pattern, other, text)
            assert count, f"{site.name} has no {pattern}"
        (folder / "site.conf").write_text(text, encoding="utf-8")
        # Workers of root's nginx would be somebody who may not see the test's files.
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        whole = _WHOLE.format(folder=folder, site=folder / "site.conf", user=user)
        (folder / "nginx.conf").write_text(whole, encoding="utf-8")

    def __enter__(self):
        log = self._folder / "log" / "error.log"
        command = [self._binary, "-p", self._folder, "-e", log, "-c", self._folder / "nginx.conf"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((HOST, self._port), timeout=1).close()
                return self
            except OSError:
                ended = self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.__exit__()
                    raise AssertionError(self._process.stdout.read() + self.logs()) from None
                time.sleep(0.02)

    def __exit__(self, *_error):
        if self._process.poll() is None:
            # Not SIGTERM: it ends what it has begun, and that is to write of it, too.
            self._process.send_signal(signal.SIGQUIT)
        self._process.wait(20)

    def logs(self):
        """All that it has written; of what it answered a moment ago, only once it has ended."""
        paths = sorted((self._folder / "log").iterdir())
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


def nginx_binary():
    """Where nginx is; Debian keeps it where only root looks."""
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
    binary = shutil.which("nginx", path=path)
    if binary is None:
        pytest.skip("nginx is not installed")
    return binary
