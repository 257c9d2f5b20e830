"""Where an organisation stands, and what it does next."""

from fastapi import APIRouter, Response

from api.http.dependencies import Here, HouseHere, Reading
from api.http.policies import Member
from api.web.areas import PARTNER
from api.web.pages import AnyVisitor
from api.web.routes.partner.shown import partner_facts, plays_money
from ledger.digests import hexed
from ledger.enums import UseCaseState
from marketplace.licences import queries as licences
from marketplace.licences.queries import Licence
from marketplace.orders import queries as orders
from marketplace.orders.model import Order
from marketplace.orders.next_step import Step, is_usable, next_step
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST
from marketplace.use_cases.queries import UseCase

router = APIRouter()


@router.get(PARTNER.start.path)
def home(visitor: AnyVisitor, member: Member, session: Reading, here: Here, house: HouseHere) -> Response:
    balance, credited = orders.balance(session, member.account)
    cases = use_cases.use_cases_of(session, member.number)
    held = licences.licences_of(session, member.account)
    ordered = orders.orders_of(session, member.account)
    now = head(session).timestamp
    step = next_step(member, cases=cases, licences=held, orders=ordered, now=now)
    return visitor.page(
        "partner/home.html",
        member=member,
        balance=balance,
        credited=credited,
        step=step.value,
        next=place_of(step, cases=cases, held=held, ordered=ordered, now=now),
        cases=cases,
        purpose_of=lambda one: BY_DIGEST.get(one.purpose),
        plays_money=plays_money(here, house),
        wallet=partner_facts(visitor, here, house, member),
    )


def place_of(
    step: Step, *, cases: list[UseCase], held: list[Licence], ordered: list[Order], now: int
) -> str | None:
    """The page where the next step is taken; the newest, where there are several."""
    match step:
        case Step.AWAIT_ANSWER | Step.READ:
            return f"/partner/orders/{hexed(ordered[-1].id)}"
        case Step.ORDER:
            return f"/partner/licences/{[one for one in held if is_usable(one, now)][-1].number}"
        case Step.BUY:
            return (
                f"/partner/use-cases/{[one for one in cases if one.state is UseCaseState.ALLOWED][-1].number}"
            )
        case Step.AWAIT_DECISION:
            return (
                f"/partner/use-cases/{[one for one in cases if one.state is UseCaseState.APPLIED][-1].number}"
            )
        case Step.APPLY | Step.BE_ADMITTED | Step.FROZEN:
            return None
