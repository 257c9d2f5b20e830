"""The registrar's own tables, in its own database: who the people are. Nobody else reads them."""

from typing import Any, ClassVar

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from ledger.storage import TYPES, Store, kept_in


class RegistrarBase(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = TYPES


class PersonRow(RegistrarBase):
    """Somebody in the city's register, and the rows that are hers."""

    __tablename__ = "persons"
    __table_args__ = kept_in(Store.VAULT, UniqueConstraint("kind", "key"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str]
    """What the key is of: person or home."""
    key: Mapped[str]
    born_by: Mapped[str]
    """The last day on which she can have been born (ISO 8601), from her age on the day she was entered. Of what
    several share it says nothing: each of them has her own.
    """
    letter_hash: Mapped[bytes | None] = mapped_column(index=True)
    """SHA-256 of the code in the letter that was sent to her."""


class ResidentRow(RegistrarBase):
    """One of those who share an entry, such as a home. Each has a letter of her own."""

    __tablename__ = "residents"
    __table_args__ = kept_in(Store.VAULT, UniqueConstraint("entry", "name"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    entry: Mapped[int]
    name: Mapped[str]
    """What tells her from the others who share it."""
    born_by: Mapped[str]
    letter_hash: Mapped[bytes | None] = mapped_column(index=True)


class AgreementRow(RegistrarBase):
    """A resident's yes to one use case, until all have said theirs."""

    __tablename__ = "agreements"
    __table_args__ = kept_in(Store.VAULT)

    resident: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    use_case: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scope: Mapped[int]
    valid_until: Mapped[int]
    agreed_at: Mapped[int]


class ReferenceRow(RegistrarBase):
    """A person's random name for one use case: what her commitment commits to."""

    __tablename__ = "registrar_references"
    __table_args__ = kept_in(Store.VAULT)

    person: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    use_case: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reference: Mapped[bytes] = mapped_column(unique=True)


class CountersignedRow(RegistrarBase):
    """The consent, or the objection, countersigned last for a person and a use case: at most one each is in force."""

    __tablename__ = "countersigned"
    __table_args__ = kept_in(Store.VAULT)

    person: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    use_case: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    objection: Mapped[bool] = mapped_column(primary_key=True)
    consent: Mapped[bytes]
    valid_until: Mapped[int]
    deadline: Mapped[int]
    r: Mapped[bytes]
    vs: Mapped[bytes]
