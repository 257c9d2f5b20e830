"""One use case as the staff sees it: what was asked, how risky it is, what was said and what is on its way."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from sqlalchemy.orm import Session

from api.web.pages import Visitor
from api.web.words import Words
from ledger.enums import UseCaseState
from marketplace.analysis.plan import MOST_CELLS
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.queries import Dataset
from marketplace.disclosure.report import LONGEST_DAYS
from marketplace.participants import queries as participants
from marketplace.participants.model import Participant
from marketplace.staff import acts
from marketplace.staff.acts import Act, Step
from marketplace.use_cases import decisions, queries
from marketplace.use_cases.decisions import Decision, Said
from marketplace.use_cases.purposes import BY_DIGEST
from marketplace.use_cases.queries import Source, UseCase
from marketplace.use_cases.service import NameNotKeptError, Sentence, unpublished_sentences

FIGURES = (
    "people",
    "filled_cells",
    "smallest_group",
    "cells_below_k",
    "hidden_cells",
    "unique_people_share",
    "expected_covered_share",
)


@dataclass(frozen=True)
class CasePage:
    found: UseCase
    applicant: Participant
    sources: list[tuple[Source, Dataset]]
    scope: dict[str, Any] | None
    report: dict[str, Any] | None
    decision: Decision | None
    acts: list[Act]
    said: Said | None
    unpublished: list[Sentence]
    unnamed: bool
    """The applicant's name is not kept, so nobody can be asked."""

    @property
    def waits(self) -> bool:
        """Something about it is on its way to the ledger, so that no form is shown."""
        return any(one.is_under_way for one in self.acts)

    @property
    def sensitive(self) -> bool:
        return any(dataset.sensitive for _, dataset in self.sources)

    @property
    def may_be_decided(self) -> bool:
        return self.found.state is UseCaseState.APPLIED and not self.waits

    @property
    def next_speaker(self) -> str | None:
        """Who of the two has to say what the other said."""
        if self.said is None or self.found.state is not UseCaseState.APPLIED or not self.sensitive:
            return None
        return "deputy" if self.said.speaker == "operator" else "operator"


def case_of(session: Session, number: int) -> CasePage:
    """Raises UnknownUseCaseError."""
    found = queries.use_case(session, number)
    unnamed, unpublished = False, list[Sentence]()
    try:
        unpublished = unpublished_sentences(session, found)
    except NameNotKeptError:
        unnamed = True
    scope = artefacts.document(session, found.scope_digest)
    kept = [
        acts.newest(session, f"{about}:{number}") for about in ("decide", "rule-decide", "notice", "close")
    ]
    newest = [one for one in kept if one is not None and one.step is not Step.DONE]
    said = decisions.last_said(session, number)
    refused = any(one.key.startswith("decide:") and one.step is Step.REFUSED for one in newest)
    return CasePage(
        found=found,
        applicant=participants.by_number(session, found.applicant),
        sources=[(one, catalogue.dataset(session, one.dataset)) for one in found.sources],
        scope=scope,
        report=report_on(session, found),
        decision=decisions.history(session, number).decision,
        acts=newest,
        said=None if refused else said,
        unpublished=unpublished,
        unnamed=unnamed,
    )


def report_on(session: Session, found: UseCase) -> dict[str, Any] | None:
    """Before the decision the newest assessment, for whichever groups; after it the closest one."""
    if found.state is UseCaseState.APPLIED:
        return decisions.newest_report(session, found)
    return decisions.closest_report(session, found)


def case_page(
    visitor: Visitor,
    session: Session,
    number: int,
    problem: tuple[str, str] | None = None,
    status: int = 200,
    typed: Mapping[str, str] | None = None,
) -> Response:
    case = case_of(session, number)
    return visitor.page(
        "city/case.html",
        status=status,
        here=f"/city/use-cases/{number}",
        case=case,
        purpose=purpose_of(visitor.words, case.found),
        risk=risk_of(visitor.words, case.report),
        figures=figures_of(visitor.words, case.report),
        typed={**typed_at_first(case), "closing": "", **(typed or {})},
        command=command_of(case),
        problem=problem,
    )


def purpose_of(words: Words, found: UseCase) -> str:
    known = BY_DIGEST.get(found.purpose)
    return words("public.other_purpose") if known is None else words.purpose(known)


def typed_at_first(case: CasePage) -> dict[str, str]:
    """What the decision's form begins with: words that are to be said again, else what was advised."""
    found, said = case.found, case.said
    if said is not None and found.state is UseCaseState.APPLIED:
        return {
            "answer": "allow" if said.allowed else "deny",
            "k": str(said.minimum_cohort),
            "days": str(said.longest_days),
            "reason": said.reason or "",
        }
    advised = (case.report or {}).get("conditions") or {}
    k = max(found.minimum_cohort, int(advised.get("k", 0)))
    days = min(found.longest_days, int(advised.get("days", found.longest_days)))
    return {"answer": "", "k": str(k), "days": str(days), "reason": ""}


def command_of(case: CasePage) -> str | None:
    """What the second person types to say the same."""
    said, found = case.said, case.found
    if said is None or case.next_speaker != "deputy":
        return None
    parts = ["stoa city decide", str(found.number), "--reason", shlex.quote(said.reason or "")]
    parts += ["--deny"] if not said.allowed else []
    parts += ["--k", str(said.minimum_cohort)] if said.minimum_cohort != found.minimum_cohort else []
    parts += ["--days", str(said.longest_days)] if said.longest_days != found.longest_days else []
    return " ".join([*parts, "--as deputy"])


def risk_of(words: Words, report: Mapping[str, Any] | None) -> list[str]:
    """Why the assessment ends as it does, in words."""
    if report is None:
        return []
    asked, figures = report["asked"], report["figures"] or {}
    blanks = {
        "k": words.number(asked["k"]),
        "days": words.number(asked["days"]),
        "rate": percent(words, asked["consent_rate"]),
        "most": words.number(MOST_CELLS),
        "longest": words.number(LONGEST_DAYS),
        **{name: worded(words, name, value) for name, value in figures.items()},
    }
    return [words(f"city.risk.{one['code']}", **blanks) for one in report["reasons"]]


def figures_of(words: Words, report: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if report is None or report["figures"] is None:
        return []
    return [(words(f"city.figure.{one}"), worded(words, one, report["figures"][one])) for one in FIGURES]


def worded(words: Words, name: str, value: int) -> str:
    return percent(words, value) if name.endswith("_share") else words.number(value)


def percent(words: Words, basis_points: int) -> str:
    return f"{words.number(basis_points // 100)}\N{NO-BREAK SPACE}%"
