from sqlalchemy import update
from sqlalchemy.orm import Session

from ledger.bindings import LicenceBought, LicenceIssued, LicenceTerminated, ShareWithdrawn, TariffSet
from ledger.reader import Place
from marketplace.licences.rules import split
from marketplace.licences.tables import LicenceRow, TariffRow


def on_issued(session: Session, event: LicenceIssued, place: Place) -> None:
    session.add(
        LicenceRow(
            number=event.id,
            use_case=event.use_case,
            licensee=event.licensee,
            starts_at=place.timestamp,
            ends_at=event.ends_at,
            quota=event.quota,
            used=0,
            discount=event.discount,
            terms_digest=event.terms,
            issued_in=place.block,
        )
    )
    session.flush()


def on_bought(session: Session, event: LicenceBought) -> None:
    session.execute(
        update(LicenceRow)
        .where(LicenceRow.number == event.licence)
        .values(tariff=event.tariff, price=event.price, quote=event.quote)
    )
    session.execute(
        update(TariffRow)
        .where(TariffRow.number == event.tariff)
        .values(earned=TariffRow.earned + event.price)
    )


def on_terminated(session: Session, event: LicenceTerminated, place: Place) -> None:
    session.execute(update(LicenceRow).where(LicenceRow.number == event.id).values(terminated_in=place.block))


def on_share(session: Session, event: ShareWithdrawn) -> None:
    row = session.get_one(TariffRow, event.tariff)
    payees = tuple((participant, share) for participant, share in row.payees)
    fresh = [amount for _, amount in split(row.earned - row.divided, payees)]
    row.accrued = [before + more for before, more in zip(row.accrued, fresh, strict=True)]
    row.divided = row.earned
    released = list(row.released)
    released[event.party] += event.amount
    row.released = released
    session.flush()


def on_tariff_set(session: Session, event: TariffSet, place: Place) -> None:
    terms = event.terms
    session.add(
        TariffRow(
            number=event.tariff,
            use_case=terms.use_case,
            class_=terms.class_,
            meter=terms.meter,
            licence_price=terms.licence_price,
            unit_price=terms.unit_price,
            licence_days=terms.licence_days,
            quota=terms.quota,
            sharing_discount=terms.sharing_discount,
            sharing_days=terms.sharing_days,
            payees=[[payee.participant, payee.basis_points] for payee in terms.payees],
            earned=0,
            divided=0,
            accrued=[0] * (len(terms.payees) + 1),
            released=[0] * (len(terms.payees) + 1),
            set_in=place.block,
        )
    )
    session.flush()
