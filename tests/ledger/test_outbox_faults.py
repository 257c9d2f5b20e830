"""Whatever a node, a key or a second process does to the sender: nothing is lost, and nothing is done twice.

The points are those of the engine's states: a send without an answer (T4), a transaction that the node drops (T7), two
processes with one key (T11), a chain that stands still (T13), a key that does not answer (T16), a success without an
event (T17). The others are in `test_outbox`.
"""

import logging
import re

import pytest
from sqlalchemy import func, select, update

from ledger.abi import Call
from ledger.bindings import Rule
from ledger.keys import LocalSigner
from ledger.node import Node, NodeUnreachableError
from ledger.outbox import messages
from ledger.outbox.lookout import STUCK_SECONDS
from ledger.outbox.sender import Sender
from ledger.outbox.tables import State, TransactionHashRow, TransactionRow
from ledger.storage import Database
from marketplace.provenance.standing import oldest_stuck_transaction
from tests.ledger.crooked import Ask, Change, Crooked
from tests.ledger.sending import fate_of, put_rule, run_until_quiet, sender
from tests.town import Town

SEND = "eth_sendRawTransaction"


def answer_lost(ask: Ask) -> dict[str, object]:
    """The node takes the transaction; its answer does not arrive."""
    ask()
    raise OSError


def question_lost(_ask: Ask) -> dict[str, object]:
    raise OSError


def dropped(_ask: Ask) -> dict[str, object]:
    """The node takes the transaction and forgets it."""
    return {"jsonrpc": "2.0", "id": 1, "result": "0x" + "77" * 32}


def done_once(town: Town, database: Database) -> bool:
    with database.reading() as session:
        transactions = session.scalar(select(func.count()).select_from(TransactionRow))
        hashes = session.scalar(select(func.count()).select_from(TransactionHashRow))
    return (
        fate_of(database, "rule").succeeded
        and town.contracts.use_cases.rule_count() == 1
        and (transactions, hashes) == (1, 1)
    )


@pytest.mark.parametrize("lost", [answer_lost, question_lost])
def test_a_send_without_an_answer_is_settled_by_looking(town: Town, database: Database, lost: Change) -> None:
    put_rule(town, database)
    with pytest.raises(NodeUnreachableError):
        sender(town, database, node=Node(Crooked(town.devnet, SEND, lost))).step()
    assert fate_of(database, "rule").state is State.SIGNED

    run_until_quiet(sender(town, database))

    assert done_once(town, database)


def test_what_a_node_drops_it_is_given_again(town: Town, database: Database) -> None:
    put_rule(town, database)
    sender(town, database, node=Node(Crooked(town.devnet, SEND, dropped))).step()
    assert fate_of(database, "rule").state is State.SENT

    run_until_quiet(sender(town, database))

    assert done_once(town, database)


def test_two_processes_with_one_key_send_everything_once(town: Town, database: Database) -> None:
    for number in range(6):
        call = town.contracts.use_cases.publish_rule(Rule(bytes(32), 16, 30, 30, bytes([number + 1]) * 32))
        with database.writing() as session:
            messages.put(session, call, key=f"rule:{number}", signer="operator")
    other = sender(town, database)
    signers = {"operator": town.keys["otto"]}
    one = Sender(
        database,
        town.node,
        signers,
        access=town.contracts.access,
        failpoint=lambda _point: other.step() and None,
    )

    run_until_quiet(one)

    assert town.contracts.use_cases.rule_count() == 6
    assert all(fate_of(database, f"rule:{number}").succeeded for number in range(6))
    with database.reading() as session:
        nonces = list(session.scalars(select(TransactionRow.nonce).order_by(TransactionRow.nonce)))
    assert nonces == list(range(6))


def test_what_is_in_no_block_is_named_once_and_not_sent_without_end(
    town: Town, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    offers: list[int] = []

    def standing_still(_ask: Ask) -> dict[str, object]:
        offers.append(1)
        return {"jsonrpc": "2.0", "id": 1, "result": "0x" + "77" * 32}

    put_rule(town, database)
    halted = sender(town, database, node=Node(Crooked(town.devnet, SEND, standing_still)))
    halted.step()
    with database.reading() as session:
        assert oldest_stuck_transaction(session) is None
    with database.writing() as session:
        session.execute(update(TransactionRow).values(signed_at=TransactionRow.signed_at - STUCK_SECONDS))

    with caplog.at_level(logging.ERROR):
        for _ in range(10):
            assert not halted.step()

    (message,) = caplog.messages
    assert re.search(r"in no block after [67]\d s \(rule\)", message)
    assert len(offers) == 2
    with database.reading() as session:
        assert (oldest_stuck_transaction(session) or 0) >= STUCK_SECONDS


def test_a_key_that_does_not_answer_costs_no_nonce(town: Town, database: Database) -> None:
    class KeyAwayError(Exception):
        pass

    class AwayKey(LocalSigner):
        @property
        def secret(self) -> bytes:
            raise KeyAwayError

    put_rule(town, database)
    away = AwayKey(town.keys["otto"].secret)
    with pytest.raises(KeyAwayError):
        Sender(database, town.node, {"operator": away}, access=town.contracts.access).step()
    assert fate_of(database, "rule").state is State.INTENT

    run_until_quiet(sender(town, database))

    assert done_once(town, database)


def test_a_success_without_an_event_is_a_failure(town: Town, database: Database) -> None:
    """No contract is at this address: the call succeeds, and nothing has happened."""
    call = Call(to=LocalSigner.fresh().address, data=b"\x12\x34\x56\x78", signature="settle()")
    with database.writing() as session:
        messages.put(session, call, key="nothing", signer="operator")

    run_until_quiet(sender(town, database))

    assert fate_of(database, "nothing").refusal == "NothingHappened"
    assert not fate_of(database, "nothing").succeeded
