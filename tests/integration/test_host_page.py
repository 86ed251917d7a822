"""The host page, as HTTP: who gets what, under which headers."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.fixtures import InProcess
from tests.support import DEMO_FOLDER, Wopi


class Form(HTMLParser):
    """The form that carries the token into the frame."""

    def __init__(self, html):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form" and "action" in attributes:
            self.action = attributes["action"]
        if tag == "input" and "name" in attributes:
            self.fields[attributes["name"]] = attributes["value"]


class Browser:
    """Cookies and redirects, nothing more."""

    def __init__(self, demo, user=None):
        self.demo = demo
        self.http = requests.Session()
        self.http.trust_env = False
        if user:
            response = self.http.post(
                f"{demo.nuxeo_url}startup", data={"user_name": user, "user_password": user}
            )
            assert response.ok
            assert "JSESSIONID" in self.http.cookies

    def open(self, uid, action="edit", xpath="file:content", repository="default", **params):
        headers = {"Accept-Language": params.pop("language", "en;q=0.9,fr;q=0.5")}
        return self.http.get(
            f"{self.demo.connector_url}wopi/{action}/{repository}/{uid}/{xpath}",
            params=params,
            headers=headers,
            timeout=30,
        )


@pytest.fixture(scope="module")
def letter(demo):
    return demo.nuxeo().uid(f"{DEMO_FOLDER}/Letter")


@pytest.fixture(scope="module")
def bundle(demo):
    return demo.nuxeo().uid(f"{DEMO_FOLDER}/Bundle")


@pytest.fixture
def alice(demo):
    return Browser(demo, "alice")


def claims(page):
    return jwt.decode(Form(page.text).fields["access_token"], options={"verify_signature": False})


def test_a_writer_gets_the_editor(demo, alice, letter):
    page = alice.open(letter, language="fr;q=0.9,en;q=0.5")
    assert page.status_code == 200
    form = Form(page.text)
    query = parse_qs(urlsplit(form.action).query)
    assert query["ui"] == ["fr-FR"]
    (source,) = query.get("wopisrc") or query["WOPISrc"]
    assert source.startswith(f"{demo.connector_url}site/wopi/files/")
    token = claims(page)
    assert (token["sub"], token["grant"]) == ("alice", "edit")
    assert token["aud"] == f"wopi:{source.rpartition('/')[2]}"
    assert form.fields["access_token_ttl"] == str(token["exp"] * 1000)
    assert Wopi(source, form.fields["access_token"], demo.keys).info()["UserCanWrite"]


def test_an_attachment_has_a_page_of_its_own(alice, bundle):
    page = alice.open(bundle, xpath="files:files/0/file")
    assert page.status_code == 200
    assert claims(page)["grant"] == "edit"


def test_a_reader_who_asks_to_edit_gets_the_view_and_the_reason(demo, letter):
    page = Browser(demo, "carol").open(letter)
    assert page.status_code == 200
    assert claims(page)["grant"] == "view"
    assert "no permission to change it" in page.text


def test_somebody_elses_lock_is_named_on_the_page(demo, alice):
    uid = demo.nuxeo("alice").create()
    demo.nuxeo("bob").operation("Document.Lock", uid)
    page = alice.open(uid)
    assert claims(page)["grant"] == "view"
    holder = demo.nuxeo().call("GET", "api/v1/user/bob").json()["properties"]
    assert f"Locked by {holder['firstName']} {holder['lastName']}" in page.text


def test_a_running_session_is_joined(demo, alice):
    uid = demo.nuxeo("alice").create()
    demo.open("bob", uid).lock("L")
    assert claims(alice.open(uid))["grant"] == "edit"


def test_who_may_not_download_is_told_instead_of_getting_an_editor_that_cannot_read(demo, alice):
    """The server's own policy for downloads, which the sandbox has for documents like this."""
    uid = demo.nuxeo("alice").create()
    properties = {"dc:rights": "No download"}
    demo.nuxeo("alice").call(
        "PUT",
        f"api/v1/id/{uid}",
        json={"entity-type": "document", "properties": properties},
    )
    page = Browser(demo, "bob").open(uid)
    assert page.status_code == 403
    assert "You may see this document but not its content" in page.text
    assert "Download" not in buttons(page)
    assert demo.open("bob", uid).get().status_code == 404
    assert claims(alice.open(uid))["grant"] == "edit"


def test_asking_to_view_is_viewing(alice, letter):
    assert claims(alice.open(letter, action="view"))["grant"] == "view"


def test_what_office_sent_along_is_passed_on(alice, letter):
    form = Form(alice.open(letter, wdPid="7&8", other="x").text)
    query = parse_qs(urlsplit(form.action).query)
    assert query["wdPid"] == ["7&8"]
    assert "other" not in query


def test_what_a_link_says_of_the_editor_is_filled_in(alice, letter):
    parameters = {"actnavid": "a1", "sc": "from here", "showpagestats": "1", "thm": "9"}
    query = parse_qs(urlsplit(Form(alice.open(letter, **parameters).text).action).query)
    assert query["actnavid"] == ["a1"]
    assert query["showpagestats"] == ["1"]
    assert re.fullmatch(r"[0-9a-f]{16}", query["hid"][0])
    # A blank is none of the characters it may have: what the page would say itself stands.
    assert query["sc"] == query["hid"]
    assert "dchat" not in query


RICH = """<wopi-discovery><net-zone name="external-http"><app name="Word">
 <action name="view" ext="docx" urlsrc="{url}we/view?{common}"/>
 <action name="edit" ext="docx" urlsrc="{url}we/edit?{common}"/>
 <action name="editnew" ext="docx" urlsrc="{url}we/new?{common}"/>
 <action name="embedview" ext="docx" urlsrc="{url}we/embed?{common}&lt;embed=EMBEDDED&amp;&gt;"/>
 <action name="mobileView" ext="docx" urlsrc="{url}we/mobile-view?{common}"/>
 <action name="mobileEdit" ext="docx" urlsrc="{url}we/mobile-edit?{common}"/>
 <action name="view" ext="doc" urlsrc="{url}we/view?{common}"/>
 <action name="convert" ext="doc" targetext="docx" urlsrc="{url}we/convert?{common}"/>
</app></net-zone></wopi-discovery>"""
COMMON = "&lt;ui=UI_LLCC&amp;&gt;&lt;dchat=DISABLE_CHAT&amp;&gt;&lt;wopisrc=WOPI_SOURCE&amp;&gt;"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Mobile/15E148"


@pytest.fixture
def rich(demo, tmp_path):
    """Opens pages of a connector whose office client has every action."""
    from connector.app import build

    url = "http://127.0.0.1:1/"
    document = RICH.format(url=url, common=COMMON).encode()
    connector = build(
        demo.settings(
            **{
                "nuxeo.wopi.dataDir": str(tmp_path),
                "nuxeo.wopi.frameAncestors": "https://intranet.example.org",
                "nuxeo.wopi.disableChat": "true",
            }
        )
    )
    (client,) = connector.clients
    client.discovery._fetch = lambda: document

    def open_page(user, uid, action, agent=""):
        session = Browser(demo, user).http.cookies["JSESSIONID"] if user else "0"
        return connector.app.test_client(use_cookies=False).get(
            f"/nuxeo/wopi/{action}/default/{uid}/file:content",
            headers={"Cookie": f"JSESSIONID={session}", "User-Agent": agent},
        )

    yield open_page
    connector.close()


ACTIONS = {
    "a phone edits": ("edit", "Report.docx", IPHONE, "/we/mobile-edit", "edit"),
    "a phone views": ("view", "Report.docx", IPHONE, "/we/mobile-view", "view"),
    "an old format is converted": ("edit", "Report.doc", "", "/we/convert", "edit"),
    "asked to by name": ("convert", "Report.doc", "", "/we/convert", "edit"),
    "a new one needs no conversion": ("convert", "Report.docx", "", "/we/edit", "edit"),
    "an old format is viewed": ("view", "Report.doc", "", "/we/view", "view"),
    "embedded": ("embedview", "Report.docx", "", "/we/embed", "view"),
    "one that has content is not made new": ("editnew", "Report.docx", "", "/we/edit", "edit"),
}


@pytest.mark.parametrize("case", ACTIONS)
def test_the_action_follows_from_what_is_asked_and_what_the_file_is(demo, rich, case):
    action, name, agent, path, grant = ACTIONS[case]
    uid = demo.nuxeo("alice").create(name=name)
    page = rich("alice", uid, action, agent)
    assert page.status_code == 200
    form = Form(page.text)
    assert urlsplit(form.action).path == path
    assert claims(page)["grant"] == grant
    assert parse_qs(urlsplit(form.action).query)["dchat"] == ["1"]
    assert (f"{name} is made into a .docx file" in page.text) is (path == "/we/convert")


def test_a_file_without_content_is_made_from_a_template(demo, rich):
    uid = demo.nuxeo("alice").create(content=b"")
    for action in ("edit", "editnew"):
        assert urlsplit(Form(rich("alice", uid, action).text).action).path == "/we/new"
    page = rich("carol", uid, "editnew")
    assert urlsplit(Form(page.text).action).path == "/we/view"
    assert claims(page)["grant"] == "view"


def test_who_may_not_write_converts_nothing(demo, rich):
    uid = demo.nuxeo("alice").create(name="Report.doc")
    page = rich("carol", uid, "edit")
    assert urlsplit(Form(page.text).action).path == "/we/view"
    assert "no permission to change it" in page.text


def test_only_embedded_pages_may_be_framed_elsewhere(demo, rich):
    uid = demo.nuxeo("alice").create()
    own = ["'self'", demo.nuxeo_url.removesuffix("/nuxeo/")]
    embedded = rich("alice", uid, "embedview")
    assert policy(embedded)["frame-ancestors"] == [*own, "https://intranet.example.org"]
    assert parse_qs(urlsplit(Form(embedded.text).action).query)["embed"] == ["true"]
    for action in ("view", "edit"):
        assert policy(rich("alice", uid, action))["frame-ancestors"] == own
    # Where a file was to be shown, so is why it is not.
    problem = rich("dave", uid, "embedview")
    assert problem.status_code == 403
    assert policy(problem)["frame-ancestors"] == [*own, "https://intranet.example.org"]
    assert policy(rich("dave", uid, "view"))["frame-ancestors"] == own


def policy(page):
    header = page.headers["Content-Security-Policy"]
    return {name: values for name, *values in (part.split() for part in header.split(";"))}


def test_the_page_may_do_only_what_it_must(demo, alice, letter):
    page = alice.open(letter)
    rules = policy(page)
    office = demo.office_url.rstrip("/")
    assert rules["default-src"] == ["'none'"]
    assert rules["frame-src"] == [office]
    assert rules["form-action"] == [office]
    assert rules["connect-src"] == ["'self'"]
    (nonce,) = re.fullmatch(r"'nonce-([\w-]{16,})'", rules["script-src"][0]).groups()
    data, script = re.findall(r"<script([^>]*)>", page.text)
    assert data == f' nonce="{nonce}" type="application/json" id="page-data"'
    assert re.fullmatch(
        rf' nonce="{nonce}" type="module" src="/nuxeo/wopi/static/[0-9a-f]{{16}}/host\.js"', script
    )
    assert policy(alice.open(letter))["script-src"] != rules["script-src"]
    assert not re.search(r"\son\w+=", page.text)
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-cache, no-store"
    assert "Set-Cookie" not in page.headers


def test_the_token_is_in_no_address(alice, letter):
    page = alice.open(letter)
    token = Form(page.text).fields["access_token"]
    assert page.text.count(token) == 1
    assert token not in Form(page.text).action


PROBLEMS = {
    "nobody is signed in": (None, {}, 401, "Please sign in"),
    "the document does not exist": ("alice", {"uid": "no-such-document"}, 404, "does not exist"),
    "the user may not read it": ("dave", {}, 403, "may not open"),
    "there is no such attachment": (
        "alice",
        {"xpath": "files:files/9/file"},
        404,
        "has no such file",
    ),
    "the xpath is nonsense": ("alice", {"xpath": "@acl"}, 404, "does not exist"),
    "the action is unknown": ("alice", {"action": "destroy"}, 404, "something unknown"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_went_wrong_is_said_on_a_page(demo, letter, case):
    user, changes, status, text = PROBLEMS[case]
    page = Browser(demo, user).open(**{"uid": letter} | changes)
    assert page.status_code == status
    assert page.headers["Content-Type"].startswith("text/html")
    assert text in page.text
    assert "access_token" not in page.text
    assert policy(page)["script-src"] == ["'none'"]


def buttons(page):
    found = re.findall(r'<a class="button[^"]*" href="([^"]*)">([^<]*)<', page.text)
    return {label: url.replace("&amp;", "&") for url, label in found}


def test_a_picture_is_not_opened_but_can_be_downloaded(demo, alice, bundle):
    page = alice.open(bundle, xpath="files:files/1/file")
    assert page.status_code == 404
    assert "cannot be opened here" in page.text
    download = alice.http.get(buttons(page)["Download the file"], timeout=30)
    assert download.content == demo.nuxeo().content(bundle, "files:files/1/file")


def test_who_may_not_read_can_sign_out(demo, letter):
    dave = Browser(demo, "dave")
    page = dave.open(letter)
    assert dave.http.get(buttons(page)["Sign out"], timeout=30).ok
    assert dave.open(letter).status_code == 401


def test_the_title_of_a_problem_is_the_problem(demo, letter):
    page = Browser(demo, "dave").open(letter)
    assert "<title>You may not open this document \u2013 Sandbox Nuxeo</title>" in page.text


BROKEN_LINKS = {
    "no xpath": ("GET", "edit/default/{uid}", 404, "not complete"),
    "no xpath but a slash": ("GET", "edit/default/{uid}/", 404, "not complete"),
    "no document": ("GET", "edit/default", 404, "not complete"),
    "an action only": ("GET", "edit", 404, "not complete"),
    "no such file of ours": ("GET", "static/none.css", 404, "not complete"),
    "something sent": ("POST", "edit/default/{uid}/file:content", 405, "only be opened"),
    "something put": ("PUT", "edit/default/{uid}", 405, "only be opened"),
    "something deleted": ("DELETE", "health", 405, "only be opened"),
}


@pytest.mark.parametrize("case", BROKEN_LINKS)
def test_a_broken_link_leads_to_a_page_too(demo, alice, letter, case):
    method, path, status, text = BROKEN_LINKS[case]
    url = f"{demo.connector_url}wopi/{path.format(uid=letter)}"
    page = alice.http.request(method, url, timeout=30, allow_redirects=False)
    assert page.status_code == status
    assert text in page.text
    assert buttons(page) == {"Go to Nuxeo": f"{demo.nuxeo_url}ui/"}
    assert policy(page)["script-src"] == ["'none'"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-cache, no-store"
    assert page.headers.get("Allow") == ("GET, HEAD" if status == 405 else None)


def test_the_connectors_own_address_says_where_to_go(demo):
    page = Browser(demo).http.get(f"{demo.connector_url}wopi", timeout=30)
    assert page.status_code == 200
    assert buttons(page) == {"Go to Nuxeo": f"{demo.nuxeo_url}ui/"}


@pytest.mark.parametrize(
    ("wanted", "language", "title", "opening"),
    [
        ("fr-CA,en;q=0.5", "fr", "Ce document n\u2019existe pas", "Ouverture de <strong>"),
        ("de", "de", "Dieses Dokument gibt es nicht", "wird in Word geöffnet …"),
        ("ja, es;q=0.3", "es", "Este documento no existe", "Abriendo <strong>"),
        ("ja", "en", "This document does not exist", "Opening <strong>"),
        ("fr;q=0, *", "en", "This document does not exist", "Opening <strong>"),
    ],
)
def test_pages_are_in_the_language_of_whoever_reads_them(
    alice, letter, wanted, language, title, opening
):
    page = alice.open(letter, language=wanted).text
    assert f'<html lang="{language}">' in page
    assert opening in page
    problem = alice.open("0000", language=wanted).text
    assert f'<html lang="{language}">' in problem
    assert f"<h1>{title}</h1>" in problem


def test_signing_in_leads_back(demo, letter):
    browser = Browser(demo)
    page = browser.open(letter)
    (link,) = re.findall(r'href="([^"]*login\.jsp[^"]*)"', page.text)
    wanted = parse_qs(urlsplit(link.replace("&amp;", "&")).query)["requestedUrl"]
    assert wanted == [page.url]
    signed_in = browser.http.post(
        f"{demo.nuxeo_url}startup",
        data={"user_name": "alice", "user_password": "alice", "requestedUrl": wanted[0]},
        timeout=30,
    )
    assert signed_in.url == page.url
    assert claims(signed_in)["sub"] == "alice"


def test_a_made_up_session_is_nobody(demo, letter):
    browser = Browser(demo)
    for value in ("0123456789ABCDEF", "x; JSESSIONID=y", 'a"b', "", "é"):
        browser.http.cookies.set("JSESSIONID", value, path="/nuxeo")
        assert browser.open(letter).status_code == 401


def test_a_token_in_the_address_opens_nothing(demo, letter):
    token = demo.open("alice", letter).token
    assert Browser(demo).open(letter, access_token=token).status_code == 401


@pytest.mark.parametrize(
    ("setting", "value", "status", "text"),
    [
        ("nuxeo.wopi.discoveryURL", "http://127.0.0.1:1/discovery", 503, "does not answer"),
        ("nuxeo.wopi.nuxeoURL", "http://127.0.0.1:1/nuxeo", 503, "Nuxeo does not answer"),
        ("nuxeo.wopi.redisURL", "redis://127.0.0.1:1", 503, "who is editing this document"),
        ("nuxeo.jwt.secret", "another-secret-" * 8, 500, "not set up correctly"),
    ],
)
def test_what_an_administrator_must_mend_has_a_support_id(
    demo, letter, tmp_path, monkeypatch, caplog, setting, value, status, text
):
    from connector.app import build

    settings = demo.settings(**{setting: value, "nuxeo.wopi.dataDir": str(tmp_path)})
    connector = build(settings)
    session = Browser(demo, "alice").http.cookies["JSESSIONID"]
    client = connector.app.test_client(use_cookies=False)
    page = client.get(
        f"/nuxeo/wopi/edit/default/{letter}/file:content",
        headers={"Cookie": f"JSESSIONID={session}"},
    )
    connector.close()
    assert page.status_code == status
    assert text in page.text
    assert (buttons(page).get("Try again") == "") is (status == 503)
    (support_id,) = re.findall(r"<code>(\w+)</code>", page.text)
    assert support_id in caplog.text
    assert session not in caplog.text


def test_the_file_name_is_only_ever_text(demo, alice):
    from urllib.parse import quote

    name = '"><script>alert(1)</script>.docx'
    uid = demo.nuxeo("alice").create(name=quote(name, safe=""))
    page = alice.open(uid)
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_health(demo):
    answer = requests.get(f"{demo.connector_url}wopi/health", timeout=30)
    assert answer.json()["status"] == "ok"


def test_what_took_the_place_of_a_file_that_is_edited_waits_until_that_is_closed(demo):
    """The place is what the file id names, and the session goes on under it."""
    alice = demo.nuxeo("alice")
    uid = alice.create(attachments=[("one.docx", b"ONE"), ("two.docx", b"TWO")])
    editing = demo.open("alice", uid, "files:files/0/file")
    assert editing.lock("L").status_code == 200
    one, two = alice.document(uid)["properties"]["files:files"]
    body = {"entity-type": "document", "properties": {"files:files": [two, one]}}
    alice.call("PUT", f"api/v1/id/{uid}", json=body)
    browser = Browser(demo, "bob")
    for action in ("edit", "view"):
        response = browser.open(uid, action, xpath="files:files/0/file")
        assert response.status_code == 409
        assert "Somebody is editing another file" in response.text
        assert "/two.docx" in response.text
    assert editing.unlock("L").status_code == 200
    response = browser.open(uid, xpath="files:files/0/file")
    assert response.status_code == 200
    assert "two.docx" in response.text


def test_which_files_can_be_opened_is_told_to_any_page_and_may_be_kept(demo):
    """Nuxeo's pages ask, perhaps from another origin; nobody has to be signed in."""
    url = f"{demo.connector_url}wopi/apps"
    answer = requests.get(url, headers={"Origin": "https://nuxeo.example.org"}, timeout=30)
    assert answer.json()["docx"] == {
        "appName": "Word",
        "view": f"{demo.connector_url}wopi/view/",
        "edit": f"{demo.connector_url}wopi/edit/",
    }
    assert "png" not in answer.json()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = requests.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")


def test_as_long_as_no_office_client_has_answered_nothing_is_kept(demo, tmp_path, clock):
    nowhere = {"nuxeo.wopi.discoveryURL": "http://127.0.0.1:1/discovery"}
    silent = InProcess(demo, tmp_path, clock, **nowhere)
    try:
        answer = silent.connector.app.test_client().get("/nuxeo/wopi/apps")
    finally:
        silent.close()
    assert answer.status_code == 503
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
