"""When a version is due, and what is noted of saves that are in none."""

import pytest

from connector import version_policy
from connector.config_values import policies_by_type
from connector.lock_store.base import Hold
from connector.version_policy import VersionPolicy, When
from connector.wopi.versioning import (
    Moment,
    VersionPolicies,
    comment_of,
    is_due,
    only_saves,
    waits_for_version,
    with_save,
    without_saves,
)

NOW = 1_000_000.0
UNTOUCHED = Hold("default/doc", "alice")
SAVED = with_save(UNTOUCHED, "alice", (), NOW)


class TestRules:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("none", VersionPolicy(When.NEVER)),
            ("session", VersionPolicy(When.SESSION)),
            ("session minor", VersionPolicy(When.SESSION)),
            ("save major", VersionPolicy(When.SAVE, is_major=True)),
            ("every 15", VersionPolicy(When.EVERY, 15)),
            (" every  10080  major ", VersionPolicy(When.EVERY, 10080, is_major=True)),
        ],
    )
    def test_they_are_understood(self, text, expected):
        assert version_policy.parse(text) == expected

    @pytest.mark.parametrize(
        "text",
        ["", "never", "Session", "every", "every 0", "every -1", "every 1.5", "every 10081",
         "every 99999", "every 100000", "every 15 minutes", "none minor", "save patch",
         "session 15", "minor"],
    )  # fmt: skip
    def test_others_are_refused(self, text):
        with pytest.raises(ValueError, match=r"^(is|has) "):
            version_policy.parse(text)

    def test_a_type_may_have_its_own(self):
        policies = VersionPolicies(
            version_policy.parse("session"), policies_by_type("Contract = save major; Note=none;")
        )
        assert policies.of("Contract") == VersionPolicy(When.SAVE, is_major=True)
        assert policies.of("Note") == VersionPolicy(When.NEVER)
        assert policies.of("note") == policies.of("File") == VersionPolicy(When.SESSION)

    @pytest.mark.parametrize(
        "text",
        ["Contract", "Contract=", "=save", "My Type=save", "A=save;A=none", "A=often", "A,B=save"],
    )
    def test_rules_by_type_that_are_none_are_refused(self, text):
        with pytest.raises(ValueError, match=r"^(is|has) "):
            policies_by_type(text)


class TestIsDue:
    @pytest.mark.parametrize("moment", Moment)
    @pytest.mark.parametrize("text", ["none", "session", "save", "every 1"])
    def test_never_when_nothing_was_saved(self, text, moment):
        assert not is_due(version_policy.parse(text), moment, UNTOUCHED, NOW + 3600)

    @pytest.mark.parametrize(
        ("text", "with_a_save", "with_the_last_save", "at_the_end"),
        [
            ("none", False, False, False),
            ("session", False, True, True),
            ("save", True, True, True),
            ("every 1", True, True, True),
            ("every 61", False, True, True),
        ],
    )
    def test_by_the_rule(self, text, with_a_save, with_the_last_save, at_the_end):
        due = [is_due(version_policy.parse(text), each, SAVED, NOW + 3600) for each in Moment]
        assert due == [with_a_save, with_the_last_save, at_the_end]

    @pytest.mark.parametrize(("seconds", "expected"), [(599.9, False), (600, True)])
    def test_every_ten_minutes_is_counted_from_the_first_save(self, seconds, expected):
        hold = with_save(SAVED, "bob", (), NOW + 300)
        policy = version_policy.parse("every 10")
        assert is_due(policy, Moment.SAVED, hold, NOW + seconds) is expected


class TestNotes:
    def test_the_first_save_gives_the_time_and_the_last_the_name(self):
        hold = with_save(SAVED, "bob", (), NOW + 60)
        assert (hold.saved_at, hold.saver, hold.editors) == (NOW, "bob", ("alice", "bob"))
        assert hold.owner == "alice"

    def test_user_ids_are_login_names_again_and_what_is_none_is_left_out(self):
        told = ("~c3a96c6f", "bob", "two words", "~zz", "a\nb", "~0a", "x" * 256, "carol", "bob")
        hold = with_save(UNTOUCHED, "alice", told, NOW)
        assert hold.editors == ("alice", "élo", "bob", "carol")

    def test_there_is_an_end_to_them(self):
        hold = UNTOUCHED
        for save in range(100):
            hold = with_save(hold, f"user{save}", (), NOW)
        assert (len(hold.editors), hold.saver) == (50, "user99")

    def test_when_all_is_in_a_version_the_lock_is_left(self):
        assert without_saves(SAVED) == UNTOUCHED

    def test_when_the_lock_is_gone_the_saves_are_left(self):
        hold = only_saves(SAVED)
        assert hold.owners == frozenset()
        assert (hold.saved_at, hold.saver, hold.editors) == (NOW, "alice", ("alice",))

    def test_waiting_begins_when_the_session_ends(self):
        assert waits_for_version(SAVED, NOW + 99).saved_at == NOW + 99
        assert waits_for_version(UNTOUCHED, NOW + 99) == UNTOUCHED


class TestComment:
    def test_it_names_who_edited(self):
        assert comment_of(("alice", "bob")) == "Edited by alice, bob"

    def test_it_fits_into_nuxeos_audit(self):
        names = tuple(f"{number:02}.somebody@a-long-name.example.org" for number in range(50))
        comment = comment_of(names)
        told, _, more = comment.partition(" and ")
        assert len(comment) <= 1024
        assert told.count("@") + int(more.removesuffix(" more")) == 50
