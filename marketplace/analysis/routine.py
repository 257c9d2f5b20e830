"""A routine: the small document that says which figures are wanted, and nothing about how they are computed.

It is the only thing that is stored, approved, digested and run; docs/routines.md shows how to write one, and
docs/schemas/routine.schema.json what it may hold. Two documents that differ only in order have the same
canonical bytes.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ledger.digests import canonical, sha256
from marketplace.catalogue.dimensions import Grain
from marketplace.catalogue.documents import (
    COLUMN_NAME,
    SLUG,
    Fields,
    ValueNotAllowedError,
    matching_of,
    parse_json,
    refuse_repeats,
    text_of,
)

LARGEST_ROUTINE = 200_000
MOST_SOURCES = 6
MOST_DIMENSIONS = 6
MOST_FILTERS = 20


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
        DocumentError: one of its subclasses names what is wrong and where.
    """
    fields = Fields(
        parse_json(raw, limit=LARGEST_ROUTINE),
        "routine",
        allowed={"v", "sources", "joins", "measures", "dimensions", "filters"},
    )
    fields.integer("v", 1, 1)
    measured = Fields(fields.value("measures"), "routine.measures", allowed={"source", "of"})
    return Routine(
        sources=_sources(fields),
        joins=tuple(sorted(_join(item, at) for item, at in _optional(fields, "joins", MOST_SOURCES))),
        measured=measured.matching("source", SLUG),
        measures=_measures(measured),
        dimensions=_dimensions(fields),
        filters=_filters(fields),
    )


def _optional(fields: Fields, name: str, most: int) -> list[tuple[object, str]]:
    return fields.items(name, 0, most) if name in fields else []


def _sources(fields: Fields) -> tuple[str, ...]:
    names = [matching_of(item, at, SLUG) for item, at in fields.items("sources", 1, MOST_SOURCES)]
    refuse_repeats(names, "routine.sources")
    return tuple(sorted(names))


def _join(value: object, at: str) -> Join:
    fields = Fields(value, at, allowed={"left", "right", "on"})
    left, right = fields.matching("left", SLUG), fields.matching("right", SLUG)
    if fields.value("on") == "subject":
        return Join(left, right)
    items = fields.items("on", 2, 2)
    left_column, right_column = (matching_of(item, item_at, COLUMN_NAME) for item, item_at in items)
    return Join(left, right, left_column, right_column)


def _measures(fields: Fields) -> tuple[Measure, ...]:
    found = [_measure(item, at) for item, at in fields.items("of", 1, 20)]
    refuse_repeats([measure.name for measure in found], "routine.measures.of")
    return tuple(sorted(found, key=lambda measure: measure.name))


def _measure(value: object, at: str) -> Measure:
    fields = Fields(value, at, allowed={"kind", "column"})
    kind = MeasureKind(fields.one_of("kind", list(MeasureKind)))
    if kind is MeasureKind.SUM:
        return Measure(kind, fields.matching("column", COLUMN_NAME))
    if "column" in fields:
        raise ValueNotAllowedError(f"{at}: only a sum has a column.")
    return Measure(kind)


def _dimensions(fields: Fields) -> tuple[ChosenDimension, ...]:
    found = [_dimension(item, at) for item, at in _optional(fields, "dimensions", MOST_DIMENSIONS)]
    refuse_repeats([_dimension_key(chosen) for chosen in found], "routine.dimensions")
    return tuple(sorted(found, key=_dimension_key))


def _dimension(value: object, at: str) -> ChosenDimension:
    fields = Fields(value, at, allowed={"source", "name", "grain"})
    return ChosenDimension(fields.matching("source", SLUG), fields.matching("name", SLUG), _grain(fields))


def _dimension_key(chosen: ChosenDimension) -> str:
    return f"{chosen.source} {chosen.name} {chosen.grain or ''}"


def _grain(fields: Fields) -> Grain | None:
    return Grain(fields.one_of("grain", list(Grain))) if "grain" in fields else None


def _filters(fields: Fields) -> tuple[Filter, ...]:
    found = [_filter(item, at) for item, at in _optional(fields, "filters", MOST_FILTERS)]
    refuse_repeats([_filter_key(kept) for kept in found], "routine.filters")
    return tuple(sorted(found, key=_filter_key))


def _filter(value: object, at: str) -> Filter:
    fields = Fields(value, at, allowed={"source", "dimension", "grain", "in", "from", "to"})
    labels, run = None, None
    if "in" in fields:
        if "from" in fields or "to" in fields:
            raise ValueNotAllowedError(f"{at} has labels and a run of labels. Keep one of the two.")
        items = fields.items("in", 1, 10_000)
        labels = tuple(sorted({text_of(item, item_at, 120, shortest=0) for item, item_at in items}))
    else:
        run = fields.text("from", 120), fields.text("to", 120)
    return Filter(
        source=fields.matching("source", SLUG),
        dimension=fields.matching("dimension", SLUG),
        grain=_grain(fields),
        labels=labels,
        run=run,
    )


def _filter_key(kept: Filter) -> str:
    return f"{kept.source} {kept.dimension} {kept.grain or ''}"
