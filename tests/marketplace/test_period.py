"""A use case may be of some days of the data: its notice says which, and its run reads no other row."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.bindings import Application
from ledger.digests import canonical, sha256
from ledger.enums import Class
from ledger.typed_data import application_digest, signed
from marketplace.analysis.period import NoTimeColumnError, Period
from marketplace.use_cases import queries
from marketplace.use_cases import service as use_cases
from marketplace.use_cases.decisions import closest_report
from marketplace.use_cases.purposes import purpose_named
from marketplace.use_cases.service import DocumentMismatchError, WrongPeriodError
from tests.office import Office
from tests.small_city import COMMON, PERSONS, document, person_keys, write_persons

MARCH = Period.of_days(date(2026, 3, 1), date(2026, 3, 31))
RIDES: dict[str, Any] = {
    **COMMON,
    "name": "rides",
    "title": "Rides",
    "called": {"en": "the rides", "de": "die Fahrten"},
    "topic": "mobile",
    "source": "csv",
    "subject": {"column": "person_id", "kind": "person"},
    "one_row_per": None,
    "columns": [
        {
            "name": "at",
            "type": "timestamp",
            "from": "2026-01-01T00:00:00Z",
            "until": "2027-01-01T00:00:00Z",
        }
    ],
    "dimensions": [{"name": "at", "column": "at", "kind": "time", "grains": ["month"]}],
}
RIDES_ALTOGETHER = {
    "v": 1,
    "sources": ["rides"],
    "joins": [],
    "measures": {"source": "rides", "of": [{"kind": "rows"}]},
    "dimensions": [],
    "filters": [],
}
MOMENTS = (
    "2026-02-28T23:59:59Z",
    "2026-03-01T00:00:00Z",
    "2026-03-31T23:59:59Z",
    "2026-04-01T00:00:00Z",
)
PEOPLE = 12


def write_rides(path: Path) -> Path:
    """One ride of everybody at each moment."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person_id", "at"])
        out.writerows([key, moment] for key in person_keys(PEOPLE) for moment in MOMENTS)
    return path


@pytest.fixture
def with_rides(office: Office, tmp_path: Path) -> Office:
    office.dataset(document(RIDES), write_rides(tmp_path / "rides.csv"))
    office.join("lab", Class.COMMERCIAL)
    return office


def answered(office: Office, use_case: int) -> list[list[int] | None]:
    office.allow(use_case)
    office.register("person", person_keys(PEOPLE))
    for key in person_keys(PEOPLE):
        office.say_yes(use_case, key)
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    order = office.order("lab", office.buy_licence("lab", use_case))
    office.pump(analysis=True)
    return json.loads(office.result("lab", order))["cells"]


def test_a_run_reads_the_rows_of_its_days_alone(with_rides: Office) -> None:
    use_case = with_rides.apply("lab", document(RIDES_ALTOGETHER), period=MARCH)
    assert answered(with_rides, use_case) == [[2 * PEOPLE]]


def test_without_a_period_a_run_reads_everything(with_rides: Office) -> None:
    use_case = with_rides.apply("lab", document(RIDES_ALTOGETHER))
    assert answered(with_rides, use_case) == [[len(MOMENTS) * PEOPLE]]


def test_the_period_is_on_the_ledger_and_in_the_sentence(with_rides: Office) -> None:
    use_case = with_rides.apply("lab", document(RIDES_ALTOGETHER), period=MARCH)
    with_rides.allow(use_case)
    with with_rides.house.database.reading() as session:
        assert queries.use_case(session, use_case).period == MARCH
        told = {one.language: one.statement for one in queries.notices(session, use_case)}
    assert "the rides from 2026-03-01 to 2026-03-31 about me" in told["en"]
    assert "die Fahrten vom 2026-03-01 bis zum 2026-03-31 über mich" in told["de"]


def test_an_assessment_is_of_the_days_asked_for(with_rides: Office) -> None:
    whole = with_rides.apply("lab", document(RIDES_ALTOGETHER))
    nothing = Period.of_days(date(2026, 5, 1), date(2026, 5, 31))
    empty = with_rides.apply("lab", document(RIDES_ALTOGETHER), period=nothing)

    of_whole, of_empty = (use_cases.assess(with_rides.house, one) for one in (whole, empty))

    assert of_whole.figures is not None
    assert of_empty.figures is not None
    assert (of_whole.figures.people, of_empty.figures.people) == (PEOPLE, 0)
    with with_rides.house.database.reading() as session:
        for number, report in ((whole, of_whole), (empty, of_empty)):
            found = closest_report(session, queries.use_case(session, number))
            assert found == json.loads(report.canonical)


def test_rows_without_a_time_have_no_period(office: Office, tmp_path: Path) -> None:
    office.dataset(document(PERSONS), write_persons(tmp_path / "p.csv", PEOPLE))
    office.join("lab", Class.COMMERCIAL)
    by_district = {
        **RIDES_ALTOGETHER,
        "sources": ["persons"],
        "measures": {"source": "persons", "of": [{"kind": "people"}]},
    }
    with pytest.raises(NoTimeColumnError, match="persons"):
        office.apply("lab", document(by_district), period=MARCH)


@pytest.mark.parametrize(
    "period", [Period(1, 86_400), Period(86_400, 86_400), Period(86_400, 0), Period(0, 2**40 - 1)]
)
def test_a_period_is_whole_days(with_rides: Office, period: Period) -> None:
    with pytest.raises(WrongPeriodError):
        with_rides.apply("lab", document(RIDES_ALTOGETHER), period=period)


def prepared_for_march(office: Office) -> use_cases.Prepared:
    request = use_cases.Request(
        applicant=office.town.numbers["lab"],
        purpose=purpose_named("ImproveTransportMobility"),
        routine=document(RIDES_ALTOGETHER),
        minimum_cohort=10,
        longest_days=90,
        retention_days=90,
        period=MARCH,
    )
    with office.house.database.reading() as session:
        return use_cases.prepare(session, request)


def applies(office: Office, form: Application, documents: dict[str, Any]) -> None:
    """Past `prepare`, with a good signature: whoever writes the form himself."""
    digest = application_digest(office.house.city.domains.use_cases, form)
    signature = signed(office.town.keys["lab"], digest)
    with office.house.database.writing() as session:
        use_cases.apply(session, office.house, form=form, documents=documents, signature=signature)


def test_the_scope_names_the_days_that_were_signed(with_rides: Office) -> None:
    prepared = prepared_for_march(with_rides)
    del prepared.documents["scope"]["period"]
    form = prepared.form._replace(scope=sha256(canonical(prepared.documents["scope"])))
    with pytest.raises(DocumentMismatchError, match="other days"):
        applies(with_rides, form, prepared.documents)


def test_a_signed_period_is_whole_days_too(with_rides: Office) -> None:
    prepared = prepared_for_march(with_rides)
    with pytest.raises(WrongPeriodError):
        applies(with_rides, prepared.form._replace(data_until=MARCH.ends_at - 1), prepared.documents)


def test_the_datasets_that_were_signed_are_the_routines(with_rides: Office, tmp_path: Path) -> None:
    persons = with_rides.dataset(document(PERSONS), write_persons(tmp_path / "p.csv", PEOPLE))
    prepared = prepared_for_march(with_rides)
    (rides,) = prepared.form.sources
    more = prepared.form._replace(sources=[rides, rides._replace(dataset=persons)])
    with pytest.raises(DocumentMismatchError, match="not those of its routine"):
        applies(with_rides, more, prepared.documents)
