"""Two workers take up one order: one answer is paid for, and it is the one that is served."""

import json
from pathlib import Path

import pytest

from ledger.enums import OrderState
from ledger.keys import Ed25519Attestor
from marketplace.orders import queries
from marketplace.orders.model import JobState
from marketplace.orders.runs import FailPoint, Workbench
from marketplace.orders.tables import SealedRow
from tests.marketplace.public_counter import licence_of_lab
from tests.office import Office
from tests.town import ATTESTOR_SEED, CREDIT


def workbench(office: Office, failpoint: FailPoint = lambda name: None) -> Workbench:
    return Workbench(office.house, Ed25519Attestor(ATTESTOR_SEED), failpoint)


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a_slow_worker_never_spoils_the_answer_of_a_fast_one(
    office: Office, tmp_path: Path, rounds: int
) -> None:
    """The fast one has sealed, queued the settlement, or finished, when the slow one comes back from its run."""
    id_ = office.order("lab", licence_of_lab(office, tmp_path))
    fast = workbench(office)
    waiting = [rounds]

    def meanwhile(point: str) -> None:
        if point == "O9.after_run" and waiting:
            for _ in range(waiting.pop()):
                fast.step()
                office.pump()

    slow = workbench(office, meanwhile)
    slow.step()
    assert not waiting
    for _ in range(6):
        office.pump()
        slow.step()
        fast.step()

    assert json.loads(office.result("lab", id_))["cells"]
    with office.house.database.reading() as session:
        order, job = queries.order(session, id_), queries.job(session, id_)
        assert order.result_digest is not None
        assert session.get(SealedRow, order.result_digest) is not None
    assert job is not None
    assert (order.state, order.charge, job.state) == (OrderState.SETTLED, 10 * CREDIT, JobState.READY)
