"""Rows of the outbox and the transaction engine (operations store)."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class State(StrEnum):
    """Where a message, and the transaction that carries it, stands."""

    INTENT = "INTENT"
    SIGNED = "SIGNED"
    SENT = "SENT"
    MINED = "MINED"
    FINAL = "FINAL"
    REPLACED = "REPLACED"
    CONFLICT = "CONFLICT"
    ABANDONED = "ABANDONED"


class MessageRow(Base):
    """Something that is to happen on the ledger once. `business_key` says what, so that it cannot be asked twice."""

    __tablename__ = "outbox"
    __table_args__ = kept_in(Store.OPERATIONS, Index("outbox_by_state", "state", "id"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    business_key: Mapped[str] = mapped_column(unique=True)
    signer: Mapped[str]
    """The role whose key signs the transaction."""
    contract: Mapped[str]
    calldata: Mapped[bytes]
    signature: Mapped[str]
    """The function, for people and for batching."""
    batch: Mapped[bytes | None]
    """Messages of one batch digest may share a transaction; `calldata` is then one member."""
    gas: Mapped[int]
    state: Mapped[str] = mapped_column(default=State.INTENT)
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id"))
    refusal: Mapped[str | None]
    """The name of the contract's error, when it refused."""
    created_at: Mapped[int]
    expires_at: Mapped[int | None]
    """Never broadcast from this block time on."""
    waits_for: Mapped[int | None]
    """The message that must be final first: the one that schedules this one, or the same act scheduled before it."""
    ready_at: Mapped[int | None]
    """Block time from which what was scheduled may be done."""


class TransactionRow(Base):
    __tablename__ = "transactions"
    __table_args__ = kept_in(
        Store.OPERATIONS,
        UniqueConstraint("chain_id", "signer", "nonce", "attempt"),
        Index("transactions_by_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    chain_id: Mapped[int]
    signer: Mapped[str]
    """The account's address."""
    nonce: Mapped[int]
    attempt: Mapped[int] = mapped_column(default=0)
    """0, or how often this nonce was given again after a conflict was proven."""
    to: Mapped[str]
    calldata: Mapped[bytes]
    gas: Mapped[int]
    state: Mapped[str] = mapped_column(default=State.SIGNED)
    block_number: Mapped[int | None]
    block_hash: Mapped[bytes | None]
    succeeded: Mapped[bool | None]
    refusal: Mapped[str | None]
    gas_used: Mapped[int | None]
    signed_at: Mapped[int]


class TransactionHashRow(Base):
    """The signed bytes under each hash a transaction was ever known by; any of them may be the one that was mined."""

    __tablename__ = "transaction_hashes"
    __table_args__ = kept_in(Store.OPERATIONS)

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), index=True)
    raw: Mapped[bytes]
