"""The key exchange, the server's side (core.telegram.org/mtproto/auth_key)."""

import os
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

from telethon import functions, types
from telethon.crypto import AES
from telethon.extensions import BinaryReader

from tests.doubles.telegram.cipher import AuthKey, RejectedError, ServerKey
from tests.doubles.telegram.prime import GENERATOR, PRIME

# The documentation's own example of a product of two primes.
P, Q = 0x494C553B, 0x53911073


@dataclass
class Handshake:
    """One exchange; `answer` takes each of the client's steps, the last one leaves `key`.

    An unlucky one has to be done again, as one of 256 has by chance.
    """

    server_key: ServerKey
    unlucky: bool = False
    key: AuthKey | None = None
    _server_nonce: int = 0
    _new_nonce: bytes = b""
    _a: int = 0

    def answer(self, request: Any, now: float) -> Any:
        """The reply to one plain request.

        Raises:
            RejectedError: the step is not one of the exchange, or its content is wrong.
        """
        if isinstance(request, (functions.ReqPqMultiRequest, functions.ReqPqRequest)):
            return self._greet(request)
        if isinstance(request, functions.ReqDHParamsRequest):
            return self._offer(request, now)
        if isinstance(request, functions.SetClientDHParamsRequest):
            return self._agree(request)
        raise RejectedError(f"{type(request).__name__} is no step of the key exchange")

    def _greet(self, request: Any) -> Any:
        self._server_nonce = int.from_bytes(os.urandom(16), "little", signed=True)
        return types.ResPQ(
            nonce=request.nonce,
            server_nonce=self._server_nonce,
            pq=(P * Q).to_bytes(8, "big"),
            server_public_key_fingerprints=[self.server_key.fingerprint],
        )

    def _offer(self, request: Any, now: float) -> Any:
        inner = _read_inner(self.server_key.decrypt(request.encrypted_data))
        if inner.server_nonce != self._server_nonce:
            raise RejectedError("the nonce is of another exchange")
        self._new_nonce = inner.new_nonce.to_bytes(32, "little", signed=True)
        self._a = int.from_bytes(os.urandom(256), "big")
        answer = bytes(
            types.ServerDHInnerData(
                nonce=request.nonce,
                server_nonce=self._server_nonce,
                g=GENERATOR,
                dh_prime=PRIME.to_bytes(256, "big"),
                g_a=pow(GENERATOR, self._a, PRIME).to_bytes(256, "big"),
                server_time=int(now),
            )
        )
        blob = _sha(answer) + answer
        key, iv = self._temporary()
        sealed = AES.encrypt_ige(blob + os.urandom(-len(blob) % 16), key, iv)
        return types.ServerDHParamsOk(
            nonce=request.nonce, server_nonce=self._server_nonce, encrypted_answer=sealed
        )

    def _agree(self, request: Any) -> Any:
        key, iv = self._temporary()
        plain = AES.decrypt_ige(request.encrypted_data, key, iv)
        inner = BinaryReader(plain[20:]).tgread_object()
        if _sha(bytes(inner)) != plain[:20]:
            raise RejectedError("the client's half has another checksum")
        shared = pow(int.from_bytes(inner.g_b, "big"), self._a, PRIME).to_bytes(256, "big")
        names = {"nonce": request.nonce, "server_nonce": self._server_nonce}
        if (
            self.unlucky or shared[0] == 0
        ):  # some clients drop the leading zero: the protocol lets us ask again
            return types.DhGenRetry(**names, new_nonce_hash2=self._nonce_hash(shared, 2))
        salt = int.from_bytes(os.urandom(8), "little", signed=True)
        self.key = AuthKey(key=shared, salt=salt)
        return types.DhGenOk(**names, new_nonce_hash1=self._nonce_hash(shared, 1))

    def _temporary(self) -> tuple[bytes, bytes]:
        server = self._server_nonce.to_bytes(16, "little", signed=True)
        new = self._new_nonce
        one, two, three = _sha(new + server), _sha(server + new), _sha(new + new)
        return one + two[:12], two[12:20] + three + new[:4]

    def _nonce_hash(self, shared: bytes, number: int) -> int:
        digest = _sha(self._new_nonce + bytes([number]) + _sha(shared)[:8])
        return int.from_bytes(digest[4:20], "little", signed=True)


def _read_inner(block: bytes) -> Any:
    """The client's p_q_inner_data: SHA-1, data, random bytes; 255 of them after a zero."""
    inner = BinaryReader(block[21:]).tgread_object()
    if _sha(bytes(inner)) != block[1:21]:
        raise RejectedError("p_q_inner_data has another checksum")
    return inner


def _sha(data: bytes) -> bytes:
    return sha1(data).digest()  # noqa: S324 - the protocol's own choice
