"""Records of processing (GDPR art. 30), and the draft of an impact assessment (art. 35) per use case."""

from typing import Any

import orjson
from fastapi import APIRouter, Response

from api.http.dependencies import HouseHere, Reading
from api.http.policies import Staff
from api.web.pages import AnyVisitor
from api.web.routes.city.case_page import figures_of, purpose_of, risk_of
from api.web.routes.city.confirming import Number
from marketplace.provenance import impact, processing
from marketplace.use_cases import queries as use_cases

router = APIRouter()

RECORDS = "/city/records"


@router.get(RECORDS)
def records(visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    return visitor.page(
        "city/records.html",
        activities=processing.activities(session),
        holdings=processing.holdings(session),
        drafts=[one for one in use_cases.use_cases(session) if one.personal],
        measures=processing.MEASURES,
        open=processing.OPEN,
        purpose_of=lambda found: purpose_of(visitor.words, found),
    )


@router.get(f"{RECORDS}.json")
def records_file(_staff: Staff, house: HouseHere, session: Reading) -> Response:
    return download("records-of-processing.json", processing.records_document(session, house.city))


@router.get(f"{RECORDS}/{{number}}.json")
def draft_file(number: Number, _staff: Staff, session: Reading) -> Response:
    document = impact.impact_draft(session, number).document
    return download(f"impact-assessment-draft-{number}.json", document)


@router.get(f"{RECORDS}/{{number}}")
def draft(number: Number, visitor: AnyVisitor, _staff: Staff, session: Reading) -> Response:
    found = impact.impact_draft(session, number)
    return visitor.page(
        "city/impact.html",
        draft=found,
        one=found.activity,
        risk=risk_of(visitor.words, found.report),
        figures=figures_of(visitor.words, found.report),
        measures=processing.MEASURES,
        open=impact.OPEN,
    )


def download(name: str, document: dict[str, Any]) -> Response:
    content = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/json", headers=headers)
