"""From ``urlsrc`` to a URL that a frame can be sent to."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.language import with_region
from connector.wopi.action_url import action_url
from connector.wopi.clients import COLLABORA, OTHER

SOURCE = "https://docs.example.org/nuxeo/site/wopi/files/abc_-1"


def url(urlsrc, *, business_user=True, client=OTHER, language="fr-FR", passed_on=None):
    return action_url(
        urlsrc,
        wopi_src=SOURCE,
        language=language,
        business_user=business_user,
        client=client,
        passed_on=passed_on,
    )


def query(text):
    return parse_qs(urlsplit(text).query, keep_blank_values=True)


def test_known_placeholders_are_filled_and_unknown_ones_dropped():
    made = url(
        "https://word/we.aspx?<ui=UI_LLCC&><rs=DC_LLCC&><dchat=DISABLE_CHAT&><hid=HOST_SESSION_ID&>"
        "<new=SOMETHING_NEW&><wopisrc=WOPI_SOURCE&><IsLicensedUser=BUSINESS_USER&>"
    )
    assert query(made) == {
        "ui": ["fr-FR"],
        "rs": ["fr-FR"],
        "wopisrc": [SOURCE],
        "IsLicensedUser": ["1"],
    }
    assert "<" not in made
    assert ">" not in made


def test_the_source_is_added_where_there_is_no_placeholder_for_it():
    assert query(url("https://word/we.aspx?<ui=UI_LLCC&>")) == {
        "ui": ["fr-FR"],
        "WOPISrc": [SOURCE],
    }
    assert query(url("https://word/we.aspx")) == {"WOPISrc": [SOURCE]}
    assert query(url("https://word/we.aspx?a=1")) == {"a": ["1"], "WOPISrc": [SOURCE]}


def test_private_users_are_not_called_business_users():
    assert "IsLicensedUser" not in url(
        "https://w/?<IsLicensedUser=BUSINESS_USER&>", business_user=False
    )


def test_collabora_gets_its_language_as_a_parameter():
    made = url("https://office/browser/x/cool.html?", client=COLLABORA, language="de-AT")
    assert query(made) == {"WOPISrc": [SOURCE], "lang": ["de-AT"]}


def test_office_parameters_are_passed_on():
    assert query(url("https://w/?", passed_on={"wdPid": "1&2", "wdenable": ""}))["wdPid"] == ["1&2"]


@pytest.mark.parametrize("urlsrc", ["https://w/we#part", "https://w/we?#part", "https://w/#part"])
def test_parameters_stand_before_a_fragment(urlsrc):
    made = url(urlsrc)
    assert query(made) == {"WOPISrc": [SOURCE]}
    assert made.endswith("#part")


@given(st.text(st.characters(codec="ascii", exclude_characters=" "), max_size=40))
def test_no_placeholder_is_left_whatever_is_published(text):
    made = url(f"https://word/we.aspx?{text}")
    assert "<" not in made
    assert SOURCE in {value for values in query(made).values() for value in values} or "%" in text


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("fr", "fr-FR"),
        ("en", "en-US"),
        ("de-AT", "de-AT"),
        ("pt_BR", "pt-BR"),
        ("zh-Hant", "zh-TW"),
        ("sr-Latn", "sr-Latn-RS"),
        ("*", None),
        ("", None),
        ("xx", None),
        ("../etc", None),
        ("fr-FR-u-ca-buddhist", "fr-FR"),
    ],
)
def test_languages_get_their_region(tag, expected):
    assert with_region(tag) == expected
