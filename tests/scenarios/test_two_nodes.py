"""Two nodes behind a load balancer, with folders of their own and one Redis between them."""

import threading
import time
from collections import Counter

import pytest
import requests

from tests.fault_proxy import FaultProxy
from tests.fixtures import InProcess
from tests.redis_server import PASSWORD
from tests.support import Served, docx_bytes

HALF_AN_HOUR = 1801.0
UNLOCK = "Document.Unlock"


def overrides(redis_url, nuxeo_url):
    return {"nuxeo.wopi.redisURL": redis_url, "nuxeo.wopi.nuxeoURL": nuxeo_url}


def until(condition, seconds=60):
    """Wait for what happens in the background."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def unlocks(proxy):
    """Calls that took Nuxeo's lock off a document."""
    return [path for _, path in proxy.seen if UNLOCK in path]


@pytest.fixture(scope="module")
def watched(demo):
    """What both nodes take for Nuxeo."""
    proxy = FaultProxy(demo.nuxeo_url)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def nodes(demo, one_redis, watched, tmp_path_factory):
    """Two ``nuxeo-wopi serve``."""
    one_redis.client.flushall()
    folder = tmp_path_factory.mktemp("nodes")
    settings = overrides(one_redis.url, watched.url)
    with (
        Served(demo, folder / "one", **settings) as one,
        Served(demo, folder / "two", **settings) as two,
    ):
        yield one, two
        told = "\n".join([*one.output, *two.output])
        assert PASSWORD not in told
        assert "Traceback" not in told


@pytest.fixture
def nuxeo(demo):
    return demo.nuxeo("alice")


@pytest.fixture
def uid(nuxeo):
    return nuxeo.create(docx_bytes("before"))


def test_any_node_answers_any_call(nodes, nuxeo, uid):
    one, two = (node.client("alice", uid) for node in nodes)
    first, second = docx_bytes("first"), docx_bytes("second")

    assert one.lock("L").status_code == 200
    assert two.get_lock().headers["X-WOPI-Lock"] == "L"
    assert two.refresh("L").status_code == 200
    saved = two.put(first, "L")
    assert saved.status_code == 200
    assert one.get().content == first
    # Both say the same of it.
    assert one.get().headers["X-WOPI-ItemVersion"] == saved.headers["X-WOPI-ItemVersion"]
    assert one.info()["Version"] == two.info()["Version"] == saved.headers["X-WOPI-ItemVersion"]
    assert one.put(second, "L").status_code == 200
    assert one.relock("M", "L").status_code == 200
    assert two.get_lock().headers["X-WOPI-Lock"] == "M"
    assert nuxeo.document(uid)["lockOwner"] == "alice"

    assert two.unlock("M").status_code == 200
    assert one.get_lock().headers["X-WOPI-Lock"] == ""
    assert "lockOwner" not in nuxeo.document(uid)
    assert nuxeo.content(uid) == second


def test_a_file_has_one_session_over_both_nodes(nodes, uid):
    one, two = nodes[0].client("alice", uid), nodes[1].client("bob", uid)
    one.lock("L")
    for answer in (two.lock("other"), two.put(docx_bytes("no"), "other"), two.unlock("other")):
        assert answer.status_code == 409
        assert answer.headers["X-WOPI-Lock"] == "L"
    assert one.unlock("L").status_code == 200
    assert two.lock("other").status_code == 200
    assert two.unlock("other").status_code == 200


def test_a_co_author_saves_on_the_other_node(nodes, nuxeo, uid):
    alice, bob = nodes[0].client("alice", uid), nodes[1].client("bob", uid)
    alice.lock("L")
    assert bob.lock("L").status_code == 200
    for turn in range(3):
        assert alice.put(docx_bytes(f"alice {turn}"), "L").status_code == 200
        assert nuxeo.document(uid)["lockOwner"] == "alice"
        last = docx_bytes(f"bob {turn}")
        assert bob.put(last, "L").status_code == 200
        assert nuxeo.document(uid)["lockOwner"] == "bob"
    assert alice.unlock("L").status_code == 200
    assert "lockOwner" not in nuxeo.document(uid)
    assert nuxeo.content(uid) == last


def test_saves_on_both_nodes_at_once_come_one_after_the_other(nodes, nuxeo, uid):
    clients = [nodes[0].client("alice", uid), nodes[1].client("bob", uid)]
    clients[0].lock("L")
    texts = [[docx_bytes(f"{who} {turn}") for turn in range(6)] for who in range(2)]
    answers = []

    def save(client, mine):
        for text in mine:
            answers.append(client.put(text, "L").status_code)

    threads = [
        threading.Thread(target=save, args=pair) for pair in zip(clients, texts, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 12
    assert nuxeo.content(uid) in (texts[0][-1], texts[1][-1])
    assert clients[1].unlock("L").status_code == 200
    assert "lockOwner" not in nuxeo.document(uid)


def test_of_many_who_lock_at_once_one_has_it(nodes, uid):
    clients = [nodes[number % 2].client("alice", uid) for number in range(8)]
    start, answers = threading.Barrier(8), {}

    def lock(number):
        start.wait()
        answers[number] = clients[number].lock(f"L{number}")

    threads = [threading.Thread(target=lock, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(a.status_code for a in answers.values()) == {200: 1, 409: 7}
    [winner] = [number for number, answer in answers.items() if answer.status_code == 200]
    held = {a.headers["X-WOPI-Lock"] for a in answers.values() if a.status_code == 409}
    assert held == {f"L{winner}"}
    clients[0].unlock(f"L{winner}")


def test_what_an_editor_stores_for_a_user_is_there_on_both_nodes(nodes, uid):
    one, two = (node.client("alice", uid) for node in nodes)
    put = one.request("POST", data=b"tips=off", Override="PUT_USER_INFO")
    assert put.status_code == 200
    assert two.info()["UserInfo"] == "tips=off"
    assert "UserInfo" not in nodes[1].client("bob", uid).info()


def test_when_a_node_dies_the_other_goes_on(nodes, nuxeo, uid):
    one, two = (node.client("alice", uid) for node in nodes)
    after = docx_bytes("after")
    one.lock("L")
    nodes[0].kill()
    try:
        assert two.refresh("L").status_code == 200
        assert two.put(after, "L").status_code == 200
        assert two.unlock("L").status_code == 200
    finally:
        nodes[0].start_again()
    assert nuxeo.content(uid) == after
    assert "lockOwner" not in nuxeo.document(uid)
    assert one.get_lock().headers["X-WOPI-Lock"] == ""


def test_a_node_that_dies_in_the_middle_of_a_save_holds_nobody_up_for_long(
    nodes, watched, nuxeo, uid
):
    one, two = (node.client("alice", uid) for node in nodes)
    one.lock("L")

    def kill():
        nodes[0].kill()
        return "drop"

    # The document is written inside its critical section.
    watched.plan("PUT", f"/id/{uid}", kill)
    try:
        with pytest.raises(requests.ConnectionError):
            one.put(docx_bytes("lost with the node"), "L")
        # What the office client does then: the same once more.
        again = docx_bytes("sent again")
        assert two.put(again, "L").status_code == 200
        assert nuxeo.content(uid) == again
        assert two.unlock("L").status_code == 200
    finally:
        nodes[0].start_again()


def test_a_node_that_stands_still_in_the_middle_of_a_save_finds_that_it_is_late(
    nodes, watched, nuxeo, uid
):
    one, two = nodes[0].client("alice", uid), nodes[1].client("bob", uid)
    one.lock("L")
    meanwhile, late = docx_bytes("bob, meanwhile"), docx_bytes("alice, late")
    watched.seen.clear()
    told = []

    def stand_still():
        """After the section was entered, until its lease has run out and the other has saved."""
        nodes[0].freeze()
        try:
            told.append(two.put(meanwhile, "L").status_code)
        finally:
            nodes[0].thaw()

    watched.plan("GET", f"/id/{uid}", stand_still)
    assert one.put(late, "L").status_code == 200
    assert told == [200]
    # It did not write by what it had read before, but looked again: each of them wrote once.
    writes = [path for method, path in watched.seen if method == "PUT" and f"/id/{uid}" in path]
    assert len(writes) == 2
    assert nuxeo.content(uid) == late
    nodes[0].wait_for(f"saving default/{uid} once more")
    assert one.unlock("L").status_code == 200
    assert "lockOwner" not in nuxeo.document(uid)


def test_a_lock_that_ended_while_all_were_down_is_given_back_by_one(
    demo, nodes, watched, nuxeo, uid, one_redis
):
    client = nodes[0].client("alice", uid)
    client.lock("L")
    for node in nodes:
        node.kill()
    # As if half an hour had gone by.
    file_id = client.source.rpartition("/")[2]
    one_redis.client.hset(f"nuxeo-wopi:lock:{file_id}", "expires_at", time.time() - 1)
    watched.seen.clear()
    one_redis.client.config_resetstat()
    for node in nodes:
        node.start_again()

    until(lambda: "lockOwner" not in nuxeo.document(uid))
    # Every process of both nodes has looked for what there is to give back.
    workers = 2 * demo.settings().workers
    looks = "cmdstat_zrangebyscore"
    until(lambda: one_redis.client.info("commandstats").get(looks, {}).get("calls", 0) >= workers)
    watched.wait_until_idle()
    assert len(unlocks(watched)) == 1
    # It notes last of all that nothing is left to do.
    until(lambda: one_redis.client.zcard("nuxeo-wopi:holds") == 0)


@pytest.fixture
def neighbours(demo, redis_url, proxy, tmp_path, clock):
    """Two nodes inside the test's process, with a clock that can be moved."""
    settings = overrides(redis_url, proxy.url) | {
        "nuxeo.wopi.recovery.dir": str(tmp_path / "recovery"),
    }
    made = [InProcess(demo, tmp_path / name, clock, **settings) for name in ("one", "two")]
    yield made
    for node in made:
        node.close()


def test_expired_locks_are_given_back_once_when_nobody_calls_any_more(
    neighbours, proxy, nuxeo, clock
):
    uids = [nuxeo.create() for _ in range(6)]
    for number, uid in enumerate(uids):
        assert neighbours[number % 2].open("alice", uid).lock("L").status_code == 200
    clock.offset += HALF_AN_HOUR
    proxy.seen.clear()
    start = threading.Barrier(4)

    def look(node):
        start.wait()
        node.connector.sessions.end_idle()

    threads = [threading.Thread(target=look, args=(node,)) for node in neighbours * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(unlocks(proxy)) == len(uids)
    assert [uid for uid in uids if "lockOwner" in nuxeo.document(uid)] == []


def test_a_node_that_stood_still_while_the_other_saved_writes_nothing_over_it(
    neighbours, proxy, nuxeo, uid, one_redis
):
    one, two = (node.open("alice", uid) for node in neighbours)
    one.lock("L")
    others, own = docx_bytes("saved meanwhile"), docx_bytes("late")
    proxy.seen.clear()
    told = []

    def stand_still():
        """Between reading the document and writing it, until the lease has run out."""
        one_redis.client.delete(f"nuxeo-wopi:section:default/{uid}")
        told.append(two.put(others, "L").status_code)

    proxy.plan("GET", f"/id/{uid}", stand_still)
    # It looks at the document anew, and then it is its turn: what comes last is there last.
    assert one.put(own, "L").status_code == 200
    assert told == [200]
    assert nuxeo.content(uid) == own
    writes = [path for method, path in proxy.seen if method == "PUT" and f"/id/{uid}" in path]
    assert len(writes) == 2


def test_a_node_that_keeps_losing_its_section_changes_nothing_and_keeps_the_save(
    neighbours, proxy, nuxeo, uid, one_redis
):
    client = neighbours[0].open("alice", uid)
    client.lock("L")
    before = nuxeo.content(uid)
    proxy.seen.clear()

    def lose():
        one_redis.client.delete(f"nuxeo-wopi:section:default/{uid}")

    proxy.plan("GET", f"/id/{uid}", *[lose] * 20)
    answer = client.put(docx_bytes("kept"), "L")
    assert answer.status_code == 500
    assert "kept by the connector" in answer.headers["X-WOPI-ServerError"]
    assert nuxeo.content(uid) == before
    assert [path for method, path in proxy.seen if method == "PUT"] == []
    proxy.forget()
    assert client.put(docx_bytes("again"), "L").status_code == 200


def test_nodes_with_one_recovery_folder_know_of_each_others_failed_saves(
    neighbours, proxy, nuxeo, uid
):
    one, two = (node.open("alice", uid) for node in neighbours)
    # One opening of the file, whichever node a call of the office client gets to.
    two = one.at(two.source, one.clock)
    one.lock("L")
    proxy.follow(lambda method, path: 503 if "upload" in path else None)
    assert one.put(docx_bytes("failed"), "L").status_code == 500
    [kept] = neighbours[1].connector.recovery.all()
    assert kept.user == "alice"
    proxy.forget()
    # The office client tries again, and the load balancer sends that to the other node.
    assert two.put(docx_bytes("saved"), "L").status_code == 200
    assert neighbours[0].connector.recovery.all() == []
    assert two.unlock("L").status_code == 200


def test_while_redis_is_away_nothing_is_lost_and_then_sessions_go_on(
    demo, redis_server, nuxeo, uid, tmp_path, clock, caplog
):
    settings = {"nuxeo.wopi.redisURL": redis_server.url}
    node = InProcess(demo, tmp_path / "wopi", clock, **settings)
    try:
        client = node.open("alice", uid)
        client.lock("L")
        redis_server.kill()
        text = docx_bytes("while it was away")
        for answer in (
            client.put(text, "L"),
            client.refresh("L"),
            client.get_lock(),
            client.lock("L"),
            client.unlock("L"),
        ):
            assert answer.status_code == 500
            assert "the lock store did not answer" in answer.headers["X-WOPI-ServerError"]
            assert str(redis_server.port) not in str(answer.headers)
        [kept] = node.connector.recovery.all()
        assert kept.user == "alice"
        redis_server.start()
        assert client.refresh("L").status_code == 200
        assert client.put(text, "L").status_code == 200
        # It was saved after all.
        assert node.connector.recovery.all() == []
        assert client.unlock("L").status_code == 200
        assert nuxeo.content(uid) == text
        assert PASSWORD not in caplog.text
    finally:
        node.close()
