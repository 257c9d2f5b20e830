"""The requests that this process is carrying out: a repeated one waits its turn outside."""

import threading

from marketplace.requests.service import InFlightError


class InFlight:
    """The requests that this process is carrying out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[tuple[str, str]] = set()

    def enter(self, one: tuple[str, str]) -> None:
        with self._lock:
            if one in self._held:
                raise InFlightError("The same request is being carried out. Ask again in a moment.")
            self._held.add(one)

    def leave(self, one: tuple[str, str]) -> None:
        with self._lock:
            self._held.discard(one)
