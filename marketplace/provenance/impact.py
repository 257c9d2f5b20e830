"""The draft of a data protection impact assessment (GDPR art. 35) of one use case, from what this house knows of it.

It is a draft: what only people can judge is named in `OPEN`, and stays open.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from marketplace.catalogue import artefacts
from marketplace.provenance.processing import MEASURES, Activity, activity
from marketplace.use_cases import decisions
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.decisions import Decision

OPEN = ("necessity", "officers_advice", "peoples_views", "residual_risk", "prior_consultation", "review")
"""What art. 35 and 36 ask people to say."""


@dataclass(frozen=True, slots=True)
class ImpactDraft:
    """`scope`: what the routine computes, as the applicant published it. `report`: the risk as it was computed."""

    activity: Activity
    scope: dict[str, Any] | None
    report: dict[str, Any] | None
    decision: Decision | None

    @property
    def document(self) -> dict[str, Any]:
        decided = self.decision
        return {
            "stoa": "impact-assessment-draft/1",
            "description": {**self.activity.document, "scope": self.scope},
            "risks": self.report,
            "decision": None
            if decided is None
            else {"allowed": decided.allowed, "reason": decided.reason, "rule": decided.rule},
            "measures": list(MEASURES),
            "open": list(OPEN),
        }


def impact_draft(session: Session, number: int) -> ImpactDraft:
    """Raises UnknownUseCaseError."""
    found = use_cases.use_case(session, number)
    return ImpactDraft(
        activity=activity(session, found),
        scope=artefacts.document(session, found.scope_digest),
        report=decisions.closest_report(session, found),
        decision=decisions.history(session, number).decision,
    )
