"""Which entries of a table stay hidden: those of too few people, and as many more as it takes to keep them so.

Three rules, applied until nothing changes:

1. An entry with fewer than k people is hidden; an empty one too, and nobody can tell the two apart.
2. Where a published sum has hidden parts, there are at least two and they have at least k people together:
   subtracting the published parts from the sum tells what the hidden ones are together.
3. No hidden entry, and no two of them with fewer than k people together, can be computed from all published
   figures (marketplace.disclosure.recoverability).

What is hidden besides is always the smallest entry that helps.
"""

from collections.abc import Iterable

from marketplace.disclosure.recoverability import fixed_entries, fixed_pairs, loose_directions
from marketplace.disclosure.table import Equation, Figures


def hidden_entries(figures: Figures, k: int) -> frozenset[int]:
    """The numbers of the entries that must not be published."""
    hidden = {entry for entry in range(figures.table.size) if figures.people[entry] < k}
    while True:
        _hide_for_sums(figures, k, hidden)
        computable = _computable(figures, k, hidden)
        if not computable:
            return frozenset(hidden)
        for entry in sorted(computable):
            hidden.update(_companion(figures, entry, hidden))


def _hide_for_sums(figures: Figures, k: int, hidden: set[int]) -> None:
    settled = False
    while not settled:
        settled = True
        for equation in figures.table.equations:
            while not _sum_keeps_secrets(figures, equation, k, hidden):
                published = [part for part in equation.parts if part not in hidden]
                hidden.add(_smallest(figures, published) if published else equation.whole)
                settled = False


def _sum_keeps_secrets(figures: Figures, equation: Equation, k: int, hidden: set[int]) -> bool:
    if equation.whole in hidden:
        return True
    parts = [part for part in equation.parts if part in hidden]
    return not parts or (len(parts) > 1 and _people_in(figures, parts) >= k)


def _people_in(figures: Figures, entries: Iterable[int]) -> int:
    positions = {number for entry in entries for number in figures.table.positions[entry]}
    return figures.subjects(sorted(positions)).bit_count()


def _computable(figures: Figures, k: int, hidden: set[int]) -> set[int]:
    """Hidden entries that give something away: to any reader, and to one who knows which are empty."""
    equations = figures.table.equations
    small = [entry for entry in sorted(hidden) if figures.people[entry] < k]
    direction = loose_directions(equations, frozenset(hidden))
    pairs = [pair for pair in fixed_pairs(direction, small) if _people_in(figures, pair) < k]
    # That nobody so young goes to work is no secret, so an empty entry must not be what protects another.
    filled = frozenset(entry for entry in hidden if figures.people[entry])
    known_empty = loose_directions(equations, filled)
    given_away = {entry for entry in fixed_entries(known_empty) if figures.people[entry] < k}
    return set(fixed_entries(direction)).union(given_away, *pairs)


def _companion(figures: Figures, entry: int, hidden: set[int]) -> set[int]:
    """The smallest published entry that shares a sum with this one; a part rather than a whole."""
    shared = [e for e in figures.table.equations if entry == e.whole or entry in e.parts]
    parts = [part for equation in shared for part in equation.parts if part not in hidden]
    wholes = [equation.whole for equation in shared if equation.whole not in hidden]
    candidates = parts or wholes
    return {_smallest(figures, candidates)} if candidates else set()


def _smallest(figures: Figures, entries: list[int]) -> int:
    return min(entries, key=lambda entry: (figures.people[entry], entry))
