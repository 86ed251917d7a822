"""The command line, as an administrator meets it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from connector.sandbox import data_folder
from connector.sandbox import demo as demo_command
from tests.support import DEMO_FOLDER, HOST, Demo, Process, Wopi, free_ports


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
    info = Wopi(session["wopisrc"], session["access_token"], demo.keys).info()
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


def told_in_one_line(result, text, status=2):
    assert result.returncode == status, result.stderr
    (line,) = result.stderr.strip().splitlines()
    assert text in line
    return line


SERVABLE = {
    "nuxeo.jwt.secret": "s" * 64,
    "nuxeo.wopi.discoveryURL": "http://127.0.0.1:1/discovery",
}


def serve(folder, **overrides):
    settings = SERVABLE | {"nuxeo.wopi.dataDir": folder / "wopi"} | overrides
    return run("serve", *(f"--set={key}={value}" for key, value in settings.items()))


def test_a_secret_that_no_encoding_has_is_named_and_not_shown(tmp_path):
    conf = tmp_path / "nuxeo.conf"
    conf.write_text("nuxeo.wopi.discoveryURL=http://x/\nnuxeo.jwt.secret=abc\\ud800def\n")
    result = run("serve", "--conf", conf, "--set", f"nuxeo.wopi.dataDir={tmp_path}")
    line = told_in_one_line(result, f"{conf}:2: nuxeo.jwt.secret: the value holds half of")
    assert "abc" not in line
    assert "ud800" not in line


def test_a_data_folder_that_no_name_can_have(tmp_path):
    conf = tmp_path / "nuxeo.conf"
    text = "".join(f"{key}={value}\n" for key, value in SERVABLE.items())
    conf.write_text(f"{text}nuxeo.wopi.dataDir=/tmp/a\\u0000b\n")
    told_in_one_line(run("serve", "--conf", conf), f"{conf}:3: nuxeo.wopi.dataDir: ")


def test_locks_that_cannot_be_read_are_found_before_serving(tmp_path):
    (tmp_path / "wopi").mkdir()
    (tmp_path / "wopi" / "locks.sqlite").write_text("no database" * 1000)
    told_in_one_line(serve(tmp_path), "nuxeo.wopi.dataDir: the locks in ")


def test_a_redis_that_is_not_there_is_found_before_serving(tmp_path):
    port = free_ports(1)
    url = f"redis://wopi:hidden@{HOST}:{port}/0"
    line = told_in_one_line(
        serve(tmp_path, **{"nuxeo.wopi.redisURL": url}),
        f"nuxeo.wopi.redisURL: Redis at {HOST}:{port} cannot be used: ",
    )
    assert "hidden" not in line


def test_a_redis_that_wants_another_password_is_found_before_serving(tmp_path, redis_url):
    url = redis_url.replace("redis://:", "redis://:hidden-")
    line = told_in_one_line(serve(tmp_path, **{"nuxeo.wopi.redisURL": url}), "nuxeo.wopi.redisURL:")
    assert "hidden" not in line


def test_an_address_that_cannot_be_listened_at_is_found_before_serving(tmp_path):
    with socket.create_server((HOST, 0)) as taken:
        at = f"{HOST}:{taken.getsockname()[1]}"
        line = told_in_one_line(
            serve(tmp_path, **{"nuxeo.wopi.listen": at}), "nuxeo.wopi.listen: port "
        )
    assert "is taken" in line
    for at in ("no-such-host.invalid:8081", "192.0.2.1:8081", "[2001:db8::1]:8081"):
        result = serve(tmp_path, **{"nuxeo.wopi.listen": at})
        told_in_one_line(result, f"nuxeo.wopi.listen: cannot listen at {at}: ")


SANDBOXES = pytest.mark.parametrize("command", [("demo", "--no-browser"), ("sandbox",)])


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@SANDBOXES
def test_a_foreign_nuxeo_conf_is_never_written_over(tmp_path, command):
    conf = tmp_path / "nuxeo.conf"
    conf.write_text("nuxeo.url=https://docs.example.org/nuxeo\nnuxeo.db.password=hidden\n")
    before = conf.read_bytes()
    result = run(*command, "--port", free_ports(), "--data", tmp_path)
    line = told_in_one_line(result, f"--data: {conf}: was not written by the sandbox")
    assert "hidden" not in line
    assert files_below(tmp_path)[conf] == before


@SANDBOXES
@pytest.mark.parametrize("folder", ["/etc/passwd/x", "/proc/foo", "/dev/null"])
def test_a_folder_that_cannot_be_made(command, folder):
    result = run(*command, "--port", free_ports(), "--data", folder)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert folder in result.stderr.strip().splitlines()[-1]


@SANDBOXES
@pytest.mark.parametrize(
    ("secret", "text"),
    [("a\\u12", ":3: a \\u is not"), ("${other}", ":3: nuxeo.jwt.secret: refers to ${other}")],
)
def test_a_secret_of_the_sandbox_that_cannot_be_read(tmp_path, command, secret, text):
    conf = data_folder.write_conf(tmp_path, {"nuxeo.jwt.secret": secret})
    result = run(*command, "--port", free_ports(), "--data", tmp_path)
    told_in_one_line(result, f"--data: {conf}{text}")


def test_the_conf_of_a_sandbox_gets_private_and_keeps_its_secret(tmp_path):
    conf = data_folder.write_conf(tmp_path, {"nuxeo.jwt.secret": "first"})
    conf.chmod(0o644)
    assert data_folder.jwt_secret(tmp_path) == "first"
    data_folder.write_conf(tmp_path, {"nuxeo.jwt.secret": "second"})
    assert conf.stat().st_mode & 0o777 == 0o600
    assert data_folder.jwt_secret(tmp_path) == "second"


def test_a_folder_has_one_user_at_a_time(tmp_path):
    with data_folder.opened(tmp_path, prefix=""):
        result = run("demo", "--no-browser", "--port", free_ports(), "--data", tmp_path)
        told_in_one_line(result, f"--data: {tmp_path}: another sandbox or demo is using it")
    with data_folder.opened(tmp_path / "nuxeo", prefix=""):
        result = run("sandbox", "--port", free_ports(), "--data", tmp_path)
        told_in_one_line(result, "another sandbox or demo is using it")


def test_the_sandbox_says_that_its_port_is_taken():
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        told_in_one_line(run("sandbox", "--port", port), f"port {port} is taken", status=1)


def test_a_discovery_that_is_no_address_is_told_before_anything_starts():
    result = run("demo", "--no-browser", "--port", free_ports(), "--discovery", "notaurl")
    told_in_one_line(result, "--discovery: 'notaurl' does not start with http:// or https://")
    assert result.stdout == ""


def test_an_office_that_does_not_answer_is_not_called_ready(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(demo_command, "_START_WITHIN", 2.0)
    monkeypatch.setattr(demo_command, "_SAID_AFTER", 0.0)
    monkeypatch.setattr(demo_command, "_SIGNALS", ())
    with pytest.raises(
        demo_command.DemoFailed, match=r"office client at .* does not answer; given up"
    ):
        demo_command.run_demo(
            port=free_ports(), data=tmp_path, discovery="http://127.0.0.1:1/x", browser=False
        )
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["waiting for the office client: http://127.0.0.1:1/x does not answer"]


def test_an_office_that_answers_something_else_is_not_called_ready(monkeypatch, demo, tmp_path):
    monkeypatch.setattr(demo_command, "_START_WITHIN", 0.0)
    monkeypatch.setattr(demo_command, "_SIGNALS", ())
    for path, text in (("ui/", "something else than a WOPI discovery"), ("none", "status 404")):
        with pytest.raises(demo_command.DemoFailed, match=f"answers with {text}; given up"):
            demo_command.run_demo(
                port=free_ports(),
                data=tmp_path,
                discovery=demo.nuxeo_url + path,
                browser=False,
            )


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def nobody_listens(port, within):
    """Whether nobody listens at a demo's ports, now or soon."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with contextlib.ExitStack() as stack:
            probes = [stack.enter_context(socket.socket()) for _ in range(3)]
            if all(probe.connect_ex((HOST, port + i)) for i, probe in enumerate(probes)):
                return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("stop_with", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_and_a_second_one_changes_nothing(stop_with):
    port = free_ports()
    demo = Process("demo", "--port", port, "--no-browser")
    demo.wait_for("ready")
    everybody = children(demo.process.pid)
    assert len(everybody) == 3
    (settings,) = [line for line in demo.output if line.startswith("settings")]
    folder = Path(settings.split()[1]).parent
    assert folder.exists()
    for _ in range(20):
        with contextlib.suppress(ProcessLookupError):
            os.kill(demo.process.pid, stop_with)
        time.sleep(0.01)
    assert demo.wait() == 0
    assert not any("Traceback" in line for line in demo.output)
    assert not any(Path(f"/proc/{pid}").exists() for pid in everybody)
    assert nobody_listens(port, within=1)
    assert not folder.exists()


SLOW_TO_BEGIN = """
import sys, time
from gunicorn.workers.gthread import ThreadWorker
from connector.serving import serve

at_once = ThreadWorker.init_process
def as_on_a_busy_machine(worker):
    time.sleep(2)
    at_once(worker)
ThreadWorker.init_process = as_on_a_busy_machine

port = int(sys.argv[1])
serve(lambda: None, host="127.0.0.1", port=port, workers=2, threads=2, log_level="WARNING")
"""


def test_a_server_stops_also_while_its_workers_begin():
    """Or it would hold the address until it loses patience with them, which is long."""
    command = [sys.executable, "-c", SLOW_TO_BEGIN, str(free_ports(1))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        while len(children(server.pid)) < 2:
            assert server.poll() is None, server.stderr.read()
            time.sleep(0.01)
        server.terminate()
        try:
            assert server.wait(20) == 0, server.stderr.read()
        finally:
            server.kill()


def test_a_demo_that_is_killed_takes_its_parts_along(tmp_path):
    port = free_ports()
    demo = Process("demo", "--port", port, "--data", tmp_path, "--no-browser")
    demo.wait_for("ready")
    demo.process.kill()
    demo.process.wait(30)
    assert nobody_listens(port, within=20)


def test_a_restart_finds_the_documents_whatever_the_folder_is_called(tmp_path):
    data = tmp_path / "${env:HOME} \\ b"
    seen = []
    for _ in range(2):
        port = free_ports()
        # A proxy that is not there must not matter, and neither a secret from elsewhere.
        nowhere = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
        environment = {**os.environ, **nowhere, "NO_PROXY": "", "NUXEO_JWT_SECRET": "x" * 64}
        environment.pop("no_proxy", None)
        demo = Process(*("demo", "--port", port, "--data", data, "--no-browser"), env=environment)
        demo.wait_for("ready")
        running = Demo(port, data)
        uid = running.nuxeo().uid(f"{DEMO_FOLDER}/Letter")
        seen.append((uid, running.settings().jwt_secret))
        with requests.Session() as alice:
            credentials = {"user_name": "alice", "user_password": "alice"}
            alice.post(f"{running.nuxeo_url}startup", data=credentials, timeout=30)
            page = alice.get(
                f"{running.connector_url}wopi/edit/default/{uid}/file:content", timeout=30
            )
        assert page.status_code == 200, page.text
        assert demo.stop() == 0
    assert seen[0] == seen[1]
    assert (data / "nuxeo.conf").stat().st_mode & 0o077 == 0
    assert (data / "wopi" / "locks.sqlite").exists()


def test_what_the_demo_prints_can_be_opened(demo):
    """The session's own demo, which printed it to the fixture."""
    for url in (demo.nuxeo_url, f"{demo.connector_url}wopi/", demo.office_url):
        answer = requests.get(url, timeout=30)
        assert answer.ok
        assert answer.headers["Content-Type"].startswith("text/html")


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
        process.wait_for("Listening at")
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


def test_without_its_libraries_the_sandbox_says_which_are_missing(tmp_path):
    """As in an environment that was made for production."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "def without_docx(name, *rest):\n"
        "    return None if name == 'docx' else find(name, *rest)\n"
        "importlib.util.find_spec = without_docx\n"
    )
    for command in ("demo", "sandbox"):
        result = run(command, "--port", "1025", env={"PYTHONPATH": str(tmp_path)})
        assert result.returncode == 1
        assert "needs python-docx" in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
