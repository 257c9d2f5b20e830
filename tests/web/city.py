"""A city with pages: Lab asks everybody who has a letter to be counted."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import web
from api.http.app import create_app
from api.http.shapes import in_utc
from ledger.consents import Opening, SignedConsent, sign_consent, terms_of
from ledger.digests import unhexed
from ledger.enums import Class
from ledger.keys import LocalSigner
from ledger.revocation_code import RevocationCode
from marketplace.consent.rules import latest_end
from marketplace.consent.wishes import Wishes
from marketplace.registrar import service as registrar
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.queries import Notice
from tests import small_city
from tests.http.city import PUBLIC, HttpCity
from tests.office import Office
from tests.town import Town

PEOPLE = 40


class WebCity:
    """The pages of one city on top of its API, in this process."""

    def __init__(self, town: Town, folder: Path, **settings: Any) -> None:
        self.http = HttpCity(town, folder / "city", **settings)
        self.folder = folder
        web.install(self.http.app)
        self._wishes = Wishes(self.office.house, self.http.registrar)

    @property
    def office(self) -> Office:
        return self.http.office

    def server(self) -> FastAPI:
        """The app of a server that starts now: it knows what is on disk, and nothing else."""
        app = create_app(
            self.office.house,
            registrar=self.http.registrar,
            settings=self.http.settings,
            node=self.office.town.node,
        )
        web.install(app)
        return app

    def lab_asks(self, *, people: int = PEOPLE, **changes: object) -> int:
        """Lab may count bus trips by age band and district; `people` are in the register. The use case's number."""
        office = self.office
        persons = small_city.write_persons(self.folder / "p.csv", people)
        trips = small_city.write_trips(self.folder / "t.sqlite", people)
        office.dataset(small_city.document(small_city.PERSONS), persons)
        office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
        office.join("Lab", Class.COMMERCIAL)
        number = office.apply("Lab", small_city.document(small_city.TRAVEL), **changes)
        office.allow(number)
        office.register("person", small_city.person_keys(people))
        return number

    def letter(self, key: str) -> str:
        with self.office.registry.writing() as session:
            return registrar.write_letter(session, kind="person", key=key)

    def pump(self, *, analysis: bool = False) -> None:
        self._wishes.step()
        self.http.pump(analysis=analysis)
        if self._wishes.step():
            self.http.pump(analysis=analysis)

    def browser(self, *, language: str = "en") -> TestClient:
        return TestClient(self.http.app, base_url=PUBLIC, headers={"Accept-Language": language})

    def anna(self, key: str = "1", *, language: str = "en") -> "Anna":
        """A citizen with her letter open."""
        anna = Anna(self, key, self.browser(language=language))
        anna.open_letter(self.letter(key))
        return anna

    def close(self) -> None:
        self.http.close()


def token_in(page: httpx.Response) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


@dataclass
class Anna:
    """A citizen at her browser. Her device signs in Python what the page's script signs in JavaScript."""

    city: WebCity
    key: str
    browser: TestClient

    def open_letter(self, code: str) -> httpx.Response:
        token = token_in(self.browser.get("/c"))
        return self.browser.post("/c/letter", data={"token": token, "code": code})

    def press(self, page: str, action: str, **fields: str) -> httpx.Response:
        """Send the form of `page` that goes to `action`."""
        token = token_in(self.browser.get(page))
        return self.browser.post(action, data={"token": token, **fields})

    def signed(self, use_case: int) -> dict[str, Any]:
        """What her device sends when she says yes to everything for the longest time."""
        page = self.browser.get(f"/c/ask/{use_case}")
        office = self.city.office
        found = self.notice(use_case)
        signer, code = LocalSigner.fresh(), RevocationCode.fresh()
        valid_until = latest_end(office.town.clock.now, 90)
        choice = {
            "language": found.language,
            "scope": found.scope,
            "valid_until": in_utc(valid_until),
            "signer": signer.address,
            "revocation_hash": "0x" + code.hash.hex(),
        }
        answer = self.post(page, f"/c/ask/{use_case}/basis", choice)
        assert answer.status_code == 200, answer.text
        basis = answer.json()
        opening = Opening.of(unhexed(basis["reference"]))
        terms = terms_of(
            statement=found.statement,
            recipient="Lab",
            use_case=use_case,
            scope=found.scope,
            valid_until=valid_until,
            deadline=seconds(basis["deadline"]),
        )
        domain = office.town.city.domains.consents
        return body(
            sign_consent(domain, signer, terms, commitment=opening.commitment, code=code), opening, code
        )

    def notice(self, use_case: int) -> Notice:
        """The sentence about everything that may be chosen, in her language."""
        with self.city.office.house.database.reading() as session:
            published = use_cases.notices(session, use_case)
        language = self.browser.headers["accept-language"]
        return max((one for one in published if one.language == language), key=lambda one: one.scope)

    def post(self, page: httpx.Response, path: str, content: dict[str, Any]) -> httpx.Response:
        headers = {"Form-Token": token_in(page), "Accept": "application/json"}
        return self.browser.post(path, json=content, headers=headers)

    def send(self, use_case: int, signed: dict[str, Any]) -> httpx.Response:
        page = self.browser.get("/c")
        return self.post(page, f"/c/ask/{use_case}/consent", signed)

    def say_yes(self, use_case: int) -> str:
        """The address of her receipt."""
        answer = self.send(use_case, self.signed(use_case))
        assert answer.status_code == 200, answer.text
        return answer.json()["receipt"]


def body(consent: SignedConsent, opening: Opening, code: RevocationCode) -> dict[str, Any]:
    return {
        "terms": {
            **{name: as_json(value) for name, value in consent.terms._asdict().items()},
            "valid_until": in_utc(consent.terms.valid_until),
            "deadline": in_utc(consent.terms.deadline),
        },
        "own": {name: as_json(value) for name, value in consent.own._asdict().items()},
        "signature": {name: as_json(value) for name, value in consent.signature._asdict().items()},
        "salt": as_json(opening.salt),
        "code": str(code),
    }


def as_json(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def seconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp())
