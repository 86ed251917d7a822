"""What the tests of the whole have in common: a running demo, and ways to talk to its parts."""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import docx
import requests

from connector import config
from connector.sandbox.demo_office.keys import load_or_make
from connector.sandbox.demo_office.proof import signed_bytes, ticks
from connector.support import open_session

HOST = "127.0.0.1"
DEMO_FOLDER = "/default-domain/workspaces/Demo"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def free_ports(count=3):
    """The first of ``count`` neighbouring ports that nobody uses.

    None of those that the system gives to outgoing connections, as another one may be at any time.
    """
    for _ in range(200):
        port = random.SystemRandom().randrange(10000, 32000)
        try:
            with contextlib.ExitStack() as stack:
                for number in range(port, port + count):
                    stack.enter_context(socket.socket()).bind((HOST, number))
        except OSError:
            continue
        return port
    raise RuntimeError("no free ports")


class MovableClock:
    """The clock of the machine, and what a test moves it by."""

    offset = 0.0

    def __call__(self):
        return time.time() + self.offset


class Process:
    """``nuxeo-wopi`` as a process of its own, with its output at hand.

    It leads a group of processes, so that it can be killed with all its workers.
    """

    def __init__(self, *arguments, env=None):
        self.output = []
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "connector", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, text, timeout=90):
        """Until a line holds ``text``."""
        deadline = time.monotonic() + timeout
        while True:
            line = self._lines.get(timeout=max(0.1, deadline - time.monotonic()))
            if line is None:
                raise AssertionError("ended too early:\n" + "\n".join(self.output))
            if text in line:
                return line

    def stop(self, timeout=30):
        """End it as Ctrl-C's bigger sister would; returns its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait(timeout)

    def kill(self):
        """End it and its workers as a power cut would."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self, timeout=30):
        """Until it has ended, and all that it had to say is here; returns its exit status."""
        status = self.process.wait(timeout)
        # Its last words may still be on their way here.
        self._reader.join(timeout)
        return status

    def signal(self, number):
        """Send it and its workers a signal."""
        os.killpg(self.process.pid, number)


@dataclass
class Demo:
    """A running demo."""

    port: int
    data: Path

    @property
    def nuxeo_url(self):
        return f"http://{HOST}:{self.port}/nuxeo/"

    @property
    def connector_url(self):
        return f"http://{HOST}:{self.port + 1}/nuxeo/"

    @property
    def office_url(self):
        return f"http://{HOST}:{self.port + 2}/"

    @property
    def conf(self):
        return self.data / "nuxeo.conf"

    def settings(self, **overrides):
        return config.load(self.conf, overrides=overrides, environ={})

    def nuxeo(self, user="Administrator"):
        return Nuxeo(self.nuxeo_url, user)

    def open(self, user, document, xpath="file:content", action="edit"):
        """A WOPI client with a session on a file, as an office would have it."""
        session = open_session(
            self.settings(),
            user=user,
            document=document,
            xpath=xpath,
            action=action,
            repository="default",
        )
        return Wopi(session["wopisrc"], session["access_token"], self.keys)

    @cached_property
    def keys(self):
        """The demo office's keys, current and former: calls must be signed with them."""
        folder = self.data / "office"
        return load_or_make(folder, "current"), load_or_make(folder, "old")


class Served:
    """A connector beside the demo's, under gunicorn as in production; a context manager.

    Args:
        demo: whose Nuxeo and office it has.
        data: its own ``nuxeo.wopi.dataDir``.
        overrides: settings that differ from the demo's.
    """

    def __init__(self, demo, data, **overrides):
        self._demo = demo
        port = free_ports(1)
        self.url = f"http://{HOST}:{port}/nuxeo/"
        own = {
            "nuxeo.wopi.listen": f"{HOST}:{port}",
            "nuxeo.wopi.baseURL": self.url,
            "nuxeo.wopi.hostURL": self.url,
            "nuxeo.wopi.dataDir": data,
            "nuxeo.wopi.logLevel": "info",
        }
        self._settings = [f"--set={key}={value}" for key, value in (own | overrides).items()]
        self._process = self._start()

    def _start(self):
        return Process("serve", "--conf", self._demo.conf, *self._settings)

    def __enter__(self):
        self._process.wait_for("Listening at")
        return self

    def __exit__(self, *_error):
        self._process.stop()

    def kill(self):
        """End it as a power cut would; what it had written is left."""
        self._process.kill()

    def terminate(self):
        """Ask it to come to its end, as a service manager does."""
        self._process.process.terminate()

    def wait_for(self, text):
        """Until it has written a line with ``text``."""
        return self._process.wait_for(text)

    def freeze(self):
        """Have it stand still, as a virtual machine can."""
        self._process.signal(signal.SIGSTOP)

    def thaw(self):
        """Have it go on."""
        self._process.signal(signal.SIGCONT)

    def start_again(self):
        """Start it anew after it was killed, with the same settings and the same data."""
        self._process = self._start()
        self._process.wait_for("Listening at")

    @property
    def output(self):
        """What it has written since it was started last."""
        return self._process.output

    def client(self, user, uid, xpath="file:content"):
        """A WOPI client with a session on a file, made without another process."""
        client = self._demo.open(user, uid, xpath)
        return client.at(client.source.replace(self._demo.connector_url, self.url))

    def token(self, user, uid):
        """What ``nuxeo-wopi token`` prints for a file."""
        command = [sys.executable, "-m", "connector", "token", "--conf", str(self._demo.conf)]
        printed = subprocess.run(
            [*command, *self._settings, "--user", user, "--doc", uid],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return json.loads(printed.stdout)

    def open(self, user, uid):
        """A WOPI client with a session on a file."""
        session = self.token(user, uid)
        return Wopi(session["wopisrc"], session["access_token"], self._demo.keys)


class Nuxeo:
    """Nuxeo's REST API as one user, with a password, past the connector."""

    def __init__(self, url, user):
        self.url = url
        self.user = user
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.auth = (user, user)

    def call(self, method, path, expected=None, **kwargs):
        response = self.http.request(method, self.url + path, timeout=30, **kwargs)
        if expected is None:
            assert response.ok, f"{method} {path}: {response.status_code} {response.text[:300]}"
        else:
            assert response.status_code == expected, response.text[:300]
        return response

    def document(self, uid):
        return self.call(
            "GET",
            f"api/v1/id/{uid}",
            headers={"X-NXproperties": "*", "fetch-document": "lock,versionLabel"},
        ).json()

    def uid(self, path):
        return self.call("GET", f"api/v1/path{path}").json()["uid"]

    def content(self, uid, xpath="file:content"):
        return self.call("GET", f"api/v1/id/{uid}/@blob/{xpath}").content

    def operation(self, operation_id, uid, expected=None, **params):
        return self.call(
            "POST",
            f"site/automation/{operation_id}",
            expected,
            json={"params": params, "input": f"doc:{uid}"},
        )

    def upload(self, content, name, mime_type):
        batch = self.call("POST", "api/v1/upload").json()["batchId"]
        self.call(
            "POST",
            f"api/v1/upload/{batch}/0",
            data=content,
            headers={"X-File-Name": name, "X-File-Type": mime_type},
        )
        return {"upload-batch": batch, "upload-fileId": "0"}

    def create(self, content=b"content", name="Report.docx", attachments=(), folder=DEMO_FOLDER):
        """A File document of its own for a test; returns its uid."""
        properties = {"dc:title": "Report", "file:content": self.upload(content, name, DOCX)}
        if attachments:
            properties["files:files"] = [
                {"file": self.upload(data, file_name, DOCX)} for file_name, data in attachments
            ]
        return self.call(
            "POST",
            f"api/v1/path{folder}",
            json={
                "entity-type": "document",
                "type": "File",
                "name": f"t-{uuid.uuid4().hex[:16]}",
                "properties": properties,
            },
        ).json()["uid"]

    def replace(self, uid, content, name="Report.docx"):
        """Other content by another channel, without a change token."""
        self.call(
            "PUT",
            f"api/v1/id/{uid}",
            json={
                "entity-type": "document",
                "properties": {"file:content": self.upload(content, name, DOCX)},
            },
        )

    def children(self):
        return self.call("GET", f"api/v1/path{DEMO_FOLDER}/@children?pageSize=200").json()[
            "entries"
        ]


class Signed(requests.auth.AuthBase):
    """Adds the proofs of an office client, as the last thing before a request is sent."""

    def __init__(self, keys, token, clock=time.time):
        self._keys = keys
        self._token = token
        self._clock = clock

    def headers(self, url):
        stamp = ticks(self._clock())
        data = signed_bytes(self._token, url, stamp)
        current, former = self._keys
        return {
            "X-WOPI-TimeStamp": str(stamp),
            "X-WOPI-Proof": current.sign(data),
            "X-WOPI-ProofOld": former.sign(data),
        }

    def __call__(self, request):
        request.headers.update(self.headers(request.url))
        return request


class Wopi:
    """A WOPI client: one file, one access token, and calls signed with ``keys``."""

    def __init__(self, source, token, keys, clock=time.time):
        self.source = source
        self.token = token
        self.keys = keys
        self.clock = clock
        self.http = requests.Session()
        self.http.trust_env = False

    def with_token(self, token):
        """The same file with another access token."""
        return Wopi(self.source, token, self.keys, self.clock)

    def at(self, source, clock=time.time):
        """Another file with the same access token."""
        return Wopi(source, self.token, self.keys, clock)

    def raw_head(self, method, suffix, **headers):
        """The first lines of a request for a socket, signed; without the blank line."""
        url = f"{self.source}{suffix}?access_token={self.token}"
        parts = urlsplit(url)
        lines = {"Host": parts.netloc, **Signed(self.keys, self.token, self.clock).headers(url)}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"{method} {parts.path}?{parts.query} HTTP/1.1\r\n"
        return head + "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    def request(self, method, suffix="", token=None, data=None, **headers):
        token = self.token if token is None else token
        response = self.http.request(
            method,
            self.source + suffix,
            params={"access_token": token},
            headers={
                f"X-WOPI-{name.replace('_', '-')}": value
                for name, value in headers.items()
                if value is not None
            },
            data=data,
            auth=Signed(self.keys, token, self.clock) if self.keys else None,
            timeout=60,
            allow_redirects=False,
        )
        # Neither a status nor a header may tell what the office client should not know.
        assert "Traceback" not in response.text
        return response

    def info(self):
        response = self.request("GET")
        assert response.status_code == 200, response.headers
        return response.json()

    def get(self, **headers):
        return self.request("GET", "/contents", **headers)

    def put(self, data, lock=None, **headers):
        return self.request("POST", "/contents", data=data, Override="PUT", Lock=lock, **headers)

    def lock(self, lock):
        return self.request("POST", Override="LOCK", Lock=lock)

    def relock(self, lock, old):
        return self.request("POST", Override="LOCK", Lock=lock, OldLock=old)

    def get_lock(self):
        return self.request("POST", Override="GET_LOCK")

    def refresh(self, lock):
        return self.request("POST", Override="REFRESH_LOCK", Lock=lock)

    def unlock(self, lock):
        return self.request("POST", Override="UNLOCK", Lock=lock)


def docx_bytes(*paragraphs):
    """A small .docx."""
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def paragraphs(content):
    """The text of a .docx."""
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]
