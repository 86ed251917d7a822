"""The folder of failed saves: nothing half, nothing lost in silence, safe for many at once."""

import json
import logging
import multiprocessing
import os
import signal
import stat
import time
from dataclasses import replace

import pytest

from connector.recovery.folder import (
    NoSuchSave,
    NotKept,
    RecoveryFolder,
    SaveDamaged,
)
from connector.recovery.item import DamagedSave, FailedSave, NotAnItem, is_id, parse, session_name

FILE = "default/doc/file:content"
DAY = 86400.0


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path, clock):
    return RecoveryFolder(tmp_path / "kept", max_age=30, max_size=1000, clock=clock)


def failed(user="ana", lock="L", at=1_000_000.0, document="doc", **changes):
    save = FailedSave(
        session=session_name(f"default/{document}/file:content", user, lock, "opening"),
        at=at,
        repository="default",
        document_id=document,
        xpath="file:content",
        path="/folder/report",
        title="Report",
        file_name="Bericht „neu“.docx",
        mime_type="application/x",
        user=user,
        editors=("ana", "bo"),
        client="office",
        reason="Nuxeo is down",
        status=500,
        stored="digest",
    )
    return replace(save, **changes)


def keep(folder, save, content=b"text"):
    return folder.keep(save, iter([content[:2], content[2:]]), len(content))


def content_of(folder, save_id):
    with folder.open(save_id) as (_save, file):
        return file.read()


def test_what_is_kept_is_found_as_it_was(folder):
    kept = keep(folder, failed())
    assert is_id(kept.id)
    assert folder.all() == [kept]
    assert folder.get(kept.id) == kept
    assert content_of(folder, kept.id) == b"text"
    assert (kept.length, kept.digest[:8]) == (4, "982d9e3e")
    assert replace(failed(), **{name: getattr(kept, name) for name in ("session",)}) == failed()
    assert (kept.file_name, kept.editors, kept.status) == ("Bericht „neu“.docx", ("ana", "bo"), 500)


def test_only_its_owner_can_look_into_it(folder, tmp_path):
    keep(folder, failed())
    modes = {
        path.relative_to(tmp_path / "kept").parts[1:]: stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "kept").rglob("*")
    }
    assert modes == {(): 0o700, ("content",): 0o600, ("save.json",): 0o600}
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


def test_the_lock_id_is_written_nowhere(folder, tmp_path):
    keep(folder, failed(lock="a-very-special-lock-id"))
    for path in (tmp_path / "kept").rglob("*"):
        assert path.is_dir() or b"special" not in path.read_bytes()


def test_a_session_has_one_item_with_the_newest_content(folder, tmp_path):
    first = keep(folder, failed(), b"one")
    second = keep(folder, failed(at=1_000_060.0), b"two")
    assert second.id == first.id
    assert folder.all() == [second]
    assert content_of(folder, first.id) == b"two"
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_what_comes_late_does_not_replace_what_is_newer(folder):
    newer = keep(folder, failed(at=1_000_060.0), b"newer")
    assert keep(folder, failed(), b"older") == newer
    assert content_of(folder, newer.id) == b"newer"


def test_sessions_files_and_users_have_items_of_their_own(folder):
    saves = [failed(), failed(lock="M"), failed(user="bo"), failed(document="other")]
    kept = [keep(folder, save) for save in saves]
    assert len({save.id for save in kept}) == 4
    assert folder.of_user(FILE, "ana") == sorted(kept[:2], key=lambda save: save.id)
    assert folder.of_user("default/other/file:content", "ana") == [kept[3]]


def test_the_older_content_goes_only_when_the_newer_is_there(folder):
    first = keep(folder, failed(), b"one")

    def breaks_off():
        yield b"tw"
        raise OSError(28, "No space left on device")

    with pytest.raises(NotKept, match="No space left on device"):
        folder.keep(failed(at=1_000_060.0), breaks_off(), 3)
    assert folder.all() == [first]
    assert content_of(folder, first.id) == b"one"
    assert [path for path in folder._directory.iterdir() if "writing" in path.name] == []


class TestLimits:
    def test_a_full_folder_takes_no_more_and_gives_nothing_away(self, folder):
        first = keep(folder, failed(), bytes(600))
        with pytest.raises(NotKept, match=r"nuxeo\.wopi\.recovery\.maxSize"):
            keep(folder, failed(user="bo"), bytes(401))
        assert folder.all() == [first]
        assert keep(folder, failed(user="bo"), bytes(400)).length == 400

    def test_a_session_may_replace_its_own_in_a_full_folder(self, folder):
        keep(folder, failed(), bytes(600))
        assert keep(folder, failed(at=1_000_001.0), bytes(900)).length == 900

    def test_one_user_cannot_fill_it_with_one_file(self, folder):
        for number in range(20):
            keep(folder, failed(lock=f"made-up-{number}"), b"x")
        with pytest.raises(NotKept, match="20 saves of this user and this file"):
            keep(folder, failed(lock="made-up-20"), b"x")
        assert keep(folder, failed(user="bo"), b"x")
        assert keep(folder, failed(lock="made-up-3", at=1_000_001.0), b"y")

    def test_what_is_too_old_goes_and_the_log_says_so(self, folder, clock, caplog):
        old = keep(folder, failed())
        clock.now += 20 * DAY
        newer = keep(folder, failed(user="bo", at=clock.now))
        clock.now += 11 * DAY
        with caplog.at_level(logging.WARNING):
            folder.expire()
        assert folder.all() == [newer]
        assert f"the kept save {old.id}" in caplog.text

    def test_what_is_too_old_makes_room(self, folder, clock):
        keep(folder, failed(), bytes(1000))
        clock.now += 31 * DAY
        assert keep(folder, failed(user="bo", at=clock.now), bytes(1000))


class TestDropping:
    def test_by_id(self, folder):
        kept = keep(folder, failed())
        assert folder.drop(kept.id)
        assert folder.all() == []
        assert not folder.drop(kept.id)
        with pytest.raises(NoSuchSave):
            folder.get(kept.id)

    def test_not_what_has_replaced_it(self, folder):
        first = keep(folder, failed(), b"one")
        second = keep(folder, failed(at=1_000_060.0), b"two")
        assert not folder.drop(first.id, only=first)
        assert folder.all() == [second]

    def test_a_later_save_of_the_session_makes_it_needless(self, folder):
        kept = keep(folder, failed())
        others = [keep(folder, failed(lock="M"), b"m"), keep(folder, failed(user="bo"), b"b")]
        assert folder.drop_saved(FILE, kept.session, kept.at - 1, lambda: "else") == ()
        assert folder.drop_saved(FILE, kept.session, kept.at + 1, lambda: "else") == (kept,)
        assert folder.all() == sorted(others, key=lambda save: save.id)

    def test_so_do_the_very_bytes_whoever_saves_them(self, folder):
        kept = keep(folder, failed())
        assert folder.drop_saved(FILE, "another", 0.0, lambda: kept.digest) == (kept,)

    def test_nothing_is_computed_where_nothing_is_kept(self, folder):
        keep(folder, failed(document="other"))
        assert folder.drop_saved(FILE, "session", 0.0, pytest.fail) == ()


def damage(folder, kept, name, content):
    [path] = [path for path in folder._directory.iterdir() if kept.id in path.name]
    if content is None:
        (path / name).unlink()
    else:
        (path / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("content", None, "content is missing"),
        ("save.json", None, "save.json is missing"),
        ("content", b"te", "its content has 2 bytes, not 4"),
        ("save.json", b"\0\xff", "its description is no JSON"),
        ("save.json", b"[" * 100_000, "its description is no JSON"),
        ("save.json", b"[]", "its description is no JSON object"),
        ("save.json", b"{}", "its description has a form that this release does not know"),
    ],
)
def test_a_damaged_item_is_told_and_disturbs_no_other(folder, name, content, problem):
    broken, sound = keep(folder, failed(), b"text"), keep(folder, failed(user="bo"))
    damage(folder, broken, name, content)
    [found] = [save for save in folder.all() if isinstance(save, DamagedSave)]
    assert (found.id, found.problem) == (broken.id, problem)
    assert sound in folder.all()
    with pytest.raises(SaveDamaged, match=broken.id):
        folder.get(broken.id)
    assert folder.of_user(FILE, "ana") == []
    # The same session goes on to fail: it gets another id, and the damaged one stays to be seen.
    again = keep(folder, failed(at=1_000_060.0))
    assert again.id != broken.id
    assert folder.drop_saved(FILE, again.session, again.at, lambda: "x") == (again,)
    assert folder.drop(broken.id)
    assert folder.all() == [sound]


def test_an_item_under_anothers_name_is_damaged(folder):
    kept = keep(folder, failed())
    [path] = folder._directory.iterdir()
    path.rename(path.with_name(path.name.replace(kept.id, "22222222")))
    [found] = folder.all()
    assert (found.id, found.problem) == ("22222222", "its description is another one's")


@pytest.mark.parametrize(
    "change",
    [
        {"editors": "ana"},
        {"editors": [1]},
        {"length": "4"},
        {"length": True},
        {"at": float("nan")},
        {"user": None},
        {"more": 1},
    ],
)
def test_a_description_that_makes_no_sense_is_none(folder, change):
    written = json.loads(json.dumps(keep(folder, failed()).as_json()))
    assert parse(written)
    with pytest.raises(NotAnItem):
        parse(written | change)


def test_strangers_files_are_left_alone(folder):
    kept = keep(folder, failed())
    (folder._directory / "README").write_text("mine")
    assert folder.all() == [kept]
    folder.expire()
    assert (folder._directory / "README").read_text() == "mine"


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    folder = RecoveryFolder(tmp_path / "none", max_age=1, max_size=0)
    assert folder.all() == folder.of_user(FILE, "ana") == []
    assert not folder.drop("22222222")
    folder.expire()
    assert not (tmp_path / "none").exists()


def test_what_cannot_be_written_is_not_kept(tmp_path):
    (tmp_path / "file").write_text("")
    folder = RecoveryFolder(tmp_path / "file" / "kept", max_age=1, max_size=0)
    with pytest.raises(NotKept, match="Not a directory"):
        keep(folder, failed())


def _keep_many(path, numbers, start):
    folder = RecoveryFolder(path, max_age=30, max_size=0, clock=Clock())
    start.wait()
    for number in numbers:
        keep(folder, failed(at=1_000_000.0 + number), f"content {number}".encode() * 1000)


def test_many_processes_at_once_leave_the_newest_whole(tmp_path):
    path = tmp_path / "kept"
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    workers = [
        context.Process(target=_keep_many, args=(path, range(first, 60, 3), start))
        for first in range(3)
    ]
    for worker in workers:
        worker.start()
    start.set()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    folder = RecoveryFolder(path, max_age=30, max_size=0, clock=Clock())
    [kept] = folder.all()
    assert kept.at == 1_000_059.0
    assert content_of(folder, kept.id) == b"content 59" * 1000
    assert len(list(path.iterdir())) == 1


def _keep_slowly(path, begun):
    def content():
        yield b"half"
        begun.set()
        time.sleep(600)

    RecoveryFolder(path, max_age=30, max_size=0, clock=Clock()).keep(failed(), content(), 8)


def test_a_process_that_is_killed_leaves_nothing_that_stays(tmp_path):
    path = tmp_path / "kept"
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    worker = context.Process(target=_keep_slowly, args=(path, begun))
    worker.start()
    assert begun.wait(60)
    folder = RecoveryFolder(path, max_age=30, max_size=0, clock=Clock())
    [writing] = path.iterdir()
    old = time.time() - 3600
    os.utime(writing, (old, old))
    folder.expire()
    assert writing.exists(), "its process is alive"
    assert folder.all() == []
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    folder.expire()
    assert list(path.iterdir()) == []
