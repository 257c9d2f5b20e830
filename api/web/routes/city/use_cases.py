"""The inbox of use cases, and one of them: its risk beside the decision."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.orm import Session

from api.cli.typed import published_text
from api.http.dependencies import Here, HouseHere, Reading, Writing
from api.http.policies import Staff
from api.http.same_site import require_same_site
from api.web.forms import whole, whole_or_none
from api.web.pages import AnyVisitor, FormToken, Visitor
from api.web.routes.city.case_page import case_page, purpose_of
from api.web.routes.city.confirming import Number, Question, Typed, asked, telling
from ledger.enums import UseCaseState
from marketplace.catalogue import queries as catalogue
from marketplace.errors import ConflictError, InvalidError
from marketplace.licences.service import UseCaseNotAllowedError
from marketplace.participants import queries as participants
from marketplace.staff import acts
from marketplace.use_cases import queries, service

router = APIRouter()

CASES = "/city/use-cases"
MOST_K = 65_535


class AnswerMissingError(InvalidError):
    """Neither yes nor no was chosen."""

    code = "answer_missing"


class NothingUnpublishedError(ConflictError):
    """Every sentence that citizens read is published, or nobody is asked."""

    code = "nothing_to_publish"


@router.get(CASES)
def cases(visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    found = queries.use_cases(session)
    rows = [
        (one, participants.by_number(session, one.applicant), purpose_of(visitor.words, one)) for one in found
    ]
    waiting = [row for row in rows if row[0].state is UseCaseState.APPLIED]
    others = [row for row in reversed(rows) if row[0].state is not UseCaseState.APPLIED]
    return visitor.page("city/cases.html", waiting=waiting, others=others)


@router.get(f"{CASES}/{{number}}")
def case(number: Number, visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    return case_page(visitor, session, number)


@router.post(f"{CASES}/{{number}}/assessment")
def assess(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    here: Here,
    k: Typed = "",
    token: FormToken = "",
) -> Response:
    """Compute the risk report on the newest versions, and keep it."""
    require_same_site(request)
    visitor.require_token(token)

    def computed() -> Response:
        service.assess(here.house, number, k=whole_or_none(k, least=2, most=MOST_K))
        return visitor.led_to(f"{CASES}/{number}")

    def again(problem: tuple[str, str], status: int) -> Response:
        with here.house.database.reading() as session:
            return case_page(visitor, session, number, problem, status)

    return telling(visitor, computed, again)


class Decided:
    """The form of a decision, as it was typed."""

    def __init__(
        self,
        answer: Annotated[str, Form(max_length=10)] = "",
        k: Annotated[str, Form(max_length=20)] = "",
        days: Annotated[str, Form(max_length=20)] = "",
        reason: Typed = "",
    ) -> None:
        self.typed = {"answer": answer, "k": k, "days": days, "reason": reason}

    def read(self) -> tuple[bool, int, int, str]:
        """Allowed or not, the smallest group, the days, the reason.

        Raises:
            AnswerMissingError, NumberMistypedError, TextMistypedError
        """
        if self.typed["answer"] not in {"allow", "deny"}:
            raise AnswerMissingError("Choose whether to allow or to deny it.")
        return (
            self.typed["answer"] == "allow",
            whole(self.typed["k"], least=0, most=MOST_K),
            whole(self.typed["days"], least=0, most=MOST_K),
            published_text(self.typed["reason"].strip(), "The reason"),
        )


@router.post(f"{CASES}/{{number}}/decision")
def ask_about_decision(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    session: Reading,
    form: Annotated[Decided, Depends(Decided)],
    token: FormToken = "",
) -> Response:
    """Show what will be decided and published. Nothing is written."""
    require_same_site(request)
    visitor.require_token(token)
    return telling(
        visitor,
        lambda: asked(visitor, question_of(visitor, session, number, form)),
        again(visitor, session, number, form.typed),
    )


def question_of(visitor: Visitor, session: Session, number: int, form: Decided) -> Question:
    t = visitor.words
    allowed, k, days, reason = form.read()
    acts.require_quiet(session, f"decide:{number}")
    found, k, days = service.require_decidable(
        session, number, allowed=allowed, minimum_cohort=k, longest_days=days
    )
    says = [t("city.decide.final")]
    if any(catalogue.dataset(session, one).sensitive for one in found.datasets):
        says.append(t("city.decide.takes_two"))
    drafted = service.drafted_sentences(session, found, k=k) if allowed and found.personal else []
    return Question(
        title=t("city.decide.ask_allow" if allowed else "city.decide.ask_deny", number=number),
        action=f"{CASES}/{number}/decision/confirmed",
        fields={**form.typed, "k": str(k), "days": str(days), "reason": reason},
        button=t("city.decide.allow" if allowed else "city.decide.deny"),
        back=f"{CASES}/{number}",
        facts=[(t("city.case.k"), t.number(k)), (t("city.case.days"), t.number(days))] if allowed else [],
        says=says,
        reason=reason,
        sentences=[(one.template.language, one.statement) for one in drafted],
    )


def again(
    visitor: Visitor, session: Session, number: int, typed: dict[str, str] | None = None
) -> Callable[[tuple[str, str], int], Response]:
    return lambda problem, status: case_page(visitor, session, number, problem, status, typed)


@router.post(f"{CASES}/{{number}}/decision/confirmed")
def decide(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    form: Annotated[Decided, Depends(Decided)],
    token: FormToken = "",
) -> Response:
    """Put the operator's word. Where it takes two persons, the second one gives hers with her own key."""
    require_same_site(request)
    visitor.require_token(token)

    def decided() -> Response:
        allowed, k, days, reason = form.read()
        acts.require_quiet(session, f"decide:{number}")
        service.decide(
            session, house, number, allowed=allowed, reason=reason, minimum_cohort=k, longest_days=days
        )
        return visitor.led_to(f"{CASES}/{number}")

    return telling(visitor, decided, again(visitor, session, number, form.typed))


@router.post(f"{CASES}/{{number}}/notices")
def publish(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    token: FormToken = "",
) -> Response:
    """Publish what citizens read. The page that it is sent from shows every sentence."""
    require_same_site(request)
    visitor.require_token(token)

    def published() -> Response:
        if not service.unpublished_sentences(session, queries.use_case(session, number)):
            raise NothingUnpublishedError(f"Use case {number} has no sentence that is not published.")
        service.publish_notices(session, house, number)
        return visitor.led_to(f"{CASES}/{number}")

    return telling(visitor, published, again(visitor, session, number))


@router.post(f"{CASES}/{{number}}/end")
def ask_about_end(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    session: Reading,
    reason: Typed = "",
    token: FormToken = "",
) -> Response:
    require_same_site(request)
    visitor.require_token(token)
    t = visitor.words

    def ask() -> Response:
        text = require_closable(session, number, reason)
        question = Question(
            title=t("city.close.ask", number=number),
            action=f"{CASES}/{number}/end/confirmed",
            fields={"reason": text},
            button=t("city.close.close"),
            back=f"{CASES}/{number}",
            says=[t("city.close.lead")],
            reason=text,
        )
        return asked(visitor, question)

    return telling(visitor, ask, again(visitor, session, number, {"closing": reason}))


@router.post(f"{CASES}/{{number}}/end/confirmed")
def close(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    reason: Typed = "",
    token: FormToken = "",
) -> Response:
    require_same_site(request)
    visitor.require_token(token)

    def closed() -> Response:
        service.close(session, house, number, require_closable(session, number, reason))
        return visitor.led_to(f"{CASES}/{number}")

    return telling(visitor, closed, again(visitor, session, number, {"closing": reason}))


def require_closable(session: Session, number: int, reason: str) -> str:
    """The reason as it is published.

    Raises:
        UnknownUseCaseError, UseCaseNotAllowedError, ActUnderWayError, TextMistypedError
    """
    if queries.use_case(session, number).state is not UseCaseState.ALLOWED:
        raise UseCaseNotAllowedError(f"Use case {number} is not allowed, so nothing can be closed.")
    acts.require_quiet(session, f"close:{number}")
    return published_text(reason.strip(), "The reason")
