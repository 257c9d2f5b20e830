"""What is destroyed is gone from the disk, also while somebody reads."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.enums import Class
from ledger.storage import VaultBase
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.forgotten import Forgotten
from marketplace.catalogue.tables import LeafSaltRow, SubjectRow, VersionKeyRow
from marketplace.consent import erasure, refusals
from marketplace.consent.tables import EndedByErasureRow, ErasureRow, LeftOutRow, LinkRow
from marketplace.consent.wishes import Wishes
from marketplace.house import House
from marketplace.orders import results
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


def destroy(office: Office, order: bytes) -> None:
    with office.house.database.writing() as session:
        results.destroy(session, office.house, order)


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


def naming(office: Office, *wanted: object) -> set[str]:
    """The tables of the vault that have one of these values in a row."""
    with office.house.vault.reading() as vault:
        return {
            table.name
            for table in VaultBase.metadata.sorted_tables
            if any(value in wanted for row in vault.execute(select(table)) for value in row)
        }


def test_no_row_of_the_vault_names_a_forgotten_person(office: Office, tmp_path: Path) -> None:
    """But for the consents that the certificate lists, which are on the ledger and open to nothing."""
    use_case = with_people(office, tmp_path)
    paper = office.say_yes(use_case, "1")
    office.pump()
    with office.house.vault.writing() as vault:
        refusals.refuse(vault, person=ANNA, use_case=use_case + 1, now=0)
        vault.add(LeftOutRow(order=b"o" * 32, consent=paper.id))
    with office.house.vault.reading() as vault:
        link = vault.get_one(LinkRow, paper.id)
        subject = vault.get_one(SubjectRow, link.subject)
        salts = vault.scalars(select(LeafSaltRow.salt).where(LeafSaltRow.subject == link.subject)).all()
        keys = vault.scalars(select(VersionKeyRow.key)).all()
    hers = (ANNA[1], str(paper.code), link.reference, link.salt, subject.mark, *salts, *keys)
    assert naming(office, *hers) == {"consent_links", "subjects", "refusals", "leaf_salts", "version_keys"}

    id_ = asked_to_be_forgotten(office)
    assert naming(office, paper.id) == {"consent_links", "stops", "left_out_of_runs"}
    wishes(office)

    assert done_at(office, id_) is not None
    assert naming(office, *hers, "her letter") == set()
    assert naming(office, paper.id) == {EndedByErasureRow.__tablename__}


def test_forgetting_somebody_leaves_data_that_is_nobodys_alone(office: Office, tmp_path: Path) -> None:
    """A public dataset has one leaf, under the index that the first person of the city has, too."""
    with_people(office, tmp_path)
    bikes = small_city.write_bikes(tmp_path / "bikes.csv")
    public = office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    with office.house.vault.reading() as vault:
        assert vault.get(LeafSaltRow, (public, 1, enrolled(office, "1")[0])) is not None
    id_ = asked_to_be_forgotten(office)

    wishes(office)

    with office.house.vault.reading() as vault:
        erased = erasure.certificate(vault, id_).versions
    assert [one.dataset for one in erased] == [1, 2]


def test_a_yes_that_nobody_has_sent_is_not_sent_any_more(office: Office, tmp_path: Path) -> None:
    use_case = with_people(office, tmp_path)
    paper = office.say_yes(use_case, "1")
    id_ = asked_to_be_forgotten(office)

    wishes(office)

    assert done_at(office, id_) is not None
    assert not office.town.contracts.consents.consent(paper.id).granted_in


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

    destroy(office, b"o" * 32)

    assert on_disk(office, "vault.db", key) == 0


def test_a_key_whose_destruction_met_a_reader_is_gone_a_moment_later(office: Office) -> None:
    key = bytes(range(100, 132))
    with office.house.vault.writing() as vault:
        vault.add(ResultKeyRow(order=b"o" * 32, key=key, salt=bytes(32)))
    with office.house.vault.reading() as reader:
        reader.scalars(select(ResultKeyRow)).first()
        destroy(office, b"o" * 32)
        assert on_disk(office, "vault.db", key)

    wishes(office)

    assert on_disk(office, "vault.db", key) == 0


def enrolled(office: Office, key: str) -> list[int]:
    """The indexes under which the vault knows a person."""
    with office.house.vault.reading() as vault:
        return list(vault.scalars(select(SubjectRow.index).where(SubjectRow.key == key)))


def with_rows(office: Office, dataset: str, version: int) -> int:
    """How many people have rows in a version."""
    with office.house.database.reading() as session, office.house.vault.reading() as vault:
        number = catalogue.dataset_named(session, dataset).number
        return catalogue.kept_version(session, vault, number, version).subjects


def test_the_next_delivery_does_not_bring_a_forgotten_person_back(office: Office, tmp_path: Path) -> None:
    with_people(office, tmp_path)
    asked_to_be_forgotten(office)
    wishes(office)

    second = small_city.write_trips(tmp_path / "t2.sqlite", PEOPLE, day=2)
    office.deliver("trips", second, table="trips")

    assert enrolled(office, "1") == []
    assert with_rows(office, "trips", 2) == PEOPLE - 1


def test_who_comes_back_by_her_own_wish_is_counted_again(office: Office, tmp_path: Path) -> None:
    use_case = with_people(office, tmp_path)
    asked_to_be_forgotten(office)
    wishes(office)

    office.say_yes(use_case, "1")
    office.pump()
    second = small_city.write_trips(tmp_path / "t2.sqlite", PEOPLE, day=2)
    office.deliver("trips", second, table="trips")
    wishes(office)

    assert len(enrolled(office, "1")) == 1
    assert with_rows(office, "trips", 2) == PEOPLE


def test_a_backup_from_before_an_erasure_is_erased_again_at_the_next_start(
    office: Office, tmp_path: Path
) -> None:
    with_people(office, tmp_path)
    folder, town = office.house.folder, office.town
    assert office.house.forget_deleted()  # so that the files are whole without their logs
    backup = tmp_path / "backup"
    shutil.copytree(folder / "versions", backup / "versions")
    for name in ("stoa.db", "vault.db"):
        shutil.copy(folder / name, backup / name)
    asked_to_be_forgotten(office)
    wishes(office)
    office.house.close()
    for old in [*folder.glob("stoa.db*"), *folder.glob("vault.db*")]:
        old.unlink()
    shutil.copytree(backup, folder, dirs_exist_ok=True)
    restored = House.of(town.city, folder)
    with restored.vault.reading() as vault:
        assert vault.scalar(select(SubjectRow.index).where(SubjectRow.key == "1")) is not None

    Wishes(restored, NoRegister()).step()

    with restored.vault.reading() as vault:
        assert vault.scalar(select(SubjectRow.index).where(SubjectRow.key == "1")) is None
        (again,) = vault.scalars(select(ErasureRow))
        assert again.done_at is not None
    restored.close()


def test_the_list_of_the_forgotten_names_nobody(tmp_path: Path) -> None:
    forgotten = Forgotten(tmp_path / "list")
    forgotten.add(("person", "anna-4711"), 7)
    forgotten.add(("person", "anna-4711"), 7)
    other = Forgotten(tmp_path / "other")
    other.add(("person", "anna-4711"), 7)

    kept = (tmp_path / "list" / "people").read_bytes()

    assert kept.count(b"\n") == 1
    assert b"4711" not in kept
    assert kept != (tmp_path / "other" / "people").read_bytes()
    assert forgotten.reader().holds(("person", "anna-4711"), None)
    assert forgotten.reader().holds(("person", "anna-4711"), 7)
    assert not forgotten.reader().holds(("person", "anna-4711"), 8)
    assert not forgotten.reader().holds(("home", "anna-4711"), 7)


def test_a_line_that_a_crash_cut_off_is_written_again(tmp_path: Path) -> None:
    forgotten = Forgotten(tmp_path / "list")
    forgotten.add(("person", "anna"), 7)
    people = tmp_path / "list" / "people"
    people.write_bytes(people.read_bytes()[:-5])

    forgotten.add(("person", "anna"), 7)

    assert forgotten.reader().holds(("person", "anna"), 7)
