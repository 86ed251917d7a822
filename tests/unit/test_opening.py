"""What a user gets who asks to open a file."""

import pytest

from connector.host.asked import HostAction, asked, is_phone
from connector.host.opening import Candidate, choose, decide, extension_of
from connector.nuxeo_gateway.documents import Blob
from connector.nuxeo_gateway.permissions import ReadOnlyReason
from connector.wopi.access_token import Grant
from connector.wopi.discovery import parse
from tests.unit.test_discovery import COLLABORA, MICROSOFT

OFFICE = parse(MICROSOFT)


RICH = parse(
    b"<wopi-discovery><net-zone name='external-https'><app name='Word'>"
    + b"".join(
        f"<action name='{name}' ext='{ext}' {more} urlsrc='https://w/{name}?'/>".encode()
        for name, ext, more in [
            ("view", "docx", ""),
            ("edit", "docx", ""),
            ("editnew", "docx", ""),
            ("embedview", "docx", ""),
            ("mobileView", "docx", ""),
            ("mobileEdit", "docx", ""),
            ("convert", "docx", "targetext='docx'"),
            ("view", "doc", ""),
            ("convert", "doc", "targetext='.DOCX'"),
            ("edit", "xlsx", ""),
        ]
    )
    + b"</app></net-zone></wopi-discovery>"
)


@pytest.mark.parametrize(
    ("asked", "extension", "options", "expected"),
    [
        ("edit", "docx", {}, "edit"),
        ("view", "docx", {}, "view"),
        ("embedview", "docx", {}, "embedview"),
        ("embedview", "doc", {}, "view"),
        ("embedview", "xlsx", {}, "edit"),
        ("edit", "docx", {"on_phone": True}, "mobileEdit"),
        ("view", "docx", {"on_phone": True}, "mobileView"),
        ("edit", "xlsx", {"on_phone": True}, "edit"),
        ("view", "doc", {"on_phone": True}, "view"),
        ("embedview", "docx", {"on_phone": True}, "embedview"),
        ("editnew", "docx", {"is_empty": True}, "editnew"),
        # A file without bytes is nothing that could be edited.
        ("edit", "docx", {"is_empty": True}, "editnew"),
        ("edit", "docx", {"is_empty": True, "on_phone": True}, "editnew"),
        # And one that has some is not to be overwritten.
        ("editnew", "docx", {}, "edit"),
        ("edit", "xlsx", {"is_empty": True}, "edit"),
        ("edit", "doc", {}, "convert"),
        ("convert", "doc", {}, "convert"),
        # It is in a modern format already.
        ("convert", "docx", {}, "edit"),
    ],
)
def test_which_action_it_comes_to(asked, extension, options, expected):
    opening = decide(HostAction(asked), extension, RICH, None, **options)
    assert opening.action.name == expected
    assert opening.grant is HostAction(asked).grant
    assert opening.is_conversion is (expected == "convert")


def test_a_conversion_needs_the_right_to_write():
    opening = decide(HostAction.EDIT, "doc", RICH, ReadOnlyReason.NO_PERMISSION)
    assert (opening.action.name, opening.grant) == ("view", Grant.VIEW)
    assert not opening.not_editable


def test_a_conversion_says_what_it_makes():
    assert decide(HostAction.EDIT, "doc", RICH, None).action.target_extension == "docx"


def candidate(name, grant=Grant.EDIT):
    asked = HostAction.EDIT if grant is Grant.EDIT else HostAction.VIEW
    return Candidate(name, name.capitalize(), RICH, decide(asked, "docx", RICH, None))


A, B, C = candidate("a"), candidate("b"), candidate("c")
READER = candidate("reader", Grant.VIEW)


def names(choice):
    return choice.candidate.name, [other.name for other in choice.others]


def test_the_first_that_can_do_it_is_taken_and_the_others_are_offered():
    assert names(choose([A, B, C], wanted=None, running_in=None)) == ("a", ["b", "c"])
    assert names(choose([READER, A, B], wanted=None, running_in=None)) == ("a", ["b"])
    assert names(choose([READER], wanted=None, running_in=None)) == ("reader", [])
    assert choose([], wanted="a", running_in="b") is None


def test_the_users_choice_counts():
    choice = choose([A, B, C], wanted="c", running_in=None)
    assert names(choice) == ("c", ["a", "b"])
    assert (choice.joins, choice.missed) == (False, False)
    assert names(choose([A, READER], wanted="reader", running_in=None)) == ("reader", ["a"])


def test_a_choice_that_cannot_be_met_is_admitted():
    choice = choose([A, B], wanted="gone", running_in=None)
    assert names(choice) == ("a", ["b"])
    assert choice.missed


@pytest.mark.parametrize("wanted", [None, "a", "b", "gone"])
def test_a_running_session_is_joined_where_it_is(wanted):
    choice = choose([A, B], wanted=wanted, running_in="b")
    # There is nothing to choose from.
    assert names(choice) == ("b", [])
    assert choice.joins is (wanted != "b")
    assert not choice.missed


def test_a_session_in_a_client_that_is_no_more_binds_nobody():
    assert names(choose([A, B], wanted=None, running_in="gone")) == ("a", ["b"])


def test_a_link_says_what_it_wants():
    parameters = {
        "client": "collabora",
        "wdPid": "7",
        "thm": "2",
        "sc": "x y",
        "actnavid": "abc",
        "dchat": "0",
        "testcategory": "OfficeOnline",
        "access_token": "t",
    }
    wish = asked(HostAction.EDIT, parameters, "", "")
    assert wish.client == "collabora"
    assert wish.passed_on == {"wdPid": "7"}
    assert wish.placeholders == {
        "THEME_ID": "2",
        "ACTIVITY_NAVIGATION_ID": "abc",
        "VALIDATOR_TEST_CATEGORY": "OfficeOnline",
    }
    assert asked(HostAction.EMBED_VIEW, {}, "", "").placeholders == {"EMBEDDED": "true"}


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Mobile/15E148"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120 Mobile Safari/537"
TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 Chrome/120 Safari/537.36"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605 Mobile/15E148"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "hint", "expected"),
    [
        (IPHONE, "", True),
        (PIXEL, "", True),
        ("Mozilla/5.0 (Android 14; Mobile; rv:120.0) Gecko/120.0 Firefox/120.0", "", True),
        (TABLET, "", False),
        (IPAD, "", False),
        (DESKTOP, "", False),
        (DESKTOP, "?1", True),
        (PIXEL, "?0", False),
        ("", "", False),
    ],
)
def test_phones(agent, hint, expected):
    assert is_phone(agent, hint) is expected


def test_a_writer_edits():
    opening = decide(HostAction.EDIT, "docx", OFFICE, None)
    assert (opening.action.name, opening.grant) == ("edit", Grant.EDIT)
    assert opening.read_only_reason is None


def test_a_reader_asking_to_edit_gets_the_view_and_the_reason():
    opening = decide(HostAction.EDIT, "docx", OFFICE, ReadOnlyReason.NO_PERMISSION)
    assert (opening.action.name, opening.grant) == ("view", Grant.VIEW)
    assert opening.read_only_reason is ReadOnlyReason.NO_PERMISSION


def test_asking_to_view_is_never_more_than_that():
    opening = decide(HostAction.VIEW, "docx", OFFICE, None)
    assert (opening.action.name, opening.grant) == ("view", Grant.VIEW)


def test_what_the_office_client_only_shows_is_shown():
    opening = decide(HostAction.EDIT, "doc", OFFICE, None)
    assert (opening.action.name, opening.grant, opening.not_editable) == ("view", Grant.VIEW, True)


def test_viewing_in_collabora_goes_through_edit_with_a_token_for_viewing():
    opening = decide(HostAction.VIEW, "odt", parse(COLLABORA), None)
    assert (opening.action.name, opening.grant) == ("edit", Grant.VIEW)


def test_what_it_does_not_know_is_not_opened():
    assert decide(HostAction.VIEW, "png", OFFICE, None) is None
    assert decide(HostAction.EDIT, "", OFFICE, None) is None


@pytest.mark.parametrize(
    ("name", "extension"),
    [("A.DOCX", "docx"), ("a.tar.xlsx", "xlsx"), ("none", ""), (".docx", ""), ("", "")],
)
def test_extensions(name, extension):
    assert extension_of(Blob(name, "", None, None, 0)) == extension
