"""A consent ends by itself: from 00:00 UTC after the day she chose it counts in no run, and is in no answer."""

from pathlib import Path

from ledger.enums import OrderState
from marketplace.consent.queries import cohort_at, count_in_force
from marketplace.consent.standing import State, standings_of
from marketplace.orders import queries
from marketplace.orders.tables import JobRow
from marketplace.provenance.queries import head
from tests.marketplace.headcount import PEOPLE, Counted, count_people
from tests.office import Office
from tests.town import DAY

ANNA = "person", "1"


def ending_tomorrow(office: Office, folder: Path) -> tuple[Counted, int]:
    """Half of the people said yes until the end of today, UTC."""
    until = (office.town.clock.now // DAY + 1) * DAY
    return count_people(office, folder, until=until), until


def go_to(office: Office, instant: int) -> None:
    office.town.pass_time(instant - office.town.clock.now)
    office.pump()


def seen(office: Office, use_case: int) -> tuple[int, int, State]:
    """How many consents count, how many are counted, and how Anna's stands."""
    with office.house.database.reading() as session, office.house.vault.reading() as vault:
        now = head(session)
        (annas,) = standings_of(session, vault, ANNA)
        return len(cohort_at(session, use_case, now)), count_in_force(session, use_case, now), annas.state


def test_a_consent_counts_until_its_last_second(office: Office, tmp_path: Path) -> None:
    counted, until = ending_tomorrow(office, tmp_path)

    go_to(office, until - 1)
    assert seen(office, counted.use_case) == (PEOPLE, PEOPLE, State.IN_FORCE)
    go_to(office, until)
    assert seen(office, counted.use_case) == (PEOPLE // 2, PEOPLE // 2, State.EXPIRED)


def test_consents_that_end_after_the_run_mean_a_new_run(office: Office, tmp_path: Path) -> None:
    counted, until = ending_tomorrow(office, tmp_path)
    id_ = office.order("lab", counted.licence, seconds=2 * DAY)
    office.workbench.step()

    go_to(office, until)
    office.pump(analysis=True)

    with office.house.database.reading() as session:
        order, attempts = queries.order(session, id_), session.get_one(JobRow, id_).attempts
    assert (order.state, order.cohort_size, attempts) == (OrderState.SETTLED, PEOPLE // 2, 1)
