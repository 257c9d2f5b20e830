"""Acts that wait. Where a key has a delay, an act is scheduled first and done once its delay has passed.

What schedules it is a message like any other, so a crash between any two steps loses nothing and does nothing twice.
Who must wait, and how long, says the ledger's AccessManager. It also refuses, by name, what was cancelled
(AccessManagerNotScheduled) or left for longer than a week (AccessManagerExpired).
"""

import time
from dataclasses import dataclass

from sqlalchemy import String, cast, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from ledger.abi import Call
from ledger.bindings import CityAccess
from ledger.node import Node
from ledger.outbox import messages
from ledger.outbox.tables import MessageRow, State, TransactionRow
from ledger.storage import Database

KNOWN_SECONDS = 60.0
"""How long an answer of AccessManager about a key's delay is relied upon."""
ALREADY_SCHEDULED = "AccessManagerAlreadyScheduled"
AT_ONCE = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits, and the final one that it waited for."""

    message: MessageRow
    awaited: MessageRow
    caller: str | None
    """Whose transaction carried the awaited message."""


@dataclass(frozen=True, slots=True)
class Act:
    """A message that waits for its hour."""

    number: int
    role: str
    name: str
    """The contract's function."""
    ready_at: int | None
    """Block time from which it can be done; None: it is not scheduled yet."""
    cancelled: bool


def waiting_acts(session: Session) -> list[Act]:
    """Everything that is scheduled, or about to be, and not done yet."""
    cancel = aliased(MessageRow)
    cancelled = exists().where(
        cancel.business_key == "cancel:" + cast(MessageRow.id, String),
        cancel.state == State.FINAL,
        cancel.refusal.is_(None),
    )
    rows = session.execute(
        select(MessageRow, cancelled)
        .where(MessageRow.state == State.INTENT, MessageRow.waits_for.is_not(None))
        .order_by(MessageRow.id)
    )
    return [Act(row.id, row.signer, row.signature.split("(")[0], row.ready_at, gone) for row, gone in rows]


def cancel(session: Session, access: CityAccess, number: int) -> str | None:
    """Put what cancels an act that waits, by the guardian. Returns the outbox key; None: no such act is scheduled."""
    schedule = aliased(MessageRow)
    found = session.execute(
        select(MessageRow, TransactionRow.signer)
        .join(schedule, schedule.id == MessageRow.waits_for)
        .join(TransactionRow, TransactionRow.id == schedule.transaction_id)
        .where(MessageRow.id == number, MessageRow.state == State.INTENT, MessageRow.ready_at.is_not(None))
    ).one_or_none()
    if found is None:
        return None
    message, caller = found
    key = f"cancel:{number}"
    messages.put(
        session, access.cancel(caller, message.contract, message.calldata), key=key, signer="guardian"
    )
    return key


class Schedules:
    """What the AccessManager `access` makes wait."""

    def __init__(self, database: Database, node: Node, access: CityAccess) -> None:
        self._database = database
        self._node = node
        self._access = access
        self._delays: dict[tuple[str, str, bytes], tuple[int, float]] = {}

    def known_delay(self, caller: str, call: Call) -> int | None:
        """Seconds between scheduling `call` and doing it; 0: it is done at once. None: `learn_delay` first."""
        delay, until = self._delays.get((caller, call.to, call.data[:4]), (0, 0.0))
        return delay if time.monotonic() < until else None

    def learn_delay(self, caller: str, call: Call) -> None:
        """Ask the ledger. A key without the power is not made to wait: the contract refuses it by name."""
        selector = call.data[:4]
        _, delay = self._access.can_call(caller, call.to, selector)
        self._delays[caller, call.to, selector] = (delay, time.monotonic() + KNOWN_SECONDS)

    def hold_back(self, session: Session, message: MessageRow) -> None:
        """Put what schedules `message` before it. The same act twice is scheduled one after the other."""
        twin = session.scalar(
            select(MessageRow.id)
            .where(
                MessageRow.signer == message.signer,
                MessageRow.contract == message.contract,
                MessageRow.calldata == message.calldata,
                MessageRow.state.not_in([State.FINAL, State.ABANDONED]),
                or_(MessageRow.waits_for.is_not(None), MessageRow.ready_at.is_not(None)),
            )
            .order_by(MessageRow.id)
            .limit(1)
        )
        message.waits_for = twin or self._put_schedule(session, message)

    def _put_schedule(self, session: Session, message: MessageRow) -> int:
        key = f"schedule:{message.id}"
        call = self._access.schedule(message.contract, message.calldata, AT_ONCE)
        messages.put(session, call, key=key, signer=message.signer)
        return session.scalars(select(MessageRow.id).where(MessageRow.business_key == key)).one()

    def step(self) -> bool:
        """Look once at everything that waits. Whether anything moved."""
        moved = False
        for one in self._whose_wait_is_over():
            self._go_on(one)
            moved = True
        return self._release_ready() or moved

    def _whose_wait_is_over(self) -> list[Waiting]:
        awaited = aliased(MessageRow)
        with self._database.reading() as session:
            rows = session.execute(
                select(MessageRow, awaited, TransactionRow.signer)
                .join(awaited, awaited.id == MessageRow.waits_for)
                .outerjoin(TransactionRow, TransactionRow.id == awaited.transaction_id)
                .where(
                    MessageRow.state == State.INTENT,
                    MessageRow.ready_at.is_(None),
                    awaited.state.in_([State.FINAL, State.ABANDONED]),
                )
                .order_by(MessageRow.id)
            )
            return [Waiting(message, before, caller) for message, before, caller in rows]

    def _go_on(self, one: Waiting) -> None:
        refusal = one.awaited.refusal
        if one.awaited.contract != self._access.address:
            self._change(one.message, waits_for=None)  # the same act was done; now this one is scheduled
        elif refusal is not None and refusal != ALREADY_SCHEDULED:
            self._change(one.message, state=State.ABANDONED, refusal=refusal)
        else:
            ready_at = self._scheduled_for(one)
            if ready_at or refusal is None:
                # 0: cancelled or expired already. The contract says which when it is asked.
                self._change(one.message, ready_at=ready_at)
            else:
                self._change(one.message, waits_for=None)  # what stood in the way is gone

    def _scheduled_for(self, one: Waiting) -> int:
        """Block time from which the act may be done, as the ledger has it; 0: it is not scheduled (any more)."""
        assert one.caller is not None  # a message that is final was carried
        operation = self._access.hash_operation(one.caller, one.message.contract, one.message.calldata)
        return self._access.get_schedule(operation)

    def _release_ready(self) -> bool:
        """Let what was scheduled be signed, once a block is as late as it needs."""
        held = (
            MessageRow.state == State.INTENT,
            MessageRow.waits_for.is_not(None),
            MessageRow.ready_at.is_not(None),
        )
        with self._database.reading() as session:
            if session.scalar(select(MessageRow.id).where(*held).limit(1)) is None:
                return False
        now = self._node.head().timestamp
        with self._database.writing() as session:
            released = session.execute(
                update(MessageRow).where(*held, MessageRow.ready_at <= now).values(waits_for=None)
            )
        return bool(getattr(released, "rowcount", 0))

    def _change(self, message: MessageRow, **values: object) -> None:
        with self._database.writing() as session:
            session.execute(
                update(MessageRow)
                .where(MessageRow.id == message.id, MessageRow.state == State.INTENT)
                .values(**values)
            )
