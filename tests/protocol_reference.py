"""The table of ``docs/protocol.md``: what each operation answers in each situation.

It is measured: every operation is called in every situation, against the connector and the sandbox
as they are. ``python -m tests.protocol_reference`` writes what it found into the document; a test
fails when the document says something else.
"""

import re
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connector.file_reference import DocumentReference
from connector.wopi import container_id, handout
from connector.wopi.access_token import AccessTokens, Grant
from tests.fault_proxy import FaultProxy
from tests.fixtures import InProcess
from tests.support import DEMO_FOLDER, Demo, MovableClock, Process, Wopi, free_ports

GUIDE = Path(__file__).parents[1] / "docs" / "protocol.md"
BEGIN = "<!-- answers: measured by tests/protocol_reference.py -->\n"
END = "<!-- end of answers -->\n"
LOCK = "L"
TITLES = {"file": "Files", "container": "Containers", "ecosystem": "The ecosystem"}
ACTIVITIES = b"""{"Activities": [{
    "Type": "comment", "Id": "1", "Data": {"ContentId": "c", "ContentAction": "created"}
}]}"""


@dataclass(frozen=True)
class Operation:
    """A WOPI operation.

    Attributes:
        name: as WOPI calls it.
        call: performs it.
        needs_lock: whether it is called under a lock when all is well.
    """

    name: str
    call: Callable
    needs_lock: bool = False


def post(override, data=None, **headers):
    """A call of what is named in X-WOPI-Override."""
    return lambda client: client.request("POST", data=data, Override=override, **headers)


def get(suffix=""):
    return lambda client: client.request("GET", suffix)


def unique(override, header, suffix=""):
    """A call that names something which is not there yet."""
    return lambda client: client.request(
        "POST", Override=override, **{header: f"Report {uuid.uuid4().hex}{suffix}"}
    )


FILE = (
    Operation("CheckFileInfo", get()),
    Operation("GetFile", lambda client: client.get()),
    Operation("Lock", lambda client: client.lock(LOCK)),
    Operation("GetLock", lambda client: client.get_lock(), needs_lock=True),
    Operation("RefreshLock", lambda client: client.refresh(LOCK), needs_lock=True),
    Operation("UnlockAndRelock", lambda client: client.relock("M", LOCK), needs_lock=True),
    Operation("Unlock", lambda client: client.unlock(LOCK), needs_lock=True),
    Operation("PutFile", lambda client: client.put(b"after", LOCK), needs_lock=True),
    Operation(
        "PutRelativeFile",
        lambda client: client.request(
            "POST", data=b"new", Override="PUT_RELATIVE", SuggestedTarget=".docx"
        ),
    ),
    Operation(
        "RenameFile",
        lambda client: client.request(
            "POST", Override="RENAME_FILE", Lock=LOCK, RequestedName=f"Report {uuid.uuid4().hex}"
        ),
        needs_lock=True,
    ),
    Operation("DeleteFile", post("DELETE")),
    Operation("GetShareUrl", post("GET_SHARE_URL", UrlType="ReadOnly")),
    Operation("PutUserInfo", post("PUT_USER_INFO", data=b"x")),
    Operation("AddActivities", post("ADD_ACTIVITIES", data=ACTIVITIES)),
    Operation("EnumerateAncestors", get("/ancestry")),
    Operation("GetEcosystem", get("/ecosystem_pointer")),
    Operation("GetRestrictedLink", post("GET_RESTRICTED_LINK", RestrictedUseLink="FORMS")),
    Operation("ReadSecureStore", post("READ_SECURE_STORE", ApplicationId="x")),
)
CONTAINER = (
    Operation("CheckContainerInfo", get()),
    Operation("EnumerateChildren", get("/children")),
    Operation("EnumerateAncestors", get("/ancestry")),
    Operation("GetEcosystem", get("/ecosystem_pointer")),
    Operation("CreateChildContainer", unique("CREATE_CHILD_CONTAINER", "RelativeTarget")),
    Operation("CreateChildFile", unique("CREATE_CHILD_FILE", "RelativeTarget", ".docx")),
    Operation("RenameContainer", unique("RENAME_CONTAINER", "RequestedName")),
    Operation("DeleteContainer", post("DELETE_CONTAINER")),
    Operation("GetShareUrl", post("GET_SHARE_URL", UrlType="ReadOnly")),
)


def ecosystem(page):
    """The operations on the ecosystem; ``page`` is the host page of a file."""
    return (
        Operation("CheckEcosystem", get()),
        Operation("GetRootContainer", get("/root_container_pointer")),
        Operation(
            "GetFileWopiSrc",
            post("GET_WOPI_SRC_WITH_ACCESS_TOKEN", HostNativeFileName=page),
        ),
    )


class World:
    """A connector, a Nuxeo, and resources in all kinds of states.

    Attributes:
        kind: which resources: ``file``, ``container`` or ``ecosystem``.
    """

    kind = "file"

    def __init__(self, demo, connector, proxy):
        self.demo = demo
        self.connector = connector
        self.proxy = proxy
        self.alice = demo.nuxeo("alice")
        self.admin = demo.nuxeo()
        self.instance = connector.settings.instance
        self.tokens = AccessTokens(demo.settings().jwt_secret, 600)

    def document(self):
        """A new document of the kind that the operations are for; its uid."""
        if self.kind == "file":
            return self.alice.create(b"before", name="Report.docx")
        name = f"Folder {uuid.uuid4().hex}"
        body = {"entity-type": "document", "type": "Folder", "name": name}
        body["properties"] = {"dc:title": name}
        return self.alice.call("POST", f"api/v1/path{DEMO_FOLDER}", json=body).json()["uid"]

    def client(self, uid, user="alice", action="edit"):
        """A client with a session on a document, or on the ecosystem."""
        if self.kind == "file":
            return self.connector.open(user, uid, action=action)
        links = self.connector.connector.links
        resource, source = handout.ECOSYSTEM, links.ecosystem
        if self.kind == "container":
            reference = DocumentReference("default", uid)
            resource = container_id.encode(reference, self.instance)
            source = links.container(resource)
        token = self.tokens.issue(
            resource_id=resource,
            user=user,
            user_name=user,
            grant=Grant(action),
            client=self.connector.settings.clients[0].name,
        )
        return Wopi(source, self.tokens.sign(token), self.demo.keys)

    def page(self):
        """The host page of a new file."""
        reference = DocumentReference("default", self.alice.create(b"before")).file()
        return self.connector.connector.links.host_page("edit", reference)

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


def _token_of_another(world, operation):
    other = world.connector.open("alice", world.alice.create(b"another"))
    return world.ready(operation).with_token(other.token)


def _not_signed(world, operation):
    client = world.ready(operation)
    client.http.auth = None
    client.keys = None
    return client


def _no_such_id(world, operation):
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


def _not_empty(world, operation):
    client = world.ready(operation)
    reference = container_id.decode(client.source.rpartition("/")[2], world.instance)
    folder = world.alice.document(reference.document_id)
    world.alice.create(folder=folder["path"])
    return client


def _nuxeo_away(world, operation):
    client = world.ready(operation)
    for method in ("GET", "POST", "PUT", "DELETE"):
        world.proxy.plan(method, "/nuxeo/", *[503] * 40)
    return client


ALWAYS = {
    "all is well": _well,
    "no token": _no_token,
    "token of another": _token_of_another,
    "not signed": _not_signed,
}
OF_A_DOCUMENT = ALWAYS | {
    "no such id": _no_such_id,
    "document deleted": _deleted,
    "not readable": _not_readable,
    "may only read": _reader,
    "opened to view": _opened_to_view,
    "in the trash": _trashed,
}
SITUATIONS = {
    "file": OF_A_DOCUMENT
    | {
        "not locked": _not_locked,
        "locked otherwise": _locked_otherwise,
        "locked in Nuxeo": _locked_in_nuxeo,
        "Nuxeo away": _nuxeo_away,
    },
    "container": OF_A_DOCUMENT | {"not empty": _not_empty, "Nuxeo away": _nuxeo_away},
    "ecosystem": ALWAYS | {"Nuxeo away": _nuxeo_away},
}


def answer(world, operation, situation):
    """The status that an operation answers in a situation; every 409 must carry a lock id."""
    client = SITUATIONS[world.kind][situation](world, operation)
    try:
        response = operation.call(client)
    finally:
        world.proxy.forget()
    if response.status_code == 409:
        assert "X-WOPI-Lock" in response.headers, (operation.name, situation)
    return response.status_code


def calls(world, operation):
    """The calls to Nuxeo that an operation makes when all is well, in their order."""
    client = world.ready(operation)
    # What a client does first, and what has the connector know the content.
    client.request("GET")
    world.proxy.seen.clear()
    response = operation.call(client)
    assert response.status_code in (200, 501), (operation.name, response.headers)
    return [f"`{method} {shape(path)}`" for method, path in world.proxy.seen]


def shape(path):
    """A path of Nuxeo's REST API without what differs from call to call."""
    path = unquote(urlsplit(path).path).removeprefix("/nuxeo/").removeprefix("api/v1/")
    path = re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}", "/<uid>", path)
    path = re.sub(r"upload/[^/]+", "upload/<batch>", path)
    path = re.sub(r"external/[0-9a-f]+", "external/<id>", path)
    return re.sub(r"path/.*", "path/<path>", path)


def tables(world):
    """What is measured now, as it stands in the document."""
    kinds = {"file": FILE, "container": CONTAINER, "ecosystem": ecosystem(world.page())}
    text = ""
    for kind, operations in kinds.items():
        world.kind = kind
        answers = [
            [f"`{each.name}`", *(str(answer(world, each, s)) for s in SITUATIONS[kind])]
            for each in operations
        ]
        costs = [
            [f"`{each.name}`", "<br>".join(calls(world, each)) or "none"] for each in operations
        ]
        text += f"\n### {TITLES[kind]}\n\n"
        text += table(["operation", *SITUATIONS[kind]], answers) + "\n"
        text += table(["operation", "calls to Nuxeo when all is well"], costs)
    return text


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def guide(text, measured):
    """``docs/protocol.md`` with its tables renewed."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{measured}{END}{rest.partition(END)[2]}"


def main():
    with tempfile.TemporaryDirectory() as data:
        port = free_ports()
        process = Process("demo", "--port", port, "--data", data, "--no-browser")
        try:
            process.wait_for("ready")
            demo = Demo(port, Path(data))
            proxy = FaultProxy(demo.nuxeo_url)
            overrides = {"nuxeo.wopi.nuxeoURL": proxy.url, "nuxeo.wopi.readTimeout": "3"}
            connector = InProcess(demo, Path(data) / "other", MovableClock(), **overrides)
            measured = tables(World(demo, connector, proxy))
            connector.close()
            proxy.close()
        finally:
            process.stop()
    GUIDE.write_text(guide(GUIDE.read_text(encoding="utf-8"), measured), encoding="utf-8")


if __name__ == "__main__":
    main()
