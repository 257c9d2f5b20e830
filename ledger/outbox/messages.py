"""Putting messages into the outbox, and asking what came of them."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, Update, and_, cast, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ledger.abi import Call
from ledger.digests import sha256
from ledger.outbox.tables import MessageRow, State, TransactionRow

KEYS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Fate:
    """What has become of a message."""

    state: State
    refusal: str | None
    block_number: int | None
    transaction: int | None
    put_at: int
    """When it was put, in seconds since 1970 by the host's clock."""
    ready_at: int | None
    """Block time from which it may be done, where it had to be scheduled first and is."""

    @property
    def is_final(self) -> bool:
        return self.state in {State.FINAL, State.ABANDONED}

    @property
    def succeeded(self) -> bool:
        return self.state is State.FINAL and self.refusal is None

    @property
    def failed(self) -> bool:
        """It has not happened and will not: it expired, or the ledger refused it."""
        return self.is_final and not self.succeeded


def put(
    session: Session,
    call: Call,
    *,
    key: str,
    signer: str,
    gas: int = 1_000_000,
    batch: bytes | None = None,
    expires_at: int | None = None,
    once: bool = False,
) -> bool:
    """Write the intention to make `call` with the key of role `signer`. False if `key` is on its way or done.

    It is sent after this transaction has committed, and never if it has not. What the ledger refused, or what expired,
    has not happened: the same may be put again, and `key` names the newest. With `once` it may not: for what nobody
    asks for again, and the city itself would for ever.
    """
    before = fate(session, key)
    if before is not None and (once or not before.failed):
        return False
    if before is not None:
        _give_up_keys(session, [key])
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


def put_word(session: Session, call: Call, *, about: str, signer: str) -> str:
    """Put the word of one of two persons about something; it is done when the other says the same. Returns its key.

    Said again it is sent again, but not while it is the last word: the ledger has it.
    """
    key = f"{about}:{signer}:{sha256(call.data).hex()}"
    last = last_word(session, about)
    before = fate(session, key)
    if before is not None and before.succeeded and (last is None or last.business_key != key):
        session.execute(_giving_up().where(MessageRow.business_key == key))
    put(session, call, key=key, signer=signer)
    return key


def last_word(session: Session, about: str) -> MessageRow | None:
    """The newest message of `put_word` about something; its `signer` is who spoke last."""
    about_it = MessageRow.business_key.startswith(f"{about}:", autoescape=True)
    return session.scalar(select(MessageRow).where(about_it).order_by(MessageRow.id.desc()).limit(1))


def newest_about(session: Session, about: str) -> MessageRow | None:
    """The newest message whose key is `about`, or begins with it and goes on with a colon."""
    about_it = or_(
        MessageRow.business_key == about, MessageRow.business_key.startswith(f"{about}:", autoescape=True)
    )
    return session.scalar(select(MessageRow).where(about_it).order_by(MessageRow.id.desc()).limit(1))


def newest_failures(session: Session, signers: Collection[str], *, since: int, most: int) -> list[MessageRow]:
    """What did not happen of what these signers put since then, newest first; not what was put again meanwhile."""
    rows = session.scalars(
        select(MessageRow)
        .where(
            has_failed(),
            MessageRow.signer.in_(signers),
            MessageRow.created_at >= since,
            ~MessageRow.business_key.contains("~"),
        )
        .order_by(MessageRow.id.desc())
        .limit(most)
    )
    return list(rows)


def put_many(
    session: Session,
    calls: Sequence[tuple[str, Call]],
    *,
    signer: str,
    gas: int,
    batch: bytes | None = None,
    expires_at: int | None = None,
) -> int:
    """As `put` for many (key, call) at once; keys that are on their way or done are left out. How many were put."""
    known = set(
        session.scalars(select(MessageRow.business_key).where(MessageRow.signer == signer, ~has_failed()))
    )
    _give_up_keys(session, [key for key, _ in calls])
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


def has_failed() -> ColumnElement[bool]:
    """Of a message: that it expired, or that the ledger refused it."""
    refused = and_(MessageRow.state == State.FINAL, MessageRow.refusal.is_not(None))
    return or_(MessageRow.state == State.ABANDONED, refused)


def _give_up_keys(session: Session, keys: Sequence[str]) -> None:
    """Let failed messages keep their story and give their keys to whoever puts the same again."""
    for start in range(0, len(keys), KEYS_AT_ONCE):
        these = MessageRow.business_key.in_(keys[start : start + KEYS_AT_ONCE])
        session.execute(_giving_up().where(these, has_failed()))


def _giving_up() -> Update:
    earlier = MessageRow.business_key + "~" + cast(MessageRow.id, String)
    return update(MessageRow).values(business_key=earlier)


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
        put_at=row.created_at,
        ready_at=row.ready_at,
    )
