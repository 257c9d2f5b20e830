"""Citizens' requests with their clock, and the records that the law asks for: on pages and as files."""

import time
from collections.abc import Iterator

import pytest

from ledger.enums import Class
from marketplace.consent import erasure
from marketplace.consent.requests import a_month_after
from marketplace.consent.tables import ErasureRow
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.town import Town
from tests.web.city import WebCity
from tests.web.office_pages import Otto

HOSTILE = "</bdi><script>alert(1)</script>"
DAY = 86_400


@pytest.fixture(scope="module")
def otto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Otto]:
    """Lab's first use case is allowed, its second is not decided, and bikes are nobody's."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("records")
    city = WebCity(town, folder, admitted_classes=tuple(Class))
    city.lab_asks()
    office = city.office
    bikes = small_city.write_bikes(folder / "bikes.csv")
    office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    office.apply("Lab", small_city.document(small_city.TRAVEL), optional=frozenset({"trips"}))
    yield Otto.enters(city)
    city.close()
    town.devnet.close()


def test_a_request_has_its_clock_is_told_when_late_and_stays_listed_when_done(otto: Otto) -> None:
    house = otto.city.office.house
    assert "Nobody waits for an answer." in otto.read("/city/requests")
    assert "None has been carried out yet." in otto.read("/city/requests")

    with house.database.writing() as session, house.vault.writing() as vault:
        id_ = erasure.begin(session, vault, letter=None, person=("person", "3"))
        asked = vault.get_one(ErasureRow, id_).asked_at
    said = otto.read("/city/requests")
    assert "full days" in said
    assert f"{(a_month_after(asked) - int(time.time())) // DAY} full days" in said
    assert "It goes on by itself" in said
    assert 'href="/city/requests"' in otto.browser.get("/city").text
    assert id_.hex() not in otto.browser.get("/city/requests").text

    with house.vault.writing() as vault:
        vault.get_one(ErasureRow, id_).asked_at -= 40 * DAY
    assert "late" in otto.read("/city/requests")

    otto.city.pump()
    said = otto.read("/city/requests")
    assert "Nobody waits for an answer." in said
    assert "Done on" in said


def test_records_name_every_allowed_use_and_every_dataset_about_people(otto: Otto) -> None:
    said = otto.read("/city/records")
    assert 'data-activity="1"' in otto.browser.get("/city/records").text
    assert 'data-activity="2"' not in otto.browser.get("/city/records").text
    assert "Lab" in said
    assert "fewer than 10" in said
    assert "The data protection officer, and how to reach her." in said
    assert "Bikes counted at the bridge" not in said

    answer = otto.browser.get("/city/records.json")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert [one["useCase"] for one in document["activities"]] == [1]
    assert document["activities"][0]["consents"] == "fewer than 10"
    assert document["activities"][0]["recipient"]["name"] == "Lab"
    assert {one["name"] for one in document["holdings"]} == {"persons", "trips"}
    assert all(one["erasable"] for one in document["holdings"])
    assert document["controllers"]
    assert "officer" in document["open"]


def test_an_impact_assessment_is_drafted_before_the_decision_and_says_what_is_open(otto: Otto) -> None:
    said = otto.read("/city/records/2")
    assert "This is a draft." in said
    assert "Nobody has assessed it yet" in said
    assert "It is not decided yet." in said
    assert "Whether the authority must be asked first (art. 36)." in said

    otto.press("/city/use-cases/2", "/city/use-cases/2/assessment", k="5")
    assert "each must say yes first" in otto.read("/city/records/2")
    document = otto.browser.get("/city/records/2.json").json()
    assert document["risks"]["verdict"] in {"deny", "allow_under_conditions", "allow"}
    assert document["decision"] is None
    assert document["description"]["data"][1]["optional"] is True
    decided = otto.browser.get("/city/records/1.json").json()["decision"]
    assert decided["allowed"] is True


def test_words_and_numbers_cannot_harm_and_strangers_see_nothing(otto: Otto) -> None:
    for path in ("/city/records/99", "/city/records/99.json", "/city/records/0", "/city/records/x.json"):
        assert otto.browser.get(path).status_code in {404, 422}
    stranger = otto.city.browser()
    for path in ("/city/requests", "/city/records", "/city/records.json", "/city/records/1.json"):
        answer = stranger.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/city/enter")

    office = otto.city.office
    number = office.apply("Lab", small_city.document(small_city.TRAVEL))
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, number, allowed=False, reason=HOSTILE)
    otto.city.pump()
    assert HOSTILE not in otto.browser.get(f"/city/records/{number}").text
    assert HOSTILE in otto.read(f"/city/records/{number}")
    assert otto.browser.get(f"/city/records/{number}.json").json()["decision"]["reason"] == HOSTILE


@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_page_is_said_in_each_language(otto: Otto, language: str) -> None:
    browser = Otto.enters(otto.city, language=language).browser
    for path in ("/city/requests", "/city/records", "/city/records/1"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert f'lang="{language}"' in answer.text
