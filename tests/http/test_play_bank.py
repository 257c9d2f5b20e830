"""Where money gets in: a city that plays none says who books it."""

from pathlib import Path

from tests.http.city import HttpCity
from tests.town import Town


def test_a_city_that_plays_no_money_names_the_way_that_real_money_takes(town: Town, tmp_path: Path) -> None:
    city = HttpCity(town, tmp_path / "city", play_bank=False)

    refused = city.organisation("Lab").send("bank/transfers", {"amount": "10.00"})
    city.close()

    assert refused.status_code == 403
    assert refused.json()["code"] == "no_play_bank"
    assert "`stoa city paid-in`" in refused.json()["detail"]
