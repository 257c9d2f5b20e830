"""A code, a key or a letter that belongs to something else gives and ends nothing."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from starlette.testclient import TestClient

from ledger.digests import unhexed
from ledger.enums import Class
from ledger.revocation_code import RevocationCode
from marketplace.consent import early_stops
from marketplace.consent.queries import UnknownConsentError
from tests import small_city
from tests.http.asking import Citizen
from tests.http.city import DESK_TOKEN, HttpCity, key
from tests.marketplace.headcount import HOW_MANY


class Asked:
    """Lab may count people. Anna and Bert have their letters, and so has Dora, for her home."""

    def __init__(self, city: HttpCity, folder: Path) -> None:
        office, self.city = city.office, city
        persons = small_city.write_persons(folder / "p.csv", 2)
        office.dataset(small_city.document(small_city.PERSONS), persons)
        office.join("lab", Class.COMMERCIAL)
        self.use_case = office.apply("lab", HOW_MANY)
        office.allow(self.use_case)
        office.register("person", ["1", "2"])
        desk = city.registrar.at_desk(DESK_TOKEN)
        desk.move_in("home", "7", "Dora", 40)
        self.anna = Citizen(city, "1", desk.write_letter("person", "1"))
        self.bert = Citizen(city, "2", desk.write_letter("person", "2"))
        self.dora = Citizen(city, "7", desk.write_letter("home", "7", "Dora"))

    def send(self, citizen: Citizen, signed: dict[str, Any]) -> httpx.Response:
        return citizen.http.post("/v1/consents", json=signed, headers=key())

    def states(self, citizen: Citizen) -> list[str]:
        return [one["state"] for one in citizen.http.get("/v1/citizen/consents").json()["items"]]


@pytest.fixture
def asked(city: HttpCity, tmp_path: Path) -> Asked:
    return Asked(city, tmp_path)


def told(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_no_code_is_kept_that_would_not_end_the_consent(asked: Asked) -> None:
    signed = asked.anna.signed(asked.use_case)
    told(
        asked.send(asked.anna, {**signed, "code": str(RevocationCode.fresh())}),
        422,
        "wrong_terms",
    )
    assert asked.states(asked.anna) == []
    assert asked.send(asked.anna, signed).status_code == 202


def test_the_desk_keeps_no_such_code_either(asked: Asked) -> None:
    signed = asked.anna.signed(asked.use_case)
    form = signed["form"]
    paper = {
        "kind": "person",
        "key": "1",
        "own": form["own"],
        "salt": form["salt"],
        "signature": signed["signature"],
        "code": str(RevocationCode.fresh()),
    }
    desk = TestClient(asked.city.app, headers={"Authorization": f"Bearer {DESK_TOKEN}"})

    def taken(paper: dict[str, Any]) -> httpx.Response:
        return desk.post("/v1/desk/imports", json={"terms": form["terms"], "papers": [paper]}, headers=key())

    told(taken(paper), 422, "wrong_terms")
    assert asked.states(asked.anna) == []
    (outcome,) = taken({**paper, "code": signed["code"]}).json()["outcomes"]
    assert "refusal" not in outcome


def test_another_papers_code_or_another_key_ends_nothing(asked: Asked) -> None:
    place = asked.anna.say_yes(asked.use_case)
    shown = asked.anna.http.get(place).json()
    halves = {"terms": shown["terms"], "own": shown["own"]}
    anybody = asked.city.anybody
    typed = anybody.post("/v1/revocations/forms", json={"consent": shown["consent"]}).json()["typed_data"]
    foreign = Account.create().sign_typed_data(full_message=typed).signature.to_0x_hex()

    by_code = {"code": str(RevocationCode.fresh()), "halves": halves}
    told(anybody.post("/v1/revocations", json=by_code, headers=key()), 422, "wrong_revocation_code")
    by_key = {"halves": halves, "signature": foreign}
    told(anybody.post("/v1/revocations/signed", json=by_key, headers=key()), 403, "wrong_signature")

    asked.city.pump()
    assert asked.states(asked.anna) == ["in_force"]


def test_another_person_ends_nothing_that_is_on_its_way(asked: Asked) -> None:
    sent = asked.send(asked.anna, asked.anna.signed(asked.use_case))
    consent = unhexed(sent.json()["resource"].rsplit("/", 1)[1])
    house = asked.city.office.house

    def stop(person: str) -> None:
        with house.database.writing() as session, house.vault.writing() as vault:
            early_stops.stop_one(session, vault, house, person=("person", person), consent=consent)

    with pytest.raises(UnknownConsentError):
        stop("2")
    assert asked.states(asked.anna) == ["on_its_way"]
    stop("1")
    assert asked.states(asked.anna) == ["stopping"]


def test_whoever_is_not_asked_cannot_answer(asked: Asked) -> None:
    """Dora's letter is for what is her home's, and this asks each person."""
    assert asked.dora.http.get("/v1/citizen/asks").json()["items"] == []
    wish = {
        "use_case": asked.use_case,
        "signer": asked.dora.account.address,
        "revocation_hash": "0x" + asked.dora.code.hash.hex(),
    }
    told(asked.dora.http.post("/v1/consents/forms", json=wish), 403, "not_asked")
    told(asked.send(asked.dora, asked.anna.signed(asked.use_case)), 403, "not_asked")
