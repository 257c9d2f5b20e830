"""A city with one of everything, everybody's credentials, and for each operation a request that it must take."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from eth_account import Account

from api.http.consent_shapes import Own, Terms
from api.http.shapes import in_utc
from ledger.consents import Opening
from ledger.digests import hexed, text_digest, unhexed
from ledger.keys import LocalSigner
from ledger.revocation_code import RevocationCode
from ledger.typed_data import consent_id, revocation_digest
from marketplace.consent.wishes import Wishes
from marketplace.registrar import service as registrar
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.http.asking import Citizen
from tests.http.city import DESK_TOKEN, OMBUDSMAN_TOKEN, HttpCity, Organisation, key
from tests.http.trade import WISH, number_of, open_bikes
from tests.office import Paper

PEOPLE = 60
ANNA, BEA, CARL = "1", "2", "3"
"""Anna is asked twice and has answered once; Bea was forgotten; Carl comes to the desk."""
MINUTE = 60
WITH_BODY = {
    "prepareSignIn",
    "signIn",
    "prepareJoining",
    "join",
    "checkRoutine",
    "prepareUseCase",
    "applyForUseCase",
    "quoteLicence",
    "buyLicence",
    "quoteOrder",
    "placeOrder",
    "payIn",
    "withdraw",
    "withdrawShare",
    "prepareConsent",
    "giveConsent",
    "stopByCode",
    "prepareRevocation",
    "stopBySignature",
    "stopByMandate",
    "prepareDeskImport",
    "importFromDesk",
}

Headers = dict[str, str]


@dataclass(frozen=True)
class Request:
    """A request that its operation takes from `role`."""

    role: str
    path: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None


@dataclass
class Everything:
    city: HttpCity
    organisations: dict[str, Organisation]
    anna: Citizen
    stranger: str
    travel: int
    """The use case that Anna agreed to."""
    homes: int
    """The use case that Anna has not answered."""
    licence: int
    order: str
    consent: str
    erasure: str
    papers: Iterator[Paper]

    @property
    def roles(self) -> dict[str, Headers]:
        return {
            "nobody": {},
            **{name: bearer(one.token) for name, one in self.organisations.items()},
            "anna": {"Stoa-Letter": self.anna.letter},
            "stranger": {"Stoa-Letter": self.stranger},
            "desk": bearer(DESK_TOKEN),
            "ombudsman": bearer(OMBUDSMAN_TOKEN),
        }

    @property
    def lab(self) -> Organisation:
        return self.organisations["commercial"]

    def places(self) -> dict[str, list[str]]:
        """What stands in paths, by the operation's parameter: things there are, the caller's and others'."""
        return {
            "number": ["1", "2", "3", "4"],
            "version": ["1"],
            "id": [self.order, self.consent, self.erasure],
            "order": [self.order],
            "key": [f"order:{self.order[2:]}", f"grant:{self.consent[2:]}"],
            "code": ["unknown_order", "validation"],
            "contract": ["Consents", "CityCredit"],
        }

    def requests(self) -> dict[str, Callable[[], Request]]:
        """By operation. Each call makes a fresh one: nothing can be done twice."""
        lab, anna = self.lab, self.anna
        return {
            "prepareSignIn": lambda: Request("nobody", body={"account": lab.account.address}),
            "signIn": self._sign_in,
            "prepareJoining": lambda: Request("nobody", body=newcomer(Account.create().address)),
            "join": self._join,
            "checkRoutine": lambda: Request("nobody", body={"routine": small_city.TRAVEL}),
            "prepareUseCase": lambda: Request("commercial", body=WISH),
            "applyForUseCase": lambda: Request("commercial", body=lab.signed("use-cases", WISH)),
            "quoteLicence": lambda: Request("commercial", body={"use_case": 1}),
            "buyLicence": lambda: Request("commercial", body=lab.signed("licences", {"use_case": 1})),
            "quoteOrder": lambda: Request("commercial", body={"licence": self.licence}),
            "placeOrder": lambda: Request("commercial", body=lab.signed("orders", {"licence": self.licence})),
            "payIn": lambda: Request("commercial", body={"amount": "1.00"}),
            "withdraw": lambda: Request("nobody", body={"account": lab.account.address}),
            "withdrawShare": lambda: Request("nobody", body={"tariff": 1, "party": 0}),
            "prepareConsent": lambda: Request("anna", body=self._wish()),
            "giveConsent": lambda: Request("anna", body=anna.signed(self.homes)),
            "stopByCode": lambda: Request("nobody", body={"code": str(next(self.papers).code)}),
            "prepareRevocation": lambda: Request("nobody", body={"consent": self.consent}),
            "stopBySignature": self._stop_by_signature,
            "stopByMandate": lambda: Request(
                "ombudsman", body={"consent": hexed(next(self.papers).id), "mandate": self.order}
            ),
            "prepareDeskImport": lambda: Request("desk", body=self._people()),
            "importFromDesk": self._desk_import,
            "stopConsent": lambda: Request("anna", {"id": self.consent}),
            **{
                name: lambda: Request("commercial", {"id": self.order})
                for name in (
                    "getOrder",
                    "getResult",
                    "getResultSalt",
                    "getOrderReceipt",
                    "getPurchaseReceipt",
                    "getStatement",
                )
            },
            **{
                name: lambda: Request("commercial", {"number": str(self.licence)})
                for name in ("getLicence", "getLicenceReceipt")
            },
            "getRiskReport": lambda: Request("commercial", {"number": str(self.travel)}),
            "getConsent": lambda: Request("nobody", {"id": self.consent}),
            "getConsentReceipt": lambda: Request("nobody", {"id": self.consent}),
            "getCohortProof": lambda: Request("nobody", {"id": self.consent, "order": self.order}),
            "getErasure": lambda: Request("nobody", {"id": self.erasure}),
            "getMessage": lambda: Request("nobody", {"key": f"order:{self.order[2:]}"}),
            "getProblem": lambda: Request("nobody", {"code": "unknown_order"}),
            **{
                name: lambda: Request("anna")
                for name in ("listAsks", "listConsents", "listUses", "exportConsents")
            },
            **{
                name: lambda: Request("commercial")
                for name in ("getMe", "listLicences", "listOrders", "listShares")
            },
            # These end the caller's session, her consents, her letter: they come last, in this order.
            "signOut": lambda: Request("commercial"),
            "stopEverything": lambda: Request("anna"),
            "forgetMe": lambda: Request("anna"),
        }

    def request(self, operation: str, parameters: list[str]) -> Request:
        made = self.requests().get(operation)
        if made is not None:
            return made()
        return Request("nobody", {name: self.places()[name][0] for name in parameters})

    def _sign_in(self) -> Request:
        asked = self.lab.http.post("/v1/sign-in/forms", json={"account": self.lab.account.address}).json()
        return Request("nobody", body={**asked, "signature": self.lab.sign_text(asked["message"])})

    def _join(self) -> Request:
        new = Organisation(self.city, "New Lab", Account.create())
        return Request("nobody", body=new.signed("participants", newcomer(new.account.address)))

    def _wish(self) -> dict[str, Any]:
        return {
            "use_case": self.homes,
            "signer": self.anna.account.address,
            "revocation_hash": hexed(self.anna.code.hash),
        }

    def _stop_by_signature(self) -> Request:
        paper = next(self.papers)
        domain = self.city.office.town.city.domains.consents
        body = {
            "halves": halves_of(paper),
            "signature": hexed(paper.signer.sign(revocation_digest(domain, paper.id))),
        }
        return Request("nobody", body=body)

    def _people(self) -> dict[str, Any]:
        return {"use_case": self.homes, "people": [{"kind": "person", "key": CARL}]}

    def _desk_import(self) -> Request:
        offered = self.city.anybody.post(
            "/v1/desk/forms", json=self._people(), headers=self.roles["desk"]
        ).json()
        opening = Opening.of(unhexed(offered["people"][0]["reference"]))
        signer, code = LocalSigner.fresh(), RevocationCode.fresh()
        own = {
            "signer": signer.address,
            "commitment": hexed(opening.commitment),
            "revocation_hash": hexed(code.hash),
        }
        signature = signer.sign(id_of(self.city, offered["terms"], own))
        paper = {
            "kind": "person",
            "key": CARL,
            "own": own,
            "signature": hexed(signature),
            "salt": hexed(opening.salt),
            "code": str(code),
        }
        return Request("desk", body={"terms": offered["terms"], "papers": [paper]})


def id_of(city: HttpCity, terms: dict[str, Any], own: dict[str, Any]) -> bytes:
    domain = city.office.town.city.domains.consents
    return consent_id(domain, Terms(**terms).struct, Own(**own).struct)


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def newcomer(account: str) -> dict[str, Any]:
    return {"name": "New Lab", "class": "commercial", "account": account}


def halves_of(paper: Paper) -> dict[str, Any]:
    terms, own = paper.consent.terms, paper.consent.own
    return {
        "terms": {
            **{name: as_json(value) for name, value in terms._asdict().items()},
            "valid_until": in_utc(terms.valid_until),
            "deadline": in_utc(terms.deadline),
        },
        "own": {name: as_json(value) for name, value in own._asdict().items()},
    }


def as_json(value: object) -> object:
    return hexed(value) if isinstance(value, bytes) else value


def open_everything(city: HttpCity, folder: Path) -> Everything:
    open_bikes(city, folder)
    lab = city.organisation("Lab")
    organisations = {
        "commercial": lab,
        "supplier": city.organisation("Metro Lines", "supplier"),
        "public service": city.organisation("Transit Office", "public_service"),
        "auditor": city.organisation("Ada", "auditor"),
        "frozen": frozen(city),
    }
    lab.pay_in("5000")
    use_case = number_of(lab.act("use-cases", WISH))
    licence = number_of(lab.act("licences", {"use_case": use_case}))
    let_an_order_lapse(city, lab, licence)
    travel, homes, papers = ask_the_people(city, lab, folder)
    anna = Citizen(city, ANNA, letter_to(city, ANNA))
    consent = anna.say_yes(travel).rsplit("/", 1)[1]
    order = lab.act("orders", {"licence": number_of(lab.act("licences", {"use_case": travel}))})
    city.pump(analysis=True)
    anna = Citizen(city, ANNA, anna.letter)  # with another key and code, for the second request
    return Everything(
        city=city,
        organisations=organisations,
        anna=anna,
        stranger="2345-6789-ABCD-EFGH",
        travel=travel,
        homes=homes,
        licence=licence,
        order=order["resource"].rsplit("/", 1)[1],
        consent=consent,
        erasure=forget(city, BEA),
        papers=cycle(papers),
    )


def frozen(city: HttpCity) -> Organisation:
    mallory = city.organisation("Mallory")
    number = mallory.http.get("/v1/participants/me").json()["number"]
    freeze = city.office.town.contracts.participants.freeze(number, text_digest("Broke a promise."))
    city.office.town.send("guardian", freeze)
    city.pump()
    return mallory


def let_an_order_lapse(city: HttpCity, lab: Organisation, licence: int) -> None:
    """Nobody answers it in time, so anybody refunds it: Lab has credits to withdraw."""
    order = lab.act("orders", {"licence": licence, "seconds": 2 * MINUTE})["resource"]
    town = city.office.town
    town.pass_time(3 * MINUTE)
    town.send("relay", town.contracts.settlement.refund(unhexed(order.rsplit("/", 1)[1])))
    city.office.anchor()
    city.pump()


def ask_the_people(city: HttpCity, lab: Organisation, folder: Path) -> tuple[int, int, list[Paper]]:
    """Two use cases about people: the first is answered by all but Anna and Carl, the second by nobody."""
    office = city.office
    persons = small_city.write_persons(folder / "p.csv", PEOPLE)
    trips = small_city.write_trips(folder / "t.sqlite", PEOPLE)
    office.dataset(small_city.document(small_city.PERSONS), persons)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    wish = {"purpose": "ImproveTransportMobility", "routine": small_city.TRAVEL}
    first, second = (number_of(lab.act("use-cases", wish)) for _ in range(2))
    use_cases.assess(office.house, first)
    for number in (first, second):
        office.allow(number)
    office.register("person", small_city.person_keys(PEOPLE))
    papers = [
        office.say_yes(first, person)
        for person in small_city.person_keys(PEOPLE)
        if person not in {ANNA, CARL}
    ]
    office.pump()
    return first, second, papers[1:]


def letter_to(city: HttpCity, person: str) -> str:
    with city.office.registry.writing() as session:
        return registrar.write_letter(session, kind="person", key=person)


def forget(city: HttpCity, person: str) -> str:
    headers = {**key(), "Stoa-Letter": letter_to(city, person)}
    erasure = city.anybody.post("/v1/citizen/erasures", headers=headers).json()["erasure"]
    Wishes(city.office.house, city.registrar).step()
    city.pump()
    return erasure
