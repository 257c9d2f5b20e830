import secrets

from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, VaultBase, kept_in

MARK_BYTES = 32


class DatasetRow(Base):
    __tablename__ = "datasets"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    steward: Mapped[int]
    topic: Mapped[int]
    subject: Mapped[bool]
    sensitive: Mapped[bool]
    personal: Mapped[bool]
    versions: Mapped[int]
    metadata_digest: Mapped[bytes]
    registered_in: Mapped[int]


class VersionRow(Base):
    __tablename__ = "dataset_versions"
    __table_args__ = kept_in(Store.PROJECTION)

    dataset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    leaves: Mapped[int]
    rows: Mapped[int]
    content_digest: Mapped[bytes]
    published_in: Mapped[int]
    published_at: Mapped[int]


class ErasedLeafRow(Base):
    __tablename__ = "erased_leaves"
    __table_args__ = kept_in(Store.PROJECTION)

    dataset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leaf: Mapped[bytes]
    erased_in: Mapped[int]


class ArtefactRow(Base):
    """A published text or document, named by what the ledger knows it by."""

    __tablename__ = "artefacts"
    __table_args__ = kept_in(Store.ARTEFACTS)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]
    content: Mapped[bytes]
    stored_at: Mapped[int]


class VersionFileRow(Base):
    """Where the rows of a version are. Several rows may follow each other: an erasure writes a new file."""

    __tablename__ = "version_files"
    __table_args__ = kept_in(Store.ARTEFACTS)

    dataset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    rows: Mapped[int]
    subjects: Mapped[int]


def fresh_mark() -> bytes:
    """A secret that says nothing by itself."""
    return secrets.token_bytes(MARK_BYTES)


class SubjectRow(VaultBase):
    """The dense index under which a person's or a home's rows are kept.

    `mark` is the secret under which her rows are recognised from one version to the next. With it destroyed, what was
    remembered of the answers that she was in says nothing about her rows.
    """

    __tablename__ = "subjects"
    __table_args__ = kept_in(Store.VAULT)

    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    key: Mapped[str]
    mark: Mapped[bytes] = mapped_column(default=fresh_mark)


class VersionKeyRow(VaultBase):
    """The key of a version's file; destroying it destroys the rows."""

    __tablename__ = "version_keys"
    __table_args__ = kept_in(Store.VAULT)

    dataset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[bytes]


class LeafSaltRow(VaultBase):
    """The salt and the leaf of one subject in one version."""

    __tablename__ = "leaf_salts"
    __table_args__ = kept_in(Store.VAULT)

    dataset: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    salt: Mapped[bytes]
    leaf: Mapped[bytes]
