"""One licence of the organisation's: its terms, what a run costs and what to expect of it, and ordering one."""

from fastapi import APIRouter, Response

from api.http.dependencies import Here, HouseHere, Reading
from api.http.json_documents import written
from api.http.policies import Member
from api.http.shapes import Number, in_credits
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from api.web.routes.partner.shown import PAYING, partner_facts, plays_money
from marketplace.errors import StoaError
from marketplace.licences import queries as licences
from marketplace.orders import coverage, receipts
from marketplace.orders import queries as orders
from marketplace.orders import service as ordering
from marketplace.orders.service import OrderOffer
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST

router = APIRouter()


@router.get("/partner/licences/{number}")
def licence(
    number: Number, visitor: AnyVisitor, member: Member, session: Reading, here: Here, house: HouseHere
) -> Response:
    held = licences.held_licence(session, number, member.account)
    found = use_cases.use_case(session, held.use_case)
    offer: OrderOffer | None = None
    refused = None
    try:
        offer = ordering.quote(session, licence=number, buyer=member)
    except StoaError as error:
        refused = told(visitor.words, error.code)
    balance, _ = orders.balance(session, member.account)
    return visitor.page(
        "partner/licence.html",
        held=held,
        found=found,
        purpose=BY_DIGEST.get(found.purpose),
        now=head(session).timestamp,
        offer=offer,
        refused=refused,
        written_cap="" if offer is None else in_credits(offer.most),
        wanted="" if offer is None else written(offer.request).decode(),
        parts=[] if offer is None else receipts.parts(session, offer.tariff, offer.most),
        expected=coverage.expected(session, found.number),
        ordered=[one for one in orders.orders_of(session, member.account) if one.licence == number],
        balance=balance,
        plays_money=plays_money(here, house),
        wallet=partner_facts(visitor, here, house, member, *PAYING),
    )
