"""What is destroyed is gone from the disk, also while somebody reads."""

from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.enums import Class
from marketplace.consent import erasure
from marketplace.consent.tables import LinkRow
from marketplace.consent.wishes import Wishes
from marketplace.orders.tables import ResultKeyRow
from marketplace.requests import service as requests
from marketplace.requests.tables import AnsweredRow
from tests import small_city
from tests.office import Office
from tests.town import Town

PEOPLE = 40
ANNA = ("person", "1")


class NoRegister:
    def forget(self, letter: str) -> bool:
        del letter
        return True


@pytest.fixture
def office(town: Town, tmp_path: Path):
    made = Office(town, tmp_path / "city")
    yield made
    made.close()


def with_people(office: Office, folder: Path) -> int:
    """People, their trips, and a use case that Lab may run over those who agree."""
    office.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(folder / "p.csv", PEOPLE)
    )
    trips = small_city.write_trips(folder / "t.sqlite", PEOPLE)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.TRAVEL))
    office.allow(use_case)
    office.register("person", small_city.person_keys(PEOPLE))
    return use_case


def asked_to_be_forgotten(office: Office) -> bytes:
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        return erasure.begin(session, vault, letter="her letter", person=ANNA)


def wishes(office: Office) -> None:
    Wishes(office.house, NoRegister()).step()
    office.pump()


def done_at(office: Office, id_: bytes) -> int | None:
    with office.house.vault.reading() as vault:
        return erasure.certificate(vault, id_).done_at


def on_disk(office: Office, name: str, wanted: bytes) -> int:
    """How often some bytes are in a database's file and its logs."""
    return sum(path.read_bytes().count(wanted) for path in office.house.folder.glob(f"{name}*"))


def test_an_erasure_is_done_when_nothing_of_hers_is_on_the_disk(office: Office, tmp_path: Path) -> None:
    use_case = with_people(office, tmp_path)
    paper = office.say_yes(use_case, "1")
    office.pump()
    with office.house.vault.reading() as vault:
        salt = vault.get_one(LinkRow, paper.id).salt
    assert on_disk(office, "vault.db", salt)

    with office.house.vault.reading() as reader:
        reader.scalars(select(LinkRow)).first()
        id_ = asked_to_be_forgotten(office)
        wishes(office)
        wishes(office)
        assert done_at(office, id_) is None
        assert on_disk(office, "vault.db", salt)
    wishes(office)

    assert done_at(office, id_) is not None
    assert on_disk(office, "vault.db", salt) == 0


def test_no_kept_answer_lists_a_forgotten_persons_consents(office: Office, tmp_path: Path) -> None:
    use_case = with_people(office, tmp_path)
    hers, another = office.say_yes(use_case, "1"), office.say_yes(use_case, "2")
    office.pump()
    with office.house.database.writing() as session:
        for name, paper in (("hers", hers), ("another", another)):
            told = f'{{"consents": ["0x{paper.id.hex()}"]}}'.encode()
            requests.remember(session, "anybody", name, bytes(32), told, None)
    id_ = asked_to_be_forgotten(office)

    wishes(office)

    assert done_at(office, id_) is not None
    with office.house.database.reading() as session:
        assert list(session.scalars(select(AnsweredRow.key))) == ["another"]


def test_the_key_of_a_destroyed_result_is_gone_from_the_disk(office: Office) -> None:
    key = bytes(range(100, 132))
    with office.house.vault.writing() as vault:
        vault.add(ResultKeyRow(order=b"o" * 32, key=key, salt=bytes(32)))
    assert on_disk(office, "vault.db", key)

    office.workbench._destroy(b"o" * 32)

    assert on_disk(office, "vault.db", key) == 0


def test_a_key_whose_destruction_met_a_reader_is_gone_a_moment_later(office: Office) -> None:
    key = bytes(range(100, 132))
    with office.house.vault.writing() as vault:
        vault.add(ResultKeyRow(order=b"o" * 32, key=key, salt=bytes(32)))
    with office.house.vault.reading() as reader:
        reader.scalars(select(ResultKeyRow)).first()
        office.workbench._destroy(b"o" * 32)
        assert on_disk(office, "vault.db", key)

    wishes(office)

    assert on_disk(office, "vault.db", key) == 0
