"""A city with bikes that anybody may count, and Lab with credits, a use case, a licence and a settled order."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests import small_city
from tests.http.city import HttpCity, Organisation

WISH = {"purpose": "ImproveTransportMobility", "routine": small_city.BIKES_BY_HOUR}


@dataclass
class Trade:
    city: HttpCity
    lab: Organisation
    mallory: Organisation
    use_case: int
    licence: int
    order: str
    """Where the order is."""

    def again(self, city: HttpCity) -> "Trade":
        """The same in a city that was brought here again."""
        return replace(
            self, city=city, lab=replace(self.lab, city=city), mallory=replace(self.mallory, city=city)
        )

    def order_again(self, **changes: Any) -> dict[str, Any]:
        return self.lab.act("orders", {"licence": self.licence, **changes})


def number_of(answer: dict[str, Any]) -> int:
    return int(answer["resource"].rsplit("/", 1)[1])


def open_bikes(city: HttpCity, folder: Path) -> None:
    """Bikes counted at the bridge are open to all, at the general tariff."""
    bikes = small_city.write_bikes(folder / "bikes.csv")
    city.office.dataset(small_city.document(small_city.BIKES), bikes, public=True)
    city.publish_rule()
    city.office.town.set_tariff()
    city.office.anchor()


def open_trade(city: HttpCity, folder: Path) -> Trade:
    open_bikes(city, folder)
    lab, mallory = city.organisation("Lab"), city.organisation("Mallory")
    lab.pay_in("500")
    use_case = number_of(lab.act("use-cases", WISH))
    licence = number_of(lab.act("licences", {"use_case": use_case}))
    order = lab.act("orders", {"licence": licence})["resource"]
    city.pump(analysis=True)
    return Trade(city, lab, mallory, use_case, licence, order)
