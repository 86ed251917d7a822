"""Our elements in Nuxeo's own, as Web UI renders them: what is in the package is what is loaded.

Nuxeo's elements are those that are published at npm. Only Web UI's static files are not served by
the sandbox but from here; documents, users, locks and uploads are the sandbox's.
"""

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from connector.webui.package import DISTRIBUTIONS, bundle
from tests.browser.conftest import click_save
from tests.support import DEMO_FOLDER, HOST, docx_bytes, free_ports, paragraphs

pytestmark = pytest.mark.browser

PARTS = Path(__file__).parents[1] / "webui"
MODULES = PARTS / "node_modules"
UI = "web/nuxeo.war/ui/"
LINK = "nuxeo-wopi-connector-link"


@pytest.fixture(scope="session")
def web_ui(tmp_path_factory):
    """Web UI's static files by path below ``ui/``, with ours from the package's bundle."""
    if not MODULES.is_dir() or shutil.which("node") is None:
        pytest.skip("Nuxeo's elements are not installed: npm ci in tests/webui")
    host = tmp_path_factory.mktemp("web-ui") / "host.bundle.js"
    command = ["node", MODULES / "esbuild/bin/esbuild", PARTS / "host.js", "--bundle"]
    subprocess.run(
        [*command, "--format=iife", f"--outfile={host}", "--log-level=warning"], check=True
    )
    with zipfile.ZipFile(io.BytesIO(bundle(DISTRIBUTIONS["lts"], "1.0.0"))) as jar:
        files = {
            name.removeprefix(UI): jar.read(name) for name in jar.namelist() if name.startswith(UI)
        }
    imports = MODULES / "@webcomponents/html-imports/html-imports.min.js"
    files["host.bundle.js"] = host.read_bytes()
    files["html-imports.min.js"] = imports.read_bytes()
    files["page.html"] = (PARTS / "page.html").read_bytes()
    files["i18n/messages-it.json"] = b"{}"  # A language that Web UI has, and we do not.
    return files


@pytest.fixture
def at_document(demo, person, web_ui):
    """Opens a document's page in Web UI."""

    def open_page(someone, uid, *, connector_url=demo.connector_url, language="en", messages=""):
        values = {
            b"@CONNECTOR@": connector_url.encode(),
            b"@LANGUAGE@": language.encode(),
            b"@MESSAGES@": (messages or "messages").encode(),
        }

        def serve(route):
            path = urlsplit(route.request.url).path.removeprefix("/nuxeo/ui/")
            content = web_ui.get(path)
            if content is None:
                route.continue_()
                return
            for name, value in values.items():
                content = content.replace(name, value) if path == "page.html" else content
            kinds = {"html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}
            kind = kinds.get(path.rpartition(".")[2], "application/octet-stream")
            route.fulfill(body=content, content_type=kind)

        someone.page.route("**/nuxeo/ui/**", serve)
        someone.page.goto(f"{demo.nuxeo_url}ui/page.html?doc={uid}")
        someone.page.evaluate("window.ready")
        return Page(someone, demo)

    return open_page


class Page:
    def __init__(self, someone, demo):
        self.someone = someone
        self.page = someone.page
        self._demo = demo

    def link(self, xpath="file:content"):
        return self.page.locator(f'[data-xpath="{xpath}"] {LINK} a')

    def download(self, xpath="file:content"):
        """Web UI's own button beside ours."""
        return self.page.locator(f'[data-xpath="{xpath}"] nuxeo-download-button')

    def tells(self, label, xpath="file:content"):
        """What whoever points at the link is told."""
        self.link(xpath).hover()
        tooltip = self.page.locator("paper-tooltip").filter(has_text=label)
        # It comes slowly.
        expect(tooltip.locator("#tooltip")).to_have_css("opacity", "0.9")

    def leads_to(self, action, uid, xpath="file:content"):
        url = f"{self._demo.connector_url}wopi/{action}/default/{uid}/{xpath}"
        expect(self.link(xpath)).to_have_attribute("href", url)


@pytest.fixture
def uid(demo):
    attachments = [("Figures.XLSX", b"x"), ("photo.png", b"p")]
    content = docx_bytes("Dear Ms Moreau,", "thank you for your order.")
    made = demo.nuxeo().create(content, "Offer.docx", attachments=attachments)
    demo.nuxeo().operation("Document.AddPermission", made, permission="ReadWrite", user="alice")
    demo.nuxeo().operation("Document.AddPermission", made, permission="Read", user="carol")
    return made


def test_a_writer_edits_the_main_file_and_an_attachment_but_no_picture(at_document, person, uid):
    alice = person("alice").sign_in()
    page = at_document(alice, uid)
    page.leads_to("edit", uid)
    page.leads_to("edit", uid, "files:files/0/file")
    expect(page.link()).to_have_attribute("aria-label", "Edit in Word")
    expect(page.link("files:files/0/file")).to_have_attribute("aria-label", "Edit in Excel")
    expect(page.link("files:files/1/file")).to_have_count(0)
    # A tab of its own, that knows nothing of this one.
    expect(page.link()).to_have_attribute("rel", "noopener")
    expect(page.link()).to_have_count(1)
    for xpath in ("file:content", "files:files/0/file", "files:files/1/file"):
        expect(page.download(xpath)).to_be_visible()
    page.tells("Edit in Word")
    alice.picture("web-ui-writer")


def test_by_keyboard_from_the_link_to_a_save(at_document, demo, person, uid):
    alice = person("alice").sign_in()
    page = at_document(alice, uid)
    page.leads_to("edit", uid)
    page.page.keyboard.press("Tab")
    while page.page.evaluate("document.activeElement.localName") == "body":
        page.page.keyboard.press("Tab")
    expect(page.link()).to_be_focused()
    with alice.context.expect_page() as opened:
        page.page.keyboard.press("Enter")
    assert opened.value.evaluate("window.opener") is None
    frame = opened.value.frame_locator("#office-frame")
    paragraph = frame.locator("[data-paragraph='0']")
    paragraph.click()
    paragraph.fill("Written from Web UI")
    click_save(frame)
    expect(frame.locator("#status")).to_have_text(re.compile(r"^Saved at \d"))
    assert paragraphs(demo.nuxeo().content(uid))[0] == "Written from Web UI"


def test_a_reader_only_views(at_document, person, uid):
    carol = person("carol").sign_in()
    page = at_document(carol, uid)
    page.leads_to("view", uid)
    expect(page.link()).to_have_attribute("aria-label", "View in Word")
    page.tells("View in Word")
    carol.picture("web-ui-reader")


def test_whoever_else_has_the_lock_is_named(at_document, demo, person, uid):
    demo.nuxeo().operation("Document.AddPermission", uid, permission="ReadWrite", user="bob")
    demo.nuxeo("bob").operation("Document.Lock", uid)
    name = demo.nuxeo().call("GET", "api/v1/user/bob").json()["properties"]
    full_name = " ".join(filter(None, (name["firstName"], name["lastName"]))) or "bob"
    # An administrator may write in spite of the lock, but not without knowing of it.
    for login in ("alice", "Administrator"):
        someone = person(login).sign_in()
        page = at_document(someone, uid)
        page.leads_to("view", uid)
        label = f"Locked by {full_name}: view in Word"
        expect(page.link()).to_have_attribute("aria-label", label)
    page.tells(label)
    someone.picture("web-ui-locked")
    bob = person("bob").sign_in()
    at_document(bob, uid).leads_to("edit", uid)
    # The way that people go: who it is, and when it is free, is told there, too.
    with someone.context.expect_page() as opened:
        page.link().click()
    notice = opened.value.locator("#notice")
    expect(notice).to_contain_text(f"Locked by {full_name}")
    expect(notice.get_by_role("button", name="Tell me when it is free")).to_be_visible()
    office = opened.value.frame_locator("#office-frame")
    expect(office.locator("#document")).to_be_visible()
    someone.picture_of(opened.value, "web-ui-locked-opened")


def test_who_might_edit_together_with_others_is_told_so(at_document, demo, person, uid):
    """In Web UI a session looks like any other lock."""
    demo.nuxeo().operation("Document.AddPermission", uid, permission="ReadWrite", user="bob")
    session = demo.open("bob", uid)
    assert session.lock("L").status_code == 200
    alice = person("alice").sign_in()
    page = at_document(alice, uid)
    page.leads_to("view", uid)
    with alice.context.expect_page() as opened:
        page.link().click()
    notice = opened.value.locator("#notice")
    expect(notice).to_contain_text("Bob Keller is editing this document. You can edit it at the")
    office = opened.value.frame_locator("#office-frame")
    expect(office.locator("#document")).to_be_visible()
    alice.picture_of(opened.value, "web-ui-joining")
    notice.get_by_role("link", name="Edit it, too").click()
    opened.value.wait_for_url("**/wopi/edit/**")
    expect(office.locator("#document")).to_be_visible()
    session.unlock("L")


def test_one_question_for_all_links_and_no_cookie_with_it(at_document, demo, person, uid):
    alice = person("alice").sign_in()
    asked = []
    alice.page.on("request", lambda request: asked.append(request))
    page = at_document(alice, uid)
    page.leads_to("edit", uid)
    page.page.evaluate(f"show('{uid}')")
    page.leads_to("edit", uid)
    (question,) = [each for each in asked if each.url.endswith("/wopi/apps")]
    assert "cookie" not in question.all_headers()


@pytest.mark.parametrize("answers", ["nothing", "nonsense"])
def test_a_connector_that_is_down_harms_no_page(at_document, demo, person, uid, answers):
    alice = person("alice").sign_in()
    down = f"http://{HOST}:{free_ports(1)}/nuxeo/"
    if answers == "nonsense":
        alice.page.route("**/wopi/apps", lambda route: route.fulfill(status=502, body="<html>"))
    page = at_document(alice, uid, connector_url=down)
    url = f"{down}wopi/edit/default/{uid}/file:content"
    expect(page.link()).to_have_attribute("href", url)
    expect(page.link("files:files/1/file")).to_have_count(0)
    for xpath in ("file:content", "files:files/1/file"):
        expect(page.download(xpath)).to_be_visible()
    page.tells("Edit in Word")
    alice.picture("web-ui-connector-down")
    alice.complaints = [each for each in alice.complaints if "wopi/apps" not in each]


def test_a_connector_that_never_answers_does_not_hold_the_page_up(at_document, person, uid):
    alice = person("alice").sign_in()
    # Its patience, which ends when the test says so.
    alice.page.add_init_script(
        "window.patience = [];"
        "window.setTimeout = ((real) => (act, pause, ...more) =>"
        " pause === 5000 ? void window.patience.push(act) : real(act, pause, ...more)"
        ")(window.setTimeout)"
    )
    alice.page.route("**/wopi/apps", lambda _route: None)
    page = at_document(alice, uid)
    expect(page.page.locator("h1")).not_to_be_empty()
    expect(page.download()).to_be_visible()
    expect(page.link()).to_have_count(0)
    alice.page.evaluate("window.patience.forEach((end) => end())")
    page.leads_to("edit", uid)
    alice.complaints = [each for each in alice.complaints if "wopi/apps" not in each]


@pytest.mark.parametrize(
    ("language", "label"),
    [("fr", "Modifier dans Word"), ("de", "In Word bearbeiten"), ("es", "Editar en Word")],
)
def test_in_the_users_language(at_document, person, uid, language, label):
    alice = person("alice").sign_in()
    page = at_document(alice, uid, language=language, messages=f"messages-{language}")
    expect(page.link()).to_have_attribute("aria-label", label)


@pytest.mark.parametrize(
    "flag", ["isVersion", "isProxy", "isTrashed", "isRecord", "isUnderRetentionOrLegalHold"]
)
def test_what_nobody_can_change_is_only_shown(at_document, person, uid, flag):
    alice = person("alice").sign_in()
    page = at_document(alice, uid)
    page.leads_to("edit", uid)
    page.page.locator(f'[data-xpath="file:content"] {LINK}').evaluate(
        "(link, flag) => { link.document = {...link.document, [flag]: true}; }", flag
    )
    page.leads_to("view", uid)
    expect(page.link()).to_have_attribute("aria-label", "View in Word")


def test_in_a_language_that_we_do_not_have_it_is_english(at_document, person, uid):
    """Web UI shows the name of a text that it does not know; nobody can read that."""
    alice = person("alice").sign_in()
    page = at_document(alice, uid, language="it", messages="messages-it")
    expect(page.link()).to_have_attribute("aria-label", "Edit in Word")
    expect(page.page.locator("paper-tab")).to_have_text("New Office document")
    form = page.page.locator("nuxeo-wopi-connector-new")
    expect(form.get_by_label("Title")).to_be_visible()
    expect(form.get_by_role("button", name="Create and open")).to_be_visible()
    expect(form).to_contain_text("Word \u2013 Text")
    assert "wopiConnector." not in page.page.locator("main").inner_text()


def test_a_link_that_does_not_fit_is_in_the_menu_with_its_words(at_document, person, uid):
    alice = person("alice").sign_in()
    page = at_document(alice, uid)
    page.leads_to("edit", uid)
    page.page.evaluate(
        """() => document.querySelectorAll('nuxeo-actions-menu').forEach((menu) => {
            menu.style.width = menu.style.maxWidth = '1px';
            menu.dispatchEvent(new CustomEvent('iron-resize'));
        })"""
    )
    expect(page.page.locator(f"{LINK}[show-label]").first).to_be_attached()
    label = page.page.locator(f'[data-xpath="file:content"] {LINK} .label')
    expect(label).to_have_text("Edit in Word")
    expect(label).not_to_have_attribute("hidden", "")


@pytest.mark.parametrize(
    ("choice", "extension"), [(None, "docx"), ("Excel", "xlsx"), ("PowerPoint", "pptx")]
)
def test_a_new_document_is_made_and_opened(at_document, demo, person, uid, choice, extension):
    alice = person("alice").sign_in()
    page = at_document(alice, uid).page
    form = page.locator("nuxeo-wopi-connector-new")
    if choice:
        form.get_by_text(choice).click()
    title = f"Plan / {extension} é {uid[:8]}"
    form.get_by_label("Title").fill(title)
    alice.picture("web-ui-new")
    with alice.context.expect_page() as opened:
        form.get_by_role("button", name="Create and open").click()
    tab = opened.value
    tab.wait_for_url("**/wopi/edit/default/*/file:content")
    made = demo.nuxeo().document(tab.url.split("/")[-2])
    assert made["title"] == title
    assert made["path"].startswith(f"{DEMO_FOLDER}/")
    assert made["properties"]["dc:creator"] == "alice"
    blob = made["properties"]["file:content"]
    assert blob["name"] == f"Plan _ {extension} é {uid[:8]}.{extension}"
    assert int(blob["length"]) > 1000
    expect(tab.frame_locator("#office-frame").locator("#document")).to_be_visible()
    alice.picture_of(tab, "web-ui-new-opened")
    assert page.url.endswith(f"#!/doc/{made['uid']}")


def test_nothing_is_made_without_a_title_or_the_right_to(at_document, demo, person, uid):
    carol = person("carol").sign_in()
    page = at_document(carol, uid).page
    form = page.locator("nuxeo-wopi-connector-new")
    button = form.get_by_role("button", name="Create and open")
    button.click()
    expect(form.get_by_role("status")).to_contain_text("Give it a title first.")
    form.get_by_label("Title").fill("Hers")
    button.click()
    expect(form.get_by_role("status")).to_contain_text("You may not create a document here.")
    assert len(carol.context.pages) == 1


def test_nothing_to_complain_about_for_those_who_cannot_see_or_use_a_mouse(
    at_document, person, uid
):
    alice = person("alice").sign_in()
    page = at_document(alice, uid)
    page.leads_to("edit", uid)
    page.page.add_script_tag(path=MODULES / "axe-core/axe.min.js")
    found = page.page.evaluate(f"axe.run({{include: [['{LINK}'], ['nuxeo-wopi-connector-new']]}})")
    assert [(each["id"], each["help"]) for each in found["violations"]] == []
