"""docs/api.md says what the API does: every route with its policy, every problem code, the limits in force."""

import re
from pathlib import Path

from fastapi import FastAPI

from api.http.app import ROUTERS
from api.http.bodies import LONGEST_NUMBER
from api.http.cursors import MOST
from api.http.limits import Pace
from api.http.openapi import document
from api.http.policies import POLICIES, served
from api.http.problem_codes import by_code
from api.http.settings import ANYBODY, LARGEST_BODY, PARTICIPANT, SECRETS
from api.http.standing import MOST_BEHIND, Readiness
from api.http.waiting import LONGEST
from marketplace.participants.sign_in import NONCE_SECONDS, SESSION_SECONDS
from marketplace.requests.service import KEPT_SECONDS

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def table(name: str) -> list[list[str]]:
    """The rows of the table after its marker, without the head."""
    found = re.search(rf"<!-- table: {name} -->\n((?:\|.*\n)+)", GUIDE)
    assert found, f"There is no table of {name}."
    lines = found[1].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_every_route_is_told_with_its_policy_and_none_that_is_not_served() -> None:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    described = document(app)["paths"]
    expected = [
        [f"{method} {path}", described[path][method.lower()]["operationId"], policy]
        for path, methods, policy in served(app)
        for method in methods
    ]
    told = [[row[0], row[1], row[2]] for row in table("routes")]
    assert sorted(told) == sorted(expected)


def test_every_policy_is_explained() -> None:
    assert [row[0] for row in table("policies")] == list(POLICIES.values())


def test_every_problem_code_is_told_and_none_that_does_not_exist() -> None:
    told = {code: (int(status), meaning) for status, code, meaning in table("codes")}
    assert told == {one.code: (one.status, one.meaning) for one in by_code().values()}
    assert len(table("codes")) == len(told)


def test_the_numbers_are_those_in_force() -> None:
    for text in (
        pace("anybody", ANYBODY),
        pace("participant", PARTICIPANT),
        pace("a code or a letter", SECRETS),
        f"{LARGEST_BODY:,} bytes",
        f"{LONGEST_NUMBER} digits",
        f"at most {MOST} ",
        f"at most {LONGEST} seconds",
        f"{MOST_BEHIND} blocks",
        f"{SESSION_SECONDS // 3600} hours",
        f"{NONCE_SECONDS // 60} minutes",
        f"{KEPT_SECONDS // 3600} hours",
    ):
        assert text in " ".join(GUIDE.split()), text


def pace(who: str, one: Pace) -> str:
    return f"| {who} | {one.burst} | {one.per_second:g} |"


def test_every_field_of_readiness_is_explained() -> None:
    assert [row[0] for row in table("readiness")] == list(Readiness.model_fields)
