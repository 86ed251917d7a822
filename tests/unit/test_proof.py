"""Proof keys, against Microsoft's published vectors and keys of our own."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connector.wopi.proof import (
    PROOF_WINDOW,
    Proof,
    ProofFailure,
    ProofKeys,
    ProofKeyUnusable,
    read_keys,
    read_proof,
    signed_bytes,
    verify,
)

VECTORS = Path(__file__).parents[3] / "shared/wopi-validator/tests/proof_vectors.json"
URL = "https://nuxeo.example.org/nuxeo/site/wopi/files/abc?access_token=t"
NOW = 1_700_000_000.0
TICKS = 621_355_968_000_000_000 + int(NOW) * 10_000_000


def make_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


CURRENT, OLD, OTHER = make_key(), make_key(), make_key()
KEYS = ProofKeys(CURRENT.public_key(), OLD.public_key())


def sign(key: rsa.RSAPrivateKey, *, token: str = "t", url: str = URL, ticks: int = TICKS) -> str:
    data = signed_bytes(token, url, ticks)
    return base64.b64encode(key.sign(data, padding.PKCS1v15(), hashes.SHA256())).decode()


def check(proof: Proof, keys: ProofKeys = KEYS, **changes: object) -> ProofFailure | None:
    given = {"access_token": "t", "url": URL, "now": NOW} | changes
    return verify(proof, keys, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("current", "old", "proven"),
    [
        (CURRENT, OLD, True),
        (CURRENT, OTHER, True),
        (OTHER, CURRENT, True),
        (OLD, OTHER, True),
        (OTHER, OLD, False),
        (OTHER, OTHER, False),
    ],
)
def test_three_pairs_of_key_and_signature_count(current, old, proven):
    failure = check(Proof(sign(current), sign(old), TICKS))
    assert failure is (None if proven else ProofFailure.WRONG)


def test_without_an_old_proof_or_an_old_key_the_current_ones_count():
    assert check(Proof(sign(CURRENT), None, TICKS)) is None
    assert check(Proof(sign(OLD), None, TICKS)) is None
    only_current = ProofKeys(CURRENT.public_key())
    assert check(Proof(sign(CURRENT), None, TICKS), only_current) is None
    assert check(Proof(sign(OLD), None, TICKS), only_current) is ProofFailure.WRONG


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (PROOF_WINDOW, True), (1201, False)])
@pytest.mark.parametrize("direction", [1, -1])
def test_the_time_may_lie_twenty_minutes_off_both_ways(seconds, good, direction):
    failure = check(Proof(sign(CURRENT), None, TICKS), now=NOW + direction * seconds)
    assert failure is (None if good else ProofFailure.OUT_OF_TIME)


def test_another_token_url_or_time_is_not_proven():
    proof = Proof(sign(CURRENT), None, TICKS)
    assert check(proof, access_token="u") is ProofFailure.WRONG
    assert check(proof, url=URL.replace("abc", "abd")) is ProofFailure.WRONG
    assert check(Proof(proof.current, None, TICKS + 1)) is ProofFailure.WRONG
    # Case is all that may differ in the URL.
    assert check(proof, url=URL.upper()) is None


@pytest.mark.parametrize("text", ["", "!", "A", "AAAA", "ü", "QUJD\n"])
def test_a_signature_that_is_none_does_no_harm(text):
    assert check(Proof(text or "x", None, TICKS)) in (ProofFailure.MALFORMED, ProofFailure.WRONG)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ProofFailure.MISSING),
        ({"X-WOPI-Proof": "x"}, ProofFailure.MISSING),
        ({"X-WOPI-TimeStamp": "1"}, ProofFailure.MISSING),
        ({"X-WOPI-Proof": "x", "X-WOPI-TimeStamp": "-1"}, ProofFailure.MALFORMED),
        ({"X-WOPI-Proof": "x", "X-WOPI-TimeStamp": "1" * 19}, ProofFailure.MALFORMED),
        ({"X-WOPI-Proof": "x", "X-WOPI-TimeStamp": "7"}, Proof("x", None, 7)),
        (
            {"X-WOPI-Proof": "x", "X-WOPI-ProofOld": "y", "X-WOPI-TimeStamp": "7"},
            Proof("x", "y", 7),
        ),
    ],
)
def test_what_headers_say(headers, expected):
    assert read_proof(headers) == expected


def published(key: rsa.RSAPrivateKey, prefix: str = "") -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    blob = b"\x06\x02" + bytes(14) + numbers.e.to_bytes(4, "little")
    return {
        f"{prefix}modulus": base64.b64encode(numbers.n.to_bytes(256, "big")).decode(),
        f"{prefix}exponent": base64.b64encode(numbers.e.to_bytes(3, "big")).decode(),
        f"{prefix}value": base64.b64encode(blob + numbers.n.to_bytes(256, "little")).decode(),
    }


def test_keys_are_read_from_either_form():
    attributes = published(CURRENT) | published(OLD, "old")
    forms = [
        attributes,
        {name: text for name, text in attributes.items() if name.endswith("value")},
        {name: text for name, text in attributes.items() if not name.endswith("value")},
    ]
    for form in forms:
        keys = read_keys(form)
        assert keys is not None
        assert keys.current.public_numbers() == CURRENT.public_key().public_numbers()
        assert keys.old.public_numbers() == OLD.public_key().public_numbers()
    assert read_keys(published(CURRENT)).old is None
    assert read_keys({"value": "", "modulus": ""}) is None


@pytest.mark.parametrize("changes", [{"modulus": "!"}, {"exponent": "AA=="}, {"modulus": "AAAA"}])
def test_a_key_that_is_none_does_not_pass_for_no_key(changes):
    with pytest.raises(ProofKeyUnusable):
        read_keys(published(CURRENT) | changes)


@pytest.mark.validator
@pytest.mark.skipif(not VECTORS.exists(), reason="Microsoft's vectors are not beside this checkout")
def test_microsofts_vectors():
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    keys = read_keys(vectors["discovery"])
    assert keys is not None
    for case in vectors["cases"]:
        proof = Proof(case["proof"], case["proof_old"], case["timestamp"])
        now = (case["timestamp"] - 621_355_968_000_000_000) / 10_000_000
        failure = verify(proof, keys, access_token=case["access_token"], url=case["url"], now=now)
        assert (failure is None) is case["valid"], case["name"]
