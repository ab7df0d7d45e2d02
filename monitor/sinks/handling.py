"""What the desk has done about each incident, for every sink that shows it."""

from collections.abc import Callable, Iterable

from monitor.action import JUDGING, Action


class Handling:
    """Of each incident the newest act that settles it; `listen` hears of new ones.

    A judgement on one incident never touches another; acknowledging after a false alarm takes the
    false alarm back.
    """

    def __init__(self, judged: Iterable[Action] = ()) -> None:
        self._judged: dict[str, Action] = {}
        self._listeners: list[Callable[[str], None]] = []
        for action in judged:
            self._keep(action)

    def of(self, incident: str) -> Action | None:
        """Who acknowledged an incident, or called it a false alarm; None if nobody has."""
        return self._judged.get(incident)

    def took(self, action: Action) -> None:
        """Somebody did something, and it is stored."""
        if self._keep(action):
            for listener in self._listeners:
                listener(action.incident or "")

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with each incident that is judged; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _keep(self, action: Action) -> bool:
        if action.did not in JUDGING or action.incident is None:
            return False
        self._judged[action.incident] = action
        return True
