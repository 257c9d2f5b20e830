from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class StaffInvitationRow(Base):
    """A link that lets one member of the city's staff in, once. The code itself is known to its holder only."""

    __tablename__ = "staff_invitations"
    __table_args__ = kept_in(Store.OPERATIONS)

    code_digest: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    expires_at: Mapped[int] = mapped_column(index=True)


class StaffSessionRow(Base):
    """A member of the city's staff at work in a browser."""

    __tablename__ = "staff_sessions"
    __table_args__ = kept_in(Store.OPERATIONS)

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    opened_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
