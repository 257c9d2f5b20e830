"""One use case of the organisation's: the decision with its reasons, what a licence costs, and buying it."""

from fastapi import APIRouter, Response

from api.http.dependencies import Here, HouseHere, Reading
from api.http.policies import Member
from api.http.routes.use_cases import NotTheApplicantError
from api.http.shapes import Number, in_credits
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from api.web.routes.partner.shown import PAYING, own_report, partner_facts, plays_money
from api.web.routes.public.use_case import asked_of
from ledger.enums import UseCaseState
from marketplace.catalogue import queries as catalogue
from marketplace.errors import StoaError
from marketplace.licences import queries as licences
from marketplace.licences import service as selling
from marketplace.orders import coverage, receipts
from marketplace.orders import queries as orders
from marketplace.use_cases import decisions
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST

router = APIRouter()


@router.get("/partner/use-cases/{number}")
def use_case(
    number: Number, visitor: AnyVisitor, member: Member, session: Reading, here: Here, house: HouseHere
) -> Response:
    found = use_cases.use_case(session, number)
    if found.applicant != member.number:
        raise NotTheApplicantError(f"Use case {number} is another applicant's.")
    offer, refused = None, None
    if found.state is UseCaseState.ALLOWED:
        try:
            offer = selling.quote(session, number, member)
        except StoaError as error:
            refused = told(visitor.words, error.code)
    tariff = None if offer is None else offer[1]
    price = 0 if offer is None else offer[0].price
    balance, _ = orders.balance(session, member.account)
    return visitor.page(
        "partner/use_case.html",
        found=found,
        purpose=BY_DIGEST.get(found.purpose),
        sources=[(one, catalogue.dataset(session, one.dataset).description) for one in found.sources],
        asks=asked_of(use_cases.routine_of(session, found)),
        decision=decisions.history(session, number).decision,
        report=own_report(session, number),
        tariff=tariff,
        price=price,
        written_price=in_credits(price),
        parts=[] if tariff is None else receipts.parts(session, tariff, price),
        expected=coverage.expected(session, number),
        refused=refused,
        held=[one for one in licences.licences_of(session, member.account) if one.use_case == number],
        balance=balance,
        plays_money=plays_money(here, house),
        wallet=partner_facts(visitor, here, house, member, *PAYING),
    )
