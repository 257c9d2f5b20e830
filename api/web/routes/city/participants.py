"""The city's organisations: admitting them, and stopping one within a block."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from api.cli.typed import published_text
from api.http.dependencies import HouseHere, Reading, Writing
from api.http.policies import Staff
from api.http.same_site import require_same_site
from api.web.pages import AnyVisitor, FormToken, Visitor
from api.web.routes.city.confirming import Number, Question, Typed, asked, telling
from ledger.enums import Class, Status
from marketplace.participants import queries
from marketplace.participants import service as participation
from marketplace.staff import acts
from marketplace.use_cases import queries as use_cases

router = APIRouter()

PARTICIPANTS = "/city/participants"
NEEDS = {"admit": Status.JOINED, "freeze": Status.ACTIVE, "unfreeze": Status.FROZEN}
"""What can be done with an organisation, and in which status."""


@router.get(PARTICIPANTS)
def participants(visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    return visitor.page("city/participants.html", everybody=queries.everybody(session))


@router.get(f"{PARTICIPANTS}/{{number}}")
def participant(number: Number, visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    return participant_page(visitor, session, number)


def participant_page(
    visitor: Visitor,
    session: Session,
    number: int,
    problem: tuple[str, str] | None = None,
    status: int = 200,
    reason: str = "",
) -> Response:
    found = queries.by_number(session, number)
    newest = [acts.newest(session, f"{act}:{number}") for act in NEEDS]
    shown = [one for one in newest if one is not None and one.step is not acts.Step.DONE]
    possible = [act for act, needed in NEEDS.items() if needed is found.status]
    return visitor.page(
        "city/participant.html",
        status=status,
        here=f"{PARTICIPANTS}/{number}",
        one=found,
        acts=shown,
        waits=any(act.is_under_way for act in shown),
        possible=possible[0] if possible else None,
        cases=use_cases.use_cases_of(session, number),
        problem=problem,
        reason=reason,
    )


@router.post(f"{PARTICIPANTS}/{{number}}/admit/confirmed")
def admit(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    token: FormToken = "",
) -> Response:
    require_same_site(request)
    visitor.require_token(token)

    def admitted() -> Response:
        require_possible(session, "admit", number)
        participation.admit(session, house, number)
        return visitor.led_to(f"{PARTICIPANTS}/{number}")

    return telling(
        visitor, admitted, lambda problem, status: participant_page(visitor, session, number, problem, status)
    )


@router.post(f"{PARTICIPANTS}/{{number}}/{{act}}")
def ask_about_act(
    request: Request,
    number: Number,
    act: str,
    visitor: AnyVisitor,
    _staff: Staff,
    session: Reading,
    reason: Typed = "",
    token: FormToken = "",
) -> Response:
    """Ask before an organisation is stopped, or let go on."""
    require_same_site(request)
    visitor.require_token(token)
    require_known(act)
    t = visitor.words

    def ask() -> Response:
        text = None if act == "admit" else published_text(reason.strip(), "The reason")
        require_possible(session, act, number)
        found = queries.by_number(session, number)
        name = found.name or t("city.participant", number=number)
        says = [t(f"city.participant.{act}_lead")]
        if act == "freeze" and found.class_ is Class.CITY:
            says.append(t("city.participant.freeze_city"))
        question = Question(
            title=t(f"city.participant.{act}_ask", name=name),
            action=f"{PARTICIPANTS}/{number}/{act}/confirmed",
            fields={} if text is None else {"reason": text},
            button=t(f"city.participant.{act}"),
            back=f"{PARTICIPANTS}/{number}",
            says=says,
            reason=text,
        )
        return asked(visitor, question)

    return telling(
        visitor,
        ask,
        lambda problem, status: participant_page(visitor, session, number, problem, status, reason),
    )


@router.post(f"{PARTICIPANTS}/{{number}}/{{act}}/confirmed")
def do_act(
    request: Request,
    number: Number,
    act: str,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    reason: Typed = "",
    token: FormToken = "",
) -> Response:
    require_same_site(request)
    visitor.require_token(token)
    require_known(act)

    def done() -> Response:
        text = published_text(reason.strip(), "The reason")
        require_possible(session, act, number)
        put = participation.freeze if act == "freeze" else participation.unfreeze
        put(session, house, number, text)
        return visitor.led_to(f"{PARTICIPANTS}/{number}")

    return telling(
        visitor,
        done,
        lambda problem, status: participant_page(visitor, session, number, problem, status, reason),
    )


def require_known(act: str) -> None:
    if act not in NEEDS:
        raise HTTPException(404)


def require_possible(session: Session, act: str, number: int) -> None:
    """Raises UnknownParticipantError, WrongStatusError, ActUnderWayError."""
    participation.require_status(session, number, NEEDS[act])
    for one in NEEDS:
        acts.require_quiet(session, f"{one}:{number}")
