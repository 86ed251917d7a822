"""JSON Web Tokens, and what sessions do to them (REST_CONTRACT 1.2, 1.4)."""

import time

import pytest

from tests.contract.test_authentication import SESSION, who


@pytest.fixture
def now():
    return int(time.time())


def test_a_token_is_enough_and_plants_no_session(nobody, alice, sign):
    response = nobody.get("api/v1/me", 200, headers=sign(alice.name))
    assert response.json()["id"] == alice.name
    assert "Set-Cookie" not in response.headers


def test_a_token_is_accepted_by_every_chain(nobody, alice, sign):
    uid = alice.create(b"by token")
    headers = sign(alice.name)
    assert nobody.post("site/automation/login", expected=200, headers=headers).json()["username"]
    assert "default" in nobody.get("json/cmis", 200, headers=headers).json()
    assert nobody.get(f"nxfile/default/{uid}/file:content", 200, headers=headers).content


def test_the_times_of_a_token_may_be_left_out_or_lie_in_the_past(nobody, alice, sign, now):
    assert who(nobody, headers=sign(alice.name)) == alice.name
    past = {"iat": now - 60, "nbf": now - 60, "exp": now + 60}
    assert who(nobody, headers=sign(alice.name, **past)) == alice.name


@pytest.mark.parametrize(
    ("claim", "seconds"), [("exp", -2), ("iat", 60), ("nbf", 60)], ids=["exp", "iat", "nbf"]
)
def test_times_have_no_leeway(nobody, alice, sign, now, claim, seconds):
    """Trap 2."""
    nobody.get("api/v1/me", 401, headers=sign(alice.name, **{claim: now + seconds}))


@pytest.mark.parametrize("issuer", ["nuxeo", None, "somebody"])
def test_the_issuer_is_not_looked_at(nobody, alice, sign, issuer):
    """Trap 3; as of 2021, while 10.10 wants "nuxeo"."""
    assert who(nobody, headers=sign(alice.name, iss=issuer)) == alice.name


@pytest.mark.parametrize("subject", [None, 7, "nobody-of-this-name"])
def test_the_subject_must_be_the_name_of_a_user(nobody, sign, subject):
    nobody.get("api/v1/me", 401, headers=sign(subject))


def test_the_signature_must_be_hs512_with_the_servers_secret(nobody, alice, sign, jwt_secret):
    nobody.get("api/v1/me", 401, headers=sign(alice.name, secret="s" * 64))
    nobody.get("api/v1/me", 401, headers=sign(alice.name, algorithm="HS256"))
    nobody.get("api/v1/me", 401, headers=sign(alice.name, secret="", algorithm="none"))
    nobody.get("api/v1/me", 401, headers={"Authorization": "Bearer not.a.token"})


def test_the_word_bearer_is_case_sensitive(nobody, alice, sign):
    token = sign(alice.name)["Authorization"].removeprefix("Bearer ")
    nobody.get("api/v1/me", 401, headers={"Authorization": f"bearer {token}"})


def test_a_token_may_stand_in_the_address_unless_there_is_an_authorization_header(
    nobody, alice, sign
):
    token = sign(alice.name)["Authorization"].removeprefix("Bearer ")
    assert who(nobody, params={"access_token": token}) == alice.name
    headers = {"Authorization": "Bearer other"}
    nobody.get("api/v1/me", 401, params={"access_token": token}, headers=headers)


# Audience: derived from the forwarding of /api to /site/api (1.2)

API = "api/v1/me"
AUTOMATION = "site/automation"


@pytest.mark.parametrize(
    ("audience", "path", "status"),
    [
        ("site/api/v1", API, 200),
        ("site/api", API, 200),
        ("site", API, 200),
        ("/site/", API, 200),
        ("api/v1", API, 401),
        ("site/ap", API, 401),
        ("nxfile", API, 401),
        (["site"], API, 401),
        ("site/automation", AUTOMATION, 200),
        ("site", AUTOMATION, 200),
        ("site/api", AUTOMATION, 401),
        ("json/cmis", "json/cmis", 200),
        ("site", "json/cmis", 401),
    ],
    ids=str,
)
def test_the_audience_is_a_prefix_of_the_forwarded_path(
    nobody, alice, sign, audience, path, status
):
    """Trap 1."""
    nobody.get(path, status, headers=sign(alice.name, aud=audience))


@pytest.mark.parametrize(("audience", "status"), [("nxfile", 200), ("site", 401), ("api/v1", 401)])
def test_no_audience_covers_the_api_and_downloads(nobody, alice, sign, audience, status):
    """Trap 5: the 401 is a page, as for any unknown caller."""
    uid = alice.create()
    path = f"nxfile/default/{uid}/file:content/Report.docx"
    response = nobody.get(path, status, headers=sign(alice.name, aud=audience))
    assert response.headers["Content-Type"].startswith("text/html") == (status == 401)


# Sessions (1.4)


@pytest.fixture
def planted(nobody, alice):
    """The cookie that a download without credentials leaves behind."""
    uid = alice.create()
    return nobody.get(f"nxfile/default/{uid}/file:content", 401).cookies[SESSION]


def test_a_token_sent_with_a_session_is_kept_in_a_new_session(nobody, alice, bob, sign, planted):
    """Trap 4; the new session is as of 2021."""
    headers = {**sign(alice.name), "Cookie": f"{SESSION}={planted}"}
    fresh = nobody.get("api/v1/me", 200, headers=headers).cookies[SESSION]
    assert fresh != planted
    cookie = {"Cookie": f"{SESSION}={fresh}"}
    assert who(nobody, headers=cookie) == alice.name
    assert who(nobody, headers={**sign(bob.name), **cookie}) == alice.name


def test_a_session_is_an_identity_for_every_chain_until_sign_out(nobody, alice, sign, planted):
    uid = alice.create(b"by cookie")
    headers = {**sign(alice.name), "Cookie": f"{SESSION}={planted}"}
    fresh = nobody.get("api/v1/me", 200, headers=headers).cookies[SESSION]
    cookie = {"Cookie": f"{SESSION}={fresh}"}
    assert nobody.post("site/automation/login", expected=200, headers=cookie).json()["username"]
    assert nobody.get(f"nxfile/default/{uid}/file:content", 200, headers=cookie).content
    assert nobody.http.get(f"{nobody.url}logout", headers=cookie, allow_redirects=False)
    nobody.get("api/v1/me", 401, headers=cookie)
