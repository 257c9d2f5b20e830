"""A citizen and her letter: asked, answered, shown, stopped, forgotten."""

from typing import Any

import pytest

from ledger import tree
from marketplace.consent import erasure
from tests import small_city
from tests.http.asking import PEOPLE, Asking, Citizen
from tests.http.city import key


def checked(use: dict[str, Any]) -> bool:
    """Whether the proof of a use holds against the root on the ledger, in the shape a client gets it."""
    root, proof = bytes.fromhex(use["consent_root"][2:]), use["proof"]
    if proof["kind"] == "inclusion":
        return tree.includes(root, inclusion(proof))
    below, above = proof["below"], proof["above"]
    return tree.excludes(
        root,
        tree.ExclusionProof(
            leaf=bytes.fromhex(proof["leaf"][2:]),
            size=proof["size"],
            below=None if below is None else inclusion(below),
            above=None if above is None else inclusion(above),
        ),
    )


def inclusion(proof: dict[str, Any]) -> tree.InclusionProof:
    path = tuple(bytes.fromhex(one[2:]) for one in proof["path"])
    return tree.InclusionProof(bytes.fromhex(proof["leaf"][2:]), proof["index"], proof["size"], path)


def test_anna_reads_says_yes_and_gets_a_receipt(asking: Asking) -> None:
    anna = asking.anna
    (asked,) = anna.http.get("/v1/citizen/asks").json()["items"]
    assert (asked["recipient"], asked["smallest_group"], asked["answered"]) == ("Lab", 10, None)

    receipt = anna.http.get(anna.say_yes(asking.use_case)).json()

    assert receipt["state"] == "in_force"
    assert receipt["statement"] in {one["statement"] for one in asked["notices"]}
    assert receipt["own"]["revocation_hash"] == "0x" + anna.code.hash.hex()
    assert receipt["city"] == "0x" + asking.city.office.house.city.digest.hex()
    assert receipt["newest_block"]["number"] >= receipt["granted_in"]
    (asked,) = anna.http.get("/v1/citizen/asks").json()["items"]
    assert asked["answered"]["state"] == "in_force"


def test_anna_sees_each_use_with_a_proof_and_that_she_is_out_after_stopping(asking: Asking) -> None:
    anna = asking.anna
    anna.say_yes(asking.use_case)
    assert asking.order()["state"] == "settled"
    answer = asking.city.anybody.post("/v1/revocations", json={"code": str(anna.code)}, headers=key())
    assert answer.status_code == 202
    asking.city.pump()
    second = small_city.write_trips(asking.folder / "t2.sqlite", PEOPLE, day=2)
    asking.city.office.deliver("trips", second, table="trips")
    assert asking.order()["state"] == "settled"

    after, before = anna.http.get("/v1/citizen/uses").json()["items"]

    assert (before["counted"], before["proof"]["kind"]) == (True, "inclusion")
    assert (after["counted"], after["proof"]["kind"]) == (False, "exclusion")
    assert checked(before)
    assert checked(after)
    assert before["versions"] == {"persons": 1, "trips": 1}


def test_anna_stops_with_one_click_and_a_second_click_says_so(asking: Asking) -> None:
    receipt = asking.anna.say_yes(asking.use_case)
    stop = receipt.replace("/v1/consents", "/v1/citizen/consents") + "/stop"

    assert asking.anna.http.post(stop, headers=key()).status_code == 202
    asking.city.pump()

    assert asking.anna.http.get(receipt).json()["how"] == "code"
    again = asking.anna.http.post(stop, headers=key())
    assert (again.status_code, again.json()["code"]) == (409, "consent_already_revoked")


def test_anna_stops_everything_without_her_paper(asking: Asking) -> None:
    receipt = asking.anna.say_yes(asking.use_case, keep_code=False)

    told = asking.anna.http.post("/v1/citizen/stop-everything", headers=key())
    assert told.status_code == 202
    assert len(told.json()["consents"]) == 1
    assert asking.order()["cohort_size"] == PEOPLE  # the ledger has not heard of it
    (use,) = asking.anna.http.get("/v1/citizen/uses").json()["items"]
    assert not use["counted"]
    asking.wishes()

    assert asking.anna.http.get(receipt).json()["how"] == "mandate"


def test_mallory_cannot_stop_annas_consent_with_another_letter(asking: Asking) -> None:
    receipt = asking.anna.say_yes(asking.use_case)
    mallory = Citizen(asking.city, "2", asking.letter_to("2"))
    stop = receipt.replace("/v1/consents", "/v1/citizen/consents") + "/stop"

    answer = mallory.http.post(stop, headers=key())

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_consent")
    assert asking.anna.http.get(receipt).json()["state"] == "in_force"


def test_anna_takes_her_records_along(asking: Asking) -> None:
    asking.anna.say_yes(asking.use_case)

    (record,) = asking.anna.http.get("/v1/citizen/export").json()["stoa:records"]

    assert record["dpv:hasPurpose"] == "https://w3id.org/dpv#ImproveTransportMobility"
    assert record["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    opening = record["stoa:opening"]
    assert len(opening["salt"]) == len(opening["reference"]) == 66


def test_anna_is_forgotten_and_the_versions_stay_verifiable(asking: Asking) -> None:
    receipt = asking.anna.say_yes(asking.use_case)

    told = asking.anna.http.post("/v1/citizen/erasures", headers=key())
    asking.wishes()

    certificate = asking.city.anybody.get(told.headers["Location"]).json()
    assert certificate["done_at"] is not None
    assert certificate["register_forgot"]
    assert [one["dataset"] for one in certificate["versions"]] == [1, 2]
    for one in certificate["versions"]:
        message = asking.city.anybody.get(f"/v1/messages/{one['message']}").json()
        assert message["succeeded"], message
    assert asking.city.anybody.get(receipt).json()["state"] == "stopped"
    assert asking.anna.http.get("/v1/citizen/asks").json()["code"] == "unknown_letter"
    assert asking.order()["state"] == "settled"


@pytest.mark.parametrize("step", ["_rewrite", "_destroy", "_unlink"])
def test_an_erasure_that_was_killed_halfway_goes_on(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    asking.anna.say_yes(asking.use_case)
    told = asking.anna.http.post("/v1/citizen/erasures", headers=key())
    house = asking.city.office.house
    kept = {path.name for path in house.versions.iterdir()}

    with monkeypatch.context() as patched:
        patched.setattr(erasure, step, killed)
        with pytest.raises(KilledError):
            asking.wishes()
    asking.wishes()

    assert kept.isdisjoint(path.name for path in house.versions.iterdir()) or step == "_destroy"
    assert asking.city.anybody.get(told.headers["Location"]).json()["done_at"]
    assert asking.order()["state"] == "settled"


class KilledError(Exception):
    """As by `kill -9`, as far as one process can be killed within itself."""


def killed(*_: object) -> None:
    raise KilledError


def test_a_consent_that_never_arrived_is_stopped_by_its_receipt(asking: Asking) -> None:
    signed = asking.anna.signed(asking.use_case)
    halves = {"terms": signed["form"]["terms"], "own": signed["form"]["own"]}
    body = {"code": str(asking.anna.code), "halves": halves}

    assert asking.city.anybody.post("/v1/revocations", json=body, headers=key()).status_code == 202
    asking.city.pump()

    refused = asking.anna.http.post("/v1/consents", json=signed, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_already_revoked")


def test_anna_stops_with_the_key_that_gave(asking: Asking) -> None:
    receipt = asking.anna.say_yes(asking.use_case)
    shown = asking.anna.http.get(receipt).json()
    wish = {"consent": shown["consent"]}
    asked = asking.city.anybody.post("/v1/revocations/forms", json=wish).json()
    signature = asking.anna.account.sign_typed_data(full_message=asked["typed_data"]).signature.to_0x_hex()
    body = {"halves": {"terms": shown["terms"], "own": shown["own"]}, "signature": signature}

    assert asking.city.anybody.post("/v1/revocations/signed", json=body, headers=key()).status_code == 202
    asking.city.pump()

    assert asking.city.anybody.get(receipt).json()["how"] == "signature"
