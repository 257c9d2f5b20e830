"""One order of the organisation's: how far it is, then its answer, or why there is none."""

from dataclasses import dataclass

import orjson
from fastapi import APIRouter, Response

from api.http.dependencies import HouseHere
from api.http.policies import FrozenError, Member
from api.http.routes.orders import OrderId
from api.web.charts import bar_chart
from api.web.csv_files import csv_file
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from ledger.digests import hexed
from ledger.enums import OrderState, Status
from marketplace.disclosure import answer
from marketplace.disclosure.answer import Answer
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.orders import queries as orders
from marketplace.orders import receipts, refunding, service
from marketplace.orders.model import JobState, Order
from marketplace.orders.receipts import Receipt
from marketplace.orders.service import ResultDestroyedError
from marketplace.participants.model import Participant
from marketplace.provenance.queries import block

router = APIRouter()

COMPUTED = {JobState.SEALED, JobState.SETTLING, JobState.READY}


@dataclass(frozen=True, slots=True)
class Shown:
    order: Order
    use_case: int
    receipt: Receipt | None
    opened_at: int
    ended_at: int | None
    computed: bool
    """Whether only the payment is missing."""
    withheld: bool


@router.get("/partner/orders/{order}")
def order_page(order: OrderId, visitor: AnyVisitor, member: Member, house: HouseHere) -> Response:
    shown = shown_of(house, order, member)
    found, unread = None, None
    if shown.order.state is OrderState.SETTLED:
        try:
            found = answer_of(house, order, member)
        except (ResultDestroyedError, FrozenError) as error:
            unread = told(visitor.words, error.code)
    return visitor.page(
        "partner/order.html",
        shown=shown,
        id=hexed(order),
        answer=found,
        unread=unread,
        chart=None if found is None or not found.bars else bar_chart(found.bars),
        hexed=hexed,
    )


@router.get("/partner/orders/{order}/answer.csv")
def answer_csv(order: OrderId, member: Member, house: HouseHere) -> Response:
    found = answer_of(house, order, member)
    empty = (None,) * len(found.measures)
    rows = [[*row.labels, *(row.values or empty)] for row in found.rows]
    return csv_file(f"answer-{hexed(order)[:10]}", [*found.dimensions, *found.measures], rows)


def shown_of(house: House, id_: bytes, member: Participant) -> Shown:
    with house.database.reading() as session:
        found = receipts.order_of(session, id_, member.account)
        job = orders.job(session, id_)
        ended = found.state in {OrderState.SETTLED, OrderState.REFUNDED}
        return Shown(
            order=found,
            use_case=licences.licence(session, found.licence).use_case,
            receipt=receipts.of_order(session, found) if ended else None,
            opened_at=block(session, found.opened_in).timestamp,
            ended_at=None if found.ended_in is None else block(session, found.ended_in).timestamp,
            computed=job is not None and JobState(job.state) in COMPUTED,
            withheld=refunding.was_withheld(found.reason),
        )


def answer_of(house: House, id_: bytes, member: Participant) -> Answer:
    """Whoever is frozen gets no answers. That one was served is recorded before."""
    if member.status is Status.FROZEN:
        raise FrozenError("Your organisation is frozen. Ask the city's operator; withdrawals stay open.")
    return answer.read(orjson.loads(service.result(house, id_=id_, buyer=member)))
