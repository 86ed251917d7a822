"""The table of ``docs/protocol.md``: what each operation answers in each situation.

It is measured: every operation is called in every situation, against the connector and the sandbox
as they are. ``python -m tests.protocol_reference`` writes what it found into the document; a test
fails when the document says something else.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fault_proxy import FaultProxy
from tests.fixtures import InProcess
from tests.support import Demo, MovableClock, Process, free_ports

GUIDE = Path(__file__).parents[1] / "docs" / "protocol.md"
BEGIN = "<!-- answers: measured by tests/protocol_reference.py -->\n"
END = "<!-- end of answers -->\n"
LOCK = "L"


@dataclass(frozen=True)
class Operation:
    """A WOPI operation on a file.

    Attributes:
        name: as WOPI calls it.
        call: performs it.
        needs_lock: whether it is called under a lock when all is well.
    """

    name: str
    call: Callable
    needs_lock: bool = False


OPERATIONS = (
    Operation("CheckFileInfo", lambda c: c.request("GET")),
    Operation("GetFile", lambda c: c.get()),
    Operation("Lock", lambda c: c.lock(LOCK)),
    Operation("GetLock", lambda c: c.get_lock(), needs_lock=True),
    Operation("RefreshLock", lambda c: c.refresh(LOCK), needs_lock=True),
    Operation("UnlockAndRelock", lambda c: c.relock("M", LOCK), needs_lock=True),
    Operation("Unlock", lambda c: c.unlock(LOCK), needs_lock=True),
    Operation("PutFile", lambda c: c.put(b"after", LOCK), needs_lock=True),
)


class World:
    """A connector, a Nuxeo, and documents in all kinds of states."""

    def __init__(self, demo, connector, proxy):
        self.demo = demo
        self.connector = connector
        self.proxy = proxy
        self.alice = demo.nuxeo("alice")
        self.admin = demo.nuxeo()

    def document(self):
        return self.alice.create(b"before", name="Report.docx")

    def client(self, uid, user="alice", action="edit"):
        return self.connector.open(user, uid, action=action)

    def ready(self, operation):
        """A client for which ``operation`` works."""
        client = self.client(self.document())
        if operation.needs_lock:
            assert client.lock(LOCK).status_code == 200
        return client


def _well(world, operation):
    return world.ready(operation)


def _no_token(world, operation):
    return world.ready(operation).with_token("")


def _token_of_another_file(world, operation):
    return world.ready(operation).with_token(world.client(world.document()).token)


def _not_signed(world, operation):
    client = world.ready(operation)
    client.http.auth = None
    client.keys = None
    return client


def _no_such_file(world, operation):
    client = world.ready(operation)
    return client.at(f"{client.source.rpartition('/')[0]}/nonsense")


def _deleted(world, operation):
    uid = world.document()
    client = world.client(uid)
    world.alice.call("DELETE", f"api/v1/id/{uid}")
    return client


def _not_readable(world, operation):
    uid = world.document()
    client = world.client(uid, "carol")
    world.admin.operation("Document.BlockPermissionInheritance", uid)
    return client


def _reader(world, operation):
    uid = world.document()
    if operation.needs_lock:
        assert world.client(uid).lock(LOCK).status_code == 200
    return world.client(uid, "carol")


def _opened_to_view(world, operation):
    uid = world.document()
    if operation.needs_lock:
        assert world.client(uid).lock(LOCK).status_code == 200
    return world.client(uid, action="view")


def _not_locked(world, operation):
    return world.client(world.document())


def _locked_otherwise(world, operation):
    client = world.client(world.document())
    assert client.lock("another").status_code == 200
    return client


def _locked_in_nuxeo(world, operation):
    uid = world.document()
    world.demo.nuxeo("bob").operation("Document.Lock", uid)
    return world.client(uid)


def _trashed(world, operation):
    uid = world.document()
    world.alice.operation("Document.Trash", uid)
    return world.client(uid)


def _nuxeo_away(world, operation):
    client = world.ready(operation)
    for method in ("GET", "POST", "PUT", "DELETE"):
        world.proxy.plan(method, "/nuxeo/", *[503] * 40)
    return client


SITUATIONS = {
    "all is well": _well,
    "no token": _no_token,
    "token of another file": _token_of_another_file,
    "not signed": _not_signed,
    "no such file": _no_such_file,
    "document deleted": _deleted,
    "not readable": _not_readable,
    "may only read": _reader,
    "opened to view": _opened_to_view,
    "not locked": _not_locked,
    "locked otherwise": _locked_otherwise,
    "locked in Nuxeo": _locked_in_nuxeo,
    "in the trash": _trashed,
    "Nuxeo away": _nuxeo_away,
}


def answer(world, operation, situation):
    """The status that an operation answers in a situation; every 409 must carry a lock id."""
    client = SITUATIONS[situation](world, operation)
    try:
        response = operation.call(client)
    finally:
        world.proxy.forget()
    if response.status_code == 409:
        assert "X-WOPI-Lock" in response.headers, (operation.name, situation)
    return response.status_code


def calls(world, operation):
    """How often an operation calls Nuxeo when all is well."""
    client = world.ready(operation)
    # What a client does first, and what has the connector know the content.
    client.info()
    world.proxy.seen.clear()
    assert operation.call(client).status_code == 200
    return len(world.proxy.seen)


def table(world):
    """The table as it is measured now."""
    head = ["operation", "calls to Nuxeo", *SITUATIONS]
    rows = [
        [
            f"`{each.name}`",
            str(calls(world, each)),
            *(str(answer(world, each, s)) for s in SITUATIONS),
        ]
        for each in OPERATIONS
    ]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def guide(text, measured):
    """``docs/protocol.md`` with its table renewed."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{measured}{END}{rest.partition(END)[2]}"


def main():
    with tempfile.TemporaryDirectory() as data:
        port = free_ports()
        process = Process("demo", "--port", port, "--data", data, "--no-browser")
        process.wait_for("ready")
        demo = Demo(port, Path(data))
        proxy = FaultProxy(demo.nuxeo_url)
        overrides = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "3"}
        connector = InProcess(demo, Path(data) / "other", MovableClock(), **overrides)
        measured = table(World(demo, connector, proxy))
        connector.close()
        proxy.close()
        process.stop()
    GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8"), measured), encoding="utf-8")


if __name__ == "__main__":
    main()
