"""Who calls, and what happens to those who do not say (REST_CONTRACT 1.3 to 1.6)."""

import uuid

import pytest

API_CHAINS = ["api/v1/me", "site/automation", "json/cmis"]
SESSION = "JSESSIONID"
TOKEN = "X-Authentication-Token"


def who(person, **kwargs):
    return person.get("api/v1/me", 200, **kwargs).json()["id"]


@pytest.mark.parametrize("path", API_CHAINS)
def test_without_credentials_the_api_answers_401_and_never_a_redirect(nobody, path):
    response = nobody.get(path, 401)
    assert response.headers["WWW-Authenticate"] == 'Basic realm="Nuxeo Automation"'
    assert "Set-Cookie" not in response.headers


def test_the_401_of_the_api_is_not_nuxeos_json(nobody):
    """REST_CONTRACT 1.3: a page of the servlet container."""
    response = nobody.get("api/v1/me", 401, headers={"Accept": "text/html"})
    assert "entity-type" not in response.text


@pytest.mark.parametrize("name", ["Cookie", "X-No-Basic-Header"])
@pytest.mark.parametrize("path", API_CHAINS)
def test_no_basic_challenge_for_callers_with_a_cookie_or_the_header_that_declines_it(
    nobody, path, name
):
    response = nobody.get(path, 401, headers={name: "a=b"})
    assert "WWW-Authenticate" not in response.headers


def test_nxfile_answers_the_unknown_with_a_page_and_plants_a_session(nobody, alice):
    """REST_CONTRACT 1.3, trap 5; a server with an anonymous user behaves otherwise."""
    uid = alice.create()
    response = nobody.get(f"nxfile/default/{uid}/file:content", 401)
    assert response.headers["Content-Type"].startswith("text/html")
    assert "login.jsp" in response.text
    assert SESSION in response.cookies


def test_asking_for_a_token_without_credentials_is_answered_like_a_download(nobody):
    response = nobody.get("authentication/token", 401)
    assert response.headers["Content-Type"].startswith("text/html")
    assert SESSION in response.cookies


def test_a_planted_session_is_nobodys(nobody, alice):
    uid = alice.create()
    cookie = nobody.get(f"nxfile/default/{uid}/file:content", 401).cookies[SESSION]
    nobody.get("api/v1/me", 401, headers={"Cookie": f"{SESSION}={cookie}"})


def test_name_and_password_are_enough(alice):
    assert who(alice) == alice.name


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_or_empty_password_is_no_password(nobody, alice, password):
    nobody.get("api/v1/me", 401, auth=(alice.name, password))


def test_basic_is_accepted_for_downloads(alice):
    uid = alice.create(b"by basic")
    assert alice.get(f"nxfile/default/{uid}/file:content", 200).content == b"by basic"


def test_who_am_i_by_automation_has_name_and_groups(alice, world):
    """REST_CONTRACT 1.6."""
    login = alice.post("site/automation/login", expected=200).json()
    assert (login["entity-type"], login["username"]) == ("login", alice.name)
    assert login["isAdministrator"] is False
    assert world.group in login["groups"]


def test_an_administrator_is_told_to_be_one(admin):
    assert admin.post("site/automation/login", expected=200).json()["isAdministrator"] is True


# Tokens for devices (1.5)


@pytest.fixture
def device(alice):
    parameters = {
        "applicationName": "contract",
        "deviceId": uuid.uuid4().hex,
        "deviceDescription": "a test",
        "permission": "rw",
    }
    token = alice.get("authentication/token", 201, params=parameters).text
    yield parameters, token
    alice.get("authentication/token", params={**parameters, "revoke": "true"})


def test_a_device_has_one_token(alice, device):
    parameters, token = device
    assert alice.get("authentication/token", 201, params=parameters).text == token


def test_a_token_is_accepted_as_header_parameter_and_cookie(nobody, alice, device):
    _, token = device
    assert who(nobody, headers={TOKEN: token}) == alice.name
    assert who(nobody, params={"token": token}) == alice.name
    assert who(nobody, headers={"Cookie": f"{TOKEN}={token}"}) == alice.name


def test_a_token_is_answered_with_a_cookie(nobody, device):
    """REST_CONTRACT 1.4, trap 4."""
    _, token = device
    assert nobody.get("api/v1/me", 200, headers={TOKEN: token}).cookies[TOKEN] == token


def test_the_cookie_of_a_token_goes_before_another_users_jwt(nobody, bob, alice, device, sign):
    """REST_CONTRACT 1.4, trap 4."""
    _, token = device
    assert who(nobody, headers={**sign(bob.name), "Cookie": f"{TOKEN}={token}"}) == alice.name


def test_a_revoked_token_is_worthless(nobody, alice, device):
    parameters, token = device
    alice.get("authentication/token", 202, params={**parameters, "revoke": "true"})
    nobody.get("api/v1/me", 401, headers={TOKEN: token})


@pytest.mark.parametrize("missing", ["applicationName", "deviceId", "permission"])
def test_a_request_for_a_token_without_a_parameter_is_refused(alice, missing):
    parameters = {"applicationName": "contract", "deviceId": "d", "permission": "rw"}
    del parameters[missing]
    alice.get("authentication/token", 400, params=parameters)


# Requests from other sites (1.4)


@pytest.mark.parametrize("name", ["Origin", "Referer"])
@pytest.mark.parametrize("value", ["https://elsewhere.example/page", "null"])
def test_writing_from_another_site_is_refused(alice, name, value):
    """Trap 19."""
    alice.post("site/automation/login", expected=403, headers={name: value})


@pytest.mark.parametrize("name", ["Origin", "Referer"])
def test_reading_from_another_site_is_not_refused(alice, name):
    assert who(alice, headers={name: "https://elsewhere.example"}) == alice.name


def test_writing_from_the_servers_own_pages_is_not_refused(alice, world):
    origin = world.url.removesuffix("/nuxeo/")
    alice.post("site/automation/login", expected=200, headers={"Origin": origin})
    alice.post("site/automation/login", expected=200, headers={"Referer": f"{world.url}ui/"})


def test_the_servers_own_address_follows_the_virtual_host_header(alice):
    """Trap 19: whoever forwards this header changes what counts as the server's own."""
    headers = {
        "nuxeo-virtual-host": "https://public.example.org/",
        "Origin": "https://public.example.org",
    }
    alice.post("site/automation/login", expected=200, headers=headers)
