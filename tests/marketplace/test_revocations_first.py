"""No revocation waits for anything else that the city sends."""

from pathlib import Path

from ledger.enums import Class
from ledger.outbox import messages
from marketplace.consent import service as consents
from tests import small_city
from tests.office import Office, Paper


def anna_said_yes(office: Office, folder: Path) -> Paper:
    office.dataset(small_city.document(small_city.PERSONS), small_city.write_persons(folder / "p.csv", 5))
    trips = small_city.write_trips(folder / "t.sqlite", 5)
    office.dataset(small_city.document(small_city.TRIPS), trips, table="trips")
    office.join("lab", Class.COMMERCIAL)
    use_case = office.apply("lab", small_city.document(small_city.TRAVEL))
    office.allow(use_case)
    office.register("person", ["1"])
    paper = office.say_yes(use_case, "1")
    office.pump()
    return paper


def queue_for_the_relay(office: Office, count: int) -> None:
    with office.house.database.writing() as session:
        for number in range(count):
            call = office.town.contracts.participants.admit(1_000 + number)
            messages.put(session, call, key=f"other:{number}", signer="relay")


def anna_stops(office: Office, paper: Paper) -> None:
    with office.house.database.writing() as session:
        consents.revoke_by_code(session, office.house, paper.code)


def test_a_revocation_is_on_the_ledger_after_one_round_whatever_the_relay_has_to_send(
    office: Office, tmp_path: Path
) -> None:
    paper = anna_said_yes(office, tmp_path)
    queue_for_the_relay(office, 200)
    anna_stops(office, paper)
    office.sender.step()
    assert not office.town.contracts.consents.is_in_force(paper.id)
