"""A result as a table: its cells, its margins and its total, and the sums that tie them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from marketplace.analysis.grid import Cell, Contributions, Grid
from marketplace.disclosure.contributions import together


@dataclass(frozen=True)
class Equation:
    """Entry `whole` is the sum of the entries `parts`. Every reader of the table knows this."""

    whole: int
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """Every entry of a result, numbered: first the cells (the last dimension runs fastest), then the margins of
    each dimension, then the total. `positions` says which cells an entry is the sum of.

    With one dimension the margins are the cells; without any there is one cell, and it is the total.
    """

    grid: Grid
    positions: tuple[tuple[int, ...], ...]
    equations: tuple[Equation, ...]
    margins: tuple[tuple[int, ...], ...]
    total: int

    @property
    def size(self) -> int:
        return len(self.positions)

    @property
    def cells(self) -> range:
        return range(self.grid.size)


def table_of(grid: Grid) -> Table:
    cells = range(grid.size)
    positions: list[tuple[int, ...]] = [(number,) for number in cells]
    equations: list[Equation] = []
    margins: list[tuple[int, ...]] = []
    if not grid.dimensions:
        return Table(grid, tuple(positions), (), (), 0)
    for slices in _slices(grid):
        if len(grid.dimensions) == 1:
            margins.append(tuple(cells))
            continue
        first = len(positions)
        positions += slices
        margins.append(tuple(range(first, len(positions))))
        equations += [Equation(first + place, parts) for place, parts in enumerate(slices)]
    total = len(positions)
    positions.append(tuple(cells))
    equations += [Equation(total, of_one_dimension) for of_one_dimension in margins]
    return Table(grid, tuple(positions), tuple(equations), tuple(margins), total)


def _slices(grid: Grid) -> list[list[tuple[int, ...]]]:
    """For each dimension and each of its labels, the cells that have the label."""
    found: list[list[tuple[int, ...]]] = []
    step = grid.size
    for length in grid.shape:
        step //= length
        by_label: list[list[int]] = [[] for _ in range(length)]
        for number in range(grid.size):
            by_label[number // step % length].append(number)
        found.append([tuple(numbers) for numbers in by_label])
    return found


class Figures:
    """What a run found, laid out over the table: values and contributions of every entry."""

    def __init__(self, table: Table, cells: Sequence[Cell]) -> None:
        self.table = table
        self._found = {table.grid.number_of(cell.at): cell for cell in cells}
        self._measures = table.grid.measures
        self._contributions: dict[tuple[int, ...], Contributions] = {}

    @cached_property
    def people(self) -> tuple[int, ...]:
        """Distinct subjects behind each entry."""
        return tuple(self.subjects(positions).bit_count() for positions in self.table.positions)

    def is_empty(self, entry: int) -> bool:
        return not any(number in self._found for number in self.table.positions[entry])

    def subjects(self, positions: Sequence[int]) -> int:
        subjects = 0
        for number in positions:
            if number in self._found:
                subjects |= self._found[number].contributions.subjects
        return subjects

    def contributions(self, positions: tuple[int, ...]) -> Contributions:
        """Whose rows, and which, stand behind the sum of these cells."""
        if positions not in self._contributions:
            self._contributions[positions] = together(
                self._found[number].contributions for number in positions if number in self._found
            )
        return self._contributions[positions]

    def values(self, entry: int) -> tuple[int, ...]:
        """The entry's measures. People are counted once, however many of its cells they are in."""
        cells = [self._found[n] for n in self.table.positions[entry] if n in self._found]
        sums = [sum(of_one_measure) for of_one_measure in zip(*(cell.values for cell in cells), strict=True)]
        return tuple(
            self.people[entry] if name == "people" else value
            for name, value in zip(self._measures, sums, strict=True)
        )
