"""Discovery documents of the known office clients, and broken ones."""

import base64
import re
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.wopi import clients
from connector.wopi.action_url import action_url
from connector.wopi.discovery import InvalidDiscovery, parse

MICROSOFT = b"""<?xml version="1.0" encoding="utf-8"?>
<wopi-discovery>
 <net-zone name="internal-http"><app name="Word">
  <action name="view" ext="docx" urlsrc="http://inside/wv.aspx?"/></app></net-zone>
 <net-zone name="external-https">
  <app name="Word" favIconUrl="https://c1.officeapps.live.com/w.ico" checkLicense="true">
   <action name="view" ext="docx" default="true"
     urlsrc="https://word.officeapps.live.com/wv/f.aspx?&lt;ui=UI_LLCC&amp;&gt;"/>
   <action name="edit" ext="DOCX" requires="locks,update"
     urlsrc="https://word.officeapps.live.com/we/f.aspx?&lt;ui=UI_LLCC&amp;&gt;"/>
   <action name="view" ext="doc" urlsrc="https://word.officeapps.live.com/wv/f.aspx?"/>
  </app>
  <app name="Excel"><action name="edit" ext="xlsx" urlsrc="https://excel.officeapps.live.com/x?"/></app>
 </net-zone>
 <proof-key modulus="%b" exponent="AQAB" value="" oldvalue="" oldmodulus="" oldexponent=""/>
</wopi-discovery>""" % base64.b64encode(b"\xc1" * 256)

COLLABORA = b"""<wopi-discovery><net-zone name="external-http">
 <app name="application/vnd.openxmlformats-officedocument.wordprocessingml.document">
  <action default="true" ext="" name="edit" urlsrc="http://office:9980/browser/abc/cool.html?"/></app>
 <app favIconUrl="http://office:9980/f.svg" name="writer">
  <action default="true" ext="docx" name="edit" urlsrc="http://office:9980/browser/abc/cool.html?"/>
  <action ext="odt" name="edit" urlsrc="http://office:9980/browser/abc/cool.html?"/></app>
 <app name="application/vnd.ms-excel">
  <action ext="xls" name="edit" urlsrc="http://office:9980/browser/abc/cool.html?"/></app>
 <app name="Capabilities"><action ext="" name="getinfo" urlsrc="http://office:9980/hosting/capabilities"/></app>
</net-zone></wopi-discovery>"""

ONLYOFFICE = b"""<wopi-discovery><net-zone name="external-http">
 <app name="Word" favIconUrl="http://docs/favicon.ico">
  <action name="view" ext="docx" urlsrc="http://docs/hosting/wopi/word/view?&lt;rs=DC_LLCC&amp;&gt;"/>
  <action name="edit" ext="docx" default="true" requires="locks,update"
    urlsrc="http://docs/hosting/wopi/word/edit?&lt;ui=UI_LLCC&amp;&gt;"/>
 </app></net-zone></wopi-discovery>"""


def test_microsoft_outside_zone_is_taken_for_https():
    discovery = parse(MICROSOFT)
    edit = discovery.action("docx", "edit")
    assert edit.app == "Word"
    assert edit.urlsrc == "https://word.officeapps.live.com/we/f.aspx?<ui=UI_LLCC&>"
    assert edit.favicon == "https://c1.officeapps.live.com/w.ico"
    assert discovery.action("DOCX", "view").urlsrc.startswith("https://word.officeapps")
    assert discovery.action("doc", "edit") is None
    assert discovery.origins == (
        "https://excel.officeapps.live.com",
        "https://word.officeapps.live.com",
    )
    assert discovery.client is clients.MICROSOFT


def test_the_zone_follows_how_pages_are_reached():
    assert (
        parse(MICROSOFT, prefer_https=False).action("docx", "view").urlsrc
        == "http://inside/wv.aspx?"
    )


def test_collabora_views_through_its_edit_action():
    discovery = parse(COLLABORA)
    assert discovery.client is clients.COLLABORA
    assert discovery.action("docx", "view") is None
    assert discovery.view_action("docx").app == "Writer"
    assert discovery.action("xls", "edit").app == "Calc"
    assert discovery.origins == ("http://office:9980",)


def test_onlyoffice():
    discovery = parse(ONLYOFFICE)
    assert discovery.client is clients.ONLYOFFICE
    assert discovery.action("docx", "edit").app == "Word"
    assert discovery.view_action("docx").name == "view"


def test_a_default_action_goes_before_another_apps():
    discovery = parse(
        b'<wopi-discovery><net-zone name="external-https">'
        b'<app name="A"><action name="view" ext="pdf" urlsrc="https://a/?"/></app>'
        b'<app name="B"><action name="view" ext="pdf" default="true" urlsrc="https://b/?"/></app>'
        b"</net-zone></wopi-discovery>"
    )
    assert discovery.action("pdf", "view").app == "B"


def with_url(urlsrc, favicon="http://office/f.ico"):
    """A discovery with one action at ``urlsrc`` beside a sound one."""
    return (
        "<wopi-discovery><net-zone name='external-http'>"
        f"<app name='Word' favIconUrl={quoteattr(favicon)}>"
        f"<action name='view' ext='doc' urlsrc={quoteattr(urlsrc)}/>"
        "<action name='view' ext='docx' urlsrc='http://office/we?'/></app>"
        "</net-zone></wopi-discovery>"
    ).encode()


@pytest.mark.parametrize(
    ("published", "canonical", "origin"),
    [
        ("HTTP://LOCALHOST:18102/We?<a=b>", "http://localhost:18102/We?<a=b>", "localhost:18102"),
        ("http://Office.Example.ORG:80/we?", "http://office.example.org/we?", "office.example.org"),
        ("http://office:/we", "http://office/we", "office"),
        ("http://[2001:DB8::0:1]:81/we?", "http://[2001:db8::1]:81/we?", "[2001:db8::1]:81"),
        ("http://h/a#b", "http://h/a#b", "h"),
    ],
)
def test_origins_are_as_browsers_write_them(published, canonical, origin):
    discovery = parse(with_url(published, favicon=published))
    action = discovery.action("doc", "view")
    assert action.urlsrc == action.favicon == canonical
    assert f"http://{origin}" in discovery.origins


@pytest.mark.parametrize(
    "published",
    [
        "http://127.0.0.1:18102;script-src *;x/we?",
        "http://127.0.0.1;img-src *;b",
        "http://h:99999/we?",
        "http://h:abc/we?",
        "http://h:0/we?",
        "http://user:pw@h/we?",
        "http://h<]=Y&>/we?",
        "http://h<a=UI_LLCC>/we?",
        "http://h\\@evil/we?",
        "http://h\te/we?",
        "http://h e/we?",
        "http://[::1/we?",
        "http://[::1%;x]/we?",
        "http://b\u00fcro.example/we?",
        "http:///we?",
        "http:we",
        "//h/we?",
        "ftp://h/we?",
    ],
)
def test_an_action_at_no_sound_address_is_left_out(published):
    discovery = parse(with_url(published, favicon=published))
    assert discovery.action("doc", "view") is None
    assert discovery.action("docx", "view").favicon is None
    assert discovery.origins == ("http://office",)


@given(st.text(max_size=30))
def test_nothing_that_is_published_gets_into_a_policy(text):
    try:
        document = with_url(f"http://{text}", favicon=f"http://office{text}")
        discovery = parse(document)
    except InvalidDiscovery:
        return  # A character that XML does not have.
    for origin in discovery.origins:
        assert re.fullmatch(r"http://[a-z0-9._\[\]:-]+", origin)


def test_a_zone_with_nothing_in_it_does_not_hide_another():
    discovery = parse(
        b"<wopi-discovery><net-zone name='external-https'><app name='Word'/></net-zone>"
        b"<net-zone name='external-http'><app name='Word'>"
        b"<action name='view' ext='docx' urlsrc='http://office/we?'/></app></net-zone>"
        b"</wopi-discovery>"
    )
    assert discovery.origins == ("http://office",)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<",
        b"<html><body>Sign in</body></html>",
        b"<wopi-discovery/>",
        b"<wopi-discovery><net-zone/></wopi-discovery>",
        b'<wopi-discovery><net-zone><app name="A"><action name="view" ext="a"'
        b' urlsrc="javascript:x"/></app></net-zone></wopi-discovery>',
        b'<!DOCTYPE x [<!ENTITY e "boom">]><wopi-discovery>&e;</wopi-discovery>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><wopi-discovery/>',
        MICROSOFT[:-30],
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="no-such-encoding"?><wopi-discovery/>',
    ],
)
def test_what_is_no_discovery_is_refused(document):
    with pytest.raises(InvalidDiscovery):
        parse(document)


SAMPLES = st.sampled_from([MICROSOFT, COLLABORA, ONLYOFFICE])
# What markup is made of breaks more than noise does.
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [
            *(b"<", b">", b"&", b'"', b"'", b"/", b"&lt;", b"&#0;", b"&#x110000;", b"&e;", b"]]>"),
            *(b"<!--", b"<![CDATA[", b"<?x?>", b'<!DOCTYPE x [<!ENTITY e "e">]>', b"\xff\xfe"),
            *(b' xmlns="x"', b"urlsrc=", b"http://[::1", b"http://h:99999/", b"<app>", b"</app>"),
            *(b"modulus=", b"AAAA", b"exponent", b"<net-zone/>", b' encoding="utf-16"'),
        ]
    ),
)
CUTS = st.tuples(st.integers(0, 5000), st.integers(0, 400), PIECES, st.integers(1, 3))


@given(SAMPLES, st.lists(CUTS, min_size=1, max_size=4))
@settings(max_examples=300, print_blob=True)
def test_a_damaged_discovery_is_read_or_refused_but_never_more(document, cuts):
    for start, length, piece, times in cuts:
        start = start % (len(document) + 1)
        document = document[:start] + piece * times + document[start + length :]
    try:
        discovery = parse(document)
    except InvalidDiscovery:
        return
    assert discovery.actions
    for action in discovery.actions.values():
        assert action.name
        assert action.extension
        assert action.urlsrc.startswith(("http://", "https://"))
        assert discovery.action(action.extension.upper(), action.name) is action
    for profile in clients.PROFILES:
        for action in discovery.actions.values():
            made = action_url(
                action.urlsrc,
                wopi_src="https://h/wopi/files/1",
                language="fr-FR",
                business_user=True,
                client=profile,
            )
            assert "<" not in made


@given(SAMPLES, st.data())
@settings(max_examples=200, print_blob=True)
def test_elements_in_the_wrong_place_are_no_harm(document, data):
    parts = re.split(rb"(?=<)", document)
    order = data.draw(st.permutations(range(len(parts))))
    kept = data.draw(st.integers(0, len(parts)))
    for mixed in (b"".join(parts[i] for i in order), b"".join(parts[:kept])):
        try:
            assert parse(mixed).actions
        except InvalidDiscovery:
            continue


@pytest.mark.parametrize(
    ("urlsrc", "kind"),
    [
        ("https://word-edit.officeapps.live.com/we/wordeditorframe.aspx?", clients.MICROSOFT),
        ("https://excel.officeapps-df.live.com/x/_layouts/xlviewer.aspx?", clients.MICROSOFT),
        ("https://oos.example.org/we/wordeditorframe.aspx?", clients.OFFICE_ONLINE_SERVER),
        ("https://oos.example.org/x/_layouts/xlviewer.aspx?", clients.OFFICE_ONLINE_SERVER),
        ("https://oos.example.org/op/embed.aspx?", clients.OFFICE_ONLINE_SERVER),
        ("https://c.example.org/loleaflet/dist/loleaflet.html?", clients.COLLABORA),
        ("https://d.example.org/hosting/wopi/cell/edit?", clients.ONLYOFFICE),
        ("https://evil.example.org/?officeapps.live.com", clients.OTHER),
        ("https://officeapps.live.com.evil.example/we?", clients.OTHER),
        ("https://demo.example.org/we/edit?", clients.OTHER),
    ],
)
def test_what_kind_of_client_it_is(urlsrc, kind):
    assert clients.profile_of([urlsrc]) is kind


def test_what_a_conversion_makes_is_read():
    document = with_url("http://office/c?").replace(
        b"name='view' ext='doc'", b"name='convert' ext='doc' targetext='.DOCX'"
    )
    assert parse(document).action("doc", "convert").target_extension == "docx"
    assert parse(document).action("docx", "view").target_extension is None


def test_proof_keys_are_read_and_none_is_none():
    keys = parse(MICROSOFT).proof_keys
    assert keys.current.public_numbers().e == 65537
    assert keys.old is None
    assert parse(ONLYOFFICE).proof_keys is None


def test_a_document_whose_keys_cannot_be_read_is_not_taken():
    with pytest.raises(InvalidDiscovery, match="proof key"):
        parse(MICROSOFT.replace(b"wcHB", b"!!!!"))
