"""Who may send transactions.

A permission file lists senders, who may send anything, and open calls, a contract and some of its functions, that
anybody may send at a limited rate. So a consent can be taken back by somebody whom nobody listed.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from eth_utils.address import is_hex_address, to_canonical_address
from lru import LRU

from ledger.devnet.errors import DevnetError
from ledger.devnet.transactions import Signed, TransactionRefusedError

logger = logging.getLogger(__name__)

REMEMBERED_SENDERS = 10_000


class DoorFileError(DevnetError):
    """The permission file cannot be used as it is."""

    code = "door_file"


class Door(Protocol):
    def admit(self, transaction: Signed, next_nonce: int) -> None:
        """Lets `transaction` in; `next_nonce` is the one that its sender could have mined now.

        Raises:
            TransactionRefusedError: its sender may not send it, or not now.
        """
        ...

    def __str__(self) -> str:
        """Who may send, in a few words."""
        ...


class OpenDoor:
    """Anybody may send anything: for tests."""

    def admit(self, transaction: Signed, next_nonce: int) -> None:
        pass

    def __str__(self) -> str:
        return "open: anybody may send"


@dataclass(frozen=True)
class Rate:
    """Open calls per minute, and how many may come at once after a quiet time."""

    per_minute: float
    burst: float


@dataclass(frozen=True)
class Permissions:
    senders: frozenset[bytes] = frozenset()
    open_calls: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict[bytes, frozenset[bytes]])
    """Contract address to the 4-byte selectors of the functions that anybody may call."""
    per_sender: Rate = Rate(30, 10)
    together: Rate = Rate(600, 200)
    open_call_gas: int = 2_000_000
    anybody: bool = False

    def lists(self, sender: bytes) -> bool:
        return self.anybody or sender in self.senders

    def opens(self, transaction: Signed) -> bool:
        parsed = transaction.parsed
        return not transaction.creates and bytes(parsed.data[:4]) in self.open_calls.get(
            bytes(parsed.to), frozenset()
        )


class FileDoor:
    """The door that a permission file describes. The file is read again when it changes.

    Without the file nobody may send. A file that cannot be read after a change leaves the door as it was: a slip of the
    pen must not keep anybody from taking a consent back.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        """
        Raises:
            DoorFileError: the file is there and cannot be used.
        """
        self._path = path
        self._monotonic = monotonic
        self._seen = _state_of(path)
        self._permissions = _read(path)
        self._limiter = _Limiter(monotonic)

    def admit(self, transaction: Signed, next_nonce: int) -> None:
        permissions = self._current()
        if permissions.lists(transaction.sender):
            return
        if not permissions.opens(transaction):
            raise TransactionRefusedError(
                "door_closed",
                f"sender 0x{transaction.sender.hex()} is not listed at this chain's door, and this call is not open "
                f"to everybody: ask the operator to list it in {self._path.name}",
            )
        if transaction.parsed.gas > permissions.open_call_gas:
            raise TransactionRefusedError(
                "door_closed", f"an open call may have at most {permissions.open_call_gas} gas: ask for less"
            )
        if transaction.nonce != next_nonce:
            # Strangers must not fill the room where transactions wait.
            raise TransactionRefusedError(
                "nonce_too_high", f"an open call must have the next nonce, {next_nonce}"
            )
        self._limiter.take(transaction.sender, permissions)

    def _current(self) -> Permissions:
        state = _state_of(self._path)
        if state != self._seen:
            self._seen = state
            try:
                self._permissions = _read(self._path)
            except DoorFileError as error:
                logger.warning("%s The door stays as it was.", error)
            else:
                logger.info("The door has changed: %s.", self)
        return self._permissions

    def __str__(self) -> str:
        permissions = self._permissions
        if permissions.anybody:
            return f"open: anybody may send ({self._path})"
        functions = sum(map(len, permissions.open_calls.values()))
        if not permissions.senders and not functions:
            return f"shut: nobody may send until {self._path} lists a sender"
        return f"{len(permissions.senders)} listed senders, {functions} functions open to everybody ({self._path})"


class _Limiter:
    """Token buckets: one per sender, and one for all of them, since a fresh address costs nothing."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._together: _Bucket | None = None
        self._per_sender: LRU[bytes, _Bucket] = LRU(REMEMBERED_SENDERS)

    def take(self, sender: bytes, permissions: Permissions) -> None:
        now = self._monotonic()
        if self._together is None:
            self._together = _Bucket(permissions.together.burst, now)
        mine = self._per_sender.get(sender) or _Bucket(permissions.per_sender.burst, now)
        self._per_sender[sender] = mine
        wait = max(
            mine.seconds_until_one(permissions.per_sender, now),
            self._together.seconds_until_one(permissions.together, now),
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


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Permissions:
    try:
        fields = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Permissions()
    except (OSError, ValueError) as error:
        raise DoorFileError(f"The permission file {path} cannot be read: {error}.") from error
    try:
        return _permissions(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise DoorFileError(f"The permission file {path} is wrong: {error}.") from error


def _permissions(fields: Any) -> Permissions:
    if not isinstance(fields, dict):
        raise TypeError("it is not a JSON object")
    known = cast("dict[str, Any]", fields)
    unknown = set(known) - {"senders", "open_calls", "per_sender", "together", "open_call_gas", "anybody"}
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))} means nothing here")
    default = Permissions()
    calls = [
        (_address(call["contract"]), frozenset(map(_selector, call["selectors"])))
        for call in known.get("open_calls", [])
    ]
    return Permissions(
        senders=frozenset(map(_address, known.get("senders", []))),
        open_calls={
            contract: frozenset[bytes]().union(
                *(selectors for other, selectors in calls if other == contract)
            )
            for contract, _ in calls
        },
        per_sender=_rate(known.get("per_sender"), default.per_sender),
        together=_rate(known.get("together"), default.together),
        open_call_gas=_positive(known.get("open_call_gas", default.open_call_gas)),
        anybody=_flag(known.get("anybody", default.anybody)),
    )


def _address(value: Any) -> bytes:
    if not isinstance(value, str) or not is_hex_address(value):
        raise ValueError(f"{value!r} is not an address")
    return to_canonical_address(value)


def _selector(value: Any) -> bytes:
    selector = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    if len(selector) != 4:
        raise ValueError(f"{value!r} is not a selector of 4 bytes")
    return selector


def _rate(value: Any, default: Rate) -> Rate:
    if value is None:
        return default
    return Rate(per_minute=_positive(value["per_minute"]), burst=_positive(value["burst"]))


def _positive(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is not a whole number above 0")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value
