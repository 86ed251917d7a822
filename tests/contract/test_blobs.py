"""Content: its JSON, downloads, and single writes (REST_CONTRACT 3)."""

import base64
import hashlib
from email.utils import formatdate, parsedate_to_datetime

import pytest

CONTENT = b"0123456789abcdefghijklmno"
DIGEST = hashlib.md5(CONTENT).hexdigest()
PLACES = ["api/v1/id/{uid}/@blob/file:content", "nxfile/default/{uid}/file:content/a.docx"]


@pytest.fixture(scope="module")
def uid(world):
    """A document that no test changes."""
    return world.alice.create(CONTENT, "A b.docx", [("x.txt", b"attached")])


@pytest.fixture(params=PLACES, ids=["blob adapter", "nxfile"])
def download(request, carol, uid):
    """Either way to get content; the reader's."""

    def download(status, headers=None, method="GET", **params):
        return carol.call(
            method, request.param.format(uid=uid), status, headers=headers, params=params
        )

    return download


# JSON (3.1)


def test_a_blob_is_described_by_digest_length_and_address(carol, uid):
    """Trap 20: the length is text."""
    blob = carol.property(uid, "file:content")
    assert blob["name"] == "A b.docx"
    assert blob["mime-type"].startswith("application/vnd.openxmlformats")
    assert (blob["digestAlgorithm"], blob["digest"]) == ("MD5", DIGEST)
    assert blob["length"] == str(len(CONTENT))
    base = f"{carol.url}nxfile/default/{uid}/file:content/A%20b.docx?changeToken="
    assert blob["data"].startswith(base)
    assert blob["blobUrl"].startswith(base)
    assert carol.http.get(blob["data"], timeout=30).content == CONTENT


def test_attachments_are_a_list_of_files(carol, uid):
    (item,) = carol.property(uid, "files:files")
    assert item["file"]["name"] == "x.txt"
    assert f"/{uid}/files:files/0/file/x.txt?" in item["file"]["data"]


def test_no_content_is_null(alice):
    uid = alice.create_empty()["uid"]
    properties = alice.document(uid)["properties"]
    assert properties["file:content"] is None
    assert properties["files:files"] == []


# Where content is (3.2)


@pytest.mark.parametrize(
    ("xpath", "content"),
    [
        ("file:content", CONTENT),
        ("files:files/0/file", b"attached"),
        ("blobholder:0", CONTENT),
        ("blobholder:1", b"attached"),
    ],
)
def test_the_blob_adapter_takes_xpaths_and_numbers(carol, uid, xpath, content):
    assert carol.get(f"api/v1/id/{uid}/@blob/{xpath}", 200).content == content


@pytest.mark.parametrize(
    ("rest", "content"),
    [
        ("", CONTENT),
        ("/file:content", CONTENT),
        ("/file:content/other%20name.docx", CONTENT),
        ("/files:files/0/file", b"attached"),
        ("/files:files/0/file/x.txt", b"attached"),
    ],
)
def test_nxfile_takes_an_xpath_with_or_without_a_name(carol, uid, rest, content):
    assert carol.get(f"nxfile/default/{uid}{rest}", 200).content == content


def test_nxbigfile_is_no_more(carol, uid):
    """As of 2023; 10.10 and 2021 take it for nxfile."""
    carol.get(f"nxbigfile/default/{uid}/file:content", 404)


@pytest.mark.parametrize("xpath", ["files:files/7/file", "file:nothing", "blobholder:9"])
def test_the_blob_adapter_fails_where_there_is_nothing(carol, uid, xpath):
    """Trap 18; REST_CONTRACT 3.2 has derived this."""
    carol.get(f"api/v1/id/{uid}/@blob/{xpath}", 500)


def test_the_blob_adapter_fails_on_an_empty_property(alice):
    """Trap 18; REST_CONTRACT 3.2 has derived this."""
    alice.get(f"api/v1/id/{alice.create_empty()['uid']}/@blob/file:content", 500)


def test_the_blob_adapter_wants_an_xpath(carol, uid):
    carol.get(f"api/v1/id/{uid}/@blob/", 404)


def test_nxfile_does_not_find_what_is_not_there(alice):
    alice.get(f"nxfile/default/{alice.create_empty()['uid']}/file:content", 404)


def test_automation_gives_an_empty_blob_for_nothing(alice):
    uid = alice.create_empty()["uid"]
    response = alice.operation("Document.GetBlob", uid, xpath="file:content")
    assert response.content == b""
    assert ".null" in response.headers["Content-Disposition"]


def test_automation_gives_the_blob_at_an_xpath(carol, uid):
    response = carol.operation("Blob.Get", uid, xpath="files:files/0/file")
    assert response.content == b"attached"


def test_what_may_not_be_read_is_refused(dave, uid):
    dave.get(f"api/v1/id/{uid}/@blob/file:content", 403)
    dave.get(f"nxfile/default/{uid}/file:content", 404)


# How content is sent (3.3)


def test_a_download_says_what_it_is(download, carol, uid):
    response = download(200)
    assert response.content == CONTENT
    assert response.headers["ETag"] == f'"{DIGEST}"'
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.headers["Content-Disposition"].startswith("attachment")
    sent = parsedate_to_datetime(response.headers["Last-Modified"])
    assert carol.property(uid, "dc:modified").startswith(f"{sent:%Y-%m-%dT%H:%M:%S}")


@pytest.mark.parametrize(("value", "kind"), [("true", "inline"), ("false", "attachment")])
def test_a_download_may_be_shown_in_the_browser(download, value, kind):
    assert download(200, inline=value).headers["Content-Disposition"].startswith(kind)


def test_a_name_in_the_address_goes_before_the_blobs(carol, uid):
    response = carol.get(f"nxfile/default/{uid}/file:content/other.docx", 200)
    assert "other.docx" in response.headers["Content-Disposition"]


@pytest.mark.parametrize("tags", ['"{0}"', '"other", "{0}"', "*"])
def test_content_that_is_known_is_not_sent_again(download, tags):
    response = download(304, {"If-None-Match": tags.format(DIGEST)})
    assert response.content == b""
    assert response.headers["ETag"] == f'"{DIGEST}"'


def test_other_content_is_sent(download):
    assert download(200, {"If-None-Match": '"other"'}).content == CONTENT


def test_the_date_is_looked_at_before_the_tag(download):
    """A blob can change within the same second."""
    later = {"If-Modified-Since": formatdate(4102444800, usegmt=True), "If-None-Match": '"other"'}
    download(304, later)
    assert download(200, {"If-Modified-Since": formatdate(0, usegmt=True)}).content == CONTENT


@pytest.mark.parametrize(
    ("asked", "content", "echo"),
    [
        ("bytes=0-4", b"01234", "bytes 0-4/25"),
        ("bytes=20-", b"klmno", "bytes 20-24/25"),
        ("bytes=-3", b"mno", "bytes 22-24/25"),
    ],
)
def test_a_part_is_sent(download, asked, content, echo):
    response = download(206, {"Range": asked})
    assert response.content == content
    assert response.headers["Content-Range"] == echo


def test_an_end_beyond_the_content_is_echoed(download):
    """The header: what else follows from it is not in the contract."""
    response = download(206, {"Range": "bytes=20-99"})
    assert response.headers["Content-Range"] == "bytes 20-99/25"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=b-a", "lines=0-1", "bytes=-"])
def test_what_is_no_single_range_is_ignored(download, asked):
    """There is no 416."""
    assert download(200, {"Range": asked}).content == CONTENT


def test_a_digest_is_sent_on_demand(download):
    digest = base64.b64encode(bytes.fromhex(DIGEST)).decode()
    assert download(200, {"Want-Digest": "md5"}).headers["Digest"] == f"MD5={digest}"
    assert download(200, {"Want-Digest": "contentmd5"}).headers["Content-MD5"] == digest


def test_the_change_token_in_an_address_is_not_looked_at(carol, uid):
    carol.get(f"nxfile/default/{uid}/file:content?changeToken=77-77", 200)


def test_only_headers_are_sent_on_demand(carol, uid):
    """REST_CONTRACT 3.3: not verified for the blob adapter."""
    response = carol.call("HEAD", f"nxfile/default/{uid}/file:content", 200)
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert response.content == b""


# Writing one blob (3.4)


def put(person, uid, xpath, expected, content=b"new", name="new.docx", kind=None, **fields):
    files = {"content": (name, content, kind) if kind else (name, content)}
    return person.call(
        "PUT", f"api/v1/id/{uid}/@blob/{xpath}", expected, files=files, data=fields or None
    )


def test_a_blob_is_written_by_a_form(alice):
    uid = alice.create()
    assert put(alice, uid, "file:content", 200, kind="text/x-test").text == "blob updated"
    blob = alice.property(uid, "file:content")
    assert (blob["name"], blob["mime-type"], blob["length"]) == ("new.docx", "text/x-test", "3")


def test_one_attachment_is_written_and_its_neighbours_stay(alice):
    uid = alice.create(attachments=[("a.docx", b"1"), ("b.docx", b"2"), ("c.docx", b"3")])
    put(alice, uid, "files:files/1/file", 200)
    names = [item["file"]["name"] for item in alice.property(uid, "files:files")]
    assert names == ["a.docx", "new.docx", "c.docx"]
    assert alice.content(uid, "files:files/1/file") == b"new"


def test_a_write_by_form_knows_no_change_token(alice):
    """Trap 11: the user part does not move either (REST_CONTRACT 5.3)."""
    uid = alice.create()
    before = alice.document(uid)["changeToken"].split("-")
    put(alice, uid, "file:content", 200)
    after = alice.document(uid)["changeToken"].split("-")
    assert after[1] == before[1]
    assert int(after[0]) > int(before[0])


def test_a_write_by_form_may_make_a_version(alice):
    uid = alice.create()
    put(alice, uid, "file:content", 200, versioning="major")
    assert [item["uid"] != uid for item in alice.versions(uid)] == [True]
    assert alice.document(uid)["versionLabel"] == "1.0"


@pytest.mark.parametrize("xpath", ["file:nothing", "files:files/4/file"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_write_to_an_unknown_xpath_is_refused(alice, method, xpath):
    uid = alice.create()
    files = {"content": ("a.docx", b"a")} if method == "PUT" else None
    alice.call(method, f"api/v1/id/{uid}/@blob/{xpath}", 400, files=files)


def test_a_form_without_a_file_is_refused(alice):
    uid = alice.create()
    body = '--part\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--part--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=part"}
    alice.call("PUT", f"api/v1/id/{uid}/@blob/file:content", 400, data=body, headers=headers)
    assert alice.content(uid) == b"content"


def test_a_deleted_blob_leaves_null_and_its_place_in_the_list(alice):
    uid = alice.create(attachments=[("a.docx", b"1"), ("b.docx", b"2")])
    alice.call("DELETE", f"api/v1/id/{uid}/@blob/files:files/0/file", 204)
    files = alice.property(uid, "files:files")
    assert files[0]["file"] is None
    assert files[1]["file"]["name"] == "b.docx"
    alice.call("DELETE", f"api/v1/id/{uid}/@blob/file:content", 204)
    assert alice.property(uid, "file:content") is None


def test_blobs_are_not_posted(alice):
    alice.post(f"api/v1/id/{alice.create()}/@blob/file:content", expected=405)


def test_a_reader_does_not_write_blobs(alice, carol):
    uid = alice.create()
    put(carol, uid, "file:content", 403)
    carol.call("DELETE", f"api/v1/id/{uid}/@blob/file:content", 403)
    assert alice.content(uid) == b"content"
