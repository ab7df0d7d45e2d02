#!/usr/bin/env python3
"""Draws docs/images/chat-*.png: alerts as a phone shows them, from messages as they are sent.

The texts are invented. Needs the development tools (Pillow, Roboto) and, for emoji, the system's
Noto Color Emoji.
"""

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import msgspec
from font_roboto import Roboto, RobotoBold, RobotoBoldItalic, RobotoItalic
from PIL import Image, ImageDraw, ImageFont

from monitor.action import Action
from monitor.alert import Alert, AlertIncident, AlertPlace, AlertPost
from monitor.gazetteer.near import bearing, outlines_in
from monitor.place import Place
from monitor.receivers import Language
from monitor.sinks.buttons import Buttons
from monitor.sinks.chat_message import ChatMessage, Entity
from monitor.sinks.handling import Handling
from monitor.sinks.look import Look
from monitor.sinks.map_picture import Spot, draw
from monitor.sinks.speech import language_of
from monitor.sinks.wording import lies

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH, EDGE, PAD, LARGE = 390, 10, 12, 2
SIZE, LEAD = 15, 20
BACK, BUBBLE, TEXT, FAINT, LINK, BUTTON = (
    "#d4dfe8", "#ffffff", "#111111", "#8a959e", "#2a6fb5", "#bccbd6",
)  # fmt: skip
FACES = {
    (False, False): Roboto, (True, False): RobotoBold, (False, True): RobotoItalic,
    (True, True): RobotoBoldItalic,
}  # fmt: skip
EMOJI = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"

NOW = datetime(2026, 11, 20, 9, 16, tzinfo=UTC)
KOZINKA = AlertPlace(
    id="kozinka", name="Козинка", country="RU", admin1="RU-BEL", lat=50.4563, lon=35.5954,
    precision_km=2.0,
)  # fmt: skip
TOWNS = [
    Place(id="g", name="Грайворон", lat=50.4786, lon=35.6663, population=6200),
    Place(id="go", name="Головчино", lat=50.5356, lon=35.7961, population=5600),
    Place(id="b", name="Борисовка", lat=50.6037, lon=36.0128, population=13900),
    Place(id="bd", name="Богодухов", lat=50.1646, lon=35.5279, population=15000),
    Place(id="v", name="Великая Писаревка", lat=50.4297, lon=35.4816, population=4500),
]


class Run(NamedTuple):
    """A piece of a line in one style."""

    text: str
    styles: frozenset[str]


def post(text: str, word: str, source: str, name: str, ago: int, **more: object) -> AlertPost:
    """An invented post with the word that was found."""
    at = text.index(word)
    found = AlertPost(
        source=source, id="1", url=f"https://t.me/{name}/471{ago}",
        published_at=NOW - timedelta(minutes=ago), text=text, spans=((at, at + len(word)),),
        role="official", affiliation="ru-state", family=name, late=False, echo_of=None,
    )  # fmt: skip
    return msgspec.structs.replace(found, **more)


GOVERNOR = post(
    "ДРГ зашла на территорию Грайворонского округа. Военные принимают меры. Жителей Козинки "
    "просим не выходить из домов.", "ДРГ", "Гладков", "governor", 2,
)  # fmt: skip
LEGION = post(
    "Козинка. Границу перешли, работаем.", "Границу перешли", "Легион", "legion", 1,
    role="militia", affiliation="legion",
)  # fmt: skip
MEDIA = post(
    "Очевидцы сообщают о стрельбе в районе Козинки, прорыв границы.", "прорыв границы",
    "Пепел", "pepel", 0, role="media", affiliation="independent",
)  # fmt: skip


def alert(kind: str, reason: str, shown: tuple[AlertPost, ...], **changes: object) -> Alert:
    """An alert of the raid at Kozinka."""
    incident = AlertIncident(
        id="0123456789abcdef", title="Armed incursion across the border", rule="border-incursion",
        event="battles/armed-clash", level="critical", status="unconfirmed", opened_at=NOW,
        updated_at=NOW, place=KOZINKA, families=len(shown), affiliations=("ru-state",),
        posts=len(shown), roles=("official",),
    )  # fmt: skip
    exercise = bool(changes.pop("exercise", False))
    return Alert(
        id="5f1c33a09b2e41d7c0aa8e12", kind=kind, reason=reason, exercise=exercise, posts=shown,  # type: ignore[arg-type]
        incident=msgspec.structs.replace(incident, **changes),
    )  # fmt: skip


def near(place: AlertPlace, language: Language) -> str:
    """Where it lies."""
    if place.lat is None or place.lon is None:
        return ""
    found = bearing((place.lat, place.lon), place.id, TOWNS)
    if found is None:
        return ""
    return lies(found.rounded, found.direction, found.town.name, language)


SIDES = ("independent", "legion", "ru-state")
ACK = Action(
    key="1", at=NOW, did="acknowledge", who="anna", via="night", incident="0123456789abcdef"
)
SAMPLES: dict[str, tuple[Alert, tuple[Action, ...]]] = {
    "opened": (alert("opened", "rule border-incursion holds", (GOVERNOR,)), ()),
    "updated": (
        alert("updated", "status unconfirmed -> reported: by governor, pepel",
              (GOVERNOR, MEDIA), status="reported", posts=4, echoes=2,
              affiliations=("independent", "ru-state"), roles=("media", "official")), (ACK,),
    ),
    "corroborated": (
        alert("escalated", "status reported -> corroborated: sides independent, legion, ru-state",
              (GOVERNOR, LEGION, MEDIA), status="corroborated", posts=6, echoes=3,
              affiliations=SIDES, roles=("media", "militia", "official"),
              denied_by=("official ru-state",)), (),
    ),
    "retracted": (
        alert("corrected", "a post was deleted by its source", (GOVERNOR,), status="retracted",
              posts=0, families=0, affiliations=(), roles=()), (),
    ),
    "exercise": (
        alert("opened", "rule border-incursion holds", (GOVERNOR,), exercise=True), (),
    ),
    "late": (
        alert("opened", "rule border-incursion holds",
              (msgspec.structs.replace(
                  GOVERNOR, late=True, published_at=NOW - timedelta(hours=7)),)), (),
    ),
}  # fmt: skip
SAMPLES["corroborated-ru"] = SAMPLES["corroborated-uk"] = SAMPLES["corroborated"]


def units(text: str) -> list[int]:
    """For each character, where it begins in UTF-16 units."""
    found, at = [], 0
    for char in text:
        found.append(at)
        at += 2 if ord(char) > 0xFFFF else 1
    return found


def lines_of(message: ChatMessage) -> list[tuple[list[Run], bool]]:
    """The message's lines as styled runs, and whether each stands in a quote."""
    starts = units(message.text)
    lines: list[tuple[list[Run], bool]] = [([], False)]
    for char, at in zip(message.text, starts, strict=True):
        styles = frozenset(one.type for one in message.entities if _holds(one, at))
        runs, _ = lines[-1]
        if char == "\n":
            lines.append(([], False))
            continue
        if runs and runs[-1].styles == styles:
            runs[-1] = Run(runs[-1].text + char, styles)
        else:
            runs.append(Run(char, styles))
        lines[-1] = (runs, "blockquote" in styles)
    return lines


def _holds(one: Entity, at: int) -> bool:
    return one.offset <= at < one.offset + one.length


class Pen:
    """Draws text with emoji on a sheet that is cut to its height at the end."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * LARGE, 4000), BACK)
        self.draw = ImageDraw.Draw(self.image)

    def font(self, styles: frozenset[str], size: int = SIZE) -> ImageFont.FreeTypeFont:
        """The face of a style."""
        face = FACES["bold" in styles, "italic" in styles]
        return ImageFont.truetype(face, size * LARGE)

    def width(self, text: str, styles: frozenset[str]) -> float:
        """How wide a piece is."""
        font = self.font(styles)
        return sum(SIZE * 1.25 * LARGE if emoji(char) else font.getlength(char) for char in text)

    def write(self, x: float, y: float, run: Run, colour: str) -> float:
        """Write a run; where the next begins."""
        font = self.font(run.styles)
        begin = x
        for char in run.text:
            if char in "\ufe0f\u2060\u200d":
                continue
            if emoji(char):
                self.emoji(x, y, char)
                x += SIZE * 1.25 * LARGE
                continue
            self.draw.text((x, y), char, fill=colour, font=font)
            x += font.getlength(char)
        if "underline" in run.styles:
            line = y + (SIZE + 3) * LARGE
            self.draw.line((begin, line, x, line), fill=colour, width=2)
        return x

    def emoji(self, x: float, y: float, char: str) -> None:
        """A colour emoji, reduced from the one size that the font has."""
        glyph = Image.new("RGBA", (136, 128))
        font = ImageFont.truetype(EMOJI, 109)
        ImageDraw.Draw(glyph).text((0, 0), char, font=font, embedded_color=True)
        small = glyph.resize((int(SIZE * 1.15 * LARGE), int(SIZE * 1.1 * LARGE)))
        self.image.paste(small, (int(x), int(y + LARGE)), small)


def emoji(char: str) -> bool:
    """Whether the colour font has to draw it."""
    return ord(char) >= 0x1F000 or char in "⚪⚫✔✖❓"


def wrap(pen: Pen, runs: list[Run], room: float) -> list[list[Run]]:
    """Break a line at blanks."""
    rows: list[list[Run]] = [[]]
    used = 0.0
    for run in runs:
        for part in run.text.replace(" ", " \0").split("\0"):
            wide = pen.width(part, run.styles)
            if used + wide > room and rows[-1]:
                rows.append([])
                used = 0.0
            rows[-1].append(Run(part, run.styles))
            used += wide
    return rows


def bubble(pen: Pen, message: ChatMessage, top: float) -> float:
    """The message in its bubble; where it ends."""
    left, right = EDGE * LARGE, (WIDTH - EDGE) * LARGE
    room = right - left - 2 * PAD * LARGE
    placed: list[tuple[list[Run], float, bool]] = []
    y = top + PAD * LARGE
    for runs, quoted in lines_of(message):
        indent = 12 * LARGE if quoted else 0
        for row in wrap(pen, runs, room - indent) if runs else [[]]:
            placed.append((row, y, quoted))
            y += LEAD * LARGE if runs else LEAD * LARGE / 2
    bottom = y + (PAD + 14) * LARGE
    pen.draw.rounded_rectangle((left, top, right, bottom), 14 * LARGE, fill=BUBBLE)
    for row, at, quoted in placed:
        x = left + PAD * LARGE
        if quoted:
            pen.draw.rectangle((x, at, right - PAD * LARGE, at + LEAD * LARGE), fill="#eaf2f9")
            pen.draw.rectangle((x, at, x + 3 * LARGE, at + LEAD * LARGE), fill=LINK)
            x += 12 * LARGE
        for run in row:
            colour = LINK if "text_link" in run.styles else TEXT
            colour = FAINT if "italic" in run.styles else colour
            x = pen.write(x, at, run, colour)
    clock = f"{NOW.astimezone(ZoneInfo('Europe/Kyiv')):%H:%M}"
    pen.draw.text(
        (right - 48 * LARGE, bottom - 20 * LARGE), clock, fill=FAINT, font=pen.font(frozenset(), 12)
    )
    return bottom


def buttons(pen: Pen, keyboard: object, top: float) -> float:
    """The buttons under the bubble; where they end."""
    rows = keyboard["inline_keyboard"] if isinstance(keyboard, dict) else []
    y = top + 4 * LARGE
    whole = (WIDTH - 2 * EDGE) * LARGE
    for row in rows:
        wide = (whole - 4 * LARGE * (len(row) - 1)) / len(row)
        for number, one in enumerate(row):
            x = EDGE * LARGE + number * (wide + 4 * LARGE)
            pen.draw.rounded_rectangle((x, y, x + wide, y + 36 * LARGE), 10 * LARGE, fill=BUTTON)
            run = Run(one["text"], frozenset())
            middle = x + (wide - pen.width(run.text, run.styles)) / 2
            pen.write(middle, y + 9 * LARGE, run, TEXT)
        y += 40 * LARGE
    return y


def picture(name: str) -> None:
    """One sample as docs/images/chat-NAME.png."""
    sample, acts = SAMPLES[name]
    look = Look(
        ZoneInfo("Europe/Kyiv"), language=language_of(name[-2:]), buttons=Buttons("1:drawn"),
        handling=Handling(acts), near=near, draw=lambda *_: b"",
    )  # fmt: skip
    pen = Pen()
    end = bubble(pen, look.message(sample, NOW), EDGE * LARGE)
    end = buttons(pen, look.keyboard("night", sample), end)
    if name == "opened":
        end = below(pen, end)
    image = pen.image.crop((0, 0, WIDTH * LARGE, int(end + EDGE * LARGE)))
    image.quantize(128).save(IMAGES / f"chat-{name}.png", optimize=True)


def below(pen: Pen, top: float) -> float:
    """The map that answers what opens."""
    spot = Spot("Козинка", (50.4563, 35.5954), "critical", 2.0)
    png = Image.open(io.BytesIO(draw(spot, TOWNS, outlines_in(spot.box))))
    wide = (WIDTH - 2 * EDGE) * LARGE
    small = png.resize((wide, wide * png.height // png.width))
    pen.image.paste(small, (EDGE * LARGE, int(top + 6 * LARGE)))
    return top + 6 * LARGE + small.height


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for sample_name in SAMPLES:
        picture(sample_name)
