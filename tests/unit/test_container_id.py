"""Container ids name a document, and are never file ids."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.file_reference import DocumentReference, InvalidFileReference
from connector.wopi import file_id
from connector.wopi.container_id import InvalidContainerId, decode, encode

FOLDER = DocumentReference("default", "3b7c9a2e-55d1-4c3e-9d0b-0f6c8f1e2a77")

references = st.builds(
    DocumentReference,
    repository=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True),
    document_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
)


def packed(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(references, st.sampled_from(["", "prod", "staging16letters"]))
def test_every_folder_has_an_id_that_leads_back_to_it(reference, instance):
    container_id = encode(reference, instance)
    assert decode(container_id, instance) == reference
    assert re.fullmatch(r"[0-9.a-zA-Z_=-]{1,239}", container_id)


@given(references, references)
def test_no_two_folders_share_an_id(one, other):
    assert (encode(one) == encode(other)) is (one == other)


@given(references)
def test_a_container_id_is_no_file_id_and_no_file_id_a_containers(reference):
    with pytest.raises(file_id.InvalidFileId):
        file_id.decode(encode(reference))
    with pytest.raises(InvalidContainerId):
        decode(file_id.encode(reference.file()))


@pytest.mark.parametrize(
    "text",
    ["", "!", "ü", "A", packed("default"), packed("default/"), packed("/uid"), packed("a/b/c")],
)
def test_what_names_no_folder_is_no_id(text):
    with pytest.raises(InvalidContainerId):
        decode(text)


@given(st.text(max_size=300))
def test_any_text_is_an_id_or_refused(text):
    try:
        reference = decode(text)
    except InvalidContainerId:
        return
    assert decode(encode(reference)) == reference


def test_another_installations_id_is_refused():
    assert decode(encode(FOLDER), "prod") == FOLDER
    with pytest.raises(InvalidContainerId):
        decode(encode(FOLDER, "staging"), "prod")


@pytest.mark.parametrize(
    "parts", [("", "a"), ("a", ""), ("a/b", "c"), ("a", "b/c"), ("a", "x" * 65)]
)
def test_what_could_not_stand_in_a_url_is_no_reference(parts):
    with pytest.raises(InvalidFileReference):
        DocumentReference(*parts)
