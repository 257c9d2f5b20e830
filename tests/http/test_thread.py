"""From nothing to a paid and proven number, by HTTP alone."""

import hashlib
import json

from tests.http.trade import Trade


def test_lab_buys_a_number_on_bikes(trade: Trade) -> None:
    lab = trade.lab
    use_case = lab.http.get(f"/v1/use-cases/{trade.use_case}").json()
    assert (use_case["state"], use_case["decision"]["rule"], use_case["personal"]) == ("allowed", 1, False)

    seen = lab.http.get(trade.order).json()
    result = lab.http.get(trade.order + "/result")

    assert (seen["state"], seen["charge"], seen["final"]) == ("settled", "10.00", True)
    assert json.loads(result.content)["total"] == [sum(10 * hour for hour in range(24))]
    assert json.loads(result.content)["honesty"]["label"] == "simulated"


def test_the_ledgers_digest_is_checked_with_the_salt(trade: Trade) -> None:
    result = trade.lab.http.get(trade.order + "/result").content
    salt = trade.lab.http.get(trade.order + "/salt").json()
    found = hashlib.sha256(bytes.fromhex(salt["salt"][2:]) + hashlib.sha256(result).digest())
    assert "0x" + found.hexdigest() == trade.lab.http.get(trade.order).json()["result_digest"]


def test_the_receipt_says_where_each_cent_went(trade: Trade) -> None:
    for place, charged in ((trade.order, "10.00"), (f"/v1/licences/{trade.licence}", "100.00")):
        receipt = trade.lab.http.get(place + "/receipt").json()
        assert receipt["charged"] == charged
        assert sum(float(part["amount"]) for part in receipt["parts"]) == float(charged)
        assert float(receipt["paid"]) == float(receipt["charged"]) + float(receipt["given_back"])


def test_the_price_is_explained_before_it_is_paid(trade: Trade) -> None:
    offer = trade.lab.offer("orders", {"licence": trade.licence})
    assert offer["price"]["most"] == offer["form"]["cap"] == "10.00"
    assert "comes back" in offer["price"]["explained"]
    assert offer["coverage"] is None


def test_the_statement_names_the_result(trade: Trade) -> None:
    statement = trade.lab.http.get(trade.order + "/statement").json()
    assert statement["payloadType"] == "application/vnd.in-toto+json"
    assert statement["signatures"]


def test_what_is_served_is_on_record_before_it_leaves(trade: Trade) -> None:
    before = trade.lab.http.get("/v1/ledger").json()["access_records"]
    trade.lab.http.get(trade.order + "/result")
    assert trade.lab.http.get("/v1/ledger").json()["access_records"] == before + 1


def test_the_public_sees_what_was_used_for_what(trade: Trade) -> None:
    (shown,) = trade.city.anybody.get("/v1/transparency").json()["items"]
    assert shown["purpose"]["term"] == "ImproveTransportMobility"
    assert (shown["buyer_class"], shown["runs"], shown["refusals"]) == ("commercial", "1", "0")
    assert shown["fees"] == "110.00"


def test_the_city_withdraws_what_it_earned(trade: Trade) -> None:
    # The city is participant 1 and has no session here: anybody may ask for it, the money goes to the city.
    answer = trade.mallory.send("shares/withdrawals", {"tariff": 1, "party": 0})
    assert answer.status_code == 202
    trade.city.pump()

    message = trade.mallory.http.get(answer.headers["Location"]).json()
    again = trade.mallory.send("shares/withdrawals", {"tariff": 1, "party": 0})

    assert message["succeeded"]
    assert again.json()["code"] == "nothing_to_withdraw"
    town = trade.city.office.town
    assert town.contracts.credit.balance_of(town.keys["city"].address) == 110_000_000


def test_lists_go_on_page_by_page(trade: Trade) -> None:
    first = trade.city.anybody.get("/v1/participants", params={"limit": 1})
    seen = [one["name"] for one in first.json()["items"]]
    while "next" in first.links:
        first = trade.city.anybody.get(first.links["next"]["url"])
        seen += [one["name"] for one in first.json()["items"]]
    assert seen[1:] == ["Lab", "Mallory"]
    refused = trade.city.anybody.get("/v1/participants", params={"cursor": "bm90aGluZw"})
    assert (refused.status_code, refused.json()["code"]) == (422, "cursor_malformed")
