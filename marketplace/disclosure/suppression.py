"""Which entries of a table stay hidden: those of too few people, and as many more as it takes to keep them so.

Three rules, applied until nothing changes:

1. An entry with fewer than k people is hidden; an empty one too, and nobody can tell the two apart.
2. Where a published sum has hidden parts, there are at least two and they have at least k people together:
   subtracting the published parts from the sum tells what the hidden ones are together.
3. No hidden entry, and no two of them with fewer than k people together, can be computed from all published
   figures (marketplace.disclosure.recoverability).

What is hidden besides is an entry that leaves no other sum with a single hidden part, and of those the smallest.
"""

from collections.abc import Iterable

from marketplace.disclosure.recoverability import fixed_entries, fixed_pairs, loose_directions
from marketplace.disclosure.table import Equation, Figures


def hidden_entries(figures: Figures, k: int, besides: Iterable[int] = ()) -> frozenset[int]:
    """The numbers of the entries that must not be published, given that those `besides` will not be."""
    suppression = _Suppression(figures, k)
    suppression.keep_small_groups()
    suppression.keep(besides)
    while True:
        suppression.keep_sums()
        computable = suppression.computable()
        if not computable:
            return frozenset(suppression.hidden)
        for entry in sorted(computable):
            suppression.hide_near(entry)


class _Suppression:
    """What is hidden so far. Entries are only ever added, so it comes to an end."""

    def __init__(self, figures: Figures, k: int) -> None:
        self._figures = figures
        self._k = k
        self._equations = figures.table.equations
        self._touching: list[list[int]] = [[] for _ in range(figures.table.size)]
        for number, equation in enumerate(self._equations):
            for entry in (equation.whole, *equation.parts):
                self._touching[entry].append(number)
        self._hidden_parts = [0] * len(self._equations)
        self.hidden: set[int] = set()

    def keep_small_groups(self) -> None:
        self.keep(entry for entry, people in enumerate(self._figures.people) if people < self._k)

    def keep(self, entries: Iterable[int]) -> None:
        for entry in entries:
            if entry not in self.hidden:
                self._hide(entry)

    def keep_sums(self) -> None:
        """Hide until no published sum tells about fewer than k people."""
        waiting = set(range(len(self._equations)))
        while waiting:
            number = min(waiting)
            equation = self._equations[number]
            if self._sum_tells_nothing(equation):
                waiting.remove(number)
                continue
            published = [part for part in equation.parts if part not in self.hidden]
            hidden = self._cheapest(published) if published else equation.whole
            self._hide(hidden)
            waiting.update(self._touching[hidden])

    def computable(self) -> set[int]:
        """Hidden entries that give something away: to any reader, and to one who knows which are empty."""
        people = self._figures.people
        small = [entry for entry in sorted(self.hidden) if people[entry] < self._k]
        direction = loose_directions(self._equations, frozenset(self.hidden))
        pairs = [pair for pair in fixed_pairs(direction, small) if self._people_in(pair) < self._k]
        # That nobody so young goes to work is no secret, so an empty entry must not be what protects another.
        filled = frozenset(entry for entry in self.hidden if people[entry])
        known_empty = loose_directions(self._equations, filled)
        given_away = {entry for entry in fixed_entries(known_empty) if people[entry] < self._k}
        return set(fixed_entries(direction)).union(given_away, *pairs)

    def hide_near(self, entry: int) -> None:
        """Hide a published entry that shares a sum with this one; a part rather than a whole.

        Where all of those are hidden already, one that shares a sum with them, and so on.
        """
        near = {entry}
        while True:
            shared = [self._equations[n] for n in sorted({n for e in near for n in self._touching[e]})]
            parts = [part for equation in shared for part in equation.parts if part not in self.hidden]
            wholes = [equation.whole for equation in shared if equation.whole not in self.hidden]
            if parts or wholes:
                self._hide(self._cheapest(parts or wholes))
                return
            reached = near.union(*({equation.whole, *equation.parts} for equation in shared))
            # With everything that it hangs together with hidden, a figure cannot be computed.
            assert reached != near
            near = reached

    def _hide(self, entry: int) -> None:
        self.hidden.add(entry)
        for number in self._touching[entry]:
            self._hidden_parts[number] += self._equations[number].whole != entry

    def _sum_tells_nothing(self, equation: Equation) -> bool:
        if equation.whole in self.hidden:
            return True
        parts = [part for part in equation.parts if part in self.hidden]
        return not parts or (len(parts) > 1 and self._people_in(parts) >= self._k)

    def _people_in(self, entries: Iterable[int]) -> int:
        positions = {number for entry in entries for number in self._figures.table.positions[entry]}
        return self._figures.subjects(sorted(positions)).bit_count()

    def _cheapest(self, entries: list[int]) -> int:
        return min(entries, key=lambda entry: (self._left_alone(entry), self._figures.people[entry], entry))

    def _left_alone(self, entry: int) -> int:
        """How many published sums would have this entry as their only hidden part."""
        return sum(
            self._hidden_parts[number] == 0
            for number in self._touching[entry]
            if self._equations[number].whole != entry and self._equations[number].whole not in self.hidden
        )
