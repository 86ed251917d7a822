"""The demo office's page: no text is lost, whatever happens to the office, the host or the lock."""

import io
import re

import docx
import openpyxl
import pptx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import click_save
from tests.support import docx_bytes, paragraphs

pytestmark = pytest.mark.browser

LETTER = ("Dear Ms Moreau,", "thank you for your order.", "Kind regards")


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(docx_bytes(*LETTER), "Offer.docx")


@pytest.fixture
def alice(person):
    return person("alice").sign_in()


def block(frame, index):
    return frame.locator(f"[data-paragraph='{index}']")


def write(frame, index, text):
    block(frame, index).click()
    block(frame, index).fill(text)


def status(frame, text, **options):
    expect(frame.locator("#status")).to_have_text(re.compile(text), **options)


def saved(frame):
    status(frame, r"^Saved at \d")


def save(frame):
    """Without waiting until it does so by itself."""
    click_save(frame)
    saved(frame)


def unsaved(frame):
    frame.locator("#save").click()
    status(frame, "^Not saved$")


def lines(demo, uid):
    return paragraphs(demo.nuxeo().content(uid))


def comes_true(page, condition, timeout=30_000):
    for _ in range(timeout // 100):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come true")


def broken(person, what, status=None):
    """The office does not answer calls of this name, or answers them with this status."""
    if status is None:
        person.page.route(f"**/session/*/{what}", lambda route: route.abort())
    else:
        person.page.route(f"**/session/*/{what}", lambda route: route.fulfill(status=status))


def mended(person, what):
    person.page.unroute(f"**/session/*/{what}")
    # Chromium notes what did not work, be it a little later.
    person.expected(f"/{what})")


def downloaded(person, frame):
    with person.page.expect_download() as download:
        frame.locator("#copy").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def break_lock(demo, uid):
    """As an administrator does it in Nuxeo."""
    demo.nuxeo().operation("Document.Unlock", uid)


# --- leaving ------------------------------------------------------------------------------------


def test_what_is_typed_last_is_saved_when_the_tab_is_left(demo, alice, uid):
    frame = alice.open(uid)
    write(frame, 1, "typed a moment before")
    alice.page.goto(f"{demo.nuxeo_url}ui/")
    nuxeo = demo.nuxeo()
    comes_true(alice.page, lambda: lines(demo, uid)[1] == "typed a moment before")
    comes_true(alice.page, lambda: "lockOwner" not in nuxeo.document(uid))


def test_the_browser_asks_before_a_text_is_lost(demo, alice, uid):
    frame = alice.open(uid)
    asked = []
    alice.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    # Nor is it by itself.
    alice.page.route("**/session/*/save", lambda _route: None)
    write(frame, 1, "not saved yet")
    alice.page.goto(f"{demo.nuxeo_url}ui/")
    assert asked == ["beforeunload"]


def test_it_does_not_ask_when_all_is_saved(demo, alice, uid):
    frame = alice.open(uid)
    asked = []
    alice.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    write(frame, 1, "saved")
    save(frame)
    alice.page.goto(f"{demo.nuxeo_url}ui/")
    assert asked == []


def test_it_can_be_closed_with_a_text_that_cannot_be_saved(demo, alice, uid):
    frame = alice.open(uid)
    broken(alice, "save")
    write(frame, 1, "never saved")
    frame.locator("#close").click()
    expect(frame.locator("#notice")).to_contain_text("does not answer")
    frame.locator("#leave").click()
    alice.page.wait_for_url(f"**/ui/#!/doc/{uid}")
    assert lines(demo, uid) == list(LETTER)
    assert "lockOwner" not in demo.nuxeo().document(uid)
    mended(alice, "save")


def test_it_can_be_closed_without_the_office(alice, uid):
    frame = alice.open(uid)
    expect(frame.locator("#document")).to_contain_text("Kind regards")
    broken(alice, "close")
    frame.locator("#close").click()
    alice.page.wait_for_url(f"**/ui/#!/doc/{uid}")
    mended(alice, "close")


# --- typing and saving --------------------------------------------------------------------------


def test_typing_goes_on_in_an_added_paragraph_while_it_is_saved(demo, alice, uid):
    frame = alice.open(uid)
    # As slowly as it takes to type meanwhile.
    held = []
    alice.page.route("**/session/*/save", lambda route: held.append(route), times=1)
    frame.get_by_role("button", name="Add a paragraph").click()
    keyboard = alice.page.keyboard
    keyboard.type("hello")
    status(frame, "^Saving")
    keyboard.type(" and")
    held[0].continue_()
    saved(frame)
    keyboard.type(" again")
    saved(frame)
    expect(block(frame, 3)).to_have_text("hello and again")
    assert lines(demo, uid) == [*LETTER, "hello and again"]


def test_a_paragraph_is_not_added_twice_when_an_answer_is_lost(demo, alice, uid):
    frame = alice.open(uid)

    asked = []

    def lose(route):
        asked.append(route)
        if len(asked) == 1:
            route.fetch()
            route.abort()

    alice.page.route("**/session/*/save", lose, times=2)
    frame.get_by_role("button", name="Add a paragraph").click()
    alice.page.keyboard.type("once")
    expect(frame.locator("#notice")).to_contain_text("tried again by itself")
    comes_true(alice.page, lambda: len(asked) == 2)
    asked[1].continue_()
    saved(frame)
    assert lines(demo, uid) == [*LETTER, "once"]
    alice.complaints.clear()


def test_a_failed_save_is_tried_again_by_itself(demo, alice, uid):
    frame = alice.open(uid)
    broken(alice, "save", 500)
    write(frame, 0, "worth a second try")
    unsaved(frame)
    expect(frame.locator("#notice")).to_contain_text("tried again by itself")
    mended(alice, "save")
    saved(frame)
    expect(frame.locator("#notice")).to_be_hidden()
    assert lines(demo, uid)[0] == "worth a second try"


def test_it_saves_while_somebody_types_on_and_on(alice, uid):
    frame = alice.open(uid)
    block(frame, 0).click()
    saves = []
    alice.page.on("request", lambda request: request.url.endswith("/save") and saves.append(1))
    for _ in range(14):
        alice.page.keyboard.type("word ")
        alice.page.wait_for_timeout(1000)
    assert saves
    saved(frame)


def test_opened_headers_stay_open_when_something_is_saved(alice, uid):
    frame = alice.open(uid)
    frame.locator("#calls details").first.locator("summary").click()
    before = frame.locator("#calls li").count()
    write(frame, 0, "something")
    save(frame)
    expect(frame.locator("#calls li")).to_have_count(before + 1)
    expect(frame.locator("#calls li").first).to_contain_text("PutFile")
    expect(frame.locator("#calls details[open]")).to_have_count(1)


# --- copies -------------------------------------------------------------------------------------


def test_a_copy_has_what_was_not_saved(alice, uid):
    frame = alice.open(uid)
    broken(alice, "save")
    write(frame, 1, "only in the copy")
    unsaved(frame)
    name, content = downloaded(alice, frame)
    assert name == "Offer.docx"
    assert paragraphs(content) == [LETTER[0], "only in the copy", LETTER[2]]
    mended(alice, "save")


@pytest.mark.parametrize("answer", [None, 410, 500])
def test_without_the_office_a_copy_is_the_text_alone(alice, uid, answer):
    frame = alice.open(uid)
    for what in ("save", "copy"):
        broken(alice, what, answer)
    write(frame, 1, "only in the copy")
    unsaved(frame)
    name, content = downloaded(alice, frame)
    assert name == "Offer.docx.txt"
    assert content.decode().splitlines() == [LETTER[0], "only in the copy", LETTER[2]]
    expect(frame.locator("#notice")).to_contain_text("text alone")
    for what in ("save", "copy"):
        mended(alice, what)


# --- a lock that is lost ------------------------------------------------------------------------


def test_after_a_broken_lock_the_text_is_saved_under_a_new_one(demo, alice, uid):
    frame = alice.open(uid)
    expect(frame.locator("#document")).to_contain_text("Kind regards")
    break_lock(demo, uid)
    write(frame, 1, "typed while it was unlocked")
    unsaved(frame)
    expect(frame.locator("#notice")).to_contain_text("unlocked by its host")
    expect(frame.get_by_role("button", name="Add a paragraph")).to_have_count(0)
    alice.picture("lock-lost")
    expect(block(frame, 1)).to_have_text("typed while it was unlocked")
    frame.locator("#retry").click()
    saved(frame)
    assert lines(demo, uid)[1] == "typed while it was unlocked"
    assert demo.nuxeo().document(uid)["lockOwner"] == "alice"


def test_texts_that_no_longer_fit_are_shown_and_can_be_kept(demo, alice, uid):
    frame = alice.open(uid)
    write(frame, 0, "Dear Alice,")
    save(frame)
    break_lock(demo, uid)
    write(frame, 0, "Dear Bob,")
    write(frame, 2, "Yours")
    unsaved(frame)
    demo.nuxeo("bob").replace(uid, docx_bytes("Dear Carol,", *LETTER[1:]), "Offer.docx")
    frame.locator("#retry").click()
    expect(frame.locator("#kept")).to_have_text("Dear Bob,")
    saved(frame)
    # What somebody else wrote is still there, and what nobody else touched is saved.
    assert lines(demo, uid) == ["Dear Carol,", LETTER[1], "Yours"]
    expect(frame.locator("#kept")).to_be_visible()
    alice.picture("texts-that-no-longer-fit")
    assert downloaded(alice, frame)[1].decode() == "Dear Bob,\n"
    expect(frame.locator("#notice")).to_be_hidden()


def test_a_lock_that_somebody_else_took_is_told_and_the_text_stays(demo, alice, uid):
    frame = alice.open(uid)
    expect(frame.locator("#document")).to_contain_text("Kind regards")
    break_lock(demo, uid)
    demo.nuxeo("bob").operation("Document.Lock", uid)
    write(frame, 1, "too late")
    unsaved(frame)
    frame.locator("#retry").click()
    expect(frame.locator("#why")).to_contain_text("it is locked")
    expect(block(frame, 1)).to_have_text("too late")
    _, content = downloaded(alice, frame)
    assert paragraphs(content)[1] == "too late"
    demo.nuxeo("bob").operation("Document.Unlock", uid)
    frame.locator("#retry").click()
    saved(frame)
    assert lines(demo, uid)[1] == "too late"


# --- what is shown ------------------------------------------------------------------------------


def test_bold_text_is_bold_and_stays_it(demo, alice):
    document = docx.Document()
    paragraph = document.add_paragraph("plain and ")
    paragraph.add_run("bold").bold = True
    uid = demo.nuxeo().create(bytes_of(document), "Bold.docx")
    frame = alice.open(uid)
    expect(block(frame, 0).locator(".bold")).to_have_text("bold")
    block(frame, 0).click()
    alice.page.keyboard.press("Home")
    alice.page.keyboard.type("very ")
    save(frame)
    (after,) = docx.Document(io.BytesIO(demo.nuxeo().content(uid))).paragraphs
    assert [(run.text, run.bold) for run in after.runs] == [
        ("very plain and ", None),
        ("bold", True),
    ]


def test_a_line_break_is_one_line_break(demo, alice, uid):
    frame = alice.open(uid)
    block(frame, 0).click()
    keyboard = alice.page.keyboard
    keyboard.press("End")
    keyboard.press("Enter")
    keyboard.type("second line")
    keyboard.press("Enter")
    save(frame)
    assert lines(demo, uid)[0] == f"{LETTER[0]}\nsecond line\n"
    # The one at the end is still one when the text is shown and changed again.
    alice.page.reload()
    block(frame, 0).click()
    keyboard.press("ControlOrMeta+Home")
    keyboard.type("X")
    save(frame)
    assert lines(demo, uid)[0] == f"X{LETTER[0]}\nsecond line\n"


def test_a_sheet_shows_results_and_goes_down_with_enter(demo, alice):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Item", "Price"], ["Oil", 85], ["Leg", 140], ["Sum", "=SUM(B2:B3)"]):
        sheet.append(row)
    uid = demo.nuxeo().create(bytes_of(book), "Prices.xlsx")
    frame = alice.open(uid)

    def cell(name):
        return frame.get_by_label(f"Cell {name}", exact=True)

    expect(frame.locator("thead th").nth(1)).to_have_text("B")
    expect(cell("B4")).to_have_text("225")
    cell("B4").click()
    expect(cell("B4")).to_have_text("=SUM(B2:B3)")
    cell("B2").click()
    expect(cell("B4")).to_have_text("225")
    alice.page.keyboard.press("ControlOrMeta+a")
    alice.page.keyboard.type("90")
    alice.page.keyboard.press("Enter")
    expect(cell("B3")).to_be_focused()
    alice.page.keyboard.type("100")
    save(frame)
    expect(cell("B4")).to_have_text("190")
    after = openpyxl.load_workbook(io.BytesIO(demo.nuxeo().content(uid))).active
    assert [after[name].value for name in ("B2", "B3", "B4")] == [90, 100, "=SUM(B2:B3)"]


def test_a_slide_looks_like_one(demo, alice):
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Title"
    slide.placeholders[1].text = "one\ntwo"
    frame = alice.open(demo.nuxeo().create(bytes_of(show), "Show.pptx"))
    box = frame.locator(".slide").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(16 / 9, abs=0.01)


def test_text_keeps_its_line_ends(demo, alice):
    uid = demo.nuxeo().create(b"one\r\ntwo\r\n\r\n", "List.txt")
    frame = alice.open(uid)
    expect(block(frame, 0)).to_have_value("one\ntwo\n")
    block(frame, 0).click()
    alice.page.keyboard.press("ControlOrMeta+Home")
    alice.page.keyboard.type("zero\n")
    save(frame)
    assert demo.nuxeo().content(uid) == b"zero\r\none\r\ntwo\r\n\r\n"


@pytest.mark.parametrize("name", ["Broken.docx", "Broken.pptx", "Broken.xlsx"])
def test_a_damaged_file_is_told_on_a_page_and_not_left_locked(demo, alice, name):
    with io.BytesIO(docx_bytes("x")) as stream:
        content = stream.getvalue()[:-40]
    uid = demo.nuxeo().create(content, name)
    frame = alice.open(uid)
    expect(frame.locator("#notice")).to_contain_text("damaged")
    expect(frame.locator("body")).to_contain_text("Sandbox")
    assert "lockOwner" not in demo.nuxeo().document(uid)


def test_the_office_has_pages_of_its_own_for_what_it_has_not(demo, alice):
    for path in ("", "nothing", "we/edit"):
        alice.page.goto(f"{demo.office_url}{path}")
        expect(alice.page.locator("body")).to_contain_text(re.compile("sandbox", re.IGNORECASE))
    alice.complaints.clear()  # Chromium notes the statuses of these pages.


def test_many_paragraphs_are_no_burden(demo, alice):
    uid = demo.nuxeo().create(docx_bytes(*(f"Paragraph {number}" for number in range(4000))))
    frame = alice.open(uid)
    write(frame, 2000, "in the middle")
    save(frame)
    assert lines(demo, uid)[2000] == "in the middle"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_told_from_their_background(person, uid, scheme):
    alice = person("alice", color_scheme=scheme).sign_in()
    frame = alice.open(uid)
    write(frame, 0, "not saved yet, so that all buttons are there")
    alice.page.mouse.move(0, 0)
    found = frame.locator("body").evaluate(CONTRASTS)
    assert len(found) > 10
    assert [each for each in found if each["contrast"] < 4.5] == []


def bytes_of(document):
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


# Of every element with a text of its own: how its colour contrasts with what is behind it.
CONTRASTS = """body => {
  const light = (color) => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
    const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = parts.map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return /, 0\\)/.test(color) ? behind(element.parentElement) : color;
  };
  const isText = (node) => node.nodeType === 3 && node.data.trim();
  return [...body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && [...element.childNodes].some(isText))
    .map((element) => {
      const lights = [light(getComputedStyle(element).color), light(behind(element))];
      const [dark, bright] = lights.sort((one, other) => one - other);
      return { text: element.textContent.slice(0, 30), contrast: (bright + 0.05) / (dark + 0.05) };
    });
}"""
