"""The command line, as an administrator meets it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.support import DEMO_FOLDER, HOST, Process, free_ports


def run(*arguments, env=None):
    return subprocess.run(
        [sys.executable, "-m", "connector", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **(env or {})},
    )


def test_a_token_works_at_once(demo):
    result = run("token", "--conf", demo.conf, "--user", "bob", "--doc", f"{DEMO_FOLDER}/Budget")
    assert result.returncode == 0, result.stderr
    session = json.loads(result.stdout)
    assert session["access_token_ttl"] > time.time() * 1000
    info = requests.get(
        session["wopisrc"], params={"access_token": session["access_token"]}, timeout=30
    ).json()
    assert info["BaseFileName"].endswith(".xlsx")
    assert session["host_url"] == info["HostEditUrl"]


def test_a_token_can_be_for_viewing_an_attachment_by_uid(demo):
    uid = demo.nuxeo().uid(f"{DEMO_FOLDER}/Bundle")
    result = run(
        *("token", "--conf", demo.conf, "--user", "carol", "--doc", uid),
        *("--xpath", "files:files/0/file", "--action", "view"),
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["host_url"].endswith(
        f"/wopi/view/default/{uid}/files:files/0/file"
    )


def test_a_token_that_cannot_be_made_is_one_clear_line(demo):
    common = ("token", "--conf", demo.conf)
    cases = {
        ("--user", "alice", "--doc", "/nowhere"): "no document /nowhere",
        ("--user", "dave", "--doc", f"{DEMO_FOLDER}/Letter"): "dave may not read",
        ("--user", "nobody", "--doc", f"{DEMO_FOLDER}/Letter"): "does not accept a token",
        ("--user", "alice", "--doc", f"{DEMO_FOLDER}/Letter", "--xpath", "dc:title"): "no file at",
        ("--user", "alice", "--doc", f"{DEMO_FOLDER}/Letter", "--xpath", "../x"): "not the xpath",
    }
    for arguments, text in cases.items():
        result = run(*common, *arguments)
        assert result.returncode == 1
        assert text in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
        assert result.stdout == ""


def test_mistakes_in_the_configuration_are_told_all_at_once(tmp_path):
    conf = tmp_path / "nuxeo.conf"
    conf.write_text(
        "nuxeo.url=ftp://x\nnuxeo.wopi.discoveryUrl=http://x/\nnuxeo.wopi.threads=many\n"
    )
    for command in (("serve",), ("token", "--user", "a", "--doc", "/a")):
        result = run(command[0], "--conf", conf, *command[1:])
        assert result.returncode == 2
        lines = result.stderr.strip().splitlines()
        assert "Traceback" not in result.stderr
        for text in ("nuxeo.url", "nuxeo.jwt.secret", "discoveryUrl", "nuxeo.wopi.threads"):
            assert any(text in line for line in lines)


def test_the_command_line_goes_before_environment_and_file(demo):
    arguments = ("token", "--conf", demo.conf, "--user", "alice", "--doc", f"{DEMO_FOLDER}/Letter")
    environment = {"NUXEO_WOPI_BASEURL": "http://from.environment/"}
    from_environment = run(*arguments, env=environment)
    assert json.loads(from_environment.stdout)["wopisrc"].startswith(
        "http://from.environment/site/"
    )
    both = run(*arguments, "--set", "nuxeo.wopi.baseURL=http://from.line/", env=environment)
    assert json.loads(both.stdout)["wopisrc"].startswith("http://from.line/site/")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_ctrl_c_ends_everything_and_a_restart_finds_the_documents(tmp_path):
    port = free_ports()
    arguments = ("demo", "--port", port, "--data", tmp_path / "data", "--no-browser")
    url = f"http://{HOST}:{port}/nuxeo/api/v1/path{DEMO_FOLDER}/Letter"
    uids = []
    for stop_with in (signal.SIGINT, signal.SIGTERM):
        demo = Process(*arguments)
        demo.wait_for("ready")
        uids.append(requests.get(url, auth=("alice", "alice"), timeout=30).json()["uid"])
        everybody = children(demo.process.pid)
        assert len(everybody) == 3
        demo.process.send_signal(stop_with)
        assert demo.process.wait(30) == 0
        for pid in everybody:
            assert not Path(f"/proc/{pid}").exists()
        for number in range(port, port + 3):
            with socket.socket() as probe:
                assert probe.connect_ex((HOST, number)) != 0
    assert uids[0] == uids[1]
    assert (tmp_path / "data" / "nuxeo.conf").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_said_so():
    port = free_ports()
    with socket.socket() as taken:
        taken.bind((HOST, port + 1))
        taken.listen()
        result = run("demo", "--port", port, "--no-browser")
    assert result.returncode == 1
    assert f"port {port + 1} is taken" in result.stderr


def test_the_log_tells_of_every_call_and_of_no_token(demo, tmp_path):
    port = free_ports(1)
    url = f"http://{HOST}:{port}/nuxeo/"
    process = Process(
        *("serve", "--conf", demo.conf, "--set", "nuxeo.wopi.logLevel=DEBUG"),
        *("--set", f"nuxeo.wopi.listen={HOST}:{port}", "--set", f"nuxeo.wopi.baseURL={url}"),
        *("--set", f"nuxeo.wopi.dataDir={tmp_path}"),
    )
    try:
        client = demo.open("alice", f"{DEMO_FOLDER}/Letter")
        client.source = client.source.replace(demo.connector_url, url)
        for _ in range(300):
            try:
                requests.get(f"{url}wopi/health", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        client.info()
        client.get()
        client.lock("L")
        client.unlock("L")
        client.request("GET", token="INVALID-secret")
    finally:
        process.stop()
    log = "\n".join(process.output)
    for operation in (
        "CheckFileInfo 200",
        "GetFile 200",
        "Lock 200",
        "Unlock 200",
        "CheckFileInfo 401",
    ):
        assert operation in log
    assert client.token not in log
    assert "INVALID-secret" not in log
    assert demo.settings().jwt_secret not in log
