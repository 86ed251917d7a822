"""The demo office: what it changes in a file, and what it signs."""

import base64
import io
import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import docx
import openpyxl
import pptx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connector.sandbox.demo_office.discovery import discovery_xml
from connector.sandbox.demo_office.editors import DamagedFile, editor_for
from connector.sandbox.demo_office.keys import load_or_make
from connector.sandbox.demo_office.proof import signed_bytes, ticks

VECTORS = Path(__file__).parents[3] / "shared/wopi-validator/tests/proof_vectors.json"


def saved(document) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


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
    assert [block.text for block in blocks] == ["Offer", "plain and bold", "untouched"]
    assert [block.kind for block in blocks] == ["heading", "text", "text"]

    after = docx.Document(
        io.BytesIO(editor.write(before, {blocks[0].key: "Order", "new-1": "b", "new-0": "a"}))
    )
    assert [p.text for p in after.paragraphs] == ["Order", "plain and bold", "untouched", "a", "b"]
    assert after.paragraphs[0].style.name == "Heading 1"
    assert [run.bold for run in after.paragraphs[1].runs] == [None, True]
    assert after.paragraphs[2].runs[0].italic
    assert after.tables[0].cell(0, 1).text == "in a table"


def test_a_workbook_keeps_formulas_and_reads_numbers_as_numbers() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Item", 2, "=B1*2", None])
    second = book.create_sheet("Second")
    second["A1"] = "other sheet"
    editor = editor_for("xlsx")
    before = saved(book)
    by_key = {block.key: block for block in editor.read(before)}
    assert (by_key["0!C1"].text, by_key["0!C1"].kind) == ("=B1*2", "formula")
    assert by_key["1!A1"].group == "Second"

    changes = {"0!B1": "3", "0!D1": "007", "1!A1": "", "9!A1": "no such sheet", "nonsense": "x"}
    after = openpyxl.load_workbook(io.BytesIO(editor.write(before, changes)))
    first = after.worksheets[0]
    assert [cell.value for cell in first[1]] == ["Item", 3, "=B1*2", "007"]
    assert after.worksheets[1]["A1"].value is None


def test_a_presentation_keeps_its_other_shapes() -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Title"
    slide.placeholders[1].text = "one\ntwo"
    before = saved(show)
    editor = editor_for("pptx")
    blocks = editor.read(before)
    assert [(b.text, b.kind) for b in blocks] == [
        ("Title", "title"),
        ("one", "text"),
        ("two", "text"),
    ]
    after = pptx.Presentation(io.BytesIO(editor.write(before, {blocks[2].key: "zwei"})))
    texts = [shape.text_frame.text for shape in after.slides[0].shapes]
    assert texts == ["Title", "one\nzwei"]


def test_text_is_text() -> None:
    editor = editor_for("txt")
    assert [block.text for block in editor.read("zwei\nZeilen ü".encode())] == ["zwei\nZeilen ü"]
    assert editor.write(b"before", {"0": "ü"}) == "ü".encode()
    assert editor.write(b"before", {}) == b"before"


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx"])
def test_a_new_file_can_be_opened(extension: str) -> None:
    editor = editor_for(extension)
    assert isinstance(editor.read(editor.empty()), list)


@pytest.mark.parametrize("extension", ["docx", "xlsx", "pptx", "txt"])
@pytest.mark.parametrize("content", [b"\xff\xfe not this", b"PK\x03\x04 broken zip \xff"])
def test_a_damaged_file_is_said_to_be_one(extension: str, content: bytes) -> None:
    with pytest.raises(DamagedFile):
        editor_for(extension).read(content)


def test_other_kinds_have_no_editor() -> None:
    assert editor_for("png") is None
    assert editor_for("") is None


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
