"""Datasets, tariffs and organisations: each act asks first, shows what it changes, and happens once."""

from collections.abc import Iterator

import pytest

from ledger.enums import Class, Status
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.licences import queries as licences
from marketplace.participants import queries as participants
from tests import small_city
from tests.http.trade import open_bikes
from tests.town import Town
from tests.web.city import WebCity
from tests.web.office_pages import Otto, plain

TARIFF = {
    "class": "commercial",
    "meter": "run",
    "licence": "250",
    "unit": "12.50",
    "days": "30",
    "quota": "5",
}


@pytest.fixture(scope="module")
def otto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Otto]:
    """Lab bought a licence and an answer about bikes, at 100 and 10 credits; Joe has joined, and waits."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("rules")
    city = WebCity(town, folder)
    office = city.office
    open_bikes(city.http, folder)
    office.join("Lab", Class.COMMERCIAL)
    office.fund("Lab")
    number = office.apply("Lab", small_city.document(small_city.BIKES_BY_HOUR))
    city.pump()
    office.order("Lab", office.buy_licence("Lab", number))
    city.pump(analysis=True)
    made = Otto.enters(city)
    yield made
    city.close()
    town.devnet.close()


def status(otto: Otto, number: int) -> Status:
    with otto.city.office.house.database.reading() as session:
        return participants.by_number(session, number).status


def test_an_organisation_is_frozen_after_a_question_and_let_go_on(otto: Otto) -> None:
    number = otto.city.office.join("Mallory", Class.COMMERCIAL)
    page = f"/city/participants/{number}"
    assert "Mallory" in otto.read("/city/participants")

    before = otto.messages()
    asked = otto.press(page, f"{page}/freeze", reason="It passed results on.")
    assert "Freeze Mallory?" in plain(asked)
    assert otto.messages() == before
    assert "On its way to the ledger" in plain(otto.confirm(asked))
    assert otto.confirm(asked).status_code == 409
    otto.city.pump()
    assert status(otto, number) is Status.FROZEN
    assert otto.confirm(asked).status_code == 409
    assert otto.messages() == before + 1

    otto.confirm(otto.press(page, f"{page}/unfreeze", reason="It has deleted them."))
    otto.city.pump()
    assert status(otto, number) is Status.ACTIVE


def test_one_that_joined_is_admitted_after_a_question(otto: Otto) -> None:
    office = otto.city.office
    number = office.town.join("lab", Class.SUPPLIER, admit=False)
    office.projector.catch_up()
    page = f"/city/participants/{number}"
    assert page in otto.browser.get("/city").text
    otto.confirm(otto.press(page, f"{page}/admit"))
    office.pump()
    assert status(otto, number) is Status.ACTIVE


def test_freezing_the_city_itself_is_warned_of(otto: Otto) -> None:
    asked = otto.press("/city/participants/1", "/city/participants/1/freeze", reason="A drill.")
    assert "This is the city itself." in plain(asked)


@pytest.mark.parametrize("reason", ["", " ", "a\u202eb", "x" * 501])
def test_a_freeze_without_a_reason_that_can_be_published_changes_nothing(otto: Otto, reason: str) -> None:
    page, before = "/city/participants/1", otto.messages()
    for action in (f"{page}/freeze", f"{page}/freeze/confirmed"):
        answer = otto.press(page, action, reason=reason)
        assert answer.status_code == 422
        assert "This sentence cannot be published" in plain(answer)
    assert otto.messages() == before
    assert otto.press(page, f"{page}/delete", reason="x").status_code == 404


def test_a_tariff_shows_its_effect_on_the_last_sales_before_it_is_set(otto: Otto) -> None:
    before = otto.messages()
    asked = otto.press("/city/tariffs", "/city/tariffs", **TARIFF)
    said = plain(asked)
    assert "1 10.00 credits 12.50 credits" in said
    assert "100.00 credits 250.00 credits" in said
    assert otto.messages() == before

    otto.confirm(asked)
    again = otto.confirm(asked)
    assert again.status_code == 409
    otto.city.pump()
    assert "250.00 credits" in otto.read("/city/tariffs")
    stale = otto.confirm(asked)
    assert stale.status_code == 409
    assert "Another tariff was set meanwhile" in plain(stale)
    assert otto.messages() == before + 1


def test_a_tariff_that_was_in_force_before_can_be_set_again(otto: Otto) -> None:
    for price in ("7", "8", "7"):
        otto.confirm(
            otto.press("/city/tariffs", "/city/tariffs", **{**TARIFF, "class": "supplier", "unit": price})
        )
        otto.city.pump()
    with otto.city.office.house.database.reading() as session:
        (found,) = [one for one in licences.tariffs_in_force(session) if one.class_ is Class.SUPPLIER]
    assert found.unit_price == 7_000_000


def test_other_units_are_priced_by_what_the_last_answers_would_have_counted(otto: Otto) -> None:
    said = plain(otto.press("/city/tariffs", "/city/tariffs", **{**TARIFF, "meter": "cell", "unit": "1"}))
    assert "24 10.00 credits at most 24.00 credits" in said


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"licence": "-1"}, "An amount is missing"),
        ({"unit": "1e5"}, "An amount is missing"),
        ({"unit": ""}, "An amount is missing"),
        ({"class": "city"}, "This kind of organisation is not taken"),
        ({"meter": "people"}, "Nothing is counted like that"),
        ({"days": "0"}, "A number is missing"),
        ({"quota": "4294967296"}, "A number is missing"),
        ({"payees": "1:9000, 2:2000"}, "Who shares in it cannot be read"),
        ({"payees": "999:10"}, "There is no such participant"),
        ({"use_case": "999"}, "There is no such use case"),
        ({"sharing_discount": "10001"}, "A number is missing"),
    ],
)
def test_a_tariff_that_cannot_be_meant_is_told_and_changes_nothing(
    otto: Otto, wrong: dict[str, str], told: str
) -> None:
    before = otto.messages()
    for action in ("/city/tariffs", "/city/tariffs/confirmed"):
        answer = otto.press("/city/tariffs", action, **{**TARIFF, **wrong})
        assert answer.status_code in {404, 422}
        assert told in plain(answer)
    assert otto.messages() == before


def test_two_persons_say_that_nobody_can_be_found_in_a_dataset(otto: Otto) -> None:
    office = otto.city.office
    quiet = small_city.document({**small_city.BIKES, "name": "bridge", "title": "The <b>bridge</b>"})
    number = office.dataset(quiet, small_city.write_bikes(otto.city.folder / "q.csv"))
    page = f"/city/datasets/{number}"
    assert page in otto.browser.get("/city").text
    assert "The <b>bridge</b>" in otto.read("/city/datasets")

    asked = otto.press(page, f"{page}/not-personal", reason="Counts of rides.")
    assert "once the second person has said the same" in plain(asked)
    otto.confirm(asked)
    assert otto.confirm(asked).status_code == 409
    office.pump()
    assert "stoa city not-personal bridge --reason 'Counts of rides.' --as deputy" in otto.read(page)

    with office.house.database.writing() as session:
        datasets.declare_not_personal(session, office.house, number, "Counts of rides.", operator="deputy")
    office.pump()
    with office.house.database.reading() as session:
        assert not catalogue.dataset(session, number).personal
    again = otto.confirm(asked)
    assert "Both have said so already" in plain(again)
