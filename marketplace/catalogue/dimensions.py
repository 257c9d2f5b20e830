"""What a result may be grouped by: a column's stored values sorted into a closed list of labels.

Each dimension is total: every value its column admits has exactly one label. So the cells of a result are
known before anybody looks at a row, and a cell that is missing says nothing.
"""

from collections import Counter
from collections.abc import Mapping as TableOfColumns
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from marketplace.catalogue.columns import (
    LARGEST_DOMAIN,
    CategoryColumn,
    Column,
    HourColumn,
    IntegerColumn,
    NotInColumnError,
    TimestampColumn,
)
from marketplace.catalogue.documents import (
    COLUMN_NAME,
    SLUG,
    Fields,
    Mistakes,
    PartUnreadableError,
    ValueNotAllowedError,
    kind_of,
    listed,
    matching_of,
    one_of,
    refuse_repeats,
    shown,
    text_of,
    whole_number_of,
)

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Grain(StrEnum):
    """How finely a time dimension is cut. The first three follow the calendar in UTC, the others repeat."""

    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    DAY_OF_WEEK = "day_of_week"
    HOUR_OF_DAY = "hour_of_day"


@dataclass(frozen=True)
class Identity:
    """Every admitted value for itself."""

    name: str
    column: Column

    @property
    def labels(self) -> tuple[str, ...]:
        match self.column:
            case CategoryColumn(domain=words):
                return words
            case HourColumn(first=first, last=last):
                return tuple(f"{hour:02}" for hour in range(first, last + 1))
            case _:
                first, last = self.column.range
                return tuple(str(number) for number in range(first, last + 1))

    @property
    def ordered(self) -> bool:
        return not isinstance(self.column, CategoryColumn)

    def document(self) -> dict[str, object]:
        return {"name": self.name, "column": self.column.name, "kind": "identity"}


@dataclass(frozen=True)
class Bands:
    """Runs of `width` numbers: "0-19", "20-39", ... from `first` to `last`, both included."""

    name: str
    column: IntegerColumn | HourColumn
    first: int
    last: int
    width: int

    @property
    def labels(self) -> tuple[str, ...]:
        starts = range(self.first, self.last + 1, self.width)
        return tuple(str(s) if self.width == 1 else f"{s}-{s + self.width - 1}" for s in starts)

    @property
    def ordered(self) -> bool:
        return True

    def document(self) -> dict[str, object]:
        return {
            "name": self.name,
            "column": self.column.name,
            "kind": "bands",
            "from": self.first,
            "to": self.last,
            "width": self.width,
        }


@dataclass(frozen=True)
class Group:
    """One label of a mapping: a run of numbers, or listed members."""

    label: str
    members: tuple[int, ...]
    spelled: tuple[int, int] | tuple[int, ...] | tuple[str, ...]
    is_run: bool

    def document(self) -> dict[str, object]:
        if self.is_run:
            return {"label": self.label, "from": self.spelled[0], "to": self.spelled[1]}
        return {"label": self.label, "members": list(self.spelled)}


@dataclass(frozen=True)
class Mapping:
    """A table from values to labels: 190 zones to 10 districts."""

    name: str
    column: IntegerColumn | HourColumn | CategoryColumn
    groups: tuple[Group, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(group.label for group in self.groups)

    @property
    def ordered(self) -> bool:
        return False

    @property
    def places(self) -> tuple[int, ...]:
        """For each stored value, from the column's lowest on, the place of its label."""
        lowest, highest = self.column.range
        found = [0] * (highest - lowest + 1)
        for place, group in enumerate(self.groups):
            for member in group.members:
                found[member - lowest] = place
        return tuple(found)

    def document(self) -> dict[str, object]:
        return {
            "name": self.name,
            "column": self.column.name,
            "kind": "mapping",
            "values": [group.document() for group in self.groups],
        }


@dataclass(frozen=True)
class TimeGrid:
    """A timestamp cut on the clock or the calendar (UTC) at one of the allowed grains."""

    name: str
    column: TimestampColumn
    grains: tuple[Grain, ...]

    def labels_at(self, grain: Grain) -> tuple[str, ...]:
        match grain:
            case Grain.DAY_OF_WEEK:
                return _DAYS
            case Grain.HOUR_OF_DAY:
                return tuple(f"{hour:02}" for hour in range(24))
            case Grain.MONTH:
                return tuple(f"{m // 12:04}-{m % 12 + 1:02}" for m in range(*self._months))
            case Grain.DAY:
                return self._steps(timedelta(days=1), "%Y-%m-%d")
            case Grain.HOUR:
                return self._steps(timedelta(hours=1), "%Y-%m-%dT%H")

    def size_at(self, grain: Grain) -> int:
        """How many labels there are, without making them."""
        first, last = self.column.range
        match grain:
            case Grain.DAY_OF_WEEK:
                return 7
            case Grain.HOUR_OF_DAY:
                return 24
            case Grain.MONTH:
                return len(range(*self._months))
            case Grain.DAY:
                return last // 86_400 - first // 86_400 + 1
            case Grain.HOUR:
                return last // 3_600 - first // 3_600 + 1

    def ordered_at(self, grain: Grain) -> bool:
        return grain in (Grain.MONTH, Grain.DAY, Grain.HOUR, Grain.HOUR_OF_DAY)

    @property
    def first_month(self) -> int:
        """Months since year 0 of the first label at grain month."""
        return self.column.first_at.year * 12 + self.column.first_at.month - 1

    @property
    def _months(self) -> tuple[int, int]:
        last_at = self.column.until_at - timedelta(seconds=1)
        return self.first_month, last_at.year * 12 + last_at.month

    def _steps(self, step: timedelta, pattern: str) -> tuple[str, ...]:
        seconds = int(step.total_seconds())
        first, last = self.column.range
        starts = range(first // seconds * seconds, last + 1, seconds)
        return tuple(datetime.fromtimestamp(start, UTC).strftime(pattern) for start in starts)

    def document(self) -> dict[str, object]:
        return {
            "name": self.name,
            "column": self.column.name,
            "kind": "time",
            "grains": [grain.value for grain in self.grains],
        }


Dimension = Identity | Bands | Mapping | TimeGrid


def parse_dimension(
    value: object, at: str, mistakes: Mistakes, columns: TableOfColumns[str, Column | None]
) -> Dimension:
    """A dimension over `columns`; None stands for a column that is there and cannot be read.

    Raises:
        PartUnreadableError: its mistakes are noted, or its column's are.
        DocumentError: it is no dimension at all.
    """
    kind = kind_of(value, at, "kind", _FIELDS)
    fields = Fields(value, at, mistakes, allowed=_FIELDS[kind])
    name = fields.matching("name", SLUG)
    column = fields.read("column", lambda named, place: _column(named, place, columns), None)
    match kind:
        case "identity":
            dimension: Dimension = _identity(name, _read(column), at)
        case "bands":
            dimension = _bands(name, column, fields)
        case "mapping":
            dimension = _mapping(name, _read(column), fields)
        case _:
            dimension = _time_grid(name, column, fields)
    fields.require_sound()
    return dimension


def _column(value: object, at: str, columns: TableOfColumns[str, Column | None]) -> Column | None:
    name = matching_of(value, at, COLUMN_NAME)
    if name not in columns:
        raise ValueNotAllowedError(
            f"{at} names no column of this dataset: {shown(name)}. There are: {listed(columns)}."
        )
    return columns[name]


def _read(column: Column | None) -> Column:
    """Raises PartUnreadableError: it is not there, or cannot be read; either is noted."""
    if column is None:
        raise PartUnreadableError
    return column


_FIELDS: dict[str, frozenset[str]] = {
    "identity": frozenset({"name", "column", "kind"}),
    "bands": frozenset({"name", "column", "kind", "from", "to", "width"}),
    "mapping": frozenset({"name", "column", "kind", "values"}),
    "time": frozenset({"name", "column", "kind", "grains"}),
}


def _identity(name: str, column: Column, at: str) -> Identity:
    lowest, highest = column.range
    if isinstance(column, TimestampColumn) or highest - lowest >= LARGEST_DOMAIN:
        raise ValueNotAllowedError(
            f"{at} would have more than {LARGEST_DOMAIN} labels. Use bands, a mapping or time grains."
        )
    return Identity(name, column)


def _bands(name: str, read: Column | None, fields: Fields) -> Bands:
    first, last, width = fields.integer("from"), fields.integer("to"), fields.integer("width", 1)
    column = _read(read)
    if not isinstance(column, IntegerColumn | HourColumn):
        raise ValueNotAllowedError(f"{fields.at}: only whole numbers and hours can be cut into bands.")
    fields.require_sound()
    lowest, highest = column.range
    if first > lowest or last < highest:
        raise ValueNotAllowedError(f"{fields.at} must cover its column, from {lowest} to {highest}.")
    if (last - first + 1) % width:
        raise ValueNotAllowedError(f"{fields.at} does not divide into bands of its width.")
    if (last - first + 1) // width > LARGEST_DOMAIN:
        raise ValueNotAllowedError(f"{fields.at} has more than {LARGEST_DOMAIN} bands. Widen them.")
    return Bands(name, column, first, last, width)


def _mapping(name: str, column: Column, fields: Fields) -> Mapping:
    if isinstance(column, TimestampColumn):
        raise ValueNotAllowedError(f"{fields.at}: a timestamp has time grains, not a mapping.")
    lowest, highest = column.range
    if highest - lowest >= LARGEST_DOMAIN:
        raise ValueNotAllowedError(f"{fields.at} maps more than {LARGEST_DOMAIN} values. Use bands.")
    groups = tuple(
        fields.each("values", lambda item, at: _group(item, at, fields.mistakes, column), 1, LARGEST_DOMAIN)
    )
    fields.require_sound()
    refuse_repeats([group.label for group in groups], f"{fields.at}.values")
    counted = Counter(member for group in groups for member in group.members)
    if any(times > 1 for times in counted.values()):
        raise ValueNotAllowedError(f"{fields.at} maps a value twice. Give each value one label.")
    if len(counted) != highest - lowest + 1:
        raise ValueNotAllowedError(f"{fields.at} leaves a value of its column without a label.")
    return Mapping(name, column, groups)


def _group(
    value: object, at: str, mistakes: Mistakes, column: IntegerColumn | HourColumn | CategoryColumn
) -> Group:
    fields = Fields(value, at, mistakes, allowed={"label", "members", "from", "to"})
    label = fields.text("label", 120)
    lowest, highest = column.range
    if "members" not in fields:
        if isinstance(column, CategoryColumn):
            raise ValueNotAllowedError(f"{at}: words are listed as members, not as a run.")
        first = fields.integer("from", lowest, highest)
        last = fields.integer("to", first, highest)
        fields.require_sound()
        return Group(label, tuple(range(first, last + 1)), (first, last), is_run=True)
    if "from" in fields or "to" in fields:
        raise ValueNotAllowedError(f"{at} has members and a run. Keep one of the two.")
    if isinstance(column, CategoryColumn):
        words = tuple(
            fields.each("members", lambda item, place: _word_of(item, place, column), 1, LARGEST_DOMAIN)
        )
        fields.require_sound()
        return Group(label, tuple(column.stored(word) for word in words), words, is_run=False)
    numbers = tuple(
        fields.each(
            "members", lambda item, place: whole_number_of(item, place, lowest, highest), 1, LARGEST_DOMAIN
        )
    )
    fields.require_sound()
    return Group(label, numbers, numbers, is_run=False)


def _word_of(value: object, at: str, column: CategoryColumn) -> str:
    word = text_of(value, at, 120, shortest=0)
    try:
        column.stored(word)
    except NotInColumnError:
        raise ValueNotAllowedError(
            f"{at} is no word of the column {shown(column.name)}. Its domain: {listed(column.domain)}."
        ) from None
    return word


def _time_grid(name: str, read: Column | None, fields: Fields) -> TimeGrid:
    grains = tuple(
        fields.each("grains", lambda item, at: Grain(one_of(item, at, list(Grain))), 1, len(Grain))
    )
    column = _read(read)
    if not isinstance(column, TimestampColumn):
        raise ValueNotAllowedError(f"{fields.at}: only a timestamp has time grains.")
    fields.require_sound()
    refuse_repeats([grain.value for grain in grains], f"{fields.at}.grains")
    grid = TimeGrid(name, column, grains)
    if any(grid.size_at(grain) > LARGEST_DOMAIN for grain in grains):
        raise ValueNotAllowedError(
            f"{fields.at} has a grain with more than {LARGEST_DOMAIN} labels. Leave it out."
        )
    return grid
