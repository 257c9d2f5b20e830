"""What the ledger refused has not happened: whoever asks again is heard."""

from ledger.bindings import Join
from ledger.digests import text_digest
from ledger.enums import Class
from ledger.outbox import messages
from ledger.typed_data import join_digest, signed
from marketplace.participants import service as participants
from tests.office import Office


def join(office: Office, deadline: int) -> str:
    signer = office.town.keys["lab"]
    form = Join(Class.COMMERCIAL, text_digest("lab"), signer.address, deadline)
    signature = signed(signer, join_digest(office.town.city.domains.participants, form))
    with office.house.database.writing() as session:
        return participants.join(session, office.house, form=form, name="lab", signature=signature)


def test_who_joined_too_late_joins_with_a_new_signature(office: Office) -> None:
    key = join(office, office.town.clock.now + 5)
    office.town.pass_time(10)
    office.pump()
    with office.house.database.reading() as session:
        fate = messages.fate(session, key)
    assert fate is not None
    assert fate.refusal == "ActExpired"

    join(office, office.town.soon)
    office.pump()

    assert office.town.contracts.participants.id_of(office.town.keys["lab"].address) != 0


def test_an_admission_that_the_ledger_refused_is_not_repeated_with_every_block(office: Office) -> None:
    """The city's own policy asks after each block. A refusal is looked at by people."""
    join(office, office.town.soon)
    office.pump()
    with office.house.database.writing() as session:
        assert participants.admit_waiting(session, office.house, set(Class)) == 1
    number = office.town.contracts.participants.id_of(office.town.keys["lab"].address)
    office.town.send("otto", office.town.contracts.participants.admit(number))
    office.sender.step()  # refused: otto was faster; the read model has not seen it yet

    with office.house.database.writing() as session:
        assert participants.admit_waiting(session, office.house, set(Class)) == 0
