"""The sandbox's own pages, as HTTP."""

import re

import pytest

from connector.sandbox.nuxeo_server import create_app
from connector.sandbox.nuxeo_server.seed import DEMO

CONNECTOR = "http://127.0.0.1:8081/nuxeo/"
PAGES = ("/nuxeo/ui/", "/nuxeo/login.jsp", "/nuxeo/nothing", "/", "/elsewhere")


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    def sandbox(connector_url=None):
        data = tmp_path_factory.mktemp("sandbox")
        return create_app(data_dir=data, jwt_secret="s" * 64, connector_url=connector_url)

    return sandbox


@pytest.fixture(scope="module")
def with_connector(make):
    return make(CONNECTOR)


def signed_in(app, user="alice"):
    browser = app.test_client()
    answer = browser.post("/nuxeo/startup", data={"user_name": user, "user_password": user})
    assert answer.status_code == 302
    return browser


def start_page(app, user="alice"):
    return signed_in(app, user).get("/nuxeo/ui/").text


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_what_it_is(with_connector, path):
    page = signed_in(with_connector).get(path, follow_redirects=True)
    assert page.content_type.startswith("text/html")
    assert "Sandbox Nuxeo: for demo and tests only" in page.text
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_what_is_not_there_to_download_is_said_on_such_a_page(with_connector):
    alice = signed_in(with_connector)
    uid = alice.get(f"/nuxeo/api/v1/path{DEMO}/Letter").json["uid"]
    for path in ("none/file:content", f"{uid}/files:files/7/file"):
        page = alice.get(f"/nuxeo/nxfile/default/{path}")
        assert page.status_code == 404
        assert "Sandbox Nuxeo" in page.text


def test_without_a_connector_nothing_leads_to_one(make):
    page = start_page(make())
    assert "/wopi/" not in page
    assert "Edit in" not in page
    assert "No connector runs beside this sandbox" in page
    assert page.count(">Download<") == 7


def test_with_a_connector_everything_that_opens_can_be_opened(with_connector):
    page = start_page(with_connector)
    assert "No connector" not in page
    edits = re.findall(r'href="([^"]*/wopi/edit/[^"]*)">([^<]*)<', page)
    assert all(url.startswith(f"{CONNECTOR}wopi/edit/default/") for url, _ in edits)
    assert [label for _, label in edits] == [
        "Edit in Excel",
        "Edit in Word",
        "Edit in Excel",
        "Edit in Word",
        "Edit in PowerPoint",
        "Open in WopiTest",
    ]
    assert "/wopi/edit/" not in start_page(with_connector, "carol")


def test_text_files_can_be_edited(make):
    app = make(CONNECTOR)
    alice = signed_in(app)
    batch = alice.post("/nuxeo/api/v1/upload").json["batchId"]
    alice.post(f"/nuxeo/api/v1/upload/{batch}/0", data=b"text", headers={"X-File-Name": "n.txt"})
    created = alice.post(
        f"/nuxeo/api/v1/path{DEMO}",
        json={
            "entity-type": "document",
            "type": "File",
            "name": "Notes",
            "properties": {
                "dc:title": "Notes",
                "file:content": {"upload-batch": batch, "upload-fileId": "0"},
            },
        },
    )
    uid = created.json["uid"]
    page = alice.get("/nuxeo/ui/").text
    assert re.search(f'wopi/edit/default/{uid}/file:content">Edit text<', page)
    assert f"wopi/view/default/{uid}/file:content" in page


def test_people_are_called_by_their_names(with_connector):
    alice = signed_in(with_connector)
    uid = alice.get(f"/nuxeo/api/v1/path{DEMO}/Letter").json["uid"]
    alice.post("/nuxeo/site/automation/Document.Lock", json={"input": f"doc:{uid}"})
    page = alice.get("/nuxeo/ui/").text
    alice.post("/nuxeo/site/automation/Document.Unlock", json={"input": f"doc:{uid}"})
    assert "Locked by Alice Martin" in page
    assert "by Ada Admin" in page
    assert "by Administrator" not in page


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "LOCALHOST:1", "[::1]:8080"])
def test_names_of_this_machine_are_answered(with_connector, host):
    answer = with_connector.test_client().get("/nuxeo/login.jsp", headers={"Host": host})
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["/nuxeo/login.jsp", "/nuxeo/api/v1/me", "/nuxeo/runningstatus"])
def test_other_names_are_not(with_connector, host, path):
    answer = with_connector.test_client().get(
        path, headers={"Host": host, "Authorization": "Basic YWxpY2U6YWxpY2U="}
    )
    assert answer.status_code == 421
    assert "alice" not in answer.text


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("ui/#!/doc/abc", "/nuxeo/ui/#!/doc/abc"),
        (f"{CONNECTOR}wopi/edit/default/u/x", f"{CONNECTOR}wopi/edit/default/u/x"),
        ("wopi/edit/default/u/files:files/0/file?client=a&wd=%C3%BC", None),
        ("/nuxeo/office/wopi/edit/default/u/x", None),
        ("//evil.example/", "/nuxeo/ui/"),
        ("", "/nuxeo/ui/"),
    ],
)
def test_where_signing_in_leads(with_connector, wanted, target):
    answer = with_connector.test_client().post(
        "/nuxeo/startup",
        data={"user_name": "bob", "user_password": "bob", "requestedUrl": wanted},
    )
    if target is None:
        target = wanted if wanted.startswith("/") else f"/nuxeo/{wanted}"
    assert answer.headers["Location"] == target


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "http://127.0.0.1:8080/nuxeo/ui/",
        "javascript:alert(1)",
        "wopi/edit/default/u/x?wd=a b",
        "wopi/edit/default/u/x?wd=a|b",
        "wopi/edit/default/u/x?wd=100%",
    ],
)
def test_nuxeo_does_not_lead_to_an_address_with_a_scheme_nor_to_none(with_connector, wanted):
    """As NuxeoAuthenticationFilter.checkRequestedURL of LTS 2021 and later."""
    browser = with_connector.test_client()
    data = {"user_name": "bob", "user_password": "bob", "requestedUrl": wanted}
    assert browser.get("/nuxeo/login.jsp", query_string=data).status_code == 400
    assert browser.post("/nuxeo/startup", data=data).status_code == 400
    assert browser.get("/nuxeo/api/v1/me").status_code == 401


def test_a_connector_on_the_same_origin_needs_no_address_with_a_scheme(make):
    same = make("http://localhost/nuxeo/").test_client()
    data = {"requestedUrl": "http://localhost/nuxeo/wopi/edit/default/u/x"}
    assert same.get("/nuxeo/login.jsp", query_string=data).status_code == 400
