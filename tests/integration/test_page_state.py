"""What a host page may ask the connector by itself, and who gets an answer."""

import json
import re

import jwt
import pytest
import requests

from connector.lock_store.base import PRESENT_KEPT, OpenPage
from tests.integration.test_broken_calls import blind_update, versions
from tests.integration.test_host_page import Browser, Form
from tests.support import Wopi, docx_bytes, paragraphs

LIFETIME = 36_000
DAY = 24 * 3600


class Page:
    """A host page that somebody has open, without its scripts."""

    def __init__(self, demo, made, clock, user, uid, action="edit", xpath="file:content"):
        self.browser = Browser(demo, user)
        self.demo, self.made, self.clock = demo, made, clock
        url = f"{made.settings.host_url}wopi/{action}/default/{uid}/{xpath}"
        page = self.browser.http.get(url, timeout=30)
        assert page.status_code == 200
        data = re.search(r'id="page-data">(.*?)</script>', page.text)[1]
        self.data = json.loads(data)
        self.token = self.data["pageToken"]
        self.access_token = Form(page.text).fields["access_token"]

    def ask(self, path="", method="GET", token=None, cookies=True, **parameters):
        http = self.browser.http if cookies else requests
        origin = self.made.settings.host_url.removesuffix("nuxeo/").rstrip("/")
        token = self.token if token is None else token
        return http.request(
            method,
            f"{origin}{self.data['stateUrl']}{path}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            params=parameters,
            timeout=30,
        )

    def load(self):
        """What the office client does at first."""
        assert self.wopi().get().status_code == 200

    def wopi(self, token=None):
        file_id = self.data["stateUrl"].rpartition("/")[2]
        source = self.made.connector.links.wopi_src(file_id)
        return Wopi(source, token or self.access_token, self.demo.keys, self.clock)


@pytest.fixture
def uid(demo):
    return demo.nuxeo().create(docx_bytes("A report"), "Offer.docx")


@pytest.fixture
def opened(demo, in_process, clock, uid):
    def opened(user="alice", action="edit", document=uid):
        return Page(demo, in_process, clock, user, document, action)

    return opened


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_it_tells_the_last_save_and_who_else_edits(opened, clock):
    alice, bob, carol = opened("alice"), opened("bob"), opened("carol", "view")
    assert alice.ask().json() == {"saved": None, "editing": [], "trouble": "", "kept": []}
    assert bob.ask().json()["editing"] == ["Alice Martin"]
    assert carol.ask().json()["editing"] == ["Alice Martin", "Bob Keller"]
    # Two tabs are one person, and a reader is no editor.
    again = opened("alice")
    assert again.ask().json()["editing"] == ["Bob Keller"]
    client = bob.wopi()
    assert client.lock("L").status_code == 200
    assert client.put(docx_bytes("More"), "L").status_code == 200
    saved = alice.ask().json()["saved"]
    assert (saved["by"], saved["isOwn"]) == (["Bob Keller"], False)
    assert abs(saved["at"] - clock() * 1000) < 20_000
    assert bob.ask().json()["saved"]["isOwn"] is True
    # A save that fails is no save.
    clock.offset += 60
    assert client.put(docx_bytes("Even more"), "M").status_code == 409
    assert alice.ask().json()["saved"] == saved
    assert bob.ask("", "DELETE").status_code == 204
    assert alice.ask().json()["editing"] == []
    assert bob.ask().json()["editing"] == ["Alice Martin"]
    clock.offset += PRESENT_KEPT + 1
    assert alice.ask().json()["editing"] == []


def test_what_save_as_puts_in_the_place_of_a_file_is_its_last_save(demo, opened, uid):
    name = f"{uid}.docx"
    target = demo.nuxeo().create(docx_bytes("Old"), name)
    page, other = opened("alice"), opened("alice", document=target)
    answer = page.wopi().request(
        "POST",
        Override="PUT_RELATIVE",
        RelativeTarget=name,
        OverwriteRelativeTarget="true",
        data=docx_bytes("New"),
    )
    assert answer.status_code == 200, answer.headers
    assert other.ask().json()["saved"]["by"] == ["Alice Martin"]
    assert page.ask().json()["saved"] is None
    demo.nuxeo().call("DELETE", f"api/v1/id/{target}")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/renewal"), ("GET", "/copy"), ("GET", "/kept/x")],
)
def test_only_the_pages_own_token_is_good(demo, opened, method, path):
    page = opened()
    other = opened(document=demo.nuxeo().create(docx_bytes("Another")))
    forged = jwt.encode(claims(page.token), "s" * 64, algorithm="HS512")
    for token in ("", "x", page.access_token, other.token, forged):
        answer = page.ask(path, method, token=token)
        assert answer.status_code == 401, token
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers.get("Access-Control-Allow-Origin") is None
    # And it is good for nothing else.
    assert page.wopi(page.token).request("GET").status_code == 401
    assert page.wopi(page.token).put(b"x").status_code == 401
    me = requests.get(
        f"{demo.nuxeo_url}api/v1/me",
        headers={"Authorization": f"Bearer {page.token}"},
        timeout=30,
    )
    assert me.status_code == 401


def test_with_its_token_it_ends(opened, clock):
    page = opened()
    clock.offset += LIFETIME + 1
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/copy"), ("GET", "/kept/x")):
        assert page.ask(path, method).status_code == 401


def test_a_token_is_renewed_for_the_same_opening(opened, clock):
    page = opened()
    page.load()
    clock.offset += LIFETIME - 600
    answer = page.ask("/renewal", "POST", cookies=False)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    renewed = answer.json()
    before, after = claims(page.access_token), claims(renewed["accessToken"])
    assert {key for key in after if after[key] != before[key]} == {"exp"}
    assert renewed["accessTokenTtl"] == after["exp"] * 1000
    # It ends with a whole second, and the clock goes on while it is made.
    assert 0 <= LIFETIME * 1000 - renewed["endsIn"] < 20_000
    clock.offset += 1200
    assert page.wopi().request("GET").status_code == 401
    assert page.wopi(renewed["accessToken"]).info()["UserCanWrite"] is True
    assert page.ask(token=renewed["pageToken"]).status_code == 200


def test_nothing_is_renewed_where_somebody_else_has_signed_in(opened):
    page = opened("alice", "view")
    bob = opened("bob", "view")
    bob.data["stateUrl"] = page.data["stateUrl"]
    refused = bob.ask("/renewal", "POST", token=page.token)
    assert (refused.status_code, refused.json()) == (401, {"reason": "otherUser"})
    assert page.ask("/renewal", "POST", cookies=False).status_code == 200


def test_after_a_day_or_when_it_has_ended_the_user_shows_who_they_are(demo, opened, clock):
    page = opened()
    page.load()
    for _ in range(2):
        clock.offset += LIFETIME - 600
        page.token = page.ask("/renewal", "POST", cookies=False).json()["pageToken"]
    clock.offset += LIFETIME - 600
    # Its token lives, but it is longer than a day ago.
    assert page.ask().status_code == 200
    refused = page.ask("/renewal", "POST", cookies=False)
    assert (refused.status_code, refused.json()) == (401, {"reason": "signIn"})
    renewed = page.ask("/renewal", "POST")
    assert renewed.status_code == 200
    page.token = renewed.json()["pageToken"]
    clock.offset += 3 * DAY
    assert page.ask("/renewal", "POST", cookies=False).status_code == 401
    somebody_else = opened("bob")
    somebody_else.data["stateUrl"] = page.data["stateUrl"]
    assert somebody_else.ask("/renewal", "POST", token=page.token).json() == {"reason": "otherUser"}
    told = somebody_else.browser.http.get(f"{page.made.settings.host_url}wopi/signedin", timeout=30)
    assert "You are signed in as Bob Keller" in told.text
    assert "Sign out" in told.text
    assert page.ask("/renewal", "POST").status_code == 200
    # A cookie alone, as a foreign page could have it sent along, is nothing.
    assert page.ask("/renewal", "POST", token="").status_code == 401
    clock.offset += 30 * DAY
    assert page.ask("/renewal", "POST").status_code == 401


def test_who_may_not_read_any_more_gets_no_other_token(demo, opened, uid):
    page = opened()
    demo.nuxeo().operation(
        "Document.BlockPermissionInheritance", uid, permission="Everything", acl="local"
    )
    refused = page.ask("/renewal", "POST")
    assert (refused.status_code, refused.json()) == (403, {"reason": "noRight"})
    assert page.ask(waiting="").json()["free"] is False


def test_while_nuxeo_is_down_a_page_has_to_try_again(demo, behind_proxy, proxy, clock, uid):
    page = Page(demo, behind_proxy, clock, "alice", uid)
    page.load()
    proxy.follow(lambda _method, _path: 503)
    refused = page.ask("/renewal", "POST")
    assert (refused.status_code, refused.json()) == (503, {"reason": "tryAgain"})
    # What the connector knows itself it tells.
    assert page.ask().status_code == 200
    assert page.ask("/copy", name="x.docx").status_code == 503
    clock.offset += LIFETIME + 1
    assert page.ask("/renewal", "POST").status_code == 503
    proxy.forget()
    assert page.ask("/renewal", "POST").status_code == 200


def test_a_page_that_waits_is_told_who_has_it_and_when_it_is_free(demo, opened, uid):
    demo.nuxeo("bob").operation("Document.Lock", uid)
    page = opened()
    assert page.data["canWait"] is True
    assert {"free", "holder"}.isdisjoint(page.ask().json())
    waiting = page.ask(waiting="").json()
    assert (waiting["free"], waiting["holder"]) == (False, "Bob Keller")
    demo.nuxeo("bob").operation("Document.Unlock", uid)
    waiting = page.ask(waiting="").json()
    assert (waiting["free"], waiting["holder"]) == (True, "")
    # A reader waits in vain.
    reader = opened("carol")
    assert reader.data["canWait"] is False
    assert reader.ask(waiting="").json()["free"] is False


def test_where_a_copy_is_is_told_to_who_may_read_it(demo, opened, uid):
    page = opened()
    name = f"Copy of {uid}.docx"
    assert page.ask("/copy", name=name).status_code == 404
    assert page.ask("/copy").status_code == 404
    made = demo.nuxeo().create(docx_bytes("A copy"), name)
    url = page.ask("/copy", name=name).json()["url"]
    assert url.endswith(f"/nuxeo/wopi/edit/default/{made}/file:content")
    demo.nuxeo().operation(
        "Document.BlockPermissionInheritance", made, permission="Everything", acl="local"
    )
    assert page.ask("/copy", name=name).status_code == 404
    demo.nuxeo().call("DELETE", f"api/v1/id/{made}")


def test_what_could_not_be_opened_is_told_until_it_is(demo, behind_proxy, proxy, clock, uid):
    page = Page(demo, behind_proxy, clock, "alice", uid)
    other = Page(demo, behind_proxy, clock, "alice", uid)
    proxy.follow(lambda _method, _path: 503)
    assert page.wopi().request("GET").status_code == 500
    assert page.ask().json()["trouble"] == "CheckFileInfo 500"
    assert page.wopi().get().status_code == 500
    assert page.ask().json()["trouble"] == "GetFile 500"
    assert other.ask().json()["trouble"] == ""
    proxy.forget()
    assert page.wopi().info()
    assert page.ask().json()["trouble"] == "GetFile 500"
    assert page.wopi().get().status_code == 200
    assert page.ask().json()["trouble"] == ""
    # Once, in the middle of a session that goes on.
    assert page.wopi().lock("L").status_code == 200
    proxy.follow(lambda _method, _path: 503)
    assert page.wopi().request("GET").status_code == 500
    proxy.forget()
    assert page.ask().json()["trouble"] == "CheckFileInfo 500"
    assert page.wopi().refresh("L").status_code == 200
    assert page.ask().json()["trouble"] == ""
    # A signature that is missing is trouble, too.
    unsigned = page.wopi()
    unsigned.keys = None
    assert unsigned.request("GET").status_code == 500
    assert page.ask().json()["trouble"] == "CheckFileInfo 500"


def test_office_clients_are_told_what_the_page_has_an_answer_to(demo, in_process, opened, uid):
    flags = {"ClosePostMessage", "EditModePostMessage", "FileVersionPostMessage"}
    info = opened().wopi().info()
    assert {flag for flag in flags if info.get(flag) is True} == flags
    # Sharing is for those who may.
    assert "FileSharingPostMessage" not in info
    demo.nuxeo().operation("Document.AddPermission", uid, permission="Everything", user="alice")
    info = opened().wopi().info()
    assert (info["FileSharingPostMessage"], info["EnableShare"]) == (True, True)
    # Where there is no page, as on a phone, there are the addresses alone.
    info = in_process.open("alice", uid).info()
    assert [name for name in info if name.endswith("PostMessage")] == []
    assert {"CloseUrl", "HostEditUrl", "FileVersionUrl", "FileSharingUrl"} <= set(info)


@pytest.mark.parametrize("hours", [20, 30, 160])
def test_who_goes_on_after_days_writes_over_nothing_from_outside(
    demo, opened, in_process, clock, uid, hours
):
    page = opened()
    page.load()
    client = page.wopi()
    assert client.lock("L").status_code == 200
    assert client.put(docx_bytes("by alice"), "L").status_code == 200
    clock.offset += hours * 3600
    in_process.connector.sessions.end_idle()
    demo.nuxeo("alice").replace(uid, docx_bytes("from outside"), "Offer.docx")
    renewed = page.ask("/renewal", "POST")
    assert renewed.status_code == 200
    client = page.wopi(renewed.json()["accessToken"])
    assert client.lock("L").status_code == 200
    assert client.put(docx_bytes("by alice, and older"), "L").status_code == 200
    kept = [paragraphs(demo.nuxeo().content(each["uid"])) for each in versions(demo.nuxeo(), uid)]
    assert ["from outside"] in kept


def test_after_a_week_the_file_has_to_be_loaded_anew(opened, clock):
    page = opened()
    page.load()
    for _ in range(20):
        clock.offset += LIFETIME - 600
        answer = page.ask("/renewal", "POST")
        if answer.status_code != 200:
            break
        page.token = answer.json()["pageToken"]
    assert (answer.status_code, answer.json()) == (409, {"reason": "tooOld"})
    assert 6 * DAY < clock.offset < 8 * DAY
    # A reader has nothing that could be older.
    reader = opened("carol", "view")
    clock.offset += LIFETIME + 6 * DAY
    assert reader.ask("/renewal", "POST").status_code == 200


def test_who_wrote_is_told_and_not_who_saved(opened):
    alice, bob = opened("alice"), opened("bob")
    bob.ask()
    client = alice.wopi()
    client.lock("L")
    assert client.put(docx_bytes("by bob"), "L", Editors="bob").status_code == 200
    assert alice.ask().json()["saved"]["by"] == ["Bob Keller"]
    assert alice.ask().json()["saved"]["isOwn"] is False
    assert bob.ask().json()["saved"]["isOwn"] is True
    assert client.put(docx_bytes("by both"), "L", Editors="bob,alice,zoe").status_code == 200
    assert alice.ask().json()["saved"]["by"] == ["Bob Keller", "Alice Martin", "zoe"]


def test_a_save_is_not_told_of_another_file_in_its_place(demo, in_process, clock):
    attachments = [("One.docx", docx_bytes("one")), ("Two.docx", docx_bytes("two"))]
    uid = demo.nuxeo().create(docx_bytes("main"), "Main.docx", attachments=attachments)
    client = in_process.open("alice", uid, "files:files/0/file")
    assert client.lock("L").status_code == 200
    assert client.put(docx_bytes("one, changed"), "L").status_code == 200
    assert client.unlock("L").status_code == 200
    one = Page(demo, in_process, clock, "bob", uid, xpath="files:files/0/file")
    assert one.ask().json()["saved"]["content"] == one.data["content"]
    _, two = demo.nuxeo().document(uid)["properties"]["files:files"]
    blind_update(demo.nuxeo(), uid, **{"files:files": [two]})
    other = Page(demo, in_process, clock, "bob", uid, xpath="files:files/0/file")
    assert other.data["known"]["file"] == "Two.docx"
    # The page shows it only if the content is the same, or if it was saved since.
    saved = other.ask().json()["saved"]
    assert saved["content"] != other.data["content"]
    assert saved["at"] < other.data["openedAt"]


def test_names_are_no_longer_than_there_is_room_for(demo, opened, in_process):
    page = opened()
    for number in range(30):
        in_process.connector.store.see_page(
            page.data["stateUrl"].rpartition("/")[2],
            OpenPage(f"p{number}", f"user{number}", "W" * 2000, True),
        )
    editing = page.ask().json()["editing"]
    assert (len(editing), len(editing[0])) == (10, 61)


@pytest.mark.parametrize("action", ["view", "embedview", "edit"])
def test_who_only_reads_has_a_way_to_edit(demo, opened, uid, action):
    """Office shows its button whenever it may tell the page of a click on it."""
    if action == "edit":
        demo.nuxeo("bob").operation("Document.Lock", uid)
    page = opened("alice", action)
    assert page.wopi().info()["EditModePostMessage"] is True
    assert page.data["editUrl"].endswith(f"/wopi/edit/default/{uid}/file:content")
