from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, VaultBase, kept_in


class OrderRow(Base):
    __tablename__ = "orders"
    __table_args__ = kept_in(Store.PROJECTION)

    id: Mapped[bytes] = mapped_column(primary_key=True)
    licence: Mapped[int] = mapped_column(index=True)
    buyer: Mapped[str] = mapped_column(index=True)
    tariff: Mapped[int]
    request_digest: Mapped[bytes]
    cap: Mapped[int]
    deadline: Mapped[int]
    discount: Mapped[int]
    state: Mapped[int] = mapped_column(index=True)
    charge: Mapped[int | None]
    units: Mapped[int | None]
    result_digest: Mapped[bytes | None]
    manifest_digest: Mapped[bytes | None]
    consent_block: Mapped[int | None]
    consent_root: Mapped[bytes | None]
    cohort_size: Mapped[int | None]
    reason: Mapped[bytes | None]
    opened_in: Mapped[int]
    opened_at: Mapped[int]
    ended_in: Mapped[int | None]
    ended_at: Mapped[int | None]


class AccountRow(Base):
    """City credit by account, as the token's transfers say, and what Settlement holds for it."""

    __tablename__ = "credit_accounts"
    __table_args__ = kept_in(Store.PROJECTION)

    account: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(default=0)
    credited: Mapped[int] = mapped_column(default=0)


class MoneyRow(Base):
    """One movement of money between the city and the world, or out of a pot."""

    __tablename__ = "money_movements"
    __table_args__ = kept_in(Store.PROJECTION)

    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    """minted, redeemed, withdrawn, share, reconciled."""
    account: Mapped[str]
    amount: Mapped[int]
    reference: Mapped[str]


class JobRow(Base):
    """What the service knows of an order beyond the ledger: what was asked, and how far the answer is."""

    __tablename__ = "order_jobs"
    __table_args__ = kept_in(Store.OPERATIONS)

    order: Mapped[bytes] = mapped_column(primary_key=True)
    state: Mapped[str]
    """One of `JobState`."""
    attempts: Mapped[int] = mapped_column(default=0)
    consent_block: Mapped[int | None]
    consent_root: Mapped[bytes | None]
    cohort_size: Mapped[int | None]
    units: Mapped[int | None]
    result_digest: Mapped[bytes | None]
    manifest_digest: Mapped[bytes | None]
    changed_at: Mapped[int]


class SealedRow(Base):
    """A sealed result or manifest: AES-256-GCM under a key in the vault."""

    __tablename__ = "sealed"
    __table_args__ = kept_in(Store.ARTEFACTS)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    """What the ledger knows it by: a salted digest for a result, a plain one for a manifest."""
    order: Mapped[bytes] = mapped_column(index=True)
    kind: Mapped[str]
    nonce: Mapped[bytes]
    ciphertext: Mapped[bytes]


class ResultKeyRow(VaultBase):
    """The key and the salt of an order's result; destroying it destroys the result."""

    __tablename__ = "result_keys"
    __table_args__ = kept_in(Store.VAULT)

    order: Mapped[bytes] = mapped_column(primary_key=True)
    key: Mapped[bytes]
    salt: Mapped[bytes]


class ReleaseRow(VaultBase):
    """Who contributed to which cell of a release, for the guard against differencing."""

    __tablename__ = "release_records"
    __table_args__ = kept_in(Store.VAULT)

    order: Mapped[bytes] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(index=True)
    """The name of the one that the measures are from."""
    answer: Mapped[str] = mapped_column(index=True)
    """What identifies the answer: routine, versions and consent root."""
    record: Mapped[bytes]
