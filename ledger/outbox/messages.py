"""Putting messages into the outbox, and asking what came of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from ledger.abi import Call
from ledger.outbox.tables import MessageRow, State, TransactionRow

KEYS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Fate:
    """What has become of a message."""

    state: State
    refusal: str | None
    block_number: int | None
    transaction: int | None

    @property
    def is_final(self) -> bool:
        return self.state in {State.FINAL, State.ABANDONED}

    @property
    def succeeded(self) -> bool:
        return self.state is State.FINAL and self.refusal is None


def put(
    session: Session,
    call: Call,
    *,
    key: str,
    signer: str,
    gas: int = 1_000_000,
    batch: bytes | None = None,
    expires_at: int | None = None,
) -> bool:
    """Write the intention to make `call` with the key of role `signer`. False if `key` was put before.

    It is sent after this transaction has committed, and never if it has not.
    """
    if session.scalar(select(MessageRow.id).where(MessageRow.business_key == key)) is not None:
        return False
    session.add(
        MessageRow(
            business_key=key,
            signer=signer,
            contract=call.to,
            calldata=call.data,
            signature=call.signature,
            batch=batch,
            gas=gas,
            state=State.INTENT,
            created_at=int(time.time()),
            expires_at=expires_at,
        )
    )
    session.flush()
    return True


def put_many(
    session: Session,
    calls: Sequence[tuple[str, Call]],
    *,
    signer: str,
    gas: int,
    batch: bytes | None = None,
    expires_at: int | None = None,
) -> int:
    """As `put` for many (key, call) at once; keys that were put before are left out. How many were put."""
    known = set(session.scalars(select(MessageRow.business_key).where(MessageRow.signer == signer)))
    now = int(time.time())
    rows = [
        {
            "business_key": key,
            "signer": signer,
            "contract": call.to,
            "calldata": call.data,
            "signature": call.signature,
            "batch": batch,
            "gas": gas,
            "state": State.INTENT,
            "created_at": now,
            "expires_at": expires_at,
        }
        for key, call in calls
        if key not in known
    ]
    if rows:
        session.execute(insert(MessageRow), rows)
    return len(rows)


def count_unfinished(session: Session, keys: Sequence[str]) -> int:
    """How many of these messages are not final yet."""
    unfinished = 0
    for start in range(0, len(keys), KEYS_AT_ONCE):
        waiting = select(func.count()).where(
            MessageRow.business_key.in_(keys[start : start + KEYS_AT_ONCE]),
            MessageRow.state.not_in([State.FINAL, State.ABANDONED]),
        )
        unfinished += session.scalar(waiting) or 0
    return unfinished


def fate(session: Session, key: str) -> Fate | None:
    row = session.scalar(select(MessageRow).where(MessageRow.business_key == key))
    if row is None:
        return None
    carried = session.get(TransactionRow, row.transaction_id) if row.transaction_id else None
    return Fate(
        state=State(row.state),
        refusal=row.refusal,
        block_number=carried.block_number if carried else None,
        transaction=row.transaction_id,
    )
