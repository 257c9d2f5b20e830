"""A city that sells a public counter: the shortest way to an order."""

from pathlib import Path

from ledger.enums import Class
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.office import Office


def licence_of_lab(office: Office, folder: Path, **tariff: int) -> int:
    """Lab has money and a licence to count bikes, under the usual tariff but for what is named."""
    bikes = small_city.write_bikes(folder / "bikes.csv")
    office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.BIKES_BY_HOUR), minimum_cohort=0)
    with office.house.database.writing() as session:
        use_cases.decide(session, office.house, use_case, allowed=True, reason="Counts of bikes.")
    office.pump()
    office.town.set_tariff(use_case, **tariff)
    office.fund("lab")
    office.anchor()
    return office.buy_licence("lab", use_case)
