"""From the settings to the parts that run: every source and every sink that they name.

Modules are loaded where their parts are built: a start pays for what the settings name, no more
(all of them together are half a second and thirty megabytes).
"""
# ruff: noqa: PLC0415 - as said above

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import structlog

from monitor.alert import Alert
from monitor.around import Around
from monitor.field import STDIN
from monitor.receivers import AlertFile, Apprise, Email, Matrix, Tak, TelegramBot, Terminal, Webhook
from monitor.settings import Bus, Preview, Settings
from monitor.sinks.deliver import Backoff, Gates, Sink
from monitor.sinks.dispatch import Dispatch, takes_exercises
from monitor.sinks.one_by_one import Pace
from monitor.sinks.routing import routing
from monitor.source import Intake, SourceInfo
from monitor.store.outbox import Outbox

if TYPE_CHECKING:
    from monitor.chat.answers import Answers
    from monitor.chat.office import Office
    from monitor.chat.reactions import Reactions, Window
    from monitor.console.metrics import Live
    from monitor.console.server import ConsoleServer
    from monitor.sinks.embedded_broker import EmbeddedBroker
    from monitor.sinks.look import Look
    from monitor.sinks.mqtt_connection import Address
    from monitor.sinks.mqtt_standing import Incidents
    from monitor.sinks.telegram_api import BotApi
    from monitor.sources.preview import PreviewOptions, PreviewReader

log = structlog.get_logger(__name__)


class Collector(Protocol):
    """A running source: yields posts into the intake until cancelled or finished."""

    name: str

    async def run(self, intake: Intake) -> None:
        """Collect."""


def build_lasting(settings: Settings, around: Around) -> list[Collector]:
    """The collectors that run as long as the daemon: recordings, accounts."""
    if not settings.recordings:
        return _accounts(settings, around)
    from monitor.sources.recording import Playback, Recording

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


def build_preview(settings: Settings, around: Around) -> "PreviewReader":
    """The one reader of all web previews."""
    from monitor.sources.preview import PreviewReader

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
        from monitor.sources.feed import FeedOptions, FeedReader

        return FeedReader(
            info,
            fetch=around.fetch,
            clock=around.clock,
            board=around.board,
            options=FeedOptions(),
        )

    return build


def _accounts(settings: Settings, around: Around) -> list[Collector]:
    """The Telegram accounts."""
    if not settings.telegram.accounts:
        return []
    from monitor.sources.telegram.sharing import SharedAccount

    return [
        SharedAccount(settings, one, around.roster, around.clock)
        for one in settings.telegram.accounts
    ]


def _preview_options(preview: Preview) -> "PreviewOptions":
    from monitor.sources.preview import PreviewOptions

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
    settings: Settings, around: Around, dispatch: Dispatch, incidents: "Incidents | None" = None
) -> "tuple[list[Sink], list[EmbeddedBroker]]":
    """The bus and the receivers, and the broker of our own if there is one."""
    broker = _broker(settings, around)
    sinks: list[Sink] = []
    address = broker.address if broker else _external(settings.bus)
    if address:
        from monitor.sinks.mqtt import MqttSink
        from monitor.sinks.mqtt_standing import Standing

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
                    incidents,
                    around.clock,
                    home_assistant=settings.bus.home_assistant,
                    ground=around.ground,
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


def build_answers(
    settings: Settings, around: Around, office: "Office"
) -> "list[Answers | Reactions]":
    """For every bot with a chat, and every room, in which somebody may answer: who listens."""
    if not any(one.people for one in settings.receivers if isinstance(one, TelegramBot | Matrix)):
        return []
    from monitor.chat.answers import Answers
    from monitor.chat.office import Seat
    from monitor.chat.reactions import Reactions

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


def _window(receiver: Matrix, around: Around) -> "Window":
    from monitor.chat.reactions import Window
    from monitor.sinks.matrix_api import MatrixApi

    api = MatrixApi(receiver.homeserver, receiver.token, receiver.room)
    people = {person.id: person.name for person in receiver.people}
    return Window(receiver.name, api, people, around.handling)


def build_console(
    settings: Settings, around: Around, outbox: Outbox, live: "Callable[[], Live]"
) -> "list[ConsoleServer]":
    """The HTTP server, if the settings ask for it."""
    if settings.console is None:
        return []
    from monitor.console.server import Behind, ConsoleServer

    behind = Behind(settings.instance, outbox, settings.state, around.clock, around.name_of, live)
    return [ConsoleServer(settings.console, behind)]


def _broker(settings: Settings, around: Around) -> "EmbeddedBroker | None":
    if not settings.bus.embedded:
        return None
    from monitor.sinks.embedded_broker import HINT, EmbeddedBroker, server_binary

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


def _external(bus: Bus) -> "Address | None":
    if bus.url is None:
        return None
    from monitor.sinks.mqtt_connection import Address

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
    from monitor.sinks.terminal import TerminalSink

    return TerminalSink(
        clock=around.clock,
        rng=around.rng,
        zone=_zone(),
        name_of=around.name_of,
        mute=gates.mute,
        name=receiver.name,
    )


def _telegram_bot(receiver: TelegramBot, around: Around, gates: Gates) -> Sink:
    from monitor.sinks.telegram_bot import TelegramBotSink

    bot = around.bots.bot(receiver.token, receiver.api_url)
    return TelegramBotSink(
        receiver.name,
        bot.room(receiver.name, receiver.chat, receiver.topic),
        look_of(receiver, around),
        clock=around.clock,
        rng=around.rng,
        gates=gates._replace(evidence=receiver.evidence),
    )


def look_of(receiver: TelegramBot, around: Around) -> "Look":
    """How a chat is shown incidents; with buttons only if somebody may press them."""
    from monitor.sinks.buttons import Buttons
    from monitor.sinks.look import Look

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
    from monitor.sinks.look import Look
    from monitor.sinks.matrix import MatrixSink
    from monitor.sinks.matrix_api import MatrixApi

    api = MatrixApi(receiver.homeserver, receiver.token, receiver.room)
    zone = ZoneInfo(receiver.time_zone) if receiver.time_zone else _zone()
    look = Look(zone, around.name_of, receiver.language, handling=around.handling)
    pace = Pace(around.clock, around.rng, gates.mute)
    return MatrixSink(receiver.name, api, look, pace, gates)


def _webhook(receiver: Webhook, around: Around, gates: Gates) -> Sink:
    from monitor.sinks.webhook import Target, WebhookSink

    target = Target(receiver.url, receiver.secret, receiver.body)
    return WebhookSink(receiver.name, target, clock=around.clock, rng=around.rng, mute=gates.mute)


def _file(receiver: AlertFile, around: Around, gates: Gates) -> Sink:
    from monitor.sinks.file import FileSink, Rotation

    rotation = Rotation(receiver.rotate_mb * 1_000_000, receiver.keep)
    return FileSink(
        receiver.name, receiver.path, rotation, clock=around.clock, rng=around.rng, mute=gates.mute
    )


def _zone() -> tzinfo:
    """The reader's time zone: the machine's."""
    return datetime.now().astimezone().tzinfo or UTC


def _email(receiver: Email, around: Around, gates: Gates) -> Sink:
    from monitor.sinks.email import EmailSink, MailServer
    from monitor.sinks.letter import Stationery

    server = MailServer(
        receiver.host, receiver.port, receiver.security, receiver.username, receiver.password,
        str(receiver.ca) if receiver.ca else None,
    )  # fmt: skip
    paper = Stationery(receiver.sender, receiver.to, receiver.name, _zone(), around.name_of)
    return EmailSink(receiver.name, server, paper, Pace(around.clock, around.rng, gates.mute))


def _tak(receiver: Tak, around: Around, gates: Gates) -> Sink:
    from monitor.sinks.tak import TakServer, TakSink

    ca, certificate, key = (
        str(one) if one else None for one in (receiver.ca, receiver.certificate, receiver.key)
    )
    server = TakServer(receiver.host, receiver.port, ca, certificate, key)
    return TakSink(receiver.name, server, Pace(around.clock, around.rng, gates.mute))


def _apprise(receiver: Apprise, around: Around, gates: Gates) -> Sink:
    from monitor.sinks.apprise import AppriseSink

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
