"""File ids name a blob, and nothing else."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.file_reference import FileReference, InvalidFileReference
from connector.wopi.file_id import InvalidFileId, decode, encode

UID = "3b7c9a2e-55d1-4c3e-9d0b-0f6c8f1e2a77"
MAIN = FileReference("default", UID, "file:content")
ATTACHMENT = FileReference("default", UID, "files:files/0/file")

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,9}", fullmatch=True)
references = st.builds(
    FileReference,
    repository=names,
    document_id=st.uuids().map(str),
    xpath=st.builds("{}:{}/{}/{}".format, names, names, st.integers(0, 999), names),
)


@pytest.mark.parametrize("reference", [MAIN, ATTACHMENT])
@pytest.mark.parametrize("instance", ["", "staging"])
def test_an_id_leads_back_to_its_file(reference, instance):
    assert decode(encode(reference, instance), instance) == reference


@given(references)
def test_every_file_has_its_own_id_that_onlyoffice_keeps_whole(reference):
    file_id = encode(reference, "prod")
    assert decode(file_id, "prod") == reference
    assert re.fullmatch(r"[0-9.a-zA-Z_=-]{1,239}", file_id)


@given(references, references, st.sampled_from(["", "prod", "staging"]))
def test_no_two_files_share_an_id(one, other, instance):
    assert (encode(one, instance) == encode(other, instance)) is (one == other)


@given(references)
def test_every_id_of_the_java_addon_leads_to_the_same_file(reference):
    text = f"{reference.repository}/{reference.document_id}/{reference.xpath}"
    assert decode(base64.b64encode(text.encode()).decode()) == reference


@given(references, st.integers(0, 300), st.characters(codec="utf-8"))
def test_an_id_that_was_changed_is_another_files_or_none(reference, position, character):
    file_id = encode(reference, "prod")
    position %= len(file_id)
    changed = file_id[:position] + character + file_id[position + 1 :]
    try:
        named = decode(changed, "prod")
    except InvalidFileId:
        return
    # Whatever it names has one id only that is ever handed out.
    assert decode(encode(named, "prod"), "prod") == named


def test_an_id_of_the_java_addon_is_understood():
    padded = FileReference("store", UID, "file:content")
    java = base64.b64encode(f"store/{UID}/file:content".encode()).decode()
    assert java.endswith("=")
    assert decode(java) == padded


def test_another_installations_id_is_refused():
    with pytest.raises(InvalidFileId, match="another installation"):
        decode(encode(MAIN, "staging"), "prod")
    with pytest.raises(InvalidFileId, match="another installation"):
        decode(encode(MAIN, "staging"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "%%%",
        "a",
        "not base64!",
        "é",
        "A" * 300,
        base64.b64encode(b"\xff\xfe\xfd").decode(),
        base64.b64encode(b"default").decode(),
        base64.b64encode(b"default/uid").decode(),
        base64.b64encode(b"default//file:content").decode(),
        base64.b64encode(b"../uid/file:content").decode(),
        base64.b64encode(b"default/u?d/file:content").decode(),
        base64.b64encode(b"default/uid/../../secret").decode(),
        base64.b64encode(b"default/uid/file:content?x=1").decode(),
        base64.b64encode(b"default/uid/@acl").decode(),
        base64.b64encode(b"default/uid/file:content\n").decode(),
    ],
)
def test_what_names_no_file_is_refused(text):
    with pytest.raises(InvalidFileId):
        decode(text)


@given(st.text(max_size=300))
def test_no_text_does_more_than_be_refused(text):
    try:
        reference = decode(text)
    except InvalidFileId:
        return
    assert decode(encode(reference)) == reference


def test_an_id_that_clients_would_cut_is_not_made():
    with pytest.raises(InvalidFileId, match="longer"):
        encode(FileReference("r" * 60, "d" * 60, "x" * 120))


@pytest.mark.parametrize(
    ("repository", "document_id", "xpath"),
    [
        ("", UID, "file:content"),
        ("a/b", UID, "file:content"),
        ("default", "a b", "file:content"),
        ("default", UID, ""),
        ("default", UID, "/file:content"),
        ("default", UID, "files:files/../file"),
        ("default", UID, "files:files//file"),
    ],
)
def test_a_reference_fits_into_a_url_as_it_is(repository, document_id, xpath):
    with pytest.raises(InvalidFileReference):
        FileReference(repository, document_id, xpath)
