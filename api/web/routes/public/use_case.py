"""One use of data, in the open: which data, for what, under which conditions, how risky it was found, what it paid."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api.http.dependencies import Reading
from api.http.policies import Anybody
from api.http.shapes import Number
from api.web.pages import AnyVisitor
from api.web.routes.public.front import needs_nobody, purpose_of
from ledger.enums import NoticeKind, UseCaseState
from marketplace.analysis.routine import Routine
from marketplace.provenance import transparency
from marketplace.provenance.queries import block, head
from marketplace.use_cases import decisions
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.decisions import NoReportError

router = APIRouter()


@router.get("/use/{number}", dependencies=[Anybody])
def use_case(number: Number, visitor: AnyVisitor, session: Reading) -> Response:
    found = use_cases.use_case(session, number)
    history = decisions.history(session, number)
    shown = transparency.disclosed_use_case(session, number)
    applied = block(session, history.applied_in).timestamp
    decided = history.decision and block(session, history.decision.decided_in).timestamp
    return visitor.page(
        "public/use.html",
        one=shown,
        found=found,
        purpose=purpose_of(visitor.words, shown),
        needs_nobody=needs_nobody(shown),
        asks=asked_of(use_cases.routine_of(session, found)),
        decision=history.decision,
        applied=applied,
        decided=decided,
        risk=risk_of(session, number),
        fees=transparency.fees_by_class(session, number),
        statement=statement_of(session, visitor.words.language, number),
        answerable=found.state is UseCaseState.ALLOWED and found.consent_scope > 0,
        objectable=found.state is UseCaseState.ALLOWED and found.objection_scope > 0,
        as_of=head(session).timestamp,
    )


def asked_of(routine: Routine) -> Mapping[str, Any]:
    """What is counted, of which rows, and by what."""
    return {
        "measures": [(one.kind.value, one.column) for one in routine.measures],
        "by": [" / ".join(part for part in (one.name, one.grain) if part) for one in routine.dimensions],
    }


def risk_of(session: Session, number: int) -> Mapping[str, Any] | None:
    """The verdict of the published risk report and the codes of its reasons: its figures may be of few people."""
    with suppress(NoReportError):
        report = decisions.risk_report(session, number)
        return {"verdict": report["verdict"], "reasons": [one["code"] for one in report["reasons"]]}
    return None


def statement_of(session: Session, language: str, number: int) -> use_cases.Notice | None:
    """The sentence that people are asked to say yes to, about everything, in this language or else another."""
    asking = [
        one
        for one in use_cases.notices(session, number)
        if one.kind is NoticeKind.CONSENT and not one.retired
    ]
    wanted = [one for one in asking if one.language == language] or asking
    return max(wanted, key=lambda one: one.scope, default=None)
