"""How things are written in JSON: digests and addresses in hex, amounts as decimal strings, instants in RFC 3339.

Parsed at the edge into bytes and whole numbers, and trusted from then on.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from ledger.bindings import Signature
from ledger.digests import hexed, unhexed
from ledger.enums import Class
from ledger.keys import SECP256K1_ORDER, checksum, compact
from ledger.revocation_code import RevocationCode, RevocationCodeError
from marketplace.errors import InvalidError

MICRO = 1_000_000
LARGEST_UINT32 = 2**32 - 1
LARGEST_UINT40 = 2**40 - 1

AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
DIGEST = re.compile(r"0x[0-9a-f]{64}")
SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class SignatureMalformedError(InvalidError):
    """These 65 bytes are no signature that a contract accepts."""

    code = "signature_malformed"


class Shape(BaseModel):
    """A body or a part of one: nothing that is not named is taken."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    @classmethod
    def made(cls, **values: Any) -> Self:
        """One of our own making: its values are parsed already."""
        return cls.model_construct(**values)


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(frozen=True)


def _matching(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"This must be {what}.")
    return value


def _digest(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return unhexed(_matching(value, DIGEST, "0x and 64 lower-case hexadecimal digits"))


def _signature(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    return unhexed(_matching(value, SIGNATURE, "0x and 130 hexadecimal digits: r, s and v"))


def _address(value: object) -> str:
    written = _matching(value, ADDRESS, "0x and 40 hexadecimal digits")
    if written[2:].lower() != written[2:] and checksum(written) != written:
        raise ValueError(
            "The letters' case is not this address's check sum (EIP-55). Compare it, or write it small."
        )
    return checksum(written)


def _amount(value: object) -> int:
    whole, _, rest = _matching(value, AMOUNT, 'credits as a decimal string, such as "12.50"').partition(".")
    return int(whole) * MICRO + int(rest.ljust(6, "0") or 0)


def in_credits(amount: int) -> str:
    """Micro-credits as credits: at least to the cent, further only where there is something."""
    whole, rest = divmod(abs(amount), MICRO)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}{whole}.{decimals}"


def _instant(value: object) -> int:
    written = _matching(value, INSTANT, 'an instant in UTC, such as "2026-11-24T13:00:00Z"')
    try:
        seconds = int(datetime.fromisoformat(written).timestamp())
    except ValueError:
        raise ValueError("There is no such day or time.") from None
    if seconds < 0:
        raise ValueError("This is before 1970.")
    return seconds


def in_utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _code(value: object) -> RevocationCode:
    if isinstance(value, RevocationCode):
        return value
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("This must be the 20 characters on the paper.")
    try:
        return RevocationCode.parse(value)
    except RevocationCodeError as error:
        raise ValueError(str(error)) from None


def _class(value: object) -> Class:
    names = {one.name.lower(): one for one in Class if one is not Class.NONE}
    if isinstance(value, Class):
        return value
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"This must be one of: {', '.join(names)}.")
    return names[value]


def _text(pattern: str, example: str) -> Any:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Digest = Annotated[
    bytes, BeforeValidator(_digest), PlainSerializer(hexed), _text("^0x[0-9a-f]{64}$", "0x" + "1f" * 32)
]
SignatureBytes = Annotated[
    bytes,
    BeforeValidator(_signature),
    PlainSerializer(hexed),
    _text("^0x[0-9a-fA-F]{130}$", "0x" + "2e" * 64 + "1b"),
]
Address = Annotated[
    str,
    BeforeValidator(_address),
    _text("^0x[0-9a-fA-F]{40}$", "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"),
]
AMOUNT_TEXT = _text(r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$", "12.50")
INSTANT_TEXT = WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T13:00:00Z"]})

Amount = Annotated[int, PlainSerializer(in_credits), AMOUNT_TEXT]
"""Micro-credits, told as a decimal string of credits."""
Instant = Annotated[int, PlainSerializer(in_utc), INSTANT_TEXT]
"""Unix seconds, told in RFC 3339."""
SentAmount = Annotated[int, BeforeValidator(_amount), PlainSerializer(in_credits), AMOUNT_TEXT]
SentInstant = Annotated[int, BeforeValidator(_instant), PlainSerializer(in_utc), INSTANT_TEXT]
"""As they come from outside: text only, never a number."""
CodeOnPaper = Annotated[
    RevocationCode,
    BeforeValidator(_code),
    _text("^[1-9A-HJ-NP-Za-hj-np-z -]{20,40}$", "7Q4M-2XK9-PD3R-8VWN-5HTB"),
]
ClassName = Annotated[
    Class,
    BeforeValidator(_class),
    PlainSerializer(lambda one: one.name.lower()),
    WithJsonSchema({"type": "string", "enum": [one.name.lower() for one in Class if one is not Class.NONE]}),
]
Number = Annotated[int, Field(ge=1, le=LARGEST_UINT32, examples=[1])]
"""How the ledger numbers participants, datasets, use cases, licences."""
Days = Annotated[int, Field(ge=1, le=3650, examples=[90])]


Language = Literal["en", "de"]


def compact_signature(signature: bytes) -> Signature:
    """The signature as the contracts take it (EIP-2098).

    Raises:
        SignatureMalformedError: v is neither 27 nor 28, or s is in the upper half of the order (EIP-2).
    """
    _require_canonical(signature)
    return Signature(*compact(signature))


def parts_of(signature: bytes) -> tuple[int, bytes, bytes]:
    """(v, r, s) as the token takes it. Raises SignatureMalformedError."""
    _require_canonical(signature)
    return signature[64], signature[:32], signature[32:64]


def _require_canonical(signature: bytes) -> None:
    s = int.from_bytes(signature[32:64], "big")
    if signature[64] not in (27, 28) or not 0 < s <= SECP256K1_ORDER // 2:
        raise SignatureMalformedError(
            "A signature ends with v = 27 or 28 and has a low s (EIP-2). Sign again."
        )
