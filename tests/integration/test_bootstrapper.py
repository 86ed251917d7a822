"""The bootstrapper: Office for mobile signs in at Nuxeo and gets to its user's files."""

import secrets
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from connector.file_reference import DocumentReference, FileReference
from connector.wopi import container_id, file_id
from tests.fixtures import InProcess

REDIRECT = "https://localhost"
WWW = 'Bearer authorization_uri="{0}oauth2/authorize",tokenIssuance_uri="{0}oauth2/token"'


@pytest.fixture(scope="module")
def client_id(demo):
    """Office for mobile, as the administrator has registered it."""
    name = f"office-{secrets.token_hex(4)}"
    demo.nuxeo().call(
        "POST",
        "api/v1/oauth2/client",
        json={
            "entity-type": "oauth2Client",
            "name": "Office",
            "id": name,
            "redirectURIs": [REDIRECT],
            "isAutoGrant": False,
            "isEnabled": True,
        },
    )
    return name


def sign_in(demo, client_id, user):
    """What a user and the app do together; the app's tokens."""
    browser = requests.Session()
    browser.trust_env = False
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT}
    authorize = f"{demo.nuxeo_url}oauth2/authorize"
    login = browser.get(authorize, params=asked)
    assert login.status_code == 401
    wanted = login.text.partition("requestedUrl=")[2].partition("'")[0]
    page = browser.post(
        f"{demo.nuxeo_url}startup",
        data={
            "user_name": user,
            "user_password": user,
            "requestedUrl": requests.utils.unquote(wanted),
        },
        allow_redirects=False,
    )
    assert page.status_code == 302
    assert "oauth2/authorize" in page.headers["Location"]
    sent_back = browser.post(
        f"{demo.nuxeo_url}oauth2/authorize_submit",
        data={**asked, "grant_access": "true"},
        allow_redirects=False,
    )
    code = parse_qs(urlsplit(sent_back.headers["Location"]).query)["code"][0]
    token = requests.post(
        f"{demo.nuxeo_url}oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
            "redirect_uri": REDIRECT,
        },
        timeout=30,
    )
    assert token.status_code == 200, token.text
    return token.json()["access_token"]


@pytest.fixture(scope="module")
def token(demo, client_id):
    return sign_in(demo, client_id, "alice")


def call(url, token=None, method="GET", authorization=None, **headers):
    sent = {f"X-WOPI-{name}": value for name, value in headers.items()}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    if authorization is not None:
        sent["Authorization"] = authorization
    response = requests.request(method, url, headers=sent, timeout=30)
    assert "Traceback" not in response.text
    return response


def places(demo):
    base = demo.connector_url
    return f"{base}wopibootstrapper", f"{base}site/wopi/wopibootstrapper"


def native(url, token, **kwargs):
    """A call as a native client makes it: with a token, without a signature."""
    return requests.get(url, params={"access_token": token}, timeout=30, **kwargs)


def test_whoever_has_not_signed_in_is_told_where_to(demo, token):
    for url in places(demo):
        for method in ("GET", "POST"):
            response = call(url, method=method)
            assert response.status_code == 401
            assert response.headers["WWW-Authenticate"] == WWW.format(demo.nuxeo_url)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer nobodys", "Basic YWxpY2U6YWxpY2U=", "Bearer a b", "Bearer ü"],
)
def test_what_is_no_token_of_nuxeos_is_no_sign_in(demo, authorization):
    response = call(places(demo)[0], authorization=authorization.encode())
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_an_access_token_of_ours_is_no_sign_in(demo):
    client = demo.open("alice", demo.nuxeo("alice").create())
    assert call(places(demo)[0], client.token).status_code == 401


def test_who_has_signed_in_learns_who_they_are_and_where_to_go_on(demo, token):
    for url in places(demo):
        for authorization in (f"Bearer {token}", f"Bearer: {token}", f"bearer {token}"):
            response = call(url, authorization=authorization)
            assert response.status_code == 200
            assert response.headers["Content-Type"] == "application/json"
            told = response.json()["Bootstrap"]
            assert told["UserId"] == told["SignInName"] == "alice"
            assert told["UserFriendlyName"] == "Alice Martin"
            where, _, query = told["EcosystemUrl"].partition("?")
            assert where == f"{demo.connector_url}site/wopi/ecosystem"
            claims = jwt.decode(
                parse_qs(query)["access_token"][0], options={"verify_signature": False}
            )
            assert (claims["aud"], claims["sub"]) == ("wopi:ecosystem", "alice")


def test_what_is_told_is_what_checkfileinfo_says(demo, token):
    info = demo.open("alice", demo.nuxeo("alice").create()).info()
    told = call(places(demo)[0], token).json()["Bootstrap"]
    assert told["UserId"] == info["UserId"]
    assert told["UserFriendlyName"] == info["UserFriendlyName"]


def test_a_provider_that_microsoft_knows_is_named(demo, tmp_path, clock):
    connector = InProcess(demo, tmp_path / "wopi", clock, **{"nuxeo.wopi.providerId": "tp_nuxeo"})
    try:
        response = call(f"{connector.settings.base_url}wopibootstrapper")
    finally:
        connector.close()
    assert response.headers["WWW-Authenticate"] == (
        WWW.format(demo.nuxeo_url) + ',providerId="tp_nuxeo"'
    )


# GetNewAccessToken


def new_token(demo, token, source):
    headers = {"EcosystemOperation": "GET_NEW_ACCESS_TOKEN"}
    if source is not None:
        headers["WopiSrc"] = source
    return call(places(demo)[0], token, "POST", **headers)


def test_a_file_gets_a_new_access_token_with_which_it_is_read_and_saved(demo, token):
    alice = demo.nuxeo("alice")
    uid = alice.create(b"before")
    source = demo.open("alice", uid).source
    answer = new_token(demo, token, source).json()
    assert answer["Bootstrap"]["UserId"] == "alice"
    fresh = answer["AccessTokenInfo"]
    claims = jwt.decode(fresh["AccessToken"], options={"verify_signature": False})
    assert fresh["AccessTokenExpiry"] == claims["exp"] * 1000
    # Native clients sign nothing.
    assert native(source, fresh["AccessToken"]).json()["UserCanWrite"] is True
    assert native(f"{source}/contents", fresh["AccessToken"]).content == b"before"
    lock = {"X-WOPI-Override": "LOCK", "X-WOPI-Lock": "L"}
    where = {"params": {"access_token": fresh["AccessToken"]}, "timeout": 30}
    assert requests.post(source, headers=lock, **where).status_code == 200
    put = {"X-WOPI-Override": "PUT", "X-WOPI-Lock": "L"}
    saved = requests.post(f"{source}/contents", headers=put, data=b"after", **where)
    assert saved.status_code == 200
    unlock = {"X-WOPI-Override": "UNLOCK", "X-WOPI-Lock": "L"}
    assert requests.post(source, headers=unlock, **where).status_code == 200
    assert alice.content(uid) == b"after"
    assert alice.document(uid)["properties"]["dc:lastContributor"] == "alice"


def test_the_token_is_good_for_that_file_only(demo, token):
    alice = demo.nuxeo("alice")
    source, other = (demo.open("alice", alice.create()).source for _ in range(2))
    fresh = new_token(demo, token, f"{source}?access_token=old").json()
    fresh = fresh["AccessTokenInfo"]["AccessToken"]
    assert native(source, fresh).status_code == 200
    assert native(other, fresh).status_code == 401


def test_a_token_of_the_browsers_client_still_has_to_come_signed(demo):
    client = demo.open("alice", demo.nuxeo("alice").create())
    assert native(client.source, client.token).status_code == 500


def test_whoever_may_only_read_gets_a_token_to_read(demo, client_id):
    uid = demo.nuxeo("alice").create()
    carol = sign_in(demo, client_id, "carol")
    source = demo.open("alice", uid).source
    fresh = new_token(demo, carol, source).json()["AccessTokenInfo"]["AccessToken"]
    assert native(source, fresh).json()["UserCanWrite"] is False


def test_there_is_no_token_for_what_the_user_may_not_see(demo, client_id, token):
    uid = demo.nuxeo("alice").create()
    source = demo.open("alice", uid).source
    dave = sign_in(demo, client_id, "dave")
    assert new_token(demo, dave, source).status_code == 404
    missing = file_id.encode(FileReference("default", uid, "files:files/0/file"))
    missing = f"{source.rpartition('/')[0]}/{missing}"
    assert new_token(demo, token, missing).status_code == 404
    demo.nuxeo("alice").call("DELETE", f"api/v1/id/{uid}")
    assert new_token(demo, token, source).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        lambda source: None,
        lambda source: "",
        lambda source: source.replace("127.0.0.1", "evil.example"),
        lambda source: source.replace("http:", "https:"),
        lambda source: source.replace("/files/", "/folders/"),
        lambda source: source.replace("site/wopi", "elsewhere"),
        lambda source: f"{source}/contents",
        lambda source: source + "x",
        lambda source: "http://[",
        lambda source: source.partition("://")[2],
    ],
)
def test_there_is_no_token_for_what_is_no_address_of_ours(demo, token, wrong):
    source = demo.open("alice", demo.nuxeo("alice").create()).source
    assert new_token(demo, token, wrong(source)).status_code == 404


def test_a_container_gets_a_new_access_token_too(demo, token):
    uid = demo.nuxeo().uid("/default-domain/workspaces/Demo")
    named = container_id.encode(DocumentReference("default", uid))
    source = f"{demo.connector_url}site/wopi/containers/{named}"
    fresh = new_token(demo, token, source).json()["AccessTokenInfo"]["AccessToken"]
    claims = jwt.decode(fresh, options={"verify_signature": False})
    assert claims["aud"] == f"wopi:{named}"
    of_a_file = container_id.encode(DocumentReference("default", demo.nuxeo("alice").create()))
    assert new_token(demo, token, source.replace(named, of_a_file)).status_code == 404


# Shortcuts


def test_the_ecosystem_and_what_it_leads_to_are_called_without_signatures(demo, token):
    ecosystem = call(places(demo)[0], token).json()["Bootstrap"]["EcosystemUrl"]
    told = requests.get(ecosystem, timeout=30)
    assert told.json()["SupportsContainers"] is True
    where, _, query = ecosystem.partition("?")
    root = requests.get(f"{where}/root_container_pointer?{query}", timeout=30).json()
    container = requests.get(root["ContainerPointer"]["Url"], timeout=30)
    assert container.json()["Name"] == root["ContainerPointer"]["Name"]


def test_the_root_container_is_one_call_away(demo, token):
    answer = call(places(demo)[0], token, "POST", EcosystemOperation="GET_ROOT_CONTAINER").json()
    assert answer["Bootstrap"]["UserId"] == "alice"
    root = answer["RootContainerInfo"]
    assert root["ContainerInfo"]["Name"] == root["ContainerPointer"]["Name"]
    assert requests.get(root["ContainerPointer"]["Url"], timeout=30).status_code == 200


def test_the_address_of_a_file_becomes_its_wopisrc(demo, token):
    client = demo.open("alice", demo.nuxeo("alice").create())
    headers = {"EcosystemOperation": "GET_WOPI_SRC_WITH_ACCESS_TOKEN"}
    name = client.info()["HostEditUrl"]
    answer = call(places(demo)[0], token, "POST", HostNativeFileName=name, **headers).json()
    assert answer["Bootstrap"]["UserId"] == "alice"
    url = answer["WopiSrcInfo"]["Url"]
    assert url.startswith(f"{client.source}?")
    said = parse_qs(urlsplit(url).query)
    claims = jwt.decode(said["access_token"][0], options={"verify_signature": False})
    assert said["access_token_ttl"] == [str(claims["exp"] * 1000)]
    assert requests.get(url, timeout=30).json()["UserCanWrite"] is True
    unknown = call(places(demo)[0], token, "POST", HostNativeFileName="x", **headers)
    assert unknown.status_code == 404


def test_a_shortcut_wants_a_sign_in_as_well(demo):
    for operation in ("GET_ROOT_CONTAINER", "GET_NEW_ACCESS_TOKEN"):
        response = call(places(demo)[0], method="POST", EcosystemOperation=operation)
        assert response.status_code == 401
        assert "WWW-Authenticate" in response.headers


@pytest.mark.parametrize("operation", ["", "SOMETHING_NEW"])
def test_a_shortcut_that_there_is_not_is_answered_as_bootstrap(demo, token, operation):
    response = call(places(demo)[0], token, "POST", EcosystemOperation=operation)
    assert list(response.json()) == ["Bootstrap"]


# What it costs, and what others can make it cost


@pytest.fixture
def asked(in_process):
    seen = []
    session = in_process.connector.gateway._session._client._session
    session.hooks["response"] = [lambda response, **_: seen.append(response.request.path_url)]
    return seen


def test_a_user_is_looked_up_once_for_several_calls(in_process, asked, token):
    url = f"{in_process.settings.base_url}wopibootstrapper"
    for _ in range(3):
        assert call(url, token).status_code == 200
    assert len(asked) == 1
    for _ in range(3):
        assert call(url, "nobodys").status_code == 401
    assert len(asked) == 2


def test_a_flood_of_tokens_that_are_nobodys_does_not_reach_nuxeo(in_process, asked, token):
    url = f"{in_process.settings.base_url}wopibootstrapper"
    assert call(url, token).status_code == 200
    answers = [call(url, f"nobody{number}") for number in range(60)]
    assert {answer.status_code for answer in answers} == {401, 429}
    for answer in answers:
        # Who is put off is not sent to sign in again.
        assert ("Retry-After" in answer.headers) == (answer.status_code == 429)
        assert ("WWW-Authenticate" in answer.headers) == (answer.status_code == 401)
    assert len(asked) < 45
    # Whoever is known already goes on working.
    assert call(url, token).status_code == 200


def test_a_flood_keeps_nobody_out_who_is_elsewhere(demo, in_process, client_id, token):
    url = f"{in_process.settings.base_url}wopibootstrapper"

    def come(bearer, forwarded_for):
        headers = {"Authorization": f"Bearer {bearer}", "X-Forwarded-For": forwarded_for}
        return requests.get(url, headers=headers, timeout=30).status_code

    # Whoever they say they are, the proxy knows better.
    answers = [come(f"nobody{number}", f"8.8.{number}.1, 9.9.9.9") for number in range(60)]
    assert set(answers) == {401, 429}
    assert come(token, "9.9.9.9") == 429
    assert come(token, "9.9.9.9, 8.8.8.8") == 200
    # From now on the token is known to be good.
    assert come(token, "9.9.9.9") == 200


def test_there_is_no_bootstrapper_unless_it_is_switched_on(demo, tmp_path, clock, token):
    uid = demo.nuxeo("alice").create()
    is_on = InProcess(demo, tmp_path / "on", clock)
    is_off = InProcess(demo, tmp_path / "off", clock, **{"nuxeo.wopi.bootstrapper": ""})
    try:
        source = is_on.open("alice", uid).source
        headers = {"EcosystemOperation": "GET_NEW_ACCESS_TOKEN", "WopiSrc": source}
        url = f"{is_on.settings.base_url}wopibootstrapper"
        fresh = call(url, token, "POST", **headers).json()["AccessTokenInfo"]["AccessToken"]
        assert native(source, fresh).status_code == 200
        for path in ("wopibootstrapper", "site/wopi/wopibootstrapper"):
            for method in ("GET", "POST"):
                response = call(f"{is_off.settings.base_url}{path}", token, method, **headers)
                assert response.status_code == 404
                assert "WWW-Authenticate" not in response.headers
        # Nor is what was handed out while it was on good any more.
        there = is_off.open("alice", uid)
        assert there.info()["UserCanWrite"] is True
        assert native(there.source, fresh).status_code == 500
    finally:
        is_on.close()
        is_off.close()


def test_while_nuxeo_is_away_nobody_is_sent_to_sign_in_again(behind_proxy, proxy, token):
    url = f"{behind_proxy.settings.base_url}wopibootstrapper"
    proxy.plan("GET", "api/v1/me", 503, 503, 503)
    response = call(url, token)
    assert response.status_code == 500
    assert "WWW-Authenticate" not in response.headers
    proxy.forget()
    assert call(url, token).status_code == 200
