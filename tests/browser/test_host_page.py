"""The host page around an office client that says what a test wants it to."""

from functools import partial

import pytest
import requests
from flask import Flask, Response
from playwright.sync_api import expect

from connector.support import open_session
from tests.browser.offices import WORDS, discovery_at, serving
from tests.support import HOST, Wopi, docx_bytes, free_ports

pytestmark = pytest.mark.browser

SILENT_AFTER = 10_000


def open_report(somebody, demo, connector_url):
    """A document of its own, with a clock that the test turns."""
    somebody.page.clock.install()
    uid = demo.nuxeo().create(docx_bytes("A report"))
    somebody.page.goto(f"{connector_url}wopi/edit/default/{uid}/file:content")


def test_an_office_that_is_gone_is_told(demo, with_office, person):
    alice = person("alice").sign_in()
    office = with_office(discovery_at(f"http://{HOST}:{free_ports(1)}/we?"))
    open_report(alice, demo, office.url)
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


def test_an_office_that_says_nothing_is_not_in_the_way(demo, with_office, person):
    alice = person("alice").sign_in()
    open_report(alice, demo, with_office().url)
    expect(alice.frame().locator("body")).to_contain_text(WORDS)
    alice.page.clock.fast_forward(SILENT_AFTER)
    alice.page.get_by_role("button", name="Dismiss").click()
    expect(alice.page.locator("#silent")).to_be_hidden()
    alice.page.clock.fast_forward(10 * SILENT_AFTER)
    expect(alice.page.locator("#silent")).to_be_hidden()


def test_what_the_office_tells_of_close_versions_sharing_editing_and_a_new_name(
    demo, with_office, person
):
    """By the documented messages; what somebody else sends is nothing to the page."""
    alice = person("alice").sign_in()
    office = with_office()
    uid = demo.nuxeo().create(docx_bytes("A report"), "Offer.v2.docx")
    demo.nuxeo().operation("Document.AddPermission", uid, permission="Everything", user="alice")
    page, tell = alice.page, partial(office.tell, alice)

    office.show(alice, uid)
    expect(page).to_have_title("Offer.v2.docx \u2013 Word")
    tell("File_Rename", sender=page, NewName="Forged")
    tell("UI_Close", sender=page)
    tell("Unheard_Of")
    # From the office's own origin, but another frame of it.
    page.evaluate(
        "url => document.body.append("
        "Object.assign(document.createElement('iframe'), {name: 'other', src: url}))",
        f"http://{HOST}:{office.port}/other",
    )
    page.wait_for_function("window.frames.other && window.frames.length === 2")
    expect(page.frame_locator("[name=other]").locator("body")).to_contain_text(WORDS)
    for message, values in (("File_Rename", {"NewName": "Forged"}), ("UI_Close", {})):
        tell(message, sender=page.frame("other"), **values)
    page.locator("[name=other]").evaluate("each => each.remove()")
    page.frame("office-frame").evaluate("top.postMessage('no JSON', '*')")
    tell("File_Rename", NewName="Angebot \u2013 neu")
    expect(page).to_have_title("Angebot \u2013 neu.docx \u2013 Word")
    expect(page.get_by_role("heading", level=1)).to_have_text("Angebot \u2013 neu.docx")

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
    tell("UI_Share")
    expect(bar.get_by_role("link", name="Permissions")).to_be_visible()
    alice.picture("sharing-offered")
    bar.get_by_role("button", name="Dismiss").click()
    expect(bar).to_be_hidden()

    office.show(alice, uid, "view")
    tell("UI_Edit")
    page.wait_for_url(f"{office.url}wopi/edit/default/{uid}/file:content")
    expect(alice.frame().locator("body")).to_contain_text(WORDS)
    tell("UI_Edit")
    tell("UI_Close")
    page.wait_for_url(document)
    expect(page.locator(f"#doc-{uid}")).to_be_visible()
    alice.picture("closed")


def test_an_office_that_answers_is_not_doubted(demo, person):
    alice = person("alice").sign_in()
    open_report(alice, demo, demo.connector_url)
    expect(alice.frame().locator("#document")).to_be_visible()
    alice.page.clock.run_for(2 * SILENT_AFTER)
    expect(alice.page.locator("#silent")).to_be_hidden()


def test_an_office_is_heard_however_its_address_is_written(demo, with_office, person):
    alice = person("alice").sign_in()
    url = f"{demo.office_url}hosting/discovery"
    published = requests.get(url, timeout=30).text.replace(f"http://{HOST}:", "HTTP://LOCALHOST:")
    connector_url = with_office(published).url
    uid = demo.nuxeo().create(name="Mine.txt", content=b"text")
    alice.page.goto(f"{connector_url}wopi/edit/default/{uid}/file:content")
    frame = alice.frame()
    expect(frame.locator("#document")).to_be_visible()
    frame.locator("#close").click()
    alice.page.wait_for_url(f"**/ui/#!/doc/{uid}")


def test_the_choice_between_two_editors_lasts_as_long_as_the_tab(demo, with_office, person):
    alice = person("alice").sign_in()
    other_port, other_url = free_ports(1), "http://127.0.0.1"
    other = Flask("other")
    discovery = discovery_at(f"{other_url}:{other_port}/we?")
    other.add_url_rule("/discovery", "discovery", lambda: Response(discovery))
    other.add_url_rule("/we", "we", lambda: "Another office", methods=["POST"])
    with serving(other, other_port):
        office = with_office(
            **{
                "nuxeo.wopi.clients": "office,collabora",
                "nuxeo.wopi.client.office.label": "Microsoft 365",
                "nuxeo.wopi.client.collabora.label": "Collabora Online",
                "nuxeo.wopi.client.collabora.discoveryURL": (f"{other_url}:{other_port}/discovery"),
            },
        )
        url = office.url
        uids = [demo.nuxeo().create(docx_bytes("A report")) for _ in range(3)]

        def open_in(page, uid):
            page.goto(f"{url}wopi/edit/default/{uid}/file:content")
            return page.frame_locator("#office-frame").locator("body")

        expect(open_in(alice.page, uids[0])).to_contain_text(WORDS)
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
        expect(open_in(alice.context.new_page(), uids[2])).to_contain_text(WORDS)
        choice.get_by_role("link", name="Open in Microsoft 365").click()
        expect(alice.frame().locator("body")).to_contain_text(WORDS)
        expect(open_in(alice.page, uids[2])).to_contain_text(WORDS)
        alice.page.set_viewport_size({"width": 390, "height": 800})
        alice.picture("choice-of-editors-phone")
        assert alice.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert alice.context.cookies(url) == [
            cookie for cookie in alice.context.cookies(url) if cookie["name"] == "JSESSIONID"
        ]


def test_who_joins_is_told_why_it_is_another_editor(demo, with_office, person):
    alice = person("alice").sign_in()
    office = with_office(
        **{
            "nuxeo.wopi.clients": "office,collabora",
            "nuxeo.wopi.client.collabora.label": "Collabora Online",
            "nuxeo.wopi.client.collabora.discoveryURL": "http://127.0.0.1:1/discovery",
            "nuxeo.wopi.client.collabora.proof": "off",
        },
    )
    discovery = office.connector.clients.get("collabora").discovery
    discovery._fetch = lambda: discovery_at(f"http://{HOST}:{office.port}/we?").encode()
    uid = demo.nuxeo().create(docx_bytes("A report"))
    session = open_session(
        demo.settings(
            **{
                "nuxeo.wopi.clients": "collabora",
                "nuxeo.wopi.discoveryURL": "",
                "nuxeo.wopi.client.collabora.discoveryURL": "http://127.0.0.1:1/discovery",
                "nuxeo.wopi.baseURL": office.url,
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
    alice.page.goto(f"{office.url}wopi/edit/default/{uid}/file:content?client=office")
    expect(alice.page.locator("#notice")).to_contain_text(
        "This file is being edited in Collabora Online, so it opens there, too. It can be opened in"
        " Office when everybody has closed it there."
    )
    expect(alice.page.locator("#clients")).to_have_count(0)
    alice.picture("joined-elsewhere")
