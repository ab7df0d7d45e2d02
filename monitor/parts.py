"""From the settings to the parts that run: every source and every sink that they name."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import structlog

from monitor.alert import Alert, AlertPlace
from monitor.chat.answers import Answers
from monitor.chat.office import Office, Seat
from monitor.chat.reactions import Reactions, Window
from monitor.clock import Clock
from monitor.console.metrics import Live
from monitor.console.server import Behind, ConsoleServer
from monitor.field import STDIN
from monitor.gazetteer.lookup import Gazetteer
from monitor.gazetteer.near import REACH_KM, bearing, box_around, outlines_in
from monitor.health import Board
from monitor.receivers import (
    AlertFile,
    Apprise,
    Email,
    Language,
    Matrix,
    Tak,
    TelegramBot,
    Terminal,
    Webhook,
)
from monitor.rule import Level
from monitor.settings import Bus, Preview, Settings
from monitor.sinks.apprise import AppriseSink
from monitor.sinks.buttons import Buttons
from monitor.sinks.deliver import Backoff, Sink
from monitor.sinks.dispatch import Dispatch, takes_exercises
from monitor.sinks.email import EmailSink, MailServer
from monitor.sinks.embedded_broker import HINT, EmbeddedBroker, server_binary
from monitor.sinks.file import FileSink, Rotation
from monitor.sinks.handling import Handling
from monitor.sinks.letter import Stationery
from monitor.sinks.look import Look
from monitor.sinks.map_picture import Spot, draw
from monitor.sinks.matrix import MatrixSink
from monitor.sinks.matrix_api import MatrixApi
from monitor.sinks.mqtt import MqttSink
from monitor.sinks.mqtt_connection import Address
from monitor.sinks.mqtt_standing import Incidents, Standing
from monitor.sinks.one_by_one import Pace
from monitor.sinks.room import Bots
from monitor.sinks.routing import routing
from monitor.sinks.tak import TakServer, TakSink
from monitor.sinks.telegram_api import BotApi
from monitor.sinks.telegram_bot import Gates, TelegramBotSink
from monitor.sinks.terminal import TerminalSink
from monitor.sinks.webhook import Target, WebhookSink
from monitor.sinks.wording import lies
from monitor.source import Intake, SourceInfo
from monitor.sources.feed import FeedOptions, FeedReader
from monitor.sources.fetch import Fetch
from monitor.sources.preview import PreviewOptions, PreviewReader
from monitor.sources.recording import Playback, Recording
from monitor.sources.roster import Roster
from monitor.store.outbox import Outbox

log = structlog.get_logger(__name__)


class Collector(Protocol):
    """A running source: yields posts into the intake until cancelled or finished."""

    name: str

    async def run(self, intake: Intake) -> None:
        """Collect."""


class Around(NamedTuple):
    """What every part is given: who speaks, time, chance, health, the web, bots, acts."""

    sources: Mapping[str, SourceInfo]
    clock: Clock
    rng: random.Random
    board: Board
    fetch: Fetch
    roster: Roster
    bots: Bots
    handling: Handling
    gazetteer: Callable[[], Gazetteer] = Gazetteer

    def near(self, place: AlertPlace, language: Language) -> str:
        """Where a place lies, from the nearest town; empty if that is not known."""
        if place.lat is None or place.lon is None:
            return ""
        point = (place.lat, place.lon)
        found = bearing(point, place.id, self.gazetteer().around(box_around(point, REACH_KM)))
        if found is None:
            return ""
        return lies(found.rounded, found.direction, found.town.name, language)

    def draw(self, place: AlertPlace, level: Level) -> bytes:
        """A small map of a place that has a point."""
        assert place.lat is not None  # noqa: S101 - asked for only then
        assert place.lon is not None  # noqa: S101 - the same
        spot = Spot(place.name, (place.lat, place.lon), level, place.precision_km or 0.0)
        return draw(spot, self.gazetteer().around(spot.box), outlines_in(spot.box))

    def name_of(self, source: str) -> str:
        """A source as people call it."""
        known = self.sources.get(source)
        return known.name if known and known.name else source


def build_lasting(settings: Settings, around: Around) -> list[Collector]:
    """The collectors that run as long as the daemon: recordings, accounts."""
    recordings: list[Collector] = [
        Recording(
            None if one.file == STDIN else one.file,
            Playback(start=one.start, speed=one.speed, exercise=one.exercise),
            clock=around.clock,
            board=around.board,
        )
        for one in settings.recordings
    ]
    return recordings + _accounts(settings, around)


def build_preview(settings: Settings, around: Around) -> PreviewReader:
    """The one reader of all web previews."""
    return PreviewReader(
        previewed(around.sources.values()),
        fetch=around.fetch,
        clock=around.clock,
        roster=around.roster,
        rng=around.rng,
        options=_preview_options(settings.preview),
    )


def previewed(sources: Iterable[SourceInfo]) -> list[SourceInfo]:
    """The sources that the preview reads."""
    return [one for one in sources if "preview" in one.via]


def build_single(around: Around) -> Callable[[SourceInfo], Collector | None]:
    """What builds the collector of one source that has its own."""

    def build(info: SourceInfo) -> Collector | None:
        if "feed" not in info.via:
            return None
        return FeedReader(
            info,
            fetch=around.fetch,
            clock=around.clock,
            board=around.board,
            options=FeedOptions(),
        )

    return build


def _accounts(settings: Settings, around: Around) -> list[Collector]:
    """The Telegram accounts. Their client library takes half a second to load: only if needed."""
    if not settings.telegram.accounts:
        return []
    from monitor.sources.telegram.sharing import SharedAccount  # noqa: PLC0415 - see above

    return [
        SharedAccount(settings, one, around.roster, around.clock)
        for one in settings.telegram.accounts
    ]


def _preview_options(preview: Preview) -> PreviewOptions:
    pace = preview.pace.total_seconds()
    options = PreviewOptions(
        base_url=preview.base_url,
        pace=(pace, 2 * pace),
        interval_min=preview.interval_min.total_seconds(),
        interval_max=preview.interval_max.total_seconds(),
    )
    if preview.canary is None:
        return options
    return msgspec.structs.replace(options, canary=preview.canary.partition(":")[2])


def build_dispatch(settings: Settings, standing: Iterable[Alert] = (), seen: int = 0) -> Dispatch:
    """What decides which receiver is told of an alert."""
    return Dispatch(routing(settings), takes_exercises(settings), standing, seen)


def build_sinks(
    settings: Settings, around: Around, dispatch: Dispatch, incidents: Incidents | None = None
) -> tuple[list[Sink], list[EmbeddedBroker]]:
    """The bus and the receivers, and the broker of our own if there is one."""
    broker = _broker(settings, around)
    sinks: list[Sink] = []
    address = broker.address if broker else _external(settings.bus)
    if address:
        sinks.append(
            MqttSink(
                address,
                settings.instance,
                clock=around.clock,
                rng=around.rng,
                root=settings.bus.root,
                health=around.board.snapshot,
                expiry=lambda alert: settings.bus.expiry.seconds(alert.incident.level),
                standing=Standing(
                    incidents, around.clock, home_assistant=settings.bus.home_assistant
                )
                if incidents
                else None,
            )
        )
    sinks += [
        RECEIVERS[one.kind](
            one,
            around,
            Gates(dispatch.mute(one.name, around.clock), dispatch.hush(one.name, around.clock)),
        )
        for one in settings.receivers
    ]
    return sinks, [broker] if broker else []


def build_receiver(settings: Settings, around: Around, name: str) -> Sink:
    """One more instance of a receiver's sink, which takes every alert: for sending one again."""
    receiver = next(one for one in settings.receivers if one.name == name)
    return RECEIVERS[receiver.kind](receiver, around, Gates())


def build_answers(settings: Settings, around: Around, office: Office) -> list[Answers | Reactions]:
    """For every bot with a chat, and every room, in which somebody may answer: who listens."""
    seats: dict[BotApi, list[Seat]] = {}
    for one in settings.receivers:
        if isinstance(one, TelegramBot) and one.people:
            bot = around.bots.bot(one.token, one.api_url)
            room = bot.room(one.name, one.chat, one.topic)
            people = {person.id: person for person in one.people}
            seats.setdefault(bot.api, []).append(Seat(one.name, room, look_of(one, around), people))
    rooms = [
        Reactions(_window(one, around), office, Backoff(around.rng))
        for one in settings.receivers
        if isinstance(one, Matrix) and one.people
    ]
    return [*(Answers(api, chats, office, around.rng) for api, chats in seats.items()), *rooms]


def _window(receiver: Matrix, around: Around) -> Window:
    api = MatrixApi(receiver.homeserver, receiver.token, receiver.room)
    people = {person.id: person.name for person in receiver.people}
    return Window(receiver.name, api, people, around.handling)


def build_console(
    settings: Settings, around: Around, outbox: Outbox, live: Callable[[], Live]
) -> list[ConsoleServer]:
    """The HTTP server, if the settings ask for it."""
    if settings.console is None:
        return []
    behind = Behind(settings.instance, outbox, settings.state, around.clock, around.name_of, live)
    return [ConsoleServer(settings.console, behind)]


def _broker(settings: Settings, around: Around) -> EmbeddedBroker | None:
    if not settings.bus.embedded:
        return None
    binary = server_binary()
    if binary is None:
        log.warning("bus_off", why="no nats-server was found", hint=HINT)
        return None
    return EmbeddedBroker(
        binary,
        settings.state / "broker",
        clock=around.clock,
        rng=around.rng,
        instance=settings.instance,
    )


def _external(bus: Bus) -> Address | None:
    if bus.url is None:
        return None
    parts = urlsplit(bus.url)
    tls = parts.scheme == "mqtts"
    return Address(
        host=parts.hostname or "",
        port=parts.port or (8883 if tls else 1883),
        tls=tls,
        ca=str(bus.ca) if bus.ca else None,
        username=bus.username,
        password=bus.password,
    )


def _terminal(receiver: Terminal, around: Around, gates: Gates) -> Sink:
    return TerminalSink(
        clock=around.clock,
        rng=around.rng,
        zone=_zone(),
        name_of=around.name_of,
        mute=gates.mute,
        name=receiver.name,
    )


def _telegram_bot(receiver: TelegramBot, around: Around, gates: Gates) -> Sink:
    bot = around.bots.bot(receiver.token, receiver.api_url)
    return TelegramBotSink(
        receiver.name,
        bot.room(receiver.name, receiver.chat, receiver.topic),
        look_of(receiver, around),
        clock=around.clock,
        rng=around.rng,
        gates=gates._replace(evidence=receiver.evidence),
    )


def look_of(receiver: TelegramBot, around: Around) -> Look:
    """How a chat is shown incidents; with buttons only if somebody may press them."""
    return Look(
        ZoneInfo(receiver.time_zone) if receiver.time_zone else _zone(),
        around.name_of,
        receiver.language,
        Buttons(receiver.token.reveal()) if receiver.people else None,
        around.handling,
        around.near,
        around.draw if receiver.map else None,
    )


def _matrix(receiver: Matrix, around: Around, gates: Gates) -> Sink:
    api = MatrixApi(receiver.homeserver, receiver.token, receiver.room)
    zone = ZoneInfo(receiver.time_zone) if receiver.time_zone else _zone()
    look = Look(zone, around.name_of, receiver.language, handling=around.handling)
    pace = Pace(around.clock, around.rng, gates.mute)
    return MatrixSink(receiver.name, api, look, pace, gates)


def _webhook(receiver: Webhook, around: Around, gates: Gates) -> Sink:
    target = Target(receiver.url, receiver.secret, receiver.body)
    return WebhookSink(receiver.name, target, clock=around.clock, rng=around.rng, mute=gates.mute)


def _file(receiver: AlertFile, around: Around, gates: Gates) -> Sink:
    rotation = Rotation(receiver.rotate_mb * 1_000_000, receiver.keep)
    return FileSink(
        receiver.name, receiver.path, rotation, clock=around.clock, rng=around.rng, mute=gates.mute
    )


def _zone() -> tzinfo:
    """The reader's time zone: the machine's."""
    return datetime.now().astimezone().tzinfo or UTC


def _email(receiver: Email, around: Around, gates: Gates) -> Sink:
    server = MailServer(
        receiver.host, receiver.port, receiver.security, receiver.username, receiver.password,
        str(receiver.ca) if receiver.ca else None,
    )  # fmt: skip
    paper = Stationery(receiver.sender, receiver.to, receiver.name, _zone(), around.name_of)
    return EmailSink(receiver.name, server, paper, Pace(around.clock, around.rng, gates.mute))


def _tak(receiver: Tak, around: Around, gates: Gates) -> Sink:
    ca, certificate, key = (
        str(one) if one else None for one in (receiver.ca, receiver.certificate, receiver.key)
    )
    server = TakServer(receiver.host, receiver.port, ca, certificate, key)
    return TakSink(receiver.name, server, Pace(around.clock, around.rng, gates.mute))


def _apprise(receiver: Apprise, around: Around, gates: Gates) -> Sink:
    return AppriseSink(receiver.name, receiver.address, Pace(around.clock, around.rng, gates.mute))


RECEIVERS: dict[str, Callable[[Any, Around, Gates], Sink]] = {
    "terminal": _terminal,
    "telegram_bot": _telegram_bot,
    "webhook": _webhook,
    "file": _file,
    "email": _email,
    "tak": _tak,
    "apprise": _apprise,
    "matrix": _matrix,
}
"""Kind of receiver -> how its sink is built; the settings have checked the kind."""
