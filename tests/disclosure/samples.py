"""Cells of made-up runs: who is in which cell, with which of her rows."""

from collections.abc import Iterable, Mapping

from marketplace.analysis.grid import Cell, Contributions, Grid, GridDimension
from marketplace.analysis.subjects import subject_set
from marketplace.catalogue.description import Honesty
from marketplace.catalogue.ingest import row_tag
from marketplace.disclosure.gate import Release
from marketplace.disclosure.result import HonestSource

At = tuple[int, ...]


def grid(*shape: int, measures: tuple[str, ...] = ("people", "rows")) -> Grid:
    dimensions = (
        GridDimension("s", f"d{number}", None, tuple(f"{number}.{place}" for place in range(length)))
        for number, length in enumerate(shape)
    )
    return Grid(tuple(dimensions), measures)


def contributions(people: Mapping[int, Iterable[int]]) -> Contributions:
    """From each person's rows, named by their place among hers."""
    tags: list[int] = []
    for person in sorted(people):
        tag = 0
        for row in people[person]:
            tag ^= row_tag(b"", b"", (row,), 0)
        tags.append(tag)
    return Contributions(subject_set(people), tuple(tags))


def cell(at: At, people: Mapping[int, Iterable[int]]) -> Cell:
    rows = sum(len(list(of_one)) for of_one in people.values())
    return Cell(at, (len(people), rows), contributions(people))


def cells_of(sizes: Mapping[At, int]) -> tuple[Cell, ...]:
    """Cells of different people, each with one row, numbered on from cell to cell."""
    found: list[Cell] = []
    first = 0
    for at in sorted(sizes):
        if sizes[at]:
            found.append(cell(at, {person: [0] for person in range(first, first + sizes[at])}))
            first += sizes[at]
    return tuple(found)


def release(k: int = 10, *, dataset: str = "trips", root: bytes = b"r" * 32) -> Release:
    sources = (HonestSource("trips", Honesty("model", "A travel model's output.")),)
    return Release(b"q" * 32, dataset, root, k, sources)
