"""Where an organisation stands, and what it does next."""

from fastapi import APIRouter, Response

from api.http.dependencies import Here, HouseHere, Reading
from api.http.policies import Member
from api.web.areas import PARTNER
from api.web.pages import AnyVisitor
from api.web.routes.partner.shown import partner_facts, plays_money
from marketplace.licences import queries as licences
from marketplace.orders import queries as orders
from marketplace.orders.next_step import next_step
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST

router = APIRouter()


@router.get(PARTNER.start.path)
def home(visitor: AnyVisitor, member: Member, session: Reading, here: Here, house: HouseHere) -> Response:
    balance, credited = orders.balance(session, member.account)
    cases = use_cases.use_cases_of(session, member.number)
    held = licences.licences_of(session, member.account)
    ordered = orders.orders_of(session, member.account)
    step = next_step(member, cases=cases, licences=held, orders=ordered, now=head(session).timestamp)
    return visitor.page(
        "partner/home.html",
        member=member,
        balance=balance,
        credited=credited,
        step=step.value,
        cases=cases,
        purpose_of=lambda one: BY_DIGEST.get(one.purpose),
        plays_money=plays_money(here, house),
        wallet=partner_facts(visitor, here, house, member),
    )
