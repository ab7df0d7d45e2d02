"""`monitor login telegram` as a person types it, against the loopback Telegram."""

import asyncio
import base64
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk
from tests.patience import PATIENCE

PHONE = "+79990000001"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A double with one account, and an installation where nobody is signed in yet."""
    async with started(run_key()) as telegram:
        one = Desk(telegram, tmp_path)
        one.accounts["one"] = await telegram.create_account(PHONE, password="тайна")  # noqa: S106 - the double's
        await telegram.create_account("+79990000002", name="Anna")
        one.configure("svodka")
        yield one


async def login(desk: Desk, *words: str) -> asyncio.subprocess.Process:
    """`monitor login telegram`, its input and output piped."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "login", "telegram", "--config", str(desk.config), *words,
        cwd=desk.folder, env=desk.environment, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def typed(desk: Desk, *lines: str) -> tuple[int | None, str]:
    """Exit code and output after these lines were typed."""
    process = await login(desk)
    out, _ = await process.communicate("".join(f"{line}\n" for line in lines).encode())
    return process.returncode, out.decode()


async def test_phone_code_and_password(desk: Desk) -> None:
    """A wrong code and a wrong password are asked again; the session is its owner's alone."""
    code, out = await typed(desk, PHONE, "99999", "12345", "falsch", "тайна")
    assert code == 0, out
    assert "This is not the code." in out
    assert "This is not the password." in out
    file = desk.state / "telegram" / "one.session"
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (file, file.parent, desk.state)]
    assert modes == [0o600, 0o700, 0o700]
    code, out = await typed(desk)
    assert (code, "signed in already" in out) == (0, True)


async def test_wrong_answers_end_clearly(desk: Desk) -> None:
    """An unknown number, three wrong codes and no answer end with a hint, not a traceback."""
    for lines, said in (
        (("+70000000000",), "write it with its country"),
        ((PHONE, "1", "2", "3"), "three wrong codes"),
        ((), "nobody answered"),
    ):
        code, out = await typed(desk, *lines)
        assert (code, "Traceback" in out) == (1, False), out
        assert said in out


async def test_errors_say_what_to_do(desk: Desk) -> None:
    """Wrong credentials, too many attempts, a banned number: each ends with its own hint."""
    for error, said in (
        ("API_ID_INVALID", "take api_id and api_hash from https://my.telegram.org/apps"),
        ("PHONE_NUMBER_BANNED", "use another account"),
        ("FLOOD_WAIT_4000", "try again in 67 minutes"),
        ("PHONE_NUMBER_FLOOD", "wait a day, or use --qr"),
    ):
        code = 420 if error.startswith("FLOOD") else 400
        await desk.telegram.fail_call("auth.sendCode", "error", code=code, error=error)
        ended, out = await typed(desk, PHONE)
        assert (ended, "Traceback" in out) == (1, False), out
        assert said in out


async def test_an_unlucky_key_exchange_is_made_again(desk: Desk) -> None:
    """One key in 256 cannot be used: nobody who signs in sees anything of it."""
    await desk.telegram.unlucky_keys(2)
    code, out = await typed(desk, PHONE, "12345", "тайна")
    assert (code, "signed in as" in out) == (0, True), out


async def test_a_qr_code(desk: Desk) -> None:
    """The code that is drawn can be scanned by a signed-in phone; then the session is usable."""
    account = await desk.telegram.create_account("+79990000003", name="Boris")
    process = await login(desk, "--qr")
    assert process.stdout is not None
    drawn = b""
    while b"tg://login?token=" not in drawn:
        drawn = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
    token = drawn.decode().strip().rpartition("token=")[2]
    padded = token + "=" * (-len(token) % 4)
    assert await desk.telegram.scan_login_token(base64.urlsafe_b64decode(padded), account.id)
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, out.decode()
    assert "signed in as Boris" in out.decode()


async def test_a_session_that_others_can_read_starts_nothing(desk: Desk) -> None:
    """A session open to others is a mistake of the configuration: no daemon, no sign-in."""
    await typed(desk, PHONE, "12345", "тайна")
    file = desk.state / "telegram" / "one.session"
    file.chmod(0o640)
    for words in (("run", "--config", str(desk.config)), ("check", str(desk.config))):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", *words, cwd=desk.folder, env=desk.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 1, out.decode()
        assert f"chmod 600 {file}" in out.decode()
