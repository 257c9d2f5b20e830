from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class UseCaseRow(Base):
    __tablename__ = "use_cases"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    applicant: Mapped[int] = mapped_column(index=True)
    state: Mapped[int]
    purpose: Mapped[bytes]
    sources: Mapped[list[list[int]]] = mapped_column(JSON)
    """[dataset, ground, optional] per source, in the order of the scope's bits."""
    scope_digest: Mapped[bytes]
    data_from: Mapped[int]
    data_until: Mapped[int]
    minimum_cohort: Mapped[int]
    longest_days: Mapped[int]
    retention_days: Mapped[int]
    routine_digest: Mapped[bytes]
    terms_digest: Mapped[bytes]
    recipient: Mapped[bytes | None]
    reason: Mapped[bytes | None]
    conditions: Mapped[bytes | None]
    rule: Mapped[int | None]
    decided_by: Mapped[str | None]
    seconded_by: Mapped[str | None]
    applied_in: Mapped[int]
    decided_in: Mapped[int | None]
    closed_in: Mapped[int | None]


class RuleRow(Base):
    __tablename__ = "rules"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[bytes]
    classes: Mapped[int]
    longest_days: Mapped[int]
    retention_days: Mapped[int]
    text_digest: Mapped[bytes]
    retired_in: Mapped[int | None]


class NoticeRow(Base):
    __tablename__ = "notices"
    __table_args__ = kept_in(Store.PROJECTION)

    use_case: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    statement: Mapped[bytes] = mapped_column(primary_key=True)
    language: Mapped[str]
    kind: Mapped[int]
    scope: Mapped[int]
    published_in: Mapped[int]
    retired_in: Mapped[int | None]
