"""Which account reads which channel: shared out, moved and taken back without needless moves."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from monitor.source import SourceHealth, SourceInfo, Via
from monitor.sources.roster import MOST, Roster
from tests.doubles.intake import Board

UNTIL = datetime(2026, 6, 1, 9, tzinfo=UTC)


def infos(count: int, via: tuple[Via, ...] = ("account", "preview")) -> list[SourceInfo]:
    """So many channels."""
    return [SourceInfo(id=f"telegram:c{number:04}", via=via) for number in range(count)]


def homes(roster: Roster, sources: list[SourceInfo]) -> dict[str, str | None]:
    """Channel -> account."""
    return {one.id: roster.reader(one.id) for one in sources}


def noted(lengths: list[int], mine: Sequence[SourceInfo]) -> None:
    """Remember how long a list was."""
    lengths.append(len(mine))


def test_a_longer_list_moves_nobody() -> None:
    """A channel stays with its account whatever is added or removed, and over restarts."""
    before = homes(Roster(infos(200), ["one", "two"], Board()), infos(200))
    roster = Roster(infos(100), ["one", "two"], Board())
    roster.take(infos(300))
    after = homes(roster, infos(300))
    assert {id_: of for id_, of in after.items() if id_ in before} == before
    assert 60 < list(before.values()).count("one") < 140
    roster.take(infos(50))
    assert homes(roster, infos(50)) == dict(list(before.items())[:50])
    assert roster.reader("telegram:c0100") is None


def test_nobody_has_more_than_he_may() -> None:
    """At most 450 channels each; the rest is the preview's, or has nobody and says so."""
    board = Board()
    sources = infos(2 * MOST + 10, via=("account",))
    roster = Roster(sources, ["one", "two"], board)
    assert [one.channels for one in roster.accounts()] == [MOST, MOST]
    unread = [id_ for id_, of in homes(roster, sources).items() if of is None]
    assert len(unread) == 10
    assert {board.last[id_].state for id_ in unread} == {"failed"}
    assert "add one under telegram.accounts" in board.last[unread[0]].hint


def test_the_named_account_goes_before() -> None:
    """A source that names its account is read by it while it is well, and by another meanwhile."""
    sources = [SourceInfo(id=f"telegram:c{n}", via=("account",), account="two") for n in range(20)]
    roster = Roster(sources, ["one", "two"], Board())
    assert set(homes(roster, sources).values()) == {"two"}
    roster.lose("two", "banned", "use another one")
    assert set(homes(roster, sources).values()) == {"one"}
    roster.well("two")
    assert set(homes(roster, sources).values()) == {"two"}


def test_naming_another_account_moves_the_channel() -> None:
    """A saved list in which an entry names its account is followed at once."""
    roster = Roster(infos(20), ["one", "two"], Board())
    chosen = next(id_ for id_, of in homes(roster, infos(20)).items() if of == "one")
    named = [SourceInfo(id=one.id, via=one.via, account="two") for one in infos(20)]
    before = homes(roster, infos(20))
    roster.take(
        [new if new.id == chosen else old for old, new in zip(infos(20), named, strict=True)]
    )
    assert homes(roster, infos(20)) == before | {chosen: "two"}


def test_a_flooded_account_without_others_keeps_its_channels() -> None:
    """Pushes may still come; the preview reads too, for nothing proves that all is read."""
    board = Board()
    roster = Roster(infos(3), ["one"], board)
    roster.well("one")
    for one in infos(3):
        roster.told_by_account(SourceHealth(source=one.id, state="ok", via="account"))
    assert roster.by_account("telegram:c0000")
    roster.flood("one", "it waits", UNTIL)
    (health,) = roster.accounts()
    assert (health.state, health.channels, health.until) == ("flooded", 3, UNTIL.isoformat())
    assert not roster.by_account("telegram:c0000")
    roster.flood("one", "it waits", UNTIL)
    roster.well("one")
    assert roster.accounts()[0].state == "running"


def test_an_account_without_a_connection_keeps_its_channels_and_says_so() -> None:
    """It shows as unreachable, not as running; a lost or flooded one stays what it is."""
    roster = Roster(infos(4), ["one", "two"], Board())
    for name in ("one", "two"):
        roster.well(name)
    before = homes(roster, infos(4))
    roster.unreachable("one", "connection refused")
    assert roster.accounts()[0].state == "unreachable"
    assert roster.accounts()[0].hint == "connection refused; tried again every few seconds"
    assert homes(roster, infos(4)) == before
    roster.well("one")
    assert (roster.accounts()[0].state, roster.accounts()[0].hint) == ("running", "")
    roster.lose("two", "revoked", "sign in again")
    roster.unreachable("two", "connection refused")
    assert roster.accounts()[1].state == "lost"


def test_each_move_is_told_to_both_accounts() -> None:
    """Who loses a channel and who gets it are told their new lists."""
    told: dict[str, list[int]] = {"one": [], "two": []}
    roster = Roster(infos(40), ["one", "two"], Board())
    for name, lengths in told.items():
        roster.share(name, partial(noted, lengths))
    roster.well("one")
    roster.well("two")
    first = len(roster.share("one"))
    roster.lose("one", "revoked", "sign in again")
    assert (told["one"][-1], told["two"][-1]) == (0, 40)
    assert roster.accounts()[0].moved == f"{first} by two"
    roster.well("one")
    assert (told["one"][-1], told["two"][-1]) == (first, 40 - first)
