"""Two office clients beside each other: who opens what, whose calls come in, who joins where."""

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from flask import Flask, Response
from werkzeug.serving import make_server

from connector.sandbox.demo_office.keys import load_or_make
from connector.wopi.access_token import Grant
from tests.fixtures import InProcess
from tests.integration.test_host_page import Browser, Form, claims, policy
from tests.support import HOST, Process, Wopi, free_ports


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A second demo office, with keys of its own."""
    port, data = free_ports(1), tmp_path_factory.mktemp("second")
    process = Process("office", "--port", port, "--data", data)
    try:
        wait_for(f"http://{HOST}:{port}/hosting/discovery")
        yield Office(f"http://{HOST}:{port}/", data)
    finally:
        process.stop()


def wait_for(url, timeout=60):
    deadline = time.monotonic() + timeout
    while True:
        with suppress(requests.ConnectionError):
            assert requests.get(url, timeout=5).ok
            return
        assert time.monotonic() < deadline
        time.sleep(0.1)


class Office:
    def __init__(self, url, data):
        self.url = url
        self.keys = load_or_make(data / "office", "current"), load_or_make(data / "office", "old")


@contextmanager
def collabora(extensions=("odt", "docx"), actions=("edit",), host=HOST):
    """An office whose discovery looks like Collabora's, without keys."""
    port = free_ports(1)
    app = Flask("collabora")
    listed = "".join(
        f'<action name="{action}" ext="{extension}"'
        f' urlsrc="http://{host}:{port}/browser/abc/cool.html?"/>'
        for extension in extensions
        for action in actions
    )
    document = (
        '<wopi-discovery><net-zone name="external-http"><app name="writer">'
        f"{listed}</app></net-zone></wopi-discovery>"
    )
    app.add_url_rule("/hosting/discovery", "discovery", lambda: Response(document))
    server = make_server(HOST, port, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://{HOST}:{port}/hosting/discovery"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def connector(demo, folder, clock, **overrides):
    made = InProcess(demo, folder / "wopi", clock, **overrides)
    try:
        yield made
    finally:
        made.close()


def two(second_discovery, **more):
    return {
        "nuxeo.wopi.clients": "office,collabora",
        "nuxeo.wopi.client.collabora.discoveryURL": second_discovery,
        "nuxeo.wopi.client.collabora.label": "Collabora Online",
    } | {f"nuxeo.wopi.{key}": value for key, value in more.items()}


@pytest.fixture
def both(demo, second, tmp_path, clock):
    """A connector with two demo offices."""
    settings = two(f"{second.url}hosting/discovery", proof="required")
    with connector(demo, tmp_path, clock, **settings) as made:
        yield made


def page_for(demo, made, user, uid, action="edit", **parameters):
    browser = Browser(demo, user)
    headers = parameters.pop("headers", {})
    return browser.http.get(
        f"{made.settings.host_url}wopi/{action}/default/{uid}/file:content",
        params=parameters,
        headers=headers,
        timeout=30,
    )


def opened_in(page):
    """Which client the page's token is for, and at which host its frame is."""
    assert page.status_code == 200, page.text
    return claims(page)["client"], urlsplit(Form(page.text).action).netloc


def wopi(page, keys):
    form = Form(page.text)
    query = parse_qs(urlsplit(form.action).query)
    (source,) = query.get("wopisrc") or query["WOPISrc"]
    return Wopi(source, form.fields["access_token"], keys)


def test_the_first_opens_the_file_and_the_other_is_offered(demo, both, second):
    uid = demo.nuxeo("alice").create()
    page = page_for(demo, both, "alice", uid)
    assert opened_in(page) == ("office", urlsplit(demo.office_url).netloc)
    assert 'aria-label="Office applications for this file"' in page.text
    assert "Open in Collabora Online" in page.text
    chosen = page_for(demo, both, "alice", uid, client="collabora")
    assert opened_in(chosen) == ("collabora", urlsplit(second.url).netloc)
    assert "Open in Office" in chosen.text
    assert policy(chosen)["frame-src"] == [second.url.rstrip("/")]


def test_what_an_office_client_keeps_for_a_user_is_told_to_no_other(demo, both, second):
    uid = demo.nuxeo("alice").create()
    ours = wopi(page_for(demo, both, "alice", uid), demo.keys)
    theirs = wopi(page_for(demo, both, "alice", uid, client="collabora"), second.keys)
    for client, text in ((ours, "tips=1"), (theirs, "{}")):
        assert "UserInfo" not in client.info()
        put = client.request("POST", data=text.encode(), Override="PUT_USER_INFO")
        assert put.status_code == 200
    assert (ours.info()["UserInfo"], theirs.info()["UserInfo"]) == ("tips=1", "{}")


def test_each_clients_calls_are_checked_with_its_own_keys(demo, both, second):
    uid = demo.nuxeo("alice").create()
    page = page_for(demo, both, "alice", uid, client="collabora")
    assert wopi(page, second.keys).request("GET").status_code == 200
    # Signed by the office that the token was not made for.
    assert wopi(page, demo.keys).request("GET").status_code == 500
    other = page_for(demo, both, "alice", uid, client="office")
    assert wopi(other, demo.keys).request("GET").status_code == 200
    assert wopi(other, second.keys).request("GET").status_code == 500


def test_everybody_joins_where_the_file_is_being_edited(demo, both, second):
    uid = demo.nuxeo("alice").create()
    alice = wopi(page_for(demo, both, "alice", uid, client="collabora"), second.keys)
    assert alice.lock("L").status_code == 200
    for parameters in ({}, {"client": "office"}):
        page = page_for(demo, both, "bob", uid, **parameters)
        assert opened_in(page)[0] == "collabora"
        assert "is being edited in Collabora Online, so it opens there, too" in page.text
        assert "Open in" not in page.text
    assert "It can be opened in Office when everybody has closed it there" in page.text
    viewer = page_for(demo, both, "carol", uid, action="view")
    assert opened_in(viewer)[0] == "collabora"
    # Who wanted to go there anyway is told nothing.
    assert "so it opens there" not in page_for(demo, both, "bob", uid, client="collabora").text
    # The id may change in a session; where it is does not.
    assert alice.relock("M", "L").status_code == 200
    assert opened_in(page_for(demo, both, "bob", uid))[0] == "collabora"
    assert alice.unlock("M").status_code == 200
    page = page_for(demo, both, "bob", uid)
    assert opened_in(page)[0] == "office"
    assert "so it opens there" not in page.text


def test_a_session_that_was_ended_in_nuxeo_binds_nobody(demo, both, second):
    uid = demo.nuxeo("alice").create()
    alice = wopi(page_for(demo, both, "alice", uid, client="collabora"), second.keys)
    alice.lock("L")
    demo.nuxeo().operation("Document.Unlock", uid)
    assert opened_in(page_for(demo, both, "bob", uid))[0] == "office"


def test_links_in_check_file_info_keep_to_the_client(demo, both, second):
    uid = demo.nuxeo("alice").create()
    info = wopi(page_for(demo, both, "alice", uid, client="collabora"), second.keys).info()
    assert info["HostEditUrl"].endswith("?client=collabora")
    assert Browser(demo, "alice").http.get(info["HostViewUrl"], timeout=30).status_code == 200


def test_a_choice_that_there_is_not_is_ignored(demo, both):
    # Whatever a link says is anybody's text: it is not shown.
    uid = demo.nuxeo("alice").create()
    for name in ("<b>word", "Your password has expired, call 555; until then Word", ""):
        page = page_for(demo, both, "alice", uid, client=name)
        assert opened_in(page)[0] == "office"
        assert "cannot open this file" not in page.text
        assert "expired" not in page.text
        assert "b&gt;" not in page.text


def test_signing_in_keeps_the_choice(demo, both):
    uid = demo.nuxeo("alice").create()
    page = page_for(demo, both, None, uid, client="collabora")
    assert page.status_code == 401
    assert "client%3Dcollabora" in page.text


def test_what_one_client_does_not_know_the_other_opens(demo, tmp_path, clock):
    uid = demo.nuxeo("alice").create(name="Letter.odt")
    with (
        collabora(("odt",)) as discovery,
        connector(demo, tmp_path, clock, **two(discovery)) as made,
    ):
        page = page_for(demo, made, "alice", uid)
        assert opened_in(page)[0] == "collabora"
        assert "Open in" not in page.text
        query = parse_qs(urlsplit(Form(page.text).action).query)
        assert query["lang"] == ["en-US"]
        # It publishes no keys, and need not.
        assert wopi(page, None).request("GET").status_code == 200


def test_a_route_goes_before_the_order(demo, tmp_path, clock):
    uid = demo.nuxeo("alice").create()
    with (
        collabora() as discovery,
        connector(demo, tmp_path, clock, **two(discovery, routes="docx=collabora")) as made,
    ):
        page = page_for(demo, made, "alice", uid)
        assert opened_in(page)[0] == "collabora"
        assert "Open in Office" in page.text


def test_one_that_can_edit_goes_before_one_that_can_only_show(demo, tmp_path, clock):
    uid = demo.nuxeo("alice").create()
    with (
        collabora(actions=("view",)) as discovery,
        connector(demo, tmp_path, clock, **two(discovery, routes="docx=collabora")) as made,
    ):
        assert opened_in(page_for(demo, made, "alice", uid))[0] == "office"
        assert opened_in(page_for(demo, made, "alice", uid, action="view"))[0] == "collabora"


def test_one_that_is_down_is_done_without(demo, tmp_path, clock):
    uid = demo.nuxeo("alice").create()
    settings = two("http://127.0.0.1:1/discovery", routes="docx=collabora")
    with connector(demo, tmp_path, clock, **settings) as made:
        page = page_for(demo, made, "alice", uid, client="collabora")
        assert opened_in(page)[0] == "office"
        assert "Collabora Online cannot open this file at the moment" in page.text
        picture = demo.nuxeo("alice").create(name="Letter.odt")
        gone = page_for(demo, made, "alice", picture)
        assert gone.status_code == 503


def test_a_session_in_one_that_is_down_is_not_run_into_from_another(demo, tmp_path, clock):
    uid = demo.nuxeo("alice").create()
    settings = two("http://127.0.0.1:1/discovery", **{"client.collabora.proof": "off"})
    with connector(demo, tmp_path, clock, **settings) as made:
        source = wopi(page_for(demo, made, "alice", uid), demo.keys).source
        token = made.connector.tokens.issue(
            resource_id=source.rpartition("/")[2],
            user="bob",
            user_name="Bob",
            grant=Grant.EDIT,
            client="collabora",
        )
        bob = Wopi(source, made.connector.tokens.sign(token), None)
        assert bob.lock("L").status_code == 200
        page = page_for(demo, made, "alice", uid)
        assert page.status_code == 503
        assert "The office application does not answer" in page.text
        bob.unlock("L")
        assert opened_in(page_for(demo, made, "alice", uid))[0] == "office"


def test_collabora_is_told_in_its_own_words_what_to_withhold(demo, tmp_path, clock):
    uid = demo.nuxeo("alice").create()
    settings = two("", restrict="print,download,copy")
    with collabora() as discovery:
        settings["nuxeo.wopi.client.collabora.discoveryURL"] = discovery
        settings["nuxeo.wopi.checkFileInfo.WatermarkText"] = "Draft"
        with connector(demo, tmp_path, clock, **settings) as made:
            page = page_for(demo, made, "alice", uid, client="collabora")
            info = wopi(page, None).info()
            office = wopi(page_for(demo, made, "alice", uid), demo.keys).info()
    assert info["DisableCopy"] is info["DisablePrint"] is info["HideExportOption"] is True
    assert "DownloadUrl" not in info
    assert "DownloadUrl" not in office
    assert info["WatermarkText"] == office["WatermarkText"] == "Draft"


def test_a_token_for_support_names_its_client(demo, tmp_path, second):
    uid = demo.nuxeo("alice").create()
    arguments = [
        *(sys.executable, "-m", "connector", "token", "--conf", str(demo.conf)),
        *("--user", "alice", "--doc", uid),
    ]
    both = [
        part
        for key, value in two(f"{second.url}hosting/discovery").items()
        for part in ("--set", f"{key}={value}")
    ]

    def run(*more):
        return subprocess.run(
            [*arguments, *more], capture_output=True, text=True, check=False, timeout=60
        )

    session = json.loads(run(*both, "--client", "collabora").stdout)
    token = jwt.decode(session["access_token"], options={"verify_signature": False})
    assert token["client"] == "collabora"
    assert session["host_url"].endswith("?client=collabora")
    refused = run(*both, "--client", "word")
    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: there is no office client word; nuxeo.wopi.clients names office, collabora\n"
    )
    assert "?" not in json.loads(run().stdout)["host_url"]


def test_an_editor_that_no_browser_would_show_is_told_of(demo, tmp_path, clock):
    """By http, where the page is by https: the browser would leave the frame empty."""
    uid = demo.nuxeo().create()
    with collabora(host="office.example.org") as discovery:
        settings = {"nuxeo.wopi.discoveryURL": discovery, "nuxeo.wopi.clients": "office"}
        with connector(demo, tmp_path / "secure", clock, **settings) as made:
            opened = page_for(demo, made, "alice", uid)
            assert opened.status_code == 200
        settings["nuxeo.wopi.hostURL"] = "https://docs.example.org/nuxeo/"
        with connector(demo, tmp_path / "plain", clock, **settings) as made:
            url = made.settings.base_url
            browser = Browser(demo, "alice")
            page = browser.http.get(
                f"{url}wopi/edit/default/{uid}/file:content", timeout=30, allow_redirects=False
            )
    assert page.status_code == 500
    assert "browsers show no such page inside one with https" in page.text
    assert "Support id" in page.text
