"""The sandbox's pages, where it takes a browser to see what happens."""

import pytest
from playwright.sync_api import expect

from tests.support import DEMO_FOLDER

pytestmark = pytest.mark.browser


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
