"""Days of data over HTTP: wished for, signed, and shown to everybody."""

from pathlib import Path
from typing import Any

import pytest

from tests import small_city
from tests.http.city import HttpCity
from tests.http.trade import WISH, number_of, open_bikes

PASSAGES = {
    **small_city.BIKES,
    "name": "passages",
    "title": "Bikes that passed",
    "columns": [
        {
            "name": "at",
            "type": "timestamp",
            "from": "2026-01-01T00:00:00Z",
            "until": "2027-01-01T00:00:00Z",
        }
    ],
    "dimensions": [],
}
ROUTINE = {
    **small_city.BIKES_BY_HOUR,
    "sources": ["passages"],
    "measures": {"source": "passages", "of": [{"kind": "rows"}]},
    "dimensions": [],
}
MARCH = {"first": "2026-03-01", "last": "2026-03-31"}


def test_the_days_that_were_asked_for_are_shown_and_counted(city: HttpCity, tmp_path: Path) -> None:
    passages = tmp_path / "passages.csv"
    passages.write_text("at\n2026-02-28T23:00:00Z\n2026-03-01T00:00:00Z\n2026-04-01T00:00:00Z\n")
    city.office.dataset(small_city.document(PASSAGES), passages, public=True)
    open_bikes(city, tmp_path)
    lab = city.organisation("Lab")
    lab.pay_in("500")

    number = number_of(lab.act("use-cases", {**WISH, "routine": ROUTINE, "period": MARCH}))
    licence = number_of(lab.act("licences", {"use_case": number}))
    order = lab.act("orders", {"licence": licence})["resource"]
    city.pump(analysis=True)

    assert city.anybody.get(f"/v1/use-cases/{number}").json()["period"] == MARCH
    assert lab.http.get(order + "/result").json()["total"] == [1]


@pytest.mark.parametrize(
    ("period", "code"),
    [
        (MARCH, "routine_no_time"),
        ({"first": "2026-03-31", "last": "2026-03-01"}, "routine_no_time"),
        ({"first": "1969-12-31", "last": "2026-03-01"}, "validation"),
        ({"first": "2026-02-30", "last": "2026-03-01"}, "validation"),
        ({"first": 20260301, "last": 20260331}, "validation"),
        ({"first": "2026-03-01"}, "validation"),
    ],
)
def test_days_that_cannot_be_kept_to_are_refused_by_name(
    city: HttpCity, tmp_path: Path, period: dict[str, Any], code: str
) -> None:
    open_bikes(city, tmp_path)
    lab = city.organisation("Lab")
    answer = lab.http.post("/v1/use-cases/forms", json={**WISH, "period": period})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_period_ends_after_it_begins(city: HttpCity, tmp_path: Path) -> None:
    passages = tmp_path / "passages.csv"
    passages.write_text("at\n2026-03-01T00:00:00Z\n")
    city.office.dataset(small_city.document(PASSAGES), passages, public=True)
    lab = city.organisation("Lab")
    backwards = {"first": MARCH["last"], "last": MARCH["first"]}
    answer = lab.http.post("/v1/use-cases/forms", json={**WISH, "routine": ROUTINE, "period": backwards})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_period")
