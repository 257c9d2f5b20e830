"""No hidden figure can be computed from the published ones; the attacker here is written on her own."""

import itertools
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.disclosure.recoverability import fixed_entries, loose_directions
from marketplace.disclosure.suppression import hidden_entries
from marketplace.disclosure.table import Equation, Figures, Table, table_of
from tests.disclosure.samples import At, cell, cells_of, grid

K = 10


def figures_of(shape: tuple[int, ...], sizes: Mapping[At, int]) -> Figures:
    return Figures(table_of(grid(*shape)), cells_of(sizes))


def filled(shape: tuple[int, ...], values: list[int]) -> dict[At, int]:
    return dict(zip(itertools.product(*map(range, shape)), values, strict=True))


def reduced(equations: tuple[Equation, ...], order: list[int]) -> list[list[Fraction]]:
    """What the equations say about these entries, by Gauss and Jordan: every row starts with a one of its own."""
    rows = [
        [Fraction((entry in equation.parts) - (entry == equation.whole)) for entry in order]
        for equation in equations
    ]
    lead = 0
    for column in range(len(order)):
        pivot = next((r for r in range(lead, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[lead], rows[pivot] = rows[pivot], rows[lead]
        rows[lead] = [value / rows[lead][column] for value in rows[lead]]
        for r, row in enumerate(rows):
            if r != lead and row[column]:
                rows[r] = [a - row[column] * b for a, b in zip(row, rows[lead], strict=True)]
        lead += 1
    return rows[:lead]


def attack(equations: tuple[Equation, ...], hidden: frozenset[int]) -> set[int]:
    """The hidden entries that can be computed: those that stand alone in a row of the reduced system."""
    order = sorted(hidden)
    alone = [[place for place, value in enumerate(row) if value] for row in reduced(equations, order)]
    return {order[places[0]] for places in alone if len(places) == 1}


def sum_is_known(equations: tuple[Equation, ...], hidden: frozenset[int], entries: set[int]) -> bool:
    """Whether the sum of these hidden entries follows from the equations."""
    order = sorted(hidden)
    left = [Fraction(entry in entries) for entry in order]
    for row in reduced(equations, order):
        lead = next(place for place, value in enumerate(row) if value)
        left = [a - left[lead] * b for a, b in zip(left, row, strict=True)]
    return not any(left)


def residuals(table: Table, hidden: frozenset[int]) -> list[list[int]]:
    """The hidden parts of each published sum: what one subtraction tells."""
    return [
        parts
        for equation in table.equations
        if equation.whole not in hidden and (parts := [p for p in equation.parts if p in hidden])
    ]


SHAPES = st.sampled_from([(6,), (2, 2), (3, 4), (5, 6), (2, 3, 4), (1, 5), (3, 1, 3), ()])
SIZES = st.one_of(st.integers(0, 4), st.integers(0, 25), st.just(0), st.integers(10, 200))


@st.composite
def tables(draw: st.DrawFn) -> Figures:
    shape = draw(SHAPES)
    count = 1
    for length in shape:
        count *= length
    return figures_of(shape, filled(shape, draw(st.lists(SIZES, min_size=count, max_size=count))))


@settings(max_examples=300, deadline=None)
@given(tables())
def test_no_hidden_figure_can_be_computed(figures: Figures) -> None:
    hidden = hidden_entries(figures, K)

    assert attack(figures.table.equations, hidden) == set()


@settings(max_examples=300, deadline=None)
@given(tables())
def test_knowing_which_cells_are_empty_does_not_help(figures: Figures) -> None:
    hidden = hidden_entries(figures, K)
    not_empty = frozenset(entry for entry in hidden if figures.people[entry])

    computed = attack(figures.table.equations, not_empty)

    assert [entry for entry in computed if figures.people[entry] < K] == []


@settings(max_examples=300, deadline=None)
@given(tables())
def test_nothing_published_and_no_one_subtraction_is_about_fewer_than_k(figures: Figures) -> None:
    hidden = hidden_entries(figures, K)

    shown = [entry for entry in range(figures.table.size) if entry not in hidden]
    assert all(figures.people[entry] >= K for entry in shown)
    for parts in residuals(figures.table, hidden):
        assert len(parts) > 1
        assert sum(figures.people[part] for part in parts) >= K


@settings(max_examples=200, deadline=None)
@given(tables(), st.sets(st.integers(0, 60)))
def test_our_audit_finds_what_elimination_finds(figures: Figures, some: set[int]) -> None:
    hidden = frozenset(entry for entry in some if entry < figures.table.size)

    direction = loose_directions(figures.table.equations, hidden)

    assert fixed_entries(direction) == attack(figures.table.equations, hidden)
    for equation in figures.table.equations:
        moved = sum((direction.get(part, 0) for part in equation.parts), Fraction(0))
        assert moved == direction.get(equation.whole, 0)


def test_one_small_cell_takes_three_more_with_it() -> None:
    figures = figures_of((3, 3), filled((3, 3), [3, 20, 30, 40, 50, 60, 25, 70, 80]))

    hidden = hidden_entries(figures, K)

    assert sorted(figures.people[entry] for entry in hidden) == [3, 20, 25, 70]
    assert figures.table.total not in hidden


def test_a_table_of_large_groups_is_published_whole() -> None:
    figures = figures_of((3, 4), filled((3, 4), [K] * 12))

    assert hidden_entries(figures, K) == frozenset()


def test_an_empty_cell_is_hidden_like_a_small_one() -> None:
    with_empty = figures_of((3, 3), filled((3, 3), [0, 20, 30, 40, 50, 60, 25, 70, 80]))
    with_small = figures_of((3, 3), filled((3, 3), [9, 20, 30, 40, 50, 60, 25, 70, 80]))

    assert hidden_entries(with_empty, K) == hidden_entries(with_small, K)


def test_two_cells_that_together_are_too_few_take_a_third_with_them() -> None:
    figures = figures_of((4,), filled((4,), [3, 4, 50, 60]))

    hidden = hidden_entries(figures, K)

    assert {figures.people[entry] for entry in hidden} == {3, 4, 50}


def test_two_small_cells_whose_sum_follows_from_four_lines_are_not_left_so() -> None:
    """Rows 0 and 1 less columns 0 and 1 are the two threes: together fewer than k, though no line says so."""
    rows = [[4, 8, 90, 90, 90], [9, 9, 3, 3, 90], [90, 90, 9, 9, 90], [90, 90, 90, 90, 90]]
    figures = figures_of((4, 5), filled((4, 5), [size for row in rows for size in row]))
    small = frozenset(entry for entry in range(figures.table.size) if figures.people[entry] < K)
    threes = {7, 8}
    assert sum_is_known(figures.table.equations, small, threes)
    assert attack(figures.table.equations, small) == set()

    hidden = hidden_entries(figures, K)

    assert not sum_is_known(figures.table.equations, hidden, threes)


def test_that_a_cell_is_empty_does_not_follow_from_four_lines() -> None:
    rows = [[4, 8, 90, 90, 90], [9, 9, 0, 90, 90], [90, 90, 9, 9, 90], [90, 90, 9, 9, 90]]
    figures = figures_of((4, 5), filled((4, 5), [size for row in rows for size in row]))
    small = frozenset(entry for entry in range(figures.table.size) if figures.people[entry] < K)
    assert attack(figures.table.equations, small) == {7}

    assert attack(figures.table.equations, hidden_entries(figures, K)) == set()


def test_a_larger_k_hides_more() -> None:
    figures = figures_of((3, 4), filled((3, 4), [12, 45, 80, 33, 41, 19, 77, 60, 52, 90, 44, 100]))

    few, many = hidden_entries(figures, 10), hidden_entries(figures, 40)

    assert few == frozenset()
    assert len(many) > 3


@pytest.mark.parametrize("shape", [(10, 24), (20, 24, 7)])
def test_a_large_sparse_table_is_settled_quickly(shape: tuple[int, ...]) -> None:
    count = 1
    for length in shape:
        count *= length
    figures = figures_of(shape, filled(shape, [n * 7 % 31 for n in range(count)]))

    hidden = hidden_entries(figures, K)

    assert fixed_entries(loose_directions(figures.table.equations, hidden)) == frozenset()


def test_people_in_several_cells_are_counted_once_in_a_margin() -> None:
    same = {person: [0] for person in range(12)}
    figures = Figures(table_of(grid(2)), [cell((0,), same), cell((1,), {p: [1] for p in same})])

    assert figures.people[figures.table.total] == 12
    assert figures.values(figures.table.total) == (12, 24)
