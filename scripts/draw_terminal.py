#!/usr/bin/env python3
"""Draws docs/images/terminal.svg: the real first seconds of `monitor run` in a terminal.

Runs the quick start in a pseudo-terminal with a state folder of its own, stops it after some
seconds and turns what a person would have seen, colours included, into a picture.
"""

import fcntl
import io
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "terminal.svg"
COLUMNS = 104
LINES = 48
SECONDS = 14.0
STOPPING = 15.0

ELSEWHERE = re.compile(r"@font-face \{.*?\n    \}\n|<!-- Generated .*? -->", re.DOTALL)


def seen(command: list[str]) -> str:
    """What a person sees when the command runs in a terminal for SECONDS and is then stopped."""
    child, screen = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.environ.pop("NO_COLOR", None)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # alerts alone; logs depend on the network
        os.execv(command[0], command)  # noqa: S606 - our own program, no shell wanted
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    output, begun, stopped = b"", time.monotonic(), False
    while time.monotonic() - begun < SECONDS + STOPPING:
        if not stopped and time.monotonic() - begun > SECONDS:
            os.kill(child, signal.SIGINT)
            stopped = True
        if select.select([screen], [], [], 0.1)[0]:
            try:
                piece = os.read(screen, 65536)
            except OSError:  # the terminal is closed: the command has ended
                break
            output += piece
    os.waitpid(child, 0)
    return output.decode("utf-8", "replace").replace("\r\n", "\n")


def picture(text: str) -> str:
    """The text with its colours as SVG, without anything that is loaded from elsewhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    drawn = console.export_svg(title="make run 2>run.log", unique_id="terminal")
    drawn = drawn.replace("<text ", '<text xml:space="preserve" ').replace("&#160;", " ")
    return ELSEWHERE.sub("", drawn).replace("Fira Code", "DejaVu Sans Mono")


def main() -> int:
    """Draw it."""
    folder = tempfile.mkdtemp(prefix="monitor-picture-")
    monitor = str(Path(sys.executable).with_name("monitor"))
    try:
        text = seen([monitor, "run", "--config", "quickstart", "--state", folder])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = text.splitlines()[:LINES]
    while lines and lines[-1].strip():  # end with a whole alert
        lines.pop()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture("\n".join(lines).rstrip()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
