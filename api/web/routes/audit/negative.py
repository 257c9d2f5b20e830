"""Whether a participant had any access in some days: what the ledger shows, and what it cannot show."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.http.dependencies import Here, Reading
from api.http.policies import Auditor
from api.http.problems import status_of
from api.web.ledger_words import LedgerWords
from api.web.pages import AnyVisitor
from api.web.routes.audit.events import links
from api.web.routes.audit.looking import WrongFilterError, block_at, party, whole
from ledger.reader import Reader
from marketplace.participants import queries as participants
from marketplace.participants.queries import UnknownParticipantError
from marketplace.provenance import explorer, standing
from marketplace.provenance.explorer import Wanted
from marketplace.provenance.queries import head

router = APIRouter()

ACCESS = frozenset({"OrderOpened", "OrderRefunded", "OrderSettled"})
"""An answer leaves after OrderSettled and at no other time."""
MOST = 1_000

Typed = Annotated[str, Query(max_length=40)]


@router.get("/audit/negative")
def negative(
    visitor: AnyVisitor,
    _auditor: Auditor,
    here: Here,
    session: Reading,
    participant: Typed = "",
    first: Typed = "",
    last: Typed = "",
) -> Response:
    found, wrong, blocks = None, None, (0, 0)
    if participant or first or last:
        try:
            newest = head(session).number
            blocks = (block_at(session, first, end=False), min(block_at(session, last, end=True), newest))
            asked = party(session, whole(participant, "participant"))
            sought = Wanted(first=blocks[0], last=blocks[1], names=ACCESS, party=asked)
            found = explorer.look_up(Reader(here.house.city, here.node), sought, limit=MOST)
        except (WrongFilterError, UnknownParticipantError) as error:
            wrong = error
    return visitor.page(
        "audit/negative.html",
        status=200 if wrong is None else status_of(type(wrong)),
        everybody=participants.everybody(session),
        participant=participant,
        first=first,
        last=last,
        blocks=blocks,
        found=found,
        unknown=found is not None and (blocks[0] > blocks[1] or found.older is not None),
        settled=0 if found is None else sum(is_settlement(one) for one in found.happenings),
        anchor=standing.newest_anchor(session),
        wrong=wrong and wrong.code,
        told=LedgerWords.of(session, visitor.words, here.house.city.addresses),
        links=links,
    )


def is_settlement(one: explorer.Happening) -> bool:
    return type(one.event).__name__ == "OrderSettled"
