"""The privacy risk of a routine, in figures computed on the versions it would run on.

The city reads this before it decides about a use case. The routine runs as it would for a buyer, in the same
locked process, over everybody who may be asked; only counts come out. The report is deterministic: the same
application on the same versions has the same digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from ledger.digests import canonical, hexed, sha256
from marketplace.analysis.compiler import compile_plan, compile_subjects
from marketplace.analysis.grid import Cell, Grid
from marketplace.analysis.plan import MOST_CELLS, Descriptions, Plan, plan
from marketplace.analysis.routine import Routine
from marketplace.analysis.runner import Limits, SourceInput, VersionFile, run
from marketplace.analysis.subjects import NOBODY, SubjectSet, everybody
from marketplace.catalogue.ingest import MOST_SUBJECTS
from marketplace.disclosure.binomial import at_least
from marketplace.disclosure.suppression import hidden_entries
from marketplace.disclosure.table import Figures, table_of

Versions = Mapping[str, VersionFile]

LONGEST_DAYS = 90
WHOLE = 10_000
"""Shares are in basis points, rounded down."""

SMALLEST_COVERAGE = 5_000
"""Below this share of people in groups of at least k, an answer says too little for what it risks."""
MOST_CELLS_ASSESSED = 2_000_000
"""A routine may be too large to be released and still deserves to hear what is wrong with it."""
LARGEST_UNIQUENESS = 1_000
"""Above this share of people who are alone in a group, grouping like this identifies people."""


class AssessmentVerdict(StrEnum):
    DENY = "deny"
    ALLOW_UNDER_CONDITIONS = "allow_under_conditions"
    ALLOW = "allow"


@dataclass(frozen=True)
class Application:
    """What the applicant asks for: the smallest cohort `k`, how long, and the share of people assumed to consent
    (in basis points)."""

    k: int
    days: int
    consent_rate: int = 8_000

    def __post_init__(self) -> None:
        if self.k < 2 or self.days < 1 or not 0 <= self.consent_rate <= WHOLE:
            raise ValueError(
                "An application has k of at least 2, at least one day, and a rate of 0 to 10,000."
            )


@dataclass(frozen=True)
class Population:
    """Who may be asked at all: the subjects with `column` of `dataset` in these bounds, both included."""

    dataset: str
    column: str
    minimum: int
    maximum: int

    def document(self) -> dict[str, object]:
        return {
            "dataset": self.dataset,
            "column": self.column,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


@dataclass(frozen=True)
class RiskFigures:
    """Measured at full consent unless it says expected; shares in basis points.

    `people` are the subjects with rows in the answer, counted once; `places` counts each in every cell she is in.
    """

    cells: int
    filled_cells: int
    people: int
    places: int
    smallest_group: int
    cells_below_k: int
    unique_people_share: int
    covered_share: int
    hidden_cells: int
    expected_covered_share: int
    expected_cells_below_k: int

    @property
    def cells_below_k_share(self) -> int:
        return self.cells_below_k * WHOLE // self.filled_cells if self.filled_cells else 0

    def document(self) -> dict[str, object]:
        return {
            "cells": self.cells,
            "filled_cells": self.filled_cells,
            "people": self.people,
            "smallest_group": self.smallest_group,
            "cells_below_k": self.cells_below_k,
            "cells_below_k_share": self.cells_below_k_share,
            "unique_people_share": self.unique_people_share,
            "covered_share": self.covered_share,
            "hidden_cells": self.hidden_cells,
            "expected_covered_share": self.expected_covered_share,
            "expected_cells_below_k": self.expected_cells_below_k,
        }


@dataclass(frozen=True)
class Reason:
    """A stable code and the sentence that people read."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Conditions:
    active_consent: bool
    k: int
    days: int
    second_decider: bool

    def document(self) -> dict[str, object]:
        return {
            "active_consent": self.active_consent,
            "k": self.k,
            "days": self.days,
            "second_decider": self.second_decider,
        }


@dataclass(frozen=True)
class Report:
    """The assessment as a document; `figures` and `conditions` are None when nobody's rows are used."""

    routine_digest: bytes
    application: Application
    population: Population | None
    personal: bool
    sensitive: bool
    figures: RiskFigures | None
    verdict: AssessmentVerdict
    reasons: tuple[Reason, ...]
    conditions: Conditions | None

    def document(self) -> dict[str, object]:
        return {
            "v": 1,
            "routine": hexed(self.routine_digest),
            "asked": {
                "k": self.application.k,
                "days": self.application.days,
                "consent_rate": self.application.consent_rate,
            },
            "population": None if self.population is None else self.population.document(),
            "personal": self.personal,
            "sensitive": self.sensitive,
            "figures": None if self.figures is None else self.figures.document(),
            "verdict": self.verdict.value,
            "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in self.reasons],
            "conditions": None if self.conditions is None else self.conditions.document(),
        }

    @cached_property
    def canonical(self) -> bytes:
        return canonical(self.document())

    @cached_property
    def digest(self) -> bytes:
        return sha256(self.canonical)


def assess(
    application: Application,
    routine: Routine,
    descriptions: Descriptions,
    versions: Versions,
    *,
    population: Population | None = None,
    limits: Limits | None = None,
) -> Report:
    """Assess a routine, one nobody has seen before too, on these versions.

    Raises:
        RoutineError: the routine does not fit the datasets.
        RunError: the versions could not be read.
        ValueError: a version is missing, or the population is none of a personal dataset.
    """
    planned = plan(routine, descriptions, most_cells=MOST_CELLS_ASSESSED)
    figures = None
    if planned.personal:
        eligible = eligible_subjects(population, descriptions, versions, limits)
        inputs = {
            source.name: SourceInput(versions[source.name], eligible if source.personal else None)
            for source in planned.sources
        }
        found = run(compile_plan(planned), inputs, limits)
        figures = measure(planned.grid, found.cells, application)
    return report_on(application, planned, figures, population)


def eligible_subjects(
    population: Population | None,
    descriptions: Descriptions,
    versions: Versions,
    limits: Limits | None = None,
) -> SubjectSet:
    """Everybody in the population; without one, everybody."""
    if population is None:
        return everybody(MOST_SUBJECTS)
    if population.dataset not in descriptions or population.dataset not in versions:
        raise ValueError(f'The population is taken from "{population.dataset}", which is not at hand.')
    query = compile_subjects(
        descriptions[population.dataset], population.column, population.minimum, population.maximum
    )
    anybody = SourceInput(versions[population.dataset], everybody(MOST_SUBJECTS))
    cells = run(query, {population.dataset: anybody}, limits).cells
    return cells[0].contributions.subjects if cells else NOBODY


def measure(grid: Grid, cells: tuple[Cell, ...], application: Application) -> RiskFigures:
    """The risk figures of cells computed at full consent."""
    k, rate = application.k, Fraction(application.consent_rate, WHOLE)
    groups = [cell.contributions.people for cell in cells]
    anybody, alone = NOBODY, NOBODY
    for cell in cells:
        anybody |= cell.contributions.subjects
        if cell.contributions.people == 1:
            alone |= cell.contributions.subjects
    places = sum(groups)
    # Somebody who consents is in a shown group if at least k - 1 of the others consent as well.
    expected = sum((size * at_least(k - 1, size - 1, rate) for size in groups), Fraction(0))
    below = sum((1 - at_least(k, size, rate) for size in groups), Fraction(0))
    return RiskFigures(
        cells=grid.size,
        filled_cells=len(groups),
        people=anybody.bit_count(),
        places=places,
        smallest_group=min(groups, default=0),
        cells_below_k=sum(size < k for size in groups),
        unique_people_share=_share(alone.bit_count(), anybody.bit_count()),
        covered_share=_share(sum(size for size in groups if size >= k), places),
        hidden_cells=_hidden_cells(grid, cells, k),
        expected_covered_share=_share(expected, places),
        expected_cells_below_k=int(below + Fraction(1, 2)),
    )


def _hidden_cells(grid: Grid, cells: tuple[Cell, ...], k: int) -> int:
    """Cells that have rows and would not be shown: all of them where the routine is too large to run."""
    if grid.size > MOST_CELLS:
        return len(cells)
    figures = Figures(table_of(grid), cells)
    hidden = hidden_entries(figures, k)
    return sum(figures.people[cell] > 0 for cell in figures.table.cells if cell in hidden)


def _share(part: int | Fraction, whole: int) -> int:
    return int(Fraction(part) * WHOLE / whole) if whole else 0


def report_on(
    application: Application, planned: Plan, figures: RiskFigures | None, population: Population | None
) -> Report:
    sensitive = any(source.sensitive for source in planned.sources)
    verdict, reasons = _decided(application, figures, sensitive)
    conditions = None
    if figures is not None and verdict is not AssessmentVerdict.DENY:
        days = min(application.days, LONGEST_DAYS)
        conditions = Conditions(active_consent=True, k=application.k, days=days, second_decider=sensitive)
    return Report(
        routine_digest=planned.routine.digest,
        application=application,
        population=population,
        personal=planned.personal,
        sensitive=sensitive,
        figures=figures,
        verdict=verdict,
        reasons=reasons,
        conditions=conditions,
    )


def _decided(
    application: Application, figures: RiskFigures | None, sensitive: bool
) -> tuple[AssessmentVerdict, tuple[Reason, ...]]:
    if figures is None:
        return AssessmentVerdict.ALLOW, (
            Reason("not_personal", "Nobody's rows are used, so no consent is needed."),
        )
    against = _reasons_against(application, figures)
    if against:
        return AssessmentVerdict.DENY, against
    return AssessmentVerdict.ALLOW_UNDER_CONDITIONS, _reasons_for(application, figures, sensitive)


def _reasons_against(application: Application, figures: RiskFigures) -> tuple[Reason, ...]:
    if not figures.people:
        return (Reason("nobody_found", "Nobody who may be asked has rows in this answer."),)
    reasons: list[Reason] = []
    if figures.cells > MOST_CELLS:
        asked = f"{figures.cells} groups are asked for; at most {MOST_CELLS} can be answered."
        reasons.append(Reason("grid_too_large", asked))
    if figures.expected_covered_share < SMALLEST_COVERAGE:
        reasons.append(Reason("k_too_small", _too_small(application, figures)))
    if figures.unique_people_share > LARGEST_UNIQUENESS:
        reasons.append(
            Reason(
                "too_many_unique",
                f"{_percent(figures.unique_people_share)} of the people are alone in one of the groups: "
                "whoever knows them would recognise them.",
            )
        )
    return tuple(reasons)


def _too_small(application: Application, figures: RiskFigures) -> str:
    return (
        f"The smallest group has {_counted(figures.smallest_group)} (k = {figures.smallest_group}), and "
        f"{figures.cells_below_k} of {figures.filled_cells} groups have fewer than {application.k}. If "
        f"{_percent(application.consent_rate)} consent, {_percent(figures.expected_covered_share)} of them would "
        "be in a group that may be shown. Choose coarser groups."
    )


def _reasons_for(application: Application, figures: RiskFigures, sensitive: bool) -> tuple[Reason, ...]:
    reasons = [
        Reason(
            "personal", f"The answer uses rows of {_counted(figures.people)}, so each must actively consent."
        ),
        Reason(
            "groups_large_enough",
            f"If {_percent(application.consent_rate)} consent, {_percent(figures.expected_covered_share)} of them "
            f"are in groups of at least {application.k}; smaller groups are not shown.",
        ),
    ]
    if figures.cells_below_k:
        reasons.append(
            Reason(
                "some_groups_hidden",
                f"{figures.cells_below_k} of {figures.filled_cells} groups have fewer than {application.k} people, "
                f"the smallest {figures.smallest_group}; {figures.hidden_cells} stay hidden so that none can be "
                "computed from the others.",
            )
        )
    if application.days > LONGEST_DAYS:
        reasons.append(Reason("shortened", f"Nobody is asked for longer than {LONGEST_DAYS} days at a time."))
    if sensitive:
        reasons.append(Reason("sensitive", "The data is sensitive, so a second person must decide as well."))
    return tuple(reasons)


def _counted(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"


def _percent(share: int) -> str:
    return f"{share // 100} %"
