"""Whose an OAuth2 token is, without asking Nuxeo more than needed."""

import pytest

from connector.nuxeo_gateway.errors import NuxeoRefusedUser, NuxeoUnavailable
from connector.nuxeo_gateway.users import User
from connector.wopi.bearers import Bearers
from connector.wopi.errors import ServerError, Unauthorized

ANA = User("ana", "Ana Ruiz", is_anonymous=False)
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
    assert [bearers.user("anas") for _ in range(3)] == [ANA] * 3
    assert len(nuxeo.asked) == 1
    clock.now += 61
    del nuxeo.known["anas"]
    with pytest.raises(Unauthorized):
        bearers.user("anas")


def test_a_token_that_is_nobodys_is_asked_about_once(bearers, nuxeo):
    for _ in range(3):
        with pytest.raises(Unauthorized):
            bearers.user("x")
    assert nuxeo.asked == ["x"]


def test_the_anonymous_user_has_not_signed_in(bearers):
    with pytest.raises(Unauthorized):
        bearers.user("guests")


@pytest.mark.parametrize("token", ["", "a b", "ü", "x" * 5000, "a\nb", "="])
def test_what_no_token_looks_like_is_not_asked_about(bearers, nuxeo, token):
    with pytest.raises(Unauthorized):
        bearers.user(token)
    assert nuxeo.asked == []


def test_too_many_failures_put_unknown_tokens_off_for_a_while(bearers, nuxeo, clock):
    bearers.user("anas")
    for number in range(30):
        with pytest.raises(Unauthorized):
            bearers.user(f"x{number}")
    with pytest.raises(ServerError):
        bearers.user("y")
    assert "y" not in nuxeo.asked
    assert bearers.user("anas") is ANA
    clock.now += 2
    with pytest.raises(Unauthorized):
        bearers.user("y")


def test_that_nuxeo_is_away_is_nobodys_failure(bearers, nuxeo):
    nuxeo.is_away = True
    for _ in range(50):
        with pytest.raises(ServerError):
            bearers.user("anas")
    nuxeo.is_away = False
    assert bearers.user("anas") is ANA
