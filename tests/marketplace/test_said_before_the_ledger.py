"""What the ledger would refuse, the city refuses first, in words that say what to do."""

from pathlib import Path

import pytest

from ledger.bindings import Source
from ledger.enums import Class, Ground
from ledger.node import RevertedError
from marketplace.participants import service as participation
from marketplace.participants.service import WrongStatusError
from marketplace.use_cases.service import COHORT_FLOOR, CohortBelowFloorError
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
