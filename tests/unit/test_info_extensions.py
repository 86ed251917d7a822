"""Customers' own code in CheckFileInfo: heard, but never in the way."""

import pytest

from connector.wopi import info_extensions
from connector.wopi.info_extensions import Extension, extended
from tests.unit.test_file_info import TOKEN, info
from tests.unit.test_permissions import DOCUMENT


def change(function):
    return extended(info(), [Extension("theirs", function)], DOCUMENT, TOKEN)


def test_it_sees_document_and_user_and_has_its_way():
    def theirs(told, document, token):
        told["WatermarkText"] = f"{document.title} for {token.user_name}"
        del told["DownloadUrl"]
        told["CloseUrl"] = None
        return told

    told = change(theirs)
    assert told["WatermarkText"] == f"{DOCUMENT.title} for {TOKEN.user_name}"
    assert "DownloadUrl" not in told
    assert "CloseUrl" not in told


def test_one_builds_on_the_other():
    extensions = [
        Extension("a", lambda told, *_: told | {"TenantId": "a"}),
        Extension("b", lambda told, *_: told | {"TenantId": told["TenantId"] + "b"}),
    ]
    assert extended(info(), extensions, DOCUMENT, TOKEN)["TenantId"] == "ab"


def spoil(told, *_):
    told.clear()
    raise LookupError("theirs")


@pytest.mark.parametrize(
    "theirs",
    [
        spoil,
        lambda *_: None,
        lambda *_: "text",
        lambda *_: {},
        lambda told, *_: told | {"Size": "7"},
        lambda told, *_: told | {"Size": None},
        lambda told, *_: told | {"UserCanWrite": 1},
        lambda told, *_: told | {"FileUrl": "https://h/f"},
        lambda told, *_: told | {"Own": object()},
        lambda told, *_: told | {"Own": float("nan")},
        lambda: None,
    ],
)
def test_one_that_fails_is_left_out_and_logged(theirs, caplog):
    assert change(theirs) == info()
    assert "the extension theirs of CheckFileInfo failed" in caplog.text


def test_installed_ones_are_found_and_broken_ones_are_not_in_the_way(tmp_path, monkeypatch, caplog):
    (tmp_path / "their_wopi.py").write_text("def change(told, document, token): return told\nX = 1")
    (tmp_path / "their-1.dist-info").mkdir()
    (tmp_path / "their-1.dist-info" / "entry_points.txt").write_text(
        "[nuxeo_wopi.check_file_info]\n"
        "works = their_wopi:change\n"
        "gone = their_wopi:gone\n"
        "away = no_such_module_of_theirs:change\n"
        "number = their_wopi:X\n"
    )
    (tmp_path / "their-1.dist-info" / "METADATA").write_text("Name: their\nVersion: 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [extension.name for extension in info_extensions.installed()] == ["works"]
    for name in ("gone", "away", "number"):
        assert f"the extension {name} of CheckFileInfo cannot be" in caplog.text
