"""Random requests to every operation, as everybody: each is answered as the description says, and none breaks anything.

What a fuzzer cannot guess is given to it: things there are, and acts that are signed; it alters those in one place.
"""

import itertools
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.http.problem_codes import by_code
from tests.http.city import HttpCity, key
from tests.http.everything import WITH_BODY, Everything, Request, open_everything
from tests.town import Town

pytestmark = [pytest.mark.fuzz, pytest.mark.slow]

TIMES = int(os.environ.get("STOA_FUZZ_TIMES", "1"))
"""How many times as many requests as in an ordinary run."""
RANDOM_CASES = 8 * TIMES
"""Per operation and per way of making them (what fits the description, what does not); each is sent by every role."""
ALTERED_CASES = 40 * TIMES
"""Per operation with a body."""
LONGEST_SECONDS = 5.0
"""Of processor time, which does not depend on what else a machine does."""
MOST_UNREACHED = 0.1
LAST = ["signOut", "stopEverything", "forgetMe"]
"""They end a session, consents and a letter that the others need."""

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]

quietly = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


@dataclass
class Fuzz:
    """The city under fire, and what came of it."""

    everything: Everything
    schema: Any
    met: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    wrong: dict[str, str] = field(default_factory=dict[str, str])

    def operations(self) -> list[Any]:
        found = [result.ok() for result in self.schema.get_all_operations()]
        return sorted(found, key=lambda one: LAST.index(id_of(one)) if id_of(one) in LAST else -1)

    def send(self, case: Case, role: str, *, checks: list[Any] = CHECKS) -> int:
        """Send as `role`, check the answer, remember what is wrong with it. The status."""
        headers = {**dict(case.headers or {}), **self.everything.roles[role]}
        if "Idempotency-Key" in headers:
            headers |= key()
        case.headers = None
        began = time.process_time()
        answer = case.call(headers=headers)
        took = time.process_time() - began
        self.met[id_of(case.operation)][answer.status_code] += 1
        self._judge(case, role, answer, took, checks)
        if id_of(case.operation) == "signOut" and answer.status_code == 204:
            self.everything.organisations[role].sign_in()
        return answer.status_code

    def _judge(self, case: Case, role: str, answer: Any, took: float, checks: list[Any]) -> None:
        found: list[str] = []
        if answer.status_code >= 500:
            found.append(f"{answer.status_code}: {answer.text[:300]}")
        elif answer.status_code >= 400:
            found += not_a_problem(answer)
        if took > LONGEST_SECONDS:
            found.append(f"took {took:.1f} s")
        try:
            case.validate_response(answer, checks=checks)
        except FailureGroup as failures:
            found += [f"{type(one).__name__}: {str(one)[:400]}" for one in failures.exceptions]
        for one in found:
            # One of each kind is enough to read.
            kind = f"{case.operation.label}: {answer.status_code} {one[:60]}"
            asked = f"{case.formatted_path} {case.query} {shortened(case.body)}"
            self.wrong.setdefault(kind, f"{case.operation.label} as {role}: {one}\n  {asked}")


def not_a_problem(answer: Any) -> list[str]:
    """What is wrong with a refusal: it is a problem document, with a code that is known for that status."""
    if answer.headers["content-type"] != ["application/problem+json"]:
        return [f"no problem document but {answer.headers['content-type']}"]
    problem = answer.json()
    known = by_code().get(problem["code"])
    if known is None:
        return [f"the code {problem['code']} is not registered"]
    if not known.status == problem["status"] == answer.status_code:
        return [f"{problem['code']} is registered with {known.status}"]
    return []


def shortened(body: Any) -> str:
    return str(body)[:300]


def id_of(operation: Any) -> str:
    return operation.definition.raw["operationId"]


def parameters_of(operation: Any) -> list[str]:
    return [one.name for one in operation.path_parameters]


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzz]:
    """Everything is sent here, once: what must be taken, what is random, what is altered, and what ends the rest."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("fuzz")
    city = HttpCity(town, folder / "city")
    made = Fuzz(open_everything(city, folder), schemathesis.openapi.from_asgi("/v1/openapi.json", city.app))
    for operation in made.operations():
        send_what_must_be_taken(made, operation)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            send_random(made, operation, mode)
        if id_of(operation) in WITH_BODY:
            send_altered(made, operation)
    city.pump(analysis=True)
    yield made
    city.close()
    town.devnet.close()


def send_what_must_be_taken(fuzz: Fuzz, operation: Any) -> None:
    request = fuzz.everything.request(id_of(operation), parameters_of(operation))
    fuzz.send(case_of(operation, request), request.role)


def case_of(operation: Any, request: Request) -> Case:
    headers = key() if operation.method == "post" else {}
    body = {} if request.body is None else {"body": request.body, "media_type": "application/json"}
    return operation.Case(path_parameters=request.path, headers=headers, **body)


def send_random(fuzz: Fuzz, operation: Any, mode: GenerationMode) -> None:
    """What fits the description, or what does not, as everybody; every other one about things there are."""
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
    places = fuzz.everything.places()
    sent = itertools.count()

    @settings(quietly, max_examples=RANDOM_CASES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case) -> None:
        number = next(sent)
        at_once(case)
        if mode is GenerationMode.POSITIVE and number % 2:
            case.path_parameters = {
                name: places[name][number // 2 % len(places[name])] for name in case.path_parameters or {}
            }
        for role in fuzz.everything.roles:
            fuzz.send(copy_of(case), role, checks=checks)

    # Where nothing is asked of a request, none can be wrong.
    with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
        send()


def at_once(case: Case) -> None:
    """Nobody works on what is sent here, so waiting for it only takes time."""
    if str((case.query or {}).get("wait", "0")).isdigit() and "wait" in (case.query or {}):
        case.query["wait"] = 0
    if case.headers is not None:
        for name in [name for name in case.headers if name.lower() == "prefer"]:
            del case.headers[name]


def copy_of(case: Case) -> Case:
    return case.operation.Case(
        method=case.method,
        path_parameters=case.path_parameters,
        headers=dict(case.headers or {}),
        query=case.query,
        body=case.body,
        media_type=case.media_type,
        _meta=case.meta,
    )


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, -1, 2**16, 2**31, 2**32, 2**40, 2**53, 2**63, 2**64, 2**256]),
    st.text(max_size=20),
    st.sampled_from(
        ["", "0", "1e3", "0x", "0x" + "00" * 32, "0x" + "ff" * 32, "0x" + "00" * 65, "0x" + "00" * 20]
    ),
    st.sampled_from(["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2027-05-21", "\ud800", "\0"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=2),
)


def send_altered(fuzz: Fuzz, operation: Any) -> None:
    """Acts as they must be, one value of each altered, left out or added."""

    @settings(quietly, max_examples=ALTERED_CASES)
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        request = fuzz.everything.request(id_of(operation), [])
        body = json.loads(json.dumps(request.body))
        alter(body, data.draw)
        fuzz.send(case_of(operation, Request(request.role, request.path, body)), request.role)

    send()


def alter(body: Any, draw: Callable[[Any], Any]) -> None:
    places = [place for place in places_in(body) if place]
    *way, last = draw(st.sampled_from(places))
    inner = body
    for step in way:
        inner = inner[step]
    match draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"])):
        case "remove":
            del inner[last]
        case "add" if isinstance(inner, dict):
            inner[draw(st.text(max_size=5))] = draw(ODD)
        case _:
            inner[last] = draw(ODD)


def places_in(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    match value:
        case dict():
            for name in value:
                yield from places_in(value[name], (*way, name))
        case list():
            for number in range(len(value)):
                yield from places_in(value[number], (*way, number))
        case _:
            pass


def test_every_answer_is_one_that_the_description_promises(fuzz: Fuzz) -> None:
    assert list(fuzz.wrong.values()) == []


def test_nine_of_ten_operations_do_what_they_are_for(fuzz: Fuzz) -> None:
    unreached = [name for name, met in fuzz.met.items() if not any(200 <= one < 300 for one in met)]
    told = f"{len(fuzz.met) - len(unreached)} of {len(fuzz.met)} operations reached a 2xx; not: {unreached}"
    print(told, sum(sum(met.values()) for met in fuzz.met.values()), "requests")
    assert len(unreached) <= MOST_UNREACHED * len(fuzz.met), told


def test_every_operation_of_the_api_was_asked(fuzz: Fuzz) -> None:
    assert set(fuzz.met) == {id_of(one) for one in fuzz.operations()}


def test_the_city_still_works(fuzz: Fuzz) -> None:
    lab = fuzz.everything.lab
    lab.sign_in()
    order = lab.act("orders", {"licence": fuzz.everything.licence})
    fuzz.everything.city.pump(analysis=True)
    assert lab.http.get(order["resource"]).json()["state"] == "settled"
