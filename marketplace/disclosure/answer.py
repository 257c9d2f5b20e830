"""A result document as rows to read: one per cell, and the figures that a chart can show."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MOST_BARS = 40


@dataclass(frozen=True, slots=True)
class Row:
    labels: tuple[str, ...]
    values: tuple[int, ...] | None
    """None: suppressed or empty, which look alike."""


@dataclass(frozen=True, slots=True)
class Answer:
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    total: tuple[int, ...] | None
    k: int | None
    honesty: str
    sources: tuple[dict[str, str], ...]
    bars: tuple[tuple[str, int | None], ...]
    """The first measure by label: of every cell where they are few, else of the dimension with the most labels that
    fits. Empty: too many to draw, or a total alone."""
    bars_by: str

    @property
    def hides(self) -> bool:
        return self.total is None or any(row.values is None for row in self.rows)


def read(document: dict[str, Any]) -> Answer:
    dimensions: list[dict[str, Any]] = document["dimensions"]
    names = tuple(_named(one) for one in dimensions)
    places = itertools.product(*(one["labels"] for one in dimensions))
    rows = tuple(
        Row(tuple(labels), _figure(cell)) for labels, cell in zip(places, document["cells"], strict=True)
    )
    bars_by, bars = _bars(names, dimensions, rows, document["margins"])
    return Answer(
        dimensions=names,
        measures=tuple(document["measures"]),
        rows=rows,
        total=_figure(document["total"]),
        k=document["k"],
        honesty=document["honesty"]["label"],
        sources=tuple(document["honesty"]["sources"]),
        bars=bars,
        bars_by=bars_by,
    )


def _named(dimension: dict[str, Any]) -> str:
    return dimension["name"] if dimension["grain"] is None else f"{dimension['name']} ({dimension['grain']})"


def _figure(values: list[int] | None) -> tuple[int, ...] | None:
    return None if values is None else tuple(values)


def _bars(
    names: Sequence[str],
    dimensions: Sequence[dict[str, Any]],
    rows: Sequence[Row],
    margins: Sequence[Sequence[list[int] | None]],
) -> tuple[str, tuple[tuple[str, int | None], ...]]:
    if not names:
        return "", ()
    if len(rows) <= MOST_BARS:
        return ", ".join(names), tuple(
            (", ".join(row.labels), None if row.values is None else row.values[0]) for row in rows
        )
    fitting = [place for place, one in enumerate(dimensions) if len(one["labels"]) <= MOST_BARS]
    if not fitting:
        return "", ()
    place = max(fitting, key=lambda one: len(dimensions[one]["labels"]))
    pairs = zip(dimensions[place]["labels"], margins[place], strict=True)
    return names[place], tuple((label, None if figure is None else figure[0]) for label, figure in pairs)
