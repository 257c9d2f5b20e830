"""What everybody may look up: the city's data by theme, and one use of it with its terms, its risk and its fees."""

import html
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.town import Town
from tests.web.accessible import wrong_with, wrong_with_this
from tests.web.browsing import DESK
from tests.web.city import WebCity
from tests.web.conftest import Devices
from tests.web.listening import Listening
from tests.web.test_words import engineers_words

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def open_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebCity]:
    """Use 1 has 60 yeses and an answer that was paid for, use 2 was refused, use 3 waits. Bikes are open to all."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("open")
    city = WebCity(town, folder)
    office = city.office
    first = city.lab_asks(people=80)
    refused = office.apply("Lab", small_city.document(small_city.BY_AGE_AND_ZONE))
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, refused, allowed=False, reason=f"Too fine. {HOSTILE}")
    office.dataset(
        small_city.document(small_city.BIKES), small_city.write_bikes(folder / "b.csv"), public=True
    )
    office.apply("Lab", small_city.document(small_city.TRAVEL), longest_days=30)
    for number in range(60):
        office.say_yes(first, str(number + 1))
    office.pump()
    office.anchor()
    office.fund("Lab")
    town.set_tariff(first)
    office.projector.catch_up()
    office.order("Lab", office.buy_licence("Lab", first))
    city.pump(analysis=True)
    yield city
    city.close()
    town.devnet.close()


def shown(city: WebCity, path: str, language: str = "en") -> str:
    answer = city.browser(language=language).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def plain(page: str) -> str:
    return html.unescape(" ".join(re.sub("<[^>]+>", " ", page).split()))


def titles(page: str) -> list[str]:
    return re.findall(r'<h2><a href="/catalogue/\d+"><bdi lang="en">(.*?)</bdi>', page)


def test_a_city_without_data_says_so(city: WebCity) -> None:
    assert "The city has no data here yet." in shown(city, "/catalogue")


def test_data_is_found_by_theme_and_by_words(open_city: WebCity) -> None:
    assert titles(shown(open_city, "/catalogue")) == ["People", "Trips", "Bikes counted at the bridge"]
    assert titles(shown(open_city, "/catalogue?topic=mobile&q=BRIDGE+bikes")) == [
        "Bikes counted at the bridge"
    ]
    assert titles(shown(open_city, "/catalogue?q=age_band")) == ["People"]
    nothing = shown(open_city, "/catalogue?topic=sustainable")
    assert titles(nothing) == []
    assert "Nothing fits this theme" in nothing
    assert '<option value="sustainable" selected>' in nothing


@pytest.mark.parametrize(
    "query", ["topic=nowhere", "q=", "q=%3Cscript%3E", "q=%E2%80%AE%F0%9F%A7%AA", "topic=%00", "unknown=1"]
)
def test_whatever_is_looked_for_is_answered(open_city: WebCity, query: str) -> None:
    page = shown(open_city, f"/catalogue?{query}")
    assert "<script>alert" not in page
    assert "Find" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/catalogue/99", 404),
        ("/catalogue/0", 422),
        ("/catalogue/x", 422),
        ("/use/99", 404),
        ("/use/-1", 422),
        (f"/catalogue?q={'x' * 101}", 422),
    ],
)
def test_what_there_is_not_is_a_page_that_says_what_to_do(open_city: WebCity, path: str, status: int) -> None:
    answer = open_city.browser().get(path)
    assert answer.status_code == status
    assert "<h1>" in answer.text


def test_a_dataset_says_what_it_is_what_it_holds_and_what_it_is_used_for(open_city: WebCity) -> None:
    people = plain(shown(open_city, "/catalogue/1"))
    assert "simulated . Made up for tests." in people
    assert "about people, so each is asked or may object" in people
    assert "age 0 - 99 years" in people
    assert "age_band younger, older" in people
    assert "Use 1 : Allowed" in people
    assert re.search(r"1 \d+ \w+ 2026, \d\d:\d\d UTC 80", people)
    assert "not about people" in plain(shown(open_city, "/catalogue/3"))


def test_a_use_says_its_terms_its_risk_and_where_its_fees_went(open_city: WebCity) -> None:
    page = plain(shown(open_city, "/use/1"))
    assert "To improve transport" in page
    assert "I allow Lab to have my age group and district and the trips about me counted" in page
    assert "People who say yes 60" in page
    assert "Answers given fewer than 10" in page
    assert "10 people; smaller groups are not shown" in page
    fees = re.search(r"Fees ([\d.]+) credits Of that, to the city ([\d.]+) credits", page)
    assert fees
    assert float(fees[1]) >= float(fees[2]) > 0
    parts = re.findall(r"Of that, to [\w ]+? ([\d.]+) credits", page)
    assert sum(map(float, parts)) == pytest.approx(float(fees[1]))


def test_a_refusal_is_told_with_its_reason_as_text_and_a_waiting_use_as_waiting(open_city: WebCity) -> None:
    page = shown(open_city, "/use/2")
    assert "Too fine. &lt;script&gt;" in page
    assert HOSTILE not in page
    assert "/c/ask/2" not in page
    waiting = plain(shown(open_city, "/use/3"))
    assert "Applied for" in waiting
    assert "Decided not yet" in waiting


def test_no_public_page_has_an_engineers_word_outside_its_technical_details(open_city: WebCity) -> None:
    for language in ("en", "de", "ar"):
        for path in ("/", "/catalogue", "/catalogue/1", "/use/1", "/about"):
            page = re.sub(
                r'<details class="technical">.*?</details>',
                "",
                shown(open_city, path, language),
                flags=re.DOTALL,
            )
            assert engineers_words(language, plain(page)) == [], (path, language)


def test_public_pages_set_no_cookie_and_take_no_foreign_thing(open_city: WebCity) -> None:
    browser = open_city.browser()
    for path in ("/", "/catalogue", "/catalogue/1", "/use/1", "/about"):
        page = browser.get(path).text
        assert re.findall(r'(?:src|href)="(?!/)[^"]*"', page) == ['href="#content"'], path
    assert len(browser.cookies) == 0


@pytest.mark.browser
def test_everybody_can_use_the_public_pages(listening: Listening, device: Devices) -> None:
    page = device(viewport=DESK).context.new_page()
    paths = ("/", "/catalogue", "/catalogue/1", f"/use/{listening.use_case}", "/about", "/enter")
    assert wrong_with(page, [listening.address + path for path in paths]) == []
    assert wrong_with(page, [f"{listening.address}/use/{listening.use_case}"], languages=["de"]) == []


@pytest.mark.browser
def test_from_the_front_page_to_the_data_of_a_use_and_to_ones_own_answer(
    listening: Listening, device: Devices
) -> None:
    page = device().page("/")
    page.locator(f'h2 a[href="/use/{listening.use_case}"]').click()
    expect(page.locator("h1")).to_have_text("To improve transport")
    page.get_by_role("link", name="People").click()
    expect(page.locator("h1")).to_have_text("People")
    page.go_back()
    page.get_by_role("link", name="Read and answer").click()
    expect(page.locator("h1")).to_have_text("Your data, your answer")


@pytest.mark.browser
def test_a_page_that_not_everybody_can_use_is_found(device: Devices) -> None:
    page = device().context.new_page()
    page.set_content(
        '<html lang="en"><title>x</title><style>@media (prefers-color-scheme: dark) { p { color: #222; } }'
        " body { background: canvas; color-scheme: light dark; }</style>"
        '<main><h1>x</h1><h3>y</h3><p>dark on dark</p><div style="width: 2000px"><input></div></main>'
    )
    found = " ".join(wrong_with_this(page))
    for wrong in ("headings jump", "320 px: label", "320 px, dark: color-contrast", "px wide on 1280"):
        assert wrong in found
