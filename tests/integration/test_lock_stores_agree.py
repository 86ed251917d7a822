"""Any sequence of calls, told to both lock stores: whatever one answers, the other answers too."""

import contextlib
import shutil
import tempfile
import uuid
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from connector.lock_store.base import Given, Hold, LastSave, OpenPage, StoredLock
from connector.lock_store.redis import RedisLockStore
from connector.lock_store.sqlite import SqliteLockStore

DOCUMENT_OF = {"f1": "d/1", "f2": "d/1"}
FILES = st.sampled_from(sorted(DOCUMENT_OF))
DOCUMENTS = st.sampled_from(["d/1", "d/2"])
IDS = st.sampled_from(["A", "B"])
TEXTS = st.sampled_from(["", "one", "two"])
ORDERS = st.none() | st.integers(0, 3)
CHANGED = st.none() | st.sampled_from(["10:00", "10:01"])
SPANS = st.sampled_from([-1.0, 0.0, 1.0, 60.5, 1800.0])
USERS = st.none() | st.sampled_from(["ana", "bo"])


class Stores(RuleBasedStateMachine):
    redis_url = ""

    def __init__(self):
        super().__init__()
        self.now = 1_000_000.25
        self.folder = Path(tempfile.mkdtemp(prefix="nuxeo-wopi-test-"))
        self.stores = (
            SqliteLockStore(self.folder, self.clock),
            RedisLockStore(self.redis_url, prefix=f"{uuid.uuid4()}:", clock=self.clock),
        )

    def clock(self):
        return self.now

    def teardown(self):
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    def told(self, name, *arguments, inside=()):
        """What both answer to a call made within sections, which must be the same."""
        answers = []
        for store in self.stores:
            with store.critical_section(*inside) if inside else contextlib.nullcontext():
                answer = getattr(store, name)(*arguments)
            # No order is promised.
            is_many = name in ("of_document", "claim_idle_holds")
            answers.append(sorted(answer, key=repr) if is_many else answer)
        assert answers[0] == answers[1], name
        return answers[0]

    def lock(self, file_id, lock_id, span, content, user, client_has=""):
        return StoredLock(
            file_id,
            DOCUMENT_OF[file_id],
            lock_id,
            user or "",
            self.now + span,
            content,
            f"{content}.docx",
            "text/x",
            content,
            f"/{content}",
            content,
            client_has,
        )

    @rule(file_id=FILES, lock_id=IDS, span=SPANS, content=TEXTS, user=USERS, client_has=TEXTS)
    def take(self, file_id, lock_id, span, content, user, client_has):
        self.told("take", self.lock(file_id, lock_id, span, content, user, client_has))

    @rule(file_id=FILES, expected=IDS, lock_id=IDS, span=SPANS, ends_in=SPANS, content=TEXTS)
    def take_over(self, file_id, expected, lock_id, span, ends_in, content):
        new = self.lock(file_id, lock_id, span, content, "carl")
        self.told("take_over", new, expected, self.now + ends_in)

    @rule(file_id=FILES, expected=IDS, lock_id=IDS, span=SPANS)
    def refresh(self, file_id, expected, lock_id, span):
        self.told("refresh", file_id, expected, lock_id, self.now + span)

    @rule(file_id=FILES, expected=IDS)
    def release(self, file_id, expected):
        self.told("release", file_id, expected)

    @rule(file_id=FILES, content=TEXTS, client=TEXTS, session=TEXTS)
    def note_saved(self, file_id, content, client, session):
        saved = Given(session, content, f"{content}.docx")
        self.told("note_saved", file_id, "m", client, saved, inside=[DOCUMENT_OF[file_id]])

    @rule(file_id=FILES, content=TEXTS)
    def note_writing(self, file_id, content):
        self.told("note_writing", file_id, content, inside=[DOCUMENT_OF[file_id]])

    @rule(file_id=FILES, name=TEXTS)
    def note_name(self, file_id, name):
        self.told("note_name", file_id, name, "m", inside=[DOCUMENT_OF[file_id]])

    @rule(file_id=FILES, content=TEXTS, client=TEXTS, session=TEXTS)
    def note_given(self, file_id, content, client, session):
        self.told("note_given", file_id, client, Given(session, content, f"{content}.docx"))

    @rule(file_id=FILES, client=TEXTS, session=TEXTS)
    def given(self, file_id, client, session):
        self.told("given", file_id, client, session)

    @rule(
        key=DOCUMENTS,
        owner=USERS,
        pending=USERS,
        manual_owner=USERS,
        saver=USERS,
        times=st.tuples(SPANS, SPANS, SPANS),
        editors=st.lists(st.sampled_from(["ana", "bo"]), max_size=2, unique=True),
    )
    def put_hold(self, key, owner, pending, manual_owner, saver, times, editors):
        hold = Hold(key, owner, pending, manual_owner, *times, saver, tuple(editors))
        self.told("put_hold", hold, inside=[key, "d/1"])

    @rule(key=DOCUMENTS)
    def drop_hold(self, key):
        self.told("drop_hold", key, inside=[key])

    @rule(key=DOCUMENTS)
    def forget_document(self, key):
        self.told("forget_document", key, inside=[key])

    @rule(lease=SPANS)
    def claim_idle_holds(self, lease):
        self.told("claim_idle_holds", lease)

    @rule(key=DOCUMENTS, span=SPANS)
    def defer_hold(self, key, span):
        self.told("defer_hold", key, span)

    @rule(seen=st.lists(st.tuples(FILES, TEXTS, ORDERS, CHANGED), max_size=4))
    def see_contents(self, seen):
        self.told("see_contents", seen)
        self.contents_are_the_same()

    @rule(file_id=FILES, content=TEXTS, order=ORDERS, changed=CHANGED)
    def save_content(self, file_id, content, order, changed):
        self.told("save_content", file_id, content, order, changed)
        self.contents_are_the_same()

    def contents_are_the_same(self):
        for file_id in DOCUMENT_OF:
            for content in ("", "one", "two"):
                self.told("known_generation", file_id, content)
                self.told("changed_with", file_id, content)

    @rule(user=st.sampled_from(["ana", "bo"]), client=IDS, text=TEXTS)
    def put_user_info(self, user, client, text):
        self.told("put_user_info", user, client, text)
        self.told("user_info", user, client)

    @rule(file_id=FILES, user=st.sampled_from(["ana", "bo"]), span=SPANS)
    def note_last_save(self, file_id, user, span):
        self.told(
            "note_last_save", file_id, LastSave((user,), (user.title(),), user, self.now + span)
        )
        self.told("last_save", file_id)

    @rule(file_id=FILES, page=IDS, user=st.sampled_from(["ana", "bo"]), is_editing=st.booleans())
    def see_page(self, file_id, page, user, is_editing):
        self.told("see_page", file_id, OpenPage(page, user, user.title(), is_editing))

    @rule(file_id=FILES, page=IDS, trouble=TEXTS)
    def note_trouble(self, file_id, page, trouble):
        self.told("note_trouble", file_id, OpenPage(page, "ana", "Ana", True, trouble))

    @rule(file_id=FILES, page=IDS, beginning=TEXTS)
    def forget_trouble(self, file_id, page, beginning):
        self.told("forget_trouble", file_id, page, beginning)
        self.told("pages", file_id)

    @rule(file_id=FILES, page=IDS)
    def forget_page(self, file_id, page):
        self.told("forget_page", file_id, page)

    @rule(seconds=SPANS)
    def time_passes(self, seconds):
        self.now += abs(seconds)

    @invariant()
    def both_know_the_same(self):
        for file_id in DOCUMENT_OF:
            self.told("get", file_id)
        for key in ("d/1", "d/2"):
            self.told("of_document", key)
            self.told("hold", key)


def test_both_stores_answer_the_same(redis_url):
    class Both(Stores):
        pass

    Both.redis_url = redis_url
    run_state_machine_as_test(
        Both,
        settings=settings(max_examples=100, stateful_step_count=60, deadline=None, print_blob=True),
    )
