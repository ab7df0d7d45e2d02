"""`monitor sources`: the list, adding a channel with its comments kept, feeds from OPML."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.doubles.telegram.client import run_key
from tests.doubles.telegram.control import started
from tests.doubles.telegram.desk import Desk
from tests.doubles.telegram.preview import LedgerPreview
from tests.patience import PATIENCE

OPML = """<?xml version="1.0"?><opml version="2.0"><body><outline text="News">
<outline text="City News" xmlUrl="https://city.example/feed"/>
<outline text="City News" xmlUrl="https://other.example/feed"/>
<outline text="not a feed" xmlUrl="ftp://x"/>
<outline text="Tagesschau" xmlUrl="https://t.me/s/tagesschau"/>
<outline text="Through a bridge" xmlUrl="https://bridge.example/telegram/channel/vesti24"/>
</outline></body></opml>"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An installation with one signed-in account and one channel, and a preview of all channels."""
    async with started(run_key()) as telegram, LedgerPreview(telegram) as preview:
        one = Desk(telegram, tmp_path)
        one.faults = preview.faults
        account = await one.sign_in("one", "+79990000001")
        for name in ("svodka", "novosti"):
            channel = await telegram.create_channel(name, name, members=[account.id])
            await telegram.post(channel, f"первое в {name}")
        one.configure("svodka", preview=f'{{base_url: "{preview.base_url}", pace: 1s}}')
        yield one


async def sources(desk: Desk, *words: str, typed: str = "") -> tuple[int | None, str]:
    """Exit code and output of `monitor sources ...`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "monitor", "sources", *words, "--config", str(desk.config),
        cwd=desk.folder, env=desk.environment, stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(typed.encode()), PATIENCE)
    return process.returncode, out.decode()


async def test_the_list_shows_coverage(desk: Desk) -> None:
    """While the daemon runs each source has its state, its ids and no uncovered one."""
    async with desk.running():
        await desk.ready("svodka")
        code, out = await sources(desk, "--json")
        shown = (await sources(desk))[1]
        held = desk.source("svodka")
    assert re.search(
        r"telegram:svodka  ok           account, pushed        last post \d+ s ago, "
        r"ids 1-1 complete \d+ s ago\n",
        shown,
    ), shown
    assert "account one: running, 1 channels" in shown
    assert "names looked up: 1 of 150 in 24 h" in shown
    assert (held["newest_id"], held["uncovered"], held["oldest_uncovered"]) == (1, 0, None)
    row = json.loads(out)
    assert code == 0
    assert (row["source"], row["state"], row["via"]) == ("telegram:svodka", "ok", "account")
    assert (row["watched_from"], row["newest"], row["oldest_uncovered"]) == (1, 1, None)
    assert (row["complete_to"], row["complete_at"]) == (1, held["last_read"])
    code, out = await sources(desk)
    assert "not running" in out
    assert "ids 1-1 complete" in out


async def test_adding_keeps_what_stands_there(desk: Desk) -> None:
    """A channel is shown, asked about and appended; every byte before stays; twice is refused."""
    file = desk.folder / "sources.yaml"
    before = "# who speaks\n" + file.read_text("utf-8") + "  # the end\n"
    file.write_text(before, "utf-8")
    code, out = await sources(desk, "add", "@novosti", typed="media\nindependent\n\nRU-BEL\n")
    assert code == 0, out
    assert "About novosti, 12.3K subscribers" in out
    assert "первое в novosti" in out
    after = file.read_text("utf-8")
    assert after.startswith(before)
    added = after.removeprefix(before)
    assert 'role: "media", affiliation: "independent", home: "RU-BEL"' in added
    code, out = await sources(desk, "add", "https://t.me/novosti")
    assert (code, "listed already" in out) == (1, True)


async def test_wrong_answers_change_nothing(desk: Desk) -> None:
    """A role that does not exist is a mistake with a hint, and the file stays as it was."""
    before = (desk.folder / "sources.yaml").read_bytes()
    code, out = await sources(desk, "add", "novosti", "--role", "journalist")
    assert (code, "is not a role" in out) == (1, True), out
    assert (desk.folder / "sources.yaml").read_bytes() == before
    (desk.folder / "sources.yaml").write_text('sources: [{id: "telegram:svodka"}]', "utf-8")
    code, out = await sources(desk, "add", "novosti")
    assert (code, "no list that can be added to" in out) == (1, True), out
    code, out = await sources(desk, "add", "@nobody_here")
    assert (code, "check the name" in out) == (1, True)


async def test_feeds_from_opml(desk: Desk) -> None:
    """Each feed of an OPML file is added once, under a name of its own."""
    (desk.folder / "feeds.opml").write_text(OPML, "utf-8")
    code, out = await sources(desk, "import", "feeds.opml")
    assert (code, out.startswith("4 added")) == (0, True), out
    text = (desk.folder / "sources.yaml").read_text("utf-8")
    assert '"feed:city-news"' in text
    assert '"feed:city-news-2"' in text
    assert "ftp:" not in text
    assert '{id: "telegram:tagesschau", name: "Tagesschau"}' in text
    assert '{id: "telegram:vesti24", name: "Through a bridge"}' in text


async def test_adding_by_the_account(desk: Desk) -> None:
    """A channel without preview is looked at by the account, once: the daemon does not look again.

    Whether the daemon runs or not.
    """
    for name in ("tihiy", "gromkiy"):
        desk.channels[name] = await desk.telegram.create_channel(
            f"О {name}", name, subscribers=4711
        )
        await desk.telegram.post(desk.channels[name], f"первое в {name}")
        desk.faults[name] = "ban"
    code, out = await sources(desk, "add", "@tihiy", "--role", "local", typed="\n\n\n")
    assert code == 0, out
    assert "О tihiy, 4,711 subscribers" in out
    assert "первое в tihiy" in out
    async with desk.running():
        await desk.ready("svodka", "tihiy")
        code, out = await sources(desk, "add", "@gromkiy", "--role", "local", typed="\n\n\n")
        assert (code, "О gromkiy, 4,711" in out) == (0, True), out
        await desk.ready("gromkiy")
        code, out = await sources(desk, "add", "@nobody_here")
        assert (code, "check the name" in out) == (1, True), out
    text = (desk.folder / "sources.yaml").read_text("utf-8")
    assert '{id: "telegram:tihiy", name: "О tihiy", via: ["account"], role: "local"}' in text
    names = [
        call.arguments["username"] for call in await desk.telegram.calls("contacts.resolveUsername")
    ]
    assert sorted(names) == ["gromkiy", "nobody_here", "svodka", "tihiy"]


async def test_folders_are_imported(desk: Desk) -> None:
    """The public channels of a folder, or of a shared folder's link, are added, each once."""
    listed = await desk.telegram.truth()
    account = desk.accounts["one"].id
    private = await desk.telegram.create_channel("Закрытый", members=[account])
    numbers = [*(one["id"] for one in listed), private]
    folder = {"title": "Граница", "channels": numbers, "slug": "AbC-123"}
    await desk.telegram.ask("set_account", account=account, fields={"folders": [folder]})
    code, out = await sources(desk, "import", "--folder", "Грница")
    assert "no folder is called Грница - the account has: Граница" in out
    code, out = await sources(desk, "import", "--folder", "Граница", "--role", "local")
    assert code == 0, out
    assert "left out: 1 that are no public channels" in out
    assert "1 added" in out  # svodka is listed already
    text = (desk.folder / "sources.yaml").read_text("utf-8")
    assert (
        '{id: "telegram:novosti", name: "novosti", via: ["account","preview"], role: "local"}'
        in text
    )
    other = await desk.telegram.create_channel("Ещё", "esche")
    folder["channels"] = [*numbers, other]
    await desk.telegram.ask("set_account", account=account, fields={"folders": [folder]})
    async with desk.running():
        await desk.ready("svodka")
        code, out = await sources(desk, "import", "https://t.me/addlist/AbC-123")
        assert (code, "1 added" in out) == (0, True), out
        code, out = await sources(desk, "import", "https://t.me/addlist/AbC-124")
        assert "that link" in out
        await desk.ready("svodka", "esche")


async def test_another_owner_of_a_name_is_accepted(desk: Desk) -> None:
    """After a hand-over nothing is read until a person accepts; then the new owner's posts ring."""
    (old,) = [one["id"] for one in await desk.telegram.truth() if one["username"] == "svodka"]
    async with desk.running():
        await desk.ready("svodka")
        heir = await desk.telegram.create_channel("Наследник", "heir_of_it")
        await desk.telegram.post(heir, "ДРГ, но это история")
        await desk.telegram.set_username(heir, "svodka")
        await desk.until(lambda: desk.source("svodka").get("state") == "handed_over")
        assert "monitor sources accept @svodka" in desk.source("svodka")["hint"]
        code, out = await sources(desk, "accept", "@svodka")
        assert (code, "stop it" in out) == (1, True), out
    code, out = await sources(desk, "accept", "@svodka")
    assert (code, "role, affiliation and family" in out) == (0, True), out
    async with desk.running():
        await desk.ready("svodka")
        assert desk.rung() == 0
        await desk.telegram.post(old, "прежний пишет дальше")
        await desk.telegram.post(heir, "ДРГ замечена")
        await desk.until(lambda: desk.rung() == 1)
    found = desk.outcomes()
    assert (found["unmatched"], found["late"], found["quarantined"]) == (1, 1, 0)
    code, out = await sources(desk, "accept", "@nobody_here")
    assert (code, "is in no sources file" in out) == (1, True), out
