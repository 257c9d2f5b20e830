"""Who may ask what: every route, every role."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from api.http.policies import POLICIES, RouteWithoutPolicyError, require_policies, served
from ledger.digests import text_digest
from marketplace.registrar import service as registrar
from tests.http.city import DESK_TOKEN, OMBUDSMAN_TOKEN, HttpCity, key
from tests.town import Town

PATHS = {
    "contract": "Consents",
    "id": "0x" + "ab" * 32,
    "order": "0x" + "ab" * 32,
    "number": "1",
    "version": "1",
    "key": "order:" + "ab" * 32,
    "code": "not_found",
}

NOBODY = 401
FROZEN = 403
LET_IN = 200

EXPECTED: dict[str, dict[str, int]] = {
    # policy: what each role meets; whoever is let in may still be refused for another reason than who it is.
    "anybody": dict.fromkeys(("nobody", "lab", "frozen", "anna", "stranger", "desk", "ombudsman"), LET_IN),
    "anybody, unseen": dict.fromkeys(
        ("nobody", "lab", "frozen", "anna", "stranger", "desk", "ombudsman"), LET_IN
    ),
    "anybody, slowly": dict.fromkeys(
        ("nobody", "lab", "frozen", "anna", "stranger", "desk", "ombudsman"), LET_IN
    ),
    "participant": {
        "nobody": NOBODY,
        "lab": LET_IN,
        "frozen": FROZEN,
        "anna": NOBODY,
        "stranger": NOBODY,
        "desk": NOBODY,
        "ombudsman": NOBODY,
    },
    "citizen": {
        "nobody": NOBODY,
        "lab": NOBODY,
        "frozen": NOBODY,
        "anna": LET_IN,
        "stranger": FROZEN,
        "desk": NOBODY,
        "ombudsman": NOBODY,
    },
    "desk": {
        "nobody": NOBODY,
        "lab": NOBODY,
        "frozen": NOBODY,
        "anna": NOBODY,
        "stranger": NOBODY,
        "desk": LET_IN,
        "ombudsman": NOBODY,
    },
    "ombudsman": {
        "nobody": NOBODY,
        "lab": NOBODY,
        "frozen": NOBODY,
        "anna": NOBODY,
        "stranger": NOBODY,
        "desk": NOBODY,
        "ombudsman": LET_IN,
    },
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpCity]:
    town = Town.found()
    made = HttpCity(town, tmp_path_factory.mktemp("roles") / "city")
    yield made
    made.close()
    town.devnet.close()


@pytest.fixture(scope="module")
def credentials(city: HttpCity) -> dict[str, dict[str, str]]:
    """What each role shows."""
    lab, frozen = city.organisation("Lab"), city.organisation("Mallory")
    number = frozen.http.get("/v1/participants/me").json()["number"]
    freeze = city.office.town.contracts.participants.freeze(number, text_digest("Broke a promise."))
    city.office.town.send("guardian", freeze)
    city.pump()
    city.office.register("person", ["1"])
    with city.office.registry.writing() as session:
        letter = registrar.write_letter(session, kind="person", key="1")
    return {
        "nobody": {},
        "lab": bearer(lab.token),
        "frozen": bearer(frozen.token),
        "anna": {"Stoa-Letter": letter},
        "stranger": {"Stoa-Letter": "2345-6789-ABCD-EFGH"},
        "desk": bearer(DESK_TOKEN),
        "ombudsman": bearer(OMBUDSMAN_TOKEN),
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda found: PATHS[found[1]], path)


BODIES: dict[str, dict[str, Any]] = {
    "/v1/desk/forms": {"use_case": 1, "people": [{"kind": "person", "key": "1"}]},
    "/v1/consents/forms": {
        "use_case": 1,
        "signer": "0x" + "11" * 20,
        "revocation_hash": "0x" + "22" * 32,
    },
}
NEEDS_MORE = {"/v1/desk/imports", "/v1/consents", "/v1/consents/forms"}
"""Routes that refuse the body or the use case before they ask the registrar who it is."""


def test_every_route_lets_in_whom_its_policy_says(
    city: HttpCity, credentials: dict[str, dict[str, str]]
) -> None:
    wrong: list[str] = []
    cells = 0
    # Signing out comes last: it ends Lab's session.
    for path, methods, policy in sorted(served(city.app), key=lambda one: "DELETE" in one[1]):
        assert policy is not None
        for method in methods:
            for role, shown in credentials.items():
                if "erasures" in path and method == "POST":
                    continue  # asked for by its own test: it would forget Anna
                body = BODIES.get(path, {}) if method == "POST" else None
                answer = city.anybody.request(
                    method, filled(path), json=body, headers={**shown, **key()} if method == "POST" else shown
                )
                cells += 1
                if not meets(answer, EXPECTED[policy][role], path):
                    wrong.append(f"{method} {path} as {role}: {answer.status_code} {answer.text[:120]}")
    assert wrong == []
    assert cells > 300


def meets(answer: Any, expected: int, path: str) -> bool:
    frozen = answer.status_code == 403 and answer.json()["code"] == "participant_frozen"
    turned_away = answer.status_code == 401 or frozen
    if expected == LET_IN:
        return not turned_away and answer.status_code < 500
    if path in NEEDS_MORE and expected != NOBODY:
        return answer.status_code in {expected, 404, 422}
    return answer.status_code == expected


def test_a_route_without_a_policy_is_not_served() -> None:
    router = APIRouter()
    router.get("/v1/open")(lambda: None)
    app = FastAPI()
    app.include_router(router)
    with pytest.raises(RouteWithoutPolicyError, match="/v1/open"):
        require_policies(app)


def test_every_policy_is_in_the_matrix() -> None:
    assert set(POLICIES.values()) == set(EXPECTED)


def test_nothing_is_served_beyond_the_description(city: HttpCity) -> None:
    described = {
        (path, method.upper()) for path, methods in city.app.openapi()["paths"].items() for method in methods
    }
    assert described == {(path, method) for path, methods, _ in served(city.app) for method in methods}


def test_what_changes_something_needs_a_key_or_its_own_nonce(city: HttpCity) -> None:
    """Forms and checks change nothing; a sign-in is single by its nonce."""
    free = {"/v1/sign-in", "/v1/routines/check"}
    for path, methods in city.app.openapi()["paths"].items():
        operation = methods.get("post")
        if operation is None or path.endswith("/forms") or path in free:
            continue
        names = {one["name"]: one["required"] for one in operation["parameters"]}
        assert names["Idempotency-Key"], path
