"""The city's datasets and their versions, and saying that nobody can be found in one."""

import shlex

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api.cli.typed import published_text
from api.http.dependencies import HouseHere, Reading, Writing
from api.http.policies import Staff
from api.http.same_site import require_same_site
from api.web.pages import AnyVisitor, FormToken, Visitor
from api.web.routes.city.confirming import Number, Question, Typed, asked, telling
from marketplace.catalogue import queries
from marketplace.catalogue import service as catalogue
from marketplace.catalogue.queries import Dataset, Declared
from marketplace.errors import ConflictError
from marketplace.participants import queries as participants
from marketplace.staff import acts

router = APIRouter()

DATASETS = "/city/datasets"


class NotPersonalAlreadyError(ConflictError):
    """Two persons have said so already."""

    code = "not_personal_already"


@router.get(DATASETS)
def datasets(visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    rows = [(one, participants.by_number(session, one.steward)) for one in queries.datasets(session)]
    return visitor.page("city/datasets.html", rows=rows)


@router.get(f"{DATASETS}/{{number}}")
def dataset(number: Number, visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    return dataset_page(visitor, session, number)


def dataset_page(
    visitor: Visitor,
    session: Session,
    number: int,
    problem: tuple[str, str] | None = None,
    status: int = 200,
    reason: str | None = None,
) -> Response:
    found = queries.dataset(session, number)
    act = acts.newest(session, f"not-personal:{number}")
    shown = act if act is not None and act.step is not acts.Step.DONE else None
    refused = shown is not None and shown.step is acts.Step.REFUSED
    declared = None if refused or not found.personal else queries.last_declared(session, number)
    return visitor.page(
        "city/dataset.html",
        status=status,
        here=f"{DATASETS}/{number}",
        one=found,
        steward=participants.by_number(session, found.steward),
        versions=[queries.version(session, number, each) for each in range(found.versions, 0, -1)],
        act=shown,
        waits=shown is not None and shown.is_under_way,
        declared=declared,
        command=command_of(found, declared),
        reason=(declared.reason or "") if reason is None and declared is not None else reason or "",
        problem=problem,
    )


def command_of(found: Dataset, declared: Declared | None) -> str | None:
    """What the second person types to say the same."""
    if declared is None or declared.speaker == "deputy":
        return None
    reason = shlex.quote(declared.reason or "")
    return f"stoa city not-personal {shlex.quote(found.name)} --reason {reason} --as deputy"


@router.post(f"{DATASETS}/{{number}}/not-personal")
def ask_about_declaration(
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
        text, found = require_declarable(session, number, reason)
        question = Question(
            title=t("city.declare.ask", title=found.description.title),
            action=f"{DATASETS}/{number}/not-personal/confirmed",
            fields={"reason": text},
            button=t("city.declare.declare"),
            back=f"{DATASETS}/{number}",
            says=[t("city.declare.lead"), t("city.declare.takes_two")],
            reason=text,
        )
        return asked(visitor, question)

    return telling(
        visitor, ask, lambda problem, status: dataset_page(visitor, session, number, problem, status, reason)
    )


@router.post(f"{DATASETS}/{{number}}/not-personal/confirmed")
def declare(
    request: Request,
    number: Number,
    visitor: AnyVisitor,
    _staff: Staff,
    house: HouseHere,
    session: Writing,
    reason: Typed = "",
    token: FormToken = "",
) -> Response:
    """Put the operator's word; the deputy says the same with her own key."""
    require_same_site(request)
    visitor.require_token(token)

    def declared() -> Response:
        text, _ = require_declarable(session, number, reason)
        catalogue.declare_not_personal(session, house, number, text, operator="operator")
        return visitor.led_to(f"{DATASETS}/{number}")

    return telling(
        visitor,
        declared,
        lambda problem, status: dataset_page(visitor, session, number, problem, status, reason),
    )


def require_declarable(session: Session, number: int, reason: str) -> tuple[str, Dataset]:
    """The reason as it is published, and the dataset.

    Raises:
        UnknownDatasetError, NotPersonalAlreadyError, SubjectColumnError, ActUnderWayError, TextMistypedError
    """
    found = queries.dataset(session, number)
    if not found.personal:
        raise NotPersonalAlreadyError(f"{found.name!r} is not personal already.")
    if found.description.subject is not None:
        raise catalogue.SubjectColumnError(f"{found.name!r} says whose each row is.")
    acts.require_quiet(session, f"not-personal:{number}")
    return published_text(reason.strip(), "The reason"), found
