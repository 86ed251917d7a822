"""What every lock store must do: atomic, shared by processes, and honest about time.

:mod:`tests.unit.test_lock_store` and :mod:`tests.integration.test_redis_lock_store` hold their
stores against it. ``open_store`` opens one, ``open_empty_store`` one that knows nothing of it.
"""

import threading
import time
from dataclasses import replace

import pytest

from connector.lock_store.base import (
    GIVEN_KEPT,
    LAST_SAVE_KEPT,
    PRESENT_KEPT,
    PRESENT_NOTED,
    Given,
    Hold,
    LastSave,
    LockStoreBusy,
    OpenPage,
    StoredLock,
)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def lock(lock_id="A", *, file_id="file1", document="default/doc", expires=2800.0):
    return StoredLock(file_id, document, lock_id, "ana", expires, "digest", "a.docx", "text/x")


class LockStoreContract:
    """To be inherited."""

    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def store(self, open_store, clock):
        store = open_store(clock=clock)
        yield store
        store.close()

    def test_a_lock_is_kept_as_it_was_taken(self, store):
        taken = lock("x" * 1024)
        assert store.take(taken)
        assert store.get("file1") == taken
        assert store.of_document("default/doc") == (taken,)

    def test_the_office_client_and_the_documents_path_are_kept_with_it(self, store):
        taken = replace(lock("A"), client="collabora", path="/folder/a")
        assert store.take(taken)
        assert store.refresh("file1", "A", "B", 3000.0)
        assert store.get("file1").client == "collabora"
        assert store.get("file1").path == "/folder/a"

    def test_a_file_has_one_lock(self, store):
        assert store.take(lock("A"))
        assert not store.take(lock("B"))
        assert not store.take(lock("A"))
        assert store.get("file1").lock_id == "A"

    def test_only_the_expected_lock_is_replaced_or_released(self, store):
        store.take(lock("A"))
        assert not store.refresh("file1", "B", "C", 3000.0)
        assert not store.release("file1", "B")
        assert store.refresh("file1", "A", "B", 3000.0)
        assert store.get("file1").expires_at == 3000.0
        assert store.release("file1", "B")
        assert store.get("file1") is None
        assert not store.release("file1", "B")

    def test_a_lock_whose_time_is_over_is_no_lock(self, store, clock):
        store.take(lock("A"))
        clock.now = 2799.9
        assert store.get("file1")
        clock.now = 2800.0
        assert store.get("file1") is None
        assert store.of_document("default/doc") == ()
        assert not store.refresh("file1", "A", "A", 9000.0)
        assert not store.release("file1", "A")
        assert store.take(lock("B", expires=5000.0))

    def test_noting_a_save_or_a_name_and_refreshing_leave_each_other_alone(self, store):
        store.take(lock("A"))
        store.note_name("file1", "b.docx", "y")
        assert store.get("file1") == replace(lock("A"), file_name="b.docx", mime_type="y")
        store.note_writing("file1", "third")
        store.refresh("file1", "A", "B", 3000.0)
        assert store.get("file1").writing == "third"
        store.note_saved("file1", "z", "office", Given("s", "third", "c.docx"))
        expected = replace(
            lock("B", expires=3000.0), content="third", file_name="c.docx", mime_type="z"
        )
        assert store.get("file1") == expected

    def test_of_a_file_without_a_lock_nothing_is_written_but_who_has_what(self, store):
        store.note_name("file1", "b.docx", "y")
        store.note_writing("file1", "x")
        saved = Given("s", "x", "b.docx")
        store.note_saved("file1", "y", "office", saved)
        assert store.get("file1") is None
        assert store.given("file1", "office", "s") == saved

    def test_what_an_office_client_was_given_is_known_by_opening_for_days(self, store, clock):
        one, two, three = (Given(s, f"c{s}", f"{s}.docx") for s in ("1", "2", "3"))
        assert store.given("file1", "office", "1") is None
        store.note_given("file1", "office", one)
        clock.now += 1
        store.note_given("file1", "office", two)
        clock.now += 1
        store.note_given("file1", "collabora", three)
        clock.now += GIVEN_KEPT - 3
        store.claim_idle_holds(60)
        assert store.given("file1", "office", "1") == one
        assert store.given("file1", "office", "2") == two
        assert store.given("file1", "collabora", "3") == three
        assert store.given("file2", "office", "1") is None
        assert store.given("file1", "office", "2").read_at == 1001.0
        # For an opening of which nothing is known, it is what the client was given last.
        assert store.given("file1", "office", "9") == two
        assert store.given("file1", "collabora", "1") == three
        clock.now += 1
        store.claim_idle_holds(60)
        assert store.given("file1", "office", "1") == two
        clock.now += 1
        store.claim_idle_holds(60)
        assert store.given("file1", "office", "2") is None

    def test_a_save_is_what_all_have_who_had_what_was_there_before(self, store):
        for client, session, content in (
            ("office", "1", "digest"),
            ("office", "2", "digest"),
            ("office", "3", "older"),
            ("collabora", "4", "digest"),
        ):
            store.note_given("file1", client, Given(session, content, "a.docx"))
        store.take(replace(lock("A"), client="office"))
        store.note_saved("file1", "text/x", "office", Given("5", "new", "b.docx"))
        given = [store.given("file1", "office", session) for session in "1235"]
        assert [each.content for each in given] == ["new", "new", "older", "new"]
        assert [each.file_name for each in given] == ["a.docx", "a.docx", "a.docx", "b.docx"]
        assert store.given("file1", "collabora", "4").content == "digest"

    def test_what_was_given_too_long_ago_does_not_come_back_with_a_save(self, store, clock):
        store.note_given("file1", "office", Given("1", "digest", "a.docx"))
        clock.now += GIVEN_KEPT
        store.take(lock("A", expires=clock.now + 1800))
        saved = Given("2", "new", "a.docx")
        store.note_saved("file1", "text/x", "office", saved)
        assert store.given("file1", "office", "1") == saved

    def test_a_lock_that_is_over_says_nothing_of_who_has_what(self, store, clock):
        store.take(lock("A"))
        store.note_given("file1", "office", Given("1", "digest", "a.docx"))
        clock.now = 2800.0
        store.note_saved("file1", "text/x", "office", Given("2", "new", "a.docx"))
        assert store.given("file1", "office", "1").content == "digest"

    def test_for_an_unknown_opening_who_has_saved_goes_before_who_only_reads(self, store, clock):
        store.note_given("file1", "office", Given("1", "one", "a.docx"))
        read_at = clock.now
        clock.now += 1
        store.take(lock("A"))
        store.note_saved("file1", "text/x", "office", Given("1", "two", "a.docx"))
        clock.now += 1
        store.note_given("file1", "office", Given("2", "three", "a.docx"))
        assert store.given("file1", "office", "9") == Given("1", "two", "a.docx")
        # A save is no reading.
        assert store.given("file1", "office", "1").read_at == read_at
        store.note_given("file1", "office", Given("1", "three", "a.docx"))
        assert store.given("file1", "office", "9").session == "1"
        assert store.given("file1", "office", "9").read_at == clock.now

    def test_an_opening_that_was_behind_catches_up_with_what_it_is_given_first(self, store):
        behind = replace(lock("A"), client="office", session="1", client_has="older")

        def is_behind():
            return store.get("file1").client_has == "older"

        assert store.take(behind)
        assert store.get("file1") == behind
        for client, session, content in (
            ("office", "2", "digest"),
            ("collabora", "1", "digest"),
        ):
            store.note_given("file1", client, Given(session, content, "a.docx"))
            assert is_behind()
        store.refresh("file1", "A", "A", 2900.0)
        store.note_name("file1", "b.docx", "y")
        store.note_writing("file1", "x")
        assert is_behind()
        store.note_given("file1", "office", Given("1", "digest", "a.docx"))
        assert not is_behind()

        # Given again, it may have that, or still what it was given before.
        assert store.take_over(replace(behind, lock_id="B"), "A", 3000.0)
        store.note_given("file1", "office", Given("1", "digest", "a.docx"))
        assert store.get("file1").client_has == "digest"
        store.note_given("file1", "office", Given("7", "digest", "a.docx"))
        store.note_saved("file1", "text/x", "office", Given("2", "new", "a.docx"))
        assert store.get("file1").client_has == ""
        assert store.given("file1", "office", "7").content == "new"

    def test_a_hold_is_kept_until_it_is_dropped(self, store):
        hold = Hold("default/doc", "ana", "bo", "carl", 9.5, 6.5, 7.5, "bo", ("ana", "Zoë"))
        assert store.hold("default/doc") is None
        store.put_hold(hold)
        assert store.hold("default/doc") == hold
        assert hold.owners == {"ana", "bo"}
        store.put_hold(Hold("default/doc", "bo"))
        assert store.hold("default/doc") == Hold("default/doc", "bo")
        store.drop_hold("default/doc")
        assert store.hold("default/doc") is None

    def test_forgetting_a_document_leaves_the_others(self, store):
        for name, document in (("file1", "d/1"), ("file2", "d/1"), ("file3", "d/2")):
            store.take(lock(file_id=name, document=document))
            store.put_hold(Hold(document, "ana"))
        store.forget_document("d/1")
        assert [store.get(name) is None for name in ("file1", "file2", "file3")] == [
            True,
            True,
            False,
        ]
        assert (store.hold("d/1"), store.hold("d/2")) == (None, Hold("d/2", "ana"))

    def test_a_hold_without_a_live_lock_is_given_to_one_caller_at_a_time(self, store, clock):
        store.take(lock(document="d/1"))
        store.take(lock(file_id="file2", document="d/2", expires=9000.0))
        for document in ("d/1", "d/2", "d/3"):
            store.put_hold(Hold(document, "ana"))
        assert store.claim_idle_holds(60) == (Hold("d/3", "ana"),)
        store.drop_hold("d/3")
        clock.now = 3000.0
        assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)
        assert store.claim_idle_holds(60) == ()
        clock.now = 3060.0
        assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)

    def test_locks_survive_the_process(self, open_store, clock):
        first = open_store(clock=clock)
        first.take(lock("A"))
        first.close()
        second = open_store(clock=clock)
        assert second.get("file1") == lock("A")
        second.close()

    def test_one_at_a_time_in_a_critical_section(self, store):
        inside, most = 0, 0
        guard = threading.Lock()

        def work():
            nonlocal inside, most
            for _ in range(5):
                with store.critical_section("default/doc"):
                    with guard:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0.002)
                    with guard:
                        inside -= 1

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most == 1

    def test_a_section_that_cannot_be_had_is_said_so(self, open_store):
        store = open_store(section_wait=0.05)
        with (
            store.critical_section("default/doc"),
            pytest.raises(LockStoreBusy),
            store.critical_section("default/doc"),
        ):
            pass
        with store.critical_section("default/doc"):
            pass
        store.close()

    def test_several_sections_are_entered_at_once_in_whatever_order_they_are_named(self, store):
        keys = [f"default/{number}" for number in range(6)]
        inside = dict.fromkeys(keys, 0)
        met = []

        def work(first, second):
            for _ in range(10):
                with store.critical_section(first, second):
                    for key in {first, second}:
                        inside[key] += 1
                        met.append(inside[key])
                    time.sleep(0.001)
                    for key in {first, second}:
                        inside[key] -= 1

        pairs = [(keys[n], keys[(n + step) % 6]) for n in range(6) for step in (0, 1, 5)]
        threads = [threading.Thread(target=work, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert set(met) == {1}
        assert not any(thread.is_alive() for thread in threads)

    def test_generations_grow_with_the_content_and_never_repeat(self, store):
        first = store.see_content("file1", "aaa", 1)
        assert store.see_content("file1", "aaa", 2) == first
        second = store.see_content("file1", "bbb", 3)
        third = store.see_content("file1", "aaa", 4)
        fourth = store.save_content("file1", "aaa", 5)
        assert first < second < third < fourth
        assert store.see_content("file1", "aaa", 6) == fourth
        assert store.see_content("file2", "aaa", None) > 0

    def test_what_was_read_before_is_no_news(self, store):
        old = store.see_content("file1", "old", 1)
        new = store.save_content("file1", "new", 2)
        assert store.see_content("file1", "old", 1) == old
        assert store.see_content("file1", "older", 0) == 0
        assert store.see_content("file1", "new", 2) == new
        # Neither is older than the other: what comes last counts.
        newer = store.see_content("file1", "newer", 2)
        assert newer > new
        # Without an order nothing can be told: what comes last counts.
        assert store.see_content("file1", "old", None) > newer

    def test_asking_for_a_generation_notes_nothing(self, store):
        assert store.known_generation("file1", "aaa") is None
        first = store.see_content("file1", "aaa", 1)
        second = store.see_content("file1", "bbb", 2)
        known = [store.known_generation("file1", content) for content in ("aaa", "bbb", "ccc")]
        assert known == [first, second, None]
        assert store.see_content("file1", "bbb", 3) == second

    def test_many_who_see_the_same_change_at_once_agree(self, store):
        store.see_content("file1", "aaa", 1)
        barrier, seen = threading.Barrier(8), []

        def look():
            barrier.wait()
            seen.append(store.see_content("file1", "bbb", 2))

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 8
        assert len(set(seen)) == 1

    def test_generations_go_on_growing_when_the_store_was_lost(
        self, open_store, open_empty_store, clock
    ):
        before = open_store(clock=clock)
        old = before.see_content("file1", "aaa", 1)
        before.close()
        clock.now += 1
        after = open_empty_store(clock=clock)
        assert after.see_content("file1", "aaa", 1) > old
        after.close()

    def test_a_users_text_is_theirs_shared_by_processes_and_outlives_them(self, open_store, clock):
        first, second = open_store(clock=clock), open_store(clock=clock)
        assert second.user_info("ana", "office") is None
        first.put_user_info("ana", "office", "one")
        assert second.user_info("ana", "office") == "one"
        second.put_user_info("ana", "office", "")
        second.put_user_info("bob", "office", "his")
        assert (first.user_info("ana", "office"), first.user_info("bob", "office")) == ("", "his")
        first.close()
        second.close()
        again = open_store(clock=clock)
        assert again.user_info("bob", "office") == "his"
        again.close()

    def test_each_office_client_has_a_text_of_its_own(self, store):
        store.put_user_info("ana", "office", "tips=1")
        assert store.user_info("ana", "collabora") is None
        store.put_user_info("ana", "collabora", "{}")
        assert store.user_info("ana", "office") == "tips=1"
        assert store.user_info("ana", "collabora") == "{}"

    def test_who_saved_last_is_known_for_months(self, open_store, clock):
        first, second = open_store(clock=clock), open_store(clock=clock)
        assert first.last_save("f") is None
        first.note_last_save("f", LastSave(("ana",), ("Ana Núñez",), "one", 900.25))
        both = LastSave(("bo", "ana"), ("Bo", "Ana Núñez"), "two", 1000.5)
        first.note_last_save("f", both)
        first.note_last_save("g", LastSave(("ana",), ("Ana",), "", 1000.0))
        first.close()
        assert second.last_save("f") == both
        clock.now += LAST_SAVE_KEPT - 1
        assert second.last_save("f")
        clock.now += 2
        second.claim_idle_holds(60.0)
        assert second.last_save("f") is None
        second.close()

    def test_pages_are_open_until_they_are_not_heard_of(self, open_store, clock):
        first, second = open_store(clock=clock), open_store(clock=clock)
        ana = OpenPage("p1", "ana", "Ana Núñez", True)
        bo = OpenPage("p2", "bo", "Bo", False)
        assert first.see_page("f", ana) == (ana,)
        clock.now += PRESENT_KEPT - 1
        assert second.see_page("f", bo) == (ana, bo)
        assert second.see_page("g", bo) == (bo,)
        clock.now += 1
        assert first.see_page("f", bo) == (bo,)
        assert first.see_page("f", ana) == (ana, bo)
        # Who is heard of again and again stays.
        for _ in range(10):
            clock.now += PRESENT_NOTED - 1
            assert first.see_page("f", bo)
        assert first.see_page("f", bo) == (bo,)
        assert first.see_page("f", ana) == (ana, bo)
        second.forget_page("f", "p2")
        second.forget_page("f", "never there")
        assert first.see_page("f", ana) == (ana,)
        first.close()
        second.close()

    def test_a_pages_trouble_is_kept_while_it_is_open(self, store, clock):
        ana = OpenPage("p1", "ana", "Ana", True)
        in_trouble = replace(ana, trouble="GetFile 500")
        store.note_trouble("f", in_trouble)
        assert store.pages("f") == store.see_page("f", ana) == (in_trouble,)
        store.forget_trouble("f", "p1", "CheckFileInfo")
        assert store.see_page("f", ana) == (in_trouble,)
        store.forget_trouble("f", "p1", "GetFile")
        assert store.see_page("f", ana) == (ana,)
        # It says that the page is there, too; that it is over does not.
        clock.now += PRESENT_KEPT - 1
        store.note_trouble("f", in_trouble)
        clock.now += PRESENT_KEPT - 1
        store.forget_trouble("f", "p1")
        assert store.pages("f") == (ana,)
        clock.now += 1
        assert store.pages("f") == ()
        store.forget_trouble("f", "p1")
        store.forget_trouble("f", "p2")
        assert store.pages("f") == ()
        assert store.see_page("f", ana) == (ana,)

    def test_contents_are_seen_at_once_as_one_by_one(self, store):
        seen = [(f"f{number}", f"c{number}", 1, None) for number in range(250)]
        first = store.see_contents(seen)
        assert [store.see_content(*each) for each in seen] == first
        assert store.see_contents([]) == []
        changed = store.see_contents([("f0", "other", 2, None), *seen[1:]])
        assert changed[0] > first[0]
        assert changed[1:] == first[1:]
        # What was read before is no news.
        assert store.see_contents([("f0", "c0", 1, None)]) == first[:1]
        assert store.known_generation("f0", "other") == changed[0]

    def test_when_a_content_came_is_known_until_another_comes(self, store):
        assert store.changed_with("f", "one") is None
        store.see_content("f", "one", 1, "10:00")
        store.see_content("f", "one", 2, "10:01")
        assert store.changed_with("f", "one") == "10:00"
        store.save_content("f", "two", 3, "10:02")
        assert store.changed_with("f", "one") is None
        assert store.changed_with("f", "two") == "10:02"

    def test_a_lock_is_taken_over_only_if_it_has_not_been_refreshed(self, store, clock):
        store.take(lock("A", expires=2800.0))
        other = replace(lock("B", expires=4000.0), user="bo", client="collabora", path="/p")
        assert not store.take_over(other, "C", 2800.0)
        assert not store.take_over(other, "A", 2799.9)
        assert store.take_over(other, "A", 2800.0)
        assert store.get("file1") == other
        assert store.of_document("default/doc") == (other,)
        clock.now = 4000.0
        assert not store.take_over(lock("D", expires=9000.0), "B", 4000.0)

    def test_of_many_documents_each_idle_hold_is_claimed_once(self, store):
        holds = {Hold(f"d/{number}", "ana") for number in range(230)}
        for hold in holds:
            store.put_hold(hold)
        store.take(lock(document="d/7"))
        store.defer_hold("d/8", 60)
        claimed = store.claim_idle_holds(60)
        assert len(claimed) == len(set(claimed)) == 228
        assert holds - set(claimed) == {Hold("d/7", "ana"), Hold("d/8", "ana")}
        assert store.claim_idle_holds(60) == ()

    def test_a_hold_that_was_claimed_stays_so_when_it_is_noted_anew(self, store, clock):
        store.put_hold(Hold("d/1", "ana"))
        assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)
        store.put_hold(Hold("d/1", "bo"))
        assert store.claim_idle_holds(60) == ()
        clock.now += 60
        assert store.claim_idle_holds(60) == (Hold("d/1", "bo"),)
        store.drop_hold("d/1")
        store.put_hold(Hold("d/1", "carl"))
        assert store.claim_idle_holds(60) == (Hold("d/1", "carl"),)

    def test_of_a_document_that_was_forgotten_no_claim_is_left(self, store):
        store.put_hold(Hold("d/1", "ana"))
        assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)
        store.forget_document("d/1")
        store.put_hold(Hold("d/1", "bo"))
        assert store.claim_idle_holds(60) == (Hold("d/1", "bo"),)

    def test_any_text_is_kept_as_it_is(self, store):
        odd = "a: b/\n\u2028 'Ünï' \U0001f600 {}"
        taken = StoredLock("f:1", "d:1/x", odd, odd, 2800.123456789, *[odd] * 8)
        assert store.take(taken)
        assert store.get("f:1") == taken
        hold = Hold(
            "d:1/x", odd, None, odd, 1e9 + 0.1, saved_at=0.1 + 0.2, saver="", editors=(odd, "")
        )
        store.put_hold(hold)
        assert store.hold("d:1/x") == hold
        store.note_given("f:1", odd, Given(odd, odd, odd))
        assert store.given("f:1", odd, odd) == Given(odd, odd, odd)
        store.put_user_info(odd, "office", odd)
        assert store.user_info(odd, "office") == odd

    def test_a_section_is_left_also_by_an_error(self, store):
        with pytest.raises(ZeroDivisionError), store.critical_section("d/1", "d/2"):
            raise ZeroDivisionError
        with store.critical_section("d/2", "d/1", "d/2"):
            store.put_hold(Hold("d/1", "ana"))
        assert store.hold("d/1") == Hold("d/1", "ana")
