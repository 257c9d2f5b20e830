"""A home's meter is everybody's who lives there: all adults agree before it is used, and any one of them ends it."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.consents import Opening, grant_of, is_countersigned_by, sign_consent
from ledger.enums import Class, Ground
from ledger.keys import LocalSigner
from ledger.revocation_code import RevocationCode
from marketplace.consent.queries import count_in_force
from marketplace.consent.service import offered_terms
from marketplace.consent.wishes import Wishes
from marketplace.errors import NotAllowedError, NotFoundError, StoaError
from marketplace.provenance.queries import head
from marketplace.registrar import service
from marketplace.registrar.rules import AGREEMENT_SECONDS, Agreement, allows
from marketplace.registrar.service import Ask, DeskAsk
from marketplace.registrar.sharing import NobodyLivesThereError, require_everybody
from marketplace.registrar.tables import AgreementRow, ResidentRow
from tests import small_city
from tests.http.asking import Citizen
from tests.http.city import DESK_TOKEN, HttpCity, key
from tests.town import Town

HOME = ("home", "7")
METERS = {
    **small_city.COMMON,
    "name": "meters",
    "title": "Meters",
    "called": {"en": "the power use of my home", "de": "den Stromverbrauch meiner Wohnung"},
    "topic": "sustainable",
    "source": "csv",
    "subject": {"column": "home", "kind": "home"},
    "one_row_per": None,
    "columns": [
        {"name": "hour", "type": "hour", "from": 0, "until": 23},
        {"name": "wh", "type": "integer", "minimum": 0, "maximum": 9_999, "unit": "Wh"},
    ],
    "dimensions": [],
}
POWER = {
    "v": 1,
    "sources": ["meters"],
    "joins": [],
    "measures": {"source": "meters", "of": [{"kind": "sum", "column": "wh"}]},
    "dimensions": [],
    "filters": [],
}


@pytest.mark.parametrize(
    ("scope", "until", "now", "allowed"),
    [
        (1, 100, 0, True),
        (3, 100, 0, True),
        (3, 99, 0, True),
        (4, 100, 0, False),
        (7, 100, 0, False),
        (3, 101, 0, False),
        (3, 100, AGREEMENT_SECONDS, False),
        (3, 100, AGREEMENT_SECONDS - 1, True),
    ],
)
def test_a_yes_is_to_no_more_and_for_no_longer_than_was_said(
    scope: int, until: int, now: int, allowed: bool
) -> None:
    agreement = Agreement(scope=3, valid_until=100, agreed_at=0)
    assert allows(agreement, scope=scope, valid_until=until, now=now) is allowed


class SharedHome:
    """Anna, Bert and little Carl live in home 7; Lab may count its meter."""

    def __init__(self, city: HttpCity, folder: Path) -> None:
        self.city, self.office = city, city.office
        self.desk = city.registrar.at_desk(DESK_TOKEN)
        meters = folder / "meters.csv"
        meters.write_text("home,hour,wh\n" + "".join(f"{home},8,{home}\n" for home in range(1, 21)))
        self.office.dataset(small_city.document(METERS), meters)
        self.office.join("lab", Class.COMMERCIAL)
        self.use_case = self.office.apply("lab", small_city.document(POWER))
        self.office.allow(self.use_case)
        for name, age in (("Anna", 40), ("Bert", 17), ("Carl", 8)):
            assert self.desk.move_in(*HOME, name, age)

    def letter_holder(self, name: str) -> Citizen:
        return Citizen(self.city, name, self.desk.write_letter(*HOME, name))

    def says_yes(self, citizen: Citizen, **wish: object) -> tuple[int, str]:
        """The status of her answer, and its problem's code."""
        sent = citizen.http.post("/v1/consents", json=citizen.signed(self.use_case, **wish), headers=key())
        self.city.pump()
        return sent.status_code, sent.json().get("code", "")

    def in_force(self) -> int:
        with self.office.house.database.reading() as session:
            return count_in_force(session, self.use_case, head(session))

    def stops(self, citizen: Citizen) -> None:
        (consent,) = [
            one
            for one in citizen.http.get("/v1/citizen/consents").json()["items"]
            if one["state"] == "in_force"
        ]
        sent = citizen.http.post(f"/v1/citizen/consents/{consent['consent']}/stop", headers=key())
        assert sent.status_code == 202, sent.text
        Wishes(self.office.house, self.city.registrar).step()
        self.city.pump()


WAITS = (409, "waits_for_others")
TAKEN = (202, "")


@pytest.fixture
def shared(town: Town, tmp_path: Path) -> Iterator[SharedHome]:
    city = HttpCity(town, tmp_path / "city")
    yield SharedHome(city, tmp_path)
    city.close()


def test_a_homes_consent_waits_until_every_adult_has_said_yes(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    assert shared.says_yes(anna) == WAITS
    assert shared.says_yes(anna) == WAITS
    assert shared.in_force() == 0

    assert shared.says_yes(bert) == TAKEN
    assert shared.in_force() == 1
    assert shared.says_yes(anna) == (409, "consent_in_force")


def test_a_lost_answer_gets_the_same_countersignature(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    assert shared.says_yes(anna) == WAITS
    sent = bert.signed(shared.use_case)
    first = bert.http.post("/v1/consents", json=sent, headers=key())
    again = bert.http.post("/v1/consents", json=sent, headers=key())
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["resource"] == again.json()["resource"]


def test_a_child_is_not_asked_and_nobody_waits_for_her(shared: SharedHome) -> None:
    with pytest.raises(NotAllowedError) as refused:
        shared.letter_holder("Carl")
    assert refused.value.code == "too_young"


@pytest.mark.parametrize("name", ["Anna", "Bert"])
def test_any_one_adult_ends_it(shared: SharedHome, name: str) -> None:
    people = {one: shared.letter_holder(one) for one in ("Anna", "Bert")}
    shared.says_yes(people["Anna"])
    shared.says_yes(people["Bert"])

    shared.stops(people[name])

    assert shared.in_force() == 0
    # What they had said is used up: everybody is asked anew.
    assert shared.says_yes(Citizen(shared.city, name, people[name].letter)) == WAITS


def test_whoever_moved_in_later_can_end_it_and_is_asked_the_next_time(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    shared.says_yes(anna)
    shared.says_yes(bert)
    shared.desk.move_in(*HOME, "Dora", 30)
    assert shared.in_force() == 1

    dora = shared.letter_holder("Dora")
    shared.stops(dora)
    assert shared.in_force() == 0

    for who, expected in (("Anna", WAITS), ("Bert", WAITS), ("Dora", TAKEN)):
        letter = {"Anna": anna, "Bert": bert, "Dora": dora}[who].letter
        assert shared.says_yes(Citizen(shared.city, who, letter)) == expected


def test_nobody_waits_for_whoever_has_moved_out_and_her_letter_opens_nothing(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    shared.desk.move_out(*HOME, "Bert")
    assert bert.http.get("/v1/citizen/asks").json()["code"] == "unknown_letter"
    assert shared.says_yes(anna) == TAKEN
    with pytest.raises(NotFoundError) as refused:
        shared.desk.move_out(*HOME, "Bert")
    assert refused.value.code == "unknown_resident"


def test_a_yes_until_earlier_is_no_yes_until_later(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    latest = anna.http.get("/v1/citizen/asks").json()["items"][0]["latest_end"]
    sooner = (date.fromisoformat(latest[:10]) - timedelta(days=10)).isoformat()
    assert shared.says_yes(anna, until=sooner) == WAITS
    assert shared.says_yes(bert) == WAITS
    # Bert's is noted too: until Anna's end both have agreed.
    assert shared.says_yes(Citizen(shared.city, "Anna", anna.letter), until=sooner) == TAKEN


def test_a_forged_consent_is_nobodys_yes(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    sent = anna.signed(shared.use_case)
    sent["signature"] = bert.signed(shared.use_case)["signature"]
    assert anna.http.post("/v1/consents", json=sent, headers=key()).status_code == 403
    assert shared.says_yes(bert) == WAITS


def test_one_adult_alone_objects(shared: SharedHome) -> None:
    grounds = (("meters", Ground.PUBLIC_TASK),)
    number = shared.office.apply("lab", small_city.document(POWER), grounds=grounds)
    shared.office.allow(number)
    anna = shared.letter_holder("Anna")
    receipt = anna.http.get(anna.say_yes(number, objection=True)).json()
    assert (receipt["state"], receipt["objection"]) == ("in_force", True)
    with shared.office.registry.reading() as session:
        assert session.scalars(select(AgreementRow)).all() == []
    with shared.office.house.database.reading() as session:
        assert count_in_force(session, number, head(session)) == 0


def test_what_was_agreed_for_one_use_is_not_used_up_by_another(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    first, second = shared.use_case, shared.office.apply("lab", small_city.document(POWER))
    shared.office.allow(second)

    def says_yes(citizen: Citizen, use_case: int) -> int:
        fresh = Citizen(shared.city, citizen.person, citizen.letter)
        return fresh.http.post("/v1/consents", json=fresh.signed(use_case), headers=key()).status_code

    assert [says_yes(anna, first), says_yes(anna, second)] == [409, 409]
    assert [says_yes(bert, first), says_yes(bert, second)] == [202, 202]


def test_the_desk_notes_who_agrees_there(shared: SharedHome) -> None:
    with shared.office.house.database.reading() as session:
        terms, _, _ = offered_terms(session, shared.use_case, language="en")
    (whose,) = shared.desk.references(shared.use_case, [HOME]).values()
    opening = Opening.of(whose.reference)
    signed = sign_consent(
        shared.office.town.city.domains.consents,
        LocalSigner.fresh(),
        terms,
        commitment=opening.commitment,
        code=RevocationCode.fresh(),
    )
    ask = DeskAsk(*HOME, Ask(terms, signed.own, signed.signature, opening.salt))

    for name in ("Anna", "Bert"):
        (refusal,) = shared.desk.countersign([ask])
        assert isinstance(refusal, StoaError)
        assert refusal.code == "waits_for_others"
        shared.desk.agree(*HOME, name, terms)
    (signature,) = shared.desk.countersign([ask])

    assert not isinstance(signature, StoaError)
    registrar = shared.office.town.city.registrar
    assert is_countersigned_by(
        shared.office.town.city.domains.consents, registrar, terms, grant_of(signed, signature)
    )


def test_a_yes_that_waits_is_taken_back_at_the_desk(shared: SharedHome) -> None:
    anna, bert = shared.letter_holder("Anna"), shared.letter_holder("Bert")
    assert shared.says_yes(anna) == WAITS
    assert shared.desk.disagree(*HOME, "Anna", shared.use_case)
    assert not shared.desk.disagree(*HOME, "Anna", shared.use_case)
    assert shared.says_yes(bert) == WAITS


def test_a_child_cannot_agree_at_the_desk(shared: SharedHome) -> None:
    with shared.office.house.database.reading() as session:
        terms, _, _ = offered_terms(session, shared.use_case, language="en")
    with pytest.raises(NotAllowedError):
        shared.desk.agree(*HOME, "Carl", terms)


def test_for_a_home_in_which_nobody_is_known_to_live_nobody_can_agree(shared: SharedHome) -> None:
    with shared.office.registry.writing() as session:
        service.enrol(session, [service.Entry("home", "8", 0)])
    with pytest.raises(NotFoundError):
        shared.desk.write_letter("home", "8")
    with shared.office.registry.writing() as session:
        home = service.person_at_desk(session, kind="home", key="8")
        terms = shared.office.town.terms(shared.use_case)
        with pytest.raises(NobodyLivesThereError):
            require_everybody(session, home, terms, day=service.today(), now=0)


def test_the_register_forgets_a_home_with_everybody_in_it(shared: SharedHome) -> None:
    anna = shared.letter_holder("Anna")
    shared.says_yes(anna)
    assert shared.city.registrar.forget(anna.letter)
    with shared.office.registry.reading() as session:
        for table in (ResidentRow, AgreementRow):
            assert session.scalars(select(table)).all() == []
