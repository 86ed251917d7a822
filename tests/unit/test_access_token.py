"""The access token opens one file for one user, until it ends."""

import base64
import json

import jwt
import pytest

from connector.wopi.access_token import AccessTokens, Grant, InvalidAccessToken

SECRET = "s" * 64
FILE = "ZGVmYXVsdC8x"


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(clock):
    return AccessTokens(SECRET, lifetime=36000, clock=clock)


@pytest.fixture
def signed(tokens):
    return tokens.sign(
        tokens.issue(
            resource_id=FILE,
            user="ana",
            user_name="Ana Ruiz",
            grant=Grant.EDIT,
            client="office",
        )
    )


def altered(signed, **changes):
    claims = jwt.decode(signed, options={"verify_signature": False}) | changes
    claims = {key: value for key, value in claims.items() if value is not None}
    return jwt.encode(claims, SECRET, algorithm="HS512")


def test_it_tells_who_and_what(tokens, signed, clock):
    token = tokens.read(signed, resource_id=FILE)
    assert (token.user, token.user_name, token.grant) == ("ana", "Ana Ruiz", Grant.EDIT)
    assert token.ttl_milliseconds == (clock.now + 36000) * 1000


def test_each_is_an_opening_of_its_own_unless_it_takes_the_place_of_another(tokens, signed):
    common = {"resource_id": FILE, "user": "ana", "user_name": "Ana", "client": "office"}
    first = tokens.read(signed, resource_id=FILE)
    assert first.session
    assert tokens.issue(grant=Grant.EDIT, **common).session != first.session
    assert tokens.issue(grant=Grant.VIEW, **common).session == ""
    renewed = tokens.issue(grant=Grant.EDIT, session=first.session, **common)
    assert tokens.read(tokens.sign(renewed), resource_id=FILE).session == first.session


def test_one_of_an_earlier_release_is_an_opening_too(tokens, signed):
    one, two = (altered(signed, session=None, exp=end) for end in (2_000_000_000, 2_000_000_001))
    sessions = [tokens.read(each, resource_id=FILE).session for each in (one, one, two)]
    assert sessions[0]
    assert sessions[0] == sessions[1] != sessions[2]


def test_it_is_good_for_one_file_only(tokens, signed):
    with pytest.raises(InvalidAccessToken):
        tokens.read(signed, resource_id="ZGVmYXVsdC8y")


def test_it_ends(tokens, signed, clock):
    clock.now += 35999
    tokens.read(signed, resource_id=FILE)
    clock.now += 1
    with pytest.raises(InvalidAccessToken, match="expired"):
        tokens.read(signed, resource_id=FILE)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"exp": None},
        {"aud": None},
        {"iss": None},
        {"grant": None},
        {"grant": "admin"},
        {"iss": "nuxeo"},
        {"aud": FILE},
        {"aud": [f"wopi:{FILE}", "site/api"]},
        {"sub": 5},
        {"exp": "soon"},
    ],
)
def test_a_token_with_other_claims_is_refused(tokens, signed, changes):
    with pytest.raises(InvalidAccessToken):
        tokens.read(altered(signed, **changes), resource_id=FILE)


def test_a_nuxeo_token_is_no_access_token(tokens):
    nuxeo = jwt.encode(
        {"iss": "nuxeo", "sub": "ana", "exp": 1_900_000_000}, SECRET, algorithm="HS512"
    )
    with pytest.raises(InvalidAccessToken):
        tokens.read(nuxeo, resource_id=FILE)


def test_nobody_else_can_sign(tokens, signed):
    claims = jwt.decode(signed, options={"verify_signature": False})
    with pytest.raises(InvalidAccessToken):
        tokens.read(jwt.encode(claims, "x" * 64, algorithm="HS512"), resource_id=FILE)


def test_another_algorithm_is_refused(tokens, signed):
    claims = jwt.decode(signed, options={"verify_signature": False})
    with pytest.raises(InvalidAccessToken):
        tokens.read(jwt.encode(claims, SECRET, algorithm="HS256"), resource_id=FILE)


def test_no_signature_at_all_is_refused(tokens, signed):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = jwt.decode(signed, options={"verify_signature": False})
    with pytest.raises(InvalidAccessToken):
        tokens.read(f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.", resource_id=FILE)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é.é.é", "." * 10, "INVALID"])
def test_nonsense_is_refused(tokens, text):
    with pytest.raises(InvalidAccessToken):
        tokens.read(text, resource_id=FILE)


def test_the_reason_never_repeats_the_token(tokens, signed):
    with pytest.raises(InvalidAccessToken) as caught:
        tokens.read(signed, resource_id="other")
    assert signed not in str(caught.value)
