"""Hex in and hex out, as the JSON-RPC specification writes quantities and bytes."""

import re
from typing import Any

from ledger.devnet.rpc.errors import invalid_params

_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})")
_BYTES = re.compile(r"0x([0-9a-fA-F]{2})*")
_WORD = re.compile(r"0x[0-9a-fA-F]{1,64}")


def hex_quantity(value: int) -> str:
    return hex(value)


def hex_bytes(value: bytes) -> str:
    return "0x" + value.hex()


def quantity(value: Any, name: str) -> int:
    """A number of at most 256 bits, written 0x1f."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise invalid_params(f"{name} must be a hex quantity without leading zeros, such as 0x1f")
    return int(value, 16)


def some_bytes(value: Any, name: str) -> bytes:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        raise invalid_params(f"{name} must be 0x and an even number of hex digits")
    return bytes.fromhex(value[2:])


def address(value: Any, name: str) -> bytes:
    return _exactly(20, value, name)


def digest(value: Any, name: str) -> bytes:
    return _exactly(32, value, name)


def slot(value: Any, name: str) -> int:
    """A storage slot, with or without leading zeros."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise invalid_params(f"{name} must be 0x and at most 64 hex digits")
    return int(value, 16)


def flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid_params(f"{name} must be true or false")
    return value


def _exactly(length: int, value: Any, name: str) -> bytes:
    parsed = some_bytes(value, name)
    if len(parsed) != length:
        raise invalid_params(f"{name} must be {length} bytes, not {len(parsed)}")
    return parsed
