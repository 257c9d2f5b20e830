"""What a dataset's columns may hold. A column is closed: whatever lies outside is refused at ingest.

Inside a version every value is one whole number, its *stored* form: the number itself, the place of a
category in its domain, the hour, or the seconds since 1970-01-01T00:00:00Z.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property

from marketplace.catalogue.documents import (
    COLUMN_NAME,
    Fields,
    Mistakes,
    ValueNotAllowedError,
    kind_of,
    refuse_repeats,
    text_of,
)

LARGEST_BOUND = 2**40
LARGEST_DOMAIN = 20_000

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


class NotInColumnError(Exception):
    """A value that the column does not admit; says the broken rule, never the value."""


@dataclass(frozen=True)
class IntegerColumn:
    """Whole numbers from `minimum` to `maximum`, both included.

    With `decimals` n the source holds decimal fractions; they are stored times 10^n, rounded half to even,
    and the bounds are in that stored unit.
    """

    name: str
    minimum: int
    maximum: int
    decimals: int = 0
    unit: str | None = None

    @property
    def range(self) -> tuple[int, int]:
        return self.minimum, self.maximum

    def stored(self, value: object) -> int:
        number = _decimal(value).scaleb(self.decimals)
        whole = int(number.quantize(Decimal(1), ROUND_HALF_EVEN))
        if self.decimals == 0 and number != whole:
            raise NotInColumnError("is not a whole number")
        if not self.minimum <= whole <= self.maximum:
            raise NotInColumnError(f"is outside {self.minimum} to {self.maximum}")
        return whole

    def readable(self, stored: int) -> int | str:
        return stored

    def document(self) -> dict[str, object]:
        found: dict[str, object] = {
            "name": self.name,
            "type": "integer",
            "minimum": self.minimum,
            "maximum": self.maximum,
        }
        if self.decimals:
            found["decimals"] = self.decimals
        if self.unit is not None:
            found["unit"] = self.unit
        return found


@dataclass(frozen=True)
class CategoryColumn:
    """One of the words of `domain`, spelled exactly."""

    name: str
    domain: tuple[str, ...]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.domain)}

    @property
    def range(self) -> tuple[int, int]:
        return 0, len(self.domain) - 1

    def stored(self, value: object) -> int:
        word = str(value).lower() if isinstance(value, bool) else str(value)
        place = self._places.get(word)
        if place is None or value is None:
            raise NotInColumnError("is not in the domain")
        return place

    def readable(self, stored: int) -> int | str:
        return self.domain[stored]

    def document(self) -> dict[str, object]:
        return {"name": self.name, "type": "category", "domain": list(self.domain)}


@dataclass(frozen=True)
class HourColumn:
    """An hour of the day, `first` to `last`, both included (0 to 23)."""

    name: str
    first: int
    last: int

    @property
    def range(self) -> tuple[int, int]:
        return self.first, self.last

    def stored(self, value: object) -> int:
        return IntegerColumn(self.name, self.first, self.last).stored(value)

    def readable(self, stored: int) -> int | str:
        return stored

    def document(self) -> dict[str, object]:
        return {"name": self.name, "type": "hour", "from": self.first, "until": self.last}


@dataclass(frozen=True)
class TimestampColumn:
    """An instant from `first_at` on and before `until_at`, in UTC. A source without a zone is read as UTC."""

    name: str
    first_at: datetime
    until_at: datetime

    @property
    def range(self) -> tuple[int, int]:
        return int(self.first_at.timestamp()), int(self.until_at.timestamp()) - 1

    def stored(self, value: object) -> int:
        instant = value if isinstance(value, datetime) else _instant(value)
        seconds = int(instant.replace(tzinfo=instant.tzinfo or UTC).timestamp() // 1)
        first, last = self.range
        if not first <= seconds <= last:
            raise NotInColumnError("is outside the period")
        return seconds

    def readable(self, stored: int) -> int | str:
        return datetime.fromtimestamp(stored, UTC).strftime(_INSTANT)

    def document(self) -> dict[str, object]:
        return {
            "name": self.name,
            "type": "timestamp",
            "from": self.first_at.strftime(_INSTANT),
            "until": self.until_at.strftime(_INSTANT),
        }


Column = IntegerColumn | CategoryColumn | HourColumn | TimestampColumn


def parse_column(value: object, at: str, mistakes: Mistakes) -> Column:
    """Raises PartUnreadableError: its mistakes are noted. Raises DocumentError: it is no column at all."""
    kind = kind_of(value, at, "type", _FIELDS)
    fields = Fields(value, at, mistakes, allowed=_FIELDS[kind])
    name = fields.matching("name", COLUMN_NAME)
    match kind:
        case "integer":
            column: Column = _integer(name, fields)
        case "category":
            column = _category(name, fields)
        case "hour":
            first = fields.integer("from", 0, 23)
            column = HourColumn(name, first, fields.integer("until", first, 23))
        case _:
            column = _timestamp(name, fields)
    fields.require_sound()
    return column


_FIELDS: dict[str, frozenset[str]] = {
    "integer": frozenset({"name", "type", "minimum", "maximum", "decimals", "unit"}),
    "category": frozenset({"name", "type", "domain"}),
    "hour": frozenset({"name", "type", "from", "until"}),
    "timestamp": frozenset({"name", "type", "from", "until"}),
}


def _integer(name: str, fields: Fields) -> IntegerColumn:
    minimum = fields.integer("minimum", -LARGEST_BOUND, LARGEST_BOUND)
    return IntegerColumn(
        name=name,
        minimum=minimum,
        maximum=fields.integer("maximum", minimum, LARGEST_BOUND),
        decimals=fields.integer("decimals", 0, 6) if "decimals" in fields else 0,
        unit=fields.text("unit", 40) if "unit" in fields else None,
    )


def _category(name: str, fields: Fields) -> CategoryColumn:
    words = fields.each("domain", _word, 1, LARGEST_DOMAIN)
    with fields.noting():
        refuse_repeats(words, f"{fields.at}.domain")
    return CategoryColumn(name, tuple(words))


def _word(value: object, at: str) -> str:
    return text_of(value, at, longest=120, shortest=0)


def _timestamp(name: str, fields: Fields) -> TimestampColumn:
    first_at = fields.read("from", _named_instant, datetime.min.replace(tzinfo=UTC))
    until_at = fields.read("until", _named_instant, datetime.max.replace(tzinfo=UTC))
    fields.require_sound()
    if not first_at < until_at:
        raise ValueNotAllowedError(f"{fields.at}.until must be later than its from.")
    return TimestampColumn(name, first_at, until_at)


def _named_instant(value: object, at: str) -> datetime:
    text = text_of(value, at, 20)
    try:
        instant = datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        instant = None
    # strptime takes a month without its zero; only one spelling of an instant may have a digest.
    if instant is None or instant.strftime(_INSTANT) != text or instant.year < 1900:
        raise ValueNotAllowedError(f"{at} must be like 2026-01-31T00:00:00Z, from 1900 on.")
    return instant


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise NotInColumnError("is not a number")
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        raise NotInColumnError("is not a number")
    number = Decimal(text)
    if abs(number) > LARGEST_BOUND:
        raise NotInColumnError("is not a number of a usable size")
    return number


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise NotInColumnError("is not an instant")
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        raise NotInColumnError("is not an instant like 2026-01-31T08:30:00Z") from None
