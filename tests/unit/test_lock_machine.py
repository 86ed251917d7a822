"""Any sequence of lock operations by several office clients, held against a model.

The real operations with a real store, on a document with two files; Nuxeo is a stand-in that has
one lock and the server's rules for it.
"""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connector.file_reference import FileReference
from connector.lock_store.sqlite import SqliteLockStore
from connector.nuxeo_gateway.errors import NuxeoConflict
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.errors import LockMismatch
from connector.wopi.locks import LIFETIME
from connector.wopi.opened import OpenFile
from connector.wopi.operations import FileOperations
from connector.wopi.rights import Rights
from connector.wopi.sessions import Sessions
from connector.wopi.versions import Versions
from tests.unit.test_permissions import DOCUMENT, WRITE, WRITE_BUT_LOCKED

BLOB = {"name": "a.docx", "mime-type": "x/y", "digest": "d", "length": "7", "data": "u"}
FILES = (
    FileReference("default", DOCUMENT.uid, "file:content"),
    FileReference("default", DOCUMENT.uid, "files:files/0/file"),
)
USERS = ("ana", "bo")
CLIENTS = ("office", "collabora")
LOCK_IDS = st.sampled_from(["right", "right", "L1", '{"S":"a"}'])
"""What a client presents: the file's own lock id, if it has one, or some text."""


class Nuxeo:
    """One document, as somebody who may write sees it, and its lock."""

    def __init__(self):
        self.owner = None
        self.documents = self.locks = self

    def get(self, _reference, user, **_options):
        # Nuxeo's lock policy hides the right to write from everybody else (REST_CONTRACT 6).
        hidden = self.owner not in (None, user)
        return replace(
            DOCUMENT,
            lock_owner=self.owner,
            permissions=WRITE_BUT_LOCKED if hidden else WRITE,
            properties={"file:content": BLOB, "files:files": [{"file": BLOB}]},
        )

    def lock(self, _reference, user):
        if self.owner not in (None, user):
            raise NuxeoConflict("locked")
        self.owner = user

    def unlock(self, _reference, user):
        if self.owner not in (None, user):
            raise NuxeoConflict("locked")
        self.owner = None

    def may_lock(self, _reference, _user):
        return True


class Locks(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 1_000_000.0
        self.folder = Path(tempfile.mkdtemp(prefix="nuxeo-wopi-test-"))
        self.store = SqliteLockStore(self.folder, self.clock)
        self.nuxeo = Nuxeo()
        self.sessions = Sessions(self.store, self.nuxeo, self.clock)
        self.operations = FileOperations(
            self.nuxeo,
            self.store,
            self.sessions,
            Rights(self.nuxeo, self.sessions),
            Versions(self.store),
            None,
            clock=self.clock,
        )
        # What must be so: each file's lock id, its end, and where it is edited.
        self.model = {}

    def clock(self):
        return self.now

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    def open(self, reference, user, client):
        file_id = file_ids.encode(reference)
        token = AccessToken(file_id, user, user, Grant.EDIT, client, int(self.now) + 1000)
        return OpenFile(file_id, reference, token)

    def current(self, reference):
        """The model's lock on a file: its id, or ``""``."""
        lock_id, ends, _ = self.model.get(reference, ("", 0.0, ""))
        return lock_id if ends > self.now else ""

    def presented(self, reference, lock_id):
        return (self.current(reference) or "L1") if lock_id == "right" else lock_id

    def attempt(self, operation, reference, expected, *arguments):
        """It must succeed exactly if the model says so, and else be told the current lock."""
        before = self.current(reference)
        call = getattr(self.operations, operation)
        if expected:
            call(*arguments)
            return
        with pytest.raises(LockMismatch) as conflict:
            call(*arguments)
        assert conflict.value.headers["X-WOPI-Lock"] == before

    @rule(
        reference=st.sampled_from(FILES),
        user=st.sampled_from(USERS),
        client=st.sampled_from(CLIENTS),
        operation=st.sampled_from(["lock", "unlock_and_relock", "refresh_lock", "unlock"]),
        lock_id=LOCK_IDS,
        new_lock_id=LOCK_IDS,
    )
    def a_client_calls(self, reference, user, client, operation, lock_id, new_lock_id):
        before = self.current(reference)
        lock_id = self.presented(reference, lock_id)
        file = self.open(reference, user, client)
        where = self.model[reference][2] if before else client
        ends = self.now + LIFETIME
        if operation == "lock":
            self.attempt(operation, reference, before in ("", lock_id), file, lock_id)
            after = (lock_id, ends, where) if before in ("", lock_id) else None
        elif operation == "unlock_and_relock":
            new_lock_id = self.presented(reference, new_lock_id)
            self.attempt(operation, reference, before == lock_id, file, new_lock_id, lock_id)
            after = (new_lock_id, ends, where) if before == lock_id else None
        else:
            self.attempt(operation, reference, before == lock_id, file, lock_id)
            if operation == "unlock" and before == lock_id:
                del self.model[reference]
            after = (lock_id, ends, where)
            after = after if operation == "refresh_lock" and before == lock_id else None
        if after is not None:
            self.model[reference] = after

    @rule(reference=st.sampled_from(FILES), user=st.sampled_from(USERS))
    def get_lock(self, reference, user):
        answer = self.operations.get_lock(self.open(reference, user, "office"))
        assert answer.lock_id == self.current(reference)

    @rule(seconds=st.sampled_from([1.0, 1.0, 600.0, LIFETIME - 1.0, LIFETIME]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(in_earnest=st.sampled_from([False, False, True]))
    def an_administrator_breaks_nuxeos_lock(self, in_earnest):
        if in_earnest and self.nuxeo.owner is not None:
            self.nuxeo.owner = None
            # It ends the sessions on all files of the document, seen by whoever looks next.
            self.model.clear()
            for reference in FILES:
                self.operations.get_lock(self.open(reference, "ana", "office"))

    @rule()
    def idle_locks_are_given_back(self):
        self.sessions.end_idle()
        if not any(map(self.current, FILES)):
            assert self.nuxeo.owner is None

    @invariant()
    def a_file_has_one_lock_and_it_is_the_models(self):
        for reference in FILES:
            stored = self.store.get(file_ids.encode(reference))
            assert (stored.lock_id if stored else "") == self.current(reference)
            if stored:
                assert stored.client == self.model[reference][2]

    @invariant()
    def a_session_has_nuxeos_lock(self):
        if any(map(self.current, FILES)):
            assert self.nuxeo.owner in USERS

    @invariant()
    def whoever_joins_is_sent_to_where_the_file_is_edited(self):
        for reference in FILES:
            document = self.nuxeo.get(reference, "ana")
            session = self.sessions.running(reference, file_ids.encode(reference), document)
            expected = self.model[reference][2] if self.current(reference) else None
            assert (session.client if session else None) == expected


TestLocks = Locks.TestCase
TestLocks.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, print_blob=True
)
