from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, VaultBase, kept_in


class ConsentRow(Base):
    """A consent or an objection as the ledger has it. Who gave it is not known here."""

    __tablename__ = "consents"
    __table_args__ = kept_in(Store.PROJECTION, Index("consents_by_use_case", "use_case", "granted_in"))

    id: Mapped[bytes] = mapped_column(primary_key=True)
    use_case: Mapped[int]
    objection: Mapped[bool]
    scope: Mapped[int]
    statement: Mapped[bytes]
    recipient: Mapped[bytes]
    until: Mapped[bytes]
    valid_until: Mapped[int]
    deadline: Mapped[int]
    signer: Mapped[str]
    commitment: Mapped[bytes]
    revocation_hash: Mapped[bytes] = mapped_column(index=True)
    granted_in: Mapped[int]
    granted_at: Mapped[int]
    revoked_in: Mapped[int | None]
    revoked_at: Mapped[int | None]
    how: Mapped[int | None]


class TombstoneRow(Base):
    """A consent that was revoked before it arrived: it can no longer be granted."""

    __tablename__ = "tombstones"
    __table_args__ = kept_in(Store.PROJECTION)

    id: Mapped[bytes] = mapped_column(primary_key=True)
    use_case: Mapped[int]
    revoked_in: Mapped[int]
    how: Mapped[int]


class RefusedMemberRow(Base):
    """A member of a batch that the ledger left out."""

    __tablename__ = "refused_members"
    __table_args__ = kept_in(Store.PROJECTION)

    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    consent: Mapped[bytes]
    why: Mapped[int]


class LinkRow(VaultBase):
    """Whose consent it is: the one place that links a consent to rows. Deleting it unlinks them for ever."""

    __tablename__ = "consent_links"
    __table_args__ = kept_in(Store.VAULT)

    consent: Mapped[bytes] = mapped_column(primary_key=True)
    use_case: Mapped[int] = mapped_column(index=True)
    subject: Mapped[int] = mapped_column(index=True)
    reference: Mapped[bytes]
    salt: Mapped[bytes]
    code: Mapped[str | None]
    """The revocation code, so that she can stop it with one click. Held by her own wish; her paper has it too."""
    assisted: Mapped[bool]
