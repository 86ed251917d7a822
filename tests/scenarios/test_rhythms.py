"""Three people edit together for most of an hour, at the pace of Word, Excel and PowerPoint.

The pace is Microsoft's ("Co-authoring using Office for the web"): Word saves after 30 seconds,
PowerPoint after 60, Excel after 2 minutes; Excel with the token of who joined last, the others with
that of somebody who has just changed something. Whether everybody may still write is looked at
every 5 minutes, by Excel every 15. How often Office refreshes its lock is not said there; here it
is every 10 minutes. The time is that of a clock which the story moves.
"""

from dataclasses import dataclass

import pytest

MINUTE = 60
LENGTH = 45 * MINUTE
AUTHORS = ("alice", "bob", "erin")
OUTSIDER = "carol"
JOIN = {"alice": 0, "bob": 4 * MINUTE, "erin": 9 * MINUTE}
RIGHT_TAKEN_AWAY = 24 * MINUTE
OUTSIDER_TRIES = (7 * MINUTE, 31 * MINUTE)
ADMINISTRATOR_CHANGES = 17 * MINUTE
REFRESH = 10 * MINUTE


@dataclass(frozen=True)
class Application:
    """How an application of Office goes about it, in seconds."""

    name: str
    saves_after: int
    looks_after: int
    saves_as_last_joined: bool


APPLICATIONS = [
    Application("Word", 30, 5 * MINUTE, saves_as_last_joined=False),
    Application("Excel", 2 * MINUTE, 15 * MINUTE, saves_as_last_joined=True),
    Application("PowerPoint", MINUTE, 5 * MINUTE, saves_as_last_joined=False),
]


@pytest.fixture(scope="module")
def erin(demo):
    """A third author; the sandbox has two."""
    admin = demo.nuxeo()
    body = {
        "entity-type": "user",
        "id": "erin",
        "properties": {
            "username": "erin",
            "password": "erin",
            "firstName": "Erin",
            "groups": ["members"],
        },
    }
    admin.call("POST", "api/v1/user", json=body)
    return "erin"


class Session:
    """An office server's session on a file: one document for all, who is in it, who may write.

    Each author's line is one more in the text, so what was saved shows in everything after it.
    """

    def __init__(self, connector, application, uid, clock):
        self.connector, self.application, self.uid, self.clock = connector, application, uid, clock
        self.clients = {}
        self.writers = []  # in the order in which they joined
        self.lines = [b"before"]
        self.unsaved = False
        self.saved_as = []
        self.acknowledged = [b"before"]
        self.refusals = []

    def join(self, user):
        client = self.connector.open(user, self.uid)
        assert client.info()["UserCanWrite"] is True
        assert client.lock("session").status_code == 200
        self.clients[user] = client
        self.writers.append(user)

    def write(self, user, now):
        if user in self.writers:
            self.lines.append(f"{user} at {now}".encode())
            self.unsaved = True
            self.last_writer = user

    def save(self):
        if not self.unsaved:
            return
        who = self.writers[-1] if self.application.saves_as_last_joined else self.last_writer
        text = b"\n".join(self.lines)
        answer = self.clients[who].put(text, "session", Editors=",".join(self.writers))
        if answer.status_code != 200:
            # Whose right is gone is no author any more; the next one saves the same.
            self.refusals.append((who, answer.status_code))
            self.leave(who)
            self.last_writer = self.writers[-1]
            self.save()
            return
        self.unsaved = False
        self.saved_as.append(who)
        self.acknowledged.append(text)

    def look(self):
        for user in list(self.writers):
            if not self.clients[user].info()["UserCanWrite"]:
                self.leave(user)

    def leave(self, user):
        self.writers.remove(user)

    def refresh(self):
        assert self.clients[self.writers[0]].refresh("session").status_code == 200

    def close(self):
        self.save()
        assert self.clients[self.writers[0]].unlock("session").status_code == 200


def contents_of_versions(nuxeo, uid):
    found = nuxeo.operation("Document.GetVersions", uid).json()["entries"]
    return [nuxeo.content(version["uid"]) for version in found]


def rename(nuxeo, uid, expected):
    """What anybody may try who may write, past any session."""
    body = {"entity-type": "document", "properties": {"dc:title": f"{nuxeo.user}'s"}}
    nuxeo.call("PUT", f"api/v1/id/{uid}", expected, json=body)


@pytest.mark.usefixtures("erin")
@pytest.mark.parametrize("application", APPLICATIONS, ids=[each.name for each in APPLICATIONS])
def test_a_long_session(demo, in_process, clock, application):
    admin = demo.nuxeo()
    uid = demo.nuxeo("alice").create(b"before")
    for user in (*AUTHORS, OUTSIDER):
        admin.operation("Document.AddPermission", uid, permission="ReadWrite", user=user)
    session = Session(in_process, application, uid, clock)
    outside = None

    for now in range(0, LENGTH, 10):
        clock.offset = float(now)
        for user in AUTHORS:
            if now == JOIN[user]:
                session.join(user)
        if now == RIGHT_TAKEN_AWAY:
            admin.operation("Document.BlockPermissionInheritance", uid)
            for user in ("alice", "erin"):
                admin.operation("Document.AddPermission", uid, permission="ReadWrite", user=user)
            admin.operation("Document.RemovePermission", uid, user="bob")
            admin.operation("Document.AddPermission", uid, permission="Read", user="bob")
        if now in OUTSIDER_TRIES:
            # She may write, but not past the session, which has Nuxeo's lock.
            rename(demo.nuxeo(OUTSIDER), uid, 403)
            demo.nuxeo(OUTSIDER).operation("Document.Lock", uid, 409)
        if now == ADMINISTRATOR_CHANGES:
            session.save()
            outside = b"written by an administrator, past the session"
            admin.replace(uid, outside)
        # Everybody writes now and then, each at a pace of their own.
        for step, user in ((40, "alice"), (70, "bob"), (110, "erin")):
            if now % step == 0:
                session.write(user, now)
        if now and now % application.looks_after == 0:
            session.look()
        if now and now % application.saves_after == 0:
            session.save()
        if now and now % REFRESH == 0:
            session.refresh()
        in_process.connector.sessions.end_idle()

    assert "bob" not in session.writers
    assert session.writers == ["alice", "erin"]
    session.close()

    final = admin.content(uid)
    assert final == session.acknowledged[-1]
    for text in session.acknowledged:
        # Everything that was acknowledged is in what is there now.
        assert final.startswith(text)
    assert outside in contents_of_versions(admin, uid)
    assert contents_of_versions(admin, uid).count(final) == 1
    document = admin.document(uid)
    assert "lockOwner" not in document
    assert document["properties"]["dc:lastContributor"] == session.saved_as[-1]
    assert set(session.saved_as) <= set(document["properties"]["dc:contributors"])
    assert document["isCheckedOut"] is False
    # Who had lost the right was told so with the first save after it, or noticed before.
    assert all(refusal == ("bob", 404) for refusal in session.refusals)
    for kept in in_process.connector.recovery.all():
        assert kept.user == "bob"
    # Now that the session is over, the outsider can.
    rename(demo.nuxeo(OUTSIDER), uid, 200)
