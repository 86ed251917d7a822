"""The sandbox's pages and the host page, where it takes a browser to see what happens."""

import contextlib
import json
import threading

import pytest
import requests
from flask import Flask, Response
from playwright.sync_api import expect
from werkzeug.serving import make_server

from connector.app import build
from connector.support import open_session
from tests.support import DEMO_FOLDER, HOST, Wopi, docx_bytes, free_ports

pytestmark = pytest.mark.browser

SILENT_AFTER = 10_000


@contextlib.contextmanager
def serving(app, port):
    server = make_server(HOST, port, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def with_office(demo, tmp_path):
    """Makes a connector beside the demo's whose office publishes what a test wants."""
    with contextlib.ExitStack() as stack:

        def make(discovery, **settings):
            office_port, port = free_ports(1), free_ports(1)
            office = Flask("office")
            office.add_url_rule("/discovery", "discovery", lambda: Response(discovery))
            office.add_url_rule("/we", "we", lambda: "An office of few words", methods=["POST"])
            stack.enter_context(serving(office, office_port))
            url = f"http://{HOST}:{port}/nuxeo/"
            connector = build(
                demo.settings(
                    **{
                        "nuxeo.wopi.discoveryURL": f"http://{HOST}:{office_port}/discovery",
                        "nuxeo.wopi.baseURL": url,
                        "nuxeo.wopi.hostURL": url,
                        "nuxeo.wopi.dataDir": str(tmp_path / "wopi"),
                    }
                    | settings
                )
            )
            stack.callback(connector.close)
            stack.enter_context(serving(connector.app, port))
            return office_port, url, connector

        yield make


def discovery_at(url):
    return (
        "<wopi-discovery><net-zone name='external-http'><app name='Word'>"
        f"<action name='view' ext='docx' urlsrc='{url}'/>"
        f"<action name='edit' ext='docx' urlsrc='{url}'/>"
        "</app></net-zone></wopi-discovery>"
    )


def open_report(somebody, demo, connector_url):
    """A document of its own, with a clock that the test turns."""
    somebody.page.clock.install()
    uid = demo.nuxeo().create(docx_bytes("A report"))
    somebody.page.goto(f"{connector_url}wopi/edit/default/{uid}/file:content")


def test_an_office_that_is_gone_is_told(demo, person, with_office):
    alice = person("alice").sign_in()
    _, url, _ = with_office(discovery_at(f"http://{HOST}:{free_ports(1)}/we?"))
    open_report(alice, demo, url)
    bar = alice.page.locator("#silent")
    expect(alice.page.locator("#loading")).to_be_hidden()
    expect(bar).to_be_hidden()
    alice.page.clock.fast_forward(SILENT_AFTER)
    expect(bar).to_contain_text("Word has not reported that the document is open")
    alice.picture("office-gone")
    bar.get_by_role("link", name="Try again").click()
    alice.page.wait_for_load_state()
    expect(bar).to_be_hidden()
    alice.page.clock.fast_forward(SILENT_AFTER)
    alice.page.set_viewport_size({"width": 390, "height": 800})
    alice.picture("office-gone-phone")
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 390
    bar.get_by_role("link", name="Back to Sandbox Nuxeo").click()
    alice.page.wait_for_url("**/ui/#!/doc/**")


def test_an_office_that_says_nothing_is_not_in_the_way(demo, person, with_office):
    alice = person("alice").sign_in()
    office_port, url, connector = with_office("")
    (client,) = connector.clients
    client.discovery._fetch = lambda: discovery_at(f"http://{HOST}:{office_port}/we?").encode()
    open_report(alice, demo, url)
    expect(alice.frame().locator("body")).to_have_text("An office of few words")
    alice.page.clock.fast_forward(SILENT_AFTER)
    alice.page.get_by_role("button", name="Dismiss").click()
    expect(alice.page.locator("#silent")).to_be_hidden()
    alice.page.clock.fast_forward(10 * SILENT_AFTER)
    expect(alice.page.locator("#silent")).to_be_hidden()


def test_what_the_office_tells_of_close_versions_sharing_editing_and_a_new_name(
    demo, person, with_office
):
    """By the documented messages; what somebody else sends is nothing to the page."""
    alice = person("alice").sign_in()
    office_port, url, connector = with_office("")
    (client,) = connector.clients
    client.discovery._fetch = lambda: discovery_at(f"http://{HOST}:{office_port}/we?").encode()
    uid = demo.nuxeo().create(docx_bytes("A report"), "Offer.v2.docx")
    demo.nuxeo().operation("Document.AddPermission", uid, permission="Everything", user="alice")
    page = alice.page

    def tell(message_id, by=None, **values):
        text = json.dumps({"MessageId": message_id, "SendTime": 0, "Values": values})
        sender = by or page.frame("office-frame")
        sender.evaluate("text => (window.top ?? window).postMessage(text, '*')", text)

    def show(action):
        page.goto(f"{url}wopi/{action}/default/{uid}/file:content")
        expect(alice.frame().locator("body")).to_have_text("An office of few words")

    show("edit")
    expect(page).to_have_title("Offer.v2.docx \u2013 Word")
    tell("File_Rename", by=page, NewName="Forged")
    tell("UI_Close", by=page)
    tell("Unheard_Of")
    page.frame("office-frame").evaluate("top.postMessage('no JSON', '*')")
    tell("File_Rename", NewName="Angebot \u2013 neu")
    expect(page).to_have_title("Angebot \u2013 neu.docx \u2013 Word")

    document = f"{demo.nuxeo_url}ui/#!/doc/{uid}"
    for message, tab in (("UI_FileVersions", "history"), ("UI_Sharing", "permissions")):
        with alice.context.expect_page() as opened:
            tell(message)
        opened.value.wait_for_url(f"{document}?p={tab}")
        assert opened.value.evaluate("window.opener") is None
        opened.value.close()

    # Where the browser lets no tab be opened, a link is offered.
    page.evaluate("window.open = () => null")
    bar = page.locator("#elsewhere")
    expect(bar).to_be_hidden()
    tell("UI_FileVersions")
    link = bar.get_by_role("link", name="Versions in Sandbox Nuxeo")
    expect(link).to_have_attribute("href", f"{document}?p=history")
    expect(bar.get_by_role("link", name="Permissions")).to_be_hidden()
    alice.picture("versions-offered")
    bar.get_by_role("button", name="Dismiss").click()
    expect(bar).to_be_hidden()

    show("view")
    tell("UI_Edit")
    page.wait_for_url(f"{url}wopi/edit/default/{uid}/file:content")
    expect(alice.frame().locator("body")).to_have_text("An office of few words")
    tell("UI_Edit")
    tell("UI_Close")
    page.wait_for_url(document)


def test_an_office_that_answers_is_not_doubted(demo, person):
    alice = person("alice").sign_in()
    open_report(alice, demo, demo.connector_url)
    expect(alice.frame().locator("#document")).to_be_visible()
    alice.page.clock.run_for(2 * SILENT_AFTER)
    expect(alice.page.locator("#silent")).to_be_hidden()


def test_an_office_is_heard_however_its_address_is_written(demo, person, with_office):
    alice = person("alice").sign_in()
    url = f"{demo.office_url}hosting/discovery"
    published = requests.get(url, timeout=30).text.replace(f"http://{HOST}:", "HTTP://LOCALHOST:")
    _, connector_url, _ = with_office(published)
    uid = demo.nuxeo().create(name="Mine.txt", content=b"text")
    alice.page.goto(f"{connector_url}wopi/edit/default/{uid}/file:content")
    frame = alice.frame()
    expect(frame.locator("#document")).to_be_visible()
    frame.locator("#close").click()
    alice.page.wait_for_url(f"**/ui/#!/doc/{uid}")


def test_the_choice_between_two_editors_lasts_as_long_as_the_tab(demo, person, with_office):
    alice = person("alice").sign_in()
    other_port, other_url = free_ports(1), "http://127.0.0.1"
    office = Flask("other")
    discovery = discovery_at(f"{other_url}:{other_port}/we?")
    office.add_url_rule("/discovery", "discovery", lambda: Response(discovery))
    office.add_url_rule("/we", "we", lambda: "Another office", methods=["POST"])
    with serving(office, other_port):
        office_port, url, connector = with_office(
            "",
            **{
                "nuxeo.wopi.clients": "office,collabora",
                "nuxeo.wopi.client.office.label": "Microsoft 365",
                "nuxeo.wopi.client.collabora.label": "Collabora Online",
                "nuxeo.wopi.client.collabora.discoveryURL": (f"{other_url}:{other_port}/discovery"),
            },
        )
        first = connector.clients.get("office").discovery
        first._fetch = lambda: discovery_at(f"http://{HOST}:{office_port}/we?").encode()
        uids = [demo.nuxeo().create(docx_bytes("A report")) for _ in range(3)]

        def open_in(page, uid):
            page.goto(f"{url}wopi/edit/default/{uid}/file:content")
            return page.frame_locator("#office-frame").locator("body")

        expect(open_in(alice.page, uids[0])).to_have_text("An office of few words")
        choice = alice.page.get_by_role("navigation", name="Office applications for this file")
        expect(choice).to_contain_text("Opened in Microsoft 365")
        alice.picture("choice-of-editors")
        # The keyboard is enough.
        choice.get_by_role("link", name="Open in Collabora Online").focus()
        alice.page.keyboard.press("Enter")
        alice.page.wait_for_url("**?client=collabora")
        expect(choice).to_contain_text("Opened in Collabora Online")
        expect(alice.frame().locator("body")).to_have_text("Another office")
        # The next file opens there too, in this tab and in no other.
        expect(open_in(alice.page, uids[1])).to_have_text("Another office")
        expect(open_in(alice.context.new_page(), uids[2])).to_have_text("An office of few words")
        choice.get_by_role("link", name="Open in Microsoft 365").click()
        expect(alice.frame().locator("body")).to_have_text("An office of few words")
        expect(open_in(alice.page, uids[2])).to_have_text("An office of few words")
        alice.page.set_viewport_size({"width": 390, "height": 800})
        alice.picture("choice-of-editors-phone")
        assert alice.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert alice.context.cookies(url) == [
            cookie for cookie in alice.context.cookies(url) if cookie["name"] == "JSESSIONID"
        ]


def test_who_joins_is_told_why_it_is_another_editor(demo, person, with_office):
    alice = person("alice").sign_in()
    office_port, url, connector = with_office(
        "",
        **{
            "nuxeo.wopi.clients": "office,collabora",
            "nuxeo.wopi.client.collabora.label": "Collabora Online",
            "nuxeo.wopi.client.collabora.discoveryURL": "http://127.0.0.1:1/discovery",
            "nuxeo.wopi.client.collabora.proof": "off",
        },
    )
    for name in ("office", "collabora"):
        discovery = connector.clients.get(name).discovery
        discovery._fetch = lambda: discovery_at(f"http://{HOST}:{office_port}/we?").encode()
    uid = demo.nuxeo().create(docx_bytes("A report"))
    session = open_session(
        demo.settings(
            **{
                "nuxeo.wopi.clients": "collabora",
                "nuxeo.wopi.discoveryURL": "",
                "nuxeo.wopi.client.collabora.discoveryURL": "http://127.0.0.1:1/discovery",
                "nuxeo.wopi.baseURL": url,
            }
        ),
        user="bob",
        document=uid,
        xpath="file:content",
        action="edit",
        repository="default",
    )
    bob = Wopi(session["wopisrc"], session["access_token"], None)
    assert bob.lock("L").status_code == 200
    alice.page.goto(f"{url}wopi/edit/default/{uid}/file:content?client=office")
    expect(alice.page.locator("#notice")).to_contain_text(
        "This file is being edited in Collabora Online, so it opens there, too. It can be opened in"
        " Office when everybody has closed it there."
    )
    expect(alice.page.locator("#clients")).to_have_count(0)
    alice.picture("joined-elsewhere")


def test_signing_in_leads_back_to_a_document(demo, person):
    alice = person("alice")
    letter = demo.nuxeo().uid(f"{DEMO_FOLDER}/Letter")
    alice.page.goto(f"{demo.nuxeo_url}ui/#!/doc/{letter}")
    alice.page.fill("input[name=user_name]", "alice")
    alice.page.fill("input[name=user_password]", "wrong")
    alice.page.keyboard.press("Enter")
    expect(alice.page.get_by_role("alert")).to_contain_text("do not match")
    alice.picture("sign-in-failed")
    alice.complaints.clear()  # Chromium notes the status 401 of the page itself.
    alice.page.get_by_role("button", name="Alice Martin").click()
    alice.page.wait_for_url(f"**/ui/#!/doc/{letter}")
    expect(alice.page.locator(f"#doc-{letter}")).to_have_class("row marked")


def test_the_start_page_shows_what_changed_meanwhile(demo, person):
    alice = person("alice").sign_in()
    nuxeo = demo.nuxeo("bob")
    uid = nuxeo.create()
    row = alice.page.locator(f"#doc-{uid}")
    expect(row).to_have_count(0)
    alice.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(row).to_contain_text("by Bob Keller")
    nuxeo.operation("Document.Lock", uid)
    alice.page.evaluate("window.mine = document.querySelector('.row')")
    alice.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(row).to_contain_text("Locked by Bob Keller")
    shown = "document.querySelector('.row').parentElement.innerHTML"
    for _ in range(5):
        before = alice.page.evaluate(shown)
        alice.page.evaluate("window.mine = document.querySelector('.row')")
        with alice.page.expect_response("**/ui/"):
            alice.page.evaluate("window.dispatchEvent(new Event('focus'))")
        alice.page.wait_for_timeout(200)
        if alice.page.evaluate("window.mine.isConnected"):
            break
        # What other tests have left behind may be given back at this very moment.
        assert alice.page.evaluate(shown) != before, "replaced though nothing had changed"
    else:
        pytest.fail("the page never stays as it is")
    nuxeo.operation("Document.Unlock", uid)


def test_somebody_signed_out_elsewhere_is_asked_to_sign_in(demo, person):
    alice = person("alice").sign_in()
    alice.context.request.get(f"{demo.nuxeo_url}logout")
    alice.page.evaluate("window.dispatchEvent(new Event('focus'))")
    alice.page.wait_for_url("**/login.jsp**")


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_long_titles_and_names_do_not_break_the_page(demo, person, width):
    uid = demo.nuxeo().create(name=f"{'n' * 200}.docx")
    title = {"entity-type": "document", "properties": {"dc:title": "T" * 250}}
    demo.nuxeo().call("PUT", f"api/v1/id/{uid}", json=title)
    alice = person("alice", viewport={"width": width, "height": 800}).sign_in()
    alice.page.goto(f"{demo.nuxeo_url}ui/#!/doc/{uid}")
    expect(alice.page.locator(f"#doc-{uid}")).to_be_visible()
    alice.picture(f"long-title-{width}")
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= width
    demo.nuxeo().call("DELETE", f"api/v1/id/{uid}")


def test_text_files_open_from_the_start_page(demo, person):
    uid = demo.nuxeo().create(name="Notes.txt", content=b"Dear diary")
    alice = person("alice").sign_in()
    alice.follow(f"#doc-{uid} >> text=Edit text")
    expect(alice.frame().locator("#document")).to_contain_text("Dear diary")
    demo.nuxeo().call("DELETE", f"api/v1/id/{uid}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["login.jsp", "ui/", "nothing", "wopi/"])
def test_pages_can_be_read_and_hit(demo, person, scheme, path):
    """WCAG AA: contrast of all text, and of the edges of fields; targets of 24 pixels or more."""
    alice = person("alice", color_scheme=scheme)
    if path == "ui/":
        alice.sign_in()
    base = demo.connector_url if path == "wopi/" else demo.nuxeo_url
    alice.page.goto(base + path)
    alice.complaints.clear()  # Chromium notes the status 404 of the page itself.
    assert alice.page.evaluate(UNREADABLE) == []
    for target in alice.page.locator("a, button, input:not([type=hidden])").all():
        assert target.bounding_box()["height"] >= 24


UNREADABLE = """
() => {
  const parts = (color) => (color.match(/[\\d.]+/g) || []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = parts(color).slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (parts(color)[3] !== 0) {
        return color;
      }
    }
    return "rgb(255, 255, 255)";
  };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (hasText && contrast(style.color, behind(element)) < 4.5) {
      bad.push(`${element.outerHTML.slice(0, 80)}: ${contrast(style.color, behind(element))}`);
    }
    const isField = element.matches("input:not([type=hidden])");
    if (isField && contrast(style.borderTopColor, behind(element.parentElement)) < 3) {
      bad.push(`edge of ${element.outerHTML.slice(0, 80)}`);
    }
  }
  return bad;
}
"""
