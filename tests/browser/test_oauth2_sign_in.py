"""Sign-in by OAuth2 in a real browser: Nuxeo at 127.0.0.1, the connector at localhost."""

import re

import jwt
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import click_save
from tests.own_domain import OwnDomain
from tests.support import docx_bytes

pytestmark = pytest.mark.browser

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 40[013]")
USER = "nuxeo-wopi-user"


@pytest.fixture
def own(demo, tmp_path):
    with OwnDomain(demo, tmp_path / "wopi") as own:
        yield own


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(docx_bytes("A report"))


@pytest.fixture
def person(person):
    """Whose console may tell of what was refused: that is what these tests are about."""
    people = []

    def make(name, **options):
        people.append(person(name, **options))
        return people[-1]

    yield make
    for someone in people:
        someone.complaints = [line for line in someone.complaints if not REFUSED.match(line)]


def fill_in(someone, name, password=None):
    page = someone.page
    page.wait_for_url("**/login.jsp**")
    page.fill("input[name=user_name]", name)
    page.fill("input[name=user_password]", password or name)
    page.keyboard.press("Enter")


def opened(someone, page=None):
    """The document in its editor."""
    frame = (page or someone.page).frame_locator("#office-frame")
    expect(frame.locator("#document")).to_be_visible()
    return frame


def editor_of(someone, page=None):
    """Who the editor takes the user for."""
    opened(someone, page)
    return user_of(someone, page)


def user_of(someone, page=None):
    """Who the page that is shown is for."""
    html = someone.context.request.get((page or someone.page).url).text()
    token = re.search(r'name="access_token" value="([^"]+)"', html)[1]
    return jwt.decode(token, options={"verify_signature": False})["sub"]


def user_cookies(someone):
    return [cookie for cookie in someone.context.cookies() if cookie["name"] == USER]


def heading(page):
    return page.locator("h1")


def test_by_the_form_to_the_document_and_into_the_editor(demo, own, uid, person):
    alice = person("alice")
    alice.page.goto(own.page(uid))
    fill_in(alice, "alice")
    alice.page.wait_for_url(own.page(uid))
    frame = opened(alice)
    paragraph = frame.locator("[data-paragraph='0']")
    paragraph.click()
    paragraph.fill("Written on another domain")
    click_save(frame)
    expect(frame.locator("#status")).to_have_text(re.compile(r"^Saved at \d"))
    assert demo.nuxeo().document(uid)["properties"]["dc:lastContributor"] == "alice"
    (cookie,) = user_cookies(alice)
    assert (cookie["domain"], cookie["path"]) == ("localhost", "/wopi/")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    # None of a sign-in under way is left, and Nuxeo's own is not for us.
    names = {each["name"] for each in alice.context.cookies(own.page(uid))}
    assert names == {USER}
    assert "localhost" not in alice.page.evaluate("document.cookie")
    alice.picture("oauth2-editor")


def test_whoever_is_signed_in_already_clicks_nothing(own, uid, person):
    alice = person("alice").sign_in()
    alice.page.goto(own.page(uid))
    alice.page.wait_for_url(own.page(uid))
    assert editor_of(alice) == "alice"


def test_from_a_link_on_nuxeos_page(own, uid, person, demo):
    """A click on another site's page, as Lax cookies see it."""
    alice = person("alice").sign_in()
    alice.page.evaluate(
        "url => { const a = document.createElement('a'); a.href = url; a.target = '_blank';"
        " a.id = 'go'; a.textContent = 'Edit'; document.body.prepend(a); }",
        own.page(uid),
    )
    alice.follow("#go")
    assert editor_of(alice) == "alice"


def test_a_wrong_password_and_then_the_right_one(own, uid, person):
    alice = person("alice")
    alice.page.goto(own.page(uid))
    fill_in(alice, "alice", "wrong")
    expect(alice.page.get_by_role("alert")).to_be_visible()
    assert user_cookies(alice) == []
    alice.page.fill("input[name=user_name]", "alice")
    alice.page.fill("input[name=user_password]", "alice")
    alice.page.keyboard.press("Enter")
    alice.page.wait_for_url(own.page(uid))
    assert editor_of(alice) == "alice"


def test_who_does_not_agree_is_told_and_may_try_again(own, uid, person):
    own.change(isAutoGrant=False)
    alice = person("alice").sign_in()
    alice.page.goto(own.page(uid))
    alice.page.get_by_role("button", name="Deny access").click()
    expect(heading(alice.page)).to_have_text("You have not agreed")
    assert user_cookies(alice) == []
    alice.picture("oauth2-denied")
    alice.page.get_by_role("link", name="Try again").click()
    alice.page.get_by_role("button", name="Grant access").click()
    alice.page.wait_for_url(own.page(uid))
    assert editor_of(alice) == "alice"


def test_two_tabs_at_once(demo, own, uid, person):
    other_uid = demo.nuxeo().create(docx_bytes("Another report"))
    alice = person("alice")
    first, second = alice.page, alice.context.new_page()
    first.goto(own.page(uid))
    first.wait_for_url("**/login.jsp**")
    second.goto(own.page(other_uid))
    second.wait_for_url("**/login.jsp**")
    fill_in(alice, "alice")
    first.wait_for_url(own.page(uid))
    alice.page = second
    fill_in(alice, "alice")
    second.wait_for_url(own.page(other_uid))
    assert editor_of(alice, first) == editor_of(alice, second) == "alice"


def test_a_private_window_is_somebody_elses(own, uid, person):
    alice, private = person("alice").sign_in(), person("bob")
    alice.page.goto(own.page(uid))
    assert editor_of(alice) == "alice"
    private.page.goto(own.page(uid))
    fill_in(private, "bob")
    private.page.wait_for_url(own.page(uid))
    assert editor_of(private) == "bob"


def test_after_sign_out_another_user_is_that_user(own, uid, person):
    somebody = person("alice")
    somebody.page.goto(own.page(uid))
    fill_in(somebody, "alice")
    somebody.page.wait_for_url(own.page(uid))
    assert editor_of(somebody) == "alice"
    somebody.page.goto(own.connector.links.sign_out)
    somebody.page.wait_for_url("**/login.jsp**")
    assert user_cookies(somebody) == []
    somebody.page.goto(own.page(uid))
    fill_in(somebody, "bob")
    somebody.page.wait_for_url(own.page(uid))
    assert editor_of(somebody) == "bob"


def test_whoever_signs_out_of_nuxeo_alone_is_known_for_a_short_time(demo, own, uid, person):
    somebody = person("alice").sign_in()
    somebody.page.goto(own.page(uid))
    assert editor_of(somebody) == "alice"
    somebody.page.goto(f"{demo.nuxeo_url}logout")
    somebody.page.wait_for_url("**/login.jsp**")
    somebody.page.goto(own.page(uid))
    assert editor_of(somebody) == "alice"
    own.clock.offset += 301
    somebody.page.goto(own.page(uid))
    fill_in(somebody, "bob")
    # The browser's own clock has not moved: it shows the cookie still, and it is of no use.
    somebody.page.wait_for_url(own.page(uid))
    assert editor_of(somebody) == "bob"


# Attacks


def test_login_csrf_the_attackers_sign_in_is_not_completed_by_the_victim(own, uid, person):
    attacker, victim = person("bob").sign_in(), person("alice").sign_in()
    # The attacker stops their own browser on its way back.
    led = attacker.context.request.get(own.page(uid), max_redirects=0)
    back = attacker.context.request.get(led.headers["location"], max_redirects=0)
    assert back.headers["location"].startswith(f"{own.url}wopi/oauth2/callback?code=")
    victim.page.goto(back.headers["location"])
    expect(heading(victim.page)).to_have_text("This sign-in cannot be completed")
    assert user_cookies(victim) == []
    victim.picture("oauth2-not-ours")
    victim.page.goto(own.page(uid))
    victim.page.wait_for_url(own.page(uid))
    assert editor_of(victim) == "alice"


def test_session_fixation_a_planted_cookie_does_not_survive_sign_in(own, uid, person):
    attacker, victim = person("bob").sign_in(), person("alice")
    attacker.page.goto(own.page(uid))
    assert editor_of(attacker) == "bob"
    (planted,) = user_cookies(attacker)
    victim.page.goto(own.page(uid))
    victim.page.wait_for_url("**/login.jsp**")
    victim.context.add_cookies([planted])
    fill_in(victim, "alice")
    victim.page.wait_for_url(own.page(uid))
    assert editor_of(victim) == "alice"
    (cookie,) = user_cookies(victim)
    assert cookie["value"] != planted["value"]


def foreign_page(someone, html):
    """A page of an origin that nobody trusts."""
    someone.page.route(
        "http://evil.test/**", lambda route: route.fulfill(body=html, content_type="text/html")
    )
    someone.page.goto("http://evil.test/")


def test_clickjacking_a_foreign_page_shows_nothing_of_ours(own, uid, person):
    alice = person("alice").sign_in()
    alice.page.goto(own.page(uid))
    assert editor_of(alice) == "alice"
    for path in (f"wopi/edit/default/{uid}/file:content", "wopi/oauth2/callback?code=x&state=y"):
        foreign_page(alice, f"<iframe id='f' src='{own.url}{path}'></iframe>")
        alice.page.wait_for_load_state("networkidle")
        inside = alice.page.frame_locator("#f")
        expect(inside.locator("#office-frame")).to_have_count(0)
        expect(inside.locator("main")).to_have_count(0)
    assert any("frame-ancestors" in line for line in alice.complaints)
    alice.complaints = [line for line in alice.complaints if "frame-ancestors" not in line]


def test_a_foreign_pages_image_signs_nobody_out(own, uid, person):
    alice = person("alice").sign_in()
    alice.page.goto(own.page(uid))
    assert editor_of(alice) == "alice"
    foreign_page(alice, f"<img src='{own.url}wopi/signout'>")
    alice.page.wait_for_load_state("networkidle")
    assert len(user_cookies(alice)) == 1


def test_inside_nuxeos_own_page_there_is_a_button_for_a_tab(demo, own, uid, person):
    alice = person("alice").sign_in()
    alice.page.route(
        f"{demo.nuxeo_url}framed",
        lambda route: route.fulfill(
            body=f"<iframe id='f' width='900' height='600' src='{own.page(uid)}'></iframe>",
            content_type="text/html",
        ),
    )
    alice.page.goto(f"{demo.nuxeo_url}framed")
    inside = alice.page.frame_locator("#f")
    expect(inside.locator("h1")).to_have_text("Please sign in")
    alice.picture("oauth2-in-a-frame")
    with alice.context.expect_page() as tab:
        inside.get_by_role("link", name="Open in a new tab").click()
    assert editor_of(alice, tab.value) == "alice"
