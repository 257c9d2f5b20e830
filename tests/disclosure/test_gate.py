"""What leaves: nothing about fewer than k people, neither alone nor held against anything that left before."""

import copy
import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, product

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.analysis.grid import Cell, Contributions
from marketplace.catalogue.description import Honesty
from marketplace.disclosure.contributions import together, too_close
from marketplace.disclosure.gate import (
    WITHHELD_TEXT,
    Released,
    Withheld,
    WithheldReason,
    judge,
    judge_public,
)
from marketplace.disclosure.release import ReleaseRecord, ReleaseUnreadableError, held_by
from marketplace.disclosure.result import HonestSource, weakest_label
from tests.disclosure.samples import At, cell, cells_of, contributions, grid, release

K = 10
LARGE: dict[At, int] = {(0, 0): 30, (0, 1): 40, (1, 0): 50, (1, 1): 60}


def without(cells: Iterable[Cell], leavers: set[int], row: int = 0) -> tuple[Cell, ...]:
    """The cells after these people revoked, each having one row: this one of hers."""
    kept: list[Cell] = []
    for one in cells:
        people = {person: [row] for person in one.contributions.by_subject if person not in leavers}
        if people:
            kept.append(cell(one.at, people))
    return tuple(kept)


def released(
    cells: Iterable[Cell], priors: Iterable[ReleaseRecord] = (), *, dataset: str = "trips"
) -> tuple[Released, ReleaseRecord]:
    verdict = judge(release(K, dataset=dataset), grid(2, 2), tuple(cells), priors)
    assert isinstance(verdict, Released)
    assert verdict.record is not None
    return verdict, verdict.record


def is_held(cells: Iterable[Cell], priors: Iterable[ReleaseRecord], *, dataset: str = "trips") -> bool:
    verdict = judge(release(K, dataset=dataset), grid(2, 2), tuple(cells), priors)
    return verdict == Withheld(WithheldReason.HELD)


def test_large_groups_leave_with_margins_and_total() -> None:
    verdict, _ = released(cells_of(LARGE))

    result = verdict.result
    assert result.cells == ((30, 30), (40, 40), (50, 50), (60, 60))
    assert result.margins == (((70, 70), (110, 110)), ((80, 80), (100, 100)))
    assert result.total == (180, 180)
    assert result.released_cells == 4


def test_the_document_is_canonical_and_names_nobody() -> None:
    verdict, _ = released(cells_of(LARGE))

    document = json.loads(verdict.result.canonical)

    assert rfc8785.dumps(document) == verdict.result.canonical
    assert set(document) == {
        "v",
        "routine",
        "k",
        "dimensions",
        "measures",
        "cells",
        "margins",
        "total",
        "honesty",
    }
    assert document["honesty"]["label"] == "model"


def test_a_small_and_an_empty_cell_look_alike() -> None:
    shape = grid(3, 3)
    sizes = {(a, b): 50 for a in range(3) for b in range(3)}
    small = judge(release(K), shape, cells_of(sizes | {(0, 0): 3}), [])
    empty = judge(release(K), shape, cells_of(sizes | {(0, 0): 0}), [])

    assert isinstance(small, Released)
    assert isinstance(empty, Released)
    assert [c is None for c in small.result.cells] == [c is None for c in empty.result.cells]
    assert small.result.cells[0] is None


def test_every_refusal_reads_the_same() -> None:
    large, record = released(cells_of(LARGE))
    verdicts = [
        judge(release(K), grid(2, 2), (), []),
        judge(release(K), grid(2, 2), cells_of({(0, 0): 3, (1, 1): 4}), []),
        judge(release(K), grid(2, 2), without(cells_of(LARGE), {0}), [record]),
    ]

    reasons = [verdict.reason for verdict in verdicts if isinstance(verdict, Withheld)]
    assert reasons == [WithheldReason.EMPTY, WithheldReason.SUPPRESSED, WithheldReason.HELD]
    assert {verdict.text for verdict in verdicts if isinstance(verdict, Withheld)} == {WITHHELD_TEXT}
    assert large.result.total is not None


def test_a_refusal_says_what_a_buyer_can_do_and_not_which_of_the_reasons_it_is() -> None:
    for remedy in (
        "larger areas",
        "wider groups",
        "fewer dimensions",
        "a longer time",
        "more people",
        "newer data",
    ):
        assert remedy in WITHHELD_TEXT
    assert "Which of these it is nobody is told" in WITHHELD_TEXT


def test_the_same_answer_leaves_again_byte_by_byte() -> None:
    first, record = released(cells_of(LARGE))
    again, _ = released(cells_of(LARGE), [record])

    assert again.result.canonical == first.result.canonical
    assert again.record == record


@pytest.mark.parametrize("leavers", [1, 2, K - 1])
def test_a_revocation_between_two_runs_holds_the_second(leavers: int) -> None:
    _, record = released(cells_of(LARGE))

    assert is_held(without(cells_of(LARGE), set(range(leavers))), [record])


def test_when_enough_people_left_every_figure_that_changed_it_leaves() -> None:
    _, record = released(cells_of(LARGE))

    assert not is_held(without(cells_of(LARGE), set(range(K))), [record])


def test_twenty_five_who_left_all_over_the_table_hold_the_first_day_but_not_the_next() -> None:
    sizes = {(a, b): 20 for a in range(2) for b in range(2)}
    _, record = released(cells_of(sizes))
    leavers = {person for person in range(80) if person % 20 < 7}
    leavers = set(sorted(leavers)[:25])

    assert is_held(without(cells_of(sizes), leavers), [record])
    assert not is_held(without(cells_of(sizes), leavers, row=1), [record])


def test_another_dataset_is_not_compared() -> None:
    _, record = released(cells_of(LARGE))
    assert not is_held(without(cells_of(LARGE), {70}), [record], dataset="rides")


def test_a_day_on_which_few_peoples_rows_are_others_is_held() -> None:
    """As by a delivery of the same rows: whoever is in both answers with the same rows has not changed."""
    _, record = released(cells_of(LARGE))
    changed = [
        replace(
            one,
            contributions=contributions({p: [1 if p < K - 1 else 0] for p in one.contributions.by_subject}),
        )
        for one in cells_of(LARGE)
    ]
    assert is_held(changed, [record])


def test_it_does_not_matter_who_bought_what_before() -> None:
    _, other = released(cells_of(LARGE))
    foreign = replace(other, routine_digest=b"z" * 32, consent_root=b"y" * 32)

    assert is_held(without(cells_of(LARGE), {70}), [foreign])


def test_the_stricter_of_two_thresholds_counts() -> None:
    _, record = released(cells_of(LARGE))
    strict = replace(record, k=30)
    after = without(cells_of(LARGE), set(range(K)))

    assert is_held(after, [strict])


def test_a_larger_k_gets_less_of_the_same_answer() -> None:
    shape = grid(3, 3)
    sizes = dict(zip(product(range(3), range(3)), [3, 20, 60, 70, 80, 90, 25, 70, 80], strict=True))
    cells = cells_of(sizes)
    ten = judge(release(10), shape, cells, [])
    assert isinstance(ten, Released)
    assert ten.record is not None

    forty = judge(release(40), shape, cells, [ten.record])

    assert isinstance(forty, Released)
    assert forty.record is not None
    assert set(shown(forty)) < set(shown(ten))
    assert judge(release(40), shape, cells, [ten.record, forty.record]) == forty


def test_a_larger_k_is_not_held_for_hiding_another_cell_than_the_smaller_one_hid() -> None:
    """For itself, k = 14 would hide other large cells than k = 10 did, and tell one that k = 10 kept."""
    shape = grid(3, 3)
    sizes = dict(zip(product(range(3), range(3)), [70, 12, 70, 70, 15, 50, 0, 60, 25], strict=True))
    cells = cells_of(sizes)
    ten, alone = judge(release(10), shape, cells, []), judge(release(14), shape, cells, [])
    assert isinstance(ten, Released)
    assert isinstance(alone, Released)
    assert ten.record is not None
    assert not set(shown(alone)) <= set(shown(ten))

    fourteen = judge(release(14), shape, cells, [ten.record])

    assert isinstance(fourteen, Released)
    assert set(shown(fourteen)) < set(shown(ten))


def test_what_a_smaller_k_hid_of_other_rows_hides_nothing_here() -> None:
    sizes = {(a, b): 50 for a in range(3) for b in range(3)}
    five = judge(release(5), grid(3, 3), cells_of(sizes | {(0, 0): 3}), [])
    assert isinstance(five, Released)
    assert five.record is not None
    assert None in five.result.cells

    others = without(cells_of(sizes), set(), row=1)
    ten = judge(release(K), grid(3, 3), others, [five.record])

    assert isinstance(ten, Released)
    assert None not in ten.result.cells


def test_a_smaller_k_does_not_get_more_of_the_same_answer() -> None:
    shape = grid(3, 3)
    sizes = dict(zip(product(range(3), range(3)), [12, 20, 60, 70, 80, 90, 25, 70, 80], strict=True))
    forty = judge(release(40), shape, cells_of(sizes), [])
    assert isinstance(forty, Released)
    assert forty.record is not None

    assert judge(release(10), shape, cells_of(sizes), [forty.record]) == Withheld(WithheldReason.HELD)


def shown(released: Released) -> list[tuple[str, int]]:
    """Where figures stand in a document."""
    result = released.result
    margins = [figure for of_one in result.margins for figure in of_one]
    listed = {"cell": result.cells, "margin": tuple(margins), "total": (result.total,)}
    return [
        (kind, place)
        for kind, all_ in listed.items()
        for place, figure in enumerate(all_)
        if figure is not None
    ]


def test_a_sum_of_hidden_cells_is_compared_as_well() -> None:
    """The first release hides two cells of a row; their sum is what is left of the row. The second release
    shows nearly that sum."""
    sizes: dict[At, int] = {(0, 0): 5, (0, 1): 9, (0, 2): 40, (1, 0): 50, (1, 1): 60, (1, 2): 70}
    before = judge(release(K), grid(2, 3), cells_of(sizes), [])
    assert isinstance(before, Released)
    assert before.record is not None
    assert before.result.cells[:3] == (None, None, (40, 40))
    nearly_the_sum = cell((0,), {person: [0] for person in range(13)})
    others = cell((1,), {person: [0] for person in range(54, 200)})

    verdict = judge(release(K), grid(2), (nearly_the_sum, others), [before.record])

    assert verdict == Withheld(WithheldReason.HELD)


def test_one_persons_other_rows_are_a_difference_even_when_she_is_in_both() -> None:
    """Journeys at 8, then journeys from 8 to 9: only Anna has one at 9, and she has one at 8 too."""
    at_eight = {person: [0] for person in range(20)}
    eight_to_nine = at_eight | {7: [0, 1]}
    first = judge(release(K), grid(1), (cell((0,), at_eight),), [])
    assert isinstance(first, Released)
    assert first.record is not None

    second = judge(release(K), grid(1), (cell((0,), eight_to_nine),), [first.record])

    assert second == Withheld(WithheldReason.HELD)


def test_the_same_people_at_other_hours_are_no_difference_of_one() -> None:
    eight = {person: [0] for person in range(20)}
    nine = {person: [1] for person in range(19)}
    first = judge(release(K), grid(1), (cell((0,), eight),), [])
    assert isinstance(first, Released)
    assert first.record is not None

    assert isinstance(judge(release(K), grid(1), (cell((0,), nine),), [first.record]), Released)


def test_public_data_leaves_without_a_threshold_and_shows_no_empty_cell() -> None:
    cells = (Cell((0, 0), (1,), contributions({})), Cell((1, 1), (0,), contributions({})))

    verdict = judge_public(release(), grid(2, 2, measures=("rows",)), cells)

    assert isinstance(verdict, Released)
    assert verdict.result.cells == ((1,), None, None, (0,))
    assert verdict.result.k is None
    assert verdict.record is None
    assert judge_public(release(), grid(2, 2), ()) == Withheld(WithheldReason.EMPTY)


def test_a_threshold_of_one_is_not_accepted() -> None:
    with pytest.raises(ValueError, match="threshold"):
        judge(release(1), grid(1), cells_of({(0,): 50}), [])


@pytest.mark.parametrize(
    ("labels", "together_they_are"),
    [
        (["real", "model"], "model"),
        (["real", "real, 17 homes"], "real, 17 homes"),
        (["model", "simulated", "real"], "simulated"),
        (["real", "real"], "real"),
        (["real, 17 homes", "real, 3 homes"], "real, 17 homes; real, 3 homes"),
    ],
)
def test_a_result_is_no_more_real_than_its_weakest_source(labels: list[str], together_they_are: str) -> None:
    assert weakest_label(labels) == together_they_are


def test_every_source_says_what_it_is() -> None:
    sources = (HonestSource("trips", Honesty("model", "M.")), HonestSource("homes", Honesty("real", "R.")))

    verdict = judge(replace(release(), sources=sources), grid(1), cells_of({(0,): 50}), [])

    assert isinstance(verdict, Released)
    honesty = verdict.result.document()["honesty"]
    assert honesty == {
        "label": "model",
        "sources": [
            {"dataset": "homes", "label": "real", "sentence": "R."},
            {"dataset": "trips", "label": "model", "sentence": "M."},
        ],
    }


def test_a_record_is_stored_and_read_back() -> None:
    _, record = released(cells_of(LARGE))

    assert ReleaseRecord.decode(record.encode()) == record


@pytest.mark.parametrize("raw", [b"", b"STOARLS1", b"STOARLS1xx", b"{}", b"STOARLS2" + b"x" * 40])
def test_a_record_that_cannot_be_read_stops_everything(raw: bytes) -> None:
    with pytest.raises(ReleaseUnreadableError):
        ReleaseRecord.decode(raw)


def test_a_record_changed_in_storage_is_not_read_as_another() -> None:
    _, record = released(cells_of(LARGE))
    encoded = record.encode()

    with pytest.raises(ReleaseUnreadableError):
        ReleaseRecord.decode(encoded[:-6])


def test_a_record_that_lost_the_rows_of_one_person_is_not_read() -> None:
    """It would compare her as nobody."""
    _, record = released(cells_of(LARGE))
    first, *others = record.cells
    short = replace(record, cells=(Contributions(first.subjects, first.tags[1:]), *others))

    with pytest.raises(ReleaseUnreadableError):
        ReleaseRecord.decode(short.encode())


ROWS = st.dictionaries(st.integers(0, 25), st.sets(st.integers(0, 3), min_size=1), max_size=26)


@given(ROWS, ROWS, st.integers(2, 12))
def test_two_figures_are_compared_by_whose_rows_differ(
    one: dict[int, set[int]], other: dict[int, set[int]], k: int
) -> None:
    differing = {person for person in one.keys() | other.keys() if one.get(person) != other.get(person)}

    assert too_close(contributions(one), contributions(other), k) == (0 < len(differing) < k)


@given(st.lists(ROWS, max_size=4))
def test_cells_together_have_all_their_rows(parts: list[dict[int, set[int]]]) -> None:
    apart = [
        {person: {100 * number + row for row in rows} for person, rows in part.items()}
        for number, part in enumerate(parts)
    ]
    whole: dict[int, set[int]] = {}
    for part in apart:
        for person, rows in part.items():
            whole.setdefault(person, set()).update(rows)

    assert together(contributions(part) for part in apart) == contributions(whole)


Row = tuple[int, int, int, int]
"""Person, number of her row, and where it counts in two dimensions."""


@st.composite
def towns(draw: st.DrawFn) -> list[Row]:
    people = draw(st.integers(30, 60))
    seed = draw(st.randoms(use_true_random=False))
    return [
        (person, row, person % 2, seed.randrange(3))
        for person in range(people)
        for row in range(1 + person % 3)
    ]


RUNS = st.tuples(st.sampled_from("abcd"), st.sampled_from([5, 7]), st.sets(st.integers(0, 59), max_size=14))


@settings(max_examples=200, deadline=None)
@given(towns(), st.lists(RUNS, max_size=8))
def test_nothing_that_ever_leaves_differs_by_one_to_k_less_one_people(
    rows: list[Row], runs: list[tuple[str, int, set[int]]]
) -> None:
    """Whatever is asked in whatever order while people leave and return: Mallory keeps everything and compares."""
    priors: list[ReleaseRecord] = []
    known: list[frozenset[tuple[int, int]]] = []
    for routine, k, away in runs:
        shape, cells = _asked(routine, [row for row in rows if row[0] not in away])
        verdict = judge(release(k), grid(*shape), [cell(at, people) for at, people in cells.items()], priors)
        if isinstance(verdict, Withheld):
            continue
        assert verdict.record is not None
        priors.append(ReleaseRecord.decode(verdict.record.encode()))
        left = _published(shape, cells, verdict)
        assert all(len({person for person, _ in figure}) >= k for figure in left)
        known += left
    for one, other in combinations(known, 2):
        assert not 0 < len({person for person, _ in one ^ other}) < 5


def _asked(routine: str, rows: list[Row]) -> tuple[tuple[int, ...], dict[At, dict[int, list[int]]]]:
    place: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
        "a": ((2,), (2,)),
        "b": ((3,), (3,)),
        "c": ((2, 3), (2, 3)),
        "d": ((), ()),
    }
    shape, columns = place[routine]
    cells: dict[At, dict[int, list[int]]] = {}
    for row in rows:
        at = tuple(row[column] for column in columns)
        cells.setdefault(at, {}).setdefault(row[0], []).append(row[1])
    return shape, copy.deepcopy(dict(sorted(cells.items())))


def _published(
    shape: tuple[int, ...], cells: dict[At, dict[int, list[int]]], verdict: Released
) -> list[frozenset[tuple[int, int]]]:
    """The rows behind each figure in the document, read off it by the place where it stands."""

    def rows_where(dimension: int | None, label: int) -> frozenset[tuple[int, int]]:
        return frozenset(
            (person, row)
            for at, people in cells.items()
            if dimension is None or at[dimension] == label
            for person, of_one in people.items()
            for row in of_one
        )

    found: list[frozenset[tuple[int, int]]] = []
    result = verdict.result
    for number, figure in enumerate(result.cells):
        if figure is not None:
            at = tuple(
                number // 3 if len(shape) == 2 and d == 0 else number % (shape[d]) for d in range(len(shape))
            )
            people = cells[at]
            found.append(frozenset((person, row) for person, of_one in people.items() for row in of_one))
    for dimension, margin in enumerate(result.margins):
        found += [rows_where(dimension, label) for label, figure in enumerate(margin) if figure is not None]
    if result.total is not None:
        found.append(rows_where(None, 0))
    return found


def test_many_earlier_releases_are_compared_in_a_moment() -> None:
    """A thousand earlier figures over 5,000 people; the timing itself is in benchmarks/."""
    everybody = [
        Contributions(part.subjects, part.tags)
        for part in (contributions({p: [0] for p in range(n, 5000, 50)}) for n in range(50))
    ]
    prior = ReleaseRecord(b"q" * 32, "v", b"r" * 32, K, tuple(everybody), tuple((n,) for n in range(50)))
    one_left = replace(prior, cells=(contributions({p: [0] for p in range(50, 5000, 50)}), *everybody[1:]))

    assert not held_by(prior, [prior] * 20)
    assert held_by(one_left, [prior])
