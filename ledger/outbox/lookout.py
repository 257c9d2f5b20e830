"""Learning from the chain what became of what was sent: by receipts and account nonces, never by error texts."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy import select, update

from ledger.node import Node, NodeRefusedError, NodeUnreachableError, Receipt, RevertedError
from ledger.outbox.tables import MessageRow, State, TransactionHashRow, TransactionRow
from ledger.storage import Database

logger = logging.getLogger("stoa.outbox")

AGAIN_SECONDS = 5.0
"""How long a node that forgets a transaction waits to be given it again."""
STUCK_SECONDS = 60
"""When a transaction that is in no block is called stuck: four empty blocks of an idle devnet."""
NOTHING_HAPPENED = "NothingHappened"
"""The refusal of a call that succeeded without any event."""


class Lookout:
    def __init__(
        self, database: Database, node: Node, *, finality: int, failpoint: Callable[[str], None]
    ) -> None:
        self._database = database
        self._node = node
        self._finality = finality
        self._failpoint = failpoint
        self._again_at: dict[int, float] = {}
        self._told: set[int] = set()

    def step(self) -> bool:
        """Look once at everything that is on its way. Whether anything moved."""
        with self._database.reading() as session:
            sent = list(
                session.scalars(
                    select(TransactionRow)
                    .where(TransactionRow.state.in_([State.SENT, State.MINED]))
                    .order_by(TransactionRow.id)
                )
            )
            hashes: dict[int, list[tuple[bytes, bytes]]] = {}
            for row in sent:
                stored = session.scalars(
                    select(TransactionHashRow).where(TransactionHashRow.transaction_id == row.id)
                )
                hashes[row.id] = [(one.hash, one.raw) for one in stored]
        if not sent:
            return False
        head = self._node.head().number
        moved = False
        for row in sent:
            moved = self._resolve(row, hashes[row.id], head) or moved
        return moved

    def _resolve(self, row: TransactionRow, hashes: Sequence[tuple[bytes, bytes]], head: int) -> bool:
        receipt = next((found for hash_, _ in hashes if (found := self._node.receipt(hash_))), None)
        if receipt is None:
            return self._resolve_missing(row, hashes, head)
        final = head - receipt.block_number >= self._finality
        if not final and row.state == State.MINED and row.block_hash == receipt.block_hash:
            return False
        refusal = self._refusal_of(row, receipt)
        self._failpoint("T5.before_receipt_saved")
        with self._database.writing() as session:
            state = State.FINAL if final else State.MINED
            session.execute(
                update(TransactionRow)
                .where(TransactionRow.id == row.id)
                .values(
                    state=state,
                    block_number=receipt.block_number,
                    block_hash=receipt.block_hash,
                    succeeded=receipt.succeeded,
                    gas_used=receipt.gas_used,
                    refusal=refusal,
                )
            )
            session.execute(
                update(MessageRow)
                .where(MessageRow.transaction_id == row.id)
                .values(state=state, refusal=refusal)
            )
        return True

    def _resolve_missing(self, row: TransactionRow, hashes: Sequence[tuple[bytes, bytes]], head: int) -> bool:
        """Not mined: either on its way, forgotten by the node, or its nonce went to somebody else."""
        if row.state == State.MINED:
            self._put_back(row)
        if self._node.nonce(row.signer, max(head - self._finality, 0)) > row.nonce:
            if any(self._node.receipt(hash_) for hash_, _ in hashes):
                return False  # mined between the two questions; the next round sees it
            self._give_up_nonce(row)
            return True
        self._tell_if_stuck(row)
        if time.monotonic() >= self._again_at.get(row.id, 0) and not any(
            self._node.knows(hash_) for hash_, _ in hashes
        ):
            self._again_at[row.id] = time.monotonic() + AGAIN_SECONDS
            hand_over(self._node, hashes[-1][1])
            return True
        return False

    def _tell_if_stuck(self, row: TransactionRow) -> None:
        """Say once, and by name, what is not taken into any block."""
        if row.id in self._told or time.time() < row.signed_at + STUCK_SECONDS:
            return
        with self._database.reading() as session:
            keys = list(
                session.scalars(select(MessageRow.business_key).where(MessageRow.transaction_id == row.id))
            )
        logger.error(
            "Transaction %d of %s is in no block after %d s (%s). Is the chain standing still, or the key off the "
            "door's list?",
            row.nonce,
            row.signer,
            int(time.time() - row.signed_at),
            ", ".join(keys[:3]) + (" and more" if len(keys) > 3 else ""),
        )
        self._told.add(row.id)

    def _put_back(self, row: TransactionRow) -> None:
        """Its block was taken back: it is on its way again, with the same bytes."""
        logger.warning(
            "Block %s was taken back; a transaction of %s is sent again.", row.block_number, row.signer
        )
        with self._database.writing() as session:
            session.execute(
                update(TransactionRow)
                .where(TransactionRow.id == row.id)
                .values(
                    state=State.SENT,
                    block_number=None,
                    block_hash=None,
                    succeeded=None,
                    gas_used=None,
                    refusal=None,
                )
            )
            session.execute(
                update(MessageRow)
                .where(MessageRow.transaction_id == row.id)
                .values(state=State.SENT, refusal=None)
            )

    def _give_up_nonce(self, row: TransactionRow) -> None:
        """A final block holds another transaction with this nonce. What was to happen is signed anew."""
        logger.error("Nonce %d of %s was used by somebody else who has its key.", row.nonce, row.signer)
        with self._database.writing() as session:
            session.execute(
                update(TransactionRow).where(TransactionRow.id == row.id).values(state=State.CONFLICT)
            )
            session.execute(
                update(MessageRow)
                .where(MessageRow.transaction_id == row.id)
                .values(state=State.INTENT, transaction_id=None)
            )

    def _refusal_of(self, row: TransactionRow, receipt: Receipt) -> str | None:
        if receipt.succeeded:
            # Whatever a contract of the city does, it says. Where no contract is, a call succeeds in silence.
            return None if any(log.address == row.to for log in receipt.logs) else NOTHING_HAPPENED
        for block in (receipt.block_number - 1, receipt.block_number):
            try:
                self._node.call_as(row.signer, row.to, row.calldata, block)
            except RevertedError as error:
                return error.name
            except (NodeRefusedError, NodeUnreachableError):
                continue
        return "Unknown"


def hand_over(node: Node, raw: bytes) -> None:
    """Give the bytes to the node. What it says of them does not matter, the state does.

    Some engines execute on arrival and report the revert, which the receipt will say too; some refuse what they have.
    """
    with suppress(RevertedError, NodeRefusedError):
        node.send_raw(raw)
