"""Every page of ours, in every state: no barrier, light or dark, on a desk or on a phone."""

import pytest
from playwright.sync_api import expect

from connector.file_reference import FileReference
from connector.host import problems
from connector.host.problem_pages import NotOpened, ProblemPages
from connector.host.problems import Problem
from tests.browser.barriers import barriers, too_wide
from tests.browser.offices import WORDS
from tests.own_domain import OwnDomain
from tests.support import docx_bytes

pytestmark = pytest.mark.browser

PROBLEMS = {name: each for name, each in vars(problems).items() if isinstance(each, Problem)}
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(docx_bytes("A report"), f"{'long-name-' * 12}.docx")


def found_on(somebody, what):
    """Barriers on the page as it is, and again on a phone, where nothing may be cut off."""
    found = []
    for name, size in (("desk", DESK), ("phone", PHONE)):
        somebody.page.set_viewport_size(size)
        found += [f"{what}, {name}: {each}" for each in barriers(somebody.page)]
        if too_wide(somebody.page):
            found.append(f"{what}, {name}: {too_wide(somebody.page)} pixels too wide")
    somebody.page.set_viewport_size(DESK)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_that_say_why_a_file_is_not_opened(demo, with_office, person, scheme):
    office = with_office()
    reference = FileReference("default", "x", "file:content")
    pages = ProblemPages(office.connector.links, "Sandbox Nuxeo", "en-US")

    def show(name):
        file_name = "Offer.docx" if PROBLEMS[name] is problems.NOT_AN_OFFICE_FILE else None
        return pages.page(
            NotOpened(PROBLEMS[name], reference=reference, file_name=file_name, name="Ana")
        )

    office.connector.app.add_url_rule("/problem/<name>", "problem", show)
    alice = person("alice", color_scheme=scheme)
    found = []
    for name in PROBLEMS:
        alice.page.goto(f"{office.url.removesuffix('nuxeo/')}problem/{name}")
        expect(alice.page.get_by_role("heading")).to_have_text(
            PROBLEMS[name].title.replace("{name}", "Ana")
        )
        found += found_on(alice, name)
    alice.expected("the server responded with a status of")
    assert not found, "\n".join(found)


def shown(somebody, selector):
    expect(somebody.page.locator(selector)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_host_page_in_all_its_states(demo, with_office, person, uid, scheme):
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    alice = person("alice", color_scheme=scheme).sign_in()
    alice.page.clock.install()
    page, found = alice.page, []

    def look(what, selector):
        shown(alice, selector)
        found.extend(found_on(alice, what))

    # Before the frame is there.
    page.route("**/we?**", lambda route: None)
    page.goto(f"{office.url}wopi/edit/default/{uid}/file:content")
    page.evaluate(
        "document.getAnimations().forEach("
        "(each) => each.animationName === 'appear' && each.finish())"
    )
    look("loading", "#slow")
    page.unroute("**/we?**")

    office.show(alice, uid)
    page.clock.fast_forward(10_000)
    look("silent", "#silent")
    office.tell(alice, "App_LoadingStatus", Status="Failed")
    look("trouble", "#trouble")
    office.tell(alice, "App_LoadingStatus", Status="Document_Loaded")
    client = office.wopi()
    client.lock("L")
    assert client.put(docx_bytes("More"), "L").status_code == 200
    demo.nuxeo().operation("Document.Unlock", uid)
    assert client.put(docx_bytes("Lost"), "L").status_code == 409
    page.clock.run_for(30_000)
    look("kept", "#kept")
    look("saved", "#saved")
    page.evaluate("window.open = () => null")
    office.tell(alice, "UI_FileVersions")
    look("versions", "#elsewhere")
    office.tell(alice, "Session_Closed", Reason="OwnerTermination")
    look("ending", "#ending")
    office.tell(alice, "UI_SaveAs")
    look("save as", "#save-as")
    page.keyboard.press("Escape")

    demo.nuxeo("bob").operation("Document.Lock", uid)
    office.show(alice, uid)
    look("locked", "#notice")
    page.get_by_role("button", name="Tell me when it is free").click()
    look("waiting", "#waiting")
    demo.nuxeo("bob").operation("Document.Unlock", uid)
    page.clock.run_for(30_000)
    look("free", "#free")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sandboxs_pages_and_its_office(demo, person, uid, scheme):
    alice = person("alice", color_scheme=scheme)
    found = []
    for path in ("login.jsp", "nothing"):
        alice.page.goto(demo.nuxeo_url + path)
        found += found_on(alice, path)
    alice.sign_in()
    found += found_on(alice, "start page")
    alice.open(uid)
    expect(alice.frame().locator("#document")).to_be_visible()
    found += [f"office: {each}" for each in barriers(alice.page.frame("office-frame"))]
    alice.expected("status of 404")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_choice_of_editors_and_what_is_shown_in_a_frame(demo, with_office, person, uid, scheme):
    office = with_office(
        **{
            "nuxeo.wopi.clients": "office,second",
            "nuxeo.wopi.client.second.discoveryURL": f"{demo.office_url}hosting/discovery",
        }
    )
    alice = person("alice", color_scheme=scheme).sign_in()
    office.show(alice, uid)
    shown(alice, "#clients")
    found = found_on(alice, "choice")
    office.show(alice, uid, "embedview")
    found += found_on(alice, "embedded")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_on_which_a_user_agrees_to_be_known(demo, person, scheme, tmp_path):
    with OwnDomain(demo, tmp_path / "wopi") as own:
        own.change(isAutoGrant=False)
        alice = person("alice", color_scheme=scheme).sign_in()
        uid = demo.nuxeo().create(docx_bytes("A report"))
        alice.page.goto(own.page(uid))
        alice.page.wait_for_url("**/oauth2/authorize**")
        found = found_on(alice, "agreeing")
    assert not found, "\n".join(found)


def test_everything_on_the_host_page_can_be_done_by_keyboard(demo, with_office, person, uid):
    demo.nuxeo("bob").operation("Document.Lock", uid)
    office = with_office()
    alice = person("alice").sign_in()
    office.show(alice, uid)
    reached = []
    alice.page.locator("body").focus()
    for _ in range(4):
        alice.page.keyboard.press("Tab")
        reached.append(alice.page.evaluate("document.activeElement.textContent"))
    assert reached[:3] == ["Tell me when it is free", "Try again", "Back to Sandbox Nuxeo"]
    # And the frame is reached, and can be left.
    assert alice.page.evaluate("document.activeElement.id") == "office-frame"
    expect(alice.frame().locator("body")).to_contain_text(WORDS)


@pytest.mark.parametrize(
    ("language", "locked", "saved"),
    [
        ("en-GB", "Locked by Bob Keller in Nuxeo.", "Saved to Sandbox Nuxeo at"),
        ("fr-CA", "Verrouillé par Bob Keller", "Enregistré dans Sandbox Nuxeo par"),
        ("de-AT", "Bob Keller", "In Sandbox Nuxeo gespeichert von"),
        ("es-MX", "Bob Keller", "Guardado en Sandbox Nuxeo por"),
        ("ja-JP", "Locked by Bob Keller in Nuxeo.", "Saved to Sandbox Nuxeo at"),
    ],
)
def test_the_page_speaks_the_browsers_language(
    demo, with_office, person, uid, language, locked, saved
):
    office = with_office()
    alice = person("alice", locale=language).sign_in()
    office.show(alice, uid)
    client = office.wopi()
    client.lock("L")
    assert client.put(docx_bytes("More"), "L").status_code == 200
    client.unlock("L")
    demo.nuxeo("bob").operation("Document.Lock", uid)
    office.show(alice, uid)
    expect(alice.page.locator("#notice")).to_contain_text(locked)
    expect(alice.page.locator("#saved")).to_contain_text(saved)
    shown_in = alice.page.evaluate("document.documentElement.lang")
    assert shown_in == (language[:2] if language[:2] != "ja" else "en")
    alice.picture(f"language-{language[:2]}")
