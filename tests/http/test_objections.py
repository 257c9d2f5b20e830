"""Data that is used on another legal ground than consent: everybody is counted but whoever objects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stoa_audit.audit import Task, verify
from stoa_audit.node import Node
from stoa_audit.report import Exit, Status

from marketplace.provenance import bundle
from marketplace.registrar import service as registrar
from tests import small_city
from tests.http.asking import PEOPLE, Citizen
from tests.http.city import HttpCity, Organisation, key
from tests.http.test_citizens import checked
from tests.http.trade import number_of
from tests.town import Town

GROUNDS = {"persons": "public_task", "trips": "public_task"}


class Served:
    """Lab counts bus trips as a public task. Nobody is asked, and Anna has a letter."""

    def __init__(self, city: HttpCity, folder: Path) -> None:
        self.city, self.folder, office = city, folder, city.office
        persons = small_city.write_persons(folder / "p.csv", PEOPLE)
        office.dataset(small_city.document(small_city.PERSONS), persons)
        office.dataset(small_city.document(small_city.TRIPS), self.trips(1), table="trips")
        self.lab: Organisation = city.organisation("Lab")
        wish = {"purpose": "ImproveTransportMobility", "routine": small_city.TRAVEL, "grounds": GROUNDS}
        self.use_case = number_of(self.lab.act("use-cases", wish))
        office.allow(self.use_case)
        office.register("person", small_city.person_keys(PEOPLE))
        office.town.set_tariff(self.use_case)
        office.anchor()
        self.lab.pay_in("500")
        self.licence = number_of(self.lab.act("licences", {"use_case": self.use_case}))
        with office.registry.writing() as session:
            letter = registrar.write_letter(session, kind="person", key="1")
        self.anna = Citizen(city, "1", letter)

    def trips(self, day: int) -> Path:
        return small_city.write_trips(self.folder / f"t{day}.sqlite", PEOPLE, day=day)

    def deliver(self, day: int) -> None:
        self.city.office.deliver("trips", self.trips(day), table="trips")

    def order(self) -> dict[str, Any]:
        placed = self.lab.act("orders", {"licence": self.licence})
        self.city.pump(analysis=True)
        return self.lab.http.get(placed["resource"]).json()

    def total(self, order: dict[str, Any]) -> int:
        result = self.lab.http.get(f"/v1/orders/{order['id']}/result")
        assert result.status_code == 200, result.text
        return json.loads(result.content)["total"][0]

    def uses(self) -> list[dict[str, Any]]:
        return self.anna.http.get("/v1/citizen/uses").json()["items"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """On a ledger of its own, so that it can be audited from its first block."""
    town = Town.found()
    city = HttpCity(town, tmp_path / "city")
    yield Served(city, tmp_path)
    city.close()
    town.devnet.close()


def bus_trips(day: int, people: range) -> int:
    return sum(1 + (number + day) % 2 for number in people)


def test_whoever_objects_is_left_out_and_comes_back_when_she_takes_it_back(served: Served) -> None:
    anna, everybody, others = served.anna, range(1, PEOPLE + 1), range(2, PEOPLE + 1)
    assert anna.http.get("/v1/citizen/asks").json()["items"] == []
    (use,) = anna.http.get("/v1/citizen/objectables").json()["items"]
    assert (use["recipient"], use["answered"]) == ("Lab", None)
    assert {one["kind"] for one in use["notices"]} == {"objection"}

    first = served.order()
    assert (first["state"], first["cohort_size"]) == ("settled", 0)
    assert served.total(first) == bus_trips(1, everybody)
    (seen,) = served.uses()
    assert (seen["counted"], seen["consent"], seen["proof"]) == (True, None, None)

    receipt = anna.http.get(anna.say_yes(served.use_case, objection=True)).json()
    assert (receipt["state"], receipt["objection"]) == ("in_force", True)
    assert receipt["statement"].startswith("I object to Lab having my age group and district and the trips")
    (use,) = anna.http.get("/v1/citizen/objectables").json()["items"]
    assert (use["answered"]["state"], use["answered"]["objection"]) == ("in_force", True)

    # The same day again without her would tell her trips.
    assert served.order()["state"] == "refunded"
    served.deliver(2)
    second = served.order()
    assert (second["state"], second["cohort_size"]) == ("settled", 1)
    assert served.total(second) == bus_trips(2, others)
    newest = served.uses()[0]
    assert (newest["counted"], newest["objection"], newest["proof"]["kind"]) == (False, True, "inclusion")
    assert checked(newest)

    stop_all = anna.http.post("/v1/citizen/stop-everything", headers=key())
    assert stop_all.json()["consents"] == []
    stop = anna.http.post("/v1/revocations", json={"code": str(anna.code)}, headers=key())
    assert stop.status_code == 202
    served.city.pump()
    served.deliver(3)
    third = served.order()
    assert (third["state"], third["cohort_size"]) == ("settled", 0)
    assert served.total(third) == bus_trips(3, everybody)
    assert served.uses()[0]["counted"]

    require_green_audit(served)


def require_green_audit(served: Served) -> None:
    office = served.city.office
    office.anchor()
    bundle.export(office.house, office.town.node, served.folder / "bundle")
    task = Task(served.folder / "bundle", Node(office.town.devnet.rpc), city=office.town.city.digest)
    verdict = verify(task)
    others = {one.id: (one.finding, one.gap) for one in verdict.checks.values() if one.status != Status.HOLDS}
    assert others == {}
    assert verdict.exit is Exit.HOLDS
    assert verdict["notices.rendered"].count == 2


def test_an_objection_that_arrives_after_the_run_means_a_new_run(served: Served) -> None:
    served.lab.act("orders", {"licence": served.licence})
    workbench = served.city.office.workbench
    workbench.step()

    served.anna.say_yes(served.use_case, objection=True)
    served.city.pump(analysis=True)

    (use,) = served.uses()
    assert (use["counted"], use["left_the_city"]) == (False, True)


def test_nobody_objects_twice_at_a_time_or_to_what_needs_consent(served: Served) -> None:
    anna = served.anna
    anna.say_yes(served.use_case, objection=True)
    again = Citizen(served.city, "1", anna.letter)
    refused = again.http.post(
        "/v1/consents", json=again.signed(served.use_case, objection=True), headers=key()
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_in_force")

    wish = {
        "use_case": served.use_case,
        "signer": again.account.address,
        "revocation_hash": "0x" + again.code.hash.hex(),
    }
    missing = again.http.post("/v1/consents/forms", json=wish)
    assert (missing.status_code, missing.json()["code"]) == (404, "no_notice")
    shorter = again.http.post("/v1/consents/forms", json={**wish, "objection": True, "until": "2027-01-01"})
    assert (shorter.status_code, shorter.json()["code"]) == (422, "wrong_terms")


def test_whoever_is_being_forgotten_counts_no_more_where_no_consent_is_needed(served: Served) -> None:
    served.anna.http.post("/v1/citizen/erasures", headers=key())

    assert served.total(served.order()) == bus_trips(1, range(2, PEOPLE + 1))
