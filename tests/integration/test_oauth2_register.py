"""``nuxeo-wopi oauth2 register`` against the sandbox."""

import subprocess
import sys
import uuid

import pytest


@pytest.fixture
def client_id(demo):
    name = f"connector-{uuid.uuid4().hex[:8]}"
    yield name
    nuxeo = demo.nuxeo()
    nuxeo.http.delete(f"{demo.nuxeo_url}api/v1/oauth2/client/{name}", timeout=30)


@pytest.fixture
def register(demo, client_id):
    def run(*arguments, **settings):
        own = {
            "nuxeo.wopi.signIn": "oauth2",
            "nuxeo.wopi.hostURL": "https://wopi.example.org/",
            "nuxeo.wopi.oauth2.clientId": client_id,
        } | settings
        options = [f"--set={key}={value}" for key, value in own.items()]
        command = [sys.executable, "-m", "connector", "oauth2", "register"]
        return subprocess.run(
            [*command, "--conf", str(demo.conf), *options, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def entry(demo, client_id):
    return demo.nuxeo().call("GET", f"api/v1/oauth2/client/{client_id}").json()


def test_it_makes_the_entry_once(demo, register, client_id):
    first = register()
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == (
        f"{client_id} is registered; users come back to "
        "https://wopi.example.org/wopi/oauth2/callback\n"
    )
    assert entry(demo, client_id) == {
        "entity-type": "oauth2Client",
        "id": client_id,
        "name": "Office editing (nuxeo-wopi-connector)",
        "redirectURIs": ["https://wopi.example.org/wopi/oauth2/callback"],
        "secret": None,
        "isAutoGrant": True,
        "isEnabled": True,
    }
    again = register()
    assert (again.returncode, again.stdout) == (
        0,
        f"{client_id} is registered already, as it has to be\n",
    )


def test_it_says_what_it_changes_but_no_secret(demo, register, client_id):
    register()
    moved = register(
        **{
            "nuxeo.wopi.hostURL": "http://localhost:8081/x/",
            "nuxeo.wopi.oauth2.clientSecret": "very-secret-indeed",
        }
    )
    assert moved.returncode == 0
    assert moved.stdout.startswith(f"{client_id} was registered otherwise and is changed: ")
    assert "to http://localhost:8081/x/wopi/oauth2/callback; a secret\n" in moved.stdout
    assert "very-secret-indeed" not in moved.stdout + moved.stderr
    found = entry(demo, client_id)
    assert found["redirectURIs"] == ["http://localhost:8081/x/wopi/oauth2/callback"]
    assert found["secret"] == "very-secret-indeed"
    without = register(**{"nuxeo.wopi.hostURL": "http://localhost:8081/x/"})
    assert without.returncode == 1
    assert "is registered with a secret" in without.stderr
    assert entry(demo, client_id) == found


@pytest.mark.parametrize(
    ("arguments", "settings", "status", "said"),
    [
        (["--user", "alice"], {}, 1, "alice is not an administrator of Nuxeo"),
        (["--user", "nobody"], {}, 1, "Nuxeo does not accept a token for nobody"),
        ([], {"nuxeo.jwt.secret": "x" * 64}, 1, "another nuxeo.jwt.secret"),
        ([], {"nuxeo.wopi.hostURL": "http://wopi.example.org/"}, 2, "neither https:// nor http"),
        ([], {"nuxeo.wopi.nuxeoURL": "http://127.0.0.1:1/nuxeo/"}, 1, "Nuxeo at http://127"),
    ],
)
def test_what_stands_in_the_way_is_one_line(register, arguments, settings, status, said):
    result = register(*arguments, **settings)
    assert result.returncode == status
    (line,) = result.stderr.splitlines()
    assert said in line
    assert result.stdout == ""


def test_it_warns_where_the_entry_is_not_used(demo, register, client_id):
    result = register(**{"nuxeo.wopi.signIn": "session"})
    assert result.returncode == 0
    assert result.stderr == ("warning: nuxeo.wopi.signIn: session, so the entry is not used yet\n")
    assert entry(demo, client_id)["isEnabled"]
