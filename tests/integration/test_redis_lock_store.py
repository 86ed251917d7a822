"""The lock store of several machines, held against the contract, and what is its own."""

import contextlib
import functools
import threading
import time

import pytest

from connector.lock_store.base import Given, Hold, LockStoreBusy, LockStoreUnusable, SectionLost
from connector.lock_store.redis import RedisLockStore
from connector.lock_store.redis_connection import _ANSWER_TIMEOUT
from tests.certificates import make_certificate
from tests.lock_store_contract import Clock, LockStoreContract, lock
from tests.redis_server import PASSWORD, RedisServer
from tests.support import HOST, free_ports

SECTION = "nuxeo-wopi:section:d/1"


class TestContract(LockStoreContract):
    """Redis does what every store must do."""

    @pytest.fixture
    def open_store(self, redis_url):
        return functools.partial(RedisLockStore, redis_url)

    @pytest.fixture
    def open_empty_store(self, redis_url):
        return functools.partial(RedisLockStore, redis_url, prefix="other:")


@pytest.fixture
def opened():
    """Opens stores, and closes them in the end."""
    with contextlib.ExitStack() as stores:

        def open_store(url, **options):
            store = RedisLockStore(url, **options)
            stores.callback(store.close)
            return store

        yield open_store


@pytest.fixture
def store(opened, redis_url):
    return opened(redis_url, clock=Clock(), section_wait=0.1)


class TestPrefixes:
    def test_two_installations_share_one_redis(self, opened, redis_url):
        first, second = (opened(redis_url, prefix=name, clock=Clock()) for name in ("a:", "b:"))
        assert first.take(lock("A"))
        assert second.take(lock("B"))
        first.put_hold(Hold("d/1", "ana"))
        assert second.claim_idle_holds(60) == ()
        with first.critical_section("d/1"), second.critical_section("d/1"):
            pass

    def test_every_key_begins_with_it(self, opened, redis_url, one_redis):
        store = opened(redis_url, prefix="mine:", clock=Clock())
        store.take(lock("A"))
        store.put_hold(Hold("default/doc", "ana"))
        store.see_content("file1", "c", 1)
        store.put_user_info("ana", "office", "text")
        with store.critical_section("default/doc"):
            kinds = {key.split(":")[1] for key in one_redis.client.keys("mine:*")}
            assert len(one_redis.client.keys("*")) == len(one_redis.client.keys("mine:*"))
        assert kinds == {"lock", "locks", "hold", "holds", "content", "user-info", "section"}


class TestClearingAway:
    def test_locks_go_by_themselves_but_long_after_their_end(self, store, one_redis):
        store.take(lock("A", expires=2800.0))
        assert store.refresh("file1", "A", "A", 1000.0 + 7200)
        day = 24 * 3600
        for key in ("lock:file1", "locks:default/doc"):
            assert day < one_redis.client.ttl(f"nuxeo-wopi:{key}") <= day + 7200

    def test_holds_stay_until_they_are_dropped(self, store, one_redis):
        store.put_hold(Hold("d/1", "ana"))
        assert one_redis.client.ttl("nuxeo-wopi:hold:d/1") == -1
        assert one_redis.client.ttl("nuxeo-wopi:holds") == -1

    def test_contents_stay_as_long_as_they_are_looked_at(self, store, one_redis):
        first = store.see_content("file1", "aaa", 1)
        one_redis.client.expire("nuxeo-wopi:content:file1", 100)
        assert store.see_content("file1", "aaa", 1) == first
        assert one_redis.client.ttl("nuxeo-wopi:content:file1") > 80 * 24 * 3600

    def test_nothing_is_left_of_a_session_that_has_ended(self, store, one_redis):
        store.put_hold(Hold("default/doc", "ana"))
        store.take(lock("A"))
        with store.critical_section("default/doc"):
            store.release("file1", "A")
            store.drop_hold("default/doc")
        assert one_redis.client.keys("*") == []


class TestSections:
    def test_a_section_is_kept_for_as_long_as_it_takes(self, opened, redis_url, one_redis):
        holder = opened(redis_url, section_lease=6)
        other = opened(redis_url, section_wait=0.05)
        kept, left = 0, 0
        with holder.critical_section("d/1"):
            while kept < 4:
                before, left = left, one_redis.client.pttl(SECTION)
                kept += left > before
                time.sleep(0.05)
            with pytest.raises(LockStoreBusy), other.critical_section("d/1"):
                pass
            holder.put_hold(Hold("d/1", "ana"))
        with other.critical_section("d/1"):
            pass

    def test_whoever_lost_a_section_changes_nothing_any_more(
        self, store, opened, redis_url, one_redis
    ):
        """As it is for a process that stood still until its lease had run out."""
        other = opened(redis_url, clock=Clock())
        store.put_hold(Hold("d/1", "ana"))
        store.take(lock("A", document="d/1"))
        store.save_content("file1", "one", 1)
        with store.critical_section("d/1"):
            store.put_hold(Hold("d/1", "bo"))
            one_redis.client.delete(SECTION)
            with other.critical_section("d/1"):
                other.put_hold(Hold("d/1", "carl"))
                for change in (
                    lambda: store.put_hold(Hold("d/1", "ana")),
                    lambda: store.drop_hold("d/1"),
                    lambda: store.defer_hold("d/1", 60),
                    lambda: store.forget_document("d/1"),
                    lambda: store.take(lock("B", file_id="file2")),
                    lambda: store.take_over(lock("B"), "A", 9e9),
                    lambda: store.refresh("file1", "A", "B", 3000.0),
                    lambda: store.note_saved("file1", "m", "office", Given("s", "c", "n")),
                    lambda: store.release("file1", "A"),
                    lambda: store.see_content("file1", "two", 2),
                    lambda: store.save_content("file1", "two", 2),
                    lambda: store.hold("d/1"),
                    lambda: store.of_document("d/1"),
                    lambda: store.get("file1"),
                ):
                    with pytest.raises(SectionLost):
                        change()
        assert other.hold("d/1") == Hold("d/1", "carl")
        assert other.get("file1") == lock("A", document="d/1")
        assert other.get("file2") is None
        assert other.known_generation("file1", "two") is None
        # Outside, all is as ever; and the section of the other was not taken away.
        assert store.hold("d/1") == Hold("d/1", "carl")

    def test_a_lost_section_of_several_is_enough(self, store, one_redis):
        with store.critical_section("d/1", "d/2"):
            one_redis.client.delete("nuxeo-wopi:section:d/2")
            with pytest.raises(SectionLost):
                store.put_hold(Hold("d/1", "ana"))
        assert one_redis.client.keys("*") == []

    def test_leaving_a_lost_section_leaves_it_to_who_has_it_now(
        self, store, opened, redis_url, one_redis
    ):
        other = opened(redis_url)
        first, second = store.critical_section("d/1"), other.critical_section("d/1")
        first.__enter__()
        one_redis.client.delete(SECTION)
        second.__enter__()
        token = one_redis.client.get(SECTION)
        first.__exit__(None, None, None)
        assert one_redis.client.get(SECTION) == token
        second.__exit__(None, None, None)
        assert one_redis.client.get(SECTION) is None

    def test_other_threads_are_not_bound_by_it(self, store, one_redis):
        """Refreshing a lock does not wait behind a save, nor fail with it."""
        store.take(lock("A", document="d/1"))
        done = []
        with store.critical_section("d/1"):
            one_redis.client.delete(SECTION)
            refresh = threading.Thread(
                target=lambda: done.append(store.refresh("file1", "A", "A", 3000.0))
            )
            refresh.start()
            refresh.join()
        assert done == [True]


class TestRedisAway:
    def test_it_is_busy_while_redis_is_away_and_knows_all_afterwards(self, redis_server, opened):
        store = opened(redis_server.url, clock=Clock())
        store.take(lock("A"))
        store.put_hold(Hold("default/doc", "ana"))
        redis_server.kill()
        for call in (
            lambda: store.get("file1"),
            lambda: store.take(lock("B", file_id="file2")),
            lambda: store.claim_idle_holds(60),
            lambda: store.user_info("ana", "office"),
            lambda: store.put_user_info("ana", "office", "x"),
            lambda: store.critical_section("default/doc").__enter__(),
        ):
            with pytest.raises(LockStoreBusy) as busy:
                call()
            assert PASSWORD not in str(busy.value)
            assert str(redis_server.port) not in str(busy.value)
        redis_server.start()
        assert store.get("file1") == lock("A")
        assert store.get("file2") is None
        with store.critical_section("default/doc"):
            assert store.hold("default/doc") == Hold("default/doc", "ana")

    def test_it_does_not_wait_for_ever(self, redis_server, opened):
        store = opened(redis_server.url)
        assert store.get("file1") is None
        redis_server.freeze()
        began = time.monotonic()
        with pytest.raises(LockStoreBusy):
            store.get("file1")
        assert time.monotonic() - began < 10 * _ANSWER_TIMEOUT
        redis_server.thaw()
        assert store.get("file1") is None

    def test_a_section_outlives_a_redis_that_comes_back_in_time(self, redis_server, opened):
        store = opened(redis_server.url)
        with store.critical_section("d/1"):
            redis_server.kill()
            with pytest.raises(LockStoreBusy):
                store.put_hold(Hold("d/1", "ana"))
            redis_server.start()
            store.put_hold(Hold("d/1", "ana"))
        assert store.hold("d/1") == Hold("d/1", "ana")

    def test_a_redis_that_forgets_ends_sections(self, redis_server, opened):
        store = opened(redis_server.url)
        with store.critical_section("d/1"):
            redis_server.client.flushall()
            with pytest.raises(SectionLost):
                store.hold("d/1")
        with store.critical_section("d/1"):
            assert store.hold("d/1") is None

    def test_leaving_a_section_never_fails(self, redis_server, opened, caplog):
        store = opened(redis_server.url)
        with store.critical_section("d/1"):
            redis_server.kill()
        assert "ends by itself" in caplog.text
        assert PASSWORD not in caplog.text

    def test_one_that_became_a_replica_is_looked_for_anew(self, redis_server, opened):
        """As behind an address that leads to another by now."""
        store = opened(redis_server.url, clock=Clock())
        store.take(lock("A"))
        former = {each["id"] for each in redis_server.client.client_list()}
        redis_server.client.replicaof(HOST, redis_server.port)
        with pytest.raises(LockStoreBusy):
            store.release("file1", "A")
        redis_server.client.replicaof("NO", "ONE")
        assert store.release("file1", "A")
        own = str(redis_server.client.client_id())
        left = {each["id"] for each in redis_server.client.client_list()} & former
        assert left == {own}

    def test_scripts_that_redis_has_forgotten_are_told_again(self, redis_server, opened):
        store = opened(redis_server.url, clock=Clock())
        store.take(lock("A"))
        redis_server.client.script_flush()
        assert store.release("file1", "A")


class TestCheck:
    def test_a_good_one_is_not_complained_of(self, store):
        assert store.check() == []

    def test_one_that_is_away(self, opened):
        port = free_ports(1)
        with pytest.raises(LockStoreUnusable) as error:
            opened(f"redis://:{PASSWORD}@{HOST}:{port}/0").check()
        assert f"Redis at {HOST}:{port} cannot be used: " in str(error.value)
        assert PASSWORD not in str(error.value)
        assert "\n" not in str(error.value)

    def test_one_that_wants_another_password(self, opened, redis_url):
        with pytest.raises(LockStoreUnusable, match="invalid username-password pair") as error:
            opened(redis_url.replace(PASSWORD, "wrong-one")).check()
        assert "wrong-one" not in str(error.value)

    def test_one_that_wants_a_password(self, opened, redis_url):
        with pytest.raises(LockStoreUnusable, match="Authentication required"):
            opened(redis_url.replace(f":{PASSWORD}@", "")).check()

    def test_a_replica(self, opened, redis_server):
        redis_server.client.config_set("masterauth", PASSWORD)
        redis_server.client.replicaof(HOST, free_ports(1))
        with pytest.raises(LockStoreUnusable, match="cannot be used"):
            opened(redis_server.url).check()

    def test_a_cluster(self, opened, tmp_path):
        cluster = RedisServer(
            tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_ports(1))
        )
        try:
            with pytest.raises(LockStoreUnusable, match="is a Redis Cluster"):
                opened(cluster.url).check()
        finally:
            cluster.close()

    def test_one_that_may_drop_or_forget_locks(self, opened, redis_server):
        redis_server.client.config_set("maxmemory-policy", "allkeys-lru")
        redis_server.client.config_set("appendonly", "no")
        dropping, forgetting = opened(redis_server.url).check()
        assert "maxmemory-policy allkeys-lru" in dropping
        assert "appendonly no" in forgetting

    def test_a_user_with_no_more_rights_than_needed(self, opened, redis_server):
        redis_server.client.acl_setuser(
            "wopi",
            enabled=True,
            passwords=["+theirs"],
            keys=["nuxeo-wopi:*"],
            categories=["-@all", "+@read", "+@write", "+@scripting", "+@connection"],
        )
        store = opened(redis_server.url.replace(f":{PASSWORD}@", "wopi:theirs@"), clock=Clock())
        assert store.check() == []
        store.put_hold(Hold("d/1", "ana"))
        with store.critical_section("d/2"):
            store.take(lock("A"))
        assert store.claim_idle_holds(60) == (Hold("d/1", "ana"),)
        with pytest.raises(LockStoreUnusable):
            opened(
                redis_server.url.replace(f":{PASSWORD}@", "wopi:theirs@"), prefix="others:"
            ).check()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files with a certificate for this machine and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


class TestTls:
    @pytest.fixture
    def tls_url(self, certificate, tmp_path):
        path, key = certificate
        port = free_ports(1)
        server = RedisServer(
            tmp_path,
            *("--tls-port", str(port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(path), "--tls-key-file", str(key)),
        )
        yield f"rediss://:{PASSWORD}@{HOST}:{port}"
        server.close()

    def test_certificates_of_the_configuration_are_trusted(self, opened, tls_url, certificate):
        store = opened(tls_url, ca_bundle=certificate[0], clock=Clock())
        assert store.check() == []
        assert store.take(lock("A"))

    def test_others_are_not(self, opened, tls_url):
        with pytest.raises(LockStoreUnusable, match="certificate verify failed") as error:
            opened(tls_url).check()
        assert "\n" not in str(error.value)
        with pytest.raises(LockStoreBusy):
            opened(tls_url).get("file1")
