"""A request that is sent twice is carried out once, and answered twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.outbox.tables import MessageRow
from marketplace.requests.service import InFlightError
from tests.http.city import HttpCity, key


def messages(city: HttpCity, prefix: str) -> int:
    with city.office.house.database.reading() as session:
        found = select(func.count()).where(MessageRow.business_key.startswith(prefix))
        return session.scalar(found) or 0


def test_the_same_key_and_body_get_the_same_answer_and_happen_once(city: HttpCity) -> None:
    lab, mine = city.organisation("Lab"), key()

    answers = [lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers=mine) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {202}
    assert len({(answer.content, answer.headers["Location"]) for answer in answers}) == 1
    assert messages(city, "mint:") == 1


def test_the_same_key_with_another_body_is_refused_and_changes_nothing(city: HttpCity) -> None:
    lab, mine = city.organisation("Lab"), key()
    lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers=mine)

    answer = lab.http.post("/v1/bank/transfers", json={"amount": "50"}, headers=mine)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert messages(city, "mint:") == 1


def test_keys_are_each_callers_own(city: HttpCity) -> None:
    lab, clinic, mine = city.organisation("Lab"), city.organisation("Clinic"), key()
    first = lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers=mine)
    second = clinic.http.post("/v1/bank/transfers", json={"amount": "5"}, headers=mine)
    assert first.json()["message"] != second.json()["message"]
    assert messages(city, "mint:") == 2


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}])
def test_a_change_without_a_key_is_refused(city: HttpCity, headers: dict[str, str]) -> None:
    answer = city.organisation("Lab").http.post("/v1/bank/transfers", json={"amount": "5"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert messages(city, "mint:") == 0


def test_a_key_that_no_header_should_carry_is_refused(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    answer = lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers={"Idempotency-Key": "x" * 256})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_malformed")


def test_a_refusal_is_not_remembered(city: HttpCity) -> None:
    mine = key()
    sent = {"account": city.office.town.keys["lab"].address}
    refused = city.anybody.post("/v1/withdrawals", json=sent, headers=mine)
    assert refused.json()["code"] == "nothing_to_withdraw"
    again = city.anybody.post("/v1/withdrawals", json={**sent, "account": sent["account"]}, headers=mine)
    assert again.json()["code"] == "nothing_to_withdraw"


def test_while_a_request_is_carried_out_its_repetition_waits_outside(city: HttpCity) -> None:
    held = ("participant:2", "mine")
    city.app.state.office.in_flight.enter(held)
    with pytest.raises(InFlightError):
        city.app.state.office.in_flight.enter(held)
    lab = city.organisation("Lab")
    assert lab.http.get("/v1/participants/me").json()["number"] == 2

    answer = lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers={"Idempotency-Key": "mine"})

    assert (answer.status_code, answer.json()["code"]) == (409, "request_in_flight")
    city.app.state.office.in_flight.leave(held)
    answer = lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers={"Idempotency-Key": "mine"})
    assert answer.status_code == 202


def test_many_repetitions_at_once_happen_once(city: HttpCity) -> None:
    lab, mine, gate = city.organisation("Lab"), key(), threading.Barrier(6)

    def ask(_: int) -> Any:
        gate.wait()
        return lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers=mine)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.content for answer in answers if answer.status_code == 202}) == 1
    assert messages(city, "mint:") == 1
