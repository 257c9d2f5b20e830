"""A caller who prefers to wait is led to what came of its request."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from eth_account import Account

from api.http.waiting import LONGEST, preferred
from marketplace.registrar import service as registrar
from tests import small_city
from tests.http.city import HttpCity, Organisation, key
from tests.http.trade import WISH, Trade, number_of, open_bikes

WAITING = {"Prefer": "wait=15"}


@contextmanager
def workers(city: HttpCity) -> Generator[None]:
    """The workers, at work while something is asked."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            city.pump(analysis=True)
            time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def send(lab: Organisation, things: str, body: dict[str, Any], **headers: str) -> Any:
    return lab.http.post(f"/v1/{things}", json=body, headers={**key(), **WAITING, **headers})


def test_whoever_prefers_to_wait_is_answered_with_the_thing_itself(trade: Trade) -> None:
    body = trade.lab.signed("orders", {"licence": trade.licence})
    with workers(trade.city):
        answer = send(trade.lab, "orders", body)
    assert [one.status_code for one in answer.history] == [303]
    assert answer.history[0].json()["message"].startswith("order:")
    assert (answer.json()["state"], answer.json()["charge"]) == ("settled", "10.00")


def test_from_joining_to_an_answer_nobody_needs_to_ask_twice(city: HttpCity, tmp_path: Any) -> None:
    open_bikes(city, tmp_path)
    lab = Organisation(city, "Lab", Account.create())
    wish = {"name": "Lab", "class": "commercial", "account": lab.account.address}
    with workers(city):
        assert send(lab, "participants", lab.signed("participants", wish)).json()["status"] == "active"
        lab.sign_in()
        assert send(lab, "bank/transfers", {"amount": "500.00"}).json()["succeeded"]
        use_case = send(lab, "use-cases", lab.signed("use-cases", WISH)).json()
        assert use_case["state"] == "allowed"
        licence = send(lab, "licences", lab.signed("licences", {"use_case": use_case["number"]})).json()
        assert send(lab, "orders", lab.signed("orders", {"licence": licence["number"]})).json()["charge"]


def test_a_repeated_request_waits_too(city: HttpCity) -> None:
    lab, mine = city.organisation("Lab"), key()
    first = lab.http.post("/v1/bank/transfers", json={"amount": "5"}, headers=mine)
    with workers(city):
        again = send(lab, "bank/transfers", {"amount": "5"}, **mine)
    assert (first.status_code, again.history[0].status_code) == (202, 303)
    assert again.json()["message"] == first.json()["message"]
    assert again.json()["succeeded"]


def test_what_the_ledger_refuses_is_told_by_name(trade: Trade) -> None:
    """The city closes the use case between the request and its block."""
    number = number_of(trade.lab.act("use-cases", WISH))
    body, mine = trade.lab.signed("licences", {"use_case": number}), key()
    assert trade.lab.http.post("/v1/licences", json=body, headers=mine).status_code == 202
    trade.city.office.town.close(number)
    with workers(trade.city):
        answer = send(trade.lab, "licences", body, **mine)
    problem = answer.json()
    assert (answer.status_code, problem["code"], answer.history) == (409, "ledger_refused", [])
    assert "WrongUseCaseState" in problem["detail"]


def test_when_the_time_is_over_the_answer_is_what_it_always_is(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    began = time.monotonic()
    answer = send(lab, "bank/transfers", {"amount": "5"}, Prefer="wait=1")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/messages/{answer.json()['message']}"
    assert 1 <= time.monotonic() - began < 5


def test_a_get_may_prefer_to_wait_as_well(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    sent = lab.send("bank/transfers", {"amount": "5"})
    with workers(city):
        found = lab.http.get(sent.headers["Location"], headers=WAITING).json()
    assert found["done"]


def test_what_becomes_no_message_is_answered_at_once(city: HttpCity) -> None:
    city.office.register("person", small_city.person_keys(1))
    with city.office.registry.writing() as session:
        letter = registrar.write_letter(session, kind="person", key="1")
    headers = {**key(), "Stoa-Letter": letter, "Prefer": "wait=20"}
    began = time.monotonic()
    answer = city.anybody.post("/v1/citizen/stop-everything", headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (202, "/v1/citizen/consents")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 0),
        (["wait=7"], 7),
        (["respond-async, wait=7"], 7),
        (["respond-async", "Wait = 7"], 7),
        (["wait=7; whatever"], 7),
        (['wait="7"'], 7),
        (["wait=100000"], LONGEST),
        (["wait=-1"], 0),
        (["wait=soon"], 0),
        (["wait"], 0),
        (["await=7"], 0),
        (["wait=3, wait=7"], 3),
    ],
)
def test_a_preference_is_understood_or_ignored(headers: list[str], seconds: int) -> None:
    assert preferred(headers) == seconds
