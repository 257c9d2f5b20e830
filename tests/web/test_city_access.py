"""The access log and what a dataset touched: records with refusals, filters, a file, and small counts untold."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from ledger.enums import Class
from marketplace.orders.queries import UnknownOrderError
from tests import small_city
from tests.town import Town
from tests.web.city import WebCity
from tests.web.office_pages import Otto, plain

YES = 60


@pytest.fixture(scope="module")
def otto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Otto]:
    """60 of 80 people said yes to Lab, which has a result; Mallory asked for it and was refused. Bikes are public."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("access")
    city = WebCity(town, folder)
    office = city.office
    number = city.lab_asks(people=80)
    office.join("Mallory", Class.COMMERCIAL)
    bikes = small_city.write_bikes(folder / "b.csv")
    office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    for one in range(1, YES + 1):
        office.say_yes(number, str(one))
    office.pump()
    office.town.set_tariff(number)
    office.anchor()
    office.fund("Lab")
    order = office.order("Lab", office.buy_licence("Lab", number))
    city.pump(analysis=True)
    office.result("Lab", order)
    with pytest.raises(UnknownOrderError):
        office.result("Mallory", order)
    yield Otto.enters(city)
    city.close()
    town.devnet.close()


def at(hours: int) -> str:
    """What a time input sends for so many hours from now."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def rows(otto: Otto, address: str) -> list[dict[str, str]]:
    answer = otto.browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(answer.text)))


def test_the_log_shows_who_did_what_with_refusals_marked(otto: Otto) -> None:
    answer = otto.browser.get("/city/access")
    said = plain(answer)
    assert "Lab asked for a result served" in said
    assert "Mallory asked for a result refused" in said
    assert 'class="refused" data-outcome="refused"' in answer.text
    assert "improve transport" in said


def test_filters_hold_together_and_the_file_has_the_same_records(otto: Otto) -> None:
    everything = rows(otto, "/city/access.csv")
    assert [int(one["number"]) for one in everything] == list(range(len(everything)))[::-1]
    assert {one["who"] for one in everything} >= {"participant:1", "role:analysis"}

    refused = rows(otto, "/city/access.csv?outcome=refusals&use_case=1&dataset=trips")
    assert [(one["did"], one["outcome"]) for one in refused] == [("serve-result", "refused")]
    assert refused[0]["purpose"] == "ImproveTransportMobility"
    assert "Mallory" in otto.read("/city/access?outcome=refusals&use_case=1&dataset=trips")
    assert {one["datasets"] for one in rows(otto, "/city/access.csv?dataset=bikes")} == {"bikes/1"}
    assert "No record fits." in otto.read("/city/access?use_case=77")


@pytest.mark.parametrize("asked", ["dataset=nothing", "use_case=x", "use_case=0", "before=-1"])
def test_filters_that_mean_nothing_are_told(otto: Otto, asked: str) -> None:
    for address in (f"/city/access?{asked}", f"/city/access.csv?{asked}"):
        answer = otto.browser.get(address)
        assert answer.status_code in {404, 422}
        assert "<h1>" in answer.text


def test_a_dataset_touched_consents_people_and_a_result_between_two_times(otto: Otto) -> None:
    said = otto.read(f"/city/touched?dataset=trips&begin={at(-1)}&end={at(1)}")
    assert f"Consents {YES} People {YES} Results that left the city 1" in said
    assert "computed an answer" in said

    earlier = otto.read(f"/city/touched?dataset=trips&begin={at(-3)}&end={at(-2)}")
    assert "Consents fewer than 10 People fewer than 10 Results that left the city 0" in earlier
    assert "Nothing touched it in that time." in earlier

    bikes = otto.read(f"/city/touched?dataset=bikes&begin={at(-1)}&end={at(1)}")
    assert "Consents 0 People 0" in bikes
    assert "delivered data" in bikes


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("", ""),
        ("yesterday", "today"),
        ("2026-11-25T10:00", "2026-11-25T10:00"),
        ("9999-12-31T23:59", "0001-01-01T00:00"),
    ],
)
def test_times_that_are_none_are_told(otto: Otto, begin: str, end: str) -> None:
    answer = otto.browser.get("/city/touched", params={"dataset": "trips", "begin": begin, "end": end})
    assert answer.status_code == 422
    assert "A time is missing" in plain(answer)


def test_before_anything_is_asked_the_page_only_asks(otto: Otto) -> None:
    assert "Consents" not in otto.read("/city/touched").split("Show")[1]
