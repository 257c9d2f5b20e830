from fastapi import APIRouter, Response

from api.http.dependencies import Reading
from api.http.policies import Member
from api.web.areas import PARTNER
from api.web.pages import AnyVisitor
from marketplace.orders import queries as orders

router = APIRouter()


@router.get(PARTNER.start.path)
def home(visitor: AnyVisitor, member: Member, session: Reading) -> Response:
    balance, credited = orders.balance(session, member.account)
    return visitor.page("partner/home.html", member=member, balance=balance, credited=credited)
