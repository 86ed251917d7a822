"""OAuth2 (REST_CONTRACT 1.5)."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest

REDIRECT = "https://localhost"
VERIFIER = secrets.token_urlsafe(48)


@pytest.fixture
def client(admin):
    """A registered client, as the name of it; its users are asked."""
    name = f"client-{secrets.token_hex(6)}"
    body = {
        "entity-type": "oauth2Client",
        "name": "Office of a test",
        "id": name,
        "secret": "s3cret",
        "redirectURIs": [REDIRECT, "https://example.org/back"],
        "isAutoGrant": False,
        "isEnabled": True,
    }
    admin.post("api/v1/oauth2/client", body, 201)
    yield name
    admin.call("DELETE", f"api/v1/oauth2/client/{name}", 204)


def asked(client, **params):
    return {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": REDIRECT,
        "state": "st",
        **params,
    }


def sent_back(response):
    assert response.status_code == 302
    url = urlsplit(response.headers["Location"])
    return f"{url.scheme}://{url.netloc}", {k: v[0] for k, v in parse_qs(url.query).items()}


def grant(person, client, **params):
    """A code, as a user who says yes makes one."""
    body = {**asked(client, **params), "grant_access": "true"}
    _, found = sent_back(person.call("POST", "oauth2/authorize_submit", 302, data=body))
    return found["code"]


def exchange(person, expected, client, **params):
    body = {
        "grant_type": "authorization_code",
        "client_id": client,
        "client_secret": "s3cret",
        "redirect_uri": REDIRECT,
        **params,
    }
    body = {name: value for name, value in body.items() if value is not None}
    return person.call("POST", "oauth2/token", expected, data=body).json()


def whose(nobody, token, expected=200):
    response = nobody.get("api/v1/me", expected, headers={"Authorization": f"Bearer {token}"})
    return response.json()["id"] if expected == 200 else None


def test_a_user_is_asked_and_sent_back_with_a_code(alice, client):
    page = alice.get("oauth2/authorize", 200, params=asked(client))
    assert "Office of a test" in page.text
    body = {**asked(client), "grant_access": "true"}
    where, found = sent_back(alice.call("POST", "oauth2/authorize_submit", 302, data=body))
    assert (where, found["state"]) == (REDIRECT, "st")
    assert len(found["code"]) == 10


def test_whoever_is_not_signed_in_is_led_to_the_login_page(nobody, client):
    page = nobody.get("oauth2/authorize", 401, params=asked(client))
    assert "login.jsp" in page.text


def test_a_user_who_says_no_sends_no_code(alice, client):
    _, found = sent_back(alice.call("POST", "oauth2/authorize_submit", 302, data=asked(client)))
    assert (found["error"], found["state"]) == ("access_denied", "st")
    assert "code" not in found


@pytest.mark.parametrize(
    "params",
    [
        {"redirect_uri": "https://localhost/other"},
        {"redirect_uri": "https://evil.example"},
        {"response_type": "token"},
        {"client_id": "nobody-knows"},
        {"code_challenge": "x"},
        {"code_challenge": "x", "code_challenge_method": "MD5"},
    ],
)
def test_what_does_not_fit_the_client_is_sent_nowhere(alice, client, params):
    response = alice.get("oauth2/authorize", 400, params=asked(client, **params))
    assert "Location" not in response.headers


def test_a_code_becomes_a_token_that_is_the_users(alice, nobody, client):
    token = exchange(nobody, 200, client, code=grant(alice, client))
    assert token["token_type"] == "bearer"
    assert 3000 < token["expires_in"] <= 3600
    assert whose(nobody, token["access_token"]) == alice.name


def test_a_code_is_good_once(alice, nobody, client):
    code = grant(alice, client)
    exchange(nobody, 200, client, code=code)
    assert exchange(nobody, 400, client, code=code)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"redirect_uri": "https://example.org/back"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_for_whom_it_was_made(alice, nobody, client, params, error):
    code = grant(alice, client)
    assert exchange(nobody, 400, client, code=code, **params)["error"] == error


def test_a_code_with_a_challenge_wants_the_verifier(alice, nobody, client):
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    for wrong, error in ((None, "invalid_request"), ("x", "invalid_grant")):
        code = grant(alice, client, **pkce)
        refused = exchange(nobody, 400, client, code=code, code_verifier=wrong)
        assert refused["error"] == error
    code = grant(alice, client, **pkce)
    exchange(nobody, 200, client, code=code, code_verifier=VERIFIER)


def test_who_has_said_yes_is_not_asked_again_and_gets_the_same_token(alice, nobody, client):
    first = exchange(nobody, 200, client, code=grant(alice, client))
    _, found = sent_back(alice.get("oauth2/authorize", 302, params=asked(client)))
    again = exchange(nobody, 200, client, code=found["code"])
    assert again["access_token"] == first["access_token"]


def test_a_refresh_puts_another_token_in_the_place_of_the_first(alice, nobody, client):
    first = exchange(nobody, 200, client, code=grant(alice, client))
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = exchange(nobody, 200, client, **refresh)
    assert second["access_token"] != first["access_token"]
    assert whose(nobody, second["access_token"]) == alice.name
    whose(nobody, first["access_token"], 401)
    assert exchange(nobody, 400, client, **refresh)["error"] == "invalid_grant"


def test_a_client_shows_its_secret_as_basic_too(alice, nobody, client):
    body = {
        "grant_type": "authorization_code",
        "code": grant(alice, client),
        "redirect_uri": REDIRECT,
    }
    nobody.call("POST", "oauth2/token", 200, data=body, auth=(client, "s3cret"))


def test_a_token_without_its_client_is_nobodys(admin, alice, nobody):
    name = f"client-{secrets.token_hex(6)}"
    body = {
        "entity-type": "oauth2Client",
        "name": "Short-lived",
        "id": name,
        "redirectURIs": [REDIRECT],
        "isAutoGrant": True,
        "isEnabled": True,
    }
    admin.post("api/v1/oauth2/client", body, 201)
    _, found = sent_back(alice.get("oauth2/authorize", 302, params=asked(name)))
    token = exchange(nobody, 200, name, code=found["code"], client_secret=None)["access_token"]
    assert whose(nobody, token) == alice.name
    admin.call("DELETE", f"api/v1/oauth2/client/{name}", 204)
    whose(nobody, token, 401)


def test_only_administrators_register_clients(alice):
    body = {
        "entity-type": "oauth2Client",
        "name": "x",
        "id": "x",
        "redirectURIs": [REDIRECT],
        "isEnabled": True,
    }
    alice.post("api/v1/oauth2/client", body, 403)


def test_a_client_is_changed_and_keeps_the_secret_that_is_not_sent(admin, client):
    path = f"api/v1/oauth2/client/{client}"
    before = admin.get(path, 200).json()
    assert (before["redirectURIs"], before["secret"]) == (
        [REDIRECT, "https://example.org/back"],
        "s3cret",
    )
    wanted = {
        "entity-type": "oauth2Client",
        "name": "Office of another test",
        "id": client,
        "redirectURIs": ["http://localhost:8081/back"],
        "isAutoGrant": True,
        "isEnabled": True,
    }
    admin.call("PUT", path, 200, json=wanted)
    after = admin.get(path, 200).json()
    assert after["secret"] == "s3cret"
    assert {name: after[name] for name in wanted} == wanted
    admin.call("PUT", path, 200, json={**wanted, "secret": "another"})
    assert admin.get(path, 200).json()["secret"] == "another"


@pytest.mark.parametrize("uri", ["http://example.org/back", "http://localhost.example.org/"])
def test_no_client_comes_back_by_plain_http(admin, client, uri):
    body = {
        "entity-type": "oauth2Client",
        "name": "x",
        "id": client,
        "redirectURIs": [uri],
        "isEnabled": True,
    }
    admin.call("PUT", f"api/v1/oauth2/client/{client}", 400, json=body)


def test_only_administrators_change_clients(alice, client):
    path = f"api/v1/oauth2/client/{client}"
    alice.get(path, 403)
    body = {"entity-type": "oauth2Client", "name": "x", "id": client, "redirectURIs": [REDIRECT]}
    alice.call("PUT", path, 403, json=body)


def test_a_token_is_fetched_by_post_only(nobody):
    nobody.get("oauth2/token", 405)
