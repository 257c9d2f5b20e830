"""The city's report on a routine: figures, a verdict that follows from them, and reasons in plain words."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ledger.digests import canonical, hexed, sha256
from marketplace.analysis.plan import MOST_CELLS, Plan
from marketplace.disclosure.risk import Application, RiskFigures

LONGEST_DAYS = 90

SMALLEST_COVERAGE = 5_000
"""Below this share of people in groups of at least k (basis points), an answer says too little for its risk."""
LARGEST_UNIQUENESS = 1_000
"""Above this share of people who are alone in a group, grouping like this identifies people."""


class AssessmentVerdict(StrEnum):
    DENY = "deny"
    ALLOW_UNDER_CONDITIONS = "allow_under_conditions"
    ALLOW = "allow"


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
        asked = self.application.period
        period: dict[str, object] = {} if asked is None else {"period": asked.document()}
        return {
            "v": 1,
            "routine": hexed(self.routine_digest),
            "asked": period
            | {
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
