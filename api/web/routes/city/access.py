"""The access log as it grows, with refusals, filters, and as a file."""

import csv
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.orm import Session

from api.http.dependencies import Reading
from api.http.policies import Staff
from api.http.problems import status_of
from api.web.forms import whole_or_none
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from marketplace.catalogue import queries as catalogue
from marketplace.errors import StoaError
from marketplace.participants import queries as participants
from marketplace.provenance.accesses import Access, Wanted, accesses
from marketplace.use_cases.purposes import BY_DIGEST

router = APIRouter()

ACCESS = "/city/access"
A_PAGE = 50
LARGEST = 2**32 - 1
OUTCOMES = ("served", "refused", "withheld", "refunded", "failed", "gone", "not-ready", "taken", "started")
COLUMNS = ("number", "at", "who", "did", "outcome", "use_case", "purpose", "datasets", "order", "block")


class Filters:
    """What is looked for, as it was typed."""

    def __init__(
        self,
        dataset: Annotated[str, Query(max_length=100)] = "",
        use_case: Annotated[str, Query(max_length=20)] = "",
        outcome: Annotated[str, Query(max_length=40)] = "",
        before: Annotated[str, Query(max_length=20)] = "",
    ) -> None:
        self.typed = {"dataset": dataset, "use_case": use_case, "outcome": outcome}
        self._before = before

    @property
    def address(self) -> str:
        """The part of an address that asks for the same."""
        return urlencode({name: value for name, value in self.typed.items() if value})

    def read(self, session: Session) -> tuple[Wanted, int | None]:
        """Raises UnknownDatasetError, NumberMistypedError."""
        name = self.typed["dataset"]
        dataset = (name, catalogue.dataset_named(session, name).number) if name else None
        use_case = whole_or_none(self.typed["use_case"], least=1, most=LARGEST)
        before = whole_or_none(self._before, least=0, most=LARGEST)
        return Wanted(dataset, use_case, self.typed["outcome"] or None), before


Filtered = Annotated[Filters, Depends(Filters)]


@dataclass(frozen=True)
class Actor:
    """Who did it: an organisation, or a role of the city's."""

    number: int | None
    name: str | None
    role: str


@router.get(ACCESS)
def access(visitor: AnyVisitor, _staff: Staff, session: Reading, filters: Filtered) -> Response:
    problem, status, found = None, 200, list[Access]()
    try:
        wanted, before = filters.read(session)
        found = list(islice(accesses(session, wanted, before=before), A_PAGE + 1))
    except StoaError as error:
        problem, status = told(visitor.words, error.code), status_of(type(error))
    return visitor.page(
        "city/access.html",
        status=status,
        problem=problem,
        rows=[(one, actor_of(session, one.who)) for one in found[:A_PAGE]],
        older=found[A_PAGE - 1].number if len(found) > A_PAGE else None,
        filters=filters,
        datasets=catalogue.datasets(session),
        outcomes=OUTCOMES,
        purposes=BY_DIGEST,
    )


def actor_of(session: Session, who: str) -> Actor:
    kind, _, rest = who.partition(":")
    if kind != "participant":
        return Actor(None, None, rest or kind)
    return Actor(int(rest), participants.by_number(session, int(rest)).name, kind)


@router.get(f"{ACCESS}.csv")
def access_file(_staff: Staff, session: Reading, filters: Filtered) -> Response:
    """Every record that the filters let through, newest first."""
    wanted, before = filters.read(session)
    written = StringIO()
    out = csv.writer(written)
    out.writerow(COLUMNS)
    out.writerows(row_of(one) for one in accesses(session, wanted, before=before))
    headers = {"Content-Disposition": 'attachment; filename="access-log.csv"'}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def row_of(one: Access) -> list[object]:
    known = None if one.purpose is None else BY_DIGEST.get(one.purpose)
    return [
        one.number,
        one.at,
        one.who,
        one.did,
        one.outcome,
        one.use_case,
        None if known is None else known.term,
        " ".join(one.datasets),
        None if one.order is None else "0x" + one.order.hex(),
        one.block,
    ]
