"""The sender: signs, persists, broadcasts, and learns the outcome from the chain.

One sender per signing account. The steps are separate transactions, so a crash between any two leaves a state from
which the next start goes on: INTENT is signed, SIGNED is broadcast (the same bytes, as often as needed), SENT is looked
up by every hash the transaction ever had (`ledger.outbox.lookout`). What a key must schedule first is scheduled
(`ledger.outbox.scheduling`).
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ledger.abi import Call
from ledger.bindings import CityAccess
from ledger.keys import LocalSigner
from ledger.node import Node
from ledger.outbox.grouping import Batcher, all_groups, call_of, next_group
from ledger.outbox.lookout import Lookout, hand_over
from ledger.outbox.reconciling import Sent, sent_by
from ledger.outbox.scheduling import Schedules
from ledger.outbox.tables import MessageRow, State, TransactionHashRow, TransactionRow
from ledger.storage import Database
from ledger.transactions import sign_transaction

logger = logging.getLogger("stoa.outbox")

MOST_AT_ONCE = 50


class Sender:
    def __init__(
        self,
        database: Database,
        node: Node,
        signers: Mapping[str, LocalSigner],
        *,
        access: CityAccess,
        batchers: Mapping[str, Batcher] | None = None,
        finality: int = 0,
        failpoint: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._database = database
        self._node = node
        self._signers = signers
        self._batchers = batchers or {}
        self._schedules = Schedules(database, node, access)
        self._lookout = Lookout(database, node, finality=finality, failpoint=failpoint)
        self._chain_id = node.chain_id()
        self._failpoint = failpoint
        self._searched: dict[str, int] = {}
        """Per address, the number of its transactions that were looked for in blocks."""

    def step(self) -> bool:
        """One round: sign what waits, send what is signed, look up what was sent. Whether anything moved.

        Keys take turns in the order in which the sender was given them.
        """
        moved = self._expire()
        moved = self._schedules.step() or moved
        roles, addresses = self._waiting()
        for role, signer in self._signers.items():
            if role in roles:
                while self._sign_next(role):
                    moved = True
            if role in roles or signer.address in addresses:
                moved = self._broadcast(signer.address) or moved
        return self._lookout.step() or moved

    def _waiting(self) -> tuple[set[str], set[str]]:
        """The roles that have something to sign, and the addresses that have something signed to send.

        Two questions for all keys together: most rounds of an idle city find nothing, and end here.
        """
        with self._database.reading() as session:
            to_sign = (
                select(MessageRow.signer)
                .where(MessageRow.state == State.INTENT, MessageRow.waits_for.is_(None))
                .distinct()
            )
            to_send = select(TransactionRow.signer).where(TransactionRow.state == State.SIGNED).distinct()
            return set(session.scalars(to_sign)), set(session.scalars(to_send))

    def _expire(self) -> bool:
        """A message whose time has passed is dropped before it is signed, not sent late."""
        with self._database.reading() as session:
            waiting = session.scalar(
                select(func.count())
                .select_from(MessageRow)
                .where(MessageRow.state == State.INTENT, MessageRow.expires_at.is_not(None))
            )
        if not waiting:
            return False
        now = self._node.head().timestamp
        with self._database.writing() as session:
            dropped = session.execute(
                update(MessageRow)
                .where(MessageRow.state == State.INTENT, MessageRow.expires_at <= now)
                .values(state=State.ABANDONED, refusal="Expired")
            )
        return bool(getattr(dropped, "rowcount", 0))

    def _sign_next(self, role: str) -> bool:
        signer = self._signers[role]
        latest = self._node.nonce(signer.address)
        self._reconcile(role, latest)
        with self._database.writing() as session:
            if self._in_flight(session, signer.address) >= MOST_AT_ONCE:
                return False
            messages = next_group(session, role)
            if not messages:
                return False
            call, gas = call_of(self._batchers, messages)
            delay = self._schedules.known_delay(signer.address, call)
            if delay and messages[0].ready_at is None:
                self._schedules.hold_back(session, messages[0])
                return True
            if delay is not None:
                self._sign(session, signer, messages, call, gas, latest)
        if delay is None:
            self._schedules.learn_delay(signer.address, call)  # not while others wait to write
        else:
            self._failpoint("T2.after_signed")
        return True

    def _sign(
        self,
        session: Session,
        signer: LocalSigner,
        messages: Sequence[MessageRow],
        call: Call,
        gas: int,
        latest: int,
    ) -> None:
        nonce, attempt = self._allocate(session, signer.address, latest)
        row = self._transaction(signer.address, nonce, attempt, call, gas)
        session.add(row)
        session.flush()
        signed = sign_transaction(
            signer, chain_id=self._chain_id, nonce=nonce, to=call.to, data=call.data, gas=gas
        )
        session.add(TransactionHashRow(hash=signed.hash, transaction_id=row.id, raw=signed.raw))
        for message in messages:
            message.transaction_id = row.id
            message.state = State.SIGNED

    def _transaction(self, address: str, nonce: int, attempt: int, call: Call, gas: int) -> TransactionRow:
        return TransactionRow(
            chain_id=self._chain_id,
            signer=address,
            nonce=nonce,
            attempt=attempt,
            to=call.to,
            calldata=call.data,
            gas=gas,
            state=State.SIGNED,
            signed_at=int(time.time()),
        )

    def _reconcile(self, role: str, latest: int) -> None:
        """Adopt what is in blocks already of what waits here: see `ledger.outbox.reconciling`.

        Raises:
            NonceConflictError, NodeRefusedError: the blocks cannot be searched, so nothing is signed.
        """
        address = self._signers[role].address
        with self._database.reading() as session:
            known, _ = self._allocate(session, address, 0)
            waits = bool(next_group(session, role))
        first = max(known, self._searched.get(address, 0))
        if not waits or latest <= first:
            return
        unknown = sent_by(self._node, address, first, latest)
        with self._database.writing() as session:
            adopted = sum(self._adopt(session, role, group, unknown) for group in all_groups(session, role))
        if adopted:
            logger.warning(
                "%d messages of %s were on the ledger already and are not sent again. Was the database restored?",
                adopted,
                role,
            )
        self._searched[address] = latest

    def _adopt(
        self, session: Session, role: str, messages: Sequence[MessageRow], unknown: Sequence[Sent]
    ) -> int:
        """Take the newest of `unknown` that says what these messages say for their transaction. How many it carries."""
        call, _ = call_of(self._batchers, messages)
        signer = self._signers[role]
        same = [one for one in unknown if (one.to, one.calldata) == (call.to, call.data)]
        for sent in reversed(same):
            if session.get(TransactionHashRow, sent.hash) is not None:
                continue  # another message's
            row = self._transaction(signer.address, sent.nonce, 0, call, sent.gas)
            row.attempt = self._tried(session, signer.address, sent.nonce)
            row.state = State.SENT
            session.add(row)
            session.flush()
            # Signed again it is the same, byte by byte: it may have to be sent again.
            again = sign_transaction(
                signer, chain_id=self._chain_id, nonce=sent.nonce, to=call.to, data=call.data, gas=sent.gas
            )
            for hash_ in {sent.hash, again.hash}:
                session.add(TransactionHashRow(hash=hash_, transaction_id=row.id, raw=again.raw))
            for message in messages:
                message.transaction_id = row.id
                message.state = State.SENT
            session.flush()
            return len(messages)
        return 0

    @staticmethod
    def _in_flight(session: Session, address: str) -> int:
        counted = session.scalar(
            select(func.count())
            .select_from(TransactionRow)
            .where(TransactionRow.signer == address, TransactionRow.state.in_([State.SIGNED, State.SENT]))
        )
        return counted or 0

    def _allocate(self, session: Session, address: str, latest: int) -> tuple[int, int]:
        """The next nonce from what we signed and what is in blocks, never from the pending count."""
        ours = session.scalar(
            select(func.max(TransactionRow.nonce)).where(
                TransactionRow.signer == address,
                TransactionRow.chain_id == self._chain_id,
                TransactionRow.state != State.CONFLICT,
            )
        )
        nonce = max(latest, -1 if ours is None else ours + 1)
        return nonce, self._tried(session, address, nonce)

    def _tried(self, session: Session, address: str, nonce: int) -> int:
        """How often this nonce was given already: 0, or more after a conflict was proven."""
        tried = session.scalar(
            select(func.count())
            .select_from(TransactionRow)
            .where(
                TransactionRow.signer == address,
                TransactionRow.chain_id == self._chain_id,
                TransactionRow.nonce == nonce,
            )
        )
        return tried or 0

    def _broadcast(self, address: str) -> bool:
        with self._database.reading() as session:
            waiting = [
                (number, raw)
                for number, raw in session.execute(
                    select(TransactionRow.id, TransactionHashRow.raw)
                    .join(TransactionHashRow, TransactionHashRow.transaction_id == TransactionRow.id)
                    .where(TransactionRow.state == State.SIGNED, TransactionRow.signer == address)
                    .order_by(TransactionRow.nonce)
                )
            ]
        for transaction_id, raw in waiting:
            hand_over(self._node, raw)
            self._failpoint("T3.after_broadcast")
            with self._database.writing() as session:
                session.execute(
                    update(TransactionRow)
                    .where(TransactionRow.id == transaction_id, TransactionRow.state == State.SIGNED)
                    .values(state=State.SENT)
                )
                session.execute(
                    update(MessageRow)
                    .where(MessageRow.transaction_id == transaction_id, MessageRow.state == State.SIGNED)
                    .values(state=State.SENT)
                )
        return bool(waiting)
