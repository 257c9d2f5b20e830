"""What a buyer may expect of an answer before paying: how many consent, and what share of them can be shown."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.consent.queries import count_in_force
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.decisions import closest_report, smallest_assessed

WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Coverage:
    """`consents` is None below the smallest cohort: then it reads "fewer than k"."""

    k: int
    consents: int | None
    expected_share: int | None
    """Basis points of the consenting people who are expected in groups that may be shown. None: never assessed."""


def expected(session: Session, use_case: int) -> Coverage | None:
    """None when nobody's rows are used: then everything is shown."""
    found = use_cases.use_case(session, use_case)
    if not found.personal:
        return None
    count = count_in_force(session, use_case, head(session))
    k = found.minimum_cohort
    report = closest_report(session, found)
    # What can be shown depends on k: figures for another k say nothing about this use case.
    own = report is not None and report["asked"]["k"] == smallest_assessed(k)
    figures = report["figures"] if report is not None and own else None
    return Coverage(
        k=found.minimum_cohort,
        consents=count if count >= found.minimum_cohort else None,
        expected_share=None if figures is None else int(figures["expected_covered_share"]),
    )
