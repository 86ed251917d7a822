"""The demo office: what it changes in a file, and what it signs."""

import base64
import io
import json
import time
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import fromstring
from zipfile import ZipFile

import docx
import openpyxl
import pptx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font, PatternFill
from PIL import Image

from connector.sandbox.demo_office.discovery import discovery_xml
from connector.sandbox.demo_office.editors import CannotChange, DamagedFile, editor_for
from connector.sandbox.demo_office.editors.formulas import Results
from connector.sandbox.demo_office.editors.pieces import spread
from connector.sandbox.demo_office.keys import load_or_make
from connector.sandbox.demo_office.proof import signed_bytes, ticks
from connector.sandbox.demo_office.session import CannotOpen, OfficeSession
from connector.sandbox.demo_office.sessions import Rhythm, Sessions
from connector.sandbox.demo_office.wopi_client import HostUnreachable

VECTORS = Path(__file__).parents[3] / "shared/wopi-validator/tests/proof_vectors.json"


def saved(document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def changed(extension, before, texts):
    """What a file says after a change."""
    return editor_for(extension).write(before, texts).content


def word(before, texts):
    return docx.Document(io.BytesIO(changed("docx", before, texts)))


def workbook(before, texts):
    return openpyxl.load_workbook(io.BytesIO(changed("xlsx", before, texts)))


def show(before, texts):
    return pptx.Presentation(io.BytesIO(changed("pptx", before, texts)))


def texts_of(blocks):
    return [block.text for block in blocks if block.kind not in ("note", "table")]


def notes_of(blocks):
    return " ".join(block.text for block in blocks if block.kind == "note")


def looks_of(paragraph):
    return [(run.text, run.bold, run.italic) for run in paragraph.runs if run.text]


# --- how a text is spread over its pieces ---------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "text", "expected"),
    [
        (["plain and ", "bold"], "plain or bold", ["plain or ", "bold"]),
        (["plain and ", "bold", " text"], "Plain and bold texts", ["Plain and ", "bold", " texts"]),
        (["one ", "two"], "one new two", ["one new ", "two"]),
        (["un", "bold", "ed"], "unboldened", ["un", "bold", "ened"]),
        (["a", "\n", "b"], "a\nxb", ["a", "\n", "xb"]),
        (["a", "b"], "", ["", ""]),
        (["", "b"], "b!", ["", "b!"]),
        (["a ", "b ", "c"], "X", ["X", "", ""]),
        ([""], "new", ["new"]),
    ],
)
def test_only_the_pieces_that_changed_are_touched(pieces, text, expected) -> None:
    assert spread(pieces, text) == expected


@given(st.lists(st.text("ab \n\t", max_size=6), min_size=1, max_size=6), st.text("ab \n\t"))
def test_the_pieces_always_make_the_new_text(pieces, text) -> None:
    after = spread(pieces, text)
    assert "".join(after) == text
    assert len(after) == len(pieces)


def test_long_texts_are_spread_in_no_time() -> None:
    long = "word and " * 20_000
    began = time.process_time()  # Others may be busy, too.
    assert "".join(spread([long, long], f"{long}!{long}?")) == f"{long}!{long}?"
    assert time.process_time() - began < 5


# --- Word -----------------------------------------------------------------------------------------


def test_a_word_document_keeps_everything_but_the_text_that_changed() -> None:
    document = docx.Document()
    document.add_heading("Offer", 1)
    paragraph = document.add_paragraph("plain and ")
    paragraph.add_run("bold").bold = True
    document.add_paragraph("untouched").runs[0].italic = True
    document.add_table(1, 2).cell(0, 1).text = "in a table"
    before = saved(document)
    editor = editor_for("DOCX")
    blocks = editor.read(before)
    assert texts_of(blocks) == ["Offer", "plain and bold", "untouched"]
    assert [block.kind for block in blocks] == ["heading", "text", "text", "table", "note"]
    assert blocks[0].level == 1
    assert blocks[1].spans == (("plain and ", ""), ("bold", "bold"))
    assert blocks[3].rows == (("", "in a table"),)

    written = editor.write(before, {blocks[0].key: "Order", "new-1": "b", "new-0": "a"})
    after = docx.Document(io.BytesIO(written.content))
    assert [p.text for p in after.paragraphs] == ["Order", "plain and bold", "untouched", "a", "b"]
    assert after.paragraphs[0].style.name == "Heading 1"
    assert [run.bold for run in after.paragraphs[1].runs] == [None, True]
    assert after.paragraphs[2].runs[0].italic
    assert after.tables[0].cell(0, 1).text == "in a table"
    # What was added can be changed under its new name.
    assert written.keys == {"new-0": "3", "new-1": "4"}
    again = word(written.content, {written.keys["new-1"]: "B"})
    assert again.paragraphs[4].text == "B"


def test_bold_and_italic_stay_where_they_are() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Delivery ")
    paragraph.add_run("before noon").bold = True
    paragraph.add_run(", we ")
    paragraph.add_run("promise").italic = True
    after = word(saved(document), {"0": "Delivery before midnight, we do promise!"})
    assert looks_of(after.paragraphs[0]) == [
        ("Delivery ", None, None),
        ("before midnight", True, None),
        (", we do ", None, None),
        ("promise!", None, True),
    ]


def test_looks_outlive_the_moment_when_all_is_deleted() -> None:
    document = docx.Document()
    document.add_paragraph().add_run("bold").bold = True
    emptied = changed("docx", saved(document), {"0": ""})
    assert looks_of(word(emptied, {"0": "again"}).paragraphs[0]) == [("again", True, None)]


def linked_document() -> bytes:
    document = docx.Document()
    paragraph = document.add_paragraph("See ")
    link = OxmlElement("w:hyperlink")
    link.set(qn("w:anchor"), "there")
    link.append(paragraph.add_run("our page")._r)
    paragraph._p.append(link)
    paragraph.add_run(" for more")
    return saved(document)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("Look at our page for more", "our page"),
        ("See our pages for more", "our pages"),
        ("See the page for less", "the page"),
    ],
)
def test_a_link_stays_a_link(text, link) -> None:
    before = linked_document()
    assert texts_of(editor_for("docx").read(before)) == ["See our page for more"]
    (paragraph,) = word(before, {"0": text}).paragraphs
    assert paragraph.text == text
    assert [each.text for each in paragraph.hyperlinks] == [link]


def test_a_picture_stays_in_its_paragraph() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("before ")
    run = paragraph.add_run()
    run.add_text("left")
    run.add_picture(picture())
    run.add_text("right")
    before = saved(document)
    blocks = editor_for("docx").read(before)
    assert texts_of(blocks) == ["before leftright"]
    assert "picture" in notes_of(blocks)
    after = word(before, {"0": "before LEFT and right"})
    assert after.paragraphs[0].text == "before LEFT and right"
    assert len(after.inline_shapes) == 1


@pytest.mark.parametrize("name", ["w:ins", "w:sdt", "w:fldSimple"])
def test_a_paragraph_with_more_than_text_can_only_be_read(name) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("kept ")
    special = OxmlElement(name)
    special.append(paragraph.add_run("special")._r)
    paragraph._p.append(special)
    before = saved(document)
    block = editor_for("docx").read(before)[0]
    assert (block.text, block.locked) == ("kept special", True)
    with pytest.raises(CannotChange):
        changed("docx", before, {"0": "something else"})


def test_a_header_is_said_to_be_there() -> None:
    document = docx.Document()
    assert notes_of(editor_for("docx").read(saved(document))) == ""
    document.sections[0].header.paragraphs[0].text = "Page 1"
    assert "header" in notes_of(editor_for("docx").read(saved(document)))


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx"])
def test_control_characters_do_not_stop_a_text(extension) -> None:
    key = {"docx": "new-0", "xlsx": "0!A1", "pptx": "0.2.0"}[extension]
    editor = editor_for(extension)
    written = editor.write(editor.empty(), {key: "a\x0bb\x01c\ud800d\r\ne"})
    assert "a\nbcd\ne" in texts_of(editor.read(written.content))


def test_tabs_and_line_breaks_are_kept() -> None:
    document = docx.Document()
    document.add_paragraph("a\tb\nc")
    after = word(saved(document), {"0": "a\tB\nc\nd"})
    assert after.paragraphs[0].text == "a\tB\nc\nd"


def test_many_paragraphs_are_quick() -> None:
    document = docx.Document()
    pattern = document.add_paragraph("some words in it")._p
    for _ in range(8000):
        pattern.addnext(deepcopy(pattern))
    before = saved(document)
    began = time.process_time()  # Others may be busy, too.
    assert len(editor_for("docx").read(before)) == 8001
    changed("docx", before, {"4000": "other words"})
    assert time.process_time() - began < 4


# --- Excel ----------------------------------------------------------------------------------------


def test_a_workbook_keeps_formulas_and_reads_numbers_as_numbers() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Item", 2, "=B1*2", None])
    second = book.create_sheet("Second")
    second["A1"] = "other sheet"
    editor = editor_for("xlsx")
    before = saved(book)
    by_key = {block.key: block for block in editor.read(before)}
    formula = by_key["0!C1"]
    assert (formula.text, formula.kind, formula.shown) == ("=B1*2", "formula", "4")
    assert by_key["1!A1"].group == "Second"
    assert (by_key["0!B1"].numeric, by_key["0!A1"].numeric) == (True, False)

    changes = {"0!B1": "3", "0!D1": "007", "1!A1": "", "9!A1": "no such sheet", "nonsense": "x"}
    written = editor.write(before, changes)
    after = openpyxl.load_workbook(io.BytesIO(written.content))
    first = after.worksheets[0]
    assert [cell.value for cell in first[1]] == ["Item", 3, "=B1*2", "007"]
    assert after.worksheets[1]["A1"].value is None
    # The page learns the new results.
    assert {block.key: block.shown for block in written.blocks}["0!C1"] == "6"


@pytest.mark.parametrize(
    ("before", "number_format", "text", "after"),
    [
        (None, "General", "nan", "nan"),
        (None, "General", "inf", "inf"),
        (None, "General", "1e3", "1e3"),
        (None, "General", "12", 12),
        (None, "General", "-0.50", -0.5),
        (None, "General", " 7 ", 7),
        (None, "General", "1234567890123456", "1234567890123456"),
        ("007", "@", "008", "008"),
        (True, "General", "false", False),
        (True, "General", "maybe", "maybe"),
        (0.25, "0%", "30%", 0.3),
        (0.25, "0.0%", "12.5 %", 0.125),
        (datetime(2026, 3, 1), "yyyy-mm-dd", "2026-04-01", datetime(2026, 4, 1)),
        (datetime(2026, 3, 1), "yyyy-mm-dd", "soon", "soon"),
        ("text", "General", "=SUM(1", "=SUM(1"),
    ],
)
def test_a_cell_stays_what_it_was(before, number_format, text, after) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = before
    book.active["A1"].number_format = number_format
    cell = workbook(saved(book), {"0!A1": text}).active["A1"]
    assert cell.value == after
    assert type(cell.value) is type(after)
    assert cell.data_type != "f"


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (True, "General", "TRUE"),
        (0.25, "0%", "25%"),
        (datetime(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),
        (datetime(2026, 3, 1, 12, 30), "yyyy-mm-dd", "2026-03-01 12:30:00"),
        (12000.0, "General", "12000"),
        (0.1 + 0.2, "General", "0.3"),
    ],
)
def test_a_cell_is_shown_as_it_is_typed(value, number_format, text) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = value
    book.active["A1"].number_format = number_format
    before = saved(book)
    assert editor_for("xlsx").read(before)[0].text == text
    assert changed("xlsx", before, {"0!A1": text}) == before


def test_merged_cells_are_one() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "wide"
    book.active.merge_cells("A1:C2")
    before = saved(book)
    by_key = {block.key: block for block in editor_for("xlsx").read(before)}
    assert by_key["0!A1"].place == (1, 1, 2, 3)
    assert "0!B1" not in by_key
    with pytest.raises(CannotChange, match="merged"):
        changed("xlsx", before, {"0!B1": "x"})


def test_the_colours_of_a_head_are_shown() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Item"
    book.active["A1"].font = Font(bold=True, color="FFFFFF")
    book.active["A1"].fill = PatternFill("solid", fgColor="1F6E43")
    head = editor_for("xlsx").read(saved(book))[0]
    assert head.colors == ("#1F6E43", "#ffffff")
    assert head.spans == (("Item", "bold"),)


def test_what_is_beyond_the_page_is_told_and_kept() -> None:
    book = openpyxl.Workbook()
    book.active.cell(230, 30).value = "far"
    before = saved(book)
    assert "30 more rows and 4 more columns" in notes_of(editor_for("xlsx").read(before))
    assert workbook(before, {"0!A1": "near"}).active.cell(230, 30).value == "far"


def test_a_workbook_with_a_picture_can_only_be_read() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "text"
    book.active.add_image(openpyxl.drawing.image.Image(picture()))
    before = saved(book)
    blocks = editor_for("xlsx").read(before)
    assert all(block.locked for block in blocks)
    assert "pictures" in notes_of(blocks)
    with pytest.raises(CannotChange):
        changed("xlsx", before, {"0!A1": "other"})


def test_text_with_looks_in_a_cell_is_not_flattened() -> None:
    book = openpyxl.Workbook()
    rich = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"))
    book.active["A1"] = rich
    before = saved(book)
    assert editor_for("xlsx").read(before)[0].locked
    content = changed("xlsx", before, {"0!B1": "beside"})
    after = openpyxl.load_workbook(io.BytesIO(content), rich_text=True)
    assert after.active["A1"].value == rich


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("=1+2*3", 7),
        ("=-(A1+$B$1)/2", -5),
        ("=SUM(A1:B2)", 19),
        ("=sum(A1,B1,1)*2", 22),
        ("=AVERAGE(A1:B1)", 5),
        ("=MAX(A1:B2)-MIN(A1:B2)", 7),
        ("=C9", 0),
        ("=1/0", None),
        ("=AVERAGE(C7:C9)", None),
        ("=VLOOKUP(1,A1:B2,2)", None),
        ("=Other!A1", None),
        ("=A3", None),
        ("=A4", None),
        ("=SUM(A1:XFD1048576)", None),
        ("=", None),
        ("=(1", None),
    ],
)
def test_simple_formulas_are_worked_out(formula, result) -> None:
    cells = {(1, 1): 2, (1, 2): 8, (2, 1): 9, (2, 2): "text", (3, 1): "x", (4, 1): "=A4"}
    assert Results(lambda row, column: cells.get((row, column))).of(formula) == result


# --- PowerPoint -----------------------------------------------------------------------------------


def test_a_presentation_keeps_its_other_shapes() -> None:
    before = pptx.Presentation()
    slide = before.slides.add_slide(before.slide_layouts[1])
    slide.shapes.title.text = "Title"
    slide.placeholders[1].text = "one\ntwo"
    blocks = editor_for("pptx").read(saved(before))
    assert [(b.text, b.kind) for b in blocks] == [
        ("Title", "title"),
        ("one", "point"),
        ("two", "point"),
    ]
    after = show(saved(before), {blocks[2].key: "zwei"})
    texts = [shape.text_frame.text for shape in after.slides[0].shapes]
    assert texts == ["Title", "one\nzwei"]


def text_box(fill) -> bytes:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    fill(slide.shapes.add_textbox(0, 0, 100, 100).text_frame.paragraphs[0], slide)
    return saved(presentation)


def paragraph_of(presentation):
    return presentation.slides[0].shapes[0].text_frame.paragraphs[0]


def test_line_breaks_on_a_slide_are_shown_and_written_as_such() -> None:
    def fill(paragraph, _slide):
        paragraph.add_run().text = "first"
        paragraph.add_line_break()
        run = paragraph.add_run()
        run.text, run.font.bold = "second", True

    before = text_box(fill)
    (block,) = editor_for("pptx").read(before)
    assert block.text == "first\nsecond"
    assert block.spans == (("first", ""), ("\n", ""), ("second", "bold"))
    paragraph = paragraph_of(show(before, {block.key: "first\nsecond\nthird\n"}))
    assert paragraph.text == "first\vsecond\vthird\v"
    assert [(run.text, run.font.bold) for run in paragraph.runs] == [
        ("first", None),
        ("second", True),
        ("third", True),
    ]
    # Behind a break, and where there is nothing else.
    paragraph = paragraph_of(show(before, {block.key: "\n"}))
    assert paragraph.text.strip("\v") == ""


def test_text_in_a_group_is_found_and_the_rest_is_told() -> None:
    def fill(paragraph, slide):
        paragraph.text = "alone"
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "grouped"
        slide.shapes.add_table(1, 1, 0, 0, 9, 9)

    blocks = editor_for("pptx").read(text_box(fill))
    assert texts_of(blocks) == ["alone", "grouped"]
    assert "not shown: 1" in notes_of(blocks)


def test_a_field_on_a_slide_can_only_be_read() -> None:
    def fill(paragraph, _slide):
        paragraph.text = "Page "
        run = deepcopy(paragraph.runs[0]._r)
        run.tag = run.tag.replace("}r", "}fld")
        paragraph._p.append(run)

    before = text_box(fill)
    (block,) = editor_for("pptx").read(before)
    assert block.locked
    with pytest.raises(CannotChange):
        changed("pptx", before, {block.key: "x"})


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "shown", "typed", "after"),
    [
        ("zwei\nZeilen ü", "zwei\nZeilen ü", "ü", "ü"),
        ("a\r\nb\r\n", "a\nb", "a\nx\nb", "a\r\nx\r\nb\r\n"),
        ("a\nb\r\nc\n", "a\nb\nc", "A\nb\nc", "A\nb\r\nc\n"),
        ("a\n\n", "a\n", "b\n", "b\n\n"),
        ("\ufeffa", "a", "b", "\ufeffb"),
        ("", "", "new\nfile", "new\nfile"),
    ],
)
def test_text_keeps_its_line_ends(before, shown, typed, after) -> None:
    editor = editor_for("txt")
    assert texts_of(editor.read(before.encode())) == [shown]
    assert changed("txt", before.encode(), {"0": typed}) == after.encode()
    assert changed("txt", before.encode(), {"0": shown}) == before.encode()


@pytest.mark.parametrize(
    ("before", "shown", "typed", "after"),
    [
        ("für".encode("latin-1"), "für", "führt", "führt".encode("latin-1")),
        ("für".encode("latin-1"), "für", "für 漢", "für 漢".encode()),
        (
            "\ufeffü\r\n".encode("utf-16-be"),
            "ü",
            "ö",
            "\ufefföX".replace("X", "\r\n").encode("utf-16-be"),
        ),
        (b"a", "a", "a\ud800", b"a?"),
    ],
)
def test_text_of_windows_programs_is_text_too(before, shown, typed, after) -> None:
    assert texts_of(editor_for("txt").read(before)) == [shown]
    assert changed("txt", before, {"0": typed}) == after


# --- all kinds ------------------------------------------------------------------------------------


def picture() -> io.BytesIO:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "PNG")
    stream.seek(0)
    return stream


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx", "txt"])
def test_a_file_that_is_not_changed_stays_as_it_is(extension) -> None:
    editor = editor_for(extension)
    before = editor.empty()
    same = {block.key: block.text for block in editor.read(before)}
    assert editor.write(before, same).content == before
    assert editor.write(before, {}).content == before


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx"])
def test_a_new_file_can_be_opened(extension: str) -> None:
    editor = editor_for(extension)
    assert editor.read(b"") == editor.read(editor.empty())


def spoiled(extension: str) -> bytes:
    """A good zip whose parts are no XML."""
    stream = io.BytesIO()
    with ZipFile(io.BytesIO(editor_for(extension).empty())) as good, ZipFile(stream, "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name)[:200])
    return stream.getvalue()


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx", "txt"])
@pytest.mark.parametrize("content", [b"\xff\xfe not this", b"PK\x03\x04 broken zip \xff"])
def test_a_damaged_file_is_said_to_be_one(extension: str, content: bytes) -> None:
    with pytest.raises(DamagedFile):
        editor_for(extension).read(content)


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx"])
def test_so_is_a_zip_with_spoiled_parts(extension: str) -> None:
    with pytest.raises(DamagedFile):
        editor_for(extension).read(spoiled(extension))
    with pytest.raises(CannotChange):
        editor_for(extension).write(spoiled(extension), {"0": "x"})


def test_other_kinds_have_no_editor() -> None:
    assert editor_for("png") is None
    assert editor_for("") is None


# --- a session --------------------------------------------------------------------------------


class Answer:
    def __init__(self, status, content=b"", info=None, **headers):
        self.status_code, self.content, self.headers = status, content, headers
        self.json = lambda: info


class Host:
    """A document's host in memory, in the place of the client that calls it.

    What is in ``answers`` comes instead of what it would say: a status, or ``None`` for nothing.
    """

    def __init__(self, content, name="a.docx", **info):
        self.content, self.version, self.lock_id = content, 1, None
        self.info = {"UserCanWrite": True, "SupportsLocks": True, "SupportsUpdate": True} | info
        self.info["BaseFileName"] = name
        self.answers = {}
        self.calls = []

    def _answer(self, name):
        self.calls.append(name)
        if name in self.answers:
            if self.answers[name] is None:
                raise HostUnreachable
            return Answer(self.answers[name])
        return None

    def check_file_info(self):
        return self._answer("CheckFileInfo") or Answer(200, info=self.info)

    def get_file(self):
        return self._answer("GetFile") or Answer(200, self.content)

    def lock(self, lock_id):
        if answer := self._answer("Lock"):
            return answer
        self.lock_id = lock_id
        return Answer(200)

    def refresh_lock(self, lock_id):
        return self._answer("RefreshLock") or Answer(200 if lock_id == self.lock_id else 409)

    def unlock(self, lock_id):
        if answer := self._answer("Unlock"):
            return answer
        self.lock_id = None
        return Answer(200)

    def put_file(self, content, lock_id, _editor):
        if answer := self._answer("PutFile"):
            return answer
        if lock_id != self.lock_id:
            return Answer(409)
        self.content = content
        return Answer(200)

    @property
    def lines(self):
        return [p.text for p in docx.Document(io.BytesIO(self.content)).paragraphs]


@pytest.fixture
def host():
    document = docx.Document()
    for text in ("one", "two"):
        document.add_paragraph(text)
    return Host(saved(document))


def session_on(host):
    session = OfficeSession(host, wants_edit=True)
    session.calls = list
    session.open()
    return session


def test_a_save_that_failed_can_be_sent_again(host) -> None:
    session = session_on(host)
    host.answers["PutFile"] = None
    answer = session.save({"new-0": "three"})
    assert (answer["ok"], answer["passing"]) == (False, True)
    host.answers["PutFile"] = 500
    assert session.save({"new-0": "three"})["passing"]
    host.answers.clear()
    assert session.save({"new-0": "three"})["keys"] == {"new-0": "2"}
    # The answer did not arrive, and more was typed.
    assert session.save({"new-0": "three!"})["keys"] == {"new-0": "2"}
    assert host.lines == ["one", "two", "three!"]


def test_what_did_not_change_is_not_sent(host) -> None:
    session = session_on(host)
    assert session.save({"0": "one"})["ok"]
    assert "PutFile" not in host.calls


@pytest.mark.parametrize("status", [400, 401, 404, 413])
def test_a_refused_save_is_not_sent_again_by_itself(host, status) -> None:
    session = session_on(host)
    host.answers["PutFile"] = status
    answer = session.save({"0": "x"})
    assert answer["message"].startswith("Not saved")
    assert not answer["passing"]
    assert session.state()["editable"]


def test_a_lost_lock_is_taken_again(host) -> None:
    session = session_on(host)
    host.lock_id = "somebody else's"
    assert not session.save({"0": "x"})["ok"]
    state = session.state()
    assert (state["editable"], state["canRetry"]) == (False, True)
    assert "unlocked by its host" in session.save({"0": "x"})["message"]
    # A copy is of what was there, with what was typed.
    assert word(session.changed({"0": "x"}), {}).paragraphs[0].text == "x"
    host.answers["Lock"] = 409
    session.retry()
    assert not session.state()["editable"]
    host.answers.clear()
    session.retry()
    assert session.save({"0": "x"})["ok"]
    assert host.lines == ["x", "two"]


def test_a_lock_that_cannot_be_refreshed_is_lost(host) -> None:
    session = session_on(host)
    host.answers["RefreshLock"] = None
    session.refresh_if_due(0)
    assert session.state()["editable"]
    host.answers["RefreshLock"] = 409
    session.refresh_if_due(0)
    assert not session.state()["editable"]


def test_a_retry_that_cannot_read_does_not_keep_the_lock(host) -> None:
    session = session_on(host)
    host.answers["RefreshLock"] = 409
    session.refresh_if_due(0)
    host.lock_id, host.answers = None, {"GetFile": 500}
    with pytest.raises(CannotOpen):
        session.retry()
    assert host.lock_id is None
    assert not session.state()["editable"]


def test_added_paragraphs_are_added_anew_to_what_somebody_else_wrote(host) -> None:
    session = session_on(host)
    session.save({"new-0": "three"})
    host.lock_id = None
    session.save({"0": "x"})
    document = docx.Document()
    document.add_paragraph("other")
    host.content = saved(document)
    session.retry()
    assert session.save({"new-0": "three"})["keys"] == {"new-0": "1"}
    assert host.lines == ["other", "three"]


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", spoiled("docx")])
def test_a_file_that_cannot_be_opened_is_not_left_locked(content) -> None:
    host = Host(content)
    with pytest.raises(CannotOpen, match="damaged"):
        session_on(host)
    assert host.calls[-1] == "Unlock"


def test_who_leaves_leaves_nothing_unsaved(host) -> None:
    session = session_on(host)
    assert session.leave({"1": "at the last moment"})
    assert host.lines == ["one", "at the last moment"]
    assert host.lock_id is None
    assert not session.leave_again()


def test_what_cannot_be_saved_when_the_page_is_left_is_saved_later(host) -> None:
    sessions = Sessions(Rhythm())
    session = session_on(host)
    sessions.add(session)
    host.answers["PutFile"] = None
    sessions.end(session.id, {"1": "at the last moment"})
    assert host.lock_id is not None
    host.answers.clear()
    sessions.end_silent()
    assert host.lines == ["one", "at the last moment"]
    assert host.lock_id is None
    assert sessions.get(session.id) is None


def test_silent_sessions_end(host) -> None:
    sessions = Sessions(Rhythm(silence=100))
    session = session_on(host)
    sessions.add(session)
    sessions.end_silent(lambda: time.monotonic() + 99)
    assert host.lock_id is not None
    sessions.end_silent(lambda: time.monotonic() + 101)
    assert host.lock_id is None
    assert sessions.get(session.id) is None


# --- proof keys -------------------------------------------------------------------------------


def key_of(modulus: str, exponent: str) -> rsa.RSAPublicKey:
    numbers = [int.from_bytes(base64.b64decode(part), "big") for part in (exponent, modulus)]
    return rsa.RSAPublicNumbers(*numbers).public_key()


def verify(key: rsa.RSAPublicKey, signature: str, data: bytes) -> None:
    key.verify(base64.b64decode(signature), data, padding.PKCS1v15(), hashes.SHA256())


def test_what_it_signs_is_checked_with_the_key_in_its_discovery(tmp_path) -> None:
    current, former = load_or_make(tmp_path, "current"), load_or_make(tmp_path, "old")
    document = discovery_xml("http://office/", current.published(), former.published())
    published = fromstring(document).find("proof-key").attrib
    data = signed_bytes("token", "http://host/wopi/files/1?access_token=token", ticks(1.5))
    key = key_of(published["modulus"], published["exponent"])
    verify(key, current.sign(data), data)
    old_key = key_of(published["oldmodulus"], published["oldexponent"])
    verify(old_key, former.sign(data), data)
    # The blob of the Windows CryptoAPI says the same: 20 bytes of header, the modulus backwards.
    blob = base64.b64decode(published["value"])
    assert int.from_bytes(blob[20:], "little") == key.public_numbers().n
    assert int.from_bytes(blob[16:20], "little") == key.public_numbers().e
    assert load_or_make(tmp_path, "current").published() == current.published()
    assert (tmp_path / "proof-current.pem").stat().st_mode & 0o077 == 0


@pytest.mark.validator
@pytest.mark.skipif(
    not VECTORS.exists(), reason="Microsoft's test vectors are not beside this checkout"
)
def test_it_signs_the_bytes_that_microsoft_signs() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    current = key_of(vectors["discovery"]["modulus"], vectors["discovery"]["exponent"])
    cases = [case for case in vectors["cases"] if case["name"].startswith("proof_current_key")]
    assert cases
    for case in cases:
        data = signed_bytes(case["access_token"], case["url"], case["timestamp"])
        verify(current, case["proof"], data)
