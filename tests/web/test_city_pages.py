"""The staff's home and its inbox: what waits, what a decision publishes, and that nothing happens twice."""

from collections.abc import Iterator

import pytest

from ledger.digests import text_digest
from ledger.enums import Class, UseCaseState
from marketplace.use_cases import decisions, queries
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.town import Town
from tests.web.city import WebCity
from tests.web.office_pages import Otto, plain

REASON = "Useful for the 20:15 bus, and safe at this size."


@pytest.fixture(scope="module")
def otto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Otto]:
    """Lab and Clinic have joined; persons and trips are there, and sensitive patients. Each test applies anew."""
    town = Town.found()
    folder = tmp_path_factory.mktemp("office")
    city = WebCity(town, folder, admitted_classes=tuple(Class))
    office = city.office
    persons = small_city.write_persons(folder / "p.csv", 40)
    office.dataset(small_city.document(small_city.PERSONS), persons)
    trips = small_city.write_trips(folder / "t.sqlite", 40)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    patients = {**small_city.PERSONS, "name": "patients", "title": "Patients", "sensitive": True}
    office.dataset(small_city.document(patients), persons)
    office.join("Lab", Class.COMMERCIAL)
    yield Otto.enters(city)
    city.close()
    town.devnet.close()


def applied(otto: Otto) -> int:
    return otto.city.office.apply("Lab", small_city.document(small_city.TRAVEL))


def applied_for_patients(otto: Otto) -> int:
    routine = {
        **small_city.TRAVEL,
        "sources": ["patients"],
        "joins": [],
        "measures": {"source": "patients", "of": [{"kind": "rows"}]},
        "dimensions": [{"source": "patients", "name": "age_band"}],
        "filters": [],
    }
    return otto.city.office.apply("Lab", small_city.document(routine))


def state(otto: Otto, number: int) -> UseCaseState:
    with otto.city.office.house.database.reading() as session:
        return queries.use_case(session, number).state


def test_without_a_session_every_page_of_the_office_leads_to_its_entrance(otto: Otto) -> None:
    stranger = otto.city.browser()
    for path in ("/city", "/city/use-cases", "/city/use-cases/1"):
        answer = stranger.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/city/enter")


def test_home_names_what_waits_and_says_how_everything_is(otto: Otto) -> None:
    number = applied(otto)
    said = otto.read("/city")
    assert f"Decide about use case {number}" in said
    assert "Everything runs." in said
    assert "They balance, to the cent." in said
    assert "You are signed in as Otto." in said


def test_a_use_case_is_assessed_previewed_allowed_under_conditions_and_published(otto: Otto) -> None:
    number = applied(otto)
    page = f"/city/use-cases/{number}"
    assert "Nobody has assessed it yet" in otto.read(page)

    answer = otto.press(page, f"{page}/assessment", k="5")
    assert answer.status_code == 200
    assert "each must say yes first" in plain(answer)

    before = otto.messages()
    asked = otto.press(page, f"{page}/decision", answer="allow", k="12", days="30", reason=REASON)
    said = plain(asked)
    assert f"Allow use case {number}?" in said
    assert REASON in said
    assert "0x" + text_digest(REASON).hex() in said
    assert "totals about at least 12 people" in said
    assert otto.messages() == before
    assert state(otto, number) is UseCaseState.APPLIED

    answer = otto.confirm(asked)
    assert "On its way to the ledger" in plain(answer)
    assert "data-live" in answer.text
    again = otto.confirm(asked)
    assert again.status_code == 409
    assert "This is on its way already" in plain(again)
    assert otto.messages() == before + 1
    otto.city.pump()

    with otto.city.office.house.database.reading() as session:
        found, decision = queries.use_case(session, number), decisions.history(session, number).decision
    assert (found.state, found.minimum_cohort, found.longest_days) == (UseCaseState.ALLOWED, 12, 30)
    assert decision is not None
    assert decision.reason == REASON
    assert f"Publish what citizens read about use case {number}" in otto.read("/city")

    otto.press(page, f"{page}/notices")
    otto.city.pump()
    with otto.city.office.house.database.reading() as session:
        published = queries.notices(session, number)
        assert use_cases.unpublished_sentences(session, found) == []
    assert {one.language for one in published} == {"en", "de"}
    assert "Not published yet" not in otto.read(page)


def test_a_use_case_is_denied_and_an_allowed_one_closed_with_the_reason_as_typed(otto: Otto) -> None:
    number = applied(otto)
    page = f"/city/use-cases/{number}"
    otto.confirm(otto.press(page, f"{page}/decision", answer="deny", k="10", days="90", reason="Too fine."))
    otto.city.pump()
    assert state(otto, number) is UseCaseState.DENIED
    assert "Too fine." in otto.read(page)

    other = applied(otto)
    page = f"/city/use-cases/{other}"
    otto.city.office.allow(other)
    asked = otto.press(page, f"{page}/end", reason="It is over.")
    assert "It cannot be undone" in plain(asked)
    otto.confirm(asked)
    otto.city.pump()
    assert state(otto, other) is UseCaseState.CLOSED
    again = otto.confirm(asked)
    assert again.status_code == 403
    assert state(otto, other) is UseCaseState.CLOSED


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"answer": ""}, "The answer is missing"),
        ({"answer": "perhaps"}, "The answer is missing"),
        ({"k": "9"}, "That would allow more"),
        ({"days": "91"}, "That would allow more"),
        ({"k": "ten"}, "A number is missing"),
        ({"k": "\u0661\u0662"}, "A number is missing"),
        ({"days": "-1"}, "A number is missing"),
        ({"reason": ""}, "This sentence cannot be published"),
        ({"reason": "a\u202eb"}, "This sentence cannot be published"),
        ({"reason": "a\nb"}, "This sentence cannot be published"),
        ({"reason": "x" * 501}, "This sentence cannot be published"),
    ],
)
def test_bad_input_is_told_keeps_what_was_typed_and_changes_nothing(
    otto: Otto, wrong: dict[str, str], told: str
) -> None:
    number = applied(otto)
    page = f"/city/use-cases/{number}"
    before = otto.messages()
    fields = {"answer": "allow", "k": "10", "days": "90", "reason": '<script>alert("x")</script>', **wrong}
    for action in (f"{page}/decision", f"{page}/decision/confirmed"):
        answer = otto.press(page, action, **fields)
        assert answer.status_code == 422
        assert told in plain(answer)
        assert "<script>alert" not in answer.text
    assert otto.messages() == before
    assert state(otto, number) is UseCaseState.APPLIED


def test_a_form_without_its_token_or_from_another_site_is_refused(otto: Otto) -> None:
    number = applied(otto)
    action = f"/city/use-cases/{number}/decision/confirmed"
    fields = {"answer": "allow", "k": "10", "days": "90", "reason": REASON}
    before = otto.messages()
    assert otto.browser.post(action, data=fields).status_code == 403
    assert otto.browser.post(action, data={**fields, "token": "0" * 64}).status_code == 403
    foreign = otto.browser.post(action, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert otto.messages() == before


def test_numbers_that_name_nothing_are_told_in_words(otto: Otto) -> None:
    for number in ("9999", "0", "x", "4294967296"):
        answer = otto.browser.get(f"/city/use-cases/{number}")
        assert answer.status_code in {404, 422}
        assert "<h1>" in answer.text


def test_sensitive_data_takes_a_second_person_and_the_page_says_what_she_must_do(otto: Otto) -> None:
    number = applied_for_patients(otto)
    page = f"/city/use-cases/{number}"
    asked = otto.press(page, f"{page}/decision", answer="allow", k="20", days="90", reason="It's of use.")
    assert "the second person has said the same" in plain(asked)
    otto.confirm(asked)
    otto.city.pump()

    assert state(otto, number) is UseCaseState.APPLIED
    said = otto.read(page)
    command = f"""stoa city decide {number} --reason 'It'"'"'s of use.' --k 20 --as deputy"""
    assert command in said

    office = otto.city.office
    with office.house.database.writing() as session:
        use_cases.decide(
            session,
            office.house,
            number,
            allowed=True,
            reason="It's of use.",
            minimum_cohort=20,
            operator="deputy",
        )
    otto.city.pump()
    assert state(otto, number) is UseCaseState.ALLOWED


def test_where_the_second_person_spoke_first_her_words_are_in_the_form(otto: Otto) -> None:
    number = applied_for_patients(otto)
    page = f"/city/use-cases/{number}"
    office = otto.city.office
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, number, allowed=False, reason="Not this.", operator="deputy")
    otto.city.pump()

    answer = otto.browser.get(page)
    assert "The deputy has spoken" in plain(answer)
    assert 'value="Not this."' in answer.text
    otto.confirm(otto.press(page, f"{page}/decision", answer="deny", k="10", days="90", reason="Not this."))
    otto.city.pump()
    assert state(otto, number) is UseCaseState.DENIED


def test_what_is_sent_after_leaving_is_not_taken(otto: Otto) -> None:
    number = applied(otto)
    page = f"/city/use-cases/{number}"
    other = Otto.enters(otto.city)
    asked = other.press(page, f"{page}/decision", answer="deny", k="10", days="90", reason="Too fine.")
    other.browser.post("/city/leave")
    before = otto.messages()
    assert other.confirm(asked).status_code == 403
    assert otto.messages() == before


@pytest.mark.parametrize("language", ["de", "ar"])
def test_the_office_speaks_every_language(otto: Otto, language: str) -> None:
    number = applied(otto)
    reader = Otto.enters(otto.city, language=language)
    reader.press(f"/city/use-cases/{number}", f"/city/use-cases/{number}/assessment", k="10")
    for path in ("/city", "/city/use-cases", f"/city/use-cases/{number}"):
        answer = reader.browser.get(path)
        assert f'<html lang="{language}"' in answer.text
        assert "Decide" not in answer.text
