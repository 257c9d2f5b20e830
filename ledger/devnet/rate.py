"""How often strangers may send: token buckets, one per sender and one for all of them together."""

from collections.abc import Callable
from dataclasses import dataclass

from lru import LRU

from ledger.devnet.transactions import TransactionRefusedError

REMEMBERED_SENDERS = 10_000


@dataclass(frozen=True)
class Rate:
    """Open calls per minute, and how many may come at once after a quiet time."""

    per_minute: float
    burst: float


class Limiter:
    """Token buckets: one per sender, and one for all of them, since a fresh address costs nothing."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._together: _Bucket | None = None
        self._per_sender: LRU[bytes, _Bucket] = LRU(REMEMBERED_SENDERS)

    def take(self, sender: bytes, *, per_sender: Rate, together: Rate) -> None:
        now = self._monotonic()
        if self._together is None:
            self._together = _Bucket(together.burst, now)
        mine = self._per_sender.get(sender) or _Bucket(per_sender.burst, now)
        self._per_sender[sender] = mine
        wait = max(
            mine.seconds_until_one(per_sender, now),
            self._together.seconds_until_one(together, now),
        )
        if wait > 0:
            raise TransactionRefusedError(
                "rate_limited", f"too many open calls: send it again in {wait:.0f} seconds"
            )
        mine.level -= 1
        self._together.level -= 1


@dataclass
class _Bucket:
    level: float
    filled_at: float

    def seconds_until_one(self, rate: Rate, now: float) -> float:
        self.level = min(rate.burst, self.level + (now - self.filled_at) * rate.per_minute / 60)
        self.filled_at = now
        return 0.0 if self.level >= 1 else max(1.0, (1 - self.level) * 60 / rate.per_minute)
