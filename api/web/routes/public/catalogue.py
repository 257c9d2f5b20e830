"""What data the city has: by theme, with what each dataset holds and what it honestly is."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.http.dependencies import Reading
from api.http.policies import Anybody
from api.http.shapes import Number
from api.web.pages import AnyVisitor
from marketplace.catalogue import queries
from marketplace.catalogue.columns import CategoryColumn, Column, IntegerColumn
from marketplace.catalogue.description import Topic
from marketplace.catalogue.dimensions import Dimension, TimeGrid
from marketplace.catalogue.search import matching
from marketplace.participants import queries as participants
from marketplace.provenance import transparency

router = APIRouter()

CATALOGUE = "/catalogue"
LABELS_SHOWN = 12


@router.get(CATALOGUE, dependencies=[Anybody])
def catalogue(
    visitor: AnyVisitor,
    session: Reading,
    topic: Annotated[str, Query(max_length=40)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """A topic that there is not is as good as none."""
    chosen = next((one for one in Topic if one.value == topic), None)
    everything = queries.datasets(session)
    return visitor.page(
        "public/catalogue.html",
        there=bool(everything),
        found=matching(everything, topic=chosen, words=q),
        newest={one.number: queries.newest_version(session, one) for one in everything},
        topics=list(Topic),
        chosen=chosen,
        q=q,
    )


@router.get(CATALOGUE + "/{number}", dependencies=[Anybody])
def dataset(number: Number, visitor: AnyVisitor, session: Reading) -> Response:
    found = queries.dataset(session, number)
    uses = [one for one in transparency.disclosed(session) if number in {used.dataset for used in one.uses}]
    return visitor.page(
        "public/dataset.html",
        one=found,
        described=found.description,
        steward=participants.by_number(session, found.steward),
        versions=[queries.version(session, number, each) for each in range(found.versions, 0, -1)],
        uses=uses,
        holds=holds,
        labels_of=labels_of,
        shown=LABELS_SHOWN,
    )


def holds(column: Column) -> str:
    """What a column may hold, as its description bounds it."""
    if isinstance(column, CategoryColumn):
        more = " ..." if len(column.domain) > LABELS_SHOWN else ""
        return ", ".join(column.domain[:LABELS_SHOWN]) + more
    first, last = (column.readable(end) for end in column.range)
    unit = f" {column.unit}" if isinstance(column, IntegerColumn) and column.unit else ""
    return f"{first} - {last}{unit}"


def labels_of(dimension: Dimension) -> tuple[str, ...]:
    """What one may group by: the labels, or of times the grains."""
    return dimension.grains if isinstance(dimension, TimeGrid) else dimension.labels
