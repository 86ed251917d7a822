"""What becomes of a name that a user types."""

import pytest

from connector.wopi.errors import InvalidFileName
from connector.wopi.filenames import MAX_LENGTH
from connector.wopi.renaming import legal_stem


@pytest.mark.parametrize(
    ("typed", "stem"),
    [
        ("Report", "Report"),
        ("v1.2", "v1.2"),
        ("Report.docx", "Report"),
        ("Report.DOCX", "Report"),
        ("Report.docx.docx", "Report.docx"),
        ("Report.pdf", "Report.pdf"),
        ("  Report. ", "Report"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"),
        ("new\nline", "new_line"),
        ("été 日本 😀", "été 日本 😀"),
        ("__", "__"),
        (".hidden", "hidden"),
    ],
)
def test_the_legal_name_nearest_to_it(typed, stem):
    assert legal_stem(typed, ".docx") == stem


@pytest.mark.parametrize("typed", ["", " ", "...", ". .", "?", "/\\", ".docx", "\x00"])
def test_where_nothing_is_left_there_is_no_name(typed):
    with pytest.raises(InvalidFileName) as refused:
        legal_stem(typed, ".docx")
    assert refused.value.headers["X-WOPI-InvalidFileNameError"]
    assert refused.value.status == 400


@pytest.mark.parametrize("suffix", ["", ".docx"])
def test_with_its_extension_a_name_is_never_too_long(suffix):
    assert len(legal_stem("x" * 2000, suffix)) == MAX_LENGTH - len(suffix)


def test_a_file_without_an_extension_keeps_having_none():
    assert legal_stem("Makefile", "") == "Makefile"
