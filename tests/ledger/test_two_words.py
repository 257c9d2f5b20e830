"""What two persons say: each says it once, and again only where something else was said in between."""

from ledger.abi import Call
from ledger.outbox import messages
from ledger.outbox.sender import Sender
from ledger.storage import Database
from tests.ledger.sending import fate_of, run_until_quiet
from tests.town import Town


def sender(town: Town, database: Database) -> Sender:
    signers = {"operator": town.keys["otto"], "deputy": town.keys["olga"]}
    return Sender(database, town.node, signers, access=town.contracts.access)


def says(town: Town, database: Database, who: str, call: Call) -> str:
    with database.writing() as session:
        key = messages.put_word(session, call, about="not-personal:1", signer=who)
    run_until_quiet(sender(town, database))
    return key


def test_a_word_that_stands_is_not_said_again(town: Town, database: Database) -> None:
    call = town.contracts.datasets.declare_not_personal(town.dataset(subject=False), b"\x61" * 32)
    for _ in range(2):
        key = says(town, database, "operator", call)
        assert fate_of(database, key).succeeded
    assert town.node.nonce(town.keys["otto"].address) == 1


def test_a_word_is_said_again_after_another_one(town: Town, database: Database) -> None:
    number = town.dataset(subject=False)
    counts = town.contracts.datasets.declare_not_personal(number, b"\x61" * 32)
    things = town.contracts.datasets.declare_not_personal(number, b"\x62" * 32)
    for who, call in (("operator", counts), ("deputy", things), ("operator", counts)):
        assert fate_of(database, says(town, database, who, call)).succeeded
        assert town.contracts.datasets.dataset(number).personal

    says(town, database, "deputy", counts)

    assert not town.contracts.datasets.dataset(number).personal
