"""Which hidden entries a reader can compute exactly from those that are published.

The reader knows every equation of the table. Putting the published figures in leaves linear equations in the
hidden ones, A x = b. A hidden entry is fixed by them iff it is zero in every solution of A z = 0: otherwise a
second table with the same published figures has another value there. One solution z with random-looking
coefficients settles all entries at once. Where z is not zero, the entry is *proved* not to be fixed, in exact
fractions; where it is zero by a coincidence of 2^-31, we hide one entry more than needed. Never one fewer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256

from marketplace.disclosure.span import Number, Span, Vector, add_to
from marketplace.disclosure.table import Equation


def loose_directions(equations: Iterable[Equation], hidden: frozenset[int]) -> dict[int, Number]:
    """A way in which the hidden entries can move together without changing anything published.

    An entry with zero cannot move: the published figures fix it.
    """
    columns = _columns(equations, hidden)
    bound = Span(Counter(row for column in columns.values() for row in column))
    in_basis: list[int] = []
    direction: dict[int, Number] = {}
    owed: Vector = {}
    for entry in sorted(hidden):
        if bound.add(columns[entry]):
            in_basis.append(entry)
        else:
            direction[entry] = _coefficient(entry)
            add_to(owed, columns[entry], -direction[entry])
    return direction | dict(zip(in_basis, bound.coefficients(owed), strict=True))


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


def _columns(equations: Iterable[Equation], hidden: frozenset[int]) -> dict[int, Vector]:
    """For each hidden entry its coefficients, by the number of the equation."""
    columns: dict[int, Vector] = {entry: {} for entry in hidden}
    for number, equation in enumerate(equations):
        if equation.whole in hidden:
            columns[equation.whole][number] = -1
        for part in equation.parts:
            if part in hidden:
                columns[part][number] = 1
    return columns


def _coefficient(entry: int) -> int:
    return 1 + int.from_bytes(sha256(entry.to_bytes(8)).digest()[:4])
