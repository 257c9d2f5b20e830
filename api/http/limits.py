"""How often one caller may ask: a token bucket per caller, in memory."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from marketplace.errors import StoaError

MOST_CALLERS = 10_000


class TooManyRequestsError(StoaError):
    """The caller asks more often than it may."""

    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"You ask too often. Try again in {retry_after} s.")
        self.retry_after = retry_after
        """Seconds."""


@dataclass(frozen=True)
class Pace:
    per_second: float
    burst: int


class Buckets:
    """One bucket per caller; the callers that were silent longest are forgotten first."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Use one request of `caller`.

        Raises:
            TooManyRequestsError: there is none left now.
        """
        now = self._clock()
        with self._lock:
            left, since = self._left.pop(caller, (float(self._pace.burst), now))
            left = min(self._pace.burst, left + (now - since) * self._pace.per_second)
            self._left[caller] = (max(left - 1, 0) if left >= 1 else left, now)
            if len(self._left) > MOST_CALLERS:
                self._left.popitem(last=False)
        if left < 1:
            raise TooManyRequestsError(int((1 - left) / self._pace.per_second) + 1)
