from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class ParticipantRow(Base):
    __tablename__ = "participants"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(unique=True)
    class_: Mapped[int]
    status: Mapped[int]
    name_digest: Mapped[bytes] = mapped_column(unique=True)
    joined_in: Mapped[int]


class RoleRow(Base):
    """Who holds which role of the city, as AccessManager announced it."""

    __tablename__ = "role_members"
    __table_args__ = kept_in(Store.PROJECTION)

    role: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(primary_key=True)
    delay: Mapped[int]
    since: Mapped[int]


class TrustedKeyRow(Base):
    """Registrars' addresses and attestors' keys that the city trusts, or once trusted."""

    __tablename__ = "trusted_keys"
    __table_args__ = kept_in(Store.PROJECTION)

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    trusted: Mapped[bool]
    changed_in: Mapped[int]


class SignInNonceRow(Base):
    """A nonce that was handed out for one sign-in. It is gone before anybody learns whether the sign-in succeeded."""

    __tablename__ = "sign_in_nonces"
    __table_args__ = kept_in(Store.OPERATIONS)

    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[int] = mapped_column(index=True)


class SessionRow(Base):
    """Somebody who signed in. The token itself is known to its holder only."""

    __tablename__ = "sessions"
    __table_args__ = kept_in(Store.OPERATIONS)

    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    participant: Mapped[int]
    opened_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
