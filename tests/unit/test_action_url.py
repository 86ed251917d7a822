"""From ``urlsrc`` to a URL that a frame can be sent to."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.language import with_region
from connector.wopi.action_url import PLACEHOLDERS, action_url
from connector.wopi.clients import COLLABORA, ONLYOFFICE, OTHER, PROFILES

SOURCE = "https://docs.example.org/nuxeo/site/wopi/files/abc_-1"


def url(
    urlsrc, *, business_user=True, client=OTHER, language="fr-FR", further=None, passed_on=None
):
    return action_url(
        urlsrc,
        wopi_src=SOURCE,
        language=language,
        business_user=business_user,
        client=client,
        further=further,
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


def test_collabora_gets_its_language_and_its_buttons_as_parameters():
    made = url("https://office/browser/x/cool.html?", client=COLLABORA, language="de-AT")
    buttons = {"closebutton": ["1"], "revisionhistory": ["1"]}
    assert query(made) == {"WOPISrc": [SOURCE], "lang": ["de-AT"], **buttons}
    embedded = url(
        "https://office/cool.html?", client=COLLABORA, language="de", further={"EMBEDDED": "true"}
    )
    assert query(embedded) == {"WOPISrc": [SOURCE], "lang": ["de"]}


def test_onlyoffice_gets_its_language_where_there_is_no_placeholder_for_it():
    made = url("https://docs/hosting/wopi/word/edit?", client=ONLYOFFICE)
    assert query(made) == {"WOPISrc": [SOURCE], "ui": ["fr-FR"]}
    made = url("https://docs/hosting/wopi/word/edit?<ui=UI_LLCC&>", client=ONLYOFFICE)
    assert query(made) == {"WOPISrc": [SOURCE], "ui": ["fr-FR"]}


def test_every_documented_placeholder_can_be_filled():
    further = {name: f"of {name}" for name in PLACEHOLDERS}
    urlsrc = "".join(f"<{name.lower()}={name}&>" for name in sorted(PLACEHOLDERS))
    filled = query(url(f"https://w/we?{urlsrc}", further=further))
    own = {
        "UI_LLCC": "fr-FR",
        "DC_LLCC": "fr-FR",
        "WOPI_SOURCE": SOURCE,
        "BUSINESS_USER": "1",
    }
    assert filled == {name.lower(): [value] for name, value in (further | own).items()} | (
        {} if "wopisrc" in filled else {"WOPISrc": [SOURCE]}
    )


def test_a_value_cannot_become_a_parameter():
    made = url("https://w/we?<sc=SESSION_CONTEXT&>", further={"SESSION_CONTEXT": "a&ui=de#x<y>"})
    assert query(made) == {"sc": ["a&ui=de#x<y>"], "WOPISrc": [SOURCE]}


def test_nothing_but_placeholders_is_filled():
    assert "secret" not in url("https://w/we?<x=OTHER_THING&>", further={"OTHER_THING": "secret"})


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


NAMES = st.text("abcdefgh", min_size=1, max_size=6)
VALUES = st.sampled_from([*sorted(PLACEHOLDERS), "NEW_ONE", "X"])
GROUPS = st.lists(st.tuples(NAMES, VALUES, st.sampled_from(["&", ""])), max_size=6)


@example([], {"EMBEDDED": ""}, COLLABORA, False)
@given(
    GROUPS,
    st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), st.text(max_size=8)),
    st.sampled_from(PROFILES),
    st.booleans(),
)
def test_a_group_is_filled_or_gone_and_nothing_is_lost(groups, further, client, business_user):
    # Each with a name of its own, or the URL would not tell them apart.
    groups = [(f"{name}{number}", *rest) for number, (name, *rest) in enumerate(groups)]
    urlsrc = "https://w/we?fixed=1&" + "".join(f"<{n}={p}{a}>" for n, p, a in groups)
    made = url(urlsrc, client=client, further=further, business_user=business_user)
    assert "<" not in made
    assert ">" not in made
    given = {name: value for name, value in further.items() if value}
    given |= {"UI_LLCC": "fr-FR", "DC_LLCC": "fr-FR", "WOPI_SOURCE": SOURCE}
    if business_user:
        given["BUSINESS_USER"] = "1"
    # A group without an ampersand runs into the next, as the client published it.
    if all(ampersand for _, _, ampersand in groups):
        asked_for = {name: [given[p]] for name, p, _ in groups if p in given}
        added = {"WOPISrc": [SOURCE]}
        if client.language_parameter:
            added[client.language_parameter] = ["fr-FR"]
        if "EMBEDDED" not in given:
            added |= {name: [value] for name, value in client.frame_parameters.items()}
        assert query(made) == {"fixed": ["1"]} | asked_for | added


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
