"""CheckFileInfo says what is true, in the types that clients expect."""

from dataclasses import replace

import pytest

from connector.file_reference import FileReference
from connector.links import Links
from connector.nuxeo_gateway.documents import Ancestor, Blob
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.file_info import check_file_info, user_id, wopi_time
from tests.unit.test_permissions import DOCUMENT

REFERENCE = FileReference("default", "1", "file:content")
BLOB = Blob("Lettre d'été.docx", "application/x", "0" * 32, "MD5", 3_000_000_000)
TOKEN = AccessToken("id", "ana", "Ana Ruiz", Grant.EDIT, "office", 1_900_000_000)
LINKS = Links(
    nuxeo_url="https://docs.example.org/nuxeo/",
    base_url="https://wopi.example.org/",
    host_url="https://docs.example.org/nuxeo/",
)


def info(document=DOCUMENT, blob=BLOB, *, can_write=True):
    return check_file_info(
        document,
        blob,
        reference=REFERENCE,
        token=TOKEN,
        version="7-abc",
        can_write=can_write,
        links=LINKS,
        brand_name="Nuxeo",
        business_user=True,
    )


def test_what_every_client_needs():
    told = info()
    assert told["BaseFileName"] == "Lettre d'été.docx"
    assert told["FileExtension"] == ".docx"
    assert told["Size"] == 3_000_000_000
    assert told["Version"] == "7-abc"
    assert told["UserFriendlyName"] == "Ana Ruiz"
    assert told["UserCanWrite"] is True
    assert told["ReadOnly"] is False
    assert None not in told.values()


def test_a_reader_can_write_nothing():
    told = info(can_write=False)
    assert told["UserCanWrite"] is False
    assert told["ReadOnly"] is True


def test_addresses_are_public_ones():
    told = info()
    assert told["HostEditUrl"] == "https://docs.example.org/nuxeo/wopi/edit/default/1/file:content"
    assert told["CloseUrl"] == "https://docs.example.org/nuxeo/ui/#!/doc/1"
    assert told["PostMessageOrigin"] == "https://docs.example.org"
    assert told["DownloadUrl"] == (
        "https://docs.example.org/nuxeo/nxfile/default/1/file:content/"
        "Lettre%20d%27%C3%A9t%C3%A9.docx"
    )
    assert "FileUrl" not in told


def test_the_folder_is_the_nearest_ancestor():
    document = replace(DOCUMENT, ancestors=(Ancestor("a", "Domain"), Ancestor("b", "Demo")))
    told = info(document)
    assert told["BreadcrumbFolderName"] == "Demo"
    assert told["BreadcrumbFolderUrl"].endswith("/ui/#!/doc/b")
    assert "BreadcrumbFolderUrl" not in info()


def test_a_digest_of_the_right_kind_is_passed_on():
    told = info(blob=replace(BLOB, digest="ff" * 32, digest_algorithm="SHA-256"))
    assert told["SHA256"] == "//////////////////////////////////////////8="
    assert "SHA256" not in info()
    assert "SHA256" not in info(blob=replace(BLOB, digest="no hex", digest_algorithm="SHA-256"))


@pytest.mark.parametrize(
    ("nuxeo", "expected"),
    [
        ("2023-12-28T10:00:00.123Z", "2023-12-28T10:00:00.1230000Z"),
        ("2023-12-28T10:00:00Z", "2023-12-28T10:00:00.0000000Z"),
        ("2023-12-28T10:00:00.5+02:00", "2023-12-28T08:00:00.5000000Z"),
        ("2023-12-28T10:00:00", "2023-12-28T10:00:00.0000000Z"),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00.0000000Z"),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times_have_one_form(nuxeo, expected):
    assert wopi_time(nuxeo) == expected


def test_user_ids_stay_apart_and_harmless():
    assert user_id("ana") == "ana"
    assert user_id("ana@example.org") == "ana@example.org"
    names = ["a,b", "a b", "é", 'a"b', "~612c62", "a\\b"]
    ids = [user_id(name) for name in names]
    assert len(set(ids)) == len(names)
    assert all(set(text) <= set("~0123456789abcdef") for text in ids)
