"""What must hold whenever something happens. Each rule is asked before the event changes the world."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from stoa_audit.calls import Calls
from stoa_audit.receipts import Receipt
from stoa_audit.report import Report
from stoa_audit.rules.acts import ActRules
from stoa_audit.rules.consents import ConsentRules
from stoa_audit.rules.forms import FormRules
from stoa_audit.rules.licences import LicenceRules
from stoa_audit.rules.money import MoneyRules
from stoa_audit.rules.orders import OrderRules
from stoa_audit.transactions import Transaction
from stoa_audit.world import Happening, Place, World

Rule = Callable[[Happening], None]


class RuleSet(Protocol):
    """Rules about one matter, by the event they are about."""

    @property
    def rules(self) -> Mapping[tuple[str, str], Rule]: ...


class Rules:
    """All of them, over one world."""

    def __init__(self, world: World, report: Report) -> None:
        calls = Calls(world.city)
        self._acts = ActRules(world, report, calls)
        self.money = MoneyRules(world, report)
        sets: Iterable[RuleSet] = (
            self._acts,
            self.money,
            FormRules(world, report, calls),
            ConsentRules(world, report, calls),
            LicenceRules(world, report, calls),
            OrderRules(world, report, calls),
        )
        self._by_event: dict[tuple[str, str], list[Rule]] = {}
        for one in sets:
            for event, rule in one.rules.items():
                self._by_event.setdefault(event, []).append(rule)

    def before_transaction(self, transaction: Transaction, receipt: Receipt, place: Place) -> None:
        self._acts.require_power(transaction, receipt, place)

    def before_event(self, event: Happening) -> None:
        for rule in self._by_event.get((event.contract, event.name), ()):
            rule(event)

    def after_block(self, number: int) -> None:
        self.money.require_covered(number)
