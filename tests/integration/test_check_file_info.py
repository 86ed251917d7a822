"""CheckFileInfo of documents in Nuxeo, as different people get it."""

import json

import pytest
from jsonschema import Draft4Validator, FormatChecker

from connector.check_file_info_properties import fits
from tests.support import DEMO_FOLDER
from tests.unit.test_file_info import SCHEMA


@pytest.fixture(scope="module")
def schema():
    if not SCHEMA.exists():
        pytest.skip("Microsoft's JSON schema is not beside this checkout (../shared)")
    return Draft4Validator(
        json.loads(SCHEMA.read_text(encoding="utf-8-sig")), format_checker=FormatChecker()
    )


@pytest.mark.parametrize("document", ["Letter", "Budget", "Slides", "Bundle"])
@pytest.mark.parametrize("user", ["alice", "carol", "Administrator"])
def test_the_answer_is_what_the_schema_wants(demo, schema, document, user):
    info = demo.open(user, f"{DEMO_FOLDER}/{document}").info()
    assert [error.message for error in schema.iter_errors(info)] == []
    assert all(fits(name, value) for name, value in info.items())
    assert None not in info.values()


def test_what_somebody_may_do_in_the_folder_is_known_without_a_further_call(demo):
    uid = demo.nuxeo("alice").create()
    assert demo.open("alice", uid).info()["UserCanNotWriteRelative"] is False
    assert demo.open("carol", uid).info()["UserCanNotWriteRelative"] is True


def test_a_writer_of_the_document_alone_adds_nothing_to_the_folder(demo):
    uid = demo.nuxeo("alice").create()
    demo.nuxeo().operation("Document.AddPermission", uid, username="carol", permission="ReadWrite")
    info = demo.open("carol", uid).info()
    assert info["UserCanWrite"] is True
    assert info["UserCanNotWriteRelative"] is True


def test_only_who_may_change_permissions_is_led_to_them(demo):
    uid = demo.nuxeo("alice").create()
    assert "FileSharingUrl" not in demo.open("carol", uid).info()
    info = demo.open("Administrator", uid).info()
    assert info["FileSharingUrl"] == f"{demo.nuxeo_url}ui/#!/doc/{uid}?p=permissions"
    assert info["FileVersionUrl"] == f"{demo.nuxeo_url}ui/#!/doc/{uid}?p=history"


def test_the_answer_after_a_save_has_the_time_of_the_save(demo):
    uid = demo.nuxeo("alice").create()
    client = demo.open("alice", uid)
    client.lock("L")
    saved = client.put(b"other content", "L").json()["LastModifiedTime"]
    assert client.info()["LastModifiedTime"] == saved
    client.unlock("L")
