"""The commands of ``docs/install.md``, run in order as a new administrator would.

In a folder in place of the machine's own, and with the sandbox in place of Nuxeo and Collabora: the
guide's names of files, hosts and ports are replaced, and nothing else.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from tests import install_guide
from tests.certificates import make_certificate
from tests.nginx_server import NginxServer, nginx_binary
from tests.support import HOST, Wopi, docx_bytes, free_ports, paragraphs

ROOT = install_guide.ROOT
LEFT_OUT = {".git", ".venv", "node_modules", "__pycache__", "test-artifacts", "build"}
SERVICE = "services are the machine's; the test runs what ExecStart= says"
NGINX = "services are the machine's; the test runs an nginx of its own with these files"

# First lines of the blocks that are not run here, and why.
NOT_RUN = [
    ("# useradd --system", "it makes a user of the machine"),
    ("# chgrp -R nuxeo-wopi", "the group is one of the machine"),
    (
        "nuxeo.url=https://docs.example.org/nuxeo",
        "there is no Nuxeo server here but the sandbox, which has a secret",
    ),
    ("# systemctl daemon-reload", SERVICE),
    ("# nginx -t", NGINX),
    ("nuxeo.wopi.hostURL=", "there is no Nuxeo server here but the sandbox"),
    ("# systemctl daemon-reload", SERVICE),
    ("# nginx -t", NGINX),
    ("# nuxeoctl stop", "nuxeoctl is the Nuxeo server's"),
    ("<alias_groups", "it is Collabora's"),
    ('{"wopi"', "it is ONLYOFFICE's"),
    ("New-OfficeWebAppsFarm", "it is Office Online Server's"),
]


class Machine:
    """A folder that stands for an administrator's machine, and a shell in it."""

    def __init__(self, folder, demo):
        self.folder = folder
        self.certificate = make_certificate(folder)
        self.document = demo.nuxeo("bob").create(docx_bytes("As it was"), "Letter.docx")
        self.public = free_ports(2)
        self.port = self.public + 1
        self._directory = folder
        public = f"https://{HOST}:{self.public}"
        secret = re.search(r"^nuxeo\.jwt\.secret=(.*)$", demo.conf.read_text(), re.MULTILINE)[1]
        self._names = {
            "https://docs.example.org": public,
            "https://office.example.org": public,
            "https://collabora.example.org/": demo.office_url,
            f"{HOST}:8081": f"{HOST}:{self.port}",
            f"{HOST}:8080": f"{HOST}:{demo.port}",
            "THE-SECRET": secret,
            "/default-domain/workspaces/Demo/Letter": self.document,
            "python3 ": f"{sys.executable} ",
        }
        for path in ("opt/nuxeo-wopi", "etc/nuxeo-wopi", "var/lib/nuxeo-wopi"):
            self._names[f"/{path}"] = str(folder / path)
        for path in ("etc/nginx", "etc/systemd/system"):
            self._names[f"/{path}"] = str(folder / path)
            (folder / path).mkdir(parents=True)
        (folder / "etc/nginx/conf.d").mkdir()

    def here(self, text):
        """The guide's text, with this machine's names."""
        names = "|".join(map(re.escape, self._names))
        return re.sub(names, lambda found: self._names[found[0]], text)

    def environment(self):
        own = {name: value for name, value in os.environ.items() if not name.startswith("NUXEO_")}
        direct = dict.fromkeys(("NO_PROXY", "no_proxy"), HOST)
        return own | direct | {"CURL_CA_BUNDLE": str(self.certificate[0])}

    def do(self, blocks):
        """Carry out the guide's blocks; returns what each command printed."""
        printed = {}
        for block in blocks:
            if block.said("not run"):
                continue
            if block.said("file"):
                self._write(block)
                continue
            assert block.kind == "console", block
            for command in block.commands():
                printed[command.line] = self._run(command)
        return printed

    def _write(self, block):
        (self.folder / block.said("file")[1:]).write_text(self.here(block.text))

    def _run(self, command):
        line = self.here(command.line)
        if line.startswith("cd "):
            self._directory = line[3:]
            return ""
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self._directory,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        expected = self.here(command.output)
        assert not expected or install_guide.matches(expected, done.stdout), (
            f"{line}\nprinted\n{done.stdout}\nand not\n{expected}"
        )
        return done.stdout

    def start(self):
        """Start the service, as systemd would."""
        unit = (self.folder / "etc/systemd/system/nuxeo-wopi.service").read_text()
        command = self.here(re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1])
        log = self.folder / "journal"
        with log.open("w") as journal:
            service = subprocess.Popen(
                command.split(), stdout=journal, stderr=journal, env=self.environment()
            )
        deadline = time.monotonic() + 30
        while "Listening at" not in log.read_text():
            assert service.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return service


@pytest.fixture(scope="module")
def machine(demo, tmp_path_factory):
    nginx_binary()
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    machine = Machine(tmp_path_factory.mktemp("machine"), demo)
    # "Unpack the sources".
    shutil.copytree(
        ROOT,
        machine.folder / "opt/nuxeo-wopi/src",
        ignore=lambda _folder, names: LEFT_OUT.intersection(names),
    )
    machine.do(install_guide.before())
    return machine


def test_what_is_not_run_is_known():
    found = [
        (block.text.splitlines()[0], block.said("not run"))
        for block in install_guide.all_blocks()
        if block.said("not run")
    ]
    assert len(found) == len(NOT_RUN)
    for (line, reason), (begins, why) in zip(found, NOT_RUN, strict=True):
        assert (line[: len(begins)], reason) == (begins, why)


@pytest.mark.parametrize("way", [1, 2])
def test_a_way_from_its_first_command_to_the_first_saved_document(machine, demo, tmp_path, way):
    steps = install_guide.way(way)
    begun = next(number for number, block in enumerate(steps) if "daemon-reload" in block.text)
    reloaded = next(number for number, block in enumerate(steps) if "nginx -t" in block.text)
    machine.do(steps[:begun])
    service = machine.start()
    try:
        printed = machine.do(steps[begun:reloaded])
        nginx = NginxServer(
            tmp_path,
            machine.folder / f"etc/nginx/conf.d/nuxeo-wopi{'' if way == 1 else '-own'}.conf",
            machine.folder / "etc/nginx/nuxeo-wopi.inc",
            port=machine.public,
            certificate=machine.certificate,
            connector=f"{HOST}:{machine.port}",
            nuxeo=f"{HOST}:{demo.port}" if way == 1 else None,
        )
        with nginx:
            machine.do(steps[reloaded:])
            (token,) = [text for line, text in printed.items() if " token " in line]
            _edit(json.loads(token), demo, machine, f"Saved in way {way}")
    finally:
        service.terminate()
        assert service.wait(100) == 0
    machine.do(install_guide.afterwards())


def _edit(session, demo, machine, text):
    """What an office client does, through nginx."""
    client = Wopi(session["wopisrc"], session["access_token"], demo.keys)
    client.http.verify = str(machine.certificate[0])
    assert client.info()["UserCanWrite"] is True
    assert client.lock("first").status_code == 200
    assert client.put(docx_bytes(text), "first").status_code == 200
    assert client.unlock("first").status_code == 200
    nuxeo = demo.nuxeo()
    assert paragraphs(nuxeo.content(machine.document)) == [text]
    assert nuxeo.document(machine.document)["properties"]["dc:lastContributor"] == "alice"


def test_systemd_takes_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (ROOT / "config/nuxeo-wopi.service.sample").read_text(encoding="utf-8")
    # It looks whether the command is there.
    text = text.replace("/opt/nuxeo-wopi/bin/nuxeo-wopi", sys.executable)
    unit = tmp_path / "nuxeo-wopi.service"
    unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
