"""From nothing to a paid and proven number, by HTTP alone."""

import hashlib
import json

from tests import small_city
from tests.http.city import HttpCity


def test_lab_buys_a_number_on_bikes(city: HttpCity, tmp_path) -> None:
    office = city.office
    office.dataset(
        small_city.document(small_city.BIKES), small_city.write_bikes(tmp_path / "b.csv"), public=True
    )
    city.publish_rule()
    office.town.set_tariff()
    office.anchor()
    lab = city.organisation("Lab")
    lab.pay_in("200.00")

    use_case = lab.act(
        "use-cases", {"purpose": "ImproveTransportMobility", "routine": small_city.BIKES_BY_HOUR}
    )
    number = int(use_case["resource"].rsplit("/", 1)[1])
    assert lab.http.get(use_case["resource"]).json()["state"] == "allowed"
    licence = lab.act("licences", {"use_case": number})
    order = lab.act("orders", {"licence": int(licence["resource"].rsplit("/", 1)[1])})
    city.pump(analysis=True)

    seen = lab.http.get(order["resource"]).json()
    assert (seen["state"], seen["charge"], seen["final"]) == ("settled", "10.00", True)
    result = lab.http.get(order["resource"] + "/result")
    assert json.loads(result.content)["total"] == [sum(10 * hour for hour in range(24))]
    salt = lab.http.get(order["resource"] + "/salt").json()
    content = hashlib.sha256(result.content).digest()
    assert hashlib.sha256(bytes.fromhex(salt["salt"][2:]) + content).hexdigest() == seen["result_digest"][2:]
    receipt = lab.http.get(order["resource"] + "/receipt").json()
    assert [part["amount"] for part in receipt["parts"]] == ["10.00"]
