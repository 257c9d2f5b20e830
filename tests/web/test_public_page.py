"""What everybody may see of the city's uses of data: the page, the feed, and the API say the same."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.enums import Class
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.town import Town
from tests.web.city import WebCity

K = 10
COUNTS = ("consents", "runs", "refusals")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebCity]:
    """Four uses: 1 with 60 yeses and a run, 2 with 9 yeses, 3 refused, 4 about bikes with a run."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("busy")
    city = WebCity(town, folder)
    office = city.office
    first = city.lab_asks(people=80)
    office.join("Transit", Class.PUBLIC_SERVICE)
    second = office.apply("Transit", small_city.document(small_city.TRAVEL))
    office.allow(second)
    third = office.apply("Lab", small_city.document(small_city.BY_AGE_AND_ZONE))
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, third, allowed=False, reason="Too fine.")
    office.dataset(
        small_city.document(small_city.BIKES), small_city.write_bikes(folder / "b.csv"), public=True
    )
    city.http.publish_rule()
    fourth = office.apply("Lab", small_city.document(small_city.BIKES_BY_HOUR))
    city.pump()
    for number in range(60):
        office.say_yes(first, str(number + 1))
    for number in range(K - 1):
        office.say_yes(second, str(number + 1))
    office.pump()
    office.anchor()
    office.fund("Lab")
    for use_case in (first, fourth):
        town.set_tariff(use_case)
        office.projector.catch_up()
        office.order("Lab", office.buy_licence("Lab", use_case))
    city.pump(analysis=True)
    yield city
    city.close()
    town.devnet.close()


def page(city: WebCity, language: str = "en") -> str:
    return city.browser(language=language).get("/").text


def feed(city: WebCity, language: str = "en") -> dict[str, Any]:
    answer = city.browser(language=language).get("/feed.json")
    assert answer.headers["content-type"] == "application/feed+json"
    return answer.json()


def cards(shown: str) -> dict[int, dict[str, str]]:
    """Per use what the page says under each heading."""
    found: dict[int, dict[str, str]] = {}
    for number, card in re.findall(r'id="use-(\d+)">(.*?)</article>', shown, re.DOTALL):
        facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", card, re.DOTALL)
        found[int(number)] = {
            name: html.unescape(" ".join(re.sub("<[^>]+>", " ", value).split())) for name, value in facts
        }
        found[int(number)]["state"] = re.findall(r'class="state s\d">(.*?)<', card)[0]
        found[int(number)]["text"] = " ".join(re.sub("<[^>]+>", " ", card).split())
    return found


def test_a_city_without_uses_says_so(city: WebCity) -> None:
    shown = page(city)

    assert "Nobody has applied for any data yet." in shown
    assert cards(shown) == {}
    assert feed(city)["items"] == []
    assert city.browser().get("/v1/transparency").json()["items"] == []
    assert "Noch hat niemand Daten beantragt." in page(city, "de")


def test_the_page_says_which_data_purpose_class_runs_refusals_and_fees(busy: WebCity) -> None:
    found = cards(page(busy))

    assert [found[number]["state"] for number in (1, 2, 3, 4)] == ["Allowed", "Allowed", "Refused", "Allowed"]
    assert found[1] | {"text": ""} == {
        "state": "Allowed",
        "text": "",
        "Data": "People (simulated; people's consent) Trips (simulated; people's consent)",
        "People who say yes": "60",
        "Answers given": "fewer than 10",
        "Refused or held back": "fewer than 10",
        "Fees": fees(busy, 1) + " credits",
    }
    assert "To improve transport" in found[1]["text"]
    assert "for a company" in found[1]["text"]
    assert "for a public service" in found[2]["text"]
    assert found[2]["People who say yes"] == "fewer than 10"
    assert found[2]["Fees"] == "0.00 credits"


def fees(city: WebCity, number: int) -> str:
    found = city.browser().get("/v1/transparency").json()["items"]
    return next(one["fees"] for one in found if one["use_case"] == number)


def test_fees_add_up_to_what_was_paid(busy: WebCity) -> None:
    contracts = busy.office.town.contracts
    paid = 1_000_000_000 - contracts.credit.balance_of(busy.office.town.keys["Lab"].address)
    credit = contracts.settlement.credits(busy.office.town.keys["Lab"].address)

    (total,) = re.findall(r"<dt>Fees in all</dt><dd>([\d.]+) credits</dd>", page(busy))

    assert total == f"{(paid - credit) / 1_000_000:.2f}"
    assert float(total) == sum(float(fees(busy, number)) for number in (1, 2, 3, 4)) > 0


def test_counts_of_things_are_exact(busy: WebCity) -> None:
    bikes = cards(page(busy))[4]

    assert bikes["People who say yes"] == "not about people"
    assert (bikes["Answers given"], bikes["Refused or held back"]) == ("1", "0")


def test_a_count_below_k_appears_nowhere(busy: WebCity) -> None:
    told: list[tuple[str, str]] = []
    for language, few in (("en", f"fewer than {K}"), ("de", f"weniger als {K}")):
        for number, card in cards(page(busy, language)).items():
            if number != 4:
                told += [(value, few) for value in list(card.values())[1:4]]
    for one in [item["_stoa"] for item in feed(busy)["items"]] + busy.browser().get(
        "/v1/transparency"
    ).json()["items"]:
        if one["use_case"] != 4:
            told += [(one[name], f"fewer than {K}") for name in COUNTS]

    assert len(told) == 3 * 3 * 4
    assert [value for value, few in told if value != few and not (value.isdigit() and int(value) >= K)] == []
    assert "60" in {value for value, _ in told}


def test_the_k_th_yes_makes_the_count_appear(busy: WebCity) -> None:
    assert cards(page(busy))[2]["People who say yes"] == "fewer than 10"

    busy.office.say_yes(2, str(K))
    busy.office.pump()

    assert cards(page(busy))[2]["People who say yes"] == "10"
    assert "weniger als" not in cards(page(busy, "de"))[2]["Menschen, die Ja sagen"]


def test_the_feed_is_a_json_feed_with_the_facts_of_the_api(busy: WebCity) -> None:
    told = feed(busy)

    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["home_page_url"].endswith("/")
    assert told["feed_url"] == told["home_page_url"] + "feed.json"
    assert [one["_stoa"]["use_case"] for one in told["items"]] == [4, 3, 2, 1]
    for one in told["items"]:
        assert one["id"] == f"{told['home_page_url']}#use-{one['_stoa']['use_case']}"
        assert one["url"] == f"{told['home_page_url']}use/{one['_stoa']['use_case']}"
        assert one["title"]
        assert one["content_text"].startswith(one["title"])
    assert [one["_stoa"] for one in reversed(told["items"])] == busy.browser().get("/v1/transparency").json()[
        "items"
    ]
    assert feed(busy, "de")["items"][0]["title"] == "Nutzung 4: Erlaubt"


def test_the_public_page_names_no_organisation_and_sets_no_cookie(busy: WebCity) -> None:
    browser = busy.browser()

    shown = [browser.get(path) for path in ("/", "/feed.json", "/v1/transparency")]

    assert [one.status_code for one in shown] == [200, 200, 200]
    assert not [
        one.url for one in shown if "Transit" in one.text or ">Lab<" in one.text or '"Lab"' in one.text
    ]
    assert len(browser.cookies) == 0
