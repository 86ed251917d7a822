"""Both ways of ``docs/install.md`` behind a real nginx, with TLS: on Nuxeo's host, and on its own.

nginx has the file that administrators copy, and the connector the configuration that the guide
shows, with other names, ports and certificates.
"""

import hashlib
import html
import http.client
import http.server
import os
import re
import ssl
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from urllib.parse import quote, urlsplit

import pytest
import requests
from playwright.sync_api import expect
from werkzeug.serving import WSGIRequestHandler, make_server

from connector import config
from connector.sandbox.demo_office import create_app, views
from connector.sandbox.demo_office.keys import load_or_make
from connector.sandbox.demo_office.wopi_client import WopiClient
from connector.support import open_session
from tests import install_guide
from tests.browser.conftest import Person, click_save
from tests.certificates import make_certificate
from tests.nginx_server import NginxServer
from tests.support import HOST, Process, Signed, Wopi, docx_bytes, free_ports, paragraphs

pytestmark = pytest.mark.browser

ROOT = install_guide.ROOT
SAME_HOST = ROOT / "config" / "nginx-same-host.conf.sample"
OWN_DOMAIN = ROOT / "config" / "nginx-own-domain.conf.sample"
SHARED = ROOT / "config" / "nginx-nuxeo-wopi.inc"
SECOND = "second"


class _Quiet(WSGIRequestHandler):
    def log(self, *_arguments):
        """Not into the tests' log."""


class Office:
    """A demo office with TLS, in a thread: no page with TLS shows a frame without."""

    def __init__(self, folder, certificate):
        port = free_ports(1)
        self.url = f"https://{HOST}:{port}/"
        self.keys = load_or_make(folder, "current"), load_or_make(folder, "old")
        app = create_app(public_url=self.url, key_dir=folder)
        self._server = make_server(
            HOST,
            port,
            app,
            threaded=True,
            request_handler=_Quiet,
            ssl_context=tuple(map(str, certificate)),
        )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def discovery(self):
        return f"{self.url}hosting/discovery"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Site:
    """What stands behind one host name: Nuxeo and the connector, or in way 2 that alone."""

    def __init__(self, demo, folder, parts, way=1):
        self._demo = demo
        self._way = way
        self.certificate = make_certificate(folder)
        port = free_ports(2)
        self.internal = port + 1
        self.origin = f"https://{HOST if way == 1 else 'localhost'}:{port}"
        self.connector_url = f"{self.origin}/{'nuxeo/' if way == 1 else ''}"
        self.nuxeo_url = self.connector_url if way == 1 else demo.nuxeo_url
        self.offices = {}
        for name in ("office", SECOND):
            (folder / name).mkdir()
            self.offices[name] = Office(folder / name, self.certificate)
            parts.callback(self.offices[name].close)
        self.conf = folder / "nuxeo.conf"
        self.conf.write_text(self._configuration(folder), encoding="utf-8")
        environment = {key: os.environ[key] for key in os.environ if not key.startswith("NUXEO_")}
        self.connector = Process("serve", "--conf", self.conf, env=environment)
        parts.callback(self.connector.stop)
        self.connector.wait_for("Listening at")
        nginx = folder / "nginx"
        nginx.mkdir()
        self.nginx = parts.enter_context(
            NginxServer(
                nginx,
                SAME_HOST if way == 1 else OWN_DOMAIN,
                SHARED,
                port=port,
                certificate=self.certificate,
                connector=f"{HOST}:{self.internal}",
                nuxeo=f"{HOST}:{demo.port}" if way == 1 else None,
            )
        )
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = str(self.certificate[0])
        parts.callback(self.http.close)

    def _configuration(self, folder):
        secret = re.search(r"nuxeo\.jwt\.secret=(.*)", self._demo.conf.read_text())[1]
        text = install_guide.configuration(self._way)
        nuxeo = self.nuxeo_url.removesuffix("/nuxeo/")
        names = {"https://docs.example.org": nuxeo}
        if self._way == 2:
            names["https://office.example.org"] = self.origin
        for name, here in (
            names.items()
            | {
                "https://collabora.example.org/hosting/discovery": self.offices["office"].discovery,
                f"{HOST}:8080": f"{HOST}:{self._demo.port}",
                f"{HOST}:8081": f"{HOST}:{self.internal}",
                "/var/lib/nuxeo-wopi": str(folder / "data"),
                "THE-SECRET": secret,
            }.items()
        ):
            assert name in text
            text = text.replace(name, here)
        # For the links that choose an office client, and the tests' own certificate.
        return f"""{text}
nuxeo.wopi.caBundle={self.certificate[0]}
nuxeo.wopi.clients=office,{SECOND}
nuxeo.wopi.client.{SECOND}.discoveryURL={self.offices[SECOND].discovery}
"""

    def nuxeo(self, user="Administrator"):
        return self._demo.nuxeo(user)

    def link(self, uid, action="edit", xpath="file:content", query=""):
        """As it stands in a mail."""
        return f"{self.connector_url}wopi/{action}/default/{uid}/{xpath}{query}"

    def client(self, user, uid):
        """A WOPI client with a session on a file."""
        session = open_session(
            config.load(self.conf, overrides={}, environ={}),
            user=user,
            document=uid,
            xpath="file:content",
            action="edit",
            repository="default",
        )
        client = Wopi(session["wopisrc"], session["access_token"], self.offices["office"].keys)
        client.http.verify = str(self.certificate[0])
        return client


@contextmanager
def standing(demo, folder, way):
    """A site, whose offices trust its certificate."""
    with ExitStack() as parts:
        patch = parts.enter_context(pytest.MonkeyPatch.context())
        site = Site(demo, folder, parts, way)

        class Trusting(WopiClient):
            def __init__(self, *arguments):
                super().__init__(*arguments)
                self._http.verify = str(site.certificate[0])

        patch.setattr(views, "WopiClient", Trusting)
        yield site


@pytest.fixture(scope="module")
def site(demo, tmp_path_factory):
    with standing(demo, tmp_path_factory.mktemp("behind-nginx"), way=1) as site:
        yield site


@pytest.fixture
def person(site, chromium):
    people = []

    def make(name):
        context = chromium.new_context(
            viewport={"width": 1280, "height": 800}, ignore_https_errors=True
        )
        people.append(Person(site, context, name))
        return people[-1]

    yield make
    cookies = [cookie["value"] for someone in people for cookie in someone.context.cookies()]
    for someone in people:
        someone.context.close()
    assert not [complaint for someone in people for complaint in someone.complaints]
    # Whatever people did: nothing that is worth stealing is in a log.
    logs = site.nginx.logs() + "\n".join(site.connector.output)
    assert "/nuxeo/wopi/" in logs
    assert not [secret for secret in (*cookies, "eyJ", "access_token=ey") if secret in logs]


@pytest.fixture
def uid(site):
    return site.nuxeo().create(docx_bytes("Dear Ms Moreau,", "thank you."), "Offer.docx")


def sign_in(someone, password=None):
    someone.page.fill("input[name=user_name]", someone.name)
    someone.page.fill("input[name=user_password]", password or someone.name)
    someone.page.keyboard.press("Enter")


def follow_a_link_from_a_mail(someone, link):
    """In a browser that nobody has signed in with: straight to the login form."""
    answer = someone.page.goto(link)
    assert answer.status == 200
    assert answer.request.redirected_from.url == link
    assert urlsplit(answer.url).path == "/nuxeo/login.jsp"


def write_and_save(frame, text):
    paragraph = frame.locator("[data-paragraph='0']")
    paragraph.click()
    paragraph.fill(text)
    click_save(frame)
    expect(frame.locator("#status")).to_have_text(re.compile(r"^Saved at \d"))


def test_a_link_in_a_mail_leads_over_the_login_to_the_editor_and_to_a_save(site, person, uid):
    alice = person("alice")
    link = site.link(uid)
    follow_a_link_from_a_mail(alice, link)
    sign_in(alice, password="wrong")
    expect(alice.page.locator("[role=alert]")).to_be_visible()
    alice.complaints.clear()  # And this one's.
    sign_in(alice)
    alice.page.wait_for_url(link)
    write_and_save(alice.frame(), "Dear Mr Bell,")
    alice.picture("behind-nginx")
    document = site.nuxeo().document(uid)
    assert paragraphs(site.nuxeo().content(uid))[0] == "Dear Mr Bell,"
    assert document["properties"]["dc:lastContributor"] == "alice"
    assert document["lockOwner"] == "alice"
    alice.frame().locator("#close").click()
    alice.page.wait_for_url(f"{site.nuxeo_url}ui/#!/doc/{uid}")
    assert "lockOwner" not in site.nuxeo().document(uid)


def test_a_link_for_reading_leads_to_the_view(site, person, uid):
    carol = person("carol")
    link = site.link(uid, action="view")
    follow_a_link_from_a_mail(carol, link)
    sign_in(carol)
    carol.page.wait_for_url(link)
    expect(carol.frame().locator("#document")).to_contain_text("thank you.")
    expect(carol.frame().locator("#save")).to_be_hidden()
    assert "lockOwner" not in site.nuxeo().document(uid)


def test_the_whole_query_of_a_link_is_kept(site, person, uid):
    alice = person("alice")
    link = site.link(uid, query=f"?client={SECOND}&wdOrigin=mail%2Fteam+%C3%BC%7C&thm=2")
    follow_a_link_from_a_mail(alice, link)
    sign_in(alice)
    alice.page.wait_for_url(link)
    expect(alice.frame().locator("#document")).to_be_visible()
    (frame,) = [each for each in alice.page.frames if each.parent_frame is not None]
    assert frame.url.startswith(site.offices[SECOND].url)
    assert re.search(r"[?&]wdOrigin=mail%2Fteam(\+|%20)%C3%BC%7C(&|$)", frame.url)


def test_a_link_to_an_attachment_leads_to_it(site, person):
    uid = site.nuxeo().create(docx_bytes("main"), attachments=[("Annex.docx", docx_bytes("annex"))])
    xpath = "files:files/0/file"
    bob = person("bob")
    link = site.link(uid, xpath=xpath)
    follow_a_link_from_a_mail(bob, link)
    sign_in(bob)
    bob.page.wait_for_url(link)
    write_and_save(bob.frame(), "annex, changed")
    assert paragraphs(site.nuxeo().content(uid, xpath)) == ["annex, changed"]
    assert paragraphs(site.nuxeo().content(uid)) == ["main"]
    assert site.nuxeo().document(uid)["properties"]["dc:lastContributor"] == "bob"


def test_who_is_signed_in_meets_no_page_on_the_way(site, person, uid):
    alice = person("alice").sign_in()
    # As mail programs and Nuxeo's own pages may write it.
    for link in (site.link(uid), site.link(uid, xpath="file%3Acontent")):
        answer = alice.page.goto(link)
        assert answer.status == 200
        assert answer.request.redirected_from is None
        expect(alice.frame().locator("#document")).to_contain_text("thank you.")


def test_who_signs_out_has_to_sign_in_again(site, person, uid):
    alice = person("alice").sign_in()
    assert alice.page.goto(site.link(uid)).status == 200
    expect(alice.frame().locator("#document")).to_be_visible()
    alice.page.goto(f"{site.nuxeo_url}logout")
    follow_a_link_from_a_mail(alice, site.link(uid))


def test_who_has_come_back_and_signed_out_is_led_again(site, person, uid):
    alice = person("alice")
    link = site.link(uid)
    follow_a_link_from_a_mail(alice, link)
    sign_in(alice)
    alice.page.wait_for_url(link)
    expect(alice.frame().locator("#document")).to_be_visible()
    alice.page.goto(f"{site.nuxeo_url}logout")
    follow_a_link_from_a_mail(alice, link)


def test_links_in_several_tabs_all_lead_to_the_login_and_back(site, person, uid):
    alice = person("alice")
    other = site.nuxeo().create(docx_bytes("Another"), "Other.docx")
    second = alice.context.new_page()
    second.goto(site.link(other))
    follow_a_link_from_a_mail(alice, site.link(uid))
    sign_in(alice)
    alice.page.wait_for_url(site.link(uid))
    second.goto(second.url)
    second.fill("input[name=user_name]", "alice")
    second.fill("input[name=user_password]", "alice")
    second.keyboard.press("Enter")
    second.wait_for_url(site.link(other))


def test_nobody_goes_in_circles_who_comes_back_as_nobody(site, person, uid):
    """As where the session cookie never reaches the connector."""
    alice = person("alice")
    link = site.link(uid)
    follow_a_link_from_a_mail(alice, link)
    assert alice.page.goto(link).status == 401
    expect(alice.page.locator("h1")).to_have_text("Please sign in")
    alice.complaints.clear()  # Chromium notes the status 401 of the page itself.
    alice.picture("not-signed-in")
    site.connector.wait_for("has come back as nobody")
    alice.page.get_by_role("link", name="Sign in to Nuxeo").click()
    alice.page.wait_for_url("**/login.jsp?**")
    sign_in(alice)
    alice.page.wait_for_url(link)
    expect(alice.frame().locator("#document")).to_contain_text("thank you.")


class TestTheWayToTheLogin:
    """As HTTP, for what no browser does so easily."""

    @pytest.fixture
    def ask(self, site):
        with requests.Session() as http:
            http.trust_env = False
            http.verify = str(site.certificate[0])

            def ask(link, method="GET", **headers):
                headers = {name.replace("_", "-"): value for name, value in headers.items()}
                return http.request(
                    method, link, headers=headers, allow_redirects=False, timeout=30
                )

            yield ask

    def test_it_leads_once_and_then_there_is_a_page(self, site, uid, ask):
        link = site.link(uid, query="?client=office&wdOrigin=mail")
        led = ask(link)
        way = f"wopi/edit/default/{uid}/file:content?client=office&wdOrigin=mail"
        login = f"{site.nuxeo_url}login.jsp?requestedUrl={quote(way, safe='')}"
        assert (led.status_code, led.headers["Location"]) == (302, login)
        assert led.headers["Cache-Control"] == "no-store"
        cookie = led.headers["Set-Cookie"]
        assert cookie.startswith("__Host-nuxeo-wopi-led-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Max-Age=300"} <= set(cookie.split("; "))
        back = ask(link)
        assert back.status_code == 401
        assert f'href="{html.escape(login)}"' in back.text
        # Whoever then loads the page anew is led again.
        assert ask(link).status_code == 302

    def test_a_browser_has_few_such_cookies(self, site, ask):
        documents = [site.nuxeo().create(docx_bytes(str(number))) for number in range(6)]
        statuses = [ask(site.link(uid)).status_code for uid in documents]
        assert statuses == [302] * 5 + [401]

    @pytest.mark.parametrize("dest", ["iframe", "frame", "embed", "image", "empty"])
    def test_what_is_part_of_a_page_is_not_led(self, site, uid, ask, dest):
        page = ask(site.link(uid, action="embedview"), Sec_Fetch_Dest=dest)
        assert page.status_code == 401
        assert f'href="{site.link(uid, action="view")}" target="_blank"' in page.text
        assert "Set-Cookie" not in page.headers

    def test_what_is_to_be_embedded_is_not_led_by_browsers_that_do_not_tell(self, site, uid, ask):
        """As they do not without TLS."""
        page = ask(site.link(uid, action="embedview"))
        assert page.status_code == 401
        assert "Set-Cookie" not in page.headers

    def test_what_is_made_ready_for_somebody_is_not_led(self, site, uid, ask):
        page = ask(site.link(uid), Sec_Purpose="prefetch;prerender", Sec_Fetch_Dest="document")
        assert page.status_code == 401
        assert "Set-Cookie" not in page.headers

    def test_what_is_no_page_in_a_tab_has_not_come_back(self, site, uid, ask):
        assert ask(site.link(uid)).status_code == 302
        before = len(site.connector.output)
        for method, dest in (("HEAD", "document"), ("GET", "iframe")):
            page = ask(site.link(uid), method, Sec_Fetch_Dest=dest)
            assert page.status_code == 401
            assert "Set-Cookie" not in page.headers
        assert not [line for line in site.connector.output[before:] if "as nobody" in line]

    @pytest.mark.parametrize("query", ["x" * 3500, "%C3%BC" * 500, "%0D%0A" * 800])
    def test_a_long_link_is_cut_to_the_file(self, site, uid, ask, query):
        """Or the way back would be longer than headers may be."""
        led = ask(site.link(uid, query=f"?client={SECOND}&wdLong={query}"))
        assert led.status_code == 302
        way = f"wopi/edit/default/{uid}/file:content?client={SECOND}"
        assert led.headers["Location"].endswith(f"?requestedUrl={quote(way, safe='')}")

    @pytest.mark.parametrize("text", ["%2F" * 260, "%0D%0A" * 130, "x" * 790])
    def test_the_longest_that_is_kept_gets_through(self, site, uid, ask, text):
        led = ask(site.link(uid, query=f"?wdLong={text}"))
        assert led.status_code == 302
        assert "wdLong" in led.headers["Location"]

    def test_only_the_sign_in_is_led_to(self, site, uid, ask):
        nowhere = site.link(uid).replace("/file:content", "/@acl")
        assert ask(nowhere).status_code == 404
        assert ask(site.link(uid, action="dance")).status_code == 404

    def test_cookies_of_others_do_not_count(self, site, uid, ask):
        others = "; ".join(f"other{number}=1" for number in range(9))
        assert ask(site.link(uid), Cookie=others).status_code == 302

    def test_a_forged_mark_is_none(self, site, uid, ask):
        name = ask(site.link(uid)).headers["Set-Cookie"].partition("=")[0]
        assert ask(site.link(uid), Cookie=f"{name}=forged").status_code == 302

    def test_another_document_is_led_by_itself(self, site, uid, ask):
        other = site.nuxeo().create(docx_bytes("Another"))
        assert [ask(site.link(each)).status_code for each in (uid, other)] == [302, 302]

    def test_who_only_asks_for_the_headers_is_not_led(self, site, uid, ask):
        assert ask(site.link(uid), "HEAD").status_code == 401

    def test_who_signs_in_anew_comes_back_to_say_so(self, site, ask):
        led = ask(f"{site.connector_url}wopi/signedin")
        assert led.status_code == 302
        assert led.headers["Location"].endswith("requestedUrl=wopi%2Fsignedin")


def test_the_apps_are_told_to_any_page(site):
    answer = site.http.get(f"{site.connector_url}wopi/apps", timeout=30)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json()["docx"] == {
        "appName": "Word",
        "view": f"{site.connector_url}wopi/view/",
        "edit": f"{site.connector_url}wopi/edit/",
    }


def pieces_of(content):
    """Without a length, so that it is sent in chunks."""
    for begin in range(0, len(content), 1 << 20):
        yield content[begin : begin + (1 << 20)]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_save_passes(site, uid, chunked):
    content = os.urandom(30 << 20)
    client = site.client("alice", uid)
    assert client.lock("large").status_code == 200
    saved = client.put(pieces_of(content) if chunked else content, "large")
    assert saved.status_code == 200, saved.headers
    assert client.get().content == content
    assert client.unlock("large").status_code == 200
    digest = site.nuxeo().document(uid)["properties"]["file:content"]["digest"]
    assert digest == hashlib.md5(content).hexdigest()


def test_proofs_are_for_the_address_that_the_office_called(site, uid):
    client = site.client("alice", uid)
    query = f"?access_token={client.token}&x=%C3%BC+%2f"
    signed = Signed(client.keys, client.token)

    def status(headers):
        return client.http.get(client.source + query, headers=headers, timeout=30).status_code

    assert status(signed.headers(client.source + query)) == 200
    assert status({}) == 500
    internal = client.source.replace(site.origin, f"http://{HOST}:{site.internal}")
    assert status(signed.headers(internal + query)) == 500


def test_nuxeo_knows_its_own_address(site, uid):
    site.http.auth = ("alice", "alice")
    try:
        answer = site.http.get(
            f"{site.nuxeo_url}api/v1/id/{uid}", headers={"X-NXproperties": "file"}, timeout=30
        )
    finally:
        site.http.auth = None
    data = answer.json()["properties"]["file:content"]["data"]
    assert data.startswith(f"{site.nuxeo_url}nxfile/default/{uid}/")


# What nginx makes of a call


@contextmanager
def before_a_listener(folder):
    """nginx, before a connector that only notes what arrives; yields its port and what did."""
    seen = []

    class Listener(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            seen.append((self.path, self.headers))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            """Not into the tests' log."""

    server = http.server.ThreadingHTTPServer((HOST, 0), Listener)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        with _nginx(folder, server.server_port) as (port, nginx):
            yield port, nginx, seen
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _nginx(folder, connector_port):
    port = free_ports(1)
    certificate = make_certificate(folder)
    nginx = folder / "nginx"
    nginx.mkdir()
    with NginxServer(
        nginx,
        SAME_HOST,
        SHARED,
        port=port,
        certificate=certificate,
        connector=f"{HOST}:{connector_port}",
        nuxeo=f"{HOST}:9",
    ) as server:
        yield port, server


def get(folder, port, path, **headers):
    """A path as it is: libraries tidy it up."""
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    connection = http.client.HTTPSConnection(HOST, port, timeout=20, context=context)
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_paths_and_queries_arrive_as_they_were_sent(tmp_path):
    paths = [
        "/nuxeo/wopi/edit/default/u/files:files/0/file?client=a&wd=%C3%BC+%2f",
        "/nuxeo/wopi/edit/default/u/files%3Afiles%2F0%2Ffile",
        "/nuxeo/wopi//edit/default/u//file:content",
        "/nuxeo/site/wopi/files/a%2Bb~c_d?access_token=x&y=%7e",
        "/nuxeo/site/wopi/files/x/contents?a=%25&a=%26;b",
        "/nuxeo/wopibootstrapper?x=1",
    ]
    with before_a_listener(tmp_path) as (port, _nginx, seen):
        for path in paths:
            assert get(tmp_path, port, path) == 204
        assert [path for path, _headers in seen] == paths


def test_who_calls_and_what_they_called_is_told_truly(tmp_path):
    false = {"X-Forwarded-For": "10.9.8.7", "nuxeo-virtual-host": "https://evil.example/"}
    with before_a_listener(tmp_path) as (port, _nginx, seen):
        assert get(tmp_path, port, "/nuxeo/wopi/", **false) == 204
    ((_path, headers),) = seen
    assert headers["Host"] == f"{HOST}:{port}"
    assert headers["X-Forwarded-For"] == f"10.9.8.7, {HOST}"
    assert headers.get_all("X-Forwarded-Proto") == ["https"]
    assert headers.get_all("nuxeo-virtual-host") == [f"https://{HOST}:{port}/"]


def test_no_token_is_logged_when_the_connector_is_away(tmp_path):
    with _nginx(tmp_path, free_ports(1)) as (port, nginx):
        for path in ("wopi/x", "site/wopi/files/x", "wopibootstrapper"):
            assert get(tmp_path, port, f"/nuxeo/{path}?access_token=s3cr3t-token") == 502
    assert nginx.logs().count(" 502 ") == 3
    assert "s3cr3t-token" not in nginx.logs()


def users_cookies(context):
    """Those of the connector that say who the user of a browser is."""
    return [cookie for cookie in context.cookies() if "nuxeo-wopi-user" in cookie["name"]]


def test_on_a_domain_of_its_own_who_opens_a_file_signs_in_at_nuxeo(demo, chromium, tmp_path):
    with standing(demo, tmp_path, way=2) as own:
        command = [sys.executable, "-m", "connector", "oauth2", "register", "--conf", own.conf]
        registered = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert registered.returncode == 0, registered.stderr
        context = chromium.new_context(ignore_https_errors=True)
        alice = Person(own, context, "alice")
        try:
            uid = own.nuxeo().create(docx_bytes("Dear Ms Moreau,"), "Offer.docx")
            link = own.link(uid)
            alice.page.goto(link)
            alice.page.wait_for_url(f"{demo.nuxeo_url}login.jsp?**")
            sign_in(alice)
            alice.page.wait_for_url(link)
            write_and_save(alice.frame(), "Written on another domain")
            alice.picture("own-domain-behind-nginx")
            document = own.nuxeo().document(uid)
            assert document["properties"]["dc:lastContributor"] == "alice"
            assert paragraphs(own.nuxeo().content(uid)) == ["Written on another domain"]
            secrets = [cookie["value"] for cookie in context.cookies()]
            assert len(secrets) >= 2
            (cookie,) = users_cookies(context)
            assert cookie["name"] == "__Host-nuxeo-wopi-user"
            assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "localhost")
            alice.page.goto(f"{own.connector_url}wopi/signout")
            alice.page.wait_for_url("**/login.jsp**")
            assert users_cookies(context) == []
        finally:
            context.close()
            demo.nuxeo().call("DELETE", "api/v1/oauth2/client/nuxeo-wopi-connector")
        alice.expected("status of 401")  # Nuxeo's own, before its login.
        assert alice.unexpected() == []
        logs = own.nginx.logs() + "\n".join(own.connector.output)
        assert "/wopi/oauth2/callback" in logs
        assert not [secret for secret in (*secrets, "eyJ", "code=", "state=") if secret in logs]
