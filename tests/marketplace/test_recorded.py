"""Every access has a record before its first byte, refusals and failures included."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, func, select

from ledger.digests import hexed
from ledger.enums import Class
from marketplace.analysis.routine import parse_routine
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.catalogue.sources import IngestError
from marketplace.disclosure import assessment
from marketplace.orders import queries
from marketplace.orders.queries import UnknownOrderError
from marketplace.orders.service import ResultDestroyedError
from marketplace.orders.tables import ResultKeyRow
from marketplace.provenance import bundle
from marketplace.provenance.tables import AccessRow, AnchorRow
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.office import Office
from tests.town import Town

PEOPLE = 40
NOBODY_SAW_IT = parse_routine(small_city.document(small_city.BY_AGE_AND_ZONE))
WISH = assessment.Application(k=10, days=90)


@pytest.fixture
def office(town: Town, tmp_path: Path):
    made = Office(town, tmp_path / "city")
    made.dataset(
        small_city.document(small_city.PERSONS), small_city.write_persons(tmp_path / "p.csv", PEOPLE)
    )
    trips = small_city.write_trips(tmp_path / "t.sqlite", PEOPLE)
    made.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    yield made
    made.close()


def recorded(office: Office, did: str) -> list[dict[str, Any]]:
    with office.house.database.reading() as session:
        entries = session.scalars(select(AccessRow.entry).order_by(AccessRow.number)).all()
    return [entry for entry in map(orjson.loads, entries) if entry["did"] == did]


def outcomes(office: Office, did: str) -> list[str]:
    return [entry["outcome"] for entry in recorded(office, did)]


def instead(monkeypatch: pytest.MonkeyPatch, what: Callable[[], None]) -> None:
    """Do `what` at the moment when an assessment would read its first row."""
    real = assessment.assess

    def assess(*arguments: Any, **named: Any) -> assessment.Report:
        what()
        return real(*arguments, **named)

    monkeypatch.setattr(assessment, "assess", assess)


def test_assessing_a_routine_that_nobody_applied_with_is_on_record_before_it_reads(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[str] = []
    instead(monkeypatch, lambda: before.extend(outcomes(office, "assess")))

    report = use_cases.assess_routine(office.house, NOBODY_SAW_IT, WISH)

    assert before == ["started"]
    assert outcomes(office, "assess") == ["started", report.verdict.value]
    assert recorded(office, "assess")[0]["datasets"] == ["persons/1", "trips/1"]


def test_an_assessment_that_fails_is_on_record(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise MemoryError

    instead(monkeypatch, fail)

    with pytest.raises(MemoryError):
        use_cases.assess_routine(office.house, NOBODY_SAW_IT, WISH)

    assert outcomes(office, "assess") == ["started", "failed"]


def test_others_write_while_a_use_case_is_assessed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.join("lab", Class.COMMERCIAL)
    number = office.apply("lab", small_city.document(small_city.TRAVEL))
    # Whoever waits for the one writer here waits in vain, and fails.
    instead(monkeypatch, office.anchor)

    use_cases.assess(office.house, number)

    assert [entry["useCase"] for entry in recorded(office, "assess")] == [number, number]


def with_an_answer(office: Office, folder: Path) -> bytes:
    """An order of Lab's that is settled."""
    bikes = small_city.write_bikes(folder / "b.csv")
    office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    office.join("lab", Class.COMMERCIAL)
    number = office.apply("lab", small_city.document(small_city.BIKES_BY_HOUR), minimum_cohort=0)
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, number, allowed=True, reason="Nobody is in it.")
    office.pump()
    office.town.set_tariff(number)
    office.fund("lab")
    office.anchor()
    id_ = office.order("lab", office.buy_licence("lab", number))
    office.pump(analysis=True)
    return id_


def test_what_a_run_recorded_is_anchored_before_its_settlement(office: Office, tmp_path: Path) -> None:
    id_ = with_an_answer(office, tmp_path)
    with office.house.database.reading() as session:
        settled_in = queries.order(session, id_).ended_in
        anchored = session.scalar(select(func.max(AnchorRow.size)).where(AnchorRow.anchored_in <= settled_in))

    runs = [entry for entry in recorded(office, "run") if entry["order"] == hexed(id_)]
    assert [entry["outcome"] for entry in runs] == ["started", "sealed"]
    assert anchored is not None
    assert all(entry["number"] < anchored for entry in runs)


def test_asking_for_anothers_result_is_on_record_as_refused(office: Office, tmp_path: Path) -> None:
    id_ = with_an_answer(office, tmp_path)
    mallory = office.join("mallory", Class.COMMERCIAL)

    with pytest.raises(UnknownOrderError):
        office.result("mallory", id_)

    (entry,) = recorded(office, "serve-result")
    assert (entry["who"], entry["outcome"]) == (f"participant:{mallory}", "refused")
    assert entry["order"] == "0x" + id_.hex()


def test_a_result_whose_key_is_destroyed_is_not_on_record_as_served(office: Office, tmp_path: Path) -> None:
    id_ = with_an_answer(office, tmp_path)
    office.result("lab", id_)
    with office.house.vault.writing() as vault:
        vault.execute(delete(ResultKeyRow))

    with pytest.raises(ResultDestroyedError):
        office.result("lab", id_)

    assert outcomes(office, "serve-result") == ["served", "gone"]


def test_a_delivery_that_is_refused_is_on_record_as_refused(office: Office, tmp_path: Path) -> None:
    """Its rows were read, though nothing of them was taken."""
    broken = small_city.write_persons(tmp_path / "broken.csv", PEOPLE)
    broken.write_text(broken.read_text().replace("\n1,", "\n1,9999", 1))

    with (
        pytest.raises(IngestError),
        datasets.recording_refusals(office.house, who="role:operator", dataset="persons"),
    ):
        office.deliver("persons", broken)

    last = recorded(office, "publish-version")[-1]
    assert (last["who"], last["outcome"], last["datasets"]) == ("role:operator", "refused", ["persons"])
    with office.house.database.reading() as session:
        assert catalogue.dataset_named(session, "persons").versions == 1


def test_publishing_versions_and_exporting_the_bundle_are_on_record(office: Office, tmp_path: Path) -> None:
    assert [entry["datasets"] for entry in recorded(office, "publish-version")] == [
        ["persons/1"],
        ["trips/1"],
    ]

    bundle.export(office.house, office.town.node, tmp_path / "bundle")

    assert outcomes(office, "export-bundle") == ["started", "exported"]
    entries = (tmp_path / "bundle" / "journal" / "entries.jsonl").read_bytes().splitlines()
    assert orjson.loads(entries[-1])["did"] == "export-bundle"
