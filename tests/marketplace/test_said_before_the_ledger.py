"""What the ledger would refuse, the city refuses first, in words that say what to do."""

from pathlib import Path

import pytest

from ledger.bindings import Source
from ledger.enums import Class, Ground, UseCaseState
from ledger.node import RevertedError
from marketplace.catalogue import service as datasets
from marketplace.catalogue.service import SubjectColumnError
from marketplace.participants import service as participation
from marketplace.participants.service import WrongStatusError
from marketplace.use_cases import service as use_cases
from marketplace.use_cases.service import (
    COHORT_FLOOR,
    AlreadyDecidedError,
    AppliedTooEarlyError,
    CohortBelowFloorError,
    LooserThanAppliedForError,
)
from tests import small_city
from tests.office import Office


@pytest.fixture
def lab(office: Office) -> int:
    return office.join("lab", Class.COMMERCIAL)


def deliver(office: Office, folder: Path) -> None:
    persons = small_city.write_persons(folder / "persons.csv", 20)
    office.dataset(small_city.document(small_city.PERSONS), persons)


ROUTINE = small_city.document(
    {
        "v": 1,
        "sources": ["persons"],
        "joins": [],
        "measures": {"source": "persons", "of": [{"kind": "rows"}]},
        "dimensions": [{"source": "persons", "name": "district"}],
        "filters": [],
    }
)


def test_the_smallest_group_about_people_is_the_one_that_the_ledger_takes(
    office: Office, lab: int, tmp_path: Path
) -> None:
    deliver(office, tmp_path)
    with pytest.raises(CohortBelowFloorError, match=f"Apply with {COHORT_FLOOR} or more"):
        office.apply("lab", ROUTINE, minimum_cohort=COHORT_FLOOR - 1)

    assert office.apply("lab", ROUTINE, minimum_cohort=COHORT_FLOOR) == 1
    with pytest.raises(RevertedError, match="CohortBelowFloor"):
        office.town.apply("lab", [Source(1, Ground.CONSENT, False)], minimum_cohort=COHORT_FLOOR - 1)


def test_who_is_not_frozen_cannot_be_let_go_and_who_is_cannot_be_frozen_again(
    office: Office, lab: int
) -> None:
    def does(verb: str) -> None:
        with office.house.database.writing() as session:
            getattr(participation, verb)(session, office.house, lab, "It passed results on.")
        office.pump()

    with pytest.raises(WrongStatusError, match="is active, not frozen"):
        does("unfreeze")
    does("freeze")
    with pytest.raises(WrongStatusError, match="is frozen, not active"):
        does("freeze")
    does("unfreeze")


@pytest.mark.parametrize("conditions", [{"minimum_cohort": 9}, {"longest_days": 91}])
def test_a_condition_only_tightens_what_was_applied_for(
    office: Office, lab: int, tmp_path: Path, conditions: dict[str, int]
) -> None:
    deliver(office, tmp_path)
    number = office.apply("lab", ROUTINE, minimum_cohort=10, longest_days=90)
    with pytest.raises(LooserThanAppliedForError, match="k = 10 and at most 90 days"):
        decide(office, number, **conditions)
    decide(office, number, minimum_cohort=11, longest_days=89)
    office.pump()
    with pytest.raises(AlreadyDecidedError, match="a decision is final"):
        decide(office, number, allowed=False)


def test_data_that_names_its_people_is_never_declared_not_personal(office: Office, tmp_path: Path) -> None:
    deliver(office, tmp_path)
    with pytest.raises(SubjectColumnError, match="'person_id'"), office.house.database.writing() as session:
        datasets.declare_not_personal(session, office.house, 1, "Nobody is in it.", operator="operator")


def test_what_was_applied_for_before_its_data_was_not_personal_is_not_allowed_but_denied(
    office: Office, lab: int, tmp_path: Path
) -> None:
    """Nobody could be asked, and a licence for it would never get an answer."""
    bikes = small_city.write_bikes(tmp_path / "bikes.csv")
    office.dataset(small_city.document(small_city.BIKES), bikes)
    number = office.apply("lab", small_city.document(small_city.BIKES_BY_HOUR))
    for operator in ("operator", "deputy"):
        with office.house.database.writing() as session:
            datasets.declare_not_personal(session, office.house, 1, "Counts of bikes.", operator=operator)
    office.pump()

    with pytest.raises(AppliedTooEarlyError, match="bikes was declared not personal"):
        decide(office, number)
    decide(office, number, allowed=False)
    office.pump()
    assert office.town.contracts.use_cases.use_case(number).state == UseCaseState.DENIED


def decide(office: Office, number: int, *, allowed: bool = True, **conditions: int) -> None:
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, number, allowed=allowed, reason="As it is.", **conditions)
