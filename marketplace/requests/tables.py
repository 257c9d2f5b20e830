from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class AnsweredRow(Base):
    """A request that was carried out, and what it was answered: asked again, it is answered the same way."""

    __tablename__ = "answered_requests"
    __table_args__ = kept_in(Store.OPERATIONS)

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """The caller's own name for the request."""
    fingerprint: Mapped[bytes]
    """SHA-256 of what was asked."""
    answer: Mapped[bytes]
    location: Mapped[str | None]
    answered_at: Mapped[int] = mapped_column(index=True)
