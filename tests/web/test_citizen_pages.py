"""A citizen's pages without a browser: what they carry, what they refuse, and in which words."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest

from api.http.limits import Buckets, Pace
from api.registrar.client import RegistrarClient
from api.web.headers import POLICY
from ledger.revocation_code import RevocationCode
from marketplace.use_cases import service as use_cases
from tests.town import Town
from tests.web.city import Anna, WebCity, token_in

PEOPLE = 40


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebCity, int]]:
    """Lab asks. Each test takes citizens of its own."""
    town = Town.found()
    city = WebCity(town, tmp_path_factory.mktemp("asking"))
    yield city, city.lab_asks(people=PEOPLE)
    city.close()
    town.devnet.close()


def heading(text: str) -> str:
    found = re.search("<h1>(.*?)</h1>", text)
    assert found, text
    return found[1]


def code_of(receipt: str) -> str:
    found = re.search("data-code>([0-9A-Z-]{24})<", receipt)
    assert found, receipt
    return found[1]


def test_anna_says_yes_and_gets_a_receipt(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna = city.anna("1")

    receipt = anna.say_yes(use_case)
    on_its_way = anna.browser.get(receipt)
    city.pump()
    recorded = anna.browser.get(receipt)

    assert "being recorded" in on_its_way.text
    assert "Your answer is recorded" in recorded.text


def test_a_yes_sent_twice_is_taken_once(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna = city.anna("2")
    signed = anna.signed(use_case)

    first, second = anna.send(use_case, signed), anna.send(use_case, signed)

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


def test_every_page_carries_the_policy_and_is_kept_by_no_cache(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna = city.anna("3")
    receipt = anna.say_yes(use_case)

    for path in ("/", "/c", "/c/uses", "/stop", "/stop/done", receipt, "/nowhere", "/c/ask/99", "/feed.json"):
        headers = anna.browser.get(path).headers
        assert headers["content-security-policy"] == POLICY, path
        assert headers["cache-control"] == "no-store", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["strict-transport-security"].startswith("max-age="), path
    assert "unsafe" not in POLICY
    assert "*" not in POLICY


def test_no_page_has_a_script_or_a_style_within_itself(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna = city.anna("4")
    receipt = anna.say_yes(use_case)

    for path in ("/", "/c", f"/c/ask/{use_case}", receipt, "/c/uses", "/stop", "/nowhere"):
        text = anna.browser.get(path).text
        scripts = re.findall(r"<script([^>]*)>", text)
        assert all(' src="/assets/' in one or 'type="application/json"' in one for one in scripts), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://(?!testopolis)", text), path


def test_the_visits_cookie_is_for_this_site_and_no_script(asking: tuple[WebCity, int]) -> None:
    city, _ = asking

    cookie = city.browser().get("/c").headers["set-cookie"]

    assert cookie.startswith("__Host-visit=")
    for part in ("HttpOnly", "Path=/", "SameSite=strict", "Secure"):
        assert part in cookie
    assert "Max-Age" not in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/c/uses", "/c/next", "/c/ask/1", "/c/consents/0x" + "11" * 32])
def test_a_page_of_hers_leads_whoever_shows_no_letter_to_the_entrance(
    asking: tuple[WebCity, int], path: str
) -> None:
    city, _ = asking

    answer = city.browser().get(path, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/c")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "No letter has this code"),
        ("7777-7777-7777-7777", "No letter has this code"),
        ("<script>alert(1)</script>", "No letter has this code"),
        ("\u202e\U0001f9ea\x00", "No letter has this code"),
        ("A" * 200, "No letter has this code"),
        ("A" * 201, "Something in the form is missing or too long"),
    ],
)
def test_a_wrong_letter_is_refused_in_words_and_shown_back_to_nobody(
    asking: tuple[WebCity, int], code: str, said: str
) -> None:
    city, _ = asking
    browser = city.browser()
    token = token_in(browser.get("/c"))

    answer = browser.post("/c/letter", data={"token": token, "code": code})

    assert 400 <= answer.status_code < 500
    assert said in answer.text
    assert "<script>alert" not in answer.text
    assert "You are asked" not in browser.get("/c").text


def test_a_form_from_another_site_or_another_visit_is_refused(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna, berta = city.anna("5"), city.anna("6")
    action = f"/c/ask/{use_case}/no"
    token = token_in(anna.browser.get("/c"))

    foreign = anna.browser.post(action, data={"token": token}, headers={"Origin": "https://mallory.example"})
    framed = anna.browser.post(action, data={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    hers = berta.browser.post(action, data={"token": token})
    without = anna.browser.post(action)
    long = anna.browser.post(action, data={"token": "0" * 65})

    assert [one.status_code for one in (foreign, framed, hers, without, long)] == [403, 403, 403, 403, 422]
    assert heading(foreign.text) == heading(framed.text) == "This came from another website"
    assert heading(hers.text) == heading(without.text) == "This form is too old"
    assert "Read and answer" in anna.browser.get("/c").text


def test_a_receipt_is_shown_to_its_citizen_alone_and_stopped_by_her_alone(
    asking: tuple[WebCity, int],
) -> None:
    city, use_case = asking
    anna, mallory = city.anna("7"), city.anna("8")
    receipt = anna.say_yes(use_case)
    city.pump()

    seen = mallory.browser.get(receipt)
    token = token_in(mallory.browser.get("/c"))
    stopped = mallory.browser.post(f"{receipt}/stop", data={"token": token})

    assert (seen.status_code, stopped.status_code) == (404, 404)
    assert "Your answer is recorded" in anna.browser.get(receipt).text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/c/ask/99", 404),
        ("/c/ask/0", 422),
        ("/c/ask/-1", 422),
        ("/c/ask/1e9", 422),
        (f"/c/ask/{2**32}", 422),
        ("/c/consents/0x" + "ab" * 32, 404),
        ("/c/consents/0x12", 422),
        ("/c/consents/%3Cscript%3E", 422),
        ("/assets/000000000000/stoa.css", 404),
        ("/assets/x/..%2f..%2fpages.py", 404),
        ("/c/letter", 405),
        ("/nowhere", 404),
    ],
)
def test_a_wrong_address_gets_a_page_that_says_what_to_do(
    asking: tuple[WebCity, int], path: str, status: int
) -> None:
    city, _ = asking
    anna = city.anna("9")

    answer = anna.browser.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert heading(answer.text) != "That did not work"
    assert "<script>" not in answer.text


def test_a_request_that_was_closed_takes_no_answer_and_says_so(city: WebCity) -> None:
    use_case = city.lab_asks()
    anna = city.anna()
    signed = anna.signed(use_case)
    office = city.office
    with office.house.database.writing() as session:
        use_cases.close(session, office.house, use_case, "No longer needed.")
    office.pump()

    sent = anna.send(use_case, signed)
    shown = anna.browser.get(f"/c/ask/{use_case}")

    assert (sent.status_code, sent.json()["code"]) == (403, "use_case_not_open")
    assert heading(shown.text) == "This request has ended"
    assert "Nobody is asking you anything now." in anna.browser.get("/c").text


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"salt": "0x" + "00" * 32}, "wrong_commitment"),
        ({"code": str(RevocationCode.fresh())}, "wrong_terms"),
        ({"signature": {"r": "0x" + "11" * 32, "vs": "0x" + "22" * 32}}, "wrong_signature"),
    ],
)
def test_a_yes_that_arrives_damaged_is_refused_by_name_and_leaves_nothing(
    asking: tuple[WebCity, int], changed: dict[str, object], code: str
) -> None:
    city, use_case = asking
    anna = city.anna("10")
    signed = anna.signed(use_case)
    before = city.http.everything()

    answer = anna.send(use_case, {**signed, **changed})

    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code
    assert city.http.everything() == before


def test_a_no_ends_with_a_yes_and_comes_back_after_ninety_days(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna = city.anna("11")
    said_no = anna.press(f"/c/ask/{use_case}", f"/c/ask/{use_case}/no")
    assert heading(said_no.text) == "You said no"
    assert "Nobody is asking you anything now." in anna.browser.get("/c").text

    anna.say_yes(use_case)

    assert anna.browser.get(f"/c/ask/{use_case}/no").url.path.startswith("/c/consents/")


def test_after_ninety_days_a_no_may_be_asked_again(city: WebCity) -> None:
    use_case = city.lab_asks()
    anna = city.anna()
    anna.press(f"/c/ask/{use_case}", f"/c/ask/{use_case}/no")

    city.office.town.pass_time(90 * 86_400 - 60)
    city.pump()
    assert "Nobody is asking you anything now." in anna.browser.get("/c").text
    city.office.town.pass_time(120)
    city.pump()

    assert "Read and answer" in anna.browser.get("/c").text


def test_pages_speak_the_language_that_was_chosen_else_the_browsers(asking: tuple[WebCity, int]) -> None:
    city, use_case = asking
    anna = city.anna("12", language="de")

    assert heading(anna.browser.get(f"/c/ask/{use_case}").text) == "Dürfen Ihre Daten mitgezählt werden?"
    assert "Ich erlaube, dass Lab" in anna.browser.get(f"/c/ask/{use_case}").text
    assert heading(anna.browser.get("/c?lang=en").text) == "Your page"
    assert heading(anna.browser.get("/c").text) == "Your page"
    assert heading(anna.browser.get("/c?lang=<b>").text) == "Your page"
    assert heading(anna.browser.get("/nowhere?lang=de").text) == "Diese Seite gibt es nicht"


def test_a_sentence_that_is_not_published_in_her_language_is_shown_in_english_and_marked_so(
    asking: tuple[WebCity, int],
) -> None:
    city, use_case = asking
    page = city.anna("13", language="ar").browser.get(f"/c/ask/{use_case}").text

    assert '<html lang="ar" dir="rtl">' in page
    assert 'data-statement lang="en" dir="auto">I allow Lab' in page


def test_stopping_leads_to_the_language_chosen_from_a_refused_form_too(asking: tuple[WebCity, int]) -> None:
    city, _ = asking

    refused = city.browser().post("/stop", data={"code": "ABC"})

    assert refused.status_code == 422
    assert 'href="/stop?lang=de"' in refused.text


def test_a_yes_that_was_lost_is_told_and_asked_again(city: WebCity) -> None:
    use_case = city.lab_asks()
    anna = city.anna()
    receipt = anna.say_yes(use_case)
    city.office.town.pass_time(1_300)
    city.pump()

    assert 'data-state="lost"' in anna.browser.get(receipt).text
    home = anna.browser.get("/c").text
    assert "Did not arrive" in home
    assert f'href="/c/ask/{use_case}"' in home


def test_too_many_tries_with_a_code_are_slowed_down_in_words(city: WebCity) -> None:
    city.http.app.state.office = replace(
        city.http.app.state.office, secrets=Buckets(Pace(per_second=0.001, burst=2))
    )
    browser = city.browser()

    answers = [browser.post("/stop", data={"code": str(RevocationCode.fresh())}) for _ in range(3)]

    assert [one.status_code for one in answers] == [404, 404, 429]
    assert heading(answers[2].text) == "Too many tries"
    assert int(answers[2].headers["retry-after"]) > 0


def test_the_registrars_silence_is_told_and_stopping_still_works(city: WebCity) -> None:
    use_case = city.lab_asks()
    anna = city.anna()
    receipt = anna.say_yes(use_case)
    city.pump()
    code = code_of(anna.browser.get(receipt).text)
    city.http.app.state.office = replace(
        city.http.app.state.office, registrar=RegistrarClient.at("http://127.0.0.1:9", "token")
    )
    stranger = Anna(city, "2", city.browser())

    silent = stranger.open_letter(city.letter("2"))
    stopped = stranger.browser.post("/stop", data={"code": code})

    assert silent.status_code == 503
    assert "The registrar's office does not answer" in unescape(silent.text)
    assert heading(stopped.text) == "Stopped"
