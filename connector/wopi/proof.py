"""Proof keys: whether a WOPI call was signed by the office client that discovery speaks of. Pure.

A client signs access token, URL and time with its current key (X-WOPI-Proof) and with the key it
had before (X-WOPI-ProofOld). Keys change on the client's side first, and a host's discovery may be
older than that or newer than another node's, so three pairs count: the current key in discovery
with either signature, and the old key in discovery with X-WOPI-Proof.

Source: the page "Verifying that requests originate from Office by using proof keys".
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PROOF_WINDOW = 20 * 60
"""Seconds that the time in a proof may lie before or after ours."""

PROOF_HEADERS = ("X-WOPI-Proof", "X-WOPI-ProofOld", "X-WOPI-TimeStamp")
"""What a signed call has."""

_EPOCH_TICKS = 621_355_968_000_000_000
_TICKS_PER_SECOND = 10_000_000
_BLOB_HEADER = 20


class ProofKeyUnusable(ValueError):
    """A key in a discovery document that is none."""


class ProofFailure(Enum):
    """Why a call is not proven."""

    MISSING = "the request has no proof"
    MALFORMED = "the proof or its time cannot be read"
    OUT_OF_TIME = "the time in the proof is too far from now"
    WRONG = "no key of the office client fits the proof"


@dataclass(frozen=True)
class ProofKeys:
    """The public keys of an office client: the current one, and the one it had before if any."""

    current: rsa.RSAPublicKey
    old: rsa.RSAPublicKey | None = None


@dataclass(frozen=True)
class Proof:
    """What a call shows: both signatures as sent, and the moment in .NET ticks."""

    current: str
    old: str | None
    ticks: int


def read_keys(attributes: Mapping[str, str]) -> ProofKeys | None:
    """The keys in the attributes of discovery's ``proof-key`` element; ``None`` if it has none.

    Raises:
        ProofKeyUnusable: there is something that is no key. A client whose keys cannot be read must
            not pass for one that has none.
    """
    current = _read_key(attributes, "")
    if current is None:
        return None
    return ProofKeys(current, _read_key(attributes, "old"))


def read_proof(headers: Mapping[str, str]) -> Proof | ProofFailure:
    """The proof in the headers of a call."""
    current, old, ticks = (headers.get(name, "") for name in PROOF_HEADERS)
    if not current or not ticks:
        return ProofFailure.MISSING
    if not (ticks.isascii() and ticks.isdecimal() and len(ticks) <= 18):
        return ProofFailure.MALFORMED
    return Proof(current, old or None, int(ticks))


def verify(
    proof: Proof, keys: ProofKeys, *, access_token: str, url: str, now: float
) -> ProofFailure | None:
    """Why a call is not proven; ``None`` if it is.

    Args:
        proof: what the call shows.
        keys: of the office client.
        access_token: as it stands in the URL, decoded.
        url: complete, as the office client called it, with its query.
        now: seconds since the epoch.
    """
    if abs((proof.ticks - _EPOCH_TICKS) / _TICKS_PER_SECOND - now) > PROOF_WINDOW:
        return ProofFailure.OUT_OF_TIME
    try:
        current = _signature(proof.current)
        old = _signature(proof.old) if proof.old is not None else None
    except (binascii.Error, ValueError):
        return ProofFailure.MALFORMED
    data = signed_bytes(access_token, url, proof.ticks)
    pairs = [(keys.current, current), (keys.current, old), (keys.old, current)]
    if any(key and signature and _fits(key, signature, data) for key, signature in pairs):
        return None
    return ProofFailure.WRONG


def signed_bytes(access_token: str, url: str, ticks: int) -> bytes:
    """What is signed: token, URL in upper case and time, each behind its length."""
    token, address = access_token.encode(), url.upper().encode()
    return b"".join(
        (
            struct.pack(">I", len(token)),
            token,
            struct.pack(">I", len(address)),
            address,
            struct.pack(">I", 8),
            struct.pack(">q", ticks),
        )
    )


def _signature(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _fits(key: rsa.RSAPublicKey, signature: bytes, data: bytes) -> bool:
    try:
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _read_key(attributes: Mapping[str, str], prefix: str) -> rsa.RSAPublicKey | None:
    modulus, exponent = attributes.get(f"{prefix}modulus"), attributes.get(f"{prefix}exponent")
    blob = attributes.get(f"{prefix}value")
    try:
        if modulus and exponent:
            numbers = [int.from_bytes(_signature(part), "big") for part in (exponent, modulus)]
        elif blob:
            # A blob of the Windows CryptoAPI: a header, then the modulus backwards.
            content = _signature(blob)
            numbers = [
                int.from_bytes(content[_BLOB_HEADER - 4 : _BLOB_HEADER], "little"),
                int.from_bytes(content[_BLOB_HEADER:], "little"),
            ]
        else:
            return None
        return rsa.RSAPublicNumbers(*numbers).public_key()
    except (binascii.Error, ValueError) as error:
        raise ProofKeyUnusable(f"the {prefix or 'current '}proof key is no RSA key") from error
