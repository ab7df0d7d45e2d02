"""A seeded flood for the crash oracle: posts, echoes, edits, deletions and repeats that alert.

Run as a program it writes the recording, the rules and the sources it is judged by.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

START = datetime(2023, 5, 22, 0, 0, tzinfo=UTC)
CHANNELS = 40
WORDS = {
    "incursion": "диверсионная группа вошла в район",
    "shelling": "обстрел посёлка продолжается",
    "drones": "drones over the oblast tonight",
    "evacuation": "жителей сёл вывозят автобусами",
}
NOISE = (
    "погода на завтра: дожди и сильный ветер",
    "курс валют и цены на бензин",
    "the mayor opened a new school today",
    "відкрили виставку в музеї",
)

RULES = """\
rules:
  - id: incursion
    title: Incursion
    level: critical
    event: battles/armed-clash
    window: 3m
    when: диверсионная группа
  - id: shelling
    title: Shelling
    level: high
    window: 90s
    story: fire
    when: обстрел
  - id: drones
    title: Drones
    level: medium
    window: 2m
    story: fire
    when: [drones, дроны]
  - id: evacuation
    title: Evacuation
    level: high
    window: 4m
    when: {all: [жителей, вывозят]}
  - id: many-shellings
    title: Shelling after shelling
    level: high
    correlate: {type: event_count, rules: fire, timespan: 2m, condition: {gte: 3}}
  - id: many-sources
    title: Many speak
    correlate:
      {type: value_count, timespan: 3m, condition: {field: family, gte: 4}, group_by: affiliation}
  - id: two-sides
    title: Both sides
    level: critical
    correlate:
      {type: corroborated, rules: incursion, timespan: 5m, families: 2, affiliations: 2}
  - id: nobody-leaves
    title: Incursion and no evacuation
    correlate:
      {type: absence, rules: incursion, without: evacuation, timespan: 90s, group_by: affiliation}
  - id: quiet
    title: A side falls quiet
    correlate: {type: flatline, rules: fire, threshold: 2, timespan: 4m, group_by: affiliation}
  - id: first-there
    title: Opened by both
    correlate: {type: temporal, rules: [fire, incursion], count: incidents, timespan: 3m}
"""


def sources() -> str:
    """The sources file: roles and sides spread over the channels, families of two."""
    lines = []
    for number in range(CHANNELS):
        role = ("media", "local", "official", "aggregator")[number % 4]
        side = ("ru-state", "ua-state", "independent", "unknown")[number % 4]
        lines.append(
            f"- {{id: 'telegram:channel_{number}', name: C{number}, role: {role}, "
            f"affiliation: {side}, family: f{number // 2}, via: [recording]}}"
        )
    return "\n".join(lines) + "\n"


def posts(count: int, seed: int = 5) -> Iterator[bytes]:
    """`count` JSON lines, the same for the same seed."""
    draw = random.Random(seed)
    ids = [0] * CHANNELS
    hits: list[dict[str, object]] = []
    last = b""
    for number in range(count):
        at = START + timedelta(seconds=2 * number)
        kind = draw.random()
        if last and kind < 0.01:
            yield last
            continue
        if hits and kind < 0.02:
            yield orjson.dumps(_changed(draw, hits, at))
            continue
        channel = draw.randrange(CHANNELS)
        ids[channel] += draw.randrange(1, 4)
        post: dict[str, object] = {
            "source": f"telegram:channel_{channel}",
            "id": str(ids[channel]),
            "published_at": at.isoformat(),
            "text": f"{draw.choice(NOISE)} {number}",
        }
        if draw.random() < 0.06:
            post["text"] = f"{draw.choice(list(WORDS.values()))}, сообщение {number}"
            if hits and draw.random() < 0.3:
                origin = draw.choice(hits[-20:])
                post["text"] = origin["text"]
                post["forwarded_from"] = {"source": origin["source"], "id": origin["id"]}
            hits.append(post)
        last = orjson.dumps(post)
        yield last


def _changed(draw: random.Random, hits: list[dict[str, object]], at: datetime) -> dict[str, object]:
    """An edit or a deletion of one of the latest posts that matched."""
    post = dict(draw.choice(hits[-200:]))
    if draw.random() < 0.4:
        keys = ("source", "id")
        return {**{key: post[key] for key in keys}, "kind": "delete", "observed_at": at.isoformat()}
    post["kind"] = "edit"
    post["edited_at"] = at.isoformat()
    post["text"] = draw.choice((f"{post['text']} (дополнено)", "сообщение уточняется"))
    return post


def write(folder: Path, count: int) -> None:
    """The recording, the rules and the sources in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    (folder / "sources.yaml").write_text(sources(), "utf-8")
    with (folder / "flood.jsonl").open("wb") as file:
        for line in posts(count):
            file.write(line + b"\n")
