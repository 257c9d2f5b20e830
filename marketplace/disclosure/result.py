"""The document that a buyer gets: figures over a closed grid, and nothing that says who is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ledger.digests import canonical, hexed, sha256
from marketplace.analysis.grid import Grid
from marketplace.catalogue.description import Honesty

Figure = tuple[int, ...] | None
"""The measures of one entry, or None: suppressed or empty, which look alike."""

_WEAKEST_FIRST = ("simulated", "model", "real, ", "real")


@dataclass(frozen=True)
class HonestSource:
    """What a source of the result honestly is."""

    dataset: str
    honesty: Honesty


def weakest_label(labels: Sequence[str]) -> str:
    """The label of a result made from sources of these labels: no stronger than its weakest source.

    Sources that are equally weak in different ways are all named.
    """
    for start in _WEAKEST_FIRST:
        found = sorted({label for label in labels if label.startswith(start)})
        if found:
            return "; ".join(found)
    raise ValueError("A result has at least one source.")


@dataclass(frozen=True)
class ResultDocument:
    """`cells` run with the last dimension fastest. `margins` has one figure per label of each dimension.

    `k` is the threshold that was applied; None when nobody's rows were used.
    """

    routine_digest: bytes
    k: int | None
    grid: Grid
    cells: tuple[Figure, ...]
    margins: tuple[tuple[Figure, ...], ...]
    total: Figure
    sources: tuple[HonestSource, ...]

    @property
    def released_cells(self) -> int:
        """How many cells have a figure: a unit of the bill."""
        return sum(cell is not None for cell in self.cells)

    def document(self) -> dict[str, object]:
        return {
            "v": 1,
            "routine": hexed(self.routine_digest),
            "k": self.k,
            "dimensions": [
                {"source": d.source, "name": d.name, "grain": d.grain, "labels": list(d.labels)}
                for d in self.grid.dimensions
            ],
            "measures": list(self.grid.measures),
            "cells": [_listed(cell) for cell in self.cells],
            "margins": [[_listed(figure) for figure in of_one] for of_one in self.margins],
            "total": _listed(self.total),
            "honesty": {
                "label": weakest_label([source.honesty.label for source in self.sources]),
                "sources": [
                    {"dataset": s.dataset, "label": s.honesty.label, "sentence": s.honesty.sentence}
                    for s in sorted(self.sources, key=lambda source: source.dataset)
                ],
            },
        }

    @cached_property
    def canonical(self) -> bytes:
        return canonical(self.document())

    @cached_property
    def digest(self) -> bytes:
        """The content digest: SHA-256 of the RFC 8785 bytes, 32 bytes. The ledger gets a salted one."""
        return sha256(self.canonical)


def _listed(figure: Figure) -> list[int] | None:
    return None if figure is None else list(figure)
