"""An engine that may take back its two newest blocks: nothing is read, and nothing leaves, before they are final."""

from pathlib import Path

import pytest

from ledger.enums import Class, OrderState
from ledger.outbox.sender import Sender
from ledger.relay import BATCHERS
from marketplace.orders.service import NotReadyYetError
from marketplace.participants import queries as participants
from marketplace.projector import ProjectionStoppedError, Projector, contents
from tests.marketplace.public_counter import licence_of_lab
from tests.office import Office

FINALITY = 2


@pytest.fixture
def patient(office: Office) -> Office:
    office.projector = projector(office)
    office.projector.catch_up()
    return office


def projector(office: Office) -> Projector:
    return Projector(office.house.database, office.town.node, office.town.city, finality=FINALITY)


def mine(office: Office, blocks: int = FINALITY) -> None:
    for _ in range(blocks):
        office.town.pass_time(1)


def names(office: Office) -> set[str]:
    with office.house.database.reading() as session:
        return {one.account for one in participants.everybody(session)}


def test_what_is_not_final_is_not_read(patient: Office) -> None:
    lab = patient.town.keys["lab"].address
    patient.town.join("lab", Class.COMMERCIAL, admit=False)
    mine(patient, 1)
    patient.projector.catch_up()
    assert lab not in names(patient)

    mine(patient, 1)
    patient.projector.catch_up()
    assert lab in names(patient)


def test_a_reorganisation_within_finality_leaves_no_trace(patient: Office) -> None:
    before = patient.town.devnet.snapshot()
    patient.town.join("lab", Class.COMMERCIAL, admit=False)
    mine(patient, 1)
    patient.projector.catch_up()
    patient.town.devnet.revert(before)
    patient.town.pass_time(7)
    patient.town.join("clinic", Class.COMMERCIAL, admit=False)
    mine(patient, 2)
    patient.projector.catch_up()

    with patient.house.database.reading() as session:
        followed = contents(session)
    assert patient.town.keys["lab"].address not in names(patient)
    assert patient.town.keys["clinic"].address in names(patient)
    assert (
        followed["applied_blocks"][-1][1] == patient.town.node.block(patient.town.node.head().number - 2).hash
    )


def test_a_reorganisation_beyond_finality_stops_and_names_the_block(patient: Office) -> None:
    before = patient.town.devnet.snapshot()
    mine(patient, 3)
    cursor = patient.projector.catch_up().number
    patient.town.devnet.revert(before)
    patient.town.pass_time(7)
    mine(patient, 4)
    with pytest.raises(
        ProjectionStoppedError, match=f"Block {cursor + 1} .* does not follow block {cursor} "
    ):
        patient.projector.catch_up()


def test_a_result_is_served_once_its_settlement_is_final(office: Office, tmp_path: Path) -> None:
    id_ = office.order("lab", licence_of_lab(office, tmp_path))
    office.projector = projector(office)
    signers = {role: office.town.keys[role] for role in ("relay", "settler")}
    office.sender = Sender(
        office.house.database,
        office.town.node,
        signers,
        access=office.town.contracts.access,
        batchers=BATCHERS,
        finality=FINALITY,
    )
    office.pump(analysis=True)
    assert office.town.contracts.settlement.order(id_).state == OrderState.SETTLED
    with pytest.raises(NotReadyYetError):
        office.result("lab", id_)

    mine(office)
    office.pump(analysis=True)
    assert office.result("lab", id_)
