"""The proof keys of the demo office: a current and a former one."""

from __future__ import annotations

import base64
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_BITS = 2048


@dataclass(frozen=True)
class PublishedKey:
    """A public key as discovery has it, each part in base64."""

    value: str
    modulus: str
    exponent: str


class ProofKey:
    """An RSA key that signs calls."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._private_key = private_key

    def sign(self, data: bytes) -> str:
        """The signature (PKCS #1 v1.5, SHA-256) in base64."""
        signature = self._private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def published(self) -> PublishedKey:
        """The public half: as CSP blob, and as modulus and exponent."""
        numbers = self._private_key.public_key().public_numbers()
        length = (numbers.n.bit_length() + 7) // 8
        # PUBLICKEYSTRUC and RSAPUBKEY of the Windows CryptoAPI, then the modulus backwards.
        blob = struct.pack("<BBHIIII", 6, 2, 0, 0x2400, 0x31415352, length * 8, numbers.e)
        blob += numbers.n.to_bytes(length, "little")
        exponent = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
        return PublishedKey(
            base64.b64encode(blob).decode(),
            base64.b64encode(numbers.n.to_bytes(length, "big")).decode(),
            base64.b64encode(exponent).decode(),
        )


def load_or_make(directory: Path | None, name: str) -> ProofKey:
    """The key called ``name`` in a directory, made if it is not there; or one in memory only."""
    path = directory / f"proof-{name}.pem" if directory else None
    if path is not None and path.exists():
        loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if isinstance(loaded, rsa.RSAPrivateKey):
            return ProofKey(loaded)
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
    return ProofKey(key)
