"""Names that are asked for, and names that are free."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.nuxeo_gateway.nxql import in_one_query
from connector.wopi import filenames
from connector.wopi.errors import BadRequest, NotImplementedOperation
from connector.wopi.free_names import free_name
from connector.wopi.targets import (
    IllegalName,
    NameTaken,
    Target,
    container_name,
    file_name,
    read_target,
)


def test_the_header_tells_the_mode():
    assert read_target("a", None, overwrite=True) == Target("a", is_exact=True, overwrite=True)
    assert read_target("", None, overwrite=False).is_exact
    # Overwriting is ignored for suggestions.
    assert read_target(None, "a", overwrite=True) == Target("a", is_exact=False, overwrite=False)
    with pytest.raises(NotImplementedOperation):
        read_target("a", "a", overwrite=False)
    with pytest.raises(BadRequest):
        read_target(None, None, overwrite=True)


@given(st.text())
def test_a_suggestion_is_never_refused(text):
    for name in (
        file_name(Target(text, is_exact=False), "Old.doc"),
        container_name(Target(text, is_exact=False)),
    ):
        assert filenames.check(name) == name


@given(st.text())
def test_an_exact_name_is_taken_as_it_is_or_refused_with_a_legal_one(text):
    try:
        named = file_name(Target(text, is_exact=True), "Old.doc")
    except IllegalName as error:
        named = None
        refused = error
    if named is not None:
        assert named == text
        return
    assert filenames.check(refused.legal)
    assert "X-WOPI-ValidRelativeTarget" not in refused.headers
    told = refused.with_valid("Legal ü.docx").headers
    assert filenames.decode_header(told["X-WOPI-ValidRelativeTarget"]) == "Legal ü.docx"
    assert told["X-WOPI-InvalidFileNameError"] == refused.headers["X-WOPI-InvalidFileNameError"]


def test_a_mere_extension_is_for_the_source():
    assert file_name(Target(".docx", is_exact=False), "Old.doc") == "Old.docx"


def test_a_name_that_is_taken_is_refused_with_a_lock_always():
    assert NameTaken().headers["X-WOPI-Lock"] == ""
    told = NameTaken("a (1).docx", "L").headers
    assert (told["X-WOPI-Lock"], told["X-WOPI-ValidRelativeTarget"]) == ("L", "a (1).docx")


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((number, "a.docx") for number in (0, 1, 39, 40, 200)),
        (5, "東" * 500),
        (9, "x" * 512),
    ],
)
def test_the_first_free_name_is_found_in_few_questions(number, name):
    names = filenames.candidates(name)
    there = {next(names) for _ in range(number)}
    asked = []

    def taken(some):
        asked.append(list(some))
        return there.intersection(some)

    assert free_name(name, taken) == next(names)
    assert asked[0][0] == name
    assert all(some == in_one_query(some) for some in asked)
    everything = [each for some in asked for each in some]
    assert len(set(everything)) == len(everything)
    if name == "a.docx":
        assert len(asked) == number // 40 + 1


def test_what_else_is_taken_makes_no_difference():
    assert free_name("a.docx", lambda _: {"b.docx", "A.docx"}) == "a.docx"
