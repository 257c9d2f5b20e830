"""What people type on the command line, read into types. Each reader refuses by name what it cannot read."""

import re
from decimal import Decimal
from urllib.parse import urlsplit

from ledger.bindings import Payee
from ledger.enums import Class, Meter
from marketplace.catalogue.documents import ValueNotAllowedError, text_of
from marketplace.errors import InvalidError

MICRO = 1_000_000
MOST_MICRO = 2**64 - 1
AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,6})?")
DIGEST = re.compile(r"(0x)?[0-9a-fA-F]{64}")
WHOLE = re.compile(r"[0-9]{1,9}")
LONGEST_REASON = 500
MOST_PAYEES = 4
BASIS_POINTS = 10_000


class AmountMistypedError(InvalidError):
    """It is no amount of credits."""

    code = "amount_mistyped"


class DigestMistypedError(InvalidError):
    """It is no id or digest."""

    code = "digest_mistyped"


class ClassMistypedError(InvalidError):
    """There is no such class of organisations, or it is not taken here."""

    code = "class_mistyped"


class MeterMistypedError(InvalidError):
    """Nothing is counted like that."""

    code = "meter_mistyped"


class VersionMistypedError(InvalidError):
    """It names no version of a dataset."""

    code = "version_mistyped"


class PayeeMistypedError(InvalidError):
    """It names nobody who shares in what a tariff earns, or shares more than there is."""

    code = "payee_mistyped"


class AddressMistypedError(InvalidError):
    """It is no address of a city or a node."""

    code = "address_mistyped"


class TextMistypedError(InvalidError):
    """It is no sentence that can be published."""

    code = "text_mistyped"


def credits_of(typed: str) -> int:
    """Micro-credits of an amount in credits.

    Raises:
        AmountMistypedError: it is negative, not a number, or finer than a micro-credit.
    """
    if not AMOUNT.fullmatch(typed) or (micro := int(Decimal(typed) * MICRO)) > MOST_MICRO:
        raise AmountMistypedError(
            f"{typed[:40]!r} is no amount. Type credits with at most six decimals, such as 25 or 400.00."
        )
    return micro


def digest_of(typed: str, what: str) -> bytes:
    """The 32 bytes of an id such as an order's.

    Raises:
        DigestMistypedError
    """
    if not DIGEST.fullmatch(typed):
        raise DigestMistypedError(
            f"{typed[:80]!r} is no id of {what}. An id is 0x and 64 letters a to f and digits; copy it whole."
        )
    return bytes.fromhex(typed.removeprefix("0x"))


def class_of(typed: str, allowed: tuple[Class, ...]) -> Class:
    """Raises ClassMistypedError."""
    for one in allowed:
        if one.name.lower() == typed.lower().replace("-", "_"):
            return one
    known = ", ".join(one.name.lower() for one in allowed)
    raise ClassMistypedError(f"{typed[:40]!r} is no class that this takes. Choose one of: {known}.")


def meter_of(typed: str) -> Meter:
    """Raises MeterMistypedError."""
    for one in Meter:
        if one.name.lower() == typed.lower().replace("-", "_"):
            return one
    known = ", ".join(one.name.lower() for one in Meter)
    raise MeterMistypedError(f"{typed[:40]!r} is no meter. Choose one of: {known}.")


def versions_of(typed: list[str]) -> dict[str, int]:
    """Versions by dataset, of DATASET=VERSION.

    Raises:
        VersionMistypedError
    """
    found: dict[str, int] = {}
    for part in typed:
        name, equals, number = part.partition("=")
        if not equals or not name or not WHOLE.fullmatch(number) or not int(number) or name in found:
            raise VersionMistypedError(
                f"{part[:60]!r} names no version. Type DATASET=VERSION, once per dataset, such as trips=2."
            )
        found[name] = int(number)
    return found


def payees_of(typed: list[str]) -> list[Payee]:
    """Who shares in what a tariff earns, of PARTICIPANT:BASISPOINTS.

    Raises:
        PayeeMistypedError
    """
    parts = [part.partition(":") for part in typed]
    fitting = all(WHOLE.fullmatch(number) and WHOLE.fullmatch(points) for number, _, points in parts)
    payees = [Payee(int(number), int(points)) for number, _, points in parts] if fitting else []
    if not fitting or len(payees) > MOST_PAYEES or sum(int(points) for *_, points in parts) > BASIS_POINTS:
        raise PayeeMistypedError(
            f"Type PARTICIPANT:BASISPOINTS, at most {MOST_PAYEES} times and at most {BASIS_POINTS} in all, such as "
            "3:2500 for a quarter to participant 3."
        )
    return payees


def address_of(typed: str) -> str:
    """The address of a city's server.

    Raises:
        AddressMistypedError
    """
    try:
        parts = urlsplit(typed)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not typed.isascii() or not typed.isprintable() or " " in typed:
        raise AddressMistypedError(
            f"{typed[:80]!r} is no address of a city. It begins with http:// or https://, such as "
            "http://127.0.0.1:8000."
        )
    return typed.rstrip("/")


def published_text(typed: str, what: str) -> str:
    """A sentence that is published: one line without control or direction characters.

    Raises:
        TextMistypedError
    """
    try:
        return text_of(typed, what, LONGEST_REASON)
    except ValueNotAllowedError as error:
        raise TextMistypedError(str(error)) from error
