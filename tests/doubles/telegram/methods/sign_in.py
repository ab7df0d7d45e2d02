"""Signing in: code, two-step password (SRP), QR token; core.telegram.org/api/auth, /api/srp."""

import os
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from telethon import types

from tests.doubles.telegram.ledger import Account
from tests.doubles.telegram.prime import GENERATOR, PRIME
from tests.doubles.telegram.render import moment, user
from tests.doubles.telegram.world import Call, RefusedError

SALT_1, SALT_2 = b"first salt of the double", b"second salt of the double"
TOKEN_LIFE = 30


def send_code(call: Call) -> Any:
    """auth.sendCode: the code is the account's own, known to the test."""
    account = call.world.ledger.account_of_phone(call.request.phone_number)
    if account is None:
        raise RefusedError(400, "PHONE_NUMBER_INVALID")
    handle = os.urandom(8).hex()
    call.world.codes[handle] = account.id
    return types.auth.SentCode(
        type=types.auth.SentCodeTypeApp(len(account.code)), phone_code_hash=handle, timeout=120
    )


def resend_code(call: Call) -> Any:
    """auth.resendCode: the same code again under a new handle."""
    call.world.codes.pop(call.request.phone_code_hash, None)
    return send_code(call)


def sign_in(call: Call) -> Any:
    """auth.signIn."""
    account = call.world.ledger.accounts.get(call.world.codes.get(call.request.phone_code_hash, 0))
    if account is None:
        raise RefusedError(400, "PHONE_CODE_EXPIRED")
    if call.request.phone_code != account.code:
        raise RefusedError(400, "PHONE_CODE_INVALID")
    return _admit(call, account)


def get_password(call: Call) -> Any:
    """account.getPassword: the SRP parameters, with a fresh B."""
    account = _half_signed(call)
    unknown = types.PasswordKdfAlgoUnknown()
    if account.password is None:
        return types.account.Password(unknown, types.SecurePasswordKdfAlgoUnknown(), b"")
    secret = int.from_bytes(os.urandom(256), "big")
    srp = int.from_bytes(os.urandom(7), "big")
    call.key.srp = {srp: secret}
    verifier = pow(GENERATOR, _password_number(account.password), PRIME)
    offer = (_multiplier() * verifier + pow(GENERATOR, secret, PRIME)) % PRIME
    return types.account.Password(
        new_algo=_algorithm(),
        new_secure_algo=types.SecurePasswordKdfAlgoUnknown(),
        secure_random=os.urandom(256),
        has_password=True,
        current_algo=_algorithm(),
        srp_B=_padded(offer),
        srp_id=srp,
        hint="the double's",
    )


def check_password(call: Call) -> Any:
    """auth.checkPassword: verify the client's proof M1."""
    account = _half_signed(call)
    proof = call.request.password
    secret = call.key.srp.pop(proof.srp_id, None)
    if secret is None or account.password is None:
        raise RefusedError(400, "SRP_ID_INVALID")
    verifier = pow(GENERATOR, _password_number(account.password), PRIME)
    offer = _padded((_multiplier() * verifier + pow(GENERATOR, secret, PRIME)) % PRIME)
    a = _padded(int.from_bytes(proof.A, "big"))
    u = int.from_bytes(sha256(a + offer).digest(), "big")
    shared = pow(int.from_bytes(a, "big") * pow(verifier, u, PRIME), secret, PRIME)
    ends = zip(sha256(_padded(PRIME)).digest(), sha256(_padded(GENERATOR)).digest(), strict=True)
    expected = sha256(
        bytes(x ^ y for x, y in ends)
        + sha256(SALT_1).digest()
        + sha256(SALT_2).digest()
        + a
        + offer
        + sha256(_padded(shared)).digest()
    ).digest()
    if expected != proof.M1:
        raise RefusedError(400, "PASSWORD_HASH_INVALID")
    return _authorize(call, account)


def export_login_token(call: Call) -> Any:
    """auth.exportLoginToken: a token to show as a QR code, or the sign-in once it was scanned."""
    key = call.key
    if key.half_signed is not None:
        return types.auth.LoginTokenSuccess(
            _admit(call, call.world.ledger.accounts[key.half_signed])
        )
    key.login_token = key.login_token or os.urandom(16)
    call.line.wants_updates = True
    return types.auth.LoginToken(moment(call.world.now() + TOKEN_LIFE), key.login_token)


def log_out(call: Call) -> Any:
    """auth.logOut: the key stays, nobody is signed in with it."""
    call.key.account = None
    return types.auth.LoggedOut()


def _admit(call: Call, account: Account) -> Any:
    """Sign in, or ask for the password first."""
    if account.password is not None:
        call.key.half_signed = account.id
        raise RefusedError(401, "SESSION_PASSWORD_NEEDED")
    return _authorize(call, account)


def _authorize(call: Call, account: Account) -> Any:
    call.key.account = account.id
    call.key.half_signed = None
    call.key.refusal = None
    call.line.wants_updates = True
    return types.auth.Authorization(user=user(account))


def _half_signed(call: Call) -> Account:
    number = call.key.half_signed or call.key.account
    if number is None:
        raise RefusedError(401, "AUTH_KEY_UNREGISTERED")
    return call.world.ledger.accounts[number]


def _algorithm() -> Any:
    return types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
        SALT_1, SALT_2, GENERATOR, _padded(PRIME)
    )


def _password_number(password: str) -> int:
    """The x of SRP: PH2 of the documentation."""
    one = sha256(SALT_1 + password.encode() + SALT_1).digest()
    two = sha256(SALT_2 + one + SALT_2).digest()
    three = pbkdf2_hmac("sha512", two, SALT_1, 100_000)
    return int.from_bytes(sha256(SALT_2 + three + SALT_2).digest(), "big")


def _multiplier() -> int:
    return int.from_bytes(sha256(_padded(PRIME) + _padded(GENERATOR)).digest(), "big")


def _padded(number: int) -> bytes:
    return number.to_bytes(256, "big")
