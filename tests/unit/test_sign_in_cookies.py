"""The cookies of sign-in by OAuth2: what is good, for what, and for how long."""

import jwt
import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response

from connector.host.sign_in import SIGNED_IN_FOR, SignInUnclear
from connector.host.sign_ins_under_way import (
    LIFETIME,
    LONGEST_TARGET,
    MOST,
    SignInsUnderWay,
    SignInUnderWay,
)
from connector.host.signed_cookies import LARGEST, SignedCookies
from connector.host.user_cookie import UserCookie
from connector.nuxeo_gateway.user_tokens import UserTokens
from connector.nuxeo_gateway.users import User
from connector.wopi.access_token import AccessTokens, Grant, InvalidAccessToken

SECRET = "s" * 64
HTTPS = "https://wopi.example.org/"
ALICE = User("alice", "Alice Martin", False)
NAME = "__Host-nuxeo-wopi-user"


class Clock:
    now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def signer(clock, secret=SECRET, url=HTTPS, path="/wopi/"):
    return SignedCookies(secret, url, path, clock)


def lines(response):
    return response.headers.getlist("Set-Cookie")


def kept(response, before=()):
    """The cookies of a browser after an answer."""
    cookies = dict(before)
    for line in lines(response):
        name, value = next(parse_cookie(line.partition(";")[0]).items())
        if "Max-Age=0" in line:
            cookies.pop(name, None)
        else:
            cookies[name] = value
    return cookies


@pytest.fixture
def users(clock):
    return UserCookie(signer(clock), 300)


@pytest.fixture
def under_way(clock):
    return SignInsUnderWay(signer(clock))


def signed_in(users, user=ALICE):
    response = Response()
    users.set(response, user)
    return kept(response)


def begun(under_way, state="st", target=f"{HTTPS}wopi/edit/default/1/file:content", before=()):
    response = Response()
    under_way.begin(response, SignInUnderWay(state, "verifier", target), dict(before))
    return kept(response, before)


# The user's


def test_a_browser_is_the_users_until_the_time_is_over(users, clock):
    cookies = signed_in(users)
    assert users.user(cookies) == ALICE
    clock.now += 299
    assert users.user(cookies) == ALICE
    clock.now += 1
    assert users.user(cookies) is None


def test_a_browser_without_a_cookie_is_nobodys(users):
    assert users.user({}) is None
    assert users.user({NAME: ""}) is None
    assert users.user({NAME: "nonsense"}) is None


def test_who_signs_out_is_nobody_and_pages_that_are_open_know_of_it(users, clock):
    before = clock.now
    cookies = signed_in(users)
    assert not users.has_signed_out(cookies, before)
    clock.now += 60
    response = Response()
    users.sign_out(response)
    cookies = kept(response, cookies)
    assert users.user(cookies) is None
    assert all("HttpOnly" in line and "Secure" in line for line in lines(response))
    # A sign-in afterwards does not undo it.
    cookies |= signed_in(users)
    for since, has in ((before, True), (before + 70, True), (before + 71, False)):
        assert users.has_signed_out(cookies, since) is has
    # For as long as a page goes on by itself.
    clock.now += SIGNED_IN_FOR - 1
    assert users.has_signed_out(cookies, before)
    clock.now += 1
    assert not users.has_signed_out(cookies, before)


def test_over_https_it_is_for_this_host_alone(users):
    response = Response()
    users.set(response, ALICE)
    (line,) = lines(response)
    assert line.startswith(f"{NAME}=")
    attributes = {part.strip() for part in line.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=300"} <= attributes
    assert "Domain" not in line


def test_over_http_it_is_for_the_host_pages(clock):
    response = Response()
    UserCookie(signer(clock, url="http://localhost:1/x/", path="/x/wopi/"), 300).set(
        response, ALICE
    )
    (line,) = lines(response)
    assert line.startswith("nuxeo-wopi-user=")
    assert "; Path=/x/wopi/" in line
    assert "Secure" not in line
    assert "HttpOnly" in line


def test_signing_out_clears_the_very_cookie(users):
    response = Response()
    users.sign_out(response)
    assert NAME not in kept(response, signed_in(users))


def test_a_forged_cookie_is_nobodys(users, clock):
    claims = {"sub": "Administrator", "iss": HTTPS, "aud": "nuxeo-wopi-browser:user"}
    claims |= {"iat": int(clock.now), "exp": int(clock.now) + 300}
    for key in (SECRET, "x" * 64):
        forged = jwt.encode(claims, key, algorithm="HS512")
        assert users.user({NAME: forged}) is None
    unsigned = jwt.encode(claims, "", algorithm="none")
    assert users.user({NAME: unsigned}) is None
    (value,) = signed_in(users).values()
    head, body, signature = value.split(".")
    other = jwt.encode(claims, "z" * 64, algorithm="HS512").split(".")[1]
    assert users.user({NAME: f"{head}.{other}.{signature}"}) is None
    assert users.user({NAME: f"{head}.{body}."}) is None


def test_another_installations_cookie_is_nobodys(users, clock):
    for cookies in (
        signer(clock, secret="t" * 64),
        signer(clock, url="https://staging.example.org/"),
    ):
        assert users.user(signed_in(UserCookie(cookies, 300))) is None


def test_a_sign_in_under_way_is_no_user_and_the_other_way_round(users, under_way):
    (value,) = begun(under_way).values()
    assert users.user({NAME: value}) is None
    (name,) = begun(under_way)
    (value,) = signed_in(users).values()
    assert under_way.of("st", {name: value}) is None


def test_a_wopi_token_and_a_nuxeo_token_are_no_cookies(users, clock):
    tokens = AccessTokens(SECRET, 300, clock)
    token = tokens.issue(
        resource_id="f", user="alice", user_name="A", grant=Grant.EDIT, client="office"
    )
    assert users.user({NAME: tokens.sign(token)}) is None
    assert users.user({NAME: UserTokens(SECRET).of("alice")}) is None


def test_a_cookie_is_no_wopi_token_and_no_nuxeo_token(users, clock):
    (value,) = signed_in(users).values()
    for resource in ("f", "nuxeo-wopi-browser:user"):
        with pytest.raises(InvalidAccessToken):
            AccessTokens(SECRET, 300, clock).read(value, resource_id=resource)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(value, SECRET, algorithms=["HS512"], options={"verify_aud": False})


def test_two_users_at_once_are_none(users):
    (one,), (two,) = signed_in(users).values(), signed_in(users, User("bob", "Bob", False)).values()
    with pytest.raises(SignInUnclear):
        users.user(MultiDict([(NAME, one), (NAME, two)]))
    assert users.user(MultiDict([(NAME, one), (NAME, "nonsense")])) == ALICE
    assert users.user(MultiDict([(NAME, one), (NAME, one)])) == ALICE


@pytest.mark.parametrize("name", ["x" * 256, "\u00e9" * 200])
def test_long_names_fit(users, name):
    response = Response()
    users.set(response, User(name, "\U0001f600" * 500, False))
    assert len(lines(response)[0]) < LARGEST
    found = users.user(kept(response))
    assert found.name == name


def test_what_does_not_fit_is_not_cut(users):
    with pytest.raises(ValueError, match="too much"):
        users.set(Response(), User("x" * 3000, "x", False))


# Those under way


def test_a_sign_in_is_completed_in_its_own_browser(under_way):
    cookies = begun(under_way)
    found = under_way.of("st", cookies)
    assert (found.state, found.verifier) == ("st", "verifier")
    assert found.target.endswith("/file:content")
    assert under_way.of("st", {}) is None
    assert under_way.of("other", cookies) is None
    assert under_way.of("", cookies) is None


def test_a_cookie_under_another_states_name_is_not_taken(under_way):
    (mine,) = begun(under_way, "mine")
    (theirs,) = begun(under_way, "theirs").values()
    assert under_way.of("mine", {mine: theirs}) is None


def test_a_sign_in_ends_after_ten_minutes(under_way, clock):
    cookies = begun(under_way)
    clock.now += LIFETIME
    assert under_way.of("st", cookies) is None


def test_its_cookie_is_cleared(under_way):
    response = Response()
    under_way.end(response, "st")
    assert kept(response, begun(under_way)) == {}


def test_several_tabs_sign_in_at_once(under_way):
    cookies = begun(under_way, "two", before=begun(under_way, "one"))
    assert under_way.of("one", cookies)
    assert under_way.of("two", cookies)


def test_of_a_flood_the_newest_are_kept(under_way, clock):
    cookies = {"JSESSIONID": "x"}
    for number in range(50):
        clock.now += 1
        cookies = begun(under_way, f"state {number}", before=cookies)
    assert len(cookies) == MOST + 1
    good = [number for number in range(50) if under_way.of(f"state {number}", cookies)]
    assert good == list(range(50 - MOST, 50))
    assert cookies["JSESSIONID"] == "x"


def test_rubbish_and_what_is_over_is_cleared(under_way, clock):
    cookies = begun(under_way, "old") | {"__Host-nuxeo-wopi-signin-0": "rubbish"}
    clock.now += LIFETIME
    assert list(begun(under_way, "new", before=cookies)) == list(begun(under_way, "new"))


def test_the_longest_are_small_together(under_way):
    cookies = {}
    for number in range(MOST):
        state = f"{number}" * 43
        response = Response()
        sign_in = SignInUnderWay(state, "v" * 64, HTTPS + "x" * (LONGEST_TARGET - len(HTTPS)))
        under_way.begin(response, sign_in, cookies)
        assert all(len(line) < LARGEST for line in lines(response))
        cookies = kept(response, cookies)
    # Proxies such as nginx take 8 KB for the whole header.
    assert sum(len(name) + len(value) + 3 for name, value in cookies.items()) < 7000
    with pytest.raises(ValueError, match="too long"):
        under_way.begin(Response(), SignInUnderWay("s", "v", "x" * (LONGEST_TARGET + 1)), {})
