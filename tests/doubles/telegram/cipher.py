"""MTProto 2.0 cryptography, the server's side (core.telegram.org/mtproto/description).

The RSA key is made once per test run; tests add its public half to their client library.
"""

import os
import struct
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from telethon.crypto import AES

FROM_CLIENT = 0
FROM_SERVER = 8


class RejectedError(Exception):
    """A payload that does not decrypt to what it claims to be."""


@dataclass
class AuthKey:
    """A key agreed with a client: who it belongs to and what the server keeps beside it."""

    key: bytes
    salt: int
    account: int | None = None
    half_signed: int | None = None  # the code was right, the password is still missing
    refusal: str | None = None  # every call is answered with this 401 error
    sessions: set[int] = field(default_factory=set)
    login_token: bytes | None = None
    srp: dict[int, int] = field(default_factory=dict)  # srp_id -> the server's secret exponent

    @property
    def id(self) -> bytes:
        """The eight bytes that name the key on the wire."""
        return sha1(self.key).digest()[-8:]  # noqa: S324 - the protocol's own choice


@dataclass(frozen=True)
class ServerKey:
    """The server's RSA key: modulus, exponents, and the fingerprint clients choose it by."""

    n: int
    e: int
    d: int

    @property
    def fingerprint(self) -> int:
        """The last eight bytes of SHA-1 over n and e as TL bytes, as a signed number."""
        blob = _tl_bytes(_big(self.n)) + _tl_bytes(_big(self.e))
        number: int = struct.unpack("<q", sha1(blob).digest()[-8:])[0]  # noqa: S324 - the protocol's
        return number

    def decrypt(self, cipher: bytes) -> bytes:
        """Undo textbook RSA; 256 bytes."""
        return pow(int.from_bytes(cipher, "big"), self.d, self.n).to_bytes(256, "big")


def make_server_key(private: Path, public: Path) -> None:
    """Write a new RSA key as two PEM files (PKCS#1, which Telethon's add_key reads)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    )


def read_server_key(private: Path) -> ServerKey:
    """Read what make_server_key wrote."""
    key = serialization.load_pem_private_key(private.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{private} holds no RSA key")
    numbers = key.private_numbers()
    return ServerKey(numbers.public_numbers.n, numbers.public_numbers.e, numbers.d)


def seal(key: AuthKey, plain: bytes) -> bytes:
    """Encrypt salt, session and message for the client."""
    padded = plain + os.urandom(-(len(plain) + 12) % 16 + 12)
    message_key = _message_key(key.key, padded, FROM_SERVER)
    aes_key, aes_iv = _aes(key.key, message_key, FROM_SERVER)
    cipher: bytes = AES.encrypt_ige(padded, aes_key, aes_iv)
    return key.id + message_key + cipher


def unseal(key: AuthKey, payload: bytes) -> bytes:
    """Decrypt what a client sent; the padding is still at the end.

    Raises:
        RejectedError: the message key does not fit the content.
    """
    message_key, cipher = payload[8:24], payload[24:]
    aes_key, aes_iv = _aes(key.key, message_key, FROM_CLIENT)
    plain: bytes = AES.decrypt_ige(cipher, aes_key, aes_iv)
    if _message_key(key.key, plain, FROM_CLIENT) != message_key:
        raise RejectedError("the message key does not fit")
    return plain


def _message_key(key: bytes, plain: bytes, x: int) -> bytes:
    return sha256(key[88 + x : 120 + x] + plain).digest()[8:24]


def _aes(key: bytes, message_key: bytes, x: int) -> tuple[bytes, bytes]:
    a = sha256(message_key + key[x : x + 36]).digest()
    b = sha256(key[x + 40 : x + 76] + message_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]


def _big(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _tl_bytes(data: bytes) -> bytes:
    head = bytes([len(data)]) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    blob = head + data
    return blob + bytes(-len(blob) % 4)
