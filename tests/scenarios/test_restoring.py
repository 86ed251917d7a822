"""Getting a failed save back: ``nuxeo-wopi recover`` as an administrator runs it."""

import hashlib
import json
import stat
import subprocess
import sys
import time

import pytest

from connector.app import make_recovery
from connector.recovery.item import FailedSave, session_name
from tests.support import DEMO_FOLDER, HOST, free_ports


@pytest.fixture
def alice(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def admin(demo):
    return demo.nuxeo("Administrator")


@pytest.fixture
def folder(admin):
    """A folder of its own, in which nothing else happens; its path."""
    created = admin.call(
        "POST",
        f"api/v1/path{DEMO_FOLDER}",
        json={"entity-type": "document", "type": "Folder", "name": "recovery"},
    ).json()
    return created["path"]


@pytest.fixture
def uid(alice, folder):
    return alice.create(b"before", name="Plan.docx", folder=folder)


@pytest.fixture
def recovery(demo, tmp_path):
    return Recovery(demo, tmp_path / "kept")


class Recovery:
    """The command, and the folder that it is about."""

    def __init__(self, demo, path):
        self._demo = demo
        self.path = path
        self.settings = {"nuxeo.wopi.recovery.dir": str(path)}
        self.folder = make_recovery(demo.settings(**self.settings))

    def call(self, *arguments, text=True, **overrides):
        """Run the command, however it ends."""
        settings = [f"--set={key}={value}" for key, value in (self.settings | overrides).items()]
        name, *rest = arguments
        command = [sys.executable, "-m", "connector", "recover", name]
        return subprocess.run(
            [*command, "--conf", str(self._demo.conf), *settings, *rest],
            capture_output=True,
            text=text,
            timeout=120,
        )

    def run(self, *arguments, fails=False, text=True, **overrides):
        done = self.call(*arguments, text=text, **overrides)
        assert (done.returncode != 0) is fails, done.stderr
        if not fails:
            return done.stdout
        [line] = done.stderr.strip().splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")

    def keep(self, document, content, *, user="alice", stored=b"before", **changes):
        """What the connector would have kept of a save of a document."""
        values = {
            "session": session_name(document["uid"], user, "L", "opening"),
            "at": time.time(),
            "repository": "default",
            "document_id": document["uid"],
            "xpath": "file:content",
            "path": document["path"],
            "file_name": "Plan.docx",
            "mime_type": "application/x",
            "user": user,
            "reason": "Nuxeo is down",
            "status": 500,
            "stored": hashlib.md5(stored, usedforsecurity=False).hexdigest(),
        }
        return self.folder.keep(FailedSave(**values | changes), [content], len(content)).id


def children(nuxeo, path):
    """Paths below a folder with the names of the files, but for what is in the trash."""
    found = nuxeo.call(
        "GET", f"api/v1/path{path}/@children?pageSize=50", headers={"X-NXproperties": "*"}
    ).json()["entries"]
    return {entry["properties"]["file:content"]["name"]: entry["uid"] for entry in found}


def recovered_name(user="alice"):
    return f"Plan (recovered {time.strftime('%Y-%m-%d')} {user}).docx"


class TestTheWholeStory:
    def test_from_an_outage_to_the_text_back_in_its_place(
        self, behind_proxy, proxy, demo, alice, uid, tmp_path
    ):
        client = behind_proxy.open("alice", uid)
        client.lock("L")
        proxy.plan("PUT", f"/id/{uid}", *[503] * 20)
        assert client.put(b"my text", "L").status_code == 500
        proxy.forget()
        recovery = Recovery(demo, tmp_path / "wopi" / "recovery")
        [listed] = json.loads(recovery.run("list", "--json"))
        assert (listed["user"], listed["document_id"]) == ("alice", uid)
        assert listed["id"] in recovery.run("list")
        # Her editor is closed, her lock is given back.
        assert client.unlock("L").status_code == 200
        said = recovery.run("restore", listed["id"])
        assert said.startswith(f"{listed['id']} is in place: Plan.docx in ")
        assert alice.content(uid) == b"my text"
        assert alice.document(uid)["properties"]["dc:lastContributor"] == "alice"
        assert recovery.run("list") == "nothing is kept\n"


class TestRestoring:
    def test_while_her_editor_is_open_it_goes_beside(
        self, behind_proxy, proxy, demo, alice, folder, uid, tmp_path
    ):
        client = behind_proxy.open("alice", uid)
        client.lock("L")
        proxy.plan("PUT", f"/id/{uid}", *[503] * 20)
        assert client.put(b"my text", "L").status_code == 500
        proxy.forget()
        data = {"nuxeo.wopi.dataDir": str(tmp_path / "wopi")}
        recovery = Recovery(demo, tmp_path / "wopi" / "recovery")
        [save] = recovery.folder.all()
        assert "the file is being edited" in recovery.run("restore", save.id, **data)
        assert alice.content(uid) == b"before"
        assert alice.content(children(alice, folder)[recovered_name()]) == b"my text"

    def test_a_changed_file_is_left_alone(self, recovery, alice, folder, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        alice.replace(uid, b"newer", name="Plan.docx")
        assert "the file was changed since" in recovery.run("restore", save)
        assert alice.content(uid) == b"newer"
        assert alice.content(children(alice, folder)[recovered_name()]) == b"my text"
        assert recovery.folder.all() == []

    def test_unless_it_is_wanted_over_it_which_keeps_a_version(self, recovery, alice, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        alice.replace(uid, b"newer", name="Plan.docx")
        assert "kept as a version" in recovery.run("restore", save, "--over")
        assert alice.content(uid) == b"my text"
        versions = alice.operation("Document.GetVersions", uid).json()["entries"]
        assert b"newer" in [alice.content(version["uid"]) for version in versions]

    def test_what_it_was_made_from_is_not_known(self, recovery, alice, uid):
        save = recovery.keep(alice.document(uid), b"my text", **{"stored": b"?"})
        recovery.run("restore", save)
        assert alice.content(uid) == b"before"

    def test_a_deleted_document_comes_back_beside_its_old_place(
        self, recovery, admin, alice, folder, uid
    ):
        save = recovery.keep(alice.document(uid), b"my text")
        admin.call("DELETE", f"api/v1/id/{uid}")
        assert "its document is gone" in recovery.run("restore", save)
        assert alice.content(children(alice, folder)[recovered_name()]) == b"my text"

    def test_its_folder_is_gone_too(self, recovery, admin, alice, folder, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        admin.call("DELETE", f"api/v1/path{folder}")
        said = recovery.run("restore", save)
        assert f" in {DEMO_FOLDER}/" in said
        path = said.strip().rpartition(" in ")[2]
        assert alice.content(alice.uid(path)) == b"my text"
        admin.call("DELETE", f"api/v1/path{path}")

    def test_one_in_the_trash_stays_there(self, recovery, admin, alice, folder, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        admin.operation("Document.Trash", uid)
        assert "its document is in the trash" in recovery.run("restore", save)
        assert list(children(alice, folder)) == [recovered_name()]

    def test_a_locked_one_is_left_to_whoever_has_it(self, demo, recovery, alice, folder, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        demo.nuxeo("bob").operation("Document.Lock", uid)
        assert "it is locked in Nuxeo by bob" in recovery.run("restore", save)
        assert alice.content(uid) == b"before"
        assert recovered_name() in children(alice, folder)
        again = recovery.keep(alice.document(uid), b"other text")
        problem = recovery.run("restore", again, "--over", fails=True)
        assert "locked in Nuxeo by bob; without --over it is put beside" in problem
        assert [each.id for each in recovery.folder.all()] == [again]

    def test_an_attachment(self, recovery, alice, folder):
        uid = alice.create(b"main", folder=folder, attachments=[("A.docx", b"a"), ("B.docx", b"b")])
        save = recovery.keep(
            alice.document(uid),
            b"my text",
            stored=b"b",
            xpath="files:files/1/file",
            file_name="B.docx",
        )
        recovery.run("restore", save)
        assert alice.content(uid, "files:files/1/file") == b"my text"
        assert alice.content(uid, "files:files/0/file") == b"a"

    def test_it_had_been_saved_after_all(self, recovery, alice, uid):
        save = recovery.keep(alice.document(uid), b"before")
        assert "already there" in recovery.run("restore", save)
        assert recovery.folder.all() == []

    def test_as_somebody_else_and_elsewhere(self, recovery, admin, alice, folder, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        recovery.run("restore", save, "--as", "bob", "--folder", folder, "--keep")
        made = children(alice, folder)[recovered_name()]
        assert alice.document(made)["properties"]["dc:creator"] == "bob"
        assert [each.id for each in recovery.folder.all()] == [save]


class TestBehind:
    """The save was made from something older than what its session found when it locked."""

    @pytest.mark.parametrize("policy", ["keepVersion", "refuse"])
    def test_what_was_written_outside_is_not_overwritten(
        self, connector, proxy, demo, alice, uid, tmp_path, policy
    ):
        made = connector(nuxeoURL=proxy.url, outsideChange=policy)
        client = made.open("alice", uid)
        client.get()
        alice.replace(uid, b"outside")
        client.lock("L")
        proxy.plan("PUT", f"/id/{uid}", *[503] * 20)
        proxy.plan("POST", "Document.CheckIn", *[503] * 20)
        assert client.put(b"mine", "L").status_code in (409, 500)
        proxy.forget()
        client.unlock("L")
        (kept,) = made.connector.recovery.all()
        recovery = Recovery(demo, tmp_path / "wopi" / "recovery")
        told = recovery.run("restore", kept.id, **{"nuxeo.wopi.dataDir": str(tmp_path / "wopi")})
        assert "changed since" in told
        assert alice.content(uid) == b"outside"


class TestRefusals:
    """One line each, and the save is still kept."""

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (("--as", "nobody"), "Nuxeo does not know the user; name another with --as"),
            (("--as", "carol", "--folder", DEMO_FOLDER), "carol may not make a document in"),
            (("--folder", "/nowhere"), "there is no folder /nowhere for alice"),
        ],
    )
    def test_wrong_people_and_places(self, recovery, alice, uid, arguments, problem):
        save = recovery.keep(alice.document(uid), b"my text")
        assert problem in recovery.run("restore", save, *arguments, fails=True)
        assert [each.id for each in recovery.folder.all()] == [save]

    def test_where_it_was_is_not_known(self, recovery, alice):
        save = recovery.keep({"uid": "0000", "path": ""}, b"my text")
        problem = recovery.run("restore", save, fails=True)
        assert "where it was is not known; name a folder with --folder" in problem

    def test_nuxeo_is_down(self, recovery, alice, uid):
        save = recovery.keep(alice.document(uid), b"my text")
        down = {"nuxeo.wopi.nuxeoURL": "http://127.0.0.1:9/nuxeo"}
        assert "Nuxeo: " in recovery.run("restore", save, fails=True, **down)
        assert [each.id for each in recovery.folder.all()] == [save]

    def test_the_locks_cannot_be_used(self, recovery, alice, uid, tmp_path):
        """Nothing is put back past them, and the save stays."""
        save = recovery.keep(alice.document(uid), b"my text")
        (tmp_path / "wopi").mkdir()
        (tmp_path / "wopi" / "locks.sqlite").write_text("no database, " * 100)
        redis = f"redis://:hidden-0815@{HOST}:{free_ports(1)}/0"
        for key, value in (
            ("nuxeo.wopi.dataDir", str(tmp_path / "wopi")),
            ("nuxeo.wopi.redisURL", redis),
        ):
            done = recovery.call("restore", save, **{key: value})
            assert done.returncode == 2, done.stderr
            [line] = done.stderr.strip().splitlines()
            assert line.startswith(f"{key}: ")
            assert "hidden-0815" not in line
        assert alice.content(uid) == b"before"
        assert [each.id for each in recovery.folder.all()] == [save]

    def test_there_is_none_of_that_id(self, recovery):
        for command in ("show", "restore", "drop"):
            assert recovery.run(command, "abc", fails=True) == "no save is kept under abc"

    def test_nothing_is_kept_here(self, recovery):
        off = {"nuxeo.wopi.recovery.dir": "off"}
        assert "off: nothing is kept" in recovery.run("list", fails=True, **off)

    def test_content_that_was_tampered_with(self, recovery, alice, uid, tmp_path):
        save = recovery.keep(alice.document(uid), b"my text")
        [path] = recovery.path.glob(f"*{save}*/content")
        path.write_bytes(b"no text")
        problem = f"{save} is damaged: its content is not what was kept"
        assert problem in recovery.run("restore", save, fails=True)
        target = tmp_path / "out.docx"
        assert problem in recovery.run("show", save, "--output", str(target), fails=True)
        assert not target.exists()


class TestLooking:
    def test_show_tells_all_and_writes_the_content(self, recovery, alice, uid, tmp_path):
        save = recovery.keep(alice.document(uid), b"my text", reason="bad\x1b[31m news")
        shown = recovery.run("show", save)
        assert f"id: {save}\n" in shown
        assert "user: alice\n" in shown
        assert "reason: bad?[31m news\n" in shown
        target = tmp_path / "out.docx"
        assert "7 bytes written" in recovery.run("show", save, "--output", str(target))
        assert target.read_bytes() == b"my text"
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        assert "File exists" in recovery.run("show", save, "--output", str(target), fails=True)
        assert recovery.run("show", save, "--output", "-", text=False) == b"my text"

    def test_a_damaged_one_is_listed_and_can_be_dropped(self, recovery, alice, uid):
        broken = recovery.keep(alice.document(uid), b"my text")
        sound = recovery.keep(alice.document(uid), b"text", user="bob")
        [path] = recovery.path.glob(f"*{broken}*/save.json")
        path.write_text("{")
        listed = recovery.run("list")
        assert f"{sound}  " in listed
        assert "damaged: its description is no JSON" in listed
        assert f"{broken} is dropped" in recovery.run("drop", broken)
        assert [each.id for each in recovery.folder.all()] == [sound]

    def test_dropping_old_ones(self, recovery, alice, uid):
        old = recovery.keep(alice.document(uid), b"old", at=time.time() - 3 * 86400)
        new = recovery.keep(alice.document(uid), b"new", user="bob")
        assert recovery.run("drop", "--older-than", "2") == f"{old} is dropped\n"
        assert recovery.run("drop", "--older-than", "2") == "nothing is that old\n"
        assert [each.id for each in recovery.folder.all()] == [new]
