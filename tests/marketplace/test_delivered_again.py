"""A delivery is a new version, and the same people's rows in it are the same rows: stopping between two deliveries of
them tells nobody what hers were."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from ledger.enums import Class
from marketplace.catalogue.description import parse_description
from marketplace.catalogue.ingest import row_tag
from marketplace.disclosure.release import ReleaseRecord
from marketplace.orders.service import RefundedError
from marketplace.orders.tables import ReleaseRow
from tests import small_city
from tests.marketplace.crowd import all_say_yes
from tests.office import Office

PEOPLE = 24
K = 5
MINUTES = {
    **small_city.COMMON,
    "name": "sport",
    "title": "Sport",
    "topic": "mobile",
    "source": "csv",
    "subject": {"column": "person_id", "kind": "person"},
    "one_row_per": "person_id",
    "columns": [{"name": "minutes", "type": "integer", "minimum": 0, "maximum": 900, "unit": "minutes"}],
    "dimensions": [],
}
IN_ALL = small_city.document(
    {
        "v": 1,
        "sources": ["sport"],
        "measures": {"source": "sport", "of": [{"kind": "people"}, {"kind": "sum", "column": "minutes"}]},
    }
)


def delivery(folder: Path, name: str, *, others: int = 0) -> Path:
    """Everybody's minutes; of the first `others` people they are others than usual."""
    path = folder / name
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["person_id", "minutes"])
        for number in range(1, PEOPLE + 1):
            out.writerow([number, 10 * number + (number <= others)])
    return path


@pytest.fixture
def licence(office: Office, tmp_path: Path) -> int:
    """Lab may ask for everybody's minutes, and has; then somebody stopped."""
    office.dataset(small_city.document(MINUTES), delivery(tmp_path, "first.csv"))
    office.register("person", small_city.person_keys(PEOPLE))
    office.join("lab", Class.COMMERCIAL)
    office.town.set_tariff()
    office.fund("lab")
    office.anchor()
    use_case = office.apply("lab", IN_ALL, minimum_cohort=K)
    office.allow(use_case, minimum_cohort=K)
    codes = all_say_yes(office, use_case, small_city.person_keys(PEOPLE))
    licence = office.buy_licence("lab", use_case)
    assert total(office, licence) == [PEOPLE, sum(10 * number for number in range(1, PEOPLE + 1))]
    office.stop(codes["7"])
    office.pump()
    return licence


def total(office: Office, licence: int) -> list[int]:

    order = office.order("lab", licence)
    office.pump(analysis=True)
    return json.loads(office.result("lab", order))["total"]


def test_the_same_rows_delivered_again_are_held_as_the_first_delivery_is(
    office: Office, licence: int, tmp_path: Path
) -> None:
    with pytest.raises(RefundedError):
        total(office, licence)

    office.deliver("sport", delivery(tmp_path, "again.csv"))
    with pytest.raises(RefundedError):
        total(office, licence)


def test_so_is_a_delivery_in_which_few_peoples_rows_are_others(
    office: Office, licence: int, tmp_path: Path
) -> None:
    office.deliver("sport", delivery(tmp_path, "few.csv", others=K - 2))
    with pytest.raises(RefundedError):
        total(office, licence)


def test_a_delivery_of_other_rows_is_answered_without_her(
    office: Office, licence: int, tmp_path: Path
) -> None:
    office.deliver("sport", delivery(tmp_path, "other.csv", others=PEOPLE))
    assert total(office, licence)[0] == PEOPLE - 1


def test_what_is_kept_to_know_rows_again_confirms_no_guess_of_them(office: Office, licence: int) -> None:
    """Whoever has it and knows what a row may be still needs the mark of the person whose it is."""
    assert licence
    with office.house.vault.reading() as vault:
        (kept,) = vault.scalars(select(ReleaseRow.record))
    known = {tag for cell in ReleaseRecord.decode(kept).cells for tag in cell.tags}
    digest = parse_description(small_city.document(MINUTES)).digest
    guesses = {row_tag(b"", digest, (10 * number,), 0) for number in range(1, PEOPLE + 1)}

    assert len(known) == len(guesses) == PEOPLE
    assert known.isdisjoint(guesses)
