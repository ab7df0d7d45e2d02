"""The tutorial is true: its files are written, its commands typed, and they print what it says."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
FENCE = re.compile(r"(?ms)^```(yaml|json|console)\n(.*?)^```$")
NAMED = re.compile(r"`([\w./-]+\.(?:yaml|jsonl))`:\s*\Z")
MARK = re.compile(r"[🔴🟠🟡🟣🟤🔵⚪]")
PATIENCE = 60.0
"""Seconds that something may take after a `sleep`, on a busy machine."""


class Typed(NamedTuple):
    """A command of the page, what it should print, and whether that may take a while."""

    command: str
    printed: str
    patient: bool


def steps() -> Iterator[tuple[str, str] | Typed]:
    """The page in order: (file, content) to save, and commands to type."""
    page = PAGE.read_text("utf-8")
    for fence in FENCE.finditer(page):
        if fence[1] != "console":
            named = NAMED.search(page[: fence.start()])
            assert named, f"which file is it? {fence[2][:60]}"
            yield named[1], fence[2]
            continue
        patient = False
        for one in re.split(r"(?m)^\$ ", fence[2])[1:]:
            command, _, printed = one.partition("\n")
            if command.startswith("sleep "):
                patient = True
            else:
                yield Typed(command, printed, patient)


def is_as_said(said: str, printed: str) -> bool:
    """Whether it printed what the page says; `...` is anything, a level's sign any sign."""
    said, printed = (MARK.sub("●", one.rstrip()) for one in (said, printed))
    pattern = re.escape(said).replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


class Desk:
    """The reader's folder, with `monitor` on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "desk"
        self.folder.mkdir()
        program = folder / "bin" / "monitor"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m monitor "$@"\n', "utf-8")
        program.chmod(0o755)
        self.environment = {
            **{key: one for key, one in os.environ.items() if not key.startswith("MONITOR_")},
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1",
        }  # fmt: skip
        self.running: list[subprocess.Popen[bytes]] = []

    def save(self, name: str, content: str) -> None:
        """Write as editors do: a new file takes the old one's place."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(content, "utf-8")
        new.replace(path)

    def type(self, command: str) -> str:
        """What a command prints."""
        shell = ["bash", "-c", command]
        if command.endswith("&"):
            shell = ["bash", "-c", "exec " + command.removesuffix("&")]
            self.running.append(
                subprocess.Popen(
                    shell, cwd=self.folder, env=self.environment, start_new_session=True
                )
            )
            return ""
        done = subprocess.run(
            shell, cwd=self.folder, env=self.environment, check=False, capture_output=True
        )
        return done.stdout.decode("utf-8")

    def close(self) -> None:
        """End what still runs."""
        for one in self.running:
            one.send_signal(signal.SIGTERM)
            assert one.wait(PATIENCE) == 0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty folder."""
    one = Desk(tmp_path)
    yield one
    one.close()


@pytest.mark.timeout(600)
def test_the_tutorial_is_true(desk: Desk) -> None:
    """Followed word for word, every command prints what the page says it prints."""
    for step in steps():
        if not isinstance(step, Typed):
            desk.save(*step)
            continue
        printed = desk.type(step.command)
        given_up = time.monotonic() + (PATIENCE if step.patient else 0)
        while not is_as_said(step.printed, printed) and time.monotonic() < given_up:
            time.sleep(0.3)
            printed = desk.type(step.command)
        assert is_as_said(step.printed, printed), f"$ {step.command}\n{printed}"
