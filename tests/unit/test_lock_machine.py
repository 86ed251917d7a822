"""Any sequence of operations by several office clients, held against a model.

The real operations with a real store, on a document with two files; Nuxeo is a stand-in that has
one lock and the server's rules for it. What must hold: a file never has two locks; every refusal
carries the current one; content changes only for who presents the current lock, or where there is
none; what was saved last is what is there; and a session leaves one version, or none if it saved
nothing new.
"""

import io
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connector.lock_store.sqlite import SqliteLockStore
from connector.wopi import file_id as file_ids
from connector.wopi.access_token import AccessToken, Grant
from connector.wopi.body import Bodies
from connector.wopi.converting import Converting
from connector.wopi.errors import LockMismatch, NotImplementedOperation
from connector.wopi.keeping import Keeping
from connector.wopi.locks import LIFETIME
from connector.wopi.new_files import NewFiles
from connector.wopi.opened import OpenFile
from connector.wopi.operations import FileOperations
from connector.wopi.overwriting import Overwriting
from connector.wopi.put_relative import PutRelative
from connector.wopi.removing import Removing
from connector.wopi.renaming import RenameMode, Renaming
from connector.wopi.rights import Rights
from connector.wopi.saves import SaveNote
from connector.wopi.saving import Saving
from connector.wopi.sessions import Sessions
from connector.wopi.targets import Target
from connector.wopi.versioning import Versioning, VersionPolicies
from connector.wopi.versions import Versions
from tests.unit.one_document import ATTACHMENT, FILES, MAIN, Nuxeo

USERS = ("ana", "bo")
CLIENTS = ("office", "collabora")
LOCK_IDS = st.sampled_from(["right", "right", "L1", '{"S":"a"}'])
"""What a client presents: the file's own lock id, if it has one, or some text."""


PRESENTED = st.sampled_from(["right", "right", "L1", None])
"""The same, where the header may be missing."""
CONTENTS = st.sampled_from([b"", b"one", b"two", b"three"])


class Handout:
    """Nothing is opened by the answers here."""

    def new_file(self, _token, _reference, name):
        return {"Name": name}


class Locks(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 1_000_000.0
        self.folder = Path(tempfile.mkdtemp(prefix="nuxeo-wopi-test-"))
        self.store = self.open_store()
        self.nuxeo = Nuxeo()
        versioning = Versioning(self.nuxeo, self.store, VersionPolicies(), clock=self.clock)
        self.sessions = Sessions(self.store, self.nuxeo, versioning, clock=self.clock)
        rights = Rights(self.nuxeo, self.sessions)
        versions = Versions(self.store)
        common = (self.nuxeo, self.store, self.sessions, rights)
        self.operations = FileOperations(*common, versions, None, clock=self.clock)
        self.saving = Saving(
            *common,
            versions,
            versioning,
            Keeping(None, self.nuxeo),
            spool_dir=self.folder,
            max_file_size=0,
            save_timeout=1,
        )
        self.renaming = Renaming(*common, RenameMode.BOTH)
        self.removing = Removing(*common)
        overwriting = Overwriting(*common, versions, versioning)
        new_files = NewFiles(self.nuxeo, self.store, overwriting, "")
        self.relative = PutRelative(
            self.nuxeo,
            new_files,
            Converting(self.nuxeo, self.store, new_files, overwriting, ""),
            Bodies(self.folder, 0),
            Handout(),
        )
        # What must be in the files, and what they are called.
        self.contents = dict(self.nuxeo.contents)
        self.names = dict(self.nuxeo.file_names)
        # What must be so: each file's lock id, its end, and where it is edited.
        self.model = {}
        # Whether something was saved that must get a version, and how many versions there must be.
        self.is_unversioned = False
        self.versions = 0
        # What the office client "office" saved last, and whether a session began with something
        # else in the file, which that client may not know: it is kept before it is written over.
        self.saved = {}
        self.is_behind = {}

    def clock(self):
        return self.now

    def open_store(self):
        return SqliteLockStore(self.folder, self.clock)

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

    def attempt(self, call, reference, expected, *arguments, **options):
        """It must succeed exactly if the model says so, and else be told the current lock."""
        before = self.current(reference)
        if expected:
            call(*arguments, **options)
            return
        with pytest.raises(LockMismatch) as conflict:
            call(*arguments, **options)
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
        call = getattr(self.operations, operation)
        where = self.model[reference][2] if before else client
        ends = self.now + LIFETIME
        if operation == "lock":
            self.attempt(call, reference, before in ("", lock_id), file, lock_id)
            if not before:
                known = self.saved.get(reference, self.contents[reference])
                self.is_behind[reference] = client == "office" and known != self.contents[reference]
            after = (lock_id, ends, where) if before in ("", lock_id) else None
            self.session_may_have_expired()
        elif operation == "unlock_and_relock":
            new_lock_id = self.presented(reference, new_lock_id)
            self.attempt(call, reference, before == lock_id, file, new_lock_id, lock_id)
            after = (new_lock_id, ends, where) if before == lock_id else None
        else:
            self.attempt(call, reference, before == lock_id, file, lock_id)
            if operation == "unlock" and before == lock_id:
                del self.model[reference]
                self.session_may_have_ended()
            after = (lock_id, ends, where)
            after = after if operation == "refresh_lock" and before == lock_id else None
        if after is not None:
            self.model[reference] = after

    @rule(
        reference=st.sampled_from(FILES),
        user=st.sampled_from(USERS),
        lock_id=PRESENTED,
        content=CONTENTS,
        is_exit_save=st.booleans(),
    )
    def put_file(self, reference, user, lock_id, content, is_exit_save):
        before = self.current(reference)
        lock_id = self.presented(reference, lock_id)
        # Without a lock, only a file that has just been made may be saved; the same once more, as
        # after a lost answer, is no other save.
        is_there = lock_id is None and content == self.contents[reference]
        may = before == lock_id if before else not self.contents[reference] or is_there
        is_kept = (
            bool(before)
            and self.is_behind[reference]
            and content != self.contents[reference]
            and self.nuxeo.is_checked_out
        )
        self.attempt(
            self.saving.put_file,
            reference,
            may,
            self.open(reference, user, "office"),
            lock_id,
            io.BytesIO(content),
            len(content),
            SaveNote(is_exit_save=is_exit_save),
        )
        if may:
            self.versions += is_kept
            self.is_unversioned = self.is_unversioned and not is_kept
            self.saved[reference] = content
            self.is_behind[reference] = False
        if may and content != self.contents[reference]:
            self.contents[reference] = content
            self.is_unversioned = True
        if may and is_exit_save and not any(self.current(f) for f in FILES if f is not reference):
            # Nobody is left to write; the locks may be there a little longer.
            self.saved_in_a_version()

    def session_may_have_expired(self):
        """Whoever begins a session ends one that expired and was not looked after yet."""
        if self.model:
            self.session_may_have_ended()

    def session_may_have_ended(self):
        """With the last lock of the document, what was saved gets one version."""
        if any(map(self.current, FILES)):
            return
        self.model.clear()
        self.saved_in_a_version()

    def saved_in_a_version(self):
        self.versions += self.is_unversioned
        if self.is_unversioned:
            assert self.nuxeo.kept[-1] == self.contents[MAIN]
        self.is_unversioned = False

    @rule(
        reference=st.sampled_from(FILES),
        user=st.sampled_from(USERS),
        lock_id=PRESENTED,
        stem=st.sampled_from(["a", "b", "report"]),
    )
    def rename_file(self, reference, user, lock_id, stem):
        lock_id = self.presented(reference, lock_id)
        may = self.current(reference) in ("", lock_id)
        file = self.open(reference, user, "office")
        self.attempt(self.renaming.rename_file, reference, may, file, lock_id, stem)
        if may:
            self.names[reference] = f"{stem}.txt"

    @rule(
        source=st.sampled_from(FILES),
        user=st.sampled_from(USERS),
        content=CONTENTS,
    )
    def put_relative_file_over_the_main_file(self, source, user, content):
        may = not self.current(MAIN)
        kept = [self.contents[MAIN]] if self.nuxeo.is_checked_out else []
        before = len(self.nuxeo.kept)
        self.attempt(
            self.relative.put_relative_file,
            MAIN,
            may,
            self.open(source, user, "office"),
            Target(self.names[MAIN], is_exact=True, overwrite=True),
            io.BytesIO(content),
            announced=len(content),
            size=None,
            is_conversion=False,
        )
        if may:
            assert self.nuxeo.kept[before:] == kept
            self.versions += len(kept)
            self.is_unversioned = False
            self.contents[MAIN] = content
        else:
            assert len(self.nuxeo.kept) == before

    @rule(
        reference=st.sampled_from([MAIN, MAIN, ATTACHMENT]),
        user=st.sampled_from(USERS),
        lock_id=PRESENTED,
        in_earnest=st.booleans(),
    )
    def delete_file(self, reference, user, lock_id, in_earnest):
        lock_id = self.presented(reference, lock_id)
        file = self.open(reference, user, "office")
        if reference is ATTACHMENT:
            with pytest.raises(NotImplementedOperation):
                self.removing.delete_file(file, lock_id)
            return
        may = not any(map(self.current, FILES))
        if may and not in_earnest:
            return
        self.attempt(self.removing.delete_file, reference, may, file, lock_id)
        assert self.nuxeo.is_trashed == may
        if may:
            # Nobody edits it there; then somebody takes it back.
            self.attempt(self.operations.lock, reference, False, file, "L1")
            self.nuxeo.restore()

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
            assert self.store.hold(MAIN.document_key) is None
        self.session_may_have_ended()

    @invariant()
    def a_file_has_one_lock_and_it_is_the_models(self):
        for reference in FILES:
            stored = self.store.get(file_ids.encode(reference))
            assert (stored.lock_id if stored else "") == self.current(reference)
            if stored:
                assert stored.client == self.model[reference][2]

    @invariant()
    def what_was_saved_last_is_what_is_there(self):
        assert self.nuxeo.contents == self.contents
        assert self.nuxeo.file_names == self.names

    @invariant()
    def a_session_makes_one_version_if_it_changed_something(self):
        assert len(self.nuxeo.kept) == self.versions

    @invariant()
    def nothing_is_left_in_upload_batches(self):
        assert not any(content is not None for content in self.nuxeo.batches.values())

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
