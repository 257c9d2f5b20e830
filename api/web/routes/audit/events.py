"""Everything that happened on the ledger, in the city's words, newest first; and one block."""

import csv
import io
import json
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from api.http.dependencies import Here, Reading
from api.http.policies import Auditor
from api.http.problems import status_of
from api.http.shapes import LARGEST_UINT32
from api.web.ledger_words import LedgerWords
from api.web.pages import AnyVisitor, Visitor
from api.web.routes.audit.looking import Filtering, Filters, WrongFilterError, kinds, wanted
from ledger.bindings import EVENTS
from ledger.digests import hexed
from ledger.reader import Happening, Reader
from marketplace.errors import NotFoundError
from marketplace.participants.queries import UnknownParticipantError
from marketplace.provenance import explorer
from marketplace.provenance.queries import head

router = APIRouter()

EVENTS_PAGE = "/audit/events"
SHOWN = 50
MOST_IN_A_FILE = 20_000


class UnknownBlockError(NotFoundError):
    """The ledger has no such block (yet)."""

    code = "unknown_block"


@router.get(EVENTS_PAGE)
def events(
    visitor: AnyVisitor, _auditor: Auditor, here: Here, session: Reading, asked: Filtering
) -> Response:
    told = LedgerWords.of(session, visitor.words, here.house.city.addresses)
    try:
        sought = wanted(session, here.house.city, asked)
    except (WrongFilterError, UnknownParticipantError) as error:
        return listed(visitor, told, asked, status=status_of(type(error)), wrong=error.code)
    found = explorer.look_up(Reader(here.house.city, here.node), sought, limit=SHOWN)
    return listed(visitor, told, asked, found=found)


def listed(
    visitor: Visitor,
    told: LedgerWords,
    asked: Filters,
    *,
    found: explorer.Found | None = None,
    status: int = 200,
    wrong: str | None = None,
) -> Response:
    older = None if found is None or found.older is None else asked.query() | {"before": str(found.older)}
    return visitor.page(
        "audit/events.html",
        status=status,
        told=told,
        asked=asked,
        found=[] if found is None else found.happenings,
        older=older and f"{EVENTS_PAGE}?{urlencode(older)}",
        file=f"{EVENTS_PAGE}.csv?{urlencode(asked.query())}",
        contracts=list(EVENTS),
        kinds=sorted(kinds()),
        wrong=wrong,
        links=links,
    )


@router.get(EVENTS_PAGE + ".csv")
def events_file(
    visitor: AnyVisitor, _auditor: Auditor, here: Here, session: Reading, asked: Filtering
) -> Response:
    """The same as a file, with every field of every event. A file that was cut off says so in its last line."""
    sought = wanted(session, here.house.city, asked)
    told = LedgerWords.of(session, visitor.words, here.house.city.addresses)
    found = explorer.look_up(Reader(here.house.city, here.node), sought, limit=MOST_IN_A_FILE)
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(["block", "time", "transaction", "contract", "event", "sentence", "fields"])
    for one in found.happenings:
        lines.writerow(line_of(told, one))
    if found.older is not None:
        lines.writerow(["more", f"before={found.older}", "", "", "", "", ""])
    headers = {"Content-Disposition": 'attachment; filename="events.csv"'}
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def line_of(told: LedgerWords, one: Happening) -> list[object]:
    place = one.place
    kind = type(one.event).__name__
    fields = json.dumps(explorer.values_of(one.event), default=written, sort_keys=True)
    return [
        place.block,
        place.timestamp,
        hexed(place.transaction),
        one.contract,
        kind,
        for_spreadsheets(told.plain(one)),
        fields,
    ]


def written(value: Any) -> Any:
    return hexed(value) if isinstance(value, bytes) else str(value)


def for_spreadsheets(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def links(one: Happening) -> list[tuple[str, str]]:
    """Where one reads more about what an event names: (text's key, address)."""
    values = explorer.values_of(one.event)
    found: list[tuple[str, str]] = []
    if type(one.event).__name__ in {"OrderOpened", "OrderSettled", "OrderRefunded"}:
        found.append(("audit.to_order", f"/audit/orders/{written(values['id'])}"))
    if number := explorer.use_case_of(one):
        found.append(("audit.to_use", f"/use/{number}"))
    return found


@router.get("/audit/blocks/{number}")
def block(number: int, visitor: AnyVisitor, _auditor: Auditor, here: Here, session: Reading) -> Response:
    newest = head(session).number
    if not 0 <= number <= min(newest, LARGEST_UINT32):
        raise UnknownBlockError(f"The ledger has no block {number}. The newest is {newest}.")
    reader = Reader(here.house.city, here.node)
    read = reader.read(number)
    return visitor.page(
        "audit/block.html",
        block=read.block,
        found=read.happenings,
        told=LedgerWords.of(session, visitor.words, here.house.city.addresses),
        newest=newest,
        links=links,
        hexed=hexed,
    )
