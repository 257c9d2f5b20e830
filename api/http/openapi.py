"""The API's own description (OpenAPI 3.1): FastAPI's, with every refusal as a problem document."""

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.once import HEADER
from api.http.problems import DESCRIPTIONS, MEDIA_TYPE, Problem

DESCRIPTION = (
    "Use cases, consents, licences, orders and their proofs. What an organisation signs is asked for at `.../forms` "
    "and sent with its signature. Amounts are decimal strings, digests hexadecimal, instants RFC 3339 in UTC. "
    "Refusals are problem documents (RFC 9457); match on `code`."
)
TAGS = [
    {"name": "sign-in", "description": "Sign-In with Ethereum (EIP-4361)."},
    {"name": "participants", "description": "The organisations of the city."},
    {"name": "city", "description": "Which city this is, on which ledger, and whether it is well."},
    {"name": "catalogue", "description": "Purposes, datasets, and whether a routine fits them."},
    {"name": "use-cases", "description": "What data is used for, by whom, on what conditions."},
    {"name": "licences", "description": "Quotes and licences."},
    {"name": "orders", "description": "Runs: asked, paid, computed, proven."},
    {"name": "money", "description": "Withdrawals and the play bank."},
    {
        "name": "citizens",
        "description": "What a citizen is asked, what she said, who used it, and the end of it.",
    },
    {"name": "desk", "description": "Consents on paper, taken at the desk."},
    {"name": "transparency", "description": "What everybody may know."},
    {"name": "messages", "description": "What came of what was sent to the ledger."},
]
WITH_BODY = (400, 413, 415)
ALWAYS = (422, 429, 500, 503)

Operation = dict[str, Any]


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` tell the whole truth about refusals and the Idempotency-Key."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi


def document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for methods in cast("dict[str, dict[str, Operation]]", made["paths"]).values():
        for operation in methods.values():
            add_refusals(operation)
    return made


def add_refusals(operation: Operation) -> None:
    refusals = {404, 409, *ALWAYS}
    if "requestBody" in operation:
        refusals.update(WITH_BODY)
    if operation.get("security"):
        refusals.update((401, 403))
    else:
        refusals.add(403)
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(refusals):
        responses[str(status)] = responses.get(str(status)) or {
            "description": DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if "202" in responses:
        responses["202"]["headers"] = {
            "Location": {"description": "Where to ask what came of it.", "schema": {"type": "string"}}
        }
        responses["303"] = LED_ON
        responses.setdefault("400", responses["409"] | {"description": DESCRIPTIONS[400]})
        operation.setdefault("parameters", []).extend([KEY_PARAMETER, PREFER_PARAMETER])


LED_ON = {
    "description": "The caller preferred to wait, and the thing itself is at `Location`.",
    "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
}
PREFER_PARAMETER = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=20`: answer when the ledger has it, with 303 to what came of it (RFC 7240).",
    "schema": {"type": "string"},
    "example": "wait=20",
}
KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "Your own name for this request; repeated with the same body, it is answered the same way.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "example": "7f6c1b0e-4a39-4f0a-9a43-64a1f6a0c0ce",
}
