"""Click, edit, save: what people see, and what is in Nuxeo afterwards."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import click_save
from tests.support import DEMO_FOLDER, docx_bytes, paragraphs

pytestmark = pytest.mark.browser


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(
        docx_bytes("Dear Ms Moreau,", "thank you for your order.", "Kind regards"), "Offer.docx"
    )


def write(frame, index, text):
    paragraph = frame.locator(f"[data-paragraph='{index}']")
    paragraph.click()
    paragraph.fill(text)


def saved(frame):
    expect(frame.locator("#status")).to_have_text(re.compile(r"^Saved at \d"))


def go_elsewhere(someone):
    someone.page.goto(f"{someone.demo.nuxeo_url}ui/")


def given_back(demo, uid):
    """Whether Nuxeo's lock has gone soon: long before the office misses a page, in two minutes."""
    deadline = time.monotonic() + 30
    while "lockOwner" in demo.nuxeo().document(uid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_from_the_start_page_to_a_saved_document(demo, person):
    """The whole way, as in the README."""
    alice = person("alice").sign_in()
    alice.picture("start-page")
    letter = demo.nuxeo().uid(f"{DEMO_FOLDER}/Letter")
    alice.follow(f"a[href$='/wopi/edit/default/{letter}/file:content']")
    frame = alice.frame()
    expect(frame.locator("#document")).to_be_visible()
    write(frame, 0, "Written in the browser by Alice")
    click_save(frame)
    saved(frame)
    alice.picture("editor")

    nuxeo = demo.nuxeo()
    assert paragraphs(nuxeo.content(letter))[0] == "Written in the browser by Alice"
    document = nuxeo.document(letter)
    assert document["properties"]["dc:lastContributor"] == "alice"
    assert document["lockOwner"] == "alice"

    frame.locator("#close").click()
    alice.page.wait_for_url(f"**/ui/#!/doc/{letter}")
    assert "lockOwner" not in nuxeo.document(letter)


def test_it_saves_by_itself(demo, person, uid):
    frame = person("bob").sign_in().open(uid)
    write(frame, 1, "thank you for waiting.")
    saved(frame)
    nuxeo = demo.nuxeo()
    assert paragraphs(nuxeo.content(uid))[1] == "thank you for waiting."
    assert nuxeo.document(uid)["properties"]["dc:lastContributor"] == "bob"


def test_closing_the_tab_gives_the_document_back(demo, person, uid):
    alice = person("alice").sign_in()
    frame = alice.open(uid)
    expect(frame.locator("#document")).to_be_visible()
    assert demo.nuxeo().document(uid)["lockOwner"] == "alice"
    go_elsewhere(alice)
    assert given_back(demo, uid)


def test_leaving_before_the_editor_is_complete_gives_the_document_back(demo, person, uid):
    alice = person("alice").sign_in()
    alice.page.route("**/static/saver.js", lambda _route: None)  # It never comes.
    alice.page.goto(
        f"{demo.connector_url}wopi/edit/default/{uid}/file:content", wait_until="commit"
    )
    expect(alice.frame().locator("#document")).to_be_visible()
    assert demo.nuxeo().document(uid)["lockOwner"] == "alice"
    go_elsewhere(alice)
    assert given_back(demo, uid)


def test_a_reader_sees_the_document_and_why_it_cannot_be_changed(demo, person, uid):
    carol = person("carol").sign_in()
    frame = carol.open(uid)
    expect(frame.locator("#document")).to_contain_text("thank you for your order.")
    expect(carol.page.locator("#notice")).to_contain_text("no permission to change it")
    expect(frame.locator("#save")).to_have_count(0) if not frame.locator(
        "#save"
    ).count() else expect(frame.locator("#save")).to_be_hidden()
    carol.picture("reader")
    assert "lockOwner" not in demo.nuxeo().document(uid)


def test_a_second_person_finds_it_locked_in_the_meantime(demo, person, uid):
    alice, bob = person("alice").sign_in(), person("bob").sign_in()
    first = alice.open(uid)
    write(first, 0, "Alice was first")
    saved(first)

    second = bob.open(uid)
    expect(second.locator("#notice")).to_contain_text("alice")
    expect(second.locator("#document")).to_contain_text("Alice was first")
    bob.picture("locked-by-somebody-else")
    assert paragraphs(demo.nuxeo().content(uid))[0] == "Alice was first"

    first.locator("#close").click()
    alice.page.wait_for_url("**/ui/**")
    second.get_by_role("button", name=re.compile("try again", re.IGNORECASE)).click()
    write(second, 0, "Bob came second")
    saved(second)
    nuxeo = demo.nuxeo()
    assert paragraphs(nuxeo.content(uid))[0] == "Bob came second"
    assert nuxeo.document(uid)["properties"]["dc:lastContributor"] == "bob"


def test_a_lock_set_by_hand_is_told_on_the_page(demo, person, uid):
    demo.nuxeo("bob").operation("Document.Lock", uid)
    alice = person("alice").sign_in()
    frame = alice.open(uid)
    expect(alice.page.locator("#notice")).to_contain_text("Locked by Bob")
    expect(frame.locator("#document")).to_contain_text("thank you for your order.")
    alice.picture("locked-in-nuxeo")


@pytest.mark.parametrize(
    ("name", "text"), [("Budget", None), ("Slides", None), ("Validator", None)]
)
def test_other_kinds_of_files_open_too(demo, person, name, text):
    alice = person("alice").sign_in()
    frame = alice.open(demo.nuxeo().uid(f"{DEMO_FOLDER}/{name}"))
    expect(frame.locator("#document")).to_be_visible()
    alice.picture(f"editor-{name.lower()}")


def test_an_attachment_opens_and_is_saved(demo, person):
    nuxeo = demo.nuxeo()
    uid = nuxeo.create(
        docx_bytes("main"), attachments=[("Annex.docx", docx_bytes("annex")), ("b.docx", b"b")]
    )
    frame = person("alice").sign_in().open(uid, xpath="files:files/0/file")
    write(frame, 0, "annex, changed")
    saved(frame)
    assert paragraphs(nuxeo.content(uid, "files:files/0/file")) == ["annex, changed"]
    assert paragraphs(nuxeo.content(uid)) == ["main"]
    assert nuxeo.content(uid, "files:files/1/file") == b"b"


def test_the_calls_that_were_made_are_listed(person, uid):
    frame = person("alice").sign_in().open(uid)
    calls = frame.locator("#calls")
    for operation in ("CheckFileInfo", "Lock", "GetFile"):
        expect(calls).to_contain_text(operation)
    assert "eyJ" not in calls.inner_text()


def test_signing_in_on_the_way_leads_to_the_document(demo, person, uid):
    alice = person("alice")
    alice.page.goto(f"{demo.connector_url}wopi/edit/default/{uid}/file:content")
    alice.complaints.clear()  # Chromium notes the status 401 of the page itself.
    alice.page.click("text=Sign in to Nuxeo")
    alice.page.fill("input[name=user_name]", "alice")
    alice.page.fill("input[name=user_password]", "alice")
    alice.page.keyboard.press("Enter")
    expect(alice.frame().locator("#document")).to_contain_text("thank you for your order.")


def test_what_went_wrong_looks_like_a_page(demo, person, uid):
    dave = person("dave").sign_in()
    dave.page.goto(f"{demo.connector_url}wopi/edit/default/{uid}/file:content")
    expect(dave.page.locator("h1")).to_have_text("You may not open this document")
    dave.picture("no-right")
    dave.complaints.clear()


def test_it_works_on_a_phone_and_in_the_dark(person, uid):
    alice = person(
        "alice", viewport={"width": 390, "height": 800}, color_scheme="dark", has_touch=True
    ).sign_in()
    alice.picture("phone-start-page")
    frame = alice.open(uid)
    expect(frame.locator("#document")).to_be_visible()
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 390
    alice.picture("phone-editor")
