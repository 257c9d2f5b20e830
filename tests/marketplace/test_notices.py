"""What citizens are asked follows from documents that the decision names."""

from dataclasses import replace
from pathlib import Path

import pytest

from ledger.digests import text_digest
from ledger.enums import Class
from marketplace.catalogue import artefacts
from marketplace.catalogue.tables import ArtefactRow
from marketplace.use_cases import notices, queries
from marketplace.use_cases import service as use_cases
from marketplace.use_cases.decisions import history
from marketplace.use_cases.service import NameNotKeptError
from tests import small_city
from tests.office import Office

ASKED = (
    "I allow lab to have my age group and district and the trips about me counted so that it can improve transport. "
    "It gets totals about at least 5 people, never my data. I can stop this at any time."
)


def test_people_are_asked_by_the_templates_that_the_decision_names(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the city asks in other words by the time that the notices are published."""
    number = applied(office, tmp_path)
    with office.house.database.writing() as session:
        use_cases.decide(
            session, office.house, number, allowed=True, reason="Useful.", conditions=["active consent"]
        )
    office.pump()
    later = tuple(replace(one, sentence=one.sentence + " Trust us.") for one in notices.TEMPLATES)
    monkeypatch.setattr(notices, "TEMPLATES", later)

    with office.house.database.writing() as session:
        use_cases.publish_notices(session, office.house, number)
    office.pump()

    with office.house.database.reading() as session:
        found = queries.use_case(session, number)
        published = queries.notices(session, number)
        decision = history(session, number).decision
        assert found.conditions is not None
        named = artefacts.document(session, found.conditions)["notices"]
    assert decision is not None
    assert decision.conditions == ["active consent"]
    assert len(named) == 2
    assert [one.statement for one in published if one.language == "en"] == [ASKED]
    assert not any("Trust us" in one.statement for one in published)


def test_nobody_is_asked_where_a_rule_decided(office: Office, tmp_path: Path) -> None:
    office.dataset(
        small_city.document(small_city.BIKES), small_city.write_bikes(tmp_path / "b.csv"), public=True
    )
    office.join("lab", Class.COMMERCIAL)
    with office.house.database.writing() as session:
        use_cases.publish_rule(
            session, office.house, text="Counts of bikes.", classes=[Class.COMMERCIAL], longest_days=365
        )
    office.pump()
    number = office.apply("lab", small_city.document(small_city.BIKES_BY_HOUR), minimum_cohort=0)
    with office.house.database.writing() as session:
        assert use_cases.decide_by_rules(session, office.house) == 1
    office.pump()

    with office.house.database.writing() as session:
        assert use_cases.publish_notices(session, office.house, number) == []


def test_nobody_is_asked_in_the_name_of_somebody_unnamed(office: Office, tmp_path: Path) -> None:
    """Lab joined past the city. A consent is to a name, and the ledger would take none to another."""
    number = applied(office, tmp_path, named=False)
    with (
        office.house.database.writing() as session,
        pytest.raises(NameNotKeptError, match="stoa partner join"),
    ):
        use_cases.decide(session, office.house, number, allowed=True, reason="Useful.")
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, number, allowed=False, reason="Nobody knows who asks.")


def test_a_name_that_was_lost_since_the_decision_is_put_back_before_anybody_is_asked(
    office: Office, tmp_path: Path
) -> None:
    number = applied(office, tmp_path)
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, number, allowed=True, reason="Useful.")
    office.pump()
    with office.house.database.writing() as session:
        session.delete(session.get_one(ArtefactRow, text_digest("lab")))

    with office.house.database.writing() as session, pytest.raises(NameNotKeptError, match="backup"):
        use_cases.publish_notices(session, office.house, number)


def applied(office: Office, folder: Path, *, named: bool = True) -> int:
    office.dataset(small_city.document(small_city.PERSONS), small_city.write_persons(folder / "p.csv", 30))
    trips = small_city.write_trips(folder / "t.sqlite", 30)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    (office if named else office.town).join("lab", Class.COMMERCIAL)
    office.pump()
    return office.apply("lab", small_city.document(small_city.TRAVEL), minimum_cohort=5)
