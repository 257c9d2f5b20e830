"""The permission file: which senders are listed, and which calls are open to everybody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from eth_utils.address import is_hex_address, to_canonical_address

from ledger.devnet.errors import DevnetError
from ledger.devnet.rate import Rate
from ledger.devnet.transactions import Signed

PER_SENDER = Rate(per_minute=30, burst=10)
TOGETHER = Rate(per_minute=600, burst=200)


class DoorFileError(DevnetError):
    """The permission file cannot be used as it is."""

    code = "door_file"


@dataclass(frozen=True)
class Permissions:
    senders: frozenset[bytes] = frozenset()
    open_calls: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict[bytes, frozenset[bytes]])
    """Contract address to the 4-byte selectors of the functions that anybody may call."""
    per_sender: Rate = PER_SENDER
    together: Rate = TOGETHER
    open_call_gas: int = 2_000_000
    anybody: bool = False

    def lists(self, sender: bytes) -> bool:
        return self.anybody or sender in self.senders

    def opens(self, transaction: Signed) -> bool:
        parsed = transaction.parsed
        return not transaction.creates and bytes(parsed.data[:4]) in self.open_calls.get(
            bytes(parsed.to), frozenset()
        )


def read_permissions(path: Path) -> Permissions:
    """What the file at `path` permits; nothing if there is none.

    Raises:
        DoorFileError: it cannot be read, or says something that cannot be meant.
    """
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
