"""The registrar's office: a process of its own that the city asks, and that asks the ledger itself."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from api.registrar.app import create_registrar_app
from api.registrar.client import RegistrarClient, RegistrarDownError, WrongDeskTokenError
from api.registrar.serving import desk_token, registrar_office
from ledger.consents import Opening, SignedConsent, grant_of, is_countersigned_by, sign_consent
from ledger.keys import KeyFileError, KeyStore, LocalSigner
from ledger.revocation_code import RevocationCode
from ledger.typed_data import Domain
from marketplace.consent.service import Registrar
from marketplace.errors import ConflictError, InvalidError, NotAllowedError, StoaError
from marketplace.registrar import service
from marketplace.registrar.rules import YOUNGEST
from marketplace.registrar.service import Ask, DeskAsk
from marketplace.registrar.tables import RegistrarBase
from tests.http.city import CITY_TOKEN, DESK_TOKEN, HttpCity
from tests.town import Town


@pytest.fixture
def city(town: Town, tmp_path: Path) -> Iterator[HttpCity]:
    made = HttpCity(town, tmp_path / "city")
    yield made
    made.close()


class Anna:
    """Somebody in the register, with her letter and a signed consent."""

    def __init__(self, city: HttpCity, age: int = 40) -> None:
        self.city = city
        self.use_case = city.office.town.open_use_case()
        with city.office.registry.writing() as session:
            service.enrol(session, [service.Entry("person", "1", age)])
        if age >= YOUNGEST:
            self.letter = city.registrar.at_desk(DESK_TOKEN).write_letter("person", "1")

    @property
    def domain(self) -> Domain:
        return self.city.office.house.city.domains.consents

    def consent(self, reference: bytes) -> tuple[SignedConsent, Opening]:
        opening = Opening.of(reference)
        terms = self.city.office.town.terms(self.use_case)
        signed = sign_consent(
            self.domain,
            LocalSigner.fresh(),
            terms,
            commitment=opening.commitment,
            code=RevocationCode.fresh(),
        )
        return signed, opening


@pytest.fixture
def anna(city: HttpCity) -> Anna:
    return Anna(city)


def countersigned(anna: Anna, signed: SignedConsent, salt: bytes) -> object:
    return anna.city.registrar.countersign(anna.letter, signed.terms, signed.own, signed.signature, salt)


def test_the_client_is_what_the_services_ask_for(city: HttpCity) -> None:
    registrar: Registrar = city.registrar
    assert registrar is city.registrar


def test_a_letter_opens_a_reference_and_a_countersignature_that_the_contract_takes(anna: Anna) -> None:
    whose = anna.city.registrar.whose(anna.letter, anna.use_case)
    signed, opening = anna.consent(whose.reference)
    signature = anna.city.registrar.countersign(
        anna.letter, signed.terms, signed.own, signed.signature, opening.salt
    )
    grant = grant_of(signed, signature)
    assert is_countersigned_by(anna.domain, anna.city.office.house.city.registrar, signed.terms, grant)
    assert countersigned(anna, signed, opening.salt) == signature


def test_a_second_consent_waits_until_the_ledger_says_that_the_first_has_ended(anna: Anna) -> None:
    town = anna.city.office.town
    whose = anna.city.registrar.whose(anna.letter, anna.use_case)
    first, opening = anna.consent(whose.reference)
    signature = anna.city.registrar.countersign(
        anna.letter, first.terms, first.own, first.signature, opening.salt
    )
    grant = grant_of(first, signature)
    town.send("relay", town.contracts.consents.grant_by_signature(first.terms, grant))

    second, opening = anna.consent(whose.reference)
    with pytest.raises(ConflictError) as refused:
        countersigned(anna, second, opening.salt)
    assert refused.value.code == "consent_in_force"

    town.send("ombudsman", town.contracts.consents.revoke_by_mandate(first.terms, [first.own], b"\x01" * 32))
    assert countersigned(anna, second, opening.salt)


def test_a_consent_that_may_still_arrive_keeps_the_next_one_waiting_until_its_deadline(anna: Anna) -> None:
    town = anna.city.office.town
    whose = anna.city.registrar.whose(anna.letter, anna.use_case)
    lost, opening = anna.consent(whose.reference)
    assert countersigned(anna, lost, opening.salt)
    next_one, opening = anna.consent(whose.reference)

    town.pass_time(lost.terms.deadline - town.clock.now)
    with pytest.raises(ConflictError) as refused:
        countersigned(anna, next_one, opening.salt)
    assert refused.value.code == "consent_in_force"
    town.pass_time(1)
    assert countersigned(anna, next_one, opening.salt)


def test_a_consent_that_has_ended_keeps_no_other_waiting(anna: Anna) -> None:
    town = anna.city.office.town
    whose = anna.city.registrar.whose(anna.letter, anna.use_case)
    first, opening = anna.consent(whose.reference)
    signature = anna.city.registrar.countersign(
        anna.letter, first.terms, first.own, first.signature, opening.salt
    )
    grant = grant_of(first, signature)
    town.send("relay", town.contracts.consents.grant_by_signature(first.terms, grant))
    town.pass_time(first.terms.valid_until - town.clock.now)

    second, opening = anna.consent(whose.reference)
    assert countersigned(anna, second, opening.salt)


def test_a_new_letter_ends_the_earlier_one(anna: Anna) -> None:
    newer = anna.city.registrar.at_desk(DESK_TOKEN).write_letter("person", "1")
    assert anna.city.registrar.person(newer) == ("person", "1")
    with pytest.raises(NotAllowedError) as refused:
        anna.city.registrar.person(anna.letter)
    assert refused.value.code == "unknown_letter"


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ("salt", InvalidError, "wrong_commitment"),
        ("signature", NotAllowedError, "wrong_signature"),
        ("letter", NotAllowedError, "unknown_letter"),
    ],
)
def test_what_the_registrar_refuses_is_the_same_refusal_in_the_city(
    anna: Anna, change: str, kind: type[StoaError], code: str
) -> None:
    whose = anna.city.registrar.whose(anna.letter, anna.use_case)
    signed, opening = anna.consent(whose.reference)
    other, _ = anna.consent(whose.reference)
    with pytest.raises(kind) as refused:
        anna.city.registrar.countersign(
            "2345-6789-ABCD-EFGH" if change == "letter" else anna.letter,
            signed.terms,
            signed.own,
            other.signature if change == "signature" else signed.signature,
            b"\x01" * 32 if change == "salt" else opening.salt,
        )
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


def test_nobody_below_sixteen_is_asked(city: HttpCity) -> None:
    child = Anna(city, age=15)
    desk = city.registrar.at_desk(DESK_TOKEN)
    assert desk.references(child.use_case, [("person", "1")]) == {}
    with pytest.raises(NotAllowedError) as refused:
        desk.write_letter("person", "1")
    assert refused.value.code == "too_young"
    signed, opening = child.consent(bytes(32))
    (answer,) = desk.countersign(
        [DeskAsk("person", "1", Ask(signed.terms, signed.own, signed.signature, opening.salt))]
    )
    assert isinstance(answer, StoaError)
    assert answer.code == "too_young"


def test_the_desk_gets_its_countersignatures_at_once_and_a_refusal_in_its_place(anna: Anna) -> None:
    desk = anna.city.registrar.at_desk(DESK_TOKEN)
    known = desk.references(anna.use_case, [("person", "1"), ("person", "2")])
    signed, opening = anna.consent(known["person", "1"].reference)
    ask = Ask(signed.terms, signed.own, signed.signature, opening.salt)

    good, bad = desk.countersign([DeskAsk("person", "1", ask), DeskAsk("person", "2", ask)])

    assert set(known) == {("person", "1")}
    assert not isinstance(good, StoaError)
    assert isinstance(bad, StoaError)
    assert bad.code == "unknown_letter"


def test_the_citys_token_does_not_open_the_desk(anna: Anna) -> None:
    desk = anna.city.registrar.at_desk(CITY_TOKEN)
    with pytest.raises(WrongDeskTokenError):
        desk.write_letter("person", "1")


def test_a_stranger_gets_nothing_out_of_the_registrar(anna: Anna) -> None:
    http = TestClient(anna.city.registrar_app)
    for token in ("", "Bearer", "Bearer wrong"):
        answer = http.post("/v1/person", json={"letter": anna.letter}, headers={"Authorization": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_registrar_token")


def test_a_forgotten_person_has_no_letter_any_more(anna: Anna) -> None:
    assert anna.city.registrar.forget(anna.letter)
    assert not anna.city.registrar.forget(anna.letter)
    with pytest.raises(NotAllowedError):
        anna.city.registrar.person(anna.letter)


def test_nothing_is_left_in_the_register_of_whom_it_forgot(anna: Anna) -> None:
    whose = anna.city.registrar.whose(anna.letter, anna.use_case)
    signed, opening = anna.consent(whose.reference)
    assert countersigned(anna, signed, opening.salt)

    assert anna.city.registrar.forget(anna.letter)

    with anna.city.office.registry.reading() as session:
        left = {
            table.name: session.execute(select(table)).all() for table in RegistrarBase.metadata.sorted_tables
        }
    assert left == {name: [] for name in left}


def test_a_registrar_that_does_not_answer_is_named() -> None:
    nobody = RegistrarClient(httpx.Client(base_url="http://127.0.0.1:1", timeout=1), CITY_TOKEN)
    with pytest.raises(RegistrarDownError, match="does not answer"):
        nobody.whose("2345-6789-ABCD-EFGH", 1)


def test_the_office_is_kept_in_a_folder_of_its_own(city: HttpCity, tmp_path: Path) -> None:
    folder = tmp_path / "registrar"
    with pytest.raises(KeyFileError):
        registrar_office(
            folder, city=city.office.house.city, node=city.office.town.node, city_token=CITY_TOKEN
        )
    KeyStore(folder / "keys").signer("registrar")

    office = registrar_office(
        folder, city=city.office.house.city, node=city.office.town.node, city_token=CITY_TOKEN
    )

    assert (folder / "desk-token").stat().st_mode & 0o077 == 0
    assert office.desk_token == desk_token(folder)
    client = RegistrarClient(TestClient(create_registrar_app(office)), CITY_TOKEN)
    with office.database.writing() as session:
        service.enrol(session, [service.Entry("person", "7", 30)])
    letter = client.at_desk(office.desk_token).write_letter("person", "7")
    assert client.person(letter) == ("person", "7")
    office.database.close()


def on_disk(folder: Path, name: str, wanted: bytes) -> int:
    """How often some bytes are in a database's file and its logs."""
    return sum(path.read_bytes().count(wanted) for path in folder.glob(f"{name}*"))


def test_whom_the_registrar_forgets_is_gone_from_its_disk_too(city: HttpCity) -> None:
    office, number = city.office, b"4711-her-number"
    office.register("person", [number.decode()])
    letter = city.registrar.at_desk(DESK_TOKEN).write_letter("person", number.decode())
    assert on_disk(office.house.folder, "registrar.db", number)

    with office.registry.reading() as reader:
        reader.execute(text("SELECT * FROM persons")).first()
        with pytest.raises(RegistrarDownError):
            city.registrar.forget(letter)
        assert on_disk(office.house.folder, "registrar.db", number)
    city.registrar.forget(letter)

    assert on_disk(office.house.folder, "registrar.db", number) == 0
