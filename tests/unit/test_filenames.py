"""Names in WOPI headers."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.wopi import filenames

# Category Cs is among them: halves of surrogate pairs, which a UTF-7 header can hold.
NAMES = st.text(st.characters(exclude_categories=()), max_size=700)
SENT = ["+2AA-", "+3AA-", "+2AA-.docx", "x+2AA-y.docx", "+//7//w-.docx"]
"""UTF-7 of what no encoding or no text has."""


@given(NAMES)
def test_every_text_comes_back_out_of_a_header(text: str) -> None:
    header = filenames.encode_header(text)
    assert header.isascii()
    # Halves that stand side by side are a whole character by then.
    assert filenames.decode_header(header) == whole(text)


def whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("madeup+AF8-name.wopitestx", "madeup_name.wopitestx"),
        ("+ZeVnLIqe test.docx", "日本語 test.docx"),
        ("a+-b&c.docx", "a+b&c.docx"),
        ("a+b.docx", "a+b.docx"),
        ("100% (x).docx", "100% (x).docx"),
        ("Ã\x9c.docx", "Ü.docx"),
        ("\xff", "\xff"),
    ],
)
def test_headers_as_clients_send_them(header: str, text: str) -> None:
    assert filenames.decode_header(header) == text


@pytest.mark.parametrize(
    "name", ["Report.docx", "Été (2) - x.docx", "no extension", ".htaccess", "a" * 507 + ".docx"]
)
def test_ordinary_names_are_legal(name: str) -> None:
    assert filenames.check(name) == name
    assert filenames.legal(name).removeprefix("Document") in (name, name.strip("."))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("..", "empty"),
        ("a/b.docx", "character"),
        ("a\\b.docx", "character"),
        ("a\nb.docx", r"U\+000A"),
        ("a?.docx", "character"),
        ("\ud800.docx", r"U\+D800"),
        ("a\udfff", r"U\+DFFF"),
        ("a\ufffe.docx", r"U\+FFFE"),
        ("a\uffff.docx", r"U\+FFFF"),
        ("a\x85b.docx", r"U\+0085"),
        ("a\x9fb.docx", r"U\+009F"),
        ("invoice\u202excod.exe", r"U\+202E"),
        ("a\u2066b\u2069.docx", r"U\+2066"),
        ("a.docx.", "dot"),
        (" a.docx", "blank"),
        ("a" * 513, "512"),
    ],
)
def test_illegal_names_are_refused_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(filenames.IllegalName, match=reason):
        filenames.check(name)


@given(NAMES)
def test_from_every_text_a_legal_name_is_made(text: str) -> None:
    name = filenames.legal(text)
    assert filenames.check(name) == name
    assert filenames.legal(name) == name
    # It can be sent on, in JSON and in a header.
    assert name.encode().decode() == name
    assert filenames.decode_header(filenames.encode_header(name)) == name


@pytest.mark.parametrize("header", SENT)
def test_what_no_text_has_is_left_out_of_names(header: str) -> None:
    sent = filenames.decode_header(header)
    with pytest.raises(filenames.IllegalName):
        filenames.check(sent)
    name = filenames.legal(sent)
    assert filenames.check(name) == name
    assert filenames.extension(name) == filenames.extension(sent)


def test_writing_from_right_to_left_is_no_reason_to_refuse_a_name() -> None:
    for name in ("דוח.docx", "تقرير\u200f.docx", "\u200eReport.docx", "👩\u200d💻.docx"):
        assert filenames.check(name) == name


@given(NAMES, st.sampled_from([".docx", ".xlsx", ".wopitest"]))
def test_the_extension_survives(text: str, extension: str) -> None:
    assert filenames.legal(f"x{text}{extension}").endswith(extension)


def test_an_extension_alone_stands_for_the_source_with_that_extension() -> None:
    assert filenames.suggested(".docx", "Old report.doc") == "Old report.docx"
    assert filenames.suggested("New.docx", "Old.doc") == "New.docx"
    assert filenames.suggested(".docx", "no extension") == "no extension.docx"


def test_a_name_that_is_taken_gets_a_number() -> None:
    names = filenames.candidates("a.docx")
    assert [next(names) for _ in range(3)] == ["a.docx", "a (1).docx", "a (2).docx"]
    assert list(islice(filenames.candidates("plain"), 2)) == ["plain", "plain (1)"]


@given(NAMES, st.integers(0, 1200))
def test_every_further_name_is_legal_too_and_another_one(text: str, number: int) -> None:
    name = filenames.legal(text)
    first, *others = islice(filenames.candidates(name), number, number + 3)
    assert filenames.check(first) == first
    assert filenames.extension(first) == filenames.extension(name)
    assert first not in others
