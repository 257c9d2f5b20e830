"""Keccak-256, SHA-256, canonical JSON, and how digests and addresses are written."""

import hashlib
from functools import lru_cache
from typing import Any

import rfc8785
from Crypto.Hash import keccak as _keccak

from stoa_audit.errors import InvalidError

ZERO = bytes(32)
NOBODY = "0x" + "00" * 20


def keccak(content: bytes) -> bytes:
    return _keccak.new(data=content, digest_bits=256).digest()


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def canonical(document: Any, place: str) -> bytes:
    """The RFC 8785 bytes of a JSON document. Raises InvalidError for what JSON cannot carry exactly."""
    try:
        return rfc8785.dumps(document)
    except (ValueError, RecursionError) as error:
        raise InvalidError("this has no canonical JSON form", place) from error


def hexed(content: bytes) -> str:
    return "0x" + content.hex()


def unhexed(text: str, place: str) -> bytes:
    """Bytes from `0x` and lower-case hex. Raises InvalidError for anything else."""
    if not text.startswith("0x") or text != text.lower():
        raise InvalidError("hex is written as 0x and lower-case digits", place)
    try:
        return bytes.fromhex(text[2:])
    except ValueError as error:
        raise InvalidError("this is not hex", place) from error


@lru_cache(maxsize=65_536)
def checksummed(address: bytes) -> str:
    """An address as people read it (EIP-55)."""
    digits = address.hex()
    nibbles = keccak(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit
        for digit, nibble in zip(digits, nibbles, strict=False)
    )


def address_bytes(text: str, place: str) -> bytes:
    """The 20 bytes of an address. Raises InvalidError unless it is written as EIP-55 says."""
    address = unhexed(text.lower(), place)
    if len(address) != 20 or checksummed(address) != text:
        raise InvalidError("an address has 20 bytes and is written as EIP-55 says", place)
    return address
