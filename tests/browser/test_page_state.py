"""What the host page tells by itself: saves, people, the end of a session, and what went wrong."""

import re
import time
from datetime import datetime
from functools import partial

import jwt
import pytest
from playwright.sync_api import expect

from tests.fault_proxy import FaultProxy
from tests.support import docx_bytes, paragraphs

pytestmark = pytest.mark.browser

HOUR = 3600_000
LOOKS_AGAIN = 15_000


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(docx_bytes("A report"), "Offer.docx")


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def pass_time(office, somebody, milliseconds):
    """On both sides: a laptop may sleep meanwhile."""
    office.clock.offset += milliseconds / 1000
    somebody.page.clock.fast_forward(milliseconds)


def look(somebody):
    """Have the page ask the connector once more, and wait for the answer."""
    with somebody.page.expect_response("**/wopi/state/**"):
        somebody.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def in_nuxeo(uid, demo):
    return paragraphs(demo.nuxeo().content(uid))


def test_saves_and_people_are_told_to_all_who_look(demo, person, uid):
    alice, bob = person("alice").sign_in(), person("bob").sign_in()
    bob.page.clock.install()
    alice.open(uid)
    text = alice.frame().locator("[data-paragraph='0']")
    expect(text).to_have_text("A report")
    expect(alice.page.locator("#status")).to_be_hidden()
    bob.open(uid, "view")
    expect(bob.page.locator("#editing")).to_have_text("Editing now: Alice Martin")
    expect(bob.page.locator("#saved")).to_have_text("")
    text.click()
    alice.page.keyboard.press("End")
    alice.page.keyboard.type(" and more")
    expect(alice.frame().locator("#status")).to_contain_text("Saved at")
    expect(alice.page.locator("#saved")).to_have_text(
        re.compile(r"Saved to Sandbox Nuxeo at \d+:\d\d\s[AP]M by you"), timeout=45_000
    )
    alice.picture("saved-by-you")
    assert in_nuxeo(uid, demo) == ["A report and more"]
    look(bob)
    expect(bob.page.locator("#saved")).to_have_text(re.compile("Saved to .* by Alice Martin"))
    expect(bob.frame().locator("#document")).to_contain_text("A report")
    expect(bob.frame().locator("#document")).not_to_contain_text("and more")
    bob.picture("saved-by-somebody-else")
    alice.page.goto(demo.nuxeo_url)
    look(bob)
    expect(bob.page.locator("#editing")).to_have_text("")
    bob.page.locator("#status").get_by_role("link", name="Load the page anew").click()
    expect(bob.frame().locator("#document")).to_contain_text("and more")
    expect(bob.page.locator("#saved")).to_contain_text("by Alice Martin")
    expect(bob.page.locator("#anew")).to_be_hidden()
    # Whoever comes later is told, too, and the page stays as wide as the screen.
    carol = person("carol", viewport={"width": 390, "height": 800}).sign_in()
    carol.open(uid, "view")
    expect(carol.page.locator("#saved")).to_contain_text("by Alice Martin")
    carol.picture("saved-phone")
    assert carol.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_who_has_it_is_named_and_when_it_is_free_is_told(demo, person, uid):
    demo.nuxeo("bob").operation("Document.Lock", uid)
    alice = person("alice", permissions=["notifications"]).sign_in()
    alice.page.clock.install()
    alice.page.add_init_script(
        "window.told = []; window.Notification = class extends EventTarget {"
        " static permission = 'granted'; close() {}"
        " constructor(text) { super(); window.told.push(text); } };"
    )
    alice.open(uid)
    notice = alice.page.locator("#notice")
    expect(notice).to_contain_text("Locked by Bob Keller in Nuxeo.")
    expect(alice.frame().locator("#document")).to_contain_text("A report")
    alice.picture("tell-me-when-free")
    notice.get_by_role("button", name="Tell me when it is free").click()
    expect(notice).to_contain_text("Bob Keller has it. You will be told here when it is free.")
    look(alice)
    expect(alice.page.locator("#free")).to_be_hidden()
    demo.nuxeo("bob").operation("Document.Unlock", uid)
    # By itself, after a while.
    alice.page.clock.run_for(2 * LOOKS_AGAIN)
    free = alice.page.locator("#free")
    expect(free).to_be_visible()
    expect(free).to_contain_text("Offer.docx is free now.")
    expect(notice).to_be_hidden()
    expect(alice.page).to_have_title(re.compile("^● Offer.docx"))
    assert alice.page.evaluate("window.told") == ["Offer.docx is free now."]
    alice.picture("free-now")
    free.get_by_role("link", name="Edit it now").click()
    expect(alice.page.locator("#notice")).to_have_count(0)
    expect(alice.frame().locator("#status")).to_have_text("Saves by itself as you type")


def test_collabora_gets_another_token_before_one_ends(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    office.show(alice, uid)
    first = office.tokens[-1]
    assert office.wopi().get().status_code == 200
    assert office.wopi().lock("L").status_code == 200
    # Not before the document is there: Collabora would not hear it.
    office.tell(alice, "App_LoadingStatus", Status="Frame_Ready")
    pass_time(office, alice, 9.8 * HOUR)
    alice.page.wait_for_timeout(300)
    assert not alice.page.frame("office-frame").evaluate(
        "window.heard.some(each => each.MessageId === 'Reset_Access_Token')"
    )
    office.load(alice)
    (values,) = office.heard(alice, "Reset_Access_Token")
    renewed = values["token"]
    assert claims(renewed)["session"] == claims(first)["session"]
    assert claims(renewed)["page"] == claims(first)["page"]
    assert values["ttl"] == claims(renewed)["exp"] * 1000
    assert values["ttl"] > (time.time() + 19 * 3600) * 1000
    expect(alice.page.locator("#ending")).to_be_hidden()
    # Renewed in time, and again: an evening's text is saved in the morning.
    pass_time(office, alice, 9.8 * HOUR)
    frame = alice.page.frame("office-frame")
    frame.wait_for_function(
        "window.heard.filter(each => each.MessageId === 'Reset_Access_Token').length === 2"
    )
    latest = office.heard(alice, "Reset_Access_Token")[-1]["token"]
    client = office.wopi(latest)
    assert client.lock("L").status_code == 200
    assert client.put(docx_bytes("In the morning"), "L").status_code == 200
    assert in_nuxeo(uid, demo) == ["In the morning"]
    look(alice)
    expect(alice.page.locator("#saved")).to_contain_text("by you")
    alice.picture("saved-after-renewals")
    assert first not in alice.page.content()


def test_a_laptop_that_slept_goes_on_when_its_user_is_known(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    office.show(alice, uid)
    office.load(alice)
    # Over the weekend. The browser is signed in still, which is enough.
    pass_time(office, alice, 60 * HOUR)
    assert office.wopi(office.heard(alice, "Reset_Access_Token")[-1]["token"]).info()
    # And another one; meanwhile the session in Nuxeo is over.
    alice.context.request.get(f"{demo.nuxeo_url}logout")
    pass_time(office, alice, 60 * HOUR)
    bar = alice.page.locator("#ending")
    expect(bar).to_contain_text("Sandbox Nuxeo wants to know again who you are")
    expect(bar.get_by_role("button", name="Load the page anew")).to_be_hidden()
    alice.picture("sign-in-again")
    alice.expected("status of 401")
    with alice.context.expect_page() as opened:
        bar.get_by_role("link", name="Sign in again").click()
    other = opened.value
    expect(other.get_by_role("heading")).to_have_text("Please sign in")
    alice.expected("status of 401")
    expect(other.get_by_role("link", name="Sign in to Nuxeo")).to_be_visible()
    # Nuxeo leads back to its own host only, which this connector is not on.
    other.goto(demo.nuxeo_url)
    other.fill("input[name=user_name]", "alice")
    other.fill("input[name=user_password]", "alice")
    other.keyboard.press("Enter")
    other.wait_for_url("**/ui/**")
    other.goto(f"{office.url}wopi/signedin")
    expect(other.get_by_role("heading")).to_have_text("You are signed in as Alice Martin")
    alice.picture_of(other, "signed-in-again")
    other.close()
    alice.page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(bar).to_be_hidden()
    assert office.wopi(office.heard(alice, "Reset_Access_Token")[-1]["token"]).info()


def test_who_signs_in_as_somebody_else_goes_on_with_nothing(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    office.show(alice, uid)
    office.load(alice)
    alice.context.request.get(f"{demo.nuxeo_url}logout")
    alice.context.request.post(
        f"{demo.nuxeo_url}startup", form={"user_name": "bob", "user_password": "bob"}
    )
    pass_time(office, alice, 60 * HOUR)
    expect(alice.page.locator("#ending")).to_contain_text(
        "Somebody else is signed in to Sandbox Nuxeo in this browser by now. Sign in as alice"
    )
    alice.expected("status of 401")


def test_in_office_the_page_is_loaded_anew_with_its_users_consent(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office()
    office.show(alice, uid)
    office.tell(alice, "App_LoadingStatus", DocumentLoadedTime=1)
    bar = alice.page.locator("#ending")
    pass_time(office, alice, 9.5 * HOUR)
    expect(bar).to_be_hidden()
    pass_time(office, alice, 0.25 * HOUR)
    expect(bar).to_contain_text(re.compile(r"Word can save until \d+:\d\d"))
    alice.picture("session-ends-soon")
    bar.get_by_role("button", name="Later").click()
    expect(bar).to_be_hidden()
    pass_time(office, alice, 0.1 * HOUR)
    expect(bar).to_be_hidden()
    pass_time(office, alice, 0.25 * HOUR)
    expect(bar).to_contain_text("cannot save for much longer")
    alice.picture("session-ended")
    assert len(office.tokens) == 1
    bar.get_by_role("button", name="Load the page anew").click()
    alice.page.wait_for_load_state()
    expect(bar).to_be_hidden()
    expect(alice.frame().locator("body")).to_contain_text("few words")
    assert len(office.tokens) == 2
    assert office.wopi().info()


def test_save_as_asks_for_a_name_and_goes_on_with_the_copy(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    tell = partial(office.tell, alice)
    office.show(alice, uid)
    tell("App_LoadingStatus", Status="Document_Loaded")
    tell("UI_SaveAs", format="odt")
    dialog = alice.page.get_by_role("dialog")
    name = dialog.get_by_label("Name of the copy")
    expect(name).to_have_value("Copy of Offer.odt")
    alice.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    tell("UI_SaveAs")
    expect(name).to_have_value("Copy of Offer.docx")
    name.fill("typed by me.docx")
    tell("UI_SaveAs")
    expect(name).to_have_value("typed by me.docx")
    name.fill("   ")
    alice.page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    name.fill("Copy of Offer.docx")
    alice.picture("save-as")
    copied = f"Copy of {time.time_ns()}.docx"
    name.fill(copied)
    alice.page.keyboard.press("Enter")
    assert office.heard(alice, "Action_SaveAs") == [{"Filename": copied, "Notify": True}]
    # Nobody takes another's answer for theirs.
    made = office.wopi().request(
        "POST", Override="PUT_RELATIVE", SuggestedTarget=copied, data=docx_bytes("A copy")
    )
    assert made.status_code == 200
    tell("Action_Save_Resp", success=True, fileName=copied)
    alice.page.wait_for_url(re.compile(re.escape(made.json()["HostEditUrl"])))
    expect(alice.page).to_have_title(f"{copied} \u2013 Word")
    expect(alice.frame().locator("body")).to_contain_text("few words")
    # One that fails is told of; the page stays.
    tell("UI_SaveAs")
    expect(dialog).to_be_visible()
    name.fill("x.docx")
    alice.page.keyboard.press("Enter")
    office.heard(alice, "Action_SaveAs")
    # Of a save that has nothing to do with it.
    tell("Action_Save_Resp", success=True)
    # And asked again, it does not forget what is being typed.
    tell("Action_Save_Resp", success=False, result="saveasfailed")
    expect(alice.page.locator("#said")).to_contain_text("x.docx could not be saved.")
    alice.page.locator("#said").get_by_role("button", name="Dismiss").click()
    expect(alice.page.locator("#said")).to_be_hidden()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("gone", "It is not there any more, or not for you"),
        ("down", "asked for it and did not get"),
    ],
)
def test_why_a_file_does_not_open_is_said_in_place_of_an_apology(
    demo, with_office, person, uid, fault, said, caplog
):
    proxy = FaultProxy(demo.nuxeo_url)
    try:
        office = with_office(**{"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "3"})
        alice = person("alice").sign_in()
        alice.page.clock.install()
        office.show(alice, uid)
        trouble = alice.page.locator("#trouble")
        expect(trouble).to_be_hidden()
        if fault == "gone":
            demo.nuxeo().call("DELETE", f"api/v1/id/{uid}")
        else:
            proxy.follow(lambda _method, _path: 503)
        with caplog.at_level("INFO", logger="connector"):
            assert office.wopi().request("GET").status_code in (404, 500)
        proxy.forget()
        look(alice)
        expect(trouble).to_be_visible()
        expect(trouble).to_contain_text(said)
        expect(trouble.get_by_role("heading")).to_have_text("Offer.docx could not be opened")
        support_id = trouble.locator("code").inner_text()
        assert f"page={support_id} " in caplog.text
        alice.picture(f"not-opened-{fault}")
        # Nobody's focus is taken a second time.
        alice.page.keyboard.press("Tab")
        alice.page.keyboard.press("Tab")
        focused = alice.page.evaluate("document.activeElement.textContent")
        assert focused == "Back to Sandbox Nuxeo"
        look(alice)
        assert alice.page.evaluate("document.activeElement.textContent") == focused
        trouble.get_by_role("button", name="Show Word").click()
        expect(trouble).to_be_hidden()
        look(alice)
        expect(trouble).to_be_hidden()
    finally:
        proxy.close()


def test_what_an_office_says_of_its_own_failure_is_readable(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    office = with_office()
    office.show(alice, uid)
    office.tell(alice, "App_LoadingStatus", Status="Failed")
    trouble = alice.page.locator("#trouble")
    expect(trouble).to_be_visible()
    expect(trouble).to_contain_text("Word could not load it. Your document is safe")
    # The connector has nothing to say about it, and the page stays.
    look(alice)
    expect(trouble).to_be_visible()
    assert alice.page.evaluate("document.getElementById('office-frame').inert") is True
    office.tell(alice, "Action_Load_Resp", success=False, errorMsg="<b>No {name}</b>.")
    expect(trouble).to_contain_text("and says: <b>No {name}</b>. Your document is safe")
    # It came after all.
    office.tell(alice, "App_LoadingStatus", Status="Document_Loaded")
    expect(trouble).to_be_hidden()
    assert alice.page.evaluate("document.getElementById('office-frame').inert") is False
    # When it connects anew it may fail, too.
    office.tell(alice, "App_LoadingStatus", Status="Failed")
    expect(trouble).to_be_visible()
    office.tell(alice, "App_LoadingStatus", Status="Document_Loaded")
    expect(trouble).to_be_hidden()
    office.tell(alice, "Session_Closed", Reason="DocumentIdle")
    expect(alice.page.locator("#ending")).to_be_hidden()
    office.tell(alice, "Session_Closed", Reason="OwnerTermination")
    expect(alice.page.locator("#ending")).to_contain_text("Word has ended the session.")


def test_a_connector_that_is_away_for_a_while_is_no_news(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office()
    office.show(alice, uid)
    alice.page.route("**/wopi/state/**", lambda route: route.abort())
    alice.page.clock.run_for(4 * LOOKS_AGAIN)
    alice.page.unroute("**/wopi/state/**")
    client = office.wopi()
    client.lock("L")
    assert client.put(docx_bytes("More"), "L").status_code == 200
    alice.page.clock.run_for(2 * LOOKS_AGAIN)
    expect(alice.page.locator("#saved")).to_contain_text("by you")
    alice.expected("net::ERR_FAILED")


def test_an_editor_that_works_is_never_covered(demo, with_office, person, uid):
    """Not each office client says that it is there, and a call may fail in between."""
    proxy = FaultProxy(demo.nuxeo_url)
    try:
        office = with_office(**{"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "3"})
        alice = person("alice").sign_in()
        office.show(alice, uid)
        client = office.wopi()
        assert client.get().status_code == 200
        assert client.lock("L").status_code == 200
        proxy.follow(lambda _method, _path: 503)
        assert client.request("GET").status_code == 500
        proxy.forget()
        assert client.put(docx_bytes("It works"), "L").status_code == 200
        look(alice)
        expect(alice.page.locator("#saved")).to_contain_text("by you")
        expect(alice.page.locator("#trouble")).to_be_hidden()
    finally:
        proxy.close()


def test_the_end_is_told_to_who_put_it_off_and_the_next_one_too(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    office.show(alice, uid)
    office.load(alice)
    bar = alice.page.locator("#ending")
    alice.context.request.get(f"{demo.nuxeo_url}logout")
    pass_time(office, alice, 60 * HOUR)
    expect(bar).to_contain_text("wants to know again who you are")
    bar.get_by_role("button", name="Later").click()
    alice.page.clock.run_for(2 * LOOKS_AGAIN)
    expect(bar).to_contain_text("cannot save for much longer, or not any more")
    bar.get_by_role("button", name="Later").click()
    expect(bar).to_be_hidden()
    sign_in = {"user_name": "alice", "user_password": "alice"}
    alice.context.request.post(f"{demo.nuxeo_url}startup", form=sign_in)
    alice.page.evaluate("window.dispatchEvent(new Event('focus'))")
    office.heard(alice, "Reset_Access_Token")
    alice.context.request.get(f"{demo.nuxeo_url}logout")
    pass_time(office, alice, 60 * HOUR)
    expect(bar).to_contain_text("wants to know again who you are")
    alice.expected("status of 401")


def test_the_end_is_told_also_without_a_connection(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    office.show(alice, uid)
    office.load(alice)
    alice.page.route("**/wopi/state/**", lambda route: route.abort())
    pass_time(office, alice, 11 * HOUR)
    expect(alice.page.locator("#ending")).to_contain_text("cannot save for much longer")
    alice.expected("net::ERR_FAILED")


def test_a_call_that_hangs_holds_nothing_up(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    office = with_office()
    alice.page.add_init_script(
        "AbortSignal.timeout = ((real) => () => real(500))(AbortSignal.timeout)"
    )
    asked = []
    alice.page.route("**/wopi/state/**", lambda route: asked.append(route))
    office.show(alice, uid)
    alice.page.wait_for_timeout(1000)
    alice.page.unroute("**/wopi/state/**")
    look(alice)
    assert asked


def test_a_clock_that_is_wrong_does_not_hide_the_end(demo, with_office, person, uid):
    """The connector's clock counts; a virtual machine's may have stood still."""
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office()
    office.show(alice, uid)
    office.tell(alice, "App_LoadingStatus", DocumentLoadedTime=1)
    office.clock.offset += 11 * HOUR / 1000
    look(alice)
    alice.page.clock.run_for(2 * LOOKS_AGAIN)
    expect(alice.page.locator("#ending")).to_contain_text("cannot save for much longer")
    alice.expected("status of 401")


def test_a_reader_is_not_told_of_saving(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office()
    office.show(alice, uid, "view")
    pass_time(office, alice, 9.8 * HOUR)
    expect(alice.page.locator("#ending")).to_be_hidden()
    pass_time(office, alice, 0.3 * HOUR)
    expect(alice.page.locator("#ending")).to_contain_text("This page has been open for long.")


def test_an_editor_that_asks_for_tokens_again_and_again_gets_few(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    # However long this takes, for the page it is one moment.
    alice.page.clock.set_fixed_time(datetime.now())
    office = with_office(**{"nuxeo.wopi.kind": "collabora"})
    office.show(alice, uid)
    office.load(alice)
    asked = []
    alice.page.on("request", lambda each: asked.append(each.url))
    for _ in range(50):
        office.tell(alice, "App_TokenExpired")
    office.heard(alice, "Reset_Access_Token")
    assert len([url for url in asked if url.endswith("/renewal")]) == 1


def test_an_editor_that_gets_stuck_on_its_way_is_told_of(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    alice.page.clock.install()
    office = with_office()
    office.show(alice, uid)
    office.tell(alice, "App_LoadingStatus", Status="Frame_Ready")
    # Its clock goes on by itself, too.
    alice.page.clock.run_for(15_000)
    expect(alice.page.locator("#silent")).to_be_hidden()
    alice.page.clock.run_for(15_000)
    expect(alice.page.locator("#silent")).to_contain_text("has not reported that the document is")
    office.tell(alice, "App_LoadingStatus", Status="Document_Loaded")
    expect(alice.page.locator("#silent")).to_be_hidden()


def test_a_script_that_does_not_come_leaves_nobody_waiting(demo, with_office, person, uid):
    alice = person("alice").sign_in()
    office = with_office()
    alice.page.route("**/static/*/waiting.js", lambda route: route.fulfill(status=404))
    alice.page.goto(f"{office.url}wopi/edit/default/{uid}/file:content")
    expect(alice.page.locator("#slow")).to_be_hidden()
    expect(alice.page.locator("#slow")).to_be_visible(timeout=60_000)
    expect(alice.page.locator("#slow")).to_contain_text("Support id")
    alice.expected("status of 404")


@pytest.mark.parametrize("size", [(320, 568), (568, 320), (320, 400)])
def test_whatever_there_is_to_say_there_is_room_for_the_editor(
    demo, with_office, person, uid, size
):
    demo.nuxeo("bob").operation("Document.Lock", uid)
    width, height = size
    viewport = {"width": width, "height": height}
    alice = person("alice", viewport=viewport, locale="de-DE").sign_in()
    kept = [{"id": f"ekk7gxq{number}", "at": 1, "fileName": "a.docx"} for number in range(4)]
    state = {"saved": None, "editing": ["W" * 60] * 10, "trouble": "", "kept": kept}
    alice.page.route("**/wopi/state/**", lambda route: route.fulfill(json=state))
    office = with_office()
    office.show(alice, uid)
    expect(alice.page.locator("#kept")).to_be_visible()
    office.tell(alice, "Session_Closed", Reason="OwnerTermination")
    expect(alice.page.locator("#ending")).to_be_visible()
    assert alice.page.evaluate("document.querySelector('main').clientHeight") >= height * 0.3
    # All of it can be reached, and what was read can be sent away.
    button = alice.page.locator("#kept > button")
    button.scroll_into_view_if_needed()
    button.click()
    expect(alice.page.locator("#kept")).to_be_hidden()
    alice.picture(f"little-room-{width}-{height}")
