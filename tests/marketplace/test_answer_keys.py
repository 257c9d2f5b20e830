"""What names an answer, that it is the same every time, and that somebody can be forgotten afterwards."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from stoa_audit.audit import Task, verify
from stoa_audit.node import Node
from stoa_audit.report import Exit, Status

from ledger.abi import Event, LogFields
from ledger.bindings import LeafErased, VersionPublished
from ledger.digests import canonical, hexed, keccak, sha256
from ledger.enums import Class
from ledger.tree import OrderedTree
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.tables import LeafSaltRow, SubjectRow
from marketplace.catalogue.version_file import subject_digests
from marketplace.consent import erasure
from marketplace.consent.wishes import Wishes
from marketplace.orders import queries
from marketplace.orders.tables import ReleaseRow
from marketplace.provenance import bundle
from marketplace.registrar import service as registrar
from tests import small_city
from tests.marketplace.crowd import all_say_yes
from tests.office import Office
from tests.town import Town

PEOPLE = 60


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    town = Town.found()
    office = Office(town, tmp_path / "city")
    office.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    )
    office.dataset(
        small_city.document(small_city.TRIPS),
        small_city.write_trips(tmp_path / "t.sqlite", PEOPLE),
        table="trips",
    )
    office.register("person", small_city.person_keys(PEOPLE))
    office.join("lab", Class.COMMERCIAL)
    office.fund("lab")
    yield office
    office.close()
    town.devnet.close()


def open_use_case(office: Office, routine: dict) -> tuple[int, dict]:
    """Its licence, and the codes of everybody's consents."""
    use_case = office.apply("lab", small_city.document(routine))
    office.allow(use_case)
    codes = all_say_yes(office, use_case, small_city.person_keys(PEOPLE))
    office.town.set_tariff(use_case)
    office.anchor()
    return office.buy_licence("lab", use_case), codes


def answered(office: Office, licence: int, **asked: object) -> tuple[str, bytes]:
    """What names the answer, and the answer."""
    id_ = office.order("lab", licence, **asked)
    office.pump(analysis=True)
    with office.house.vault.reading() as vault:
        named = vault.scalars(select(ReleaseRow.answer).where(ReleaseRow.order == id_)).one()
    return named, office.result("lab", id_)


def test_an_answer_is_named_by_canonical_routine_versions_and_consents(
    office: Office, tmp_path: Path
) -> None:
    licence, codes = open_use_case(office, small_city.TRAVEL)

    first, again = answered(office, licence), answered(office, licence)
    office.deliver("trips", small_city.write_trips(tmp_path / "t2.sqlite", PEOPLE, day=2), table="trips")
    next_day = answered(office, licence)
    for key in list(codes)[:8]:
        office.stop(codes[key])
    office.deliver("trips", small_city.write_trips(tmp_path / "t3.sqlite", PEOPLE, day=3), table="trips")
    after_stops = answered(office, licence)

    assert first == again
    assert len({first[0], next_day[0], after_stops[0]}) == 3
    with office.house.database.reading() as session:
        roots = [order.consent_root for order in queries.orders_of(session, office.town.keys["lab"].address)]
    routine = json.loads(after_stops[1])["routine"]
    assert len(set(roots)) == 2
    assert {first[0], next_day[0], after_stops[0]} == {
        sha256(canonical({"routine": routine, "versions": versions, "consents": hexed(root)})).hex()
        for versions, root in (
            ({"persons": 1, "trips": 1}, roots[0]),
            ({"persons": 1, "trips": 2}, roots[0]),
            ({"persons": 1, "trips": 3}, roots[-1]),
        )
    }


def test_a_routine_written_in_another_order_is_the_same_routine(office: Office) -> None:
    turned = {
        name: list(reversed(value)) if name in {"sources", "dimensions"} else value
        for name, value in reversed(small_city.TRAVEL.items())
    }

    (_, one), (_, other) = (
        answered(office, open_use_case(office, routine)[0]) for routine in (small_city.TRAVEL, turned)
    )

    assert json.dumps(turned) != json.dumps(small_city.TRAVEL)
    assert one == other


@pytest.fixture
def forgotten(office: Office, tmp_path: Path) -> str:
    """Person 7 was counted on the first day, and was forgotten afterwards."""
    licence, _ = open_use_case(office, small_city.TRAVEL)
    answered(office, licence)
    person = ("person", "7")
    with office.registry.writing() as session:
        letter = registrar.write_letter(session, kind="person", key="7")
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        erasure.begin(session, vault, letter=letter, person=person)
    wishes = Wishes(office.house, Register(office))
    for _ in range(3):
        wishes.step()
        office.pump()
    assert erasure.unfinished(office.house) == []
    return "7"


class Register:
    """The registrar's office across the corridor."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def forget(self, letter: str) -> bool:
        with self._office.registry.writing() as session:
            person = registrar.person_of_letter(session, letter)
            return registrar.forget(session, kind=person.kind, key=person.key) > 0


def test_the_version_of_somebody_who_was_forgotten_still_has_its_published_root(
    office: Office, forgotten: str
) -> None:
    """Her leaf is on the ledger; everybody else's is computed again from what is left of the rows."""
    published = {(one.dataset, one.version): one for one in occurred(office, VersionPublished)}
    erased = {(one.dataset, one.version): one.leaf for one in occurred(office, LeafErased)}
    assert set(erased) == set(published)
    for (dataset, version), hers in erased.items():
        with office.house.database.reading() as session, office.house.vault.reading() as vault:
            description = catalogue.dataset(session, dataset).description
            kept = catalogue.kept_version(session, vault, dataset, version)
            of_version = select(LeafSaltRow).where(
                LeafSaltRow.dataset == dataset, LeafSaltRow.version == version
            )
            salts = {row.subject: row.salt for row in vault.scalars(of_version)}
            assert forgotten not in set(vault.scalars(select(SubjectRow.key)))
        rest = dict(subject_digests(description, office.house.versions / kept.name, kept.key))

        leaves = [keccak(salts[subject] + digest) for subject, digest in rest.items()]

        assert len(rest) == PEOPLE - 1
        assert OrderedTree(leaves).root != published[dataset, version].root
        assert OrderedTree([*leaves, hers]).root == published[dataset, version].root


@pytest.mark.usefixtures("forgotten")
def test_the_audit_is_green_after_somebody_was_forgotten(office: Office, tmp_path: Path) -> None:
    office.anchor()
    bundle.export(office.house, office.town.node, tmp_path / "bundle")

    node, city = Node(office.town.devnet.rpc), office.town.city.digest
    verdict = verify(Task(tmp_path / "bundle", node, city=city))

    others = {one.id: (one.finding, one.gap) for one in verdict.checks.values() if one.status != Status.HOLDS}
    assert others == {}
    assert verdict.exit is Exit.HOLDS
    assert verdict["datasets.erased"].count == 2


def occurred(office: Office, kind: type[Event]) -> list[Any]:
    addresses = list(office.town.city.addresses.values())
    logs = office.town.node.logs_about(addresses, [kind.topic_zero()])
    return [kind.decoded(LogFields(log.topics, log.data)) for log in logs]
