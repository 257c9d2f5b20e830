"""A reader who tries every table: whatever stays hidden keeps at least two possible values.

She knows what was published and that no count is below zero. She does not compute, as the suppression's own audit does;
she searches for another table that looks the same.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.disclosure.suppression import hidden_entries
from marketplace.disclosure.table import Figures, table_of
from tests.disclosure.samples import At, cells_of, grid

K = 4
LARGEST = 12


@dataclass(frozen=True)
class Known:
    """What a reader has: which cells each published sum still leaves open, and how much they are together."""

    cells: tuple[int, ...]
    sums: tuple[tuple[tuple[int, ...], int], ...]

    def another_value(self, cell: int, told: int) -> bool:
        """Whether some other table fits, with another value in this cell."""
        bound = min((left for parts, left in self.sums if cell in parts), default=told + 1)
        near = sorted((value for value in range(bound + 1) if value != told), key=lambda v: abs(v - told))
        return any(self._fits({cell: value}) for value in near)

    def _fits(self, chosen: dict[int, int]) -> bool:
        for parts, left in self.sums:
            rest = left - sum(chosen.get(part, 0) for part in parts)
            if rest < 0 or (rest > 0 and all(part in chosen for part in parts)):
                return False
        open_ones = [
            cell for cell in self.cells if cell not in chosen and any(cell in p for p, _ in self.sums)
        ]
        if not open_ones:
            return True
        cell = min(open_ones, key=lambda one: self._room(one, chosen))
        return any(self._fits({**chosen, cell: value}) for value in range(self._room(cell, chosen), -1, -1))

    def _room(self, cell: int, chosen: Mapping[int, int]) -> int:
        return min(
            left - sum(chosen.get(part, 0) for part in parts) for parts, left in self.sums if cell in parts
        )


def known_of(figures: Figures, hidden: frozenset[int]) -> Known:
    """Read off the published entries alone; every one of them is a sum of cells."""
    table = figures.table
    open_cells = tuple(cell for cell in table.cells if cell in hidden)
    sums: list[tuple[tuple[int, ...], int]] = []
    for entry in range(table.size):
        parts = tuple(cell for cell in table.positions[entry] if cell in hidden)
        if entry not in hidden and parts:
            shown = sum(figures.people[cell] for cell in table.positions[entry] if cell not in hidden)
            sums.append((parts, figures.people[entry] - shown))
    return Known(open_cells, tuple(sums))


def figures_of(shape: Sequence[int], sizes: Sequence[int]) -> Figures:
    places: list[At] = list(itertools.product(*map(range, shape)))
    return Figures(table_of(grid(*shape)), cells_of(dict(zip(places, sizes, strict=True))))


@st.composite
def small_tables(draw: st.DrawFn) -> Figures:
    shape = draw(st.sampled_from([(2, 2), (2, 3), (3, 3), (4,), (5,), (2, 4)]))
    count = 1
    for length in shape:
        count *= length
    some = st.one_of(st.integers(0, K - 1), st.integers(K, LARGEST))
    return figures_of(shape, draw(st.lists(some, min_size=count, max_size=count)))


@settings(max_examples=250, deadline=None)
@given(small_tables())
def test_every_small_group_that_is_hidden_could_have_another_size(figures: Figures) -> None:
    hidden = hidden_entries(figures, K)
    known = known_of(figures, hidden)

    given_away = [
        cell
        for cell in known.cells
        if 0 < figures.people[cell] < K and not known.another_value(cell, figures.people[cell])
    ]

    assert given_away == []


def test_hiding_the_small_cells_alone_would_give_them_away() -> None:
    """The search finds what it is for."""
    figures = figures_of((3, 3), [2, 9, 8, 7, 9, 8, 9, 9, 12])
    small = frozenset(entry for entry in range(figures.table.size) if figures.people[entry] < K)

    assert small == {0}
    assert not known_of(figures, small).another_value(0, 2)
    assert known_of(figures, hidden_entries(figures, K)).another_value(0, 2)
