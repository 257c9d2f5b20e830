"""The gate: what a run found becomes an answer that may leave, or nothing does.

It decides from the run's cells, the threshold, and everything that already left. A pure function of these: the
same run against the same past gets the same verdict.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from marketplace.analysis.grid import Cell, Grid
from marketplace.disclosure.release import ReleaseRecord, held_by
from marketplace.disclosure.result import Figure, HonestSource, ResultDocument
from marketplace.disclosure.suppression import hidden_entries
from marketplace.disclosure.table import Figures, table_of

SMALLEST_K = 2

WITHHELD_TEXT = (
    "There is no answer that may leave: nothing or nobody was counted, its groups are too small, or it is too close to "
    "an answer given before. Which of these it is nobody is told, since that could give somebody away. "
    "You are refunded in full. Order again when more people consent or newer data is there, or apply for a coarser use "
    "case: larger areas, wider groups, fewer dimensions, a longer time."
)
"""What every buyer reads whose answer is withheld. It does not depend on the reason, nor on anybody's data."""


class WithheldReason(StrEnum):
    """Why; for the sealed manifest only."""

    EMPTY = "empty"
    SUPPRESSED = "suppressed"
    HELD = "held"


@dataclass(frozen=True)
class Release:
    """What the gate must know of an answer besides its figures.

    `dataset` is the name of the one that the measures are from, `k` the use case's smallest cohort.
    """

    routine_digest: bytes
    dataset: str
    consent_root: bytes
    k: int
    sources: tuple[HonestSource, ...]


@dataclass(frozen=True)
class Released:
    """The answer, and what must be remembered of it (None when nobody's rows were used)."""

    result: ResultDocument
    record: ReleaseRecord | None


@dataclass(frozen=True)
class Withheld:
    reason: WithheldReason

    @property
    def text(self) -> str:
        return WITHHELD_TEXT


Verdict = Released | Withheld


def judge(release: Release, grid: Grid, cells: Sequence[Cell], priors: Iterable[ReleaseRecord]) -> Verdict:
    """Decide about an answer from persons' rows.

    `priors` are the records of every release from the same dataset, to any buyer and for any routine; others
    among them are ignored.

    Raises:
        ValueError: `k` is below 2, or a cell lies outside the grid.
    """
    if release.k < SMALLEST_K:
        raise ValueError(f"An answer about persons has a threshold of at least {SMALLEST_K}.")
    if not cells:
        return Withheld(WithheldReason.EMPTY)
    figures = Figures(table_of(grid), cells)
    earlier = [prior for prior in priors if prior.dataset == release.dataset]
    hidden = hidden_entries(figures, release.k, _kept_before(figures, release.k, earlier))
    if all(cell in hidden for cell in figures.table.cells):
        return Withheld(WithheldReason.SUPPRESSED)
    record = _record(release, figures, hidden)
    if held_by(record, earlier):
        return Withheld(WithheldReason.HELD)
    return Released(_result(release, release.k, figures, hidden), record)


def judge_public(release: Release, grid: Grid, cells: Sequence[Cell]) -> Verdict:
    """Decide about an answer in which there are no persons: it leaves unless it is empty. `k` does not apply."""
    if not cells:
        return Withheld(WithheldReason.EMPTY)
    figures = Figures(table_of(grid), cells)
    hidden = frozenset(entry for entry in range(figures.table.size) if figures.is_empty(entry))
    return Released(_result(release, None, figures, hidden), None)


def _kept_before(figures: Figures, k: int, priors: Iterable[ReleaseRecord]) -> set[int]:
    """Entries that an earlier answer of the same cells, with a smaller k, did not tell.

    It may have hidden a large cell to protect a small one. What it hid stays hidden, so that the larger k gets less
    of the same answer, and not another piece of it.
    """
    cells = {figures.contributions((number,)) for number in figures.table.cells}
    return {
        entry
        for prior in priors
        if prior.k < k and cells.issuperset(prior.cells)
        for entry, positions in enumerate(figures.table.positions)
        if not prior.tells(figures.contributions((number,)) for number in positions)
    }


def _result(release: Release, k: int | None, figures: Figures, hidden: frozenset[int]) -> ResultDocument:
    def shown(entry: int) -> Figure:
        return None if entry in hidden else figures.values(entry)

    table = figures.table
    return ResultDocument(
        routine_digest=release.routine_digest,
        k=k,
        grid=table.grid,
        cells=tuple(shown(entry) for entry in table.cells),
        margins=tuple(tuple(shown(entry) for entry in of_one) for of_one in table.margins),
        total=shown(table.total),
        sources=release.sources,
    )


def _record(release: Release, figures: Figures, hidden: frozenset[int]) -> ReleaseRecord:
    groups = _readable_groups(figures, hidden)
    used = sorted({number for group in groups for number in group})
    place_of = {number: place for place, number in enumerate(used)}
    return ReleaseRecord(
        routine_digest=release.routine_digest,
        dataset=release.dataset,
        consent_root=release.consent_root,
        k=release.k,
        cells=tuple(figures.contributions((number,)) for number in used),
        groups=tuple(tuple(place_of[number] for number in group) for group in groups),
    )


def _readable_groups(figures: Figures, hidden: frozenset[int]) -> list[tuple[int, ...]]:
    """The sets of cells whose sum a reader has: as published, or after one subtraction from a published sum."""
    table = figures.table
    groups = {table.positions[entry] for entry in range(table.size) if entry not in hidden}
    for equation in table.equations:
        parts = [part for part in equation.parts if part in hidden]
        if equation.whole not in hidden and parts:
            groups.add(tuple(sorted({n for part in parts for n in table.positions[part]})))
    return sorted(groups)
