"""A city where Lab may count bus trips, and where everybody but Anna has answered."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eth_account import Account
from starlette.testclient import TestClient

from ledger.revocation_code import RevocationCode
from marketplace.consent.wishes import Wishes
from marketplace.registrar import service as registrar
from tests import small_city
from tests.http.city import HttpCity, Organisation, key

PEOPLE = 60


@dataclass
class Citizen:
    """Anna with her letter, her browser and her paper."""

    city: HttpCity
    person: str
    letter: str
    code: RevocationCode = field(default_factory=RevocationCode.fresh)
    account: Any = field(default_factory=Account.create)

    @property
    def http(self) -> TestClient:
        return TestClient(self.city.app, headers={"Stoa-Letter": self.letter})

    def signed(self, use_case: int, *, keep_code: bool = True, **wish: Any) -> dict[str, Any]:
        wish = {
            "use_case": use_case,
            "signer": self.account.address,
            "revocation_hash": "0x" + self.code.hash.hex(),
            **wish,
        }
        asked = self.http.post("/v1/consents/forms", json=wish)
        assert asked.status_code == 200, asked.text
        offer = asked.json()
        signature = self.account.sign_typed_data(full_message=offer["typed_data"]).signature.to_0x_hex()
        kept = {"code": str(self.code)} if keep_code else {}
        return {"form": offer["form"], "signature": signature, **kept}

    def say_yes(self, use_case: int, **wish: Any) -> str:
        sent = self.http.post("/v1/consents", json=self.signed(use_case, **wish), headers=key())
        assert sent.status_code == 202, sent.text
        self.city.pump()
        return sent.json()["resource"]


@dataclass
class Asking:
    """A city where Lab may count bus trips, and everybody but Anna has answered."""

    city: HttpCity
    lab: Organisation
    use_case: int
    licence: int
    anna: Citizen
    folder: Path

    def again(self, city: HttpCity, folder: Path) -> "Asking":
        """The same in a city that was brought here again."""
        lab, anna = replace(self.lab, city=city), replace(self.anna, city=city)
        return replace(self, city=city, lab=lab, anna=anna, folder=folder)

    def letter_to(self, person: str) -> str:
        with self.city.office.registry.writing() as session:
            return registrar.write_letter(session, kind="person", key=person)

    def order(self) -> dict[str, Any]:
        placed = self.lab.act("orders", {"licence": self.licence})
        self.city.pump(analysis=True)
        return self.lab.http.get(placed["resource"]).json()

    def wishes(self) -> None:
        Wishes(self.city.office.house, self.city.registrar).step()
        self.city.pump()


def open_asking(city: HttpCity, tmp_path: Path) -> Asking:
    office = city.office
    office.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    )
    trips = small_city.write_trips(tmp_path / "t.sqlite", PEOPLE)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    lab = city.organisation("Lab")
    applied = lab.act("use-cases", {"purpose": "ImproveTransportMobility", "routine": small_city.TRAVEL})
    use_case = int(applied["resource"].rsplit("/", 1)[1])
    office.allow(use_case)
    office.register("person", small_city.person_keys(PEOPLE))
    for person in small_city.person_keys(PEOPLE)[1:]:
        office.say_yes(use_case, person)
    office.pump()
    office.town.set_tariff(use_case)
    office.anchor()
    lab.pay_in("500")
    bought = lab.act("licences", {"use_case": use_case})
    with office.registry.writing() as session:
        letter = registrar.write_letter(session, kind="person", key="1")
    anna = Citizen(city, "1", letter)
    return Asking(city, lab, use_case, int(bought["resource"].rsplit("/", 1)[1]), anna, tmp_path)
