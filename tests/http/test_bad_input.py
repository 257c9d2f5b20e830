"""Bad input gets a problem document with a name, and changes nothing anywhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.limits import Pace
from api.http.settings import Limits
from ledger.keys import SECP256K1_ORDER
from ledger.node import Node
from marketplace.licences import queries
from tests import small_city
from tests.http.city import FAST, HttpCity, key, with_node
from tests.http.trade import WISH, Trade, open_trade
from tests.town import Town

DAY = 86_400


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    """One city for all of these: none of them changes it."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("market")
    city = HttpCity(town, folder / "city")
    trade = open_trade(city, folder)
    trade.mallory.act("use-cases", WISH)
    yield trade
    city.close()
    town.devnet.close()


@pytest.fixture(autouse=True)
def nothing_changes(market: Trade) -> Iterator[None]:
    before = market.city.everything()
    yield
    market.city.pump()
    after = market.city.everything()
    assert {name for name in before if before[name] != after[name]} <= {
        "sign_in_nonces",
        "sessions",
        "access_log",
    }


def told(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
    assert problem["type"] == f"/v1/problems/{code}"
    assert problem["instance"].startswith("urn:uuid:")
    return problem


def raw(market: Trade, content: bytes, kind: str = "application/json") -> Any:
    headers = {**key(), "Content-Type": kind}
    return market.lab.http.post("/v1/bank/transfers", content=content, headers=headers)


# Bodies


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"amount": "5"',
        b"\xff\xfe",
        b"nonsense",
        b'{"amount": NaN}',
        b'{"amount": Infinity}',
        b'{"amount": 1e400}',
        b'{"amount": 12.5}',
        b'{"amount": "5", "amount": "6"}',
        b'{"amount": ' + b"9" * 100_000 + b"}",
        b"[" * 40 + b"]" * 40,
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_what_is_not_strict_json_is_refused(market: Trade, content: bytes) -> None:
    told(raw(market, content), 400, "body_not_json")


def test_a_body_that_is_too_large_is_refused(market: Trade) -> None:
    told(raw(market, b'{"amount": "' + b" " * 1_100_000 + b'"}'), 413, "body_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_announced_as_json_is_refused(market: Trade, kind: str) -> None:
    told(raw(market, b'{"amount": "5"}', kind), 415, "body_not_announced_as_json")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "body.amount"),
        ({"amount": "5", "to": "me"}, "body.to"),
        ({"amount": 5.0}, None),
        ({"amount": "-5"}, "body.amount"),
        ({"amount": "5.0000001"}, "body.amount"),
        ({"amount": "1e3"}, "body.amount"),
        ({"amount": "٥"}, "body.amount"),
        ({"amount": "0"}, "body.amount"),
        ({"amount": "10000.01"}, "body.amount"),
        ({"amount": "9" * 30}, "body.amount"),
        ({"amount": None}, "body.amount"),
        ({"amount": ["5"]}, "body.amount"),
        ({"amount": True}, "body.amount"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_its_value_is_not(
    market: Trade, body: Any, at: str | None
) -> None:
    answer = market.lab.http.post("/v1/bank/transfers", json=body, headers=key())
    if at is None:
        told(answer, 400, "body_not_json")
        return
    problem = told(answer, 422, "validation")
    assert problem["errors"][0]["at"] == at
    assert "9" * 30 not in answer.text


def test_an_amount_must_not_be_a_number_even_if_it_is_whole(market: Trade) -> None:
    told(market.lab.http.post("/v1/bank/transfers", json={"amount": 5}, headers=key()), 422, "validation")


def test_a_secret_in_a_wrong_place_is_not_repeated(market: Trade) -> None:
    secret = "7Q4M-2XK9-PD3R-8VWN-5HTC"
    answer = market.city.anybody.post("/v1/revocations", json={"code": secret, secret: 1}, headers=key())
    told(answer, 422, "validation")
    assert "7Q4M" not in answer.text


# Addresses and methods


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/orders/0x12/nothing", "/nothing"])
def test_an_address_that_is_none(market: Trade, path: str) -> None:
    told(market.city.anybody.get(path), 404, "not_found")


def test_a_method_that_an_address_does_not_take(market: Trade) -> None:
    answer = market.city.anybody.put("/v1/city")
    told(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/participants/999", "unknown_participant"),
        ("/v1/datasets/999", "unknown_dataset"),
        ("/v1/datasets/1/versions/9", "unknown_version"),
        ("/v1/use-cases/999", "unknown_use_case"),
        ("/v1/licences/999", "unknown_licence"),
        ("/v1/orders/0x" + "ab" * 32, "unknown_order"),
        ("/v1/orders/0x" + "ab" * 32 + "/result", "unknown_order"),
        ("/v1/consents/0x" + "ab" * 32, "unknown_consent"),
        ("/v1/erasures/0x" + "ab" * 32, "unknown_erasure"),
        ("/v1/messages/order:" + "ab" * 32, "unknown_message"),
        ("/v1/messages/admit:2", "unknown_message"),
        ("/v1/problems/nothing", "unknown_problem"),
    ],
)
def test_what_is_not_there_is_named(market: Trade, path: str, code: str) -> None:
    told(market.lab.http.get(path), 404, code)


@pytest.mark.parametrize("number", ["0", "-1", "4294967296", "1.5", "one", "9" * 60])
def test_a_number_that_the_ledger_never_gives_is_refused(market: Trade, number: str) -> None:
    told(market.city.anybody.get(f"/v1/participants/{number}"), 422, "validation")


def test_anothers_things_are_as_unknown_as_none(market: Trade) -> None:
    for path in ("", "/result", "/salt", "/receipt", "/statement"):
        mine = market.mallory.http.get(market.order + path)
        none = market.mallory.http.get("/v1/orders/0x" + "ab" * 32 + path)
        assert told(mine, 404, "unknown_order")["detail"] == told(none, 404, "unknown_order")["detail"]
    for path in ("", "/receipt"):
        told(market.mallory.http.get(f"/v1/licences/{market.licence}{path}"), 404, "unknown_licence")
    wish = {"licence": market.licence}
    told(market.mallory.http.post("/v1/orders/forms", json=wish), 404, "unknown_licence")
    wish = {"use_case": market.use_case}
    told(market.mallory.http.post("/v1/licences/forms", json=wish), 403, "use_case_not_allowed")
    told(market.mallory.http.get(f"/v1/use-cases/{market.use_case}/risk-report"), 403, "not_the_applicant")
    assert market.mallory.http.get("/v1/orders").json()["items"] == []
    assert market.mallory.http.get("/v1/licences").json()["items"] == []


# Names


@pytest.mark.parametrize(
    "name",
    [
        "Lab \N{BICYCLE}",
        "\N{RIGHT-TO-LEFT OVERRIDE}baL",
        "Lab\N{ZERO WIDTH JOINER}",
        "Lab\x00",
        "L",
        " Lab",
        "Lab  Two",
        "Lab\n",
        "123",
        "x" * 81,
    ],
)
def test_a_name_that_could_mislead_is_refused(market: Trade, name: str) -> None:
    wish = {"name": name, "class": "commercial", "account": Account.create().address}
    told(market.city.anybody.post("/v1/participants/forms", json=wish), 422, "name_not_allowed")


def test_half_a_character_is_refused(market: Trade) -> None:
    content = b'{"name": "Lab \\ud83d", "class": "commercial", "account": "0x' + b"11" * 20 + b'"}'
    headers = {"Content-Type": "application/json"}
    answer = market.city.anybody.post("/v1/participants/forms", content=content, headers=headers)
    told(answer, 422, "validation")


@pytest.mark.parametrize("name", ["北京市交通委员会", "Θεσσαλονίκη", "مدينة"])
def test_a_name_in_any_script_is_welcome(market: Trade, name: str) -> None:
    wish = {"name": name, "class": "commercial", "account": Account.create().address}
    assert market.city.anybody.post("/v1/participants/forms", json=wish).json()["form"]["name"] == name


@pytest.mark.parametrize("account", ["0x" + "11" * 19, "11" * 20, "0x" + "zz" * 20, "0x" + "11" * 21])
def test_an_address_that_is_none_is_refused(market: Trade, account: str) -> None:
    wish = {"name": "New Lab", "class": "commercial", "account": account}
    told(market.city.anybody.post("/v1/participants/forms", json=wish), 422, "validation")


def test_an_address_with_a_wrong_check_sum_is_refused(market: Trade) -> None:
    wrong = "0x" + Account.create().address[2:].swapcase()
    wish = {"name": "New Lab", "class": "commercial", "account": wrong}
    told(market.city.anybody.post("/v1/participants/forms", json=wish), 422, "validation")


@pytest.mark.parametrize("class_", ["city", "none", "king", 4])
def test_a_class_nobody_joins_as_is_refused(market: Trade, class_: Any) -> None:
    lab = market.lab
    wish = {"name": "New City", "class": class_, "account": lab.account.address}
    answer = lab.http.post("/v1/participants/forms", json=wish)
    if class_ != "city":
        told(answer, 422, "validation")
        return
    sent = {"form": answer.json()["form"], "signature": lab.sign(answer.json()["typed_data"])}
    told(lab.send("participants", sent), 403, "class_not_open")


# Signatures


def high_s(signature: str) -> str:
    r, s, v = signature[2:66], int(signature[66:130], 16), signature[130:]
    return f"0x{r}{SECP256K1_ORDER - s:064x}{'1c' if v == '1b' else '1b'}"


BAD_SIGNATURES: list[tuple[Callable[[str], str], int, str]] = [
    (lambda s: s[:-2], 422, "validation"),
    (lambda s: s + "00", 422, "validation"),
    (lambda s: "0x", 422, "validation"),
    (lambda s: s[2:], 422, "validation"),
    (lambda s: s[:-2] + "00", 422, "signature_malformed"),
    (lambda s: s[:-2] + "1d", 422, "signature_malformed"),
    (high_s, 422, "signature_malformed"),
    (lambda s: "0x" + "00" * 64 + "1b", 422, "signature_malformed"),
    (lambda s: "0x" + "11" * 64 + "1b", 403, "wrong_signature"),
    (lambda s: s[:-2] + ("1c" if s.endswith("1b") else "1b"), 403, "wrong_signature"),
]


@pytest.mark.parametrize(("change", "status", "code"), BAD_SIGNATURES)
def test_a_bad_signature_of_each_kind_is_refused(
    market: Trade, change: Callable[[str], str], status: int, code: str
) -> None:
    sent = market.lab.signed("use-cases", WISH)
    told(market.lab.send("use-cases", {**sent, "signature": change(sent["signature"])}), status, code)


@pytest.mark.parametrize(("change", "status", "code"), BAD_SIGNATURES)
def test_a_bad_payment_of_each_kind_is_refused(
    market: Trade, change: Callable[[str], str], status: int, code: str
) -> None:
    sent = market.lab.signed("orders", {"licence": market.licence})
    answer = market.lab.send("orders", {**sent, "signature": change(sent["signature"])})
    expected = (422, "wrong_payment") if status == 403 else (status, code)
    told(answer, *expected)


def test_a_signature_for_another_chain_or_contract_is_refused(market: Trade) -> None:
    lab = market.lab
    for part, value in (
        ("chainId", 1),
        ("verifyingContract", lab.account.address),
        ("name", "Stoa Datasets"),
    ):
        asked = lab.offer("use-cases", WISH)
        typed = {**asked["typed_data"], "domain": {**asked["typed_data"]["domain"], part: value}}
        sent = {"form": asked["form"], "documents": asked["documents"], "signature": lab.sign(typed)}
        told(lab.send("use-cases", sent), 403, "wrong_signature")


def test_mallory_cannot_send_a_form_as_lab(market: Trade) -> None:
    asked = market.lab.offer("use-cases", WISH)
    sent = {
        "form": asked["form"],
        "documents": asked["documents"],
        "signature": market.mallory.sign(asked["typed_data"]),
    }
    told(market.mallory.send("use-cases", sent), 403, "wrong_signature")


# Forms that were changed, came too late, or come again


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("minimum_cohort", 2, "wrong_signature"),
        ("longest_days", 3650, "wrong_signature"),
        ("applicant", 999, "unknown_participant"),
        ("routine", "0x" + "00" * 32, "wrong_signature"),
        ("salt", "0x" + "00" * 32, "wrong_signature"),
    ],
)
def test_a_form_that_was_changed_after_signing_is_refused(
    market: Trade, field: str, value: Any, code: str
) -> None:
    sent = market.lab.signed("use-cases", WISH)
    answer = market.lab.send("use-cases", {**sent, "form": {**sent["form"], field: value}})
    told(answer, 404 if code.startswith("unknown") else 403, code)


def test_a_document_that_was_changed_after_signing_is_refused(market: Trade) -> None:
    sent = market.lab.signed("use-cases", WISH)
    documents = {**sent["documents"], "terms": {**sent["documents"]["terms"], "permission": "anything"}}
    told(market.lab.send("use-cases", {**sent, "documents": documents}), 422, "document_mismatch")


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**30])
def test_a_number_in_a_document_that_json_cannot_carry_is_refused(market: Trade, number: int) -> None:
    sent = market.lab.signed("use-cases", WISH)
    documents = {**sent["documents"], "terms": {**sent["documents"]["terms"], "v": number}}
    told(market.lab.send("use-cases", {**sent, "documents": documents}), 422, "validation")


@pytest.mark.parametrize(
    ("field", "value", "status", "code"),
    [
        ("cap", "1.00", 409, "quote_expired"),
        ("tariff", 99, 409, "quote_expired"),
        ("request", "0x" + "00" * 32, 422, "wrong_request"),
        ("deadline", "2027-01-01T00:00:00Z", 422, "deadline_out_of_range"),
        ("deadline", "2020-01-01T00:00:00Z", 409, "quote_expired"),
        ("salt", "0x" + "00" * 32, 422, "wrong_payment"),
        ("licence", 99, 404, "unknown_licence"),
        ("licence", 2**32, 422, "validation"),
        ("deadline", "2026-02-30T00:00:00Z", 422, "validation"),
        ("deadline", "tomorrow", 422, "validation"),
        ("deadline", 1_793_003_600, 422, "validation"),
        ("deadline", "9999-12-31T23:59:59Z", 422, "deadline_out_of_range"),
    ],
)
def test_a_quote_that_was_changed_is_refused(
    market: Trade, field: str, value: Any, status: int, code: str
) -> None:
    sent = market.lab.signed("orders", {"licence": market.licence})
    answer = market.lab.send("orders", {**sent, "form": {**sent["form"], field: value}})
    told(answer, status, code)


@pytest.mark.parametrize(
    "change",
    [
        {"versions": {"bikes": "1"}},
        {"versions": {"bikes": None}},
        {"versions": {"bikes": True}},
        {"versions": {"bikes": []}},
        {"versions": None},
        {"versions": []},
        {"useCase": "1"},
        {"routine": 7},
        {"v": "1"},
        {"v": True},
        {"more": 1},
    ],
)
def test_a_request_document_of_another_shape_is_refused(market: Trade, change: dict[str, Any]) -> None:
    sent = market.lab.signed("orders", {"licence": market.licence})
    documents = {"request": {**sent["documents"]["request"], **change}}
    told(market.lab.send("orders", {**sent, "documents": documents}), 422, "validation")


def test_a_form_whose_deadline_has_passed_is_refused(market: Trade) -> None:
    """By a form signed for an instant that has passed: the clock of the ledger is not moved."""
    lab = market.lab
    asked = lab.offer("use-cases", WISH)
    typed = {**asked["typed_data"], "message": {**asked["typed_data"]["message"], "deadline": 1_700_000_000}}
    form = {**asked["form"], "deadline": "2023-11-14T22:13:20Z"}
    sent = {"form": form, "documents": asked["documents"], "signature": lab.sign(typed)}
    told(lab.send("use-cases", sent), 422, "form_expired")


def test_what_happened_once_does_not_happen_again(market: Trade) -> None:
    lab = market.lab
    sent = lab.signed("participants", {"name": "Lab", "class": "commercial", "account": lab.account.address})
    told(lab.send("participants", sent), 409, "already_joined")


def test_more_than_the_balance_is_refused(market: Trade) -> None:
    mallory = market.mallory
    assert mallory.http.get("/v1/participants/me").json()["balance"] == "0.00"
    sent = mallory.signed("licences", {"use_case": market.use_case + 1})
    told(mallory.send("licences", sent), 403, "not_enough_credit")


def test_an_order_under_anothers_licence_is_refused(market: Trade) -> None:
    sent = market.lab.signed("orders", {"licence": market.licence})
    told(market.mallory.send("orders", sent), 404, "unknown_licence")


# Routines and orders


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"v": 2}, 422, "document_value_not_allowed"),
        ({"extra": 1}, 422, "document_unknown_field"),
        ({"sources": ["nothing"]}, 404, "unknown_dataset"),
        ({"dimensions": [{"source": "bikes", "name": "moon"}]}, 422, "routine_unknown_dimension"),
        ({"sources": []}, 422, "document_value_not_allowed"),
    ],
)
def test_a_routine_that_does_not_fit_is_refused(
    market: Trade, change: dict[str, Any], status: int, code: str
) -> None:
    routine = {**small_city.BIKES_BY_HOUR, **change}
    told(market.city.anybody.post("/v1/routines/check", json={"routine": routine}), status, code)
    told(market.lab.http.post("/v1/use-cases/forms", json={**WISH, "routine": routine}), status, code)


@pytest.mark.parametrize("purpose", ["TargetedAdvertising", "", "x" * 200, "☃"])
def test_a_purpose_that_the_city_does_not_have_is_refused(market: Trade, purpose: str) -> None:
    answer = market.lab.http.post("/v1/use-cases/forms", json={**WISH, "purpose": purpose})
    assert answer.json()["code"] in {"unknown_purpose", "validation"}
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"versions": {"bikes": 9}}, 422, "wrong_request"),
        ({"versions": {"persons": 1}}, 422, "wrong_request"),
        ({"versions": {"bikes": 0}}, 422, "validation"),
        ({"seconds": 1}, 422, "deadline_out_of_range"),
        ({"seconds": 0}, 422, "validation"),
        ({"seconds": 8 * DAY}, 422, "validation"),
    ],
)
def test_an_order_for_what_there_is_not_is_refused(
    market: Trade, wish: dict[str, Any], status: int, code: str
) -> None:
    answer = market.lab.http.post("/v1/orders/forms", json={"licence": market.licence, **wish})
    told(answer, status, code)


# Who asks too often, and a node that is not there


def test_whoever_asks_too_often_is_told_when_to_ask_again(market: Trade) -> None:
    city = market.city
    slow = replace(city.settings, limits=Limits(FAST, FAST, Pace(per_second=0.1, burst=2)))
    app = create_app(city.office.house, registrar=city.registrar, settings=slow, node=city.office.town.node)
    guess = {"code": "2222-2222-2222-2222-2222"}
    answers = [TestClient(app).post("/v1/revocations", json=guess, headers=key()) for _ in range(3)]
    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    told(answers[-1], 429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 10


def test_a_node_that_does_not_answer_makes_the_server_not_ready_and_nothing_else(market: Trade) -> None:
    app = with_node(market.city, Node.at("http://127.0.0.1:1", timeout=1))
    answer = app.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert "does not answer" in answer.json()["node"]
    assert app.get("/healthz").status_code == 200
    assert app.get("/v1/use-cases").status_code == 200


def test_a_node_of_another_city_is_named(market: Trade) -> None:
    other = Town.found()
    answer = with_node(market.city, other.node).get("/readyz").json()
    other.devnet.close()
    assert not answer["ready"]
    assert "another ledger" in answer["node"] or "other code" in answer["node"]


def test_a_server_that_has_everything_is_ready(market: Trade) -> None:
    answer = market.city.anybody.get("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["blocks_behind"]) == (200, True, 0)


# Mistakes of ours


def test_an_unexpected_error_says_nothing(market: Trade, monkeypatch, caplog) -> None:
    def broken(_session: object) -> None:
        raise RuntimeError("secret value 4711")

    monkeypatch.setattr(queries, "tariffs_in_force", broken)
    with caplog.at_level("ERROR"):
        answer = market.city.anybody.get("/v1/tariffs")
    problem = told(answer, 500, "internal_error")
    assert "detail" not in problem
    assert "4711" not in answer.text + caplog.text
    assert problem["instance"] in caplog.text


def test_every_problem_points_to_its_meaning(market: Trade) -> None:
    problem = market.city.anybody.get("/v1/orders/0x" + "ab" * 32).json()
    assert json.loads(market.city.anybody.get(problem["type"]).content)["status"] == 401
