"""How far a message to the ledger is, and what stands there because of it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.outbox import messages
from ledger.outbox.letters import application_of
from ledger.outbox.tables import MessageRow, State
from marketplace.consent.tables import ConsentRow
from marketplace.errors import NotFoundError
from marketplace.licences import queries as licences
from marketplace.orders.tables import OrderRow
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases


class UnknownMessageError(NotFoundError):
    """Nothing of this name was sent."""

    code = "unknown_message"


@dataclass(frozen=True, slots=True)
class Progress:
    """`done`: final, and read back from the ledger. `resource`: the path of what it made."""

    key: str
    state: State
    done: bool
    succeeded: bool
    refusal: str | None
    block: int | None
    resource: str | None


PUBLIC = frozenset(
    {"join", "apply", "licence", "order", "grant", "revoke", "mandate", "mint", "withdraw", "share", "erase"}
)
"""What callers of the API cause. What the city's officers are about to do is not told here."""


def of(session: Session, key: str) -> Progress:
    """Raises UnknownMessageError."""
    kind, _, rest = key.partition(":")
    fate = messages.fate(session, key) if kind in PUBLIC else None
    if fate is None:
        raise UnknownMessageError("There is no message of this name.")
    was_read = fate.block_number is None or head(session).number >= fate.block_number
    succeeded = fate.succeeded and was_read
    return Progress(
        key=key,
        state=fate.state,
        done=fate.is_final and was_read,
        succeeded=succeeded,
        refusal=fate.refusal,
        block=fate.block_number,
        resource=resource_of(session, kind, rest, fate.block_number) if succeeded else None,
    )


def resource_of(session: Session, kind: str, rest: str, block: int | None) -> str | None:
    match kind:
        case "join":
            joined = participants.by_account(session, rest)
            return None if joined is None else f"/v1/participants/{joined.number}"
        case "apply":
            number = _applied(session, f"apply:{rest}", block)
            return None if number is None else f"/v1/use-cases/{number}"
        case "licence":
            bought = licences.licence_of_quote(session, bytes.fromhex(rest))
            return None if bought is None else f"/v1/licences/{bought.number}"
        case "order":
            return _known(session, OrderRow, rest, "orders")
        case "grant" | "revoke" | "mandate":
            return _known(session, ConsentRow, rest, "consents")
        case _:
            return None


def _applied(session: Session, key: str, block: int | None) -> int | None:
    row = session.scalars(select(MessageRow).where(MessageRow.business_key == key)).one()
    if block is None:
        return None
    return use_cases.applied(session, block, application_of(row.signature, row.calldata))


def _known(session: Session, table: type[OrderRow] | type[ConsentRow], id_: str, things: str) -> str | None:
    found = bytes.fromhex(id_)
    return None if session.get(table, found) is None else f"/v1/{things}/{hexed(found)}"
