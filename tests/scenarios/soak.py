"""Everything at once: authors, trouble-makers, and what must be true afterwards.

Five authors edit ten documents through two connectors that share one folder of data. Meanwhile the
connectors are killed and started again, calls to Nuxeo go wrong, an administrator breaks locks or
writes from outside, and so do authors under their own names, for whom Nuxeo makes no version of its
own; somebody locks a document by hand, and the time of locks is over.

Texts are as an editor makes them: each save holds what it was built on and a line more. So whatever
was acknowledged must be found, line by line: in the current content, in a version, or in the
recovery folder.

There are two office farms, each an office client of its own. Within one, authors of a document
share a session and its lock, and save one after the other, as an office server sees to it; the
other farm knows nothing of that. A farm whose session was ended sometimes begins another with the
text that it still has, whatever was written meanwhile.

What each author and each trouble-maker does comes from a random stream of its own, made of the
seed: ``python -m tests.scenarios.soak --seed 7 --seconds 120`` makes the same decisions again. When
threads and processes run is not in anybody's hand, so the same seed need not fail in the same way.
"""

import argparse
import itertools
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import requests

from connector.app import build, make_recovery
from connector.recovery.item import RecoveredSave
from connector.support import open_session
from tests.fault_proxy import FaultProxy, Late
from tests.support import DEMO_FOLDER, DOCX, Demo, MovableClock, Process, Served, Wopi, free_ports

AUTHORS = 5
DOCUMENTS = 10
CONNECTORS = 2
FARMS = 2
HONEST_FAULTS = ("drop", "lose", "cut answer", "cut request", 500, 503, Late(1.5))
"""What can go wrong with a call without Nuxeo telling a lie."""
FAULT_RATE = 0.03
END = "end of text"
NO_ANSWER = 0


def client_of(farm):
    """The office client that a farm is, by its name in the configuration."""
    return f"office{farm}" if farm else "office"


def reason(response):
    """Why the connector refused a call about a lock."""
    return response.headers.get("X-WOPI-LockFailureReason", "")


def text_of(lines):
    """Lines as the content of a file; whether it is whole can be seen."""
    return "\n".join([*lines, f"{END} {len(lines)}"]).encode()


def lines_of(content):
    """The lines of a content.

    Raises:
        AssertionError: it is not whole.
    """
    *lines, last = content.decode().split("\n")
    assert last == f"{END} {len(lines)}", f"not whole: {content[-200:]!r}"
    return lines


@dataclass(frozen=True)
class Moment:
    """An operation on a file's lock, and when it was under way.

    Attributes:
        began, ended: in seconds of the machine's clock.
        kind: ``held`` where it was answered that ``lock`` is the file's, ``ended`` where it may
            have taken a lock away, ``None`` for any, ``outside`` where it was written past it.
        lock: which lock id.
        what: for a report.
    """

    began: float
    ended: float
    kind: str
    lock: str | None
    what: str


@dataclass
class Session:
    """What an office farm knows of a document that it has open."""

    lock: str
    lines: list[str]
    members: int = 0


@dataclass
class File:
    """A document with its file.

    Attributes:
        acknowledged: lines that somebody was told are saved, and by whom.
        outside: what the administrator wrote.
        moments: what was done with its lock.
        sessions: of each farm.
        mutexes: of each farm: what authors of one session do, they do one after the other.
    """

    uid: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    sessions: list[Session | None] = field(default_factory=lambda: [None] * FARMS)
    mutexes: list[threading.Lock] = field(
        default_factory=lambda: [threading.Lock() for _ in range(FARMS)]
    )


class Author:
    """Somebody who opens documents, writes, saves and leaves."""

    def __init__(self, soak, name):
        self._soak = soak
        self._name = name
        self._random = random.Random(f"{soak.seed}/{name}")
        self._written = 0
        self._clients = {}

    def run(self):
        while self._soak.is_on():
            file = self._random.choice(self._soak.files)
            farm = self._random.randrange(FARMS)
            rounds = self._random.randint(1, 5)
            is_lost = self._random.random() < 0.1
            with file.mutexes[farm]:
                is_open = self._join(file, farm)
            if not is_open:
                self._pause(0.3)
                continue
            for _ in range(rounds):
                self._pause(0.3)
                with file.mutexes[farm]:
                    self._do(file, farm)
            with file.mutexes[farm]:
                self._leave(file, farm, is_lost)

    def _pause(self, longest):
        time.sleep(self._random.uniform(0, longest))

    def _client(self, file, farm):
        """A WOPI client of the file, by way of either connector."""
        served = self._random.choice(self._soak.served)
        if (file.uid, farm) not in self._clients:
            opened = self._soak.open(self._name, file.uid, client_of(farm))
            self._clients[file.uid, farm] = opened
        client = self._clients[file.uid, farm]
        file_id = client.source.rpartition("/")[2]
        return client.at(f"{served.url}site/wopi/files/{file_id}")

    def _call(self, file, what, lock, call, *, holds=True):
        """Make a call about the lock, and note what it tells of it. Returns status and response."""
        began = time.monotonic()
        try:
            response = call()
            status = response.status_code
        except requests.RequestException:
            response, status = None, NO_ANSWER
        ended = time.monotonic()
        self._soak.count(f"{what} {status or 'no answer'}")
        note = f"{self._name}: {what} {status}"
        if not holds:
            # Taken away, or perhaps.
            file.moments.append(Moment(began, ended, "ended", lock, note))
        elif status == 200:
            file.moments.append(Moment(began, ended, "held", lock, note))
        elif status == 409 and "locked" in (why := reason(response)) and "in Nuxeo" in why:
            # By hand; or by a co-author's call that came late and was taken for that. It is told.
            file.moments.append(Moment(began, ended, "ended", lock, f"{note}: {why}"))
        return status, response

    def _join(self, file, farm):
        session = file.sessions[farm]
        if session is None:
            session = self._open(file, farm)
            if session is None:
                return False
            file.sessions[farm] = session
        session.members += 1
        return True

    def _open(self, file, farm):
        prefix = f"{client_of(farm)}/"
        lock = self._new_lock(farm)
        # Opened anew.
        self._clients.pop((file.uid, farm), None)
        client = self._client(file, farm)
        lines = self._read(client) if self._random.random() < 0.5 else None
        self._pause(0.3)
        status, response = self._call(file, "Lock", lock, lambda: client.lock(lock))
        if status == 409 and response.headers["X-WOPI-Lock"].startswith(prefix):
            # Of a session that this farm has lost: it takes it up again.
            lock = response.headers["X-WOPI-Lock"]
            status, _ = self._call(file, "Lock", lock, lambda: client.lock(lock))
        if status != 200:
            return None
        lines = lines or self._read(client)
        if lines is None:
            self._call(file, "Unlock", lock, lambda: client.unlock(lock), holds=False)
            return None
        return Session(lock, lines)

    def _new_lock(self, farm):
        return f"{client_of(farm)}/{self._name}/{self._random.getrandbits(40):x}"

    def _read(self, client):
        """The lines of a file; ``None`` if they could not be had."""
        try:
            response = client.get()
            self._soak.count(f"GetFile {response.status_code}")
            return lines_of(response.content) if response.status_code == 200 else None
        except requests.RequestException:
            return None

    def _do(self, file, farm):
        session = file.sessions[farm]
        if session is None:
            return
        if self._random.random() < 0.75:
            self._written += 1
            session.lines.append(f"{self._name} {self._written}")
            self._save(file, farm, session)
            return
        client = self._client(file, farm)
        status, _ = self._call(
            file, "RefreshLock", session.lock, lambda: client.refresh(session.lock)
        )
        if status == 409:
            file.sessions[farm] = None

    def _save(self, file, farm, session):
        lines = list(session.lines)
        client = self._client(file, farm)
        status, response = self._call(
            file, "PutFile", session.lock, lambda: client.put(text_of(lines), session.lock)
        )
        if status == 200:
            for line in lines:
                file.acknowledged.setdefault(line, f"{self._name}, {session.lock}")
        elif status == 409 and response.headers["X-WOPI-Lock"] != session.lock:
            # Somebody ended the session: an office client tells its users and starts anew, or goes
            # on with what it has.
            if self._random.random() < 0.5:
                lock = self._new_lock(farm)
                status, _ = self._call(file, "Lock", lock, lambda: client.lock(lock))
                if status == 200:
                    self._soak.count("went on with its own text")
                    session.lock = lock
                    return
            file.sessions[farm] = None

    def _leave(self, file, farm, is_lost):
        session = file.sessions[farm]
        if session is None:
            return
        session.members -= 1
        if session.members > 0:
            return
        file.sessions[farm] = None
        if is_lost:
            return  # The farm forgot it: the lock stays.
        client = self._client(file, farm)
        self._call(file, "Unlock", session.lock, lambda: client.unlock(session.lock), holds=False)


class Trouble:
    """Whoever makes trouble of one kind, again and again."""

    def __init__(self, soak, name, pause, act):
        self._soak = soak
        self._random = random.Random(f"{soak.seed}/{name}")
        self._name = name
        self._longest = pause
        self._act = act

    def run(self):
        while self._soak.is_on():
            time.sleep(self._random.uniform(0, self._longest))
            self._act(self._random)
            self._soak.count(self._name)


class Soak:
    """A soak.

    Args:
        demo: the sandbox and the configuration.
        data: the connectors' folder.
        seed: what all decisions come from.
        seconds: how long trouble goes on.
        settings: of the connectors, where they differ; such as the lock store.
    """

    def __init__(self, demo, data, seed, seconds, **settings):
        self.demo = demo
        self.seed = seed
        self.served = []
        self.files = []
        self._admin = demo.nuxeo()
        self._data = data
        self._seconds = seconds
        discovery = demo.settings().clients[0].discovery_url
        self._settings = {
            "nuxeo.wopi.clients": ",".join(map(client_of, range(FARMS))),
            **{
                f"nuxeo.wopi.client.{client_of(farm)}.discoveryURL": discovery
                for farm in range(1, FARMS)
            },
            **settings,
        }
        self._counts = Counter()
        self._mutex = threading.Lock()
        self._until = 0.0
        self._failures = []
        self._logs = []
        self._outside = 0
        self._names = [f"author{number}-{seed}" for number in range(AUTHORS)]

    def is_on(self):
        """Whether it goes on."""
        return time.monotonic() < self._until and not self._failures

    def open(self, user, uid, client):
        """A WOPI client with a session on a file."""
        session = open_session(
            self.demo.settings(**self._settings),
            user=user,
            document=uid,
            xpath="file:content",
            action="edit",
            repository="default",
            client=client,
        )
        return Wopi(session["wopisrc"], session["access_token"], self.demo.keys)

    def count(self, what):
        """Count what happened."""
        with self._mutex:
            self._counts[what] += 1

    def run(self):
        """Run it; returns what happened how often.

        Raises:
            AssertionError: something is not as it must be.
        """
        with ExitStack() as stack:
            self._prepare()
            proxies = [FaultProxy(self.demo.nuxeo_url) for _ in range(CONNECTORS)]
            for proxy in proxies:
                stack.callback(proxy.close)
                own = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": 1}
                served = Served(self.demo, self._data, **own | self._settings)
                self.served.append(stack.enter_context(served))
            for number, proxy in enumerate(proxies):
                proxy.follow(self._faults(random.Random(f"{self.seed}/proxy {number}")))
            self._until = time.monotonic() + self._seconds
            self._all(
                [Author(self, name).run for name in self._names]
                + [Trouble(self, name, *of).run for name, of in self._troubles().items()]
            )
            for proxy in proxies:
                proxy.forget()
                proxy.wait_until_idle()
        for served in self.served:
            self._logs += served.output
        if self._failures:
            raise self._failures[0]
        self._end_all_sessions()
        self.check()
        return self._counts

    def _prepare(self):
        for name in self._names:
            properties = {
                "username": name,
                "password": name,
                "firstName": name,
                "lastName": "Writer",
                "email": f"{name}@example.org",
                "groups": ["members"],
            }
            body = {"entity-type": "user", "properties": properties}
            self._admin.call("POST", "api/v1/user", 201, json=body)
        folder = {"entity-type": "document", "type": "Folder", "name": f"soak-{self.seed}"}
        folder["properties"] = {"dc:title": "Soak"}
        made = self._admin.call("POST", f"api/v1/path{DEMO_FOLDER}", json=folder).json()
        for name in self._names:
            self._admin.operation(
                "Document.AddPermission", made["uid"], username=name, permission="ReadWrite"
            )
        for number in range(DOCUMENTS):
            # One is larger than what is kept in memory on its way.
            first = "x" * (1_200_000 if number == 0 else 10)
            content = text_of([f"document {number} {first}"])
            self.files.append(File(self._admin.create(content, folder=made["path"])))

    def _all(self, runs):
        def guarded(run):
            try:
                run()
            except BaseException as error:  # noqa: BLE001 - told by whoever waits
                self._failures.append(error)

        threads = [threading.Thread(target=guarded, args=(run,), daemon=True) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # Trouble

    def _troubles(self):
        troubles = {
            "kill": (8, self._kill),
            "break": (3, self._break),
            "write from outside": (1, self._write_from_outside),
            "lock by hand": (8, self._lock_by_hand),
        }
        if "nuxeo.wopi.redisURL" not in self._settings:
            troubles["expire"] = (8, self._expire)
        return troubles

    def _faults(self, stream):
        def fault(_method, _path):
            if stream.random() >= FAULT_RATE:
                return None
            self.count("fault")
            return stream.choice(HONEST_FAULTS)

        return fault

    def _kill(self, stream):
        served = stream.choice(self.served)
        served.kill()
        self._logs += served.output
        time.sleep(stream.uniform(0, 1))
        served.start_again()

    def _ended(self, file, what, act):
        began = time.monotonic()
        act()
        file.moments.append(Moment(began, time.monotonic(), "ended", None, what))

    def _break(self, stream):
        file = stream.choice(self.files)
        unlock = lambda: self._admin.operation("Document.Unlock", file.uid)  # noqa: E731
        self._ended(file, "broken", unlock)

    def _write_from_outside(self, stream):
        file = stream.choice(self.files)
        self._outside += 1
        line = f"from outside {self._outside}"
        if stream.random() < 0.5:
            self._add_from_outside(file, line, stream.choice(self._names))
            return
        # Nobody else's text is in it, but their own: they write over that, too.
        file.outside.append(line)
        began = time.monotonic()
        self._admin.replace(file.uid, text_of(file.outside))
        self._wrote(file, began, f"administrator {line}")
        file.acknowledged[line] = "the administrator"

    @staticmethod
    def _wrote(file, began, what):
        file.moments.append(Moment(began, time.monotonic(), "outside", None, what))

    def _add_from_outside(self, file, line, name):
        """An author adds to what is there, past the connector.

        They are let in when nobody has the document locked, or they have it themselves.
        """
        began = time.monotonic()
        nuxeo = self.demo.nuxeo(name)
        token = nuxeo.document(file.uid)["changeToken"]
        lines = lines_of(nuxeo.content(file.uid))
        blob = nuxeo.upload(text_of([*lines, line]), "Report.docx", DOCX)
        # Without the uid Nuxeo would not look at the change token, and nobody could see the write
        # that comes in the middle of a save.
        body = {"entity-type": "document", "uid": file.uid, "properties": {"file:content": blob}}
        url = f"{nuxeo.url}api/v1/id/{file.uid}"
        answer = nuxeo.http.put(url, json={**body, "changeToken": token})
        assert answer.ok or answer.status_code in (403, 409), answer.text
        self.count(f"from outside by an author {answer.status_code}")
        if answer.ok:
            file.acknowledged[line] = f"{name}, from outside"
            self._wrote(file, began, f"{name} {line}")

    def _lock_by_hand(self, stream):
        """Somebody takes a document from those who edit it, for a short time."""
        file = stream.choice(self.files)
        stranger = self.demo.nuxeo("alice")
        began = time.monotonic()
        self._admin.operation("Document.Unlock", file.uid)

        def operation(name):
            # Whoever is faster has it; and it may be broken by then.
            url = f"{stranger.url}site/automation/{name}"
            answer = stranger.http.post(url, json={"input": f"doc:{file.uid}"})
            assert answer.ok or answer.status_code == 409, answer.text
            return answer.ok

        if operation("Document.Lock"):
            time.sleep(stream.uniform(0, 1))
            operation("Document.Unlock")
        file.moments.append(Moment(began, time.monotonic(), "ended", None, "locked by hand"))

    def _expire(self, stream):
        file = stream.choice(self.files)

        def expire():
            with closing(sqlite3.connect(self._data / "locks.sqlite")) as store, store:
                store.execute(
                    "UPDATE lock SET expires_at = 1 WHERE document_key = ?",
                    (f"default/{file.uid}",),
                )

        self._ended(file, "expired", expire)

    # Afterwards

    def _end_all_sessions(self):
        """Let all time be over: what nobody has ended is ended by the background work."""
        clock = MovableClock()
        own = {"nuxeo.wopi.dataDir": str(self._data)} | self._settings
        connector = build(self.demo.settings(**own), clock)
        try:
            for _ in range(3):
                clock.offset += 7200
                connector.sessions.end_idle()
        finally:
            connector.close()

    def check(self):
        """What must be true now.

        Raises:
            AssertionError: something is not.
        """
        report = []
        kept = self._kept()
        for number, file in enumerate(self.files):
            problems = [*self._lost(file, kept), *two_holders(file.moments)]
            owner = self._admin.document(file.uid).get("lockOwner")
            if owner is not None:
                problems.append(f"is still locked by {owner}")
            if problems:
                report += [f"document {number} {text}" for text in problems]
                report += self._history(file)
        assert not report, "\n".join([f"seed {self.seed}", *report])

    def _history(self, file):
        """What happened to a document, by the clock of the connectors' logs."""
        shift = time.time() - time.monotonic()
        for each in sorted(file.moments, key=lambda moment: moment.began):
            times = [self._time(moment + shift) for moment in (each.began, each.ended)]
            yield f"    {' - '.join(times)} {each.kind} {each.lock or 'any'}: {each.what}"
        yield from sorted(f"    {line}" for line in self._logs if file.uid in line)

    @staticmethod
    def _time(moment):
        text = time.strftime("%H:%M:%S", time.localtime(moment))
        return f"{text},{moment % 1 * 1000:03.0f}"

    def _lost(self, file, kept):
        versions = self._admin.operation("Document.GetVersions", file.uid).json()["entries"]
        uids = [file.uid, *(version["uid"] for version in versions)]
        contents = [self._admin.content(uid) for uid in uids] + kept.get(file.uid, [])
        found = {line for content in contents for line in lines_of(content)}
        for line, by in file.acknowledged.items():
            if line not in found:
                yield f"has lost '{line}', acknowledged to {by}"

    def _kept(self):
        folder = make_recovery(self.demo.settings(**{"nuxeo.wopi.dataDir": str(self._data)}))
        kept = {}
        for save in folder.all():
            assert isinstance(save, RecoveredSave), save
            with folder.open(save.id) as (_, content):
                kept.setdefault(save.document_id, []).append(content.read())
        self._counts["kept in the end"] = sum(map(len, kept.values()))
        return kept


def two_holders(moments):
    """Where two locks were on a file at once, as far as those know who were told.

    Between two answers that say that the file has different locks, the first of these must have
    been taken away; whoever did that had begun before the second answer came.
    """
    held = sorted((each for each in moments if each.kind == "held"), key=lambda each: each.ended)
    ends = [each for each in moments if each.kind == "ended"]
    for first, second in itertools.pairwise(held):
        if first.lock == second.lock:
            continue
        if not any(
            each.lock in (None, first.lock)
            and each.began <= second.ended
            and each.ended >= first.began
            for each in ends
        ):
            yield f"had two holders: {first.what} with {first.lock}, {second.what} {second.lock}"


def main():
    """Run a soak by hand."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--redis", metavar="URL", help="a Redis in the place of SQLite")
    options = parser.parse_args()
    settings = {"nuxeo.wopi.redisURL": options.redis} if options.redis else {}
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as data:
        process = Process("demo", "--port", port := free_ports(), "--data", data, "--no-browser")
        try:
            process.wait_for("ready")
            soak = Soak(
                Demo(port, Path(data)),
                Path(data) / "soak",
                options.seed,
                options.seconds,
                **settings,
            )
            for what, times in sorted(soak.run().items()):
                print(f"{times:6} {what}")
        except AssertionError as error:
            print(error)
            sys.exit(1)
        finally:
            process.stop()


if __name__ == "__main__":
    main()
