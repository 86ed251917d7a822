"""Which addresses are ours."""

from urllib.parse import quote

import pytest

from connector.file_reference import FileReference
from connector.links import Links

LINKS = Links(
    nuxeo_url="https://docs.example.org/nuxeo/",
    base_url="https://wopi.example.org:8443/x/",
    host_url="https://docs.example.org/nuxeo/",
)
OURS = "https://wopi.example.org:8443/x/site/wopi/"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (f"{OURS}files/abc", ("files", "abc")),
        (f" {OURS}files/abc?access_token=x#y ", ("files", "abc")),
        (f"{OURS}containers/abc", ("containers", "abc")),
        ("HTTPS://WOPI.example.ORG:8443/x/site/wopi/files/abc", ("files", "abc")),
        (f"{OURS}files/abc/contents", None),
        (f"{OURS}ecosystem", None),
        (f"{OURS}files", None),
        ("https://wopi.example.org/x/site/wopi/files/abc", None),
        ("http://wopi.example.org:8443/x/site/wopi/files/abc", None),
        ("https://wopi.example.org:8443/X/site/wopi/files/abc", None),
        ("https://wopi.example.org:8443@evil.example/x/site/wopi/files/abc", None),
        ("/x/site/wopi/files/abc", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_a_wopisrc_is_ours_or_none(url, named):
    assert LINKS.resource_of(url) == named


def test_the_bootstrapper_is_at_the_root_and_below_wopi():
    assert LINKS.bootstrapper_paths == (
        "/x/",
        "/nuxeo/",
        "/",
        "/x/site/wopi/",
        "/nuxeo/site/wopi/",
        "/site/wopi/",
    )


FILE = FileReference("default", "3b7c9a2e", "files:files/0/file")
PAGE = LINKS.host_page("edit", FILE)


@pytest.mark.parametrize(
    ("host", "query", "wanted"),
    [
        ("https://docs.example.org/nuxeo/", "", "wopi/edit/default/3b7c9a2e/files:files/0/file"),
        (
            "https://docs.example.org/nuxeo/",
            "client=a&wdX=%C3%BC",
            "wopi/edit/default/3b7c9a2e/files:files/0/file?client=a&wdX=%C3%BC",
        ),
        (
            "https://docs.example.org/nuxeo/office/",
            "",
            "/nuxeo/office/wopi/edit/default/3b7c9a2e/files:files/0/file",
        ),
        (
            "https://docs.example.org:8081/nuxeo/",
            "",
            "https://docs.example.org:8081/nuxeo/wopi/edit/default/3b7c9a2e/files:files/0/file",
        ),
    ],
)
def test_signing_in_leads_back_by_an_address_without_a_scheme_where_that_does(host, query, wanted):
    nuxeo = "https://docs.example.org/nuxeo/"
    links = Links(nuxeo_url=nuxeo, base_url=host, host_url=host)
    login = links.sign_in("edit", FILE, query)
    assert login == f"{nuxeo}login.jsp?requestedUrl={quote(wanted, safe='')}"


@pytest.mark.parametrize(
    "url", [PAGE, f"{PAGE}?client=office", f"{PAGE}#x", PAGE.replace(":f", "%3Af")]
)
def test_a_host_pages_address_leads_back_to_the_file(url):
    assert LINKS.opened_by(url) == ("edit", FILE)


@pytest.mark.parametrize(
    "url",
    [
        "",
        PAGE.replace("docs", "evil"),
        PAGE.rpartition("/3b7c9a2e")[0],
        f"{PAGE}/../x",
        PAGE.replace("3b7c9a2e", "3b7c%2F9a2e"),
        LINKS.document("default", "3b7c9a2e"),
        LINKS.wopi_src("abc"),
    ],
)
def test_no_other_address_leads_to_a_file(url):
    assert LINKS.opened_by(url) is None
