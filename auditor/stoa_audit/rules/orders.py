"""Orders: opened under a licence at the tariff in force, paid, and ended exactly once, in time, at the right price.

That the cohort was the right one and that the statement is true is checked once everything has been replayed.
"""

from collections.abc import Callable, Mapping

from stoa_audit.calls import Calls
from stoa_audit.digests import hexed
from stoa_audit.report import Report
from stoa_audit.rules.licences import buying_fault, less
from stoa_audit.rules.payments import ORDER_QUOTE, payer_of
from stoa_audit.signatures import struct_hash
from stoa_audit.world import Happening, Order, Status, World


class OrderRules:
    def __init__(self, world: World, report: Report, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._opened = report["orders.opened"]
        self._paid = report["orders.paid"]
        self._ended = report["orders.ended"]
        self._charged = report["orders.charged"]

    @property
    def rules(self) -> Mapping[tuple[str, str], Callable[[Happening], None]]:
        return {
            ("Settlement", "OrderOpened"): self._on_opened,
            ("Settlement", "OrderSettled"): self._on_settled,
            ("Settlement", "OrderRefunded"): self._on_refunded,
        }

    def _on_opened(self, event: Happening) -> None:
        place = f"{event.place}, order {hexed(event.values['id'])}"
        fault = self._opening_fault(event)
        self._opened.expect(fault is None, place, fault or "")
        self._require_payment(event, place)

    def _opening_fault(self, event: Happening) -> str | None:
        world, values, time = self._world, event.values, event.place.timestamp
        licence, tariff = world.licences.get(values["licence"]), world.tariffs.get(values["tariff"])
        if licence is None or tariff is None:
            return "names a licence or a tariff that never was"
        use_case = world.use_cases.get(licence.use_case)
        fault = buying_fault(world, use_case, values["buyer"])
        if fault is not None or use_case is None:
            return fault
        class_ = world.applicant_of(use_case).class_
        unit = less(tariff.terms["unitPrice"], values["discount"])
        faults = (
            (licence.licensee != values["buyer"], "was opened by somebody else than the licensee"),
            (licence.terminated_in is not None, f"was opened after licence {licence.number} was terminated"),
            (time >= licence.ends_at, f"was opened after licence {licence.number} had ended"),
            (licence.used >= licence.quota, f"was opened beyond the quota of licence {licence.number}"),
            (licence.discount != values["discount"], "has another discount than its licence"),
            (
                world.tariff_for(use_case.number, class_) != tariff.number,
                f"was opened at tariff {tariff.number}, which was not in force",
            ),
            (values["cap"] < unit, "has a cap below the price of one unit"),
            (values["deadline"] <= time, "was opened after its own deadline"),
        )
        return next((fault for wrong, fault in faults if wrong), None)

    def _require_payment(self, event: Happening, place: str) -> None:
        call, values = self._calls.of(event.by), event.values
        if call is None or call.function not in {"openOrder", "openOrderFor"}:
            self._paid.missed(f"{place}: not opened by a direct call, the payment's signature is not known")
            return
        bound, quote = call.function == "openOrder", call.values["quote"]
        id_ = struct_hash(ORDER_QUOTE, list(quote.values()))
        same = all(
            quote[name] == values[name] for name in ("licence", "tariff", "request", "cap", "deadline")
        )
        nonce = id_ if bound else call.values["payment"]["nonce"]
        payer = payer_of(self._world.city, call.values["payment"], values["cap"], nonce, bound=bound)
        self._paid.expect(
            same and id_ == values["id"] and nonce == values["nonce"] and payer == values["buyer"],
            place,
            "was not paid by its buyer for this very order",
        )

    def _on_settled(self, event: Happening) -> None:
        order, place = self._order(event)
        if order is None:
            return
        values, outcome = event.values, event.values["outcome"]
        tariff = self._world.tariffs[order.terms["tariff"]]
        price = less(tariff.terms["unitPrice"], order.terms["discount"])
        due = min(order.terms["cap"], outcome["units"] * price)
        self._charged.expect(
            values["charge"] == due and values["tariff"] == tariff.number,
            place,
            f"was charged {values['charge']}, {outcome['units']} units at {price} up to {order.terms['cap']} are {due}",
        )
        if event.place.timestamp >= order.terms["deadline"]:
            fault = "was settled at or after its deadline"
        elif outcome["consentBlock"] < order.opened_in:
            fault = f"used the consents of block {outcome['consentBlock']}, before it was opened"
        elif not any(outcome["result"]) or not any(outcome["manifest"]):
            fault = "was settled without a result"
        else:
            fault = self._settler_fault(event, order)
        self._ended.expect(fault is None, place, fault or "")

    def _settler_fault(self, event: Happening, order: Order) -> str | None:
        key = self._world.keys.get(("settler", event.by.sender or ""))
        if key is None or not key.trusted:
            return f"was ended by {event.by.sender}, who is no settler"
        if event.name == "OrderSettled" and self._is_frozen(order):
            return "was settled although its buyer was frozen"
        return None

    def _on_refunded(self, event: Happening) -> None:
        order, place = self._order(event)
        if order is None:
            return
        values = event.values
        early = event.place.timestamp < order.terms["deadline"] and not self._is_frozen(order)
        fault = None
        if values["amount"] != order.terms["cap"]:
            fault = f"got {values['amount']} back of {order.terms['cap']}"
        elif any(values["reason"]):
            fault = self._settler_fault(event, order)
        elif early:
            fault = "was refunded before its deadline without a reason"
        self._ended.expect(fault is None, place, fault or "")

    def _order(self, event: Happening) -> tuple[Order | None, str]:
        id_ = event.values["id"]
        return self._world.orders.get(id_), f"{event.place}, order {hexed(id_)}"

    def _is_frozen(self, order: Order) -> bool:
        number = self._world.numbers.get(order.terms["buyer"])
        return number is not None and self._world.participants[number].status == Status.FROZEN
