"""Which messages travel together, and as what call."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.abi import Call
from ledger.outbox.tables import MessageRow, State

Batcher = Callable[[Sequence[MessageRow]], tuple[Call, int]]
"""Makes one call, with its gas limit, of several messages that share a batch digest."""

MOST_IN_A_BATCH = 100


def next_group(session: Session, role: str) -> list[MessageRow]:
    """What the key of `role` signs next: one message, or those of its batch. What waits for another is passed over."""
    waiting = select(MessageRow).where(
        MessageRow.state == State.INTENT, MessageRow.signer == role, MessageRow.waits_for.is_(None)
    )
    first = session.scalar(waiting.order_by(MessageRow.id).limit(1))
    if first is None:
        return []
    if first.batch is None:
        return [first]
    same = waiting.where(MessageRow.batch == first.batch, MessageRow.signature == first.signature)
    return list(session.scalars(same.order_by(MessageRow.id).limit(MOST_IN_A_BATCH)))


def all_groups(session: Session, role: str) -> list[list[MessageRow]]:
    """Everything that the key of `role` has to sign, as it would be sent."""
    waiting = select(MessageRow).where(MessageRow.state == State.INTENT, MessageRow.signer == role)
    groups: list[list[MessageRow]] = []
    open_batches: dict[tuple[bytes, str], list[MessageRow]] = {}
    for message in session.scalars(waiting.order_by(MessageRow.id)):
        batch = None if message.batch is None else open_batches.get((message.batch, message.signature))
        if batch is None or len(batch) == MOST_IN_A_BATCH:
            batch = []
            groups.append(batch)
            if message.batch is not None:
                open_batches[message.batch, message.signature] = batch
        batch.append(message)
    return groups


def call_of(batchers: Mapping[str, Batcher], messages: Sequence[MessageRow]) -> tuple[Call, int]:
    """The call that carries these messages, and its gas limit."""
    first = messages[0]
    batcher = batchers.get(first.signature)
    if batcher is not None and first.batch is not None:
        return batcher(messages)
    return Call(to=first.contract, data=first.calldata, signature=first.signature), first.gas
