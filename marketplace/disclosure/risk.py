"""How risky an answer is, in figures: what its groups are at full consent, and what to expect of fewer."""

from dataclasses import dataclass
from fractions import Fraction

from marketplace.analysis.grid import Cell, Grid
from marketplace.analysis.period import Period
from marketplace.analysis.plan import MOST_CELLS
from marketplace.analysis.subjects import NOBODY
from marketplace.disclosure.binomial import at_least
from marketplace.disclosure.suppression import hidden_entries
from marketplace.disclosure.table import Figures, table_of

WHOLE = 10_000
"""Shares are in basis points, rounded down."""


ASSUMED_RATE = 8_000
"""The share of people assumed to consent where nobody says another, in basis points."""


@dataclass(frozen=True)
class Application:
    """What the applicant asks for: the smallest cohort `k`, how long, the share of people assumed to consent (in basis
    points), and the days of data (None: all)."""

    k: int
    days: int
    consent_rate: int = ASSUMED_RATE
    period: Period | None = None

    def __post_init__(self) -> None:
        if self.k < 2 or self.days < 1 or not 0 <= self.consent_rate <= WHOLE:
            raise ValueError(
                "An application has k of at least 2, at least one day, and a rate of 0 to 10,000."
            )


@dataclass(frozen=True)
class RiskFigures:
    """Measured at full consent unless it says expected; shares in basis points.

    `people` are the subjects with rows in the answer, counted once; `places` counts each in every cell she is in.
    """

    cells: int
    filled_cells: int
    people: int
    places: int
    smallest_group: int
    cells_below_k: int
    unique_people_share: int
    covered_share: int
    hidden_cells: int
    expected_covered_share: int
    expected_cells_below_k: int

    @property
    def cells_below_k_share(self) -> int:
        return self.cells_below_k * WHOLE // self.filled_cells if self.filled_cells else 0

    def document(self) -> dict[str, object]:
        return {
            "cells": self.cells,
            "filled_cells": self.filled_cells,
            "people": self.people,
            "smallest_group": self.smallest_group,
            "cells_below_k": self.cells_below_k,
            "cells_below_k_share": self.cells_below_k_share,
            "unique_people_share": self.unique_people_share,
            "covered_share": self.covered_share,
            "hidden_cells": self.hidden_cells,
            "expected_covered_share": self.expected_covered_share,
            "expected_cells_below_k": self.expected_cells_below_k,
        }


def measure(grid: Grid, cells: tuple[Cell, ...], application: Application) -> RiskFigures:
    """The risk figures of cells computed at full consent."""
    k, rate = application.k, Fraction(application.consent_rate, WHOLE)
    groups = [cell.contributions.people for cell in cells]
    anybody, alone = NOBODY, NOBODY
    for cell in cells:
        anybody |= cell.contributions.subjects
        if cell.contributions.people == 1:
            alone |= cell.contributions.subjects
    places = sum(groups)
    # Somebody who consents is in a shown group if at least k - 1 of the others consent as well.
    expected = sum((size * at_least(k - 1, size - 1, rate) for size in groups), Fraction(0))
    below = sum((1 - at_least(k, size, rate) for size in groups), Fraction(0))
    return RiskFigures(
        cells=grid.size,
        filled_cells=len(groups),
        people=anybody.bit_count(),
        places=places,
        smallest_group=min(groups, default=0),
        cells_below_k=sum(size < k for size in groups),
        unique_people_share=_share(alone.bit_count(), anybody.bit_count()),
        covered_share=_share(sum(size for size in groups if size >= k), places),
        hidden_cells=_hidden_cells(grid, cells, k),
        expected_covered_share=_share(expected, places),
        expected_cells_below_k=int(below + Fraction(1, 2)),
    )


def _hidden_cells(grid: Grid, cells: tuple[Cell, ...], k: int) -> int:
    """Cells that have rows and would not be shown: all of them where the routine is too large to run."""
    if grid.size > MOST_CELLS:
        return len(cells)
    figures = Figures(table_of(grid), cells)
    hidden = hidden_entries(figures, k)
    return sum(figures.people[cell] > 0 for cell in figures.table.cells if cell in hidden)


def _share(part: int | Fraction, whole: int) -> int:
    return int(Fraction(part) * WHOLE / whole) if whole else 0
