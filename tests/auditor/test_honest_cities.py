"""What the auditor says about cities where nothing is wrong: nothing is."""

from pathlib import Path

import pytest
from stoa_audit.report import Exit, Report, Status

from ledger.enums import Class, Ground
from marketplace.provenance import bundle
from tests import small_city
from tests.auditor.conftest import Audit, Honest
from tests.auditor.desk import Desk
from tests.office import Office
from tests.town import Town


def require_all_holds(report: Report) -> None:
    others = {
        check.id: (check.finding, check.gap)
        for check in report.checks.values()
        if check.status != Status.HOLDS
    }
    assert not others
    assert report.exit is Exit.HOLDS


def test_an_honest_city_passes_every_check(honest: Honest, audit: Audit) -> None:
    report = audit(honest.bundle, honest.ask)

    require_all_holds(report)
    assert report["consents.countersigned"].count == 14
    assert report["consents.ended"].count == 7
    assert report["orders.ended"].count == 6
    assert report["projection.consents"].count == 14
    assert report["projection.tombstones"].count == 1
    assert report["projection.refused_members"].count == 2
    assert report["datasets.erased"].count == 1


def test_every_kind_of_happening_is_in_the_honest_history(honest: Honest, audit: Audit) -> None:
    """So that no check holds because it had nothing to look at."""
    report = audit(honest.bundle, honest.ask)

    idle = [check.id for check in report.checks.values() if check.count == 0]

    assert not idle


def test_without_a_node_the_verdict_is_incomplete_and_says_why(honest: Honest, audit: Audit) -> None:
    report = audit(honest.bundle)

    assert report.exit is Exit.INCOMPLETE
    assert {check.id for check in report.gaps} == {
        "node.ledger",
        "node.headers",
        "node.logs",
        "node.state",
        "node.calls",
    }
    assert all(check.gap == "no node was named (--node URL)" for check in report.gaps)


def test_a_city_that_nobody_named_is_not_checked(honest: Honest, audit: Audit) -> None:
    """A digest that the city wrote itself is no expectation of anybody's."""
    report = audit(honest.bundle, honest.ask, city=None)

    assert [check.id for check in report.gaps] == ["city.file"]
    assert report.exit is Exit.INCOMPLETE


def test_what_is_not_audited_is_listed(honest: Honest, audit: Audit) -> None:
    report = audit(honest.bundle)

    assert "sealed (artefacts): all 5 columns" in report.not_audited
    assert "access_log (operations): order, use_case" in report.not_audited
    assert not any(entry.startswith("consents ") for entry in report.not_audited)


def test_the_acts_of_the_citys_own_people_are_listed(honest: Honest, audit: Audit) -> None:
    report = audit(honest.bundle)

    acts = {act["act"] for act in report.acts}
    assert {
        "ParticipantFrozen",
        "UseCaseDecided",
        "ConsentRevoked",
        "Paused",
        "LeafErased",
        "RoleGranted",
    } <= acts
    frozen = next(act for act in report.acts if act["act"] == "ParticipantFrozen")
    assert frozen["by"] == honest.town.keys["guardian"].address


def test_a_city_that_only_just_opened_passes(town: Town, desk: Desk, tmp_path: Path, audit: Audit) -> None:
    report = audit(desk.export(tmp_path / "bundle"), town.devnet.rpc)

    require_all_holds(report)


@pytest.fixture
def open_office(tmp_path: Path):
    town = Town.found()
    office = Office(town, tmp_path / "city")
    yield office
    office.close()
    town.devnet.close()


def test_a_city_that_uses_data_by_law_passes(open_office: Office, tmp_path: Path, audit: Audit) -> None:
    """Nobody consents where the ground is another: an empty cohort is no fault of the order."""
    office = open_office
    law = (("persons", Ground.PUBLIC_TASK), ("trips", Ground.PUBLIC_TASK))
    office.dataset(small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", 60))
    office.dataset(
        small_city.document(small_city.TRIPS),
        small_city.write_trips(tmp_path / "t.sqlite", 60),
        table="trips",
    )
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.TRAVEL), grounds=law, minimum_cohort=5)
    office.allow(use_case)
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    office.order("lab", office.buy_licence("lab", use_case))
    office.pump(analysis=True)

    bundle.export(office.house, office.town.node, tmp_path / "bundle")
    report = audit(tmp_path / "bundle", office.town.devnet.rpc)

    require_all_holds(report)
    assert report["orders.cohort"].count == 1


def test_a_city_run_by_its_own_services_passes(open_office: Office, tmp_path: Path, audit: Audit) -> None:
    """The whole house: delivered data, consents at the desk, an answer computed and settled, a change of mind."""
    office, people = open_office, 30
    office.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", people)
    )
    office.dataset(
        small_city.document(small_city.TRIPS),
        small_city.write_trips(tmp_path / "t.sqlite", people),
        table="trips",
    )
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.TRAVEL), minimum_cohort=5)
    office.allow(use_case)
    office.register("person", small_city.person_keys(people))
    papers = [office.say_yes(use_case, key) for key in small_city.person_keys(people)]
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    licence = office.buy_licence("lab", use_case)
    office.order("lab", licence)
    office.pump(analysis=True)
    office.stop(papers[0].code)
    office.order("lab", licence)
    office.pump(analysis=True)

    bundle.export(office.house, office.town.node, tmp_path / "bundle")
    report = audit(tmp_path / "bundle", office.town.devnet.rpc)

    require_all_holds(report)
    assert report["orders.statement"].count == 1
    assert report["notices.rendered"].count == 2
