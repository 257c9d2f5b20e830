"""Which consents, how many people and which results a dataset touched between two times."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.http.dependencies import Here, Reading, VaultReading
from api.http.policies import Staff
from api.http.problems import status_of
from api.web.forms import TimeMistypedError, instant
from api.web.pages import AnyVisitor
from api.web.problem_pages import told
from marketplace.catalogue import queries as catalogue
from marketplace.errors import StoaError
from marketplace.provenance.touched import touched

router = APIRouter()

Asked = Annotated[str, Query(max_length=100)]


@router.get("/city/touched")
def touched_page(
    visitor: AnyVisitor,
    _staff: Staff,
    here: Here,
    session: Reading,
    vault: VaultReading,
    dataset: Asked = "",
    begin: Asked = "",
    end: Asked = "",
) -> Response:
    found, problem, status, title = None, None, 200, ""
    if dataset or begin or end:
        try:
            named = catalogue.dataset_named(session, dataset)
            first, last = (instant(one, here.settings.zone) for one in (begin, end))
            if last <= first:
                raise TimeMistypedError("The end is not after the beginning.")
            title = named.description.title
            found = touched(session, vault, named, begin=first, end=last)
        except StoaError as error:
            problem, status = told(visitor.words, error.code), status_of(type(error))
    return visitor.page(
        "city/touched.html",
        status=status,
        problem=problem,
        found=found,
        title=title,
        datasets=catalogue.datasets(session),
        typed={"dataset": dataset, "begin": begin, "end": end},
    )
