from sqlalchemy import Index, false
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
    objection: Mapped[bool] = mapped_column(default=False, server_default=false())


class StopRow(VaultBase):
    """She asked to stop: off the ledger this consent counts no more, and from `due_at` it is ended on the ledger.

    Ends of several consents of one person are spread in time, so that nobody who reads the ledger ties them together.
    """

    __tablename__ = "stops"
    __table_args__ = kept_in(Store.VAULT)

    consent: Mapped[bytes] = mapped_column(primary_key=True)
    asked_at: Mapped[int]
    due_at: Mapped[int]
    sent: Mapped[bool] = mapped_column(default=False)


class LeftOutRow(VaultBase):
    """A consent that an order's run left out though the ledger had it in force: she had asked to stop before.

    The run itself writes it down, since no clock and no block tells which wishes it knew.
    """

    __tablename__ = "left_out_of_runs"
    __table_args__ = kept_in(Store.VAULT)

    order: Mapped[bytes] = mapped_column(primary_key=True)
    consent: Mapped[bytes] = mapped_column(primary_key=True)


class ErasureRow(VaultBase):
    """A person's wish to be forgotten, and how far it is. What names her is wiped when it is done."""

    __tablename__ = "erasures"
    __table_args__ = kept_in(Store.VAULT)

    id: Mapped[bytes] = mapped_column(primary_key=True)
    """32 random bytes: whoever has them may read the certificate."""
    letter: Mapped[str | None]
    """Her letter's code, until the registrar has forgotten her."""
    kind: Mapped[str | None]
    key: Mapped[str | None]
    subject: Mapped[int | None]
    """Her index: a number that means nothing once her key is gone. Kept to repeat the erasure on a restored copy."""
    asked_at: Mapped[int]
    done_at: Mapped[int | None]


class ErasedVersionRow(VaultBase):
    """One version that is written again without her rows: the new file's name and key, chosen before it is written."""

    __tablename__ = "erased_versions"
    __table_args__ = kept_in(Store.VAULT)

    erasure: Mapped[bytes] = mapped_column(primary_key=True)
    dataset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leaf: Mapped[bytes]
    name: Mapped[str]
    key: Mapped[bytes | None]
    """Wiped when it is done: the version's own row has it then."""
    done: Mapped[bool] = mapped_column(default=False)


class EndedByErasureRow(VaultBase):
    """A consent that an erasure ended, for the certificate."""

    __tablename__ = "consents_ended_by_erasure"
    __table_args__ = kept_in(Store.VAULT)

    erasure: Mapped[bytes] = mapped_column(primary_key=True)
    consent: Mapped[bytes] = mapped_column(primary_key=True)


class RefusalRow(VaultBase):
    """Somebody said no to a use case: she is not asked again before `until`."""

    __tablename__ = "refusals"
    __table_args__ = kept_in(Store.VAULT)

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    use_case: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[int]
