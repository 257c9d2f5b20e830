"""What the API says of itself, and what holds for all of its operations."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from api.http.app import ROUTERS
from api.http.openapi import document
from api.http.problem_codes import by_code
from api.http.problems import CODE_OF_STATUS, not_routed
from tests.http.trade import WISH, Trade

ROOT = Path(__file__).parents[2]
ONE_FORM = {"signIn", "checkRoutine"}
"""A sign-in is single by its message's nonce; a check changes nothing."""


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    app = FastAPI(title="Stoa", version="1")
    for router in ROUTERS:
        app.include_router(router)
    return document(app)


def operations(described: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """By operation id: method, path, operation."""
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


def names_of(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in operation.get("parameters", [])}


def test_the_description_is_valid_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(described).validate()
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_a_description_that_is_not_valid_would_be_noticed(described: dict[str, Any]) -> None:
    with pytest.raises(jsonschema_rs.ValidationError, match="not of type"):
        schemathesis.openapi.from_dict({**described, "paths": {"/v1/city": {"get": 1}}}).validate()


def test_every_list_goes_on_page_by_page(described: dict[str, Any]) -> None:
    lists = {name for name in operations(described) if name.startswith("list")}
    assert len(lists) > 10
    for name, (_, path, operation) in operations(described).items():
        shown = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        schema = described["components"]["schemas"].get(
            shown.get("schema", {}).get("$ref", "").rpartition("/")[2]
        )
        is_list = schema is not None and "items" in schema["properties"]
        assert is_list == (name in lists), path
        if is_list:
            assert {"cursor", "limit"} <= set(names_of(operation)), path
            assert "next" in schema["properties"], path


def test_what_changes_something_needs_an_idempotency_key(described: dict[str, Any]) -> None:
    for name, (method, path, operation) in operations(described).items():
        changes = method == "post" and not path.endswith("/forms") and name not in ONE_FORM
        key = names_of(operation).get("Idempotency-Key")
        assert (key is not None and key["required"]) == changes, path
        assert ("202" in operation["responses"]) == changes, path


def test_only_signing_out_is_no_get_or_post(described: dict[str, Any]) -> None:
    others = {name for name, (method, _, _) in operations(described).items() if method not in {"get", "post"}}
    assert others == {"signOut"}


def test_the_key_is_really_asked_for(trade: Trade) -> None:
    lab = trade.lab
    wish = {"name": "Lab", "class": "commercial", "account": lab.account.address}
    bodies = {
        "withdrawals": {"account": lab.account.address},
        "shares/withdrawals": {"tariff": 1, "party": 0},
        "bank/transfers": {"amount": "1.00"},
        "participants": lab.signed("participants", wish),
        "use-cases": lab.signed("use-cases", WISH),
        "licences": lab.signed("licences", {"use_case": trade.use_case}),
        "orders": lab.signed("orders", {"licence": trade.licence}),
    }
    for things, body in bodies.items():
        answer = lab.http.post(f"/v1/{things}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing"), things


def test_a_list_that_was_short_yesterday_goes_on_too(trade: Trade) -> None:
    first = trade.city.anybody.get("/v1/purposes", params={"limit": 1}).json()
    assert len(first["items"]) == 1
    rest = trade.city.anybody.get("/v1/purposes", params={"cursor": first["next"]}).json()
    assert first["items"][0] not in rest["items"]
    assert rest["items"]


# The reference to read


def test_the_reference_tells_every_operation_and_every_shape(trade: Trade) -> None:
    page = trade.city.anybody.get("/docs")
    described = trade.city.app.openapi()
    assert page.headers["content-type"].startswith("text/html")
    for name, (method, path, _) in operations(described).items():
        assert f'id="{name}"' in page.text
        assert f"{method.upper()} {path}" in page.text
    anchors = set(re.findall(r'id="([^"]+)"', page.text))
    assert set(described["components"]["schemas"]) <= anchors
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= anchors


def test_the_reference_asks_nobody_else_and_runs_nothing(trade: Trade) -> None:
    page = trade.city.anybody.get("/docs").text
    places = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert {place for place in places if not place.startswith("#")} == {
        "/docs/style.css",
        "/v1/openapi.json",
        "/v1/problems?limit=200",
    }
    assert "<script" not in page
    assert trade.city.anybody.get("/docs/style.css").headers["content-type"].startswith("text/css")


# Problem codes


def test_every_code_of_the_server_is_registered_whatever_else_is_loaded() -> None:
    """Alone, and beside everything else of the distribution, the registry is the same."""
    alone, beside = (told_by(script) for script in (ALONE, BESIDE))
    assert alone == beside == "\n".join(by_code())


REGISTRY = "from api.http.problem_codes import by_code; print('\\n'.join(by_code()))"
ALONE = f"import api.http.app; {REGISTRY}"
BESIDE = f"""
import importlib, pkgutil, api, ledger, marketplace
for package in (api, ledger, marketplace):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
{REGISTRY}
"""


def told_by(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


def test_every_code_has_one_status_and_a_meaning() -> None:
    for one in by_code().values():
        assert 400 <= one.status < 600, one.code
        assert one.meaning.endswith("."), one.code


def test_what_is_answered_outside_of_routes_is_registered_too() -> None:
    for status, code in CODE_OF_STATUS.items():
        assert by_code()[code].status == status


def test_a_request_that_cannot_be_read_at_all_has_a_registered_code() -> None:
    problem = json.loads(bytes(not_routed(HTTPException(418)).body))
    assert problem["status"] == by_code()[problem["code"]].status
