"""The outbox: what is put is on the ledger once, whatever crashes in between."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.abi import Call
from ledger.enums import Class
from ledger.keys import LocalSigner
from ledger.node import Node
from ledger.outbox import lookout, messages
from ledger.outbox.reconciling import NonceConflictError
from ledger.outbox.tables import MessageRow, State, TransactionHashRow, TransactionRow
from ledger.relay import batch_of, grant_gas
from ledger.storage import Database, open_database, sqlite_url
from ledger.transactions import sign_transaction
from tests.ledger.crooked import Crooked
from tests.ledger.sending import CrashError, fate_of, put_rule, run_until_quiet, sender
from tests.town import Given, Town


@pytest.mark.parametrize("point", ["T2.after_signed", "T3.after_broadcast", "T5.before_receipt_saved"])
def test_a_crash_at_any_step_loses_nothing_and_does_nothing_twice(
    town: Town, database: Database, point: str
) -> None:
    put_rule(town, database)
    with pytest.raises(CrashError):
        run_until_quiet(sender(town, database, crash_at=point))

    run_until_quiet(sender(town, database))

    assert town.contracts.use_cases.rule_count() == 1
    with database.reading() as session:
        fate = messages.fate(session, "rule")
        assert session.scalar(select(func.count()).select_from(TransactionRow)) == 1
    assert fate is not None
    assert fate.succeeded


def test_a_key_is_put_once(town: Town, database: Database) -> None:
    put_rule(town, database)
    put_rule(town, database)
    run_until_quiet(sender(town, database))
    assert town.contracts.use_cases.rule_count() == 1


def put_admission(town: Town, database: Database, **how: Any) -> bool:
    """Admit Lab, whatever its number will be; refused as long as it has not joined."""
    call = town.contracts.participants.admit(2)
    with database.writing() as session:
        return messages.put(session, call, key="admit", signer="operator", **how)


def test_what_the_ledger_refused_may_be_put_again(town: Town, database: Database) -> None:
    assert put_admission(town, database)
    assert not put_admission(town, database)
    run_until_quiet(sender(town, database))
    assert fate_of(database, "admit").refusal == "UnknownParticipant"
    town.join("lab", Class.COMMERCIAL, admit=False)

    assert put_admission(town, database)
    run_until_quiet(sender(town, database))

    assert fate_of(database, "admit").succeeded
    assert not put_admission(town, database)


def test_what_has_expired_may_be_put_again(town: Town, database: Database) -> None:
    town.join("lab", Class.COMMERCIAL, admit=False)
    put_admission(town, database, expires_at=town.clock.now + 10)
    town.pass_time(11)
    run_until_quiet(sender(town, database))
    assert fate_of(database, "admit").state is State.ABANDONED

    assert put_admission(town, database)
    run_until_quiet(sender(town, database))

    assert fate_of(database, "admit").succeeded


def test_what_nobody_asks_for_again_is_refused_once(town: Town, database: Database) -> None:
    assert put_admission(town, database, once=True)
    run_until_quiet(sender(town, database))
    assert not put_admission(town, database, once=True)


def test_refused_members_of_a_batch_may_be_put_again(town: Town, database: Database) -> None:
    calls = [(f"admit:{number}", town.contracts.participants.admit(number)) for number in (2, 3)]

    def put() -> int:
        with database.writing() as session:
            return messages.put_many(session, calls, signer="operator", gas=1_000_000)

    assert (put(), put()) == (2, 0)
    run_until_quiet(sender(town, database))
    assert put() == 2


def test_the_signed_bytes_are_kept_before_they_are_sent(town: Town, database: Database) -> None:
    put_rule(town, database)
    with pytest.raises(CrashError):
        sender(town, database, crash_at="T2.after_signed").step()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(TransactionHashRow)) == 1
    assert town.contracts.use_cases.rule_count() == 0


def test_a_refusal_of_the_contract_is_kept_by_its_name(town: Town, database: Database) -> None:
    with database.writing() as session:
        messages.put(session, town.contracts.participants.admit(99), key="admit:99", signer="operator")
    run_until_quiet(sender(town, database))
    with database.reading() as session:
        fate = messages.fate(session, "admit:99")
    assert fate is not None
    assert fate.refusal == "UnknownParticipant"
    assert not fate.succeeded


def test_a_nonce_that_went_to_somebody_else_is_given_again(town: Town, database: Database) -> None:
    put_rule(town, database)
    with pytest.raises(CrashError):
        sender(town, database, crash_at="T2.after_signed").step()
    otto = town.keys["otto"]
    foreign = sign_transaction(
        otto, chain_id=town.city.chain_id, nonce=town.node.nonce(otto.address), to=otto.address, data=b""
    )
    town.node.send_raw(foreign.raw)

    run_until_quiet(sender(town, database))

    assert town.contracts.use_cases.rule_count() == 1
    with database.reading() as session:
        states = set(session.scalars(select(TransactionRow.state)))
    assert states == {State.CONFLICT, State.FINAL}


def test_what_a_block_took_back_is_sent_again_as_it_was(town: Town, database: Database) -> None:
    put_rule(town, database)
    before = town.devnet.snapshot()
    patient = sender(town, database, finality=2)
    run_until_quiet(patient)
    assert fate_of(database, "rule").state is State.MINED

    town.devnet.revert(before)
    town.pass_time(7)
    assert town.contracts.use_cases.rule_count() == 0
    patient.step()
    assert fate_of(database, "rule").state is State.SENT
    run_until_quiet(patient)
    assert fate_of(database, "rule").state is State.MINED
    town.pass_time(1)
    town.pass_time(1)
    run_until_quiet(patient)

    assert fate_of(database, "rule").succeeded
    assert town.contracts.use_cases.rule_count() == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(TransactionRow)) == 1


def test_waiting_for_finality_is_not_work(town: Town, database: Database) -> None:
    put_rule(town, database)
    patient = sender(town, database, finality=2)
    run_until_quiet(patient)
    assert fate_of(database, "rule").state is State.MINED
    assert not patient.step()


def test_a_nonce_is_not_given_up_to_a_block_that_may_be_taken_back(
    town: Town, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "AGAIN_SECONDS", 0.0)
    put_rule(town, database)
    with pytest.raises(CrashError):
        sender(town, database, crash_at="T2.after_signed").step()
    before = town.devnet.snapshot()
    otto = town.keys["otto"]
    town.send("otto", Call(to=otto.address, data=b"", signature=""))
    patient = sender(town, database, finality=2)
    patient.step()
    town.devnet.revert(before)
    town.pass_time(7)
    for _ in range(4):
        run_until_quiet(patient)
        town.pass_time(1)

    assert fate_of(database, "rule").succeeded
    with database.reading() as session:
        assert list(session.scalars(select(TransactionRow.state))) == [State.FINAL]


def restored(database: Database, folder: Path) -> Database:
    """This database as it is now, in another file."""
    database.truncate_log()
    source = database.engine.url.database
    assert source is not None
    return Database(open_database(sqlite_url(Path(shutil.copy(source, folder / "restored.db")))))


def test_a_restored_database_does_not_send_again_what_is_on_the_ledger(
    town: Town, database: Database, tmp_path: Path
) -> None:
    put_rule(town, database)
    this_morning = restored(database, tmp_path)
    run_until_quiet(sender(town, database))
    put_rule(town, database, key="another")
    run_until_quiet(sender(town, database))

    put_rule(town, this_morning, key="the next")
    run_until_quiet(sender(town, this_morning))

    # Another rule of the same words was put after the backup: the one that waited and the next are these two.
    assert town.contracts.use_cases.rule_count() == 2
    assert fate_of(this_morning, "rule").succeeded
    assert fate_of(this_morning, "the next").succeeded
    this_morning.close()


def test_a_restored_database_goes_on_after_what_it_found(
    town: Town, database: Database, tmp_path: Path
) -> None:
    put_admission(town, database)
    this_morning = restored(database, tmp_path)
    run_until_quiet(sender(town, database))
    put_rule(town, this_morning)
    run_until_quiet(sender(town, this_morning))
    assert fate_of(this_morning, "admit").refusal == "UnknownParticipant"
    assert town.contracts.use_cases.rule_count() == 1
    assert town.node.nonce(town.keys["otto"].address) == 2
    this_morning.close()


def test_nothing_is_signed_while_the_blocks_cannot_be_searched(
    town: Town, database: Database, tmp_path: Path
) -> None:
    put_rule(town, database)
    this_morning = restored(database, tmp_path)
    run_until_quiet(sender(town, database))
    before = town.node.nonce(town.keys["otto"].address)

    def hiding(answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "result": {**answer["result"], "transactions": []}}

    crooked = Node(Crooked(town.devnet, "eth_getBlockByNumber", lambda ask: hiding(ask())))
    with pytest.raises(NonceConflictError):
        sender(town, this_morning, node=crooked).step()

    assert town.node.nonce(town.keys["otto"].address) == before
    assert fate_of(this_morning, "rule").state is State.INTENT
    this_morning.close()


def test_a_restored_database_finds_a_batch_too(town: Town, database: Database, tmp_path: Path) -> None:
    given = put_consents(town, database)
    this_morning = restored(database, tmp_path)
    run_until_quiet(sender(town, database))
    nonce = town.node.nonce(town.keys["relay"].address)
    run_until_quiet(sender(town, this_morning))
    assert town.node.nonce(town.keys["relay"].address) == nonce
    assert all(fate_of(this_morning, f"grant:{one.consent.id.hex()}").succeeded for one in given)
    this_morning.close()


def test_what_has_expired_is_dropped_and_never_sent_late(town: Town, database: Database) -> None:
    call = town.contracts.participants.admit(99)
    with database.writing() as session:
        messages.put(session, call, key="late", signer="operator", expires_at=town.clock.now + 10)
    town.pass_time(11)
    before = town.node.nonce(town.keys["otto"].address)
    run_until_quiet(sender(town, database))
    with database.reading() as session:
        assert session.scalar(select(MessageRow.state)) == State.ABANDONED
    assert town.node.nonce(town.keys["otto"].address) == before


def put_consents(town: Town, database: Database) -> list[Given]:
    terms = town.terms(town.open_use_case())
    given = [town.consent(terms) for _ in range(5)]
    with database.writing() as session:
        for one in given:
            messages.put(
                session,
                town.contracts.consents.grant_by_signature(terms, one.grant),
                key=f"grant:{one.consent.id.hex()}",
                signer="relay",
                gas=grant_gas(1),
                batch=batch_of(terms),
            )
    return given


def test_consents_under_the_same_terms_travel_together(town: Town, database: Database) -> None:
    given = put_consents(town, database)
    run_until_quiet(sender(town, database))
    assert all(town.contracts.consents.is_in_force(one.consent.id) for one in given)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(TransactionRow)) == 1


def test_the_sender_of_a_key_does_not_show_it(town: Town) -> None:
    signer = LocalSigner.fresh()
    assert signer.secret.hex() not in repr(signer)
