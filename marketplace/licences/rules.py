"""What things cost. Amounts are micro-credits; floors are those of the contract."""

from dataclasses import dataclass

from ledger.enums import Class, Meter

WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Tariff:
    number: int
    use_case: int
    class_: Class
    meter: Meter
    licence_price: int
    unit_price: int
    licence_days: int
    quota: int
    sharing_discount: int
    sharing_days: int
    payees: tuple[tuple[int, int], ...]
    earned: int
    divided: int
    accrued: tuple[int, ...]
    released: tuple[int, ...]

    def share(self, party: int) -> int:
        """What a party has earned so far: its part of what was divided, and of what came since."""
        return self.accrued[party] + split(self.earned - self.divided, self.payees)[party][1]


def less(price: int, discount: int) -> int:
    """A price after a discount in basis points: the discount is rounded down."""
    return price - price * discount // WHOLE


def charge(units: int, unit_price: int, discount: int, cap: int) -> int:
    """What a settled order costs: never above the cap."""
    return min(cap, units * less(unit_price, discount))


def split(total: int, payees: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """(participant, amount) of a pot; the first is the city with what the floors leave. The parts are the whole."""
    parts = [(participant, total * basis_points // WHOLE) for participant, basis_points in payees]
    return [(1, total - sum(amount for _, amount in parts)), *parts]
