"""What can be combined out of given vectors, in exact arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

Number = int | Fraction
Vector = dict[int, Number]


@dataclass(frozen=True)
class _Member:
    """A vector of the basis: `reduced` is it minus `used` multiples of earlier ones, and not zero at `pivot`."""

    pivot: int
    reduced: Vector
    used: dict[int, Number]


class Span:
    """All combinations of the vectors that were added, by elimination on sparse vectors.

    `crowd` says in how many vectors a row occurs. Rows that few are in make good pivots: later vectors then meet
    few of them.
    """

    def __init__(self, crowd: Mapping[int, int] | None = None) -> None:
        self._crowd = crowd or {}
        self._members: list[_Member] = []
        self._by_pivot: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, vector: Mapping[int, Number]) -> bool:
        rest, _ = self.reduce(vector)
        return not rest

    def add(self, vector: Mapping[int, Number]) -> bool:
        """Whether the vector was new; then it is the last member of the basis."""
        rest, used = self.reduce(vector)
        if rest:
            pivot = min(rest, key=lambda row: (self._crowd.get(row, 0), row))
            self._by_pivot[pivot] = len(self._members)
            self._members.append(_Member(pivot, rest, used))
        return bool(rest)

    def reduce(self, vector: Mapping[int, Number]) -> tuple[Vector, dict[int, Number]]:
        """What is left of the vector, and how much of each reduced member it takes to get there."""
        rest, used = dict(vector), dict[int, Number]()
        # Earliest first: a member holds no pivot of an earlier one, so none is needed twice.
        while (place := self._first_in(rest)) is not None:
            member = self._members[place]
            used[place] = _divided(rest[member.pivot], member.reduced[member.pivot])
            add_to(rest, member.reduced, -used[place])
        return rest, used

    def coefficients(self, vector: Mapping[int, Number]) -> list[Number]:
        """How much of each vector of the basis, as it was added, makes this one.

        Raises:
            ValueError: nothing does.
        """
        rest, needed = self.reduce(vector)
        if rest:
            raise ValueError("The vector is no combination of those that were added.")
        found: list[Number] = [0] * len(self._members)
        for place in range(len(self._members) - 1, -1, -1):
            found[place] = needed.get(place, 0)
            for earlier, factor in self._members[place].used.items():
                needed[earlier] = needed.get(earlier, 0) - found[place] * factor
        return found

    def _first_in(self, vector: Vector) -> int | None:
        return min((self._by_pivot[row] for row in vector if row in self._by_pivot), default=None)


def add_to(vector: Vector, other: Mapping[int, Number], factor: Number) -> None:
    for row, value in other.items():
        found = vector.get(row, 0) + factor * value
        if found:
            vector[row] = found
        else:
            vector.pop(row, None)


def _divided(number: Number, by: Number) -> Number:
    """Exact; a whole number stays one in the usual case, which is ten times faster than a fraction."""
    return number * by if by in (1, -1) else Fraction(number) / by
