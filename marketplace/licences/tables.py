from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from ledger.storage import Base, Store, kept_in


class LicenceRow(Base):
    __tablename__ = "licences"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    use_case: Mapped[int] = mapped_column(index=True)
    licensee: Mapped[str] = mapped_column(index=True)
    starts_at: Mapped[int]
    ends_at: Mapped[int]
    quota: Mapped[int]
    used: Mapped[int]
    discount: Mapped[int]
    terms_digest: Mapped[bytes]
    terminated_in: Mapped[int | None]
    tariff: Mapped[int | None]
    price: Mapped[int | None]
    quote: Mapped[bytes | None] = mapped_column(index=True)
    issued_in: Mapped[int]


class TariffRow(Base):
    __tablename__ = "tariffs"
    __table_args__ = kept_in(Store.PROJECTION)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    use_case: Mapped[int]
    class_: Mapped[int]
    meter: Mapped[int]
    licence_price: Mapped[int]
    unit_price: Mapped[int]
    licence_days: Mapped[int]
    quota: Mapped[int]
    sharing_discount: Mapped[int]
    sharing_days: Mapped[int]
    payees: Mapped[list[list[int]]] = mapped_column(JSON)
    """[participant, basis points] per payee; what is left is the city's."""
    earned: Mapped[int]
    divided: Mapped[int]
    """What of it has been divided among the parties: at each withdrawal, what came since the last one."""
    accrued: Mapped[list[int]] = mapped_column(JSON)
    """Per party, the city first, its part of what has been divided."""
    released: Mapped[list[int]] = mapped_column(JSON)
    """Per party, what it has withdrawn."""
    set_in: Mapped[int]
