"""Events on their way: nobody waits for them, none is told twice, and what is lost is said."""

import json
import threading

import pytest

from connector.events.delivery import Deliveries, Delivery
from connector.events.events import NO_EVENTS, Event, EventKind
from connector.events.text import as_json
from connector.events.webhook import signature
from connector.wopi.auditing import comment_of


def event(number=0, kind=EventKind.SAVED, **details):
    return Event(kind, "default", f"doc-{number}", "file:content", "ana", 1e9, details)


class Receiver:
    """Notes what it gets; can be held up, and can fail."""

    def __init__(self):
        self.got = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.busy = threading.Event()
        self.fails = False

    def __call__(self, event, _stopping):
        self.busy.set()
        self.may_go_on.wait(30)
        if self.fails:
            raise RuntimeError("no room")
        self.got.append(event.document_id)


@pytest.fixture
def receiver():
    return Receiver()


def test_events_arrive_in_order(receiver):
    delivery = Delivery("test", receiver)
    for number in range(20):
        delivery.emit(event(number))
    delivery.close()
    assert receiver.got == [f"doc-{number}" for number in range(20)]


def test_who_tells_does_not_wait_for_who_listens(receiver):
    receiver.may_go_on.clear()
    delivery = Delivery("test", receiver)
    delivery.emit(event(1))
    assert receiver.busy.wait(30)
    delivery.emit(event(2))
    assert receiver.got == []
    receiver.may_go_on.set()
    delivery.close()
    assert receiver.got == ["doc-1", "doc-2"]


def test_when_too_many_wait_the_oldest_go_and_it_is_said(receiver, caplog):
    receiver.may_go_on.clear()
    delivery = Delivery("test", receiver, waiting=3)
    delivery.emit(event(0))
    assert receiver.busy.wait(30)
    for number in range(1, 7):
        delivery.emit(event(number))
    receiver.may_go_on.set()
    delivery.close()
    assert receiver.got == ["doc-0", "doc-4", "doc-5", "doc-6"]
    assert "too many events for the test" in caplog.text
    assert "3 events for the test were lost" in caplog.text


def test_a_receiver_that_fails_gets_the_next(receiver, caplog):
    receiver.fails = True
    delivery = Delivery("test", receiver)
    delivery.emit(event(1))
    while "missed" not in caplog.text:
        assert receiver.busy.wait(30)
    receiver.fails = False
    delivery.emit(event(2))
    delivery.close()
    assert receiver.got == ["doc-2"]
    assert "the test missed saved of default/doc-1: no room" in caplog.text


def test_what_is_not_told_in_the_end_is_counted(receiver, caplog):
    receiver.may_go_on.clear()
    delivery = Delivery("test", receiver)
    for number in range(4):
        delivery.emit(event(number))
    assert receiver.busy.wait(30)
    delivery.close(within=0.01)
    receiver.may_go_on.set()
    # Of the first, nobody knows.
    assert "up to 4 events for the test are lost" in caplog.text


def test_what_was_dropped_before_is_counted_in_the_end_too(receiver, caplog):
    receiver.may_go_on.clear()
    delivery = Delivery("test", receiver, waiting=1)
    delivery.emit(event(0))
    assert receiver.busy.wait(30)
    for number in range(1, 4):
        delivery.emit(event(number))
    delivery.close(within=0.01)
    receiver.may_go_on.set()
    assert "up to 4 events for the test are lost" in caplog.text


def test_what_comes_after_the_end_is_told_to_nobody_and_logged(receiver, caplog):
    delivery = Delivery("test", receiver)
    delivery.close()
    delivery.emit(event(1))
    assert receiver.got == []
    assert "the test missed saved of default/doc-1: the connector is stopping" in caplog.text


def test_without_room_for_a_thread_events_wait_for_one(receiver, caplog, monkeypatch):
    def fail(_thread):
        raise RuntimeError("can't start new thread")

    delivery = Delivery("test", receiver)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        delivery.emit(event(1))
    assert "events for the test have to wait: can't start new thread" in caplog.text
    delivery.emit(event(2))
    delivery.close()
    assert receiver.got == ["doc-1", "doc-2"]


def test_the_last_seconds_are_for_all_receivers_together(receiver, caplog):
    """One that hangs does not keep another from telling what it still has to."""
    slow = Receiver()
    slow.may_go_on.clear()
    both = Deliveries([Delivery("slow", slow), Delivery("quick", receiver)])
    receiver.may_go_on.clear()
    both.emit(event(1))
    both.emit(event(2))
    assert slow.busy.wait(30)
    assert receiver.busy.wait(30)
    closing = threading.Thread(target=both.close, args=(3,))
    closing.start()
    receiver.may_go_on.set()
    closing.join(30)
    slow.may_go_on.set()
    assert receiver.got == ["doc-1", "doc-2"]
    assert "up to 2 events for the slow are lost" in caplog.text
    assert "for the quick" not in caplog.text


def test_one_receiver_does_not_hold_up_the_other(receiver):
    slow = Receiver()
    slow.may_go_on.clear()
    both = Deliveries([Delivery("slow", slow), Delivery("quick", receiver)])
    both.emit(event(1))
    while receiver.got != ["doc-1"]:
        assert receiver.busy.wait(30)
    slow.may_go_on.set()
    both.close()
    assert slow.got == ["doc-1"]


def test_json_has_everything_on_one_line():
    text = as_json(event(1, reason="a\nb", length=3), id="x")
    assert "\n" not in text
    assert json.loads(text) == {
        "id": "x",
        "event": "saved",
        "at": "2001-09-09T01:46:40.000Z",
        "repository": "default",
        "document": "doc-1",
        "xpath": "file:content",
        "user": "ana",
        "details": {"reason": "a\nb", "length": 3},
    }


def test_the_signature_is_the_documented_one():
    """As ``printf '1700000000.{}' | openssl dgst -sha256 -hmac secret`` has it."""
    made = signature("secret", "1700000000", b"{}")
    assert made == "sha256=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    assert made != signature("secret", "1700000001", b"{}")


def test_the_audit_has_the_details_in_words():
    assert comment_of(event(1, length=12, why="")) == "xpath: file:content, length: 12"


def test_the_audit_is_given_no_more_than_it_takes():
    """1,024 characters in a SQL database: ``LogEntryImpl``."""
    told = comment_of(event(1, editors=", ".join(["somebody"] * 200), why="auto"))
    assert len(told) == 1000
    assert told.startswith("xpath: file:content, editors: somebody, somebody")
    assert told.endswith("...")


def test_json_is_text_whatever_somebody_sends():
    """Neither half a surrogate pair nor what a terminal takes for an order gets through."""
    text = as_json(event(1, reason="\ud800\x9b\u2028é"))
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text)["details"] == {"reason": "\ud800\x9b\u2028é"}


def test_nobody_is_told_unless_somebody_is_set():
    assert NO_EVENTS.emit(event()) is None
