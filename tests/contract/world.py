"""People and a workspace made for these tests on whatever server they run against."""

from __future__ import annotations

import secrets
import uuid
from http.cookiejar import DefaultCookiePolicy

from tests.support import Nuxeo

WORKSPACES = "/default-domain/workspaces"


class Person(Nuxeo):
    """Somebody with a password, or nobody; never with a cookie unless a test sends one."""

    def __init__(self, url, name="", password="", folder=""):
        super().__init__(url, name)
        self.name, self.password = name, password
        self.folder = folder
        self.http.auth = (name, password) if name else None
        self.http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def call(self, method, path, expected=None, **kwargs):
        kwargs.setdefault("allow_redirects", False)
        return super().call(method, path, expected, **kwargs)

    def get(self, path, expected=None, **kwargs):
        return self.call("GET", path, expected, **kwargs)

    def post(self, path, body=None, expected=None, **kwargs):
        return self.call("POST", path, expected, json=body, **kwargs)

    def put(self, uid, properties=None, expected=None, headers=None, **fields):
        """``PUT`` of a document with its uid; ``uid=None`` leaves it out."""
        body = {"entity-type": "document", "uid": uid, "properties": properties or {}, **fields}
        if body["uid"] is None:
            del body["uid"]
            body["type"] = "File"
        shape = {"X-NXproperties": "*", "fetch-document": "lock,versionLabel"}
        return self.call(
            "PUT", f"api/v1/id/{uid}", expected, json=body, headers={**shape, **(headers or {})}
        )

    def operation(self, name, uid, expected=None, /, **params):
        # An operation's parameters may be called as ours are.
        body = {"params": params, "input": f"doc:{uid}"}
        return self.post(f"site/automation/{name}", body, expected)

    def create(self, content=b"content", name="Report.docx", attachments=(), folder=None):
        return super().create(content, name, attachments, folder or self.folder)

    def create_empty(self, kind="File", name=None, folder=None, **properties):
        """A document without content; returns its JSON."""
        name = name or f"t-{uuid.uuid4().hex[:16]}"
        body = {"entity-type": "document", "type": kind, "name": name}
        body["properties"] = {"dc:title": name, **properties}
        return self.post(f"api/v1/path{folder or self.folder}", body, 201).json()

    def create_folder(self):
        """The path of a folder of its own for a test."""
        return self.create_empty("Folder")["path"]

    def property(self, uid, name):
        return self.document(uid)["properties"][name]

    def versions(self, uid):
        return self.operation("Document.GetVersions", uid).json()["entries"]

    def permissions(self, uid):
        headers = {"enrichers-document": "permissions"}
        document = self.get(f"api/v1/id/{uid}", headers=headers).json()
        return document["contextParameters"]["permissions"]

    def lock(self, uid, expected=None, operation="Document.Lock"):
        return self.post(
            f"api/v1/id/{uid}/@op/{operation}",
            {"params": {}},
            expected,
            headers={"fetch-document": "lock"},
        )

    def unlock(self, uid, expected=None):
        return self.lock(uid, expected, "Document.Unlock")


class World:
    """Two who may write, one who may read, one who may nothing, and a workspace.

    Args:
        url: of the server, with a slash at the end.
        name: an administrator's.
        password: theirs.
    """

    def __init__(self, url, name, password):
        self.url = url
        self.admin = Person(url, name, password)
        self.suffix = secrets.token_hex(4)
        self.group = f"editors-{self.suffix}"
        self._undo = []

    def build(self):
        people = {}
        for name in ("alice", "bob", "carol", "dave"):
            people[name] = self._person(f"{name}-{self.suffix}")
        self.admin.post(
            "api/v1/group",
            {
                "entity-type": "group",
                "groupname": self.group,
                "grouplabel": "Editors of a test",
                "memberUsers": [people["alice"].name, people["bob"].name],
                "memberGroups": [],
            },
            201,
        )
        self._undo.append(f"api/v1/group/{self.group}")
        workspace = self.admin.create_empty(
            "Workspace", f"contract-{self.suffix}", folder=WORKSPACES
        )
        self._undo.append(f"api/v1/id/{workspace['uid']}")
        self.workspace = workspace["uid"]
        self.grant(self.workspace, self.group, "ReadWrite")
        self.grant(self.workspace, people["carol"].name, "Read")
        # Whatever the server grants to everybody, it ends here.
        self.admin.operation("Document.BlockPermissionInheritance", self.workspace)
        for person in (self.admin, *people.values()):
            person.folder = workspace["path"]
        self.alice, self.bob, self.carol, self.dave = people.values()

    def _person(self, name):
        password = secrets.token_urlsafe(18)
        properties = {
            "username": name,
            "password": password,
            "firstName": name.partition("-")[0].capitalize(),
            "lastName": "Contract",
            "email": f"{name}@example.org",
        }
        self.admin.post("api/v1/user", {"entity-type": "user", "properties": properties}, 201)
        self._undo.append(f"api/v1/user/{name}")
        return Person(self.url, name, password)

    def grant(self, uid, name, permission):
        self.admin.operation(
            "Document.AddPermission", uid, username=name, permission=permission, grant=True
        )

    def nobody(self):
        """Somebody without a name."""
        return Person(self.url)

    def remove(self):
        """Take everything away again, whatever is left of it."""
        for path in reversed(self._undo):
            self.admin.http.delete(self.url + path, timeout=60)
