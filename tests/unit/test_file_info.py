"""CheckFileInfo says what is true, in the types that clients expect."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, FormatChecker

from connector.check_file_info_properties import TYPES, fits
from connector.file_reference import FileReference
from connector.links import Links
from connector.nuxeo_gateway.documents import Ancestor, Blob
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.clients import BY_KIND, PROFILES, Restriction
from connector.wopi.file_info import check_file_info, restricted, user_id, wopi_time
from tests.unit.test_permissions import DOCUMENT

SCHEMA = (
    Path(__file__).parents[3]
    / "shared/wopi-validator/data/JsonSchemas/CsppCheckFileInfoSchema.json"
)

REFERENCE = FileReference("default", "1", "file:content")
BLOB = Blob("Lettre d'été.docx", "application/x", "0" * 32, "MD5", 3_000_000_000)
TOKEN = AccessToken("id", "ana", "Ana Ruiz", Grant.EDIT, "office", 1_900_000_000)
ADDRESSES = {
    "nuxeo_url": "https://docs.example.org/nuxeo/",
    "base_url": "https://wopi.example.org/",
    "host_url": "https://docs.example.org/nuxeo/",
}
LINKS = Links(**ADDRESSES)


def info(document=DOCUMENT, blob=BLOB, *, can_write=True, **options):
    return check_file_info(
        document,
        blob,
        reference=REFERENCE,
        token=TOKEN,
        version="7-abc",
        can_write=can_write,
        brand_name="Nuxeo",
        **{"is_convertible": False, "links": LINKS, "business_user": True} | options,
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


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("restrictions", [(), tuple(Restriction)])
def test_the_answer_is_what_the_schema_wants(profile, restrictions):
    if not SCHEMA.exists():
        pytest.skip("Microsoft's JSON schema is not beside this checkout (../shared)")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8-sig"))
    validator = Draft4Validator(schema, format_checker=FormatChecker())
    document = replace(
        DOCUMENT,
        ancestors=(Ancestor("b", "Demo"),),
        permissions=frozenset({"WriteSecurity"}),
        last_modified="2023-12-28T10:00:00.123Z",
    )
    blob = replace(BLOB, digest="ff" * 32, digest_algorithm="SHA-256")
    told = restricted(info(document, blob), profile, restrictions, can_write=False)
    assert [error.message for error in validator.iter_errors(told)] == []
    assert all(fits(name, value) for name, value in told.items())


@pytest.mark.parametrize("profile", PROFILES)
def test_every_name_that_a_profile_has_is_a_known_one(profile):
    effects = profile.restrictions.values()
    for effect in effects:
        for name, value in {**effect.sets, **effect.sets_for_readers}.items():
            assert name in TYPES
            assert fits(name, value)
        assert effect.omits <= TYPES.keys()


RESTRICTED = {
    ("microsoft", "print"): {"DisablePrint": True},
    ("microsoft", "copy"): {"CopyPasteRestrictions": "BlockAll"},
    ("microsoft", "download"): {},
    ("oos", "print"): {"DisablePrint": True},
    ("collabora", "print"): {"DisablePrint": True, "HidePrintOption": True},
    ("collabora", "copy"): {"DisableCopy": True},
    ("collabora", "download"): {"DisableExport": True, "HideExportOption": True},
    ("collabora", "export"): {"DisableExport": True, "HideExportOption": True},
    ("onlyoffice", "print"): {"DisablePrint": True, "HidePrintOption": True},
    ("onlyoffice", "copy"): {"CopyPasteRestrictions": "BlockAll"},
    ("onlyoffice", "export"): {},
}


@pytest.mark.parametrize(("kind", "restriction"), RESTRICTED)
def test_what_is_withheld_is_said_in_the_clients_words(kind, restriction):
    before = info()
    told = restricted(before, BY_KIND[kind], [Restriction(restriction)], can_write=True)
    added = {name: value for name, value in told.items() if name not in before}
    assert added == RESTRICTED[kind, restriction]


@pytest.mark.parametrize("kind", BY_KIND)
def test_no_download_is_offered_where_there_is_to_be_none(kind):
    told = restricted(info(), BY_KIND[kind], [Restriction.DOWNLOAD], can_write=True)
    assert "DownloadUrl" not in told
    assert "DownloadUrl" in restricted(info(), BY_KIND[kind], [], can_write=True)


def test_a_writer_is_not_held_to_looking_only():
    profile = BY_KIND["microsoft"]
    reader = restricted(info(), profile, [Restriction.DOWNLOAD], can_write=False)
    writer = restricted(info(), profile, [Restriction.DOWNLOAD], can_write=True)
    assert reader["RestrictedWebViewOnly"] is True
    assert "RestrictedWebViewOnly" not in writer


@pytest.mark.parametrize(
    ("permissions", "options", "expected"),
    [
        ({"Read"}, {}, True),
        ({"Read", "AddChildren"}, {}, False),
        # A conversion replaces the file where it is.
        ({"Read"}, {"is_convertible": True}, False),
        ({"Read"}, {"is_convertible": True, "can_write": False}, True),
    ],
)
def test_who_may_add_to_the_folder_may_save_a_copy(permissions, options, expected):
    folder = Ancestor("b", "Demo", permissions=frozenset(permissions))
    far = Ancestor("a", "Domain", permissions=frozenset({"AddChildren"}))
    told = info(replace(DOCUMENT, ancestors=(far, folder)), **options)
    assert told["UserCanNotWriteRelative"] is expected


def test_nobody_saves_a_copy_where_they_see_no_folder():
    assert info(replace(DOCUMENT, ancestors=()))["UserCanNotWriteRelative"] is True


def test_only_who_may_share_is_offered_to():
    document = replace(DOCUMENT, permissions=frozenset({"WriteSecurity"}))
    assert info(document)["FileSharingUrl"].endswith("/ui/#!/doc/1?p=permissions")
    assert "FileSharingUrl" not in info()


def test_links_keep_to_the_office_client_where_there_are_several():
    told = info(links=Links(**ADDRESSES, clients=["office", "collabora"]))
    for name in ("HostEditUrl", "HostViewUrl", "HostEmbeddedViewUrl"):
        assert told[name].endswith("/default/1/file:content?client=office")
        assert "?" not in info()[name]
        # An app on a phone has no host pages.
        assert "?" not in info(links=Links(**ADDRESSES, clients=["a", "b"]))[name]


def test_a_client_that_checks_no_licences_is_told_of_none():
    assert info()["LicenseCheckForEditIsEnabled"] is True
    assert "LicenseCheckForEditIsEnabled" not in info(business_user=None)


def test_the_longest_name_leaves_room_for_the_extension():
    assert info()["FileNameMaxLength"] == 512 - len(".docx")


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
