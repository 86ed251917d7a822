"""PutRelativeFile against the sandbox: "Save as", overwriting, and conversions."""

import threading
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.nuxeo_gateway.documents import Document
from connector.wopi.filenames import decode_header, encode_header
from tests.fixtures import InProcess
from tests.support import Wopi, docx_bytes, paragraphs

ENOUGH = 600


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def folder(alice):
    """A folder of its own; returns its path."""
    return new_folder(alice)


def new_folder(person, parent="/default-domain/workspaces/Demo", title="Folder"):
    body = {"entity-type": "document", "type": "Folder", "name": "folder"}
    body["properties"] = {"dc:title": title}
    return person.call("POST", f"api/v1/path{parent}", json=body).json()["path"]


def files(person, folder):
    """The names of the main files in a folder, and their documents."""
    page = person.call(
        "GET",
        f"api/v1/path{folder}/@children?pageSize={ENOUGH}",
        headers={"X-NXproperties": "*"},
    ).json()
    return {
        entry["properties"]["file:content"]["name"]: entry
        for entry in page["entries"]
        if entry["properties"].get("file:content")
    }


def save_as(client, content=b"copy", **headers):
    headers = {
        name: encode_header(value) if name.endswith("Target") else value
        for name, value in headers.items()
    }
    return client.request("POST", data=content, Override="PUT_RELATIVE", **headers)


def overwrite(client, name="Target.docx", content=b"over", said="true"):
    headers = {"RelativeTarget": name, "OverwriteRelativeTarget": said}
    return client.request("POST", data=content, Override="PUT_RELATIVE", **headers)


def opened(client, answer):
    """A client for the URL in an answer."""
    url, _, query = answer.json()["Url"].partition("?")
    (token,) = parse_qs(query)["access_token"]
    return Wopi(url, token, client.keys)


def test_save_as_makes_a_document_of_the_same_type_beside_the_old_one(demo, alice, folder):
    uid = alice.create(docx_bytes("old"), folder=folder, attachments=[("a.docx", b"a")])
    client = demo.open("bob", uid)
    answer = save_as(client, docx_bytes("new"), RelativeTarget="Second letter.docx")
    assert answer.status_code == 200
    assert answer.json()["Name"] == "Second letter.docx"
    assert set(files(alice, folder)) == {"Report.docx", "Second letter.docx"}
    made = files(alice, folder)["Second letter.docx"]
    assert (made["type"], made["title"]) == ("File", "Second letter")
    assert made["properties"]["dc:creator"] == "bob"
    assert made["properties"]["files:files"] == []
    kept = alice.document(uid)["properties"]["file:content"]["mime-type"]
    assert made["properties"]["file:content"]["mime-type"] == kept
    assert paragraphs(alice.content(made["uid"])) == ["new"]
    assert paragraphs(alice.content(uid)) == ["old"]
    for key in ("HostViewUrl", "HostEditUrl"):
        assert made["uid"] in answer.json()[key]


def test_the_url_of_the_answer_opens_the_new_file_and_nothing_else(demo, alice, folder):
    client = demo.open("alice", alice.create(folder=folder))
    new = opened(client, save_as(client, SuggestedTarget="new.docx"))
    assert new.info()["BaseFileName"] == "new.docx"
    assert new.get().content == b"copy"
    assert new.lock("L").status_code == 200
    assert new.put(b"changed", "L").status_code == 200
    assert new.unlock("L").status_code == 200
    assert new.at(client.source).request("GET").status_code == 401
    assert client.at(new.source).request("GET").status_code == 401


def test_a_suggestion_gives_way_to_what_is_there(demo, alice, folder):
    client = demo.open("alice", alice.create(folder=folder))
    names = [
        save_as(client, SuggestedTarget=name).json()["Name"]
        for name in ("Report.docx", "Report.docx", ".docx", ".odt", "a/b?.docx", "x" * 600, "")
    ]
    assert names[:4] == ["Report (1).docx", "Report (2).docx", "Report (3).docx", "Report.odt"]
    assert names[4:] == ["a_b_.docx", "x" * 512, "Document"]
    assert set(names) < set(files(alice, folder))


def test_many_names_that_are_taken_take_few_questions(demo, alice, folder):
    uid = alice.create(name="n.docx", folder=folder)
    for number in range(1, 45):
        alice.create(b"x", name=f"n ({number}).docx", folder=folder)
    answer = save_as(demo.open("alice", uid), SuggestedTarget="n.docx")
    assert answer.json()["Name"] == "n (45).docx"


@pytest.mark.parametrize(
    "name", ["Übersicht 東京.docx", "100% + O'Hara & co; “x”.docx", "n" * 507 + ".docx"]
)
def test_names_of_all_kinds_come_back_as_they_were_sent(demo, alice, folder, name):
    client = demo.open("alice", alice.create(folder=folder))
    answer = save_as(client, RelativeTarget=name)
    assert answer.json()["Name"] == name
    assert name in files(alice, folder)
    assert opened(client, answer).info()["BaseFileName"] == name
    taken = save_as(client, RelativeTarget=name)
    assert taken.status_code == 409
    valid = decode_header(taken.headers["X-WOPI-ValidRelativeTarget"])
    assert " (1)" in valid
    assert len(valid) <= 512
    assert save_as(client, RelativeTarget=valid).json()["Name"] == valid


def test_a_name_that_is_taken_is_refused_with_one_that_is_free(demo, alice, folder):
    uid = alice.create(b"old", folder=folder)
    alice.create(b"one", name="Report (1).docx", folder=folder)
    for said in (None, "false", "no"):
        answer = overwrite(demo.open("alice", uid), "Report.docx", said=said)
        assert answer.status_code == 409
        assert answer.headers["X-WOPI-ValidRelativeTarget"] == "Report (2).docx"
        assert answer.headers["X-WOPI-Lock"] == ""
    assert alice.content(uid) == b"old"
    assert len(files(alice, folder)) == 2


@pytest.mark.parametrize("name", ["a/b.docx", "", "..", "x" * 513, "a\tb.docx", "end.docx."])
def test_an_illegal_name_is_refused_with_a_legal_one(demo, alice, folder, name):
    client = demo.open("alice", alice.create(folder=folder))
    answer = save_as(client, RelativeTarget=name)
    assert answer.status_code == 400
    valid = decode_header(answer.headers["X-WOPI-ValidRelativeTarget"])
    assert save_as(client, RelativeTarget=valid).json()["Name"] == valid


def test_overwriting_keeps_what_was_there_as_a_version(demo, alice, folder):
    source, target = alice.create(folder=folder), alice.create(b"old", "Target.docx", folder=folder)
    client = demo.open("bob", source)
    before = demo.open("alice", target).info()["Version"]
    answer = overwrite(client)
    assert answer.json()["Name"] == "Target.docx"
    assert target in answer.json()["HostEditUrl"]
    assert alice.content(target) == b"over"
    assert demo.open("alice", target).info()["Version"] != before
    versions = alice.operation("Document.GetVersions", target).json()["entries"]
    assert [alice.content(version["uid"]) for version in versions] == [b"old"]
    assert len(files(alice, folder)) == 2
    assert alice.document(target)["properties"]["dc:lastContributor"] == "bob"


def test_a_locked_target_is_not_overwritten(demo, alice, folder):
    source, target = alice.create(folder=folder), alice.create(b"old", "Target.docx", folder=folder)
    bob = demo.open("bob", target)
    assert bob.lock("their lock").status_code == 200
    answer = overwrite(demo.open("alice", source))
    assert (answer.status_code, answer.headers["X-WOPI-Lock"]) == (409, "their lock")
    assert bob.unlock("their lock").status_code == 200
    bob_nuxeo = demo.nuxeo("bob")
    bob_nuxeo.operation("Document.Lock", target)
    answer = overwrite(demo.open("alice", source))
    assert (answer.status_code, answer.headers["X-WOPI-Lock"]) == (409, "")
    bob_nuxeo.operation("Document.Unlock", target)
    assert alice.content(target) == b"old"
    assert overwrite(demo.open("alice", source)).status_code == 200


def test_who_may_not_overwrite_is_told_501(demo, alice, folder):
    admin = demo.nuxeo()
    source, target = alice.create(folder=folder), alice.create(b"old", "Target.docx", folder=folder)
    admin.operation("Document.BlockPermissionInheritance", target)
    admin.operation("Document.AddPermission", target, username="bob", permission="Read")
    assert overwrite(demo.open("bob", source)).status_code == 501
    assert admin.content(target) == b"old"
    viewer = demo.open("alice", source, action="view")
    assert overwrite(viewer, "Report.docx").status_code == 501


def test_a_file_is_not_overwritten_with_nothing(demo, alice, folder):
    source, target = alice.create(folder=folder), alice.create(b"old", "Target.docx", folder=folder)
    assert overwrite(demo.open("alice", source), content=b"").status_code == 400
    assert alice.content(target) == b"old"


def test_saving_a_file_over_itself_is_refused_while_it_is_open(demo, alice, folder):
    uid = alice.create(b"old", folder=folder)
    client = demo.open("alice", uid)
    client.lock("L")
    answer = overwrite(client, "Report.docx")
    assert (answer.status_code, answer.headers["X-WOPI-Lock"]) == (409, "L")
    client.unlock("L")
    assert overwrite(client, "Report.docx").status_code == 200
    assert alice.content(uid) == b"over"


def test_a_reader_of_the_file_saves_a_copy_where_they_may(demo, alice, folder):
    uid = alice.create(folder=folder)
    viewer = demo.open("alice", uid, action="view")
    answer = save_as(viewer, SuggestedTarget="copy.docx")
    assert answer.status_code == 200
    assert opened(viewer, answer).lock("L").status_code == 404
    carol = demo.open("carol", uid)
    assert carol.info()["UserCanNotWriteRelative"] is True
    assert save_as(carol, SuggestedTarget="carol.docx").status_code == 404
    assert save_as(carol, RelativeTarget="carol.docx").status_code == 404
    assert set(files(alice, folder)) == {"Report.docx", "copy.docx"}


def test_an_attachment_is_saved_beside_its_document(demo, alice, folder):
    uid = alice.create(folder=folder, attachments=[("Prices.xlsx", b"prices")])
    client = demo.open("alice", uid, "files:files/0/file")
    answer = save_as(client, SuggestedTarget=".ods")
    assert answer.json()["Name"] == "Prices.ods"
    assert files(alice, folder)["Prices.ods"]["type"] == "File"
    assert len(alice.document(uid)["properties"]["files:files"]) == 1


def test_names_are_told_apart_when_everybody_saves_at_once(demo, alice, folder):
    uid = alice.create(folder=folder)
    clients = [demo.open(user, uid) for user in ("alice", "bob") * 4]
    suggested, exact = [], []

    def save(client):
        suggested.append(save_as(client, SuggestedTarget="same.docx").json()["Name"])
        exact.append(save_as(client, RelativeTarget="exact.docx").status_code)

    threads = [threading.Thread(target=save, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(suggested)) == len(suggested) == 8
    assert sorted(exact) == [200] + [409] * 7
    assert len(alice.call("GET", f"api/v1/path{folder}/@children").json()["entries"]) == 10


# Conversions


def test_a_conversion_replaces_the_file_and_keeps_the_old_one_as_a_version(demo, alice, folder):
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    client = demo.open("bob", uid)
    answer = save_as(client, b"new format", SuggestedTarget=".docx", FileConversion="true")
    assert answer.json()["Name"] == "Letter.docx"
    assert uid in answer.json()["HostEditUrl"]
    assert urlsplit(answer.json()["Url"]).path == urlsplit(client.source).path
    assert alice.content(uid) == b"new format"
    stored = alice.document(uid)["properties"]["file:content"]
    assert stored["name"] == "Letter.docx"
    assert "wordprocessingml" in stored["mime-type"]
    versions = alice.operation("Document.GetVersions", uid).json()["entries"]
    assert [alice.content(version["uid"]) for version in versions] == [b"old format"]
    assert list(files(alice, folder)) == ["Letter.docx"]
    assert opened(client, answer).info()["BaseFileName"] == "Letter.docx"


def test_a_converted_attachment_stays_where_it_is(demo, alice, folder):
    attachments = [("a.doc", b"a"), ("b.doc", b"b")]
    uid = alice.create(folder=folder, attachments=attachments)
    client = demo.open("alice", uid, "files:files/1/file")
    answer = save_as(client, b"b new", RelativeTarget="b.docx", FileConversion="true")
    assert answer.status_code == 200
    stored = alice.document(uid)["properties"]["files:files"]
    assert [item["file"]["name"] for item in stored] == ["a.doc", "b.docx"]
    assert alice.content(uid, "files:files/1/file") == b"b new"
    assert alice.content(uid, "files:files/0/file") == b"a"


def test_a_conversion_takes_no_other_files_name(demo, alice, folder):
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    alice.create(name="Letter.docx", folder=folder)
    client = demo.open("alice", uid)
    answer = save_as(client, SuggestedTarget=".docx", FileConversion="1")
    assert answer.json()["Name"] == "Letter (1).docx"


def test_a_conversion_needs_the_right_to_write_and_an_unlocked_file(demo, alice, folder):
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    convert = {"SuggestedTarget": ".docx", "FileConversion": "true"}
    assert save_as(demo.open("carol", uid), **convert).status_code == 404
    assert save_as(demo.open("alice", uid, action="view"), **convert).status_code == 404
    bob = demo.open("bob", uid)
    bob.lock("L")
    answer = save_as(demo.open("alice", uid), **convert)
    assert (answer.status_code, answer.headers["X-WOPI-Lock"]) == (409, "L")
    bob.unlock("L")
    assert save_as(demo.open("alice", uid), b"", **convert).status_code == 400
    assert alice.content(uid) == b"old format"


def convert(client, content=b"new format", **headers):
    named = {} if "RelativeTarget" in headers else {"SuggestedTarget": ".docx"}
    return save_as(client, content, FileConversion="true", **named, **headers)


def test_a_conversion_that_comes_late_leaves_what_was_written_since(demo, alice, folder):
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    client, late = demo.open("alice", uid), demo.open("bob", uid)
    assert convert(client, b"alice's conversion").status_code == 200
    client.lock("L")
    client.put(b"alice's edits", "L")
    # Whether she is still at it or has left: bob is sent to what there is.
    for _ in range(2):
        for target in ({}, {"RelativeTarget": "Letter.docx"}):
            answer = convert(late, b"bob's conversion", **target)
            assert (answer.status_code, answer.json()["Name"]) == (200, "Letter.docx")
            assert uid in answer.json()["HostEditUrl"]
            assert opened(late, answer).get().content == b"alice's edits"
        client.unlock("L")
    assert alice.content(uid) == b"alice's edits"
    assert list(files(alice, folder)) == ["Letter.docx"]
    other = {"RelativeTarget": "Other.docx"}
    refused = convert(late, b"bob's conversion", **other)
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "")
    assert convert(demo.open("carol", uid)).status_code == 404
    assert convert(demo.open("alice", uid, action="view")).status_code == 404
    assert alice.content(uid) == b"alice's edits"


def test_of_many_conversions_at_once_one_is_kept(demo, alice, folder):
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    clients = [demo.open(user, uid) for user in ("alice", "bob") * 3]
    answers = []

    def work(number, client):
        answers.append(convert(client, f"conversion {number}".encode()))

    threads = [threading.Thread(target=work, args=each) for each in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # Those that came second are sent to the file.
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["Name"] for answer in answers} == {"Letter.docx"}
    versions = alice.operation("Document.GetVersions", uid).json()["entries"]
    assert [alice.content(version["uid"]) for version in versions] == [b"old format"]


@pytest.fixture
def converting(behind_proxy, alice, folder):
    """A client of a file in an old format, and the file's document."""
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    return behind_proxy.open("alice", uid), uid


def test_a_file_that_others_change_during_the_upload_is_not_converted(converting, proxy, demo):
    client, uid = converting
    proxy.plan("POST", "/upload/", lambda: demo.nuxeo("bob").replace(uid, b"newer", "Letter.doc"))
    refused = convert(client)
    assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "")
    assert demo.nuxeo().content(uid) == b"newer"
    assert convert(client).status_code == 200


def test_a_file_that_is_renamed_during_the_upload_is_converted_under_its_new_name(
    converting, proxy, demo
):
    client, uid = converting

    def rename():
        admin = demo.nuxeo()
        admin.operation("Document.SetBlobName", uid, name="Note.doc")

    proxy.plan("POST", "/upload/", rename)
    assert convert(client).json()["Name"] == "Note.docx"


def test_a_conversion_whose_answer_was_lost_is_done_when_it_is_repeated(converting, proxy, alice):
    client, uid = converting
    proxy.plan("PUT", "/id/", "lose")
    assert convert(client).status_code == 500
    assert convert(client).json()["Name"] == "Letter.docx"
    assert alice.content(uid) == b"new format"
    assert len(alice.operation("Document.GetVersions", uid).json()["entries"]) == 1


def test_a_conversion_to_another_files_name_is_refused_with_one_that_is_free(demo, alice, folder):
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    other = alice.create(b"theirs", "Other.docx", folder=folder)
    client, bob = demo.open("alice", uid), demo.open("bob", other)
    bob.lock("theirs")
    exact = {"RelativeTarget": "Other.docx"}
    for said in ("false", "true"):
        refused = convert(client, OverwriteRelativeTarget=said, **exact)
        assert (refused.status_code, refused.headers["X-WOPI-Lock"]) == (409, "theirs")
        assert refused.headers["X-WOPI-ValidRelativeTarget"] == "Other (1).docx"
    assert (alice.content(uid), alice.content(other)) == (b"old format", b"theirs")
    bob.unlock("theirs")
    free = exact | {"RelativeTarget": "Other (1).docx"}
    assert convert(client, **free).json()["Name"] == "Other (1).docx"


def test_a_conversion_to_another_attachments_name(demo, alice, folder):
    attachments = [("a.doc", b"a"), ("a.docx", b"other")]
    uid = alice.create(folder=folder, attachments=attachments)
    client = demo.open("alice", uid, "files:files/0/file")
    exact = {"RelativeTarget": "a.docx"}
    refused = convert(client, **exact)
    assert refused.status_code == 409
    assert refused.headers["X-WOPI-ValidRelativeTarget"] == "a (1).docx"
    assert convert(client).json()["Name"] == "a (1).docx"


def test_a_conversions_name_that_is_taken_during_the_upload(converting, proxy, alice, folder):
    client, uid = converting
    proxy.plan("POST", "/upload/", lambda: alice.create(b"theirs", "Letter.docx", folder=folder))
    assert convert(client).json()["Name"] == "Letter (1).docx"
    assert set(files(alice, folder)) == {"Letter.docx", "Letter (1).docx"}
    assert alice.content(uid) == b"new format"


def test_what_cannot_be_kept_as_a_version_is_not_overwritten(
    in_process, alice, folder, monkeypatch
):
    monkeypatch.setattr(Document, "is_versionable", False)
    uid = alice.create(b"old format", "Letter.doc", folder=folder)
    target = alice.create(b"old", "Target.docx", folder=folder)
    client = in_process.open("alice", uid)
    taken = overwrite(client)
    assert taken.status_code == 409
    assert taken.headers["X-WOPI-ValidRelativeTarget"] == "Target (1).docx"
    # A conversion is a file of its own then.
    answer = convert(client)
    assert answer.json()["Name"] == "Letter.docx"
    assert uid not in answer.json()["HostEditUrl"]
    assert opened(client, answer).get().content == b"new format"
    assert (alice.content(uid), alice.content(target)) == (b"old format", b"old")
    # Of nothing, nothing is lost.
    empty = alice.create(b"", "Empty.docx", folder=folder)
    assert overwrite(client, "Empty.docx").status_code == 200
    assert alice.content(empty) == b"over"


# Requests that make no sense


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"SuggestedTarget": "a.docx", "RelativeTarget": "a.docx"}, 501),
        ({"SuggestedTarget": "a.docx", "Size": "x"}, 400),
        ({"SuggestedTarget": "a.docx", "Size": "5"}, 400),
        ({"SuggestedTarget": "a.docx", "Size": "4"}, 200),
    ],
)
def test_headers_that_contradict_each_other_or_the_body(demo, alice, folder, headers, status):
    client = demo.open("alice", alice.create(folder=folder))
    assert save_as(client, b"copy", **headers).status_code == status
    assert len(files(alice, folder)) == (2 if status == 200 else 1)


def test_a_chunked_body_that_is_not_of_its_size_makes_no_file(demo, alice, folder):
    client = demo.open("alice", alice.create(folder=folder))
    short = save_as(client, iter([b"12", b"34"]), SuggestedTarget="a.docx", Size="5")
    assert short.status_code == 400
    whole = save_as(client, iter([b"12", b"34"]), SuggestedTarget="a.docx", Size="4")
    assert alice.content(files(alice, folder)["a.docx"]["uid"]) == b"1234"
    assert whole.status_code == 200


def test_a_document_in_the_trash_is_no_place_to_save_beside(demo, alice, folder):
    uid = alice.create(folder=folder)
    client = demo.open("alice", uid)
    alice.operation("Document.Trash", uid)
    assert save_as(client, SuggestedTarget="a.docx").status_code == 404
    assert convert(client).status_code == 404


def test_a_folder_in_the_trash_is_no_place_to_save_in(demo, alice, folder):
    inner = new_folder(alice, folder, "Inner")
    uids = [alice.create(b"x", "a.doc", folder=inner), alice.create(b"x", "b.docx", folder=inner)]
    client = demo.open("alice", uids[0])
    uid = alice.call("GET", f"api/v1/path{folder}").json()["uid"]
    alice.operation("Document.Trash", uid)
    assert save_as(client, SuggestedTarget="a.docx").status_code == 404
    assert overwrite(client, "b.docx").status_code == 404
    assert convert(client).status_code == 404
    assert client.info()["UserCanNotWriteRelative"] is True
    alice.operation("Document.Untrash", uid)
    assert save_as(client, SuggestedTarget="a.docx").status_code == 200


def test_a_folder_that_is_deleted_during_the_upload(failing, proxy, alice, folder):
    uid = alice.call("GET", f"api/v1/path{folder}").json()["uid"]
    proxy.plan("POST", "/upload/", lambda: alice.operation("Document.Trash", uid))
    assert save_as(failing, SuggestedTarget="New.docx").status_code == 404
    alice.operation("Document.Untrash", uid)
    assert list(files(alice, folder)) == ["Report.docx"]


@pytest.fixture
def switched_off(demo, tmp_path, clock):
    overrides = {"nuxeo.wopi.putRelativeFile": "false"}
    connector = InProcess(demo, tmp_path / "off", clock, **overrides)
    yield connector
    connector.close()


@pytest.mark.parametrize("headers", [{"SuggestedTarget": ".docx"}, {"RelativeTarget": "a"}, {}])
def test_where_it_is_switched_off_it_says_so(switched_off, alice, folder, headers):
    client = switched_off.open("alice", alice.create(folder=folder))
    assert client.info()["UserCanNotWriteRelative"] is True
    assert save_as(client, **headers).status_code == 501


def test_a_taken_name_whose_file_is_open_is_refused_with_its_lock(demo, alice, folder):
    uid = alice.create(folder=folder)
    client = demo.open("bob", uid)
    client.lock("L")
    answer = save_as(demo.open("alice", uid), RelativeTarget="Report.docx")
    assert (answer.status_code, answer.headers["X-WOPI-Lock"]) == (409, "L")
    client.unlock("L")


def test_a_target_is_overwritten_while_somebody_edits_its_attachment(demo, alice, folder):
    source = alice.create(folder=folder)
    target = alice.create(b"old", "Target.docx", [("a.docx", b"a")], folder=folder)
    attachment = demo.open("bob", target, "files:files/0/file")
    attachment.lock("A")
    assert overwrite(demo.open("alice", source)).status_code == 200
    assert alice.content(target) == b"over"
    assert attachment.put(b"a, changed", "A").status_code == 200
    assert attachment.unlock("A").status_code == 200
    assert "lockOwner" not in alice.document(target)


def test_a_title_that_is_the_files_name_stays_that(demo, alice, folder):
    uid = alice.create(folder=folder)
    body = {"entity-type": "document", "properties": {"dc:title": "Report.docx"}}
    alice.call("PUT", f"api/v1/id/{uid}", json=body)
    save_as(demo.open("alice", uid), SuggestedTarget="Other.docx")
    assert files(alice, folder)["Other.docx"]["title"] == "Other.docx"


def test_long_names_outside_ascii_are_told_apart(demo, alice, folder):
    client = demo.open("alice", alice.create(folder=folder))
    name = "東" * 507 + ".docx"
    assert save_as(client, RelativeTarget=name).json()["Name"] == name
    second = save_as(client, SuggestedTarget=name).json()["Name"]
    assert second == "東" * 503 + " (1).docx"


# When Nuxeo fails


@pytest.fixture
def failing(behind_proxy, alice, folder):
    return behind_proxy.open("alice", alice.create(b"old", folder=folder))


def test_a_document_that_was_made_though_the_answer_was_lost(failing, proxy, alice, folder):
    proxy.plan("POST", "/id/", "lose")
    answer = save_as(failing, b"copy", RelativeTarget="New.docx")
    assert answer.status_code == 200
    assert proxy.done()
    assert alice.content(files(alice, folder)["New.docx"]["uid"]) == b"copy"
    assert len(files(alice, folder)) == 2


@pytest.mark.parametrize(
    ("method", "part"),
    [("GET", "/id/"), ("GET", "/query"), ("POST", "/upload/"), ("POST", "/id/")],
)
def test_where_nuxeo_fails_there_is_no_file_and_a_later_try_makes_it(
    failing, proxy, alice, folder, method, part
):
    proxy.plan(method, part, *[503] * 8)
    assert save_as(failing, SuggestedTarget="New.docx").status_code == 500
    proxy.forget()
    assert list(files(alice, folder)) == ["Report.docx"]
    assert save_as(failing, SuggestedTarget="New.docx").json()["Name"] == "New.docx"


def test_a_document_that_lost_its_file_on_the_way_is_removed_again(failing, proxy, alice, folder):
    def forget_upload():
        batch = next(path for _, path in reversed(proxy.seen) if "/upload/" in path)
        batch_id = batch.partition("/upload/")[2].partition("/")[0]
        alice.call("DELETE", f"api/v1/upload/{batch_id}")

    proxy.plan("POST", "/id/", forget_upload)
    assert save_as(failing, SuggestedTarget="New.docx").status_code == 500
    page = alice.call("GET", f"api/v1/path{folder}/@children").json()
    assert [entry["title"] for entry in page["entries"]] == ["Report"]


def test_a_target_is_whole_when_overwriting_fails(failing, proxy, alice, folder):
    target = alice.create(b"old", "Target.docx", folder=folder)
    proxy.plan("PUT", "/id/", 503)
    assert overwrite(failing).status_code == 500
    assert alice.content(target) == b"old"
    proxy.plan("PUT", "/id/", "lose")
    assert overwrite(failing).status_code == 500
    assert overwrite(failing).status_code == 200
    assert alice.content(target) == b"over"


def test_a_name_that_is_taken_during_the_upload(failing, proxy, alice, folder):
    def take():
        alice.create(b"theirs", "New.docx", folder=folder)

    proxy.plan("POST", "/upload/", take)
    assert save_as(failing, SuggestedTarget="New.docx").json()["Name"] == "New (1).docx"
    proxy.plan("POST", "/upload/", lambda: alice.create(b"theirs", "Exact.docx", folder=folder))
    assert save_as(failing, RelativeTarget="Exact.docx").status_code == 409
