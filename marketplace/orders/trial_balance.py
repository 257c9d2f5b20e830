"""The trial balance: every micro-credit that came in is somewhere."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.enums import OrderState
from marketplace.licences.tables import TariffRow
from marketplace.orders.tables import AccountRow, MoneyRow, OrderRow


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Micro-credits. What came in is held, waits in escrow or in pots, is credited, or went out."""

    paid_in: int
    paid_out: int
    accounts: int
    escrow: int
    shares: int
    credits: int
    settlement: int
    """What Settlement holds: escrow, shares and credits together, and nothing else."""

    @property
    def balances(self) -> bool:
        return (
            self.paid_in == self.paid_out + self.accounts + self.escrow + self.shares + self.credits
            and self.settlement == self.escrow + self.shares + self.credits
        )


def compute(session: Session, settlement: str) -> TrialBalance:
    held = session.get(AccountRow, settlement)
    return TrialBalance(
        paid_in=_moved(session, "minted"),
        paid_out=_moved(session, "redeemed"),
        accounts=_sum(session, AccountRow.balance, AccountRow.account != settlement),
        escrow=_sum(session, OrderRow.cap, OrderRow.state == OrderState.ESCROWED),
        shares=_sum(session, TariffRow.earned) - _moved(session, "share"),
        credits=_sum(session, AccountRow.credited),
        settlement=0 if held is None else held.balance,
    )


def _moved(session: Session, kind: str) -> int:
    return _sum(session, MoneyRow.amount, MoneyRow.kind == kind)


def _sum(session: Session, column: object, *conditions: object) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(column), 0)).where(*conditions)) or 0)  # type: ignore[arg-type]
