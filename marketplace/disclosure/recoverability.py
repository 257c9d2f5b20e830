"""Which hidden entries a reader can compute exactly from those that are published.

The reader knows every equation of the table. Putting the published figures in leaves linear equations in the
hidden ones, A x = b. A hidden entry is fixed by them iff it is zero in every solution of A z = 0: otherwise a
second table with the same published figures has another value there. One solution z with random-looking
coefficients settles all entries at once. Where z is not zero, the entry is *proved* not to be fixed, in exact
fractions; where it is zero by a coincidence of 2^-31, we hide one entry more than needed. Never one fewer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from marketplace.disclosure.table import Equation

Number = int | Fraction
_SparseColumn = dict[int, Number]


@dataclass
class _Basis:
    """A column in elimination order: `reduced` is it minus `used` multiples of earlier basis columns."""

    entry: int
    pivot: int
    reduced: _SparseColumn
    used: dict[int, Number]


def loose_directions(equations: Iterable[Equation], hidden: frozenset[int]) -> dict[int, Number]:
    """A way in which the hidden entries can move together without changing anything published.

    An entry with zero cannot move: the published figures fix it.
    """
    columns = _columns(equations, hidden)
    crowd = Counter(row for column in columns.values() for row in column)
    basis: list[_Basis] = []
    by_pivot: dict[int, int] = {}
    direction: dict[int, Number] = {}
    owed: _SparseColumn = {}
    for entry in sorted(hidden):
        reduced, used = _reduce(dict(columns[entry]), basis, by_pivot)
        if reduced:
            # The equation that fewest entries are in, so that later columns meet few pivots.
            pivot = min(reduced, key=lambda row: (crowd[row], row))
            by_pivot[pivot] = len(basis)
            basis.append(_Basis(entry, pivot, reduced, used))
        else:
            direction[entry] = _coefficient(entry)
            _add(owed, columns[entry], -direction[entry])
    _, needed = _reduce(owed, basis, by_pivot)
    for place in range(len(basis) - 1, -1, -1):
        moved = needed.get(place, 0)
        direction[basis[place].entry] = moved
        for earlier, factor in basis[place].used.items():
            needed[earlier] = needed.get(earlier, 0) - moved * factor
    return direction


def fixed_entries(direction: dict[int, Number]) -> frozenset[int]:
    """The hidden entries that a reader can compute."""
    return frozenset(entry for entry, moved in direction.items() if not moved)


def fixed_pairs(direction: dict[int, Number], entries: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of these entries of which a reader can compute the sum, though neither of the two."""
    by_move: dict[Number, list[int]] = {}
    pairs: list[tuple[int, int]] = []
    for entry in entries:
        moved = direction[entry]
        pairs += [(other, entry) for other in by_move.get(-moved, ()) if moved]
        by_move.setdefault(moved, []).append(entry)
    return pairs


def _columns(equations: Iterable[Equation], hidden: frozenset[int]) -> dict[int, _SparseColumn]:
    """For each hidden entry its coefficients, by the number of the equation."""
    columns: dict[int, _SparseColumn] = {entry: {} for entry in hidden}
    for number, equation in enumerate(equations):
        if equation.whole in hidden:
            columns[equation.whole][number] = -1
        for part in equation.parts:
            if part in hidden:
                columns[part][number] = 1
    return columns


def _reduce(
    column: _SparseColumn, basis: Sequence[_Basis], by_pivot: dict[int, int]
) -> tuple[_SparseColumn, dict[int, Number]]:
    """The column without its part in the basis, and how much of each basis column that part takes."""
    used: dict[int, Number] = {}
    # Earliest first: a basis column holds no pivot of an earlier one, so none is needed twice.
    while (place := min((by_pivot[row] for row in column if row in by_pivot), default=None)) is not None:
        pivot = basis[place].pivot
        used[place] = _divided(column[pivot], basis[place].reduced[pivot])
        _add(column, basis[place].reduced, -used[place])
    return column, used


def _divided(number: Number, by: Number) -> Number:
    """Exact; a whole number stays one in the usual case, which is ten times faster than a fraction."""
    return number * by if by in (1, -1) else Fraction(number) / by


def _add(column: _SparseColumn, other: _SparseColumn, factor: Number) -> None:
    for row, value in other.items():
        found = column.get(row, 0) + factor * value
        if found:
            column[row] = found
        else:
            column.pop(row, None)


def _coefficient(entry: int) -> int:
    return 1 + int.from_bytes(sha256(entry.to_bytes(8)).digest()[:4])
