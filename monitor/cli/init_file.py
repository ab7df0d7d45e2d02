"""The configuration that `monitor init` writes: short, commented, ready to be changed."""

from typing import NamedTuple

from monitor.receivers import Language


class Chat(NamedTuple):
    """The chat that was found: where it is, and who wrote there."""

    number: str
    title: str
    topic: int | None
    person: int
    name: str


class Wishes(NamedTuple):
    """What was answered. Without a chat alerts go to the terminal alone."""

    instance: str
    language: Language = "en"
    time_zone: str = "UTC"
    quiet: tuple[str, str] | None = None
    chat: Chat | None = None
    token: str = "file:bot-token"  # noqa: S105 - where it is, not what it is
    api_url: str | None = None


def configuration(wishes: Wishes) -> str:
    """monitor.yaml as text."""
    return "\n".join([*_head(wishes), *_receivers(wishes), *_route(wishes), *_rest()])


def _head(wishes: Wishes) -> list[str]:
    return [
        "# Written by `monitor init`. Every key: docs/settings.md. `monitor check` tells mistakes,",
        "# `monitor run` starts. Paths are relative to this file; a secret is only named here.",
        "",
        f"instance: {wishes.instance}",
        "state: state                      # the database; keep it to yourself",
        "",
        "rules: [rules]                    # yours from now on: edit, save, and they are in force",
        "places: [rules/places.yaml]",
        "sources: [rules/sources.yaml]     # who is read; monitor sources add @name adds one",
        "",
    ]


def _receivers(wishes: Wishes) -> list[str]:
    lines = ["receivers:", "  - {name: terminal, kind: terminal}"]
    chat = wishes.chat
    if chat is None:
        return [*lines, "  # a chat: run `monitor init` again elsewhere, or see docs/chat.md", ""]
    lines += [
        "  - kind: telegram_bot",
        "    name: chat",
        f'    chat: "{chat.number}"',
        f"    token: {wishes.token}         # env:NAME and credential:NAME work too",
        f"    language: {wishes.language}   # of buttons and answers: en, ru, uk",
        f"    time_zone: {wishes.time_zone}",
    ]
    if chat.topic is not None:
        lines.append(f"    topic: {chat.topic}")
    if wishes.api_url is not None:
        lines.append(f"    api_url: {wishes.api_url}")
    return [
        *lines,
        "    people:                       # who may press buttons and give commands",
        f"      - {{id: {chat.person}, name: {chat.name}}}",
        "",
    ]


def _route(wishes: Wishes) -> list[str]:
    if wishes.chat is None:
        return []
    lines = [
        "route:                            # docs/routing.md; the first child that holds takes it",
        "  receiver: [terminal, chat]",
    ]
    if wishes.quiet is None:
        return [*lines, ""]
    start, end = wishes.quiet
    times = (
        f'{{times: [{{start_time: "{start}", end_time: "{end}"}}], location: {wishes.time_zone}}}'
    )
    return [
        *lines,
        "  routes:",
        '    - matchers: ["level <= critical"]',
        "      silent_time_intervals: night  # told without a sound; critical alerts always sound",
        "time_intervals:",
        "  - name: night",
        "    time_intervals:",
        f"      - {times}",
        "",
    ]


def _rest() -> list[str]:
    return [
        "# A sign of life when there is nothing to tell, and a summary for each shift:",
        "# all_quiet: [{receiver: terminal, after: 6h}]",
        '# digests: [{receiver: terminal, at: ["08:00", "20:00"], location: Europe/Kyiv}]',
        "",
    ]
