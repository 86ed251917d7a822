"""Whose an OAuth2 token is, without asking Nuxeo more than needed."""

import threading

import pytest

from connector.nuxeo_gateway.errors import NuxeoRefusedUser, NuxeoUnavailable
from connector.nuxeo_gateway.users import User
from connector.wopi.bearers import Bearers
from connector.wopi.errors import ServerError, TooManyRequests, Unauthorized

ANA = User("ana", "Ana Ruiz", is_anonymous=False)
HOME, ELSEWHERE = "192.0.2.1", "192.0.2.2"
GUEST = User("Guest", "Guest", is_anonymous=True)


class Nuxeo:
    """Knows tokens; or fails."""

    def __init__(self):
        self.asked = []
        self.known = {"anas": ANA, "guests": GUEST}
        self.is_away = False

    def behind_bearer(self, token):
        self.asked.append(token)
        if self.is_away:
            raise NuxeoUnavailable("away")
        if token not in self.known:
            raise NuxeoRefusedUser("no")
        return self.known[token]


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def nuxeo():
    return Nuxeo()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bearers(nuxeo, clock):
    return Bearers(nuxeo, clock)


def test_an_answer_is_good_for_a_minute(bearers, nuxeo, clock):
    assert [bearers.user("anas", HOME) for _ in range(3)] == [ANA] * 3
    assert len(nuxeo.asked) == 1
    clock.now += 61
    del nuxeo.known["anas"]
    with pytest.raises(Unauthorized):
        bearers.user("anas", HOME)


def test_a_token_that_is_nobodys_is_asked_about_once(bearers, nuxeo):
    for _ in range(3):
        with pytest.raises(Unauthorized):
            bearers.user("x", HOME)
    assert nuxeo.asked == ["x"]


def test_the_anonymous_user_has_not_signed_in(bearers):
    with pytest.raises(Unauthorized):
        bearers.user("guests", HOME)


@pytest.mark.parametrize("token", ["", "a b", "ü", "x" * 5000, "a\nb", "="])
def test_what_no_token_looks_like_is_not_asked_about(bearers, nuxeo, token):
    with pytest.raises(Unauthorized):
        bearers.user(token, HOME)
    assert nuxeo.asked == []


def flood(bearers, caller, count=30, prefix="x"):
    for number in range(count):
        with pytest.raises(Unauthorized):
            bearers.user(f"{prefix}{number}", caller)


def test_too_many_failures_put_unknown_tokens_off_for_a_while(bearers, nuxeo, clock):
    flood(bearers, HOME)
    with pytest.raises(TooManyRequests) as refusal:
        bearers.user("y", HOME)
    assert refusal.value.headers["Retry-After"] == "1"
    assert "y" not in nuxeo.asked
    clock.now += 2
    with pytest.raises(Unauthorized):
        bearers.user("y", HOME)


def test_nobody_keeps_others_out(bearers, nuxeo):
    flood(bearers, ELSEWHERE)
    with pytest.raises(TooManyRequests):
        bearers.user("y", ELSEWHERE)
    assert bearers.user("anas", HOME) is ANA


def test_who_was_signed_in_stays_so_whatever_comes_from_their_address(bearers, nuxeo, clock):
    assert bearers.user("anas", HOME) is ANA
    flood(bearers, HOME)
    # When the answer has been forgotten too, wherever they are by then.
    for _ in range(20):
        clock.now += 61
        flood(bearers, HOME, prefix=f"{clock.now}-")
        with pytest.raises(TooManyRequests):
            bearers.user("y", HOME)
        assert bearers.user("anas", HOME) is ANA
    assert nuxeo.asked.count("anas") == 21


def test_a_token_that_was_good_and_is_no_more_is_one_of_nobodys(bearers, nuxeo, clock):
    bearers.user("anas", HOME)
    clock.now += 61
    del nuxeo.known["anas"]
    for _ in range(3):
        with pytest.raises(Unauthorized):
            bearers.user("anas", HOME)
    assert nuxeo.asked.count("anas") == 2
    clock.now += 61
    flood(bearers, HOME)
    with pytest.raises(TooManyRequests):
        bearers.user("anas", HOME)


def test_a_flood_drives_nobody_out_of_memory(bearers, nuxeo):
    bearers.user("anas", HOME)
    for number in range(10_000):
        with pytest.raises(Unauthorized):
            bearers.user(f"x{number}", f"caller{number}")
    assert bearers.user("anas", HOME) is ANA
    assert nuxeo.asked.count("anas") == 1


def test_memory_is_bounded(bearers):
    for number in range(10_000):
        with pytest.raises(Unauthorized):
            bearers.user(f"x{number}", f"caller{number}")
    assert len(bearers._nobodys) == 4096
    assert len(bearers._budgets._budgets) == 8192


def test_many_at_the_same_time_do_not_get_past_the_budget(nuxeo, clock):
    bearers = Bearers(nuxeo, clock)
    barrier = threading.Barrier(60)

    def guess(number):
        barrier.wait()
        with pytest.raises((Unauthorized, TooManyRequests)):
            bearers.user(f"x{number}", HOME)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(nuxeo.asked) == 30


def test_signing_in_costs_nothing(bearers, nuxeo):
    for number in range(100):
        nuxeo.known[f"good{number}"] = ANA
        assert bearers.user(f"good{number}", HOME) is ANA
    flood(bearers, HOME)


def test_that_nuxeo_is_away_is_nobodys_failure(bearers, nuxeo):
    nuxeo.is_away = True
    for _ in range(50):
        with pytest.raises(ServerError):
            bearers.user("anas", HOME)
    nuxeo.is_away = False
    assert bearers.user("anas", HOME) is ANA
