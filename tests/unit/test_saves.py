"""What clients say about a save."""

from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import Headers

from connector.wopi.saves import SaveNote, moment_of, read_note


def test_nothing_said_is_nothing_known():
    note = read_note(Headers())
    assert note == SaveNote()
    assert note.comment is None
    assert note.knows("2026-11-26T10:00:00.123Z")


@pytest.mark.parametrize("prefix", ["X-COOL-WOPI-", "X-LOOL-WOPI-", "x-cool-wopi-"])
def test_both_names_of_collaboras_headers_count(prefix):
    note = read_note(
        Headers(
            {
                f"{prefix}IsAutosave": "true",
                f"{prefix}IsExitSave": "True",
                f"{prefix}IsModifiedByUser": "false",
                f"{prefix}Timestamp": "2026-11-26T10:00:00.1230000Z",
            }
        )
    )
    assert (note.is_autosave, note.is_exit_save, note.is_modified_by_user) == (True, True, False)
    assert note.storage_time == datetime(2026, 11, 26, 10, 0, 0, 123000, UTC)


def test_editors_are_told_once_each_and_not_without_end():
    note = read_note(Headers({"X-WOPI-Editors": "ana, bo,ana,,  "}))
    assert note.editors == ("ana", "bo")
    assert note.comment == "Edited by ana, bo"
    leaving = {"X-COOL-WOPI-IsExitSave": "true", "X-COOL-WOPI-IsModifiedByUser": "false"}
    note = read_note(Headers({"X-WOPI-Editors": "ana", **leaving}))
    assert note.comment == ("Edited by ana, saved when the last one left, with no change by a user")
    assert read_note(Headers({"X-LOOL-WOPI-IsAutosave": "true"})).comment == "Saved automatically"
    many = read_note(Headers({"X-WOPI-Editors": ",".join(map(str, range(1000)))}))
    assert len(many.editors) == 50


@pytest.mark.parametrize(
    ("known", "knows"),
    [
        ("2026-11-26T10:00:00.123Z", True),
        ("2026-11-26T10:00:00.1230000Z", True),
        ("2026-11-26T11:00:00.123+01:00", True),
        ("2026-11-26T10:00:00Z", True),
        ("2026-11-26T10:00:02Z", True),
        ("2026-11-26T10:00:00.122Z", False),
        ("2026-11-26T09:59:59Z", False),
        ("2026-11-26T09:00:00.123Z", False),
        ("nonsense", True),
    ],
)
def test_times_are_compared_as_moments(known, knows):
    note = read_note(Headers({"X-COOL-WOPI-Timestamp": known}))
    assert note.knows("2026-11-26T10:00:00.123Z") is knows


@pytest.mark.parametrize("text", ["", None, "now", "0001-01-01T00:00:00+14:00", "2026-13-01"])
def test_what_is_no_moment(text):
    assert moment_of(text) is None
