"""A routine: the small document that says which figures are wanted, and nothing about how they are computed.

It is the only thing that is stored, approved, digested and run; docs/routines.md shows how to write one, and
docs/schemas/routine.schema.json what it may hold. Two documents that differ only in order have the same
canonical bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeVar, cast

from ledger.digests import canonical, sha256
from marketplace.catalogue.dimensions import Grain
from marketplace.catalogue.documents import (
    COLUMN_NAME,
    SLUG,
    Fields,
    Mistakes,
    ValueNotAllowedError,
    WrongTypeError,
    items_of,
    matching_of,
    parse_json,
    refuse_repeats,
    text_of,
)

LARGEST_ROUTINE = 200_000
MOST_SOURCES = 6
MOST_DIMENSIONS = 6
MOST_FILTERS = 20

T = TypeVar("T")


class MeasureKind(StrEnum):
    ROWS = "rows"
    """How many rows."""
    SUM = "sum"
    """The sum of a whole-number column with declared bounds."""
    PEOPLE = "people"
    """How many distinct subjects."""


@dataclass(frozen=True, order=True)
class Measure:
    kind: MeasureKind
    column: str | None = None

    @property
    def name(self) -> str:
        return self.kind.value if self.column is None else f"{self.kind.value} of {self.column}"

    def document(self) -> dict[str, object]:
        column: dict[str, object] = {} if self.column is None else {"column": self.column}
        return {"kind": self.kind.value, **column}


@dataclass(frozen=True, order=True)
class Join:
    """Rows of `left` meet the one row of `right` that is the same subject's, or that a column points to."""

    left: str
    right: str
    left_column: str | None = None
    right_column: str | None = None

    @property
    def on_subject(self) -> bool:
        return self.left_column is None

    def document(self) -> dict[str, object]:
        on = "subject" if self.on_subject else [self.left_column, self.right_column]
        return {"left": self.left, "right": self.right, "on": on}


@dataclass(frozen=True)
class ChosenDimension:
    source: str
    name: str
    grain: Grain | None = None

    def document(self) -> dict[str, object]:
        grain = {} if self.grain is None else {"grain": self.grain.value}
        return {"source": self.source, "name": self.name, **grain}


@dataclass(frozen=True)
class Filter:
    """Keeps rows by a dimension's labels: the listed ones, or a run of them in their order, both ends included."""

    source: str
    dimension: str
    grain: Grain | None
    labels: tuple[str, ...] | None
    run: tuple[str, str] | None

    def document(self) -> dict[str, object]:
        found: dict[str, object] = {"source": self.source, "dimension": self.dimension}
        if self.grain is not None:
            found["grain"] = self.grain.value
        if self.labels is not None:
            found["in"] = list(self.labels)
        if self.run is not None:
            found["from"], found["to"] = self.run
        return found


@dataclass(frozen=True)
class Routine:
    """Parsed and put in order: sources, joins, dimensions, measures and filters are sorted."""

    sources: tuple[str, ...]
    joins: tuple[Join, ...]
    measured: str
    measures: tuple[Measure, ...]
    dimensions: tuple[ChosenDimension, ...]
    filters: tuple[Filter, ...]

    def document(self) -> dict[str, object]:
        return {
            "v": 1,
            "sources": list(self.sources),
            "joins": [join.document() for join in self.joins],
            "measures": {
                "source": self.measured,
                "of": [measure.document() for measure in self.measures],
            },
            "dimensions": [dimension.document() for dimension in self.dimensions],
            "filters": [kept.document() for kept in self.filters],
        }

    @cached_property
    def canonical(self) -> bytes:
        return canonical(self.document())

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the RFC 8785 bytes: 32 bytes. What is registered and approved."""
        return sha256(self.canonical)


def parse_routine(raw: bytes) -> Routine:
    """The routine that `raw` spells. Whether it fits the datasets is marketplace.analysis.plan.check's to say.

    Raises:
        DocumentError: of the first mistake's class; it names every mistake and where it is.
    """
    mistakes = Mistakes()
    fields = Fields(
        parse_json(raw, limit=LARGEST_ROUTINE),
        "routine",
        mistakes,
        allowed={"v", "sources", "joins", "measures", "dimensions", "filters"},
    )
    fields.integer("v", 1, 1)
    measured, measures = fields.read("measures", lambda value, at: _measured(value, at, mistakes), ("", ()))
    routine = Routine(
        sources=_sources(fields),
        joins=tuple(sorted(_optional(fields, "joins", _join, MOST_SOURCES))),
        measured=measured,
        measures=measures,
        dimensions=_dimensions(fields),
        filters=_filters(fields),
    )
    mistakes.refuse()
    return routine


def _optional(fields: Fields, name: str, read: Callable[[object, str, Mistakes], T], most: int) -> list[T]:
    if name not in fields:
        return []
    return fields.each(name, lambda value, at: read(value, at, fields.mistakes), most=most)


def _sources(fields: Fields) -> tuple[str, ...]:
    names = fields.each("sources", lambda value, at: matching_of(value, at, SLUG), 1, MOST_SOURCES)
    with fields.noting():
        refuse_repeats(names, "routine.sources")
    return tuple(sorted(names))


def _join(value: object, at: str, mistakes: Mistakes) -> Join:
    fields = Fields(value, at, mistakes, allowed={"left", "right", "on"})
    left, right = fields.matching("left", SLUG), fields.matching("right", SLUG)
    pair = fields.read("on", _joined_on, None)
    fields.require_sound()
    return Join(left, right) if pair is None else Join(left, right, *pair)


def _joined_on(value: object, at: str) -> tuple[str, str] | None:
    """A column of the left source and one of the right; None: the subject."""
    if value == "subject":
        return None
    if not isinstance(value, list):
        raise WrongTypeError(
            f'{at} must be "subject", or a list of two columns, the left and the right source\'s.'
        )
    left, right = (
        matching_of(item, place, COLUMN_NAME) for item, place in items_of(cast(object, value), at, 2, 2)
    )
    return left, right


def _measured(value: object, at: str, mistakes: Mistakes) -> tuple[str, tuple[Measure, ...]]:
    fields = Fields(value, at, mistakes, allowed={"source", "of"})
    source = fields.matching("source", SLUG)
    found = fields.each("of", lambda item, place: _measure(item, place, mistakes), 1, 20)
    refuse_repeats([measure.name for measure in found], f"{at}.of")
    return source, tuple(sorted(found, key=lambda measure: measure.name))


def _measure(value: object, at: str, mistakes: Mistakes) -> Measure:
    fields = Fields(value, at, mistakes, allowed={"kind", "column"})
    kind = MeasureKind(fields.one_of("kind", list(MeasureKind)))
    fields.require_sound()
    if kind is MeasureKind.SUM:
        measure = Measure(kind, fields.matching("column", COLUMN_NAME))
        fields.require_sound()
        return measure
    if "column" in fields:
        raise ValueNotAllowedError(f"{at}: only a sum has a column.")
    return Measure(kind)


def _dimensions(fields: Fields) -> tuple[ChosenDimension, ...]:
    found = _optional(fields, "dimensions", _dimension, MOST_DIMENSIONS)
    with fields.noting():
        refuse_repeats([_dimension_key(chosen) for chosen in found], "routine.dimensions")
    return tuple(sorted(found, key=_dimension_key))


def _dimension(value: object, at: str, mistakes: Mistakes) -> ChosenDimension:
    fields = Fields(value, at, mistakes, allowed={"source", "name", "grain"})
    chosen = ChosenDimension(fields.matching("source", SLUG), fields.matching("name", SLUG), _grain(fields))
    fields.require_sound()
    return chosen


def _dimension_key(chosen: ChosenDimension) -> str:
    return f"{chosen.source} {chosen.name} {chosen.grain or ''}"


def _grain(fields: Fields) -> Grain | None:
    return Grain(fields.one_of("grain", list(Grain))) if "grain" in fields else None


def _filters(fields: Fields) -> tuple[Filter, ...]:
    found = _optional(fields, "filters", _filter, MOST_FILTERS)
    with fields.noting():
        refuse_repeats([_filter_key(kept) for kept in found], "routine.filters")
    return tuple(sorted(found, key=_filter_key))


def _filter(value: object, at: str, mistakes: Mistakes) -> Filter:
    fields = Fields(value, at, mistakes, allowed={"source", "dimension", "grain", "in", "from", "to"})
    labels, run = None, None
    if "in" in fields:
        if "from" in fields or "to" in fields:
            raise ValueNotAllowedError(f"{at} has labels and a run of labels. Keep one of the two.")
        labels = tuple(sorted(set(fields.each("in", _label, 1, 10_000))))
    else:
        run = fields.text("from", 120), fields.text("to", 120)
    kept = Filter(
        source=fields.matching("source", SLUG),
        dimension=fields.matching("dimension", SLUG),
        grain=_grain(fields),
        labels=labels,
        run=run,
    )
    fields.require_sound()
    return kept


def _label(value: object, at: str) -> str:
    return text_of(value, at, 120, shortest=0)


def _filter_key(kept: Filter) -> str:
    return f"{kept.source} {kept.dimension} {kept.grain or ''}"
