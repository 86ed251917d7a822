"""What a user gets who asks to open a file."""

import pytest

from connector.host.opening import decide, extension_of
from connector.nuxeo_gateway.documents import Blob
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.access_token import Grant
from connector.wopi.discovery import parse
from tests.unit.test_discovery import COLLABORA, MICROSOFT

OFFICE = parse(MICROSOFT)


def test_a_writer_edits():
    opening = decide(Grant.EDIT, "docx", OFFICE, None)
    assert (opening.action.name, opening.grant) == ("edit", Grant.EDIT)
    assert opening.read_only_reason is None


def test_a_reader_asking_to_edit_gets_the_view_and_the_reason():
    opening = decide(Grant.EDIT, "docx", OFFICE, ReadOnlyReason.NO_PERMISSION)
    assert (opening.action.name, opening.grant) == ("view", Grant.VIEW)
    assert opening.read_only_reason is ReadOnlyReason.NO_PERMISSION


def test_asking_to_view_is_never_more_than_that():
    opening = decide(Grant.VIEW, "docx", OFFICE, None)
    assert (opening.action.name, opening.grant) == ("view", Grant.VIEW)


def test_what_the_office_client_only_shows_is_shown():
    opening = decide(Grant.EDIT, "doc", OFFICE, None)
    assert (opening.action.name, opening.grant, opening.not_editable) == ("view", Grant.VIEW, True)


def test_viewing_in_collabora_goes_through_edit_with_a_token_for_viewing():
    opening = decide(Grant.VIEW, "odt", parse(COLLABORA), None)
    assert (opening.action.name, opening.grant) == ("edit", Grant.VIEW)


def test_what_it_does_not_know_is_not_opened():
    assert decide(Grant.VIEW, "png", OFFICE, None) is None
    assert decide(Grant.EDIT, "", OFFICE, None) is None


@pytest.mark.parametrize(
    ("name", "extension"),
    [("A.DOCX", "docx"), ("a.tar.xlsx", "xlsx"), ("none", ""), (".docx", ""), ("", "")],
)
def test_extensions(name, extension):
    assert extension_of(Blob(name, "", None, None, 0)) == extension
