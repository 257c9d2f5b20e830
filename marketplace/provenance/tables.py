from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class AnchorRow(Base):
    __tablename__ = "anchors"
    __table_args__ = kept_in(Store.PROJECTION)

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    anchored_in: Mapped[int]
    anchored_at: Mapped[int]


class AccessRow(Base):
    """A leaf of the append-only access log: who touched what, for what, and what came of it."""

    __tablename__ = "access_log"
    __table_args__ = kept_in(Store.OPERATIONS)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0, 1, 2 ... without a gap: the position in the tree."""
    entry: Mapped[bytes]
    """The canonical JSON that is hashed into the tree."""
    order: Mapped[bytes | None] = mapped_column(index=True)
    use_case: Mapped[int | None] = mapped_column(index=True)


class StatementRow(Base):
    """The signed statement about a settled order."""

    __tablename__ = "statements"
    __table_args__ = kept_in(Store.ARTEFACTS)

    order: Mapped[bytes] = mapped_column(primary_key=True)
    envelope: Mapped[bytes]


class BlockRow(Base):
    """The blocks the projection has applied; the newest is the cursor."""

    __tablename__ = "applied_blocks"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]
    parent: Mapped[bytes]
    timestamp: Mapped[int]


class LedgerRow(Base):
    """Which ledger this database follows; another one is refused."""

    __tablename__ = "followed_ledger"
    __table_args__ = kept_in(Store.PROJECTION)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chain_id: Mapped[int]
    genesis: Mapped[bytes]
    city_digest: Mapped[bytes]
