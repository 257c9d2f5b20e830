"""Lab counts how many people there are: the shortest way to an order about persons."""

from dataclasses import dataclass
from pathlib import Path

from ledger.enums import Class
from tests import small_city
from tests.office import Office, Paper

PEOPLE = 12
K = 5
HOW_MANY = small_city.document(
    {
        "v": 1,
        "sources": ["persons"],
        "measures": {"source": "persons", "of": [{"kind": "people"}]},
    }
)


@dataclass
class Counted:
    office: Office
    use_case: int
    licence: int
    papers: list[Paper]
    """Of everybody, in the order of their keys."""


def count_people(office: Office, folder: Path, *, until: int | None = None) -> Counted:
    """Lab has a licence to count them, and all have said yes; half of them until `until`, if that is given."""
    persons = small_city.write_persons(folder / "p.csv", PEOPLE)
    office.dataset(small_city.document(small_city.PERSONS), persons)
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", HOW_MANY, minimum_cohort=K)
    office.allow(use_case)
    keys = small_city.person_keys(PEOPLE)
    office.register("person", keys)
    papers = [
        office.say_yes(use_case, key, until=until if place < PEOPLE // 2 else None)
        for place, key in enumerate(keys)
    ]
    office.pump()
    office.town.set_tariff(use_case)
    office.fund("lab")
    office.anchor()
    return Counted(office, use_case, office.buy_licence("lab", use_case), papers)
