"""Sign-in by OAuth2, as HTTP: what is set, cleared and refused, under which headers."""

import json
import logging
import re
import threading
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import requests
from flask import Flask, Response, redirect, request
from werkzeug.serving import make_server

from connector.nuxeo_gateway.errors import NuxeoFailed, NuxeoUnavailable, OAuth2Refused
from connector.nuxeo_gateway.oauth2 import OAuth2
from tests.own_domain import OwnDomain
from tests.support import HOST, Served, docx_bytes, free_ports

USER = "nuxeo-wopi-user"
BEGUN = "nuxeo-wopi-signin-"
SIGNED_OUT = "nuxeo-wopi-signed-out"


@pytest.fixture(scope="module")
def own(demo, tmp_path_factory):
    with OwnDomain(demo, tmp_path_factory.mktemp("own") / "wopi") as own:
        yield own


@pytest.fixture(scope="module")
def uid(demo):
    return demo.nuxeo().create(docx_bytes("A report"))


class Browser:
    """Cookies per host, and no redirect that the test does not follow itself."""

    def __init__(self, own, user=None):
        self.own = own
        self.nuxeo = requests.Session()
        self.cookies = {}
        if user:
            self.nuxeo.post(
                f"{own.demo.nuxeo_url}startup", data={"user_name": user, "user_password": user}
            )

    def get(self, url, **headers):
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = requests.get(
            url,
            headers={name.replace("_", "-"): value for name, value in headers.items()}
            | ({"Cookie": cookie} if cookie else {}),
            allow_redirects=False,
            timeout=30,
        )
        for line in response.raw.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return response

    def begin(self, url, **headers):
        """Where Nuxeo leads back to, by now with a code."""
        led = self.get(url, **headers)
        assert led.status_code == 302
        back = self.nuxeo.get(led.headers["Location"], allow_redirects=False, timeout=30)
        assert back.status_code == 302, back.text[:500]
        return back.headers["Location"]

    def sign_in(self, url):
        return self.get(self.begin(url))


def begun(browser):
    return [name for name in browser.cookies if name.startswith(BEGUN)]


def said(response):
    return re.search(r"<h1>(.*?)</h1>", response.text)[1]


def user_of(page):
    """Who an opened host page is for."""
    assert page.status_code == 200
    token = re.search(r'name="access_token" value="([^"]+)"', page.text)[1]
    return jwt.decode(token, options={"verify_signature": False})["sub"]


def test_a_browser_that_is_nobodys_is_led_to_nuxeo(own, demo, uid):
    browser = Browser(own)
    led = browser.get(own.page(uid))
    assert led.status_code == 302
    assert led.headers["Cache-Control"] == "no-store"
    where = urlsplit(led.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{demo.nuxeo_url}oauth2/authorize"
    asked = {name: value for name, (value,) in parse_qs(where.query).items()}
    assert asked.pop("state")
    assert len(asked.pop("code_challenge")) == 43
    assert asked == {
        "response_type": "code",
        "client_id": own.client_id,
        "redirect_uri": f"{own.url}wopi/oauth2/callback",
        "code_challenge_method": "S256",
    }
    (name,) = begun(browser)
    assert list(browser.cookies) == [name]
    line = led.headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/wopi/", "SameSite=Lax", "Max-Age=600"} <= set(line.split("; "))


def test_it_comes_back_to_its_page_as_the_user(own, uid):
    browser = Browser(own, "alice")
    back = browser.sign_in(f"{own.page(uid)}?wdPid=7%268&x=%0d%0aY")
    assert back.status_code == 303
    assert back.headers["Location"] == f"{own.page(uid)}?wdPid=7%268&x=%0D%0AY"
    assert back.headers["Cache-Control"] == "no-store"
    assert back.headers["Referrer-Policy"] == "no-referrer"
    assert list(browser.cookies) == [USER]
    assert user_of(browser.get(back.headers["Location"])) == "alice"
    # What signs people in is of no use to it any more.
    assert "access_token" not in browser.cookies[USER]


def test_it_is_asked_again_when_the_time_is_over(own, uid):
    browser = Browser(own, "alice")
    browser.sign_in(own.page(uid))
    own.clock.offset += 270
    assert browser.get(own.page(uid)).status_code == 200
    own.clock.offset += 31
    assert browser.get(own.page(uid)).status_code == 302
    own.clock.offset = 0


def test_a_long_link_is_cut_to_the_file(own, uid):
    browser = Browser(own, "alice")
    back = browser.sign_in(f"{own.page(uid)}?client=office&wdLong={'x' * 3000}")
    assert back.headers["Location"] == f"{own.page(uid)}?client=office"


def test_a_flood_of_sign_ins_is_kept_small(own, uid):
    browser = Browser(own)
    for _ in range(12):
        browser.get(own.page(uid))
    assert len(begun(browser)) == 5


@pytest.mark.parametrize("dest", ["iframe", "frame", "embed", "object", "image", "empty"])
def test_inside_another_page_there_is_a_button_for_a_tab(own, uid, dest):
    browser = Browser(own)
    for action, leads_to in (("edit", "edit"), ("embedview", "view")):
        page = browser.get(own.page(uid, action), Sec_Fetch_Dest=dest)
        assert page.status_code == 401
        assert said(page) == "Please sign in"
        button = f'href="{own.page(uid, leads_to)}" target="_blank" rel="noopener"'
        assert button in page.text
        assert browser.cookies == {}


def test_nobody_signs_in_by_a_head_request(own, uid):
    response = requests.head(own.page(uid), allow_redirects=False, timeout=30)
    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers


def test_signing_out_ends_both(own, demo, uid):
    browser = Browser(own, "alice")
    browser.sign_in(own.page(uid))
    browser.cookies |= {f"{BEGUN}0": "x"}
    out = browser.get(f"{own.url}wopi/signout")
    assert (out.status_code, out.headers["Location"]) == (302, f"{demo.nuxeo_url}logout")
    assert out.headers["Cache-Control"] == "no-store"
    assert list(browser.cookies) == [SIGNED_OUT]


def test_a_page_that_is_still_open_gets_no_other_token_after_signing_out(own, uid):
    """Not even when somebody else has signed in, in the same browser."""
    browser = Browser(own, "alice")
    browser.sign_in(own.page(uid))
    page = browser.get(own.page(uid, "view")).text
    opened = json.loads(re.search(r'id="page-data">(.*?)</script>', page)[1])

    def renewal():
        answer = requests.post(
            f"{own.url.removesuffix('/')}{opened['stateUrl']}/renewal",
            headers={
                "Authorization": f"Bearer {opened['pageToken']}",
                "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
            },
            timeout=30,
        )
        if answer.ok:
            opened.update(pageToken=answer.json()["pageToken"])
        return answer.status_code, answer.json().get("reason")

    try:
        own.clock.offset += 3600
        assert renewal() == (200, None)
        browser.get(f"{own.url}wopi/signout")
        assert renewal() == (401, "signIn")
        bob = Browser(own, "bob")
        bob.cookies = browser.cookies
        bob.sign_in(own.page(uid))
        assert renewal() == (401, "otherUser")
        own.clock.offset += 301
        assert renewal() == (401, "signIn")
        own.clock.offset += 1
        browser.sign_in(own.page(uid))
        assert renewal() == (200, None)
        # And goes on by itself from there, when the user's cookie has ended.
        own.clock.offset += 301
        assert renewal() == (200, None)
    finally:
        own.clock.offset = 0


def test_offices_and_pages_sign_out_there(own, demo, uid):
    assert own.connector.links.sign_out == f"{own.url}wopi/signout"
    secret = demo.nuxeo("Administrator").create(folder="/default-domain/workspaces/Demo")
    browser = Browser(own, "dave")
    browser.sign_in(own.page(secret))
    page = browser.get(own.page(secret))
    assert page.status_code == 403
    assert f'href="{own.url}wopi/signout"' in page.text


def test_sign_out_is_not_at_the_mercy_of_an_image(own, uid):
    browser = Browser(own, "alice")
    browser.sign_in(own.page(uid))
    for dest in ("image", "iframe", "script", "empty"):
        out = browser.get(
            f"{own.url}wopi/signout", Sec_Fetch_Dest=dest, Sec_Fetch_Site="cross-site"
        )
        assert out.status_code == 403
        assert "Set-Cookie" not in out.headers
    assert user_of(browser.get(own.page(uid))) == "alice"


def test_a_client_that_is_not_registered_right_is_told(own, uid):
    own.change(secret="only-nuxeo-knows")
    try:
        page = Browser(own, "alice").sign_in(own.page(uid))
    finally:
        own.demo.nuxeo().call("DELETE", own.entry)
        own.demo.nuxeo().call(
            "POST",
            "api/v1/oauth2/client",
            json={
                "entity-type": "oauth2Client",
                "id": own.client_id,
                "name": "Office",
                "redirectURIs": [f"{own.url}wopi/oauth2/callback"],
                "isAutoGrant": True,
                "isEnabled": True,
            },
        )
    assert page.status_code == 500
    assert said(page) == "The sign-in is not set up correctly"
    assert "Set-Cookie" in page.headers
    assert USER not in page.headers["Set-Cookie"]


def test_a_refusal_is_said_and_leads_to_another_try(own, uid):
    browser = Browser(own)
    state = parse_qs(urlsplit(browser.get(own.page(uid)).headers["Location"]).query)["state"][0]
    query = urlencode({"error": "access_denied", "error_description": "<b>x", "state": state})
    page = browser.get(f"{own.url}wopi/oauth2/callback?{query}")
    assert page.status_code == 403
    assert said(page) == "You have not agreed"
    assert f'href="{own.page(uid)}">Try again' in page.text
    assert "<b>x" not in page.text
    assert browser.cookies == {}


def test_a_guest_of_nuxeo_is_nobody(own, uid, monkeypatch):
    views = own.connector.gateway.users
    guest = type(views.get("alice"))("Guest", "Guest", True)
    monkeypatch.setattr(views, "behind_bearer", lambda token: guest)
    browser = Browser(own, "alice")
    page = browser.sign_in(own.page(uid))
    assert page.status_code == 403
    assert said(page) == "Please sign in with your own account"
    assert browser.cookies == {}


def test_with_a_secret(demo, uid, tmp_path):
    secret = "a-secret-of-the-client-and-nuxeo-1234567890"
    with OwnDomain(demo, tmp_path / "wopi", **{"nuxeo.wopi.oauth2.clientSecret": secret}) as own:
        browser = Browser(own, "alice")
        assert browser.sign_in(own.page(uid)).status_code == 303
        assert user_of(browser.get(own.page(uid))) == "alice"


def test_a_nuxeo_that_fails_is_told_and_may_be_tried_again(own, uid, monkeypatch):
    browser = Browser(own, "alice")
    back = browser.begin(own.page(uid))

    def gone(_token):
        raise NuxeoUnavailable("gone")

    monkeypatch.setattr(own.connector.gateway.users, "behind_bearer", gone)
    page = browser.get(back)
    assert page.status_code == 503
    assert f'href="{own.page(uid)}">Try again' in page.text
    assert browser.cookies == {}


def test_any_process_completes_what_another_has_begun(demo, uid, tmp_path):
    """As it is served; by plain http that is not the own machine's, it says that this is unwise."""
    own = {"nuxeo.wopi.signIn": "oauth2", "nuxeo.wopi.workers": "3", "nuxeo.wopi.threads": "1"}
    with Served(demo, tmp_path / "wopi", **own) as served:
        warned = [line for line in served.output if line.startswith("warning: nuxeo.wopi.signIn")]
        assert len(warned) == 1
        for _ in range(6):
            led = requests.get(
                f"{served.url}wopi/edit/default/{uid}/file:content",
                allow_redirects=False,
                timeout=30,
            )
            assert led.status_code == 302
            state = parse_qs(urlsplit(led.headers["Location"]).query)["state"][0]
            query = urlencode({"error": "access_denied", "state": state})
            cookie = led.headers["Set-Cookie"].partition(";")[0]
            page = requests.get(
                f"{served.url}wopi/oauth2/callback?{query}", headers={"Cookie": cookie}, timeout=30
            )
            assert said(page) == "You have not agreed"


# Attacks


def test_login_csrf_with_the_attackers_code_and_state(own, uid):
    """A link, or an image, with a sign-in that the attacker has begun and not completed."""
    attackers = Browser(own, "bob").begin(own.page(uid))
    for victim in (Browser(own), Browser(own, "alice")):
        page = victim.get(attackers)
        assert page.status_code == 400
        assert said(page) == "This sign-in cannot be completed"
        assert "Set-Cookie" not in page.headers
        # Also when the victim is signing in at this very moment.
        victim.get(own.page(uid))
        mine = dict(victim.cookies)
        assert victim.get(attackers).status_code == 400
        assert victim.cookies == mine


def test_login_csrf_with_the_attackers_code_and_the_victims_state(own, uid):
    """Somebody who has learned the state brings a code of their own: PKCE does not fit."""
    attackers = parse_qs(urlsplit(Browser(own, "bob").begin(own.page(uid))).query)["code"][0]
    victim = Browser(own, "alice")
    state = parse_qs(urlsplit(victim.get(own.page(uid)).headers["Location"]).query)["state"][0]
    query = urlencode({"code": attackers, "state": state})
    page = victim.get(f"{own.url}wopi/oauth2/callback?{query}")
    assert page.status_code == 400
    assert said(page) == "The sign-in did not work"
    assert victim.cookies == {}


def test_session_fixation_a_cookie_from_before_does_not_survive_sign_in(own, uid):
    attacker = Browser(own, "bob")
    attacker.sign_in(own.page(uid))
    victim = Browser(own, "alice")
    # The cookie is planted while the victim is signing in.
    back = victim.begin(own.page(uid))
    victim.cookies[USER] = planted = attacker.cookies[USER]
    victim.get(back)
    assert victim.cookies[USER] != planted
    assert user_of(victim.get(own.page(uid))) == "alice"
    # Nor does one for another path, which a browser sends beside ours.
    cookie = f"{USER}={planted}; {USER}={victim.cookies[USER]}"
    page = requests.get(own.page(uid), headers={"Cookie": cookie}, timeout=30)
    assert page.status_code == 400
    assert said(page) == "It is not clear who you are"


def test_session_fixation_a_sign_in_is_good_once(own, uid):
    browser = Browser(own, "alice")
    back = browser.begin(own.page(uid))
    kept = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    # With its cookie gone, as in any browser.
    assert browser.get(back).status_code == 400
    # And planted once more: Nuxeo takes the code once.
    other = Browser(own)
    other.cookies = kept
    page = other.get(back)
    assert page.status_code == 400
    assert said(page) == "The sign-in did not work"
    assert other.cookies == {}


@pytest.mark.parametrize(
    "query",
    [
        "target=https://evil.example/",
        "next=//evil.example/",
        "redirect_uri=https://evil.example/",
        "requestedUrl=%5C%5Cevil.example",
        "url=https%3A%2F%2Fevil.example",
    ],
)
def test_open_redirect_nothing_in_the_request_is_a_target(own, uid, query):
    browser = Browser(own, "alice")
    back = browser.begin(f"{own.page(uid)}?{query}")
    done = browser.get(f"{back}&{query}")
    assert done.status_code == 303
    assert done.headers["Location"].startswith(f"{own.page(uid)}?")
    out = browser.get(f"{own.url}wopi/signout?{query}")
    assert out.headers["Location"] == f"{own.demo.nuxeo_url}logout"


@pytest.mark.parametrize(
    "path",
    [
        "/evil.example/wopi/edit/default/{}/file:content",
        "//evil.example//wopi/edit/default/{}/file:content",
        "\\evil.example/wopi/edit/default/{}/file:content",
        "wopi/edit/default/{}/https://evil.example",
        "wopi/edit/default/{}/%2f%2fevil.example",
        "wopi/edit/default/{}/..%5c..%5cevil.example",
        "wopi/evil/default/{}/file:content",
        "wopi/edit/evil.example%2f/{}/file:content",
    ],
)
def test_open_redirect_odd_paths_lead_nowhere(own, uid, path):
    with requests.Session() as http:
        prepared = http.prepare_request(requests.Request("GET", own.url))
        prepared.url = own.url + path.format(uid)
        response = http.send(prepared, allow_redirects=False, timeout=30)
    assert response.status_code in (400, 404)
    assert "Location" not in response.headers
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "https"},
        {"Forwarded": "host=evil.example"},
        {"X_Original_URL": "https://evil.example/", "X_Forwarded_Prefix": "//evil.example"},
        {"Referer": "https://evil.example/", "Origin": "https://evil.example"},
    ],
)
def test_open_redirect_no_header_names_a_host(own, uid, headers):
    browser = Browser(own, "alice")
    led = browser.get(own.page(uid), **headers)
    assert "evil" not in led.headers["Location"]
    back = browser.begin(own.page(uid), **headers)
    assert back.startswith(f"{own.url}wopi/oauth2/callback?")
    done = browser.get(back, **headers)
    assert done.headers["Location"] == own.page(uid)
    out = browser.get(f"{own.url}wopi/signout", **headers)
    assert out.headers["Location"] == f"{own.demo.nuxeo_url}logout"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/wopi/edit/default/{}/file:content",
        "//evil.example/",
        "{}",
        "\\\\evil.example",
        "javascript:alert(1)",
    ],
)
def test_open_redirect_even_a_signed_target_must_be_a_page_of_ours(own, uid, target, monkeypatch):
    links = own.connector.links
    monkeypatch.setattr(links, "host_page", lambda *_: target.format(uid))
    browser = Browser(own, "alice")
    back = browser.begin(own.page(uid))
    monkeypatch.undo()
    done = browser.get(back)
    assert done.headers["Location"] == f"{own.url}wopi/"


def ancestors(response):
    policy = response.headers["Content-Security-Policy"]
    return re.search(r"frame-ancestors ([^;]+)", policy)[1].split()


def test_clickjacking_no_other_page_shows_ours_in_a_frame(own, demo, uid):
    trusted = ["'self'", demo.nuxeo_url.removesuffix("/nuxeo/")]
    browser = Browser(own, "alice")
    assert ancestors(browser.get(own.page(uid), Sec_Fetch_Dest="iframe")) == trusted
    assert ancestors(browser.get(own.page(uid))) == ["'none'"]
    assert ancestors(browser.get(f"{own.url}wopi/oauth2/callback?code=x&state=y")) == trusted
    back = browser.begin(own.page(uid))
    assert ancestors(browser.get(back)) == ["'none'"]
    assert ancestors(browser.get(own.page(uid))) == trusted
    assert ancestors(browser.get(f"{own.url}wopi/signout")) == ["'none'"]


def test_code_state_and_bearer_are_in_no_log(own, uid, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("connector", "authlib", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, name)
    browser = Browser(own, "alice")
    back = browser.begin(own.page(uid))
    asked = parse_qs(urlsplit(back).query)
    browser.get(back)
    browser.get(back)
    own_lines = [
        record.getMessage()
        for record in caplog.records
        # The test's own calls are logged by the same library, with their addresses.
        if not (record.name == "urllib3.connectionpool" and "GET /" in record.getMessage())
    ]
    assert any("alice has signed in" in line for line in own_lines)
    text = "\n".join(own_lines)
    assert asked["code"][0] not in text
    assert asked["state"][0] not in text
    assert "Bearer" not in text


def test_the_session_mode_has_none_of_it(demo, uid):
    for path in ("wopi/oauth2/callback?code=x&state=y", "wopi/signout"):
        page = requests.get(f"{demo.connector_url}{path}", allow_redirects=False, timeout=30)
        assert page.status_code == 404
    page = requests.get(
        f"{demo.connector_url}wopi/edit/default/{uid}/file:content",
        allow_redirects=False,
        timeout=30,
    )
    assert page.status_code == 401
    assert "login.jsp?requestedUrl=" in page.text


# What Nuxeo, or whoever stands in its place, answers


@pytest.fixture
def odd_nuxeo():
    """A token endpoint that answers as a test wants; also what it was sent."""
    app, sent, answers = Flask("odd"), [], {}

    @app.post("/nuxeo/oauth2/token")
    def token():
        sent.append((dict(request.form), dict(request.headers)))
        return answers["token"]()

    @app.route("/elsewhere", methods=["GET", "POST"])
    def elsewhere():
        sent.append("elsewhere")
        return {"access_token": "stolen"}

    port = free_ports(1)
    server = make_server(HOST, port, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def client(answer, secret=None, read_timeout=30):
        answers["token"] = answer
        return OAuth2(
            authorize_url="https://docs.example.org/nuxeo/oauth2/authorize",
            token_url=f"http://{HOST}:{port}/nuxeo/oauth2/token",
            redirect_uri="https://wopi.example.org/wopi/oauth2/callback",
            client_id="office",
            client_secret=secret,
            connect_timeout=30,
            read_timeout=read_timeout,
        )

    yield client, sent
    server.shutdown()
    server.server_close()


def test_the_code_is_exchanged_as_nuxeo_wants_it(odd_nuxeo, monkeypatch):
    client, sent = odd_nuxeo
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    assert client(lambda: {"access_token": "t", "token_type": "bearer"}).access_token(
        "c0de", "v"
    ) == ("t")
    ((form, headers),) = sent
    assert form == {
        "grant_type": "authorization_code",
        "code": "c0de",
        "code_verifier": "v",
        "client_id": "office",
        "redirect_uri": "https://wopi.example.org/wopi/oauth2/callback",
    }
    assert "Authorization" not in headers
    assert "Cookie" not in headers
    client(lambda: {"access_token": "t"}, secret="s3cret").access_token("c0de", "v")
    assert sent[1][0] == form | {"client_secret": "s3cret"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: ({"error": "invalid_grant", "error_description": "c0de"}, 400), OAuth2Refused),
        (lambda: Response("<html>", 200), NuxeoFailed),
        (lambda: Response("<html>", 404), NuxeoFailed),
        (lambda: ("[]", 200, {"Content-Type": "application/json"}), NuxeoFailed),
        (lambda: {"access_token": ""}, NuxeoFailed),
        (lambda: {"access_token": ["t"]}, NuxeoFailed),
        (lambda: Response(status=500), NuxeoFailed),
        (lambda: Response(status=503), NuxeoUnavailable),
        (lambda: redirect("/elsewhere", 307), NuxeoFailed),
        (lambda: redirect("/elsewhere", 302), NuxeoFailed),
    ],
)
def test_what_is_no_token_is_an_error_that_tells_no_code(odd_nuxeo, answer, error):
    client, sent = odd_nuxeo
    with pytest.raises(error) as raised:
        client(answer).access_token("c0de", "verif1er")
    assert "c0de" not in str(raised.value)
    assert "verif1er" not in str(raised.value)
    assert "elsewhere" not in sent


def test_a_token_that_does_not_come_is_not_waited_for(odd_nuxeo):
    client, _ = odd_nuxeo
    done = threading.Event()
    with pytest.raises(NuxeoUnavailable) as raised:
        client(lambda: str(done.wait(30)), read_timeout=1).access_token("c0de", "verif1er")
    done.set()
    assert "c0de" not in str(raised.value)
    assert "verif1er" not in str(raised.value)


def test_a_nuxeo_that_is_not_there_is_told():
    client = OAuth2(
        authorize_url="https://docs.example.org/nuxeo/oauth2/authorize",
        token_url=f"http://{HOST}:1/nuxeo/oauth2/token",
        redirect_uri="https://wopi.example.org/wopi/oauth2/callback",
        client_id="office",
        client_secret=None,
        connect_timeout=1,
        read_timeout=1,
    )
    with pytest.raises(NuxeoUnavailable):
        client.access_token("c", "v")


def test_no_two_sign_ins_are_alike():
    client = OAuth2(
        authorize_url="https://docs.example.org/nuxeo/oauth2/authorize",
        token_url="https://docs.example.org/nuxeo/oauth2/token",
        redirect_uri="https://wopi.example.org/wopi/oauth2/callback",
        client_id="office",
        client_secret="s3cret",
        connect_timeout=1,
        read_timeout=1,
    )
    one, two = client.begin(), client.begin()
    assert {one.state, one.verifier}.isdisjoint({two.state, two.verifier})
    assert one.verifier not in one.url
    assert "s3cret" not in one.url
    assert one.state not in repr(one)
