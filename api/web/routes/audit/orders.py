"""Every order, and one of them from the consents it counted to the money it moved."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy import select

from api.http.dependencies import Here, Reading
from api.http.policies import Auditor
from api.http.shapes import Digest
from api.web.ledger_words import LedgerWords
from api.web.pages import AnyVisitor
from api.web.routes.audit.events import links
from ledger.digests import hexed
from ledger.enums import OrderState
from ledger.reader import Reader
from marketplace.licences import queries as licences
from marketplace.orders import queries, receipts
from marketplace.orders.tables import OrderRow
from marketplace.provenance.explorer import values_of
from marketplace.provenance.queries import block
from marketplace.provenance.tables import StatementRow
from marketplace.use_cases import queries as use_cases

router = APIRouter()

SHOWN = 200
ORDERS = "/audit/orders"


@router.get(ORDERS)
def orders(visitor: AnyVisitor, _auditor: Auditor, here: Here, session: Reading) -> Response:
    rows = session.scalars(select(OrderRow).order_by(OrderRow.opened_in.desc(), OrderRow.id).limit(SHOWN + 1))
    found = list(rows)
    return visitor.page(
        "audit/orders.html",
        found=found[:SHOWN],
        more=len(found) > SHOWN,
        told=LedgerWords.of(session, visitor.words, here.house.city.addresses),
        hexed=hexed,
    )


@router.get(ORDERS + "/{id_}")
def order(
    id_: Annotated[Digest, Path()], visitor: AnyVisitor, _auditor: Auditor, here: Here, session: Reading
) -> Response:
    found = queries.order(session, id_)
    licence = licences.licence(session, found.licence)
    ended = found.state in {OrderState.SETTLED, OrderState.REFUNDED}
    reader = Reader(here.house.city, here.node)
    blocks = [found.opened_in, *([] if found.ended_in is None else [found.ended_in])]
    happenings = [
        one
        for number in blocks
        for one in reader.read(number).happenings
        if values_of(one.event).get("id") == id_
    ]
    return visitor.page(
        "audit/order.html",
        order=found,
        licence=licence,
        use_case=use_cases.use_case(session, licence.use_case),
        receipt=receipts.of_order(session, found) if ended else None,
        consents_at=None if found.consent_block is None else block(session, found.consent_block).timestamp,
        stated=session.get(StatementRow, id_) is not None,
        found=happenings,
        links=links,
        told=LedgerWords.of(session, visitor.words, here.house.city.addresses),
        hexed=hexed,
    )
