"""A sender on a database, and what is put for it."""

from ledger.abi import Reader
from ledger.bindings import CityAccess, Rule
from ledger.node import Node
from ledger.outbox import messages
from ledger.outbox.sender import Sender
from ledger.relay import BATCHERS
from ledger.storage import Database
from tests.town import Town


class CrashError(Exception):
    """The process ends here."""


def sender(
    town: Town,
    database: Database,
    crash_at: str | None = None,
    *,
    finality: int = 0,
    node: Node | None = None,
    reader: Reader | None = None,
) -> Sender:
    """A sender of the operator's and the relay's keys. It reads what each may do over `reader`, if it is given."""

    def failpoint(name: str) -> None:
        if name == crash_at:
            raise CrashError(name)

    signers = {"operator": town.keys["otto"], "relay": town.keys["relay"]}
    return Sender(
        database,
        node or town.node,
        signers,
        access=CityAccess(town.city.addresses["CityAccess"], reader or town.node),
        batchers=BATCHERS,
        finality=finality,
        failpoint=failpoint,
    )


def put_rule(town: Town, database: Database, key: str = "rule") -> None:
    call = town.contracts.use_cases.publish_rule(Rule(bytes(32), 16, 30, 30, b"\x01" * 32))
    with database.writing() as session:
        messages.put(session, call, key=key, signer="operator")


def run_until_quiet(sender: Sender) -> None:
    for _ in range(20):
        if not sender.step():
            return


def fate_of(database: Database, key: str) -> messages.Fate:
    with database.reading() as session:
        fate = messages.fate(session, key)
    assert fate is not None
    return fate
