"""A save fails, and the page tells whoever saved where their text is, in their language."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support import docx_bytes, paragraphs

pytestmark = pytest.mark.browser

AGAIN_AFTER = 30_000


@pytest.fixture
def uid(demo):
    return demo.nuxeo("alice").create(docx_bytes("A report"), name="Report.docx")


@pytest.fixture
def fail(demo, uid):
    """Makes a save of somebody's fail: an administrator has ended the session."""

    def fail(user, text):
        client = demo.open(user, uid)
        assert client.lock("L").status_code == 200
        demo.nuxeo().operation("Document.Unlock", uid)
        failed = client.put(docx_bytes(text), "L")
        assert failed.status_code == 409
        words = failed.headers["X-WOPI-LockFailureReason"].partition(":")[0]
        return words.rpartition(" ")[2], client

    return fail


@pytest.mark.parametrize(
    ("language", "said", "button"),
    [
        ("de-DE", "konnte nicht in Sandbox Nuxeo gespeichert werden. Sie ist", "Herunterladen"),
        ("fr-FR", "pas pu être enregistrée dans Sandbox Nuxeo. Elle est", "Télécharger"),
    ],
)
def test_the_text_is_told_of_and_downloaded(demo, person, uid, fail, language, said, button):
    number, _ = fail("alice", "My lost words")
    alice = person("alice", locale=language, accept_downloads=True).sign_in()
    alice.open(uid)
    bar = alice.page.locator("#kept")
    expect(bar).to_contain_text(said)
    expect(bar).to_contain_text(number)
    assert alice.page.evaluate("document.documentElement.lang") == language[:2]
    alice.picture(f"kept-save-{language[:2]}")
    with alice.page.expect_download() as started:
        bar.get_by_role("button", name=button).click()
    download = started.value
    assert download.suggested_filename == "Report.docx"
    assert paragraphs(Path(download.path()).read_bytes()) == ["My lost words"]
    alice.page.set_viewport_size({"width": 390, "height": 800})
    alice.picture(f"kept-save-{language[:2]}-phone")
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_is_told_while_the_page_is_open_and_to_nobody_else(demo, person, uid, fail):
    alice, bob = person("alice").sign_in(), person("bob").sign_in()
    for somebody in (alice, bob):
        somebody.page.clock.install()
        somebody.open(uid, "view")
        expect(somebody.page.locator("#kept")).to_be_hidden()
    number, client = fail("alice", "My lost words")
    for somebody in (alice, bob):
        with somebody.page.expect_response("**/wopi/state/**"):
            somebody.page.clock.fast_forward(AGAIN_AFTER)
    expect(alice.page.locator("#kept")).to_contain_text(f"name the number {number}")
    expect(bob.page.locator("#kept")).to_be_hidden()
    # Her office client comes again, and the text is in Nuxeo after all.
    client.lock("L")
    assert client.put(docx_bytes("My words, and more"), "L").status_code == 200
    client.unlock("L")
    alice.page.clock.fast_forward(AGAIN_AFTER)
    expect(alice.page.locator("#kept")).to_be_hidden()
