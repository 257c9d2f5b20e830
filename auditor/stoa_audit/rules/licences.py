"""Licences: sold to the applicant of an allowed use case, at the tariff in force, and paid."""

from collections.abc import Callable, Mapping

from stoa_audit.calls import Calls
from stoa_audit.digests import hexed
from stoa_audit.report import Report
from stoa_audit.rules.payments import LICENCE_QUOTE, payer_of
from stoa_audit.signatures import struct_hash
from stoa_audit.world import Decided, Happening, Status, Tariff, UseCase, World

DAY = 86_400
WHOLE = 10_000


def less(price: int, discount: int) -> int:
    """A price after a discount in basis points, the discount rounded down."""
    return price - price * discount // WHOLE


def discount_for(world: World, tariff: Tariff, participant: int, time: int) -> int:
    """The discount for data shared, in basis points, that a participant has at `time`."""
    terms, delivered = tariff.terms, world.deliveries.get(participant)
    shares = delivered is not None and time <= delivered + terms["sharingDays"] * DAY
    return terms["sharingDiscount"] if shares else 0


def buying_fault(world: World, use_case: UseCase | None, account: str) -> str | None:
    """Why an account cannot buy for a use case now."""
    if use_case is None or use_case.state != Decided.ALLOWED:
        return "is for a use case that was not allowed"
    applicant = world.applicant_of(use_case)
    if applicant.account != account:
        return f"was bought by {account}, who is not the applicant of use case {use_case.number}"
    if applicant.status != Status.ACTIVE:
        return f"was bought while participant {applicant.number} was frozen"
    return "was bought while sales were paused" if world.sales_paused else None


class LicenceRules:
    def __init__(self, world: World, report: Report, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._bought = report["licences.bought"]
        self._paid = report["licences.paid"]

    @property
    def rules(self) -> Mapping[tuple[str, str], Callable[[Happening], None]]:
        return {("Settlement", "LicenceBought"): self._on_bought}

    def _on_bought(self, event: Happening) -> None:
        place = f"{event.place}, licence {event.values['licence']}"
        fault = self._fault(event)
        self._bought.expect(fault is None, place, fault or "")
        self._require_payment(event, place)

    def _fault(self, event: Happening) -> str | None:
        world, values, time = self._world, event.values, event.place.timestamp
        licence, tariff = world.licences.get(values["licence"]), world.tariffs.get(values["tariff"])
        if licence is None or tariff is None:
            return "names a licence or a tariff that never was"
        use_case = world.use_cases.get(licence.use_case)
        fault = buying_fault(world, use_case, values["buyer"])
        if fault is not None or use_case is None:
            return fault
        applicant, terms = world.applicant_of(use_case), tariff.terms
        discount = discount_for(world, tariff, applicant.number, time)
        faults = (
            (
                world.tariff_for(use_case.number, applicant.class_) != tariff.number,
                f"was sold at tariff {tariff.number}, which was not in force",
            ),
            (
                licence.discount != discount,
                f"has a discount of {licence.discount} basis points, not {discount}",
            ),
            (
                values["price"] != less(terms["licencePrice"], discount),
                f"cost {values['price']}, the tariff says {less(terms['licencePrice'], discount)}",
            ),
            (
                licence.ends_at != time + min(terms["licenceDays"], use_case.longest_days) * DAY,
                "lasts longer, or less long, than its tariff and its use case say",
            ),
            (licence.quota != terms["quota"], "has another quota than its tariff says"),
            (licence.terms != use_case.application["terms"], "has other terms than its use case"),
        )
        return next((fault for wrong, fault in faults if wrong), None)

    def _require_payment(self, event: Happening, place: str) -> None:
        call, values = self._calls.of(event.by), event.values
        if call is None or call.function not in {"buyLicence", "buyLicenceFor"}:
            self._paid.missed(f"{place}: not bought by a direct call, the payment's signature is not known")
            return
        bound = call.function == "buyLicence"
        said = call.values["quote"]
        same = (said["tariff"], said["price"]) == (values["tariff"], values["price"])
        quote = struct_hash(LICENCE_QUOTE, list(said.values()))
        nonce = quote if bound else call.values["payment"]["nonce"]
        payer = payer_of(self._world.city, call.values["payment"], values["price"], nonce, bound=bound)
        self._paid.expect(
            same and quote == values["quote"] and nonce == values["nonce"] and payer == values["buyer"],
            place,
            f"was not paid by its buyer for the quote {hexed(values['quote'])}",
        )
