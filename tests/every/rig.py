"""What the suite of all sinks needs of a receiver."""

from abc import ABC, abstractmethod
from pathlib import Path

from monitor.sinks.deliver import Mute, Sink, nothing_muted

CANARY = "canary-of-the-sinks"


class Rig(ABC):
    """A sink's receiver: makes sinks for it, and knows what it has been shown."""

    name: str
    edits = False
    mutes = True
    programs = False
    """Whether programs read it, which get a text as it was written, rather than people."""
    links = False
    """Whether what people read there turns into links, mentions and commands by itself."""

    @abstractmethod
    async def start(self, folder: Path) -> None:
        """Make the receiver ready."""

    @abstractmethod
    async def stop(self) -> None:
        """End it."""

    @abstractmethod
    def sink(self, mute: Mute = nothing_muted) -> Sink:
        """A new sink for this receiver, as a restart would make it."""

    def marked(self) -> bool:
        """Whether what it keeps for the next start, if it keeps something, stands there."""
        return True

    @abstractmethod
    def shown(self) -> list[str]:
        """The ids of the alerts shown, in order, repeats included."""

    @abstractmethod
    def words(self) -> str:
        """Everything that the receiver was given, as text."""

    def said(self) -> list[str]:
        """Every text that was shown to people, without what is in it for programs."""
        return [self.words()]
