"""The table of ``docs/reliability.md``: what becomes of a save when a call to Nuxeo goes wrong.

It is measured: a proxy between a real connector and the sandbox meets every call that a save makes
with every fault, and what the office client, Nuxeo and the recovery folder then hold is looked at.
``python -m tests.reliability_reference`` writes what it found into the document; a test fails when
the document says something else, and when a row loses text.
"""

import re
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path

from connector.app import make_recovery
from tests.fault_proxy import FaultProxy, Late
from tests.protocol_reference import shape, table
from tests.support import Demo, Process, Served, Wopi, free_ports

GUIDE = Path(__file__).parents[1] / "docs" / "reliability.md"
BEGIN = "<!-- outcomes: measured by tests/reliability_reference.py -->\n"
END = "<!-- end of outcomes -->\n"
LOCK = "L"
OLD, NEW, OUTSIDE, OTHER = b"old" * 50, b"new" * 60, b"from outside" * 10, b"another file"
NAMES = {OLD: "old", NEW: "new", OUTSIDE: "from outside", b"": "empty"}
PARTS, BENCHES = 2, 5
"""Processes that measure, and connectors that each of them has."""
WITHOUT_BODY = (("GET", "repo/default/id/<uid>"), ("POST", "upload"))

FAULTS = {
    "lost on its way": "drop",
    "comes late": Late(4),
    "body cut on its way": "cut request",
    "body shortened unnoticed": "shorten",
    "answer lost": "lose",
    "answer cut": "cut answer",
    "500": 500,
    "503": 503,
    "409": 409,
    "403": 403,
    "404": 404,
}
"""What goes wrong with a call; a status is answered in Nuxeo's place."""

ONCE, ALWAYS, DOWN = "once", "each time", "and Nuxeo is away from then on"


@dataclass(frozen=True)
class Save:
    """A save that is about to be made.

    Attributes:
        uid: the document.
        client: who saves.
        user: their login name.
        xpath: which file.
        lock: the lock id it shows.
        keeper: who ends the session; ``None`` if there is none.
        before: what the file holds.
    """

    uid: str
    client: Wopi
    user: str = "alice"
    xpath: str = "file:content"
    lock: str | None = LOCK
    keeper: Wopi | None = None
    before: bytes = OLD


@dataclass(frozen=True)
class Story:
    """A kind of save."""

    title: str
    begin: Callable


def _by_the_lock_holder(bench):
    uid = bench.alice.create(OLD)
    client = bench.locked("alice", uid)
    return Save(uid, client, keeper=client)


def _of_an_attachment(bench):
    uid = bench.alice.create(b"main", attachments=[("a.docx", OLD), ("b.docx", OTHER)])
    xpath = "files:files/0/file"
    client = bench.locked("alice", uid, xpath)
    return Save(uid, client, xpath=xpath, keeper=client)


def _by_a_co_author(bench):
    uid = bench.alice.create(OLD)
    keeper = bench.locked("alice", uid)
    return Save(uid, bench.served.client("bob", uid), "bob", keeper=keeper)


def _over_what_came_from_outside(bench):
    uid = bench.alice.create(OLD)
    client = bench.locked("alice", uid)
    bench.admin.replace(uid, OUTSIDE)
    return Save(uid, client, keeper=client, before=OUTSIDE)


def _of_a_new_file(bench):
    uid = bench.alice.create(b"")
    return Save(uid, bench.served.client("alice", uid), lock=None, before=b"")


STORIES = (
    Story("The main file, by who has the lock", _by_the_lock_holder),
    Story("An attachment", _of_an_attachment),
    Story("By a co-author, who takes Nuxeo's lock over", _by_a_co_author),
    Story("Over what somebody has written from outside", _over_what_came_from_outside),
    Story("The first content of an empty file that is not locked", _of_a_new_file),
)


class Bench:
    """A connector of its own, behind a proxy of its own, for one save at a time."""

    def __init__(self, demo, data, **settings):
        self.data = data
        self.alice = demo.nuxeo("alice")
        self.admin = demo.nuxeo()
        self.proxy = FaultProxy(demo.nuxeo_url)
        self.served = Served(
            demo,
            data,
            **{"nuxeo.wopi.nuxeoURL": self.proxy.url, "nuxeo.wopi.readTimeout": 2},
            **settings,
        )
        self.recovery = make_recovery(demo.settings(**{"nuxeo.wopi.dataDir": str(data)}))

    def __enter__(self):
        self.served.__enter__()
        return self

    def __exit__(self, *error):
        self.served.__exit__(*error)
        self.proxy.close()

    def locked(self, user, uid, xpath="file:content"):
        client = self.served.client(user, uid, xpath)
        assert client.lock(LOCK).status_code == 200
        return client

    def calls(self, story):
        """The calls that a save makes when all is well, as (method, shape) in their order."""
        save = story.begin(self)
        self.proxy.seen.clear()
        assert save.client.put(NEW, save.lock).status_code == 200
        return [(method, shape(path)) for method, path in self.proxy.seen if mine(save, path)]

    def measure(self, story, step, call, fault, lasting):
        """What becomes of a save; see :class:`Outcome`."""
        save = story.begin(self)
        self.proxy.follow(Script(save, step, call, FAULTS[fault], lasting))
        first = save.client.put(NEW, save.lock)
        self.proxy.wait_until_idle()
        held, kept = self.held(save), self.kept(save)
        self.proxy.forget()
        again = save.client.put(NEW, save.lock)
        self.proxy.wait_until_idle()
        after = self.held(save)
        assert self.kept(save) is None, "kept, but not needed any more"
        if save.keeper is not None:
            assert save.keeper.unlock(LOCK).status_code == 200
        left = self.alice.document(save.uid).get("lockOwner")
        outcome = Outcome(first, held, kept, again, after, left)
        outcome.check(save)
        return outcome

    def held(self, save):
        document = self.alice.document(save.uid)
        content = self.alice.content(save.uid, save.xpath)
        if save.xpath != "file:content":
            # What is beside it is nobody's business.
            assert self.alice.content(save.uid) == b"main"
            assert self.alice.content(save.uid, "files:files/1/file") == OTHER
            assert len(document["properties"]["files:files"]) == 2
        versions = self.alice.operation("Document.GetVersions", save.uid).json()["entries"]
        contents = [self.alice.content(version["uid"], save.xpath) for version in versions]
        return Held(content, contents, document.get("lockOwner"))

    def kept(self, save):
        kept = self.recovery.of_user(f"default/{save.uid}/{save.xpath}", save.user)
        assert len(kept) <= 1
        for each in kept:
            with self.recovery.open(each.id) as (_, content):
                return content.read()
        return None


def mine(save, path):
    """Whether a call belongs to a save, and is not about another document."""
    return save.uid in path or "/upload" in path


class Script:
    """Meets the call of one step with a fault, and on demand what comes after it."""

    def __init__(self, save, step, call, fault, lasting):
        self._save = save
        self._step = step
        self._call = call
        self._fault = fault
        self._lasting = lasting
        self._count = -1

    def __call__(self, method, path):
        if not mine(self._save, path):
            return None
        self._count += 1
        if self._count == self._step:
            return self._fault
        if self._count > self._step:
            if self._lasting == DOWN:
                return "drop"
            if self._lasting == ALWAYS and (method, shape(path)) == self._call:
                return self._fault
        return None


@dataclass(frozen=True)
class Held:
    """What Nuxeo holds."""

    content: bytes
    versions: list[bytes]
    owner: str | None

    def __str__(self):
        versions = sorted(NAMES[content] for content in self.versions)
        in_versions = f", in a version: {', '.join(versions)}" if versions else ""
        return f"{NAMES[self.content]}{in_versions}"


@dataclass(frozen=True)
class Outcome:
    """What became of a save.

    Attributes:
        first: the answer to PutFile.
        held: what Nuxeo held then.
        kept: what the recovery folder held then; ``None`` for nothing.
        again: the answer to the same PutFile after everything works again.
        after: what Nuxeo held then.
        left: who has Nuxeo's lock after the session.
    """

    first: object = field(repr=False)
    held: Held
    kept: bytes | None
    again: object = field(repr=False)
    after: Held
    left: str | None

    def check(self, save):
        """No text is lost, and no lock is left behind."""
        whole = (save.before, NEW)
        assert self.held.content in whole, "half a file, or another"
        if self.first.status_code == 200:
            assert self.held.content == NEW, "acknowledged, but not there"
        else:
            assert self.kept == NEW, "neither saved nor kept"
            assert "kept by the connector as" in reason(self.first)
        if save.before == OUTSIDE and self.held.content == NEW:
            assert OUTSIDE in self.held.versions, "overwritten without a trace"
        assert self.again.status_code == 200, self.again.headers
        assert self.after.content == NEW
        assert self.after.versions.count(NEW) <= 1, "one save, two versions"
        assert self.left is None, "a lock that is nobody's"

    def cells(self):
        """How it stands in the table."""
        return (
            said(self.first),
            str(self.held),
            "nothing" if self.kept is None else NAMES[self.kept],
        )


def reason(response):
    """Why a save failed."""
    headers = response.headers
    return headers.get("X-WOPI-LockFailureReason") or headers.get("X-WOPI-ServerError") or ""


def said(response):
    """What a client sees; the reason where it tells its user one."""
    if response.status_code != 409:
        return str(response.status_code)
    text = re.sub(r"^kept by the connector as \w+: ", "", reason(response))
    return f"409 {re.split('[:;]', text)[0]}"


@dataclass(frozen=True, order=True)
class Row:
    """A fault at a call.

    Attributes:
        story: which of the stories, by its place.
        step: which of the save's calls, by its place.
        call: the same as (method, shape).
        fault: what goes wrong with it.
        lasting: and for how long.
    """

    story: int
    step: int
    call: tuple[str, str]
    fault: str
    lasting: str

    def outcome(self, bench):
        """What becomes of the save, as it stands in the table."""
        story = STORIES[self.story]
        try:
            return bench.measure(story, self.step, self.call, self.fault, self.lasting).cells()
        except BaseException as error:
            error.add_note(
                f"{story.title}, {self.step + 1}. {self.call}: {self.fault}, {self.lasting}"
            )
            raise


def rows(bench):
    """Every fault at every call of every story."""
    return [
        Row(place, step, call, fault, lasting)
        for place, story in enumerate(STORIES)
        for step, call in enumerate(bench.calls(story))
        for fault in FAULTS
        for lasting in (ONCE, ALWAYS, DOWN)
        if is_possible(call, fault, lasting)
    ]


def measured_part(demo, data, part):
    """The outcome of every so manieth row, measured by some benches at once."""
    with ExitStack() as stack:
        # A version by policy comes when the background work comes by, and is no answer to a fault.
        settings = {"nuxeo.wopi.versioning": "none"}
        made = [
            Bench(demo, data / f"bench-{part}-{number}", **settings) for number in range(BENCHES)
        ]
        benches = [stack.enter_context(bench) for bench in made]
        wanted = rows(benches[0])[part::PARTS]

        def measure(row):
            bench = benches.pop()
            try:
                return row.outcome(bench)
            finally:
                benches.append(bench)

        with ThreadPoolExecutor(BENCHES) as pool:
            return dict(zip(wanted, pool.map(measure, wanted), strict=True))


def is_possible(call, fault, lasting):
    """Whether a fault can happen to a call: what has no body cannot have it cut."""
    if fault == "body cut on its way" and call in WITHOUT_BODY:
        return False
    # Half of any other body makes no sense to Nuxeo.
    if fault == "body shortened unnoticed" and call != ("POST", "upload/<batch>/0"):
        return False
    # Where Nuxeo goes away is told by the two kinds of what has become of the last call.
    return lasting != DOWN or fault in ("lost on its way", "answer lost")


def tables(found):
    """The rows as they stand in the document; equal ones are one."""
    text = ""
    for place, story in enumerate(STORIES):
        groups = {}
        for row in found:
            if row.story == place:
                group = groups.setdefault((row.step, row.call, found[row]), {})
                group.setdefault(row.lasting, []).append(row.fault)
        lines, last = [], None
        for (step, (method, path), cells), faults in groups.items():
            name = f"{step + 1}. `{method} {path}`" if step != last else ""
            last = step
            wrong = "; ".join(f"{', '.join(each)}: {lasting}" for lasting, each in faults.items())
            lines.append([name, wrong, *cells])
        text += f"\n### {story.title}\n\n"
        text += table(
            ["call", "what goes wrong", "client sees", "Nuxeo holds", "recovery holds"], lines
        )
    return text


def measured(demo, data):
    """The tables as they are measured now."""
    with ProcessPoolExecutor(PARTS, get_context("spawn")) as pool:
        # Without what it has cached, such as keys, which no other process can be given.
        plain = Demo(demo.port, demo.data)
        parts = [pool.submit(measured_part, plain, data, part) for part in range(PARTS)]
        found = [part.result() for part in parts]
    # In the order of the rows, not of the parts.
    return tables(
        dict(pair for pairs in zip_longest(*map(dict.items, found)) for pair in pairs if pair)
    )


def guide(text, tables):
    """``docs/reliability.md`` with its tables renewed."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{tables}{END}{rest.partition(END)[2]}"


def main():
    with tempfile.TemporaryDirectory() as data:
        process = Process("demo", "--port", port := free_ports(), "--data", data, "--no-browser")
        try:
            process.wait_for("ready")
            found = measured(Demo(port, Path(data)), Path(data))
        finally:
            process.stop()
    GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
