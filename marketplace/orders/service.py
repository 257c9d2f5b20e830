"""Asking for a run: the quote, the order, and the result once it is paid."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ledger.bindings import OrderQuote, Payment
from ledger.digests import canonical, sha256
from ledger.enums import Meter, OrderState
from ledger.outbox import messages
from ledger.payments import order_id
from ledger.roles import PROFILES
from marketplace.analysis.compiler import compile_routine
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.errors import ConflictError, InvalidError, NotAllowedError
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.licences.queries import Licence
from marketplace.licences.rules import Tariff, less
from marketplace.licences.service import QuoteExpiredError, require_open, require_payment
from marketplace.orders import queries
from marketplace.orders.jobs import fresh_job
from marketplace.orders.model import Order
from marketplace.orders.refunding import told
from marketplace.orders.sealing import opened
from marketplace.orders.tables import JobRow, ResultKeyRow, SealedRow
from marketplace.participants.model import Participant
from marketplace.provenance import access_log
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases

DEFAULT_SECONDS = 3600


class LicenceEndedError(NotAllowedError):
    """The licence has expired, was terminated, or its runs are used up."""

    code = "licence_ended"


class WrongRequestError(InvalidError):
    """What is asked is not a version of each dataset of the use case."""

    code = "wrong_request"


class DeadlineOutOfRangeError(InvalidError):
    """The order would have to be answered sooner, or would wait longer, than the city's ledger allows."""

    code = "deadline_out_of_range"


class NotReadyYetError(ConflictError):
    """The order is not settled yet."""

    code = "result_not_ready"


class RefundedError(ConflictError):
    """There is no answer; the order was refunded."""

    code = "order_refunded"


class ResultDestroyedError(ConflictError):
    """The result's key is destroyed."""

    code = "result_gone"


@dataclass(frozen=True, slots=True)
class OrderOffer:
    """A quote for one run, with what explains its price."""

    quote: OrderQuote
    request: dict[str, Any]
    tariff: Tariff
    unit_price: int
    most_units: int

    @property
    def most(self) -> int:
        """What the run costs at most: the cap."""
        return self.most_units * self.unit_price


def usable_licence(session: Session, number: int, buyer: Participant, now: int) -> Licence:
    """Raises UnknownLicenceError, LicenceEndedError."""
    found = licences.held_licence(session, number, buyer.account)
    if found.terminated or now >= found.ends_at:
        raise LicenceEndedError(f"Licence {number} has ended. Buy a new one.")
    if found.used >= found.quota:
        raise LicenceEndedError(f"All {found.quota} runs of licence {number} are used. Buy a new one.")
    return found


def quote(
    session: Session,
    *,
    licence: int,
    buyer: Participant,
    versions: dict[str, int] | None = None,
    seconds: int = DEFAULT_SECONDS,
) -> OrderOffer:
    """What one run costs this buyer now: of the newest version of each dataset, or of those named.

    Raises:
        UnknownLicenceError, LicenceEndedError, UseCaseNotAllowedError, NoTariffError, WrongRequestError
    """
    now = head(session).timestamp
    held = usable_licence(session, licence, buyer, now)
    use_case = require_open(session, held.use_case, buyer)
    tariff = licences.tariff_for(session, held.use_case, buyer.class_)
    request = request_document(session, use_case, versions or {})
    unit_price = less(tariff.unit_price, held.discount)
    units = most_units(session, use_case, tariff.meter, request["versions"])
    offer = OrderQuote(
        licence=licence,
        tariff=tariff.number,
        request=sha256(canonical(request)),
        cap=units * unit_price,
        deadline=now + seconds,
        salt=secrets.token_bytes(32),
    )
    return OrderOffer(offer, request, tariff, unit_price, units)


def require_duration(house: House, seconds: int) -> None:
    """Whether an order may wait for `seconds`, as the ledger will see it.

    Raises:
        DeadlineOutOfRangeError
    """
    bounds = PROFILES[house.city.profile]
    if not bounds.shortest_order <= seconds <= bounds.longest_order:
        raise DeadlineOutOfRangeError(
            f"An order may wait from {bounds.shortest_order} to {bounds.longest_order} seconds for its answer."
        )


def most_units(session: Session, use_case: use_cases.UseCase, meter: Meter, versions: dict[str, int]) -> int:
    """The most units a run can be billed: known before it, from the routine and the published sizes."""
    routine = use_cases.routine_of(session, use_case)
    measured = catalogue.dataset_named(session, routine.measured)
    version = catalogue.version(session, measured.number, versions[measured.name])
    match meter:
        case Meter.RUN:
            return 1
        case Meter.CELL:
            used = {one.name: one.description for one in catalogue.datasets(session)}
            return compile_routine(routine, used).grid.size
        case Meter.VERSION_ROWS:
            return version.rows
        case Meter.DEVICE:
            return version.leaves


def request_document(
    session: Session, use_case: use_cases.UseCase, versions: dict[str, int]
) -> dict[str, Any]:
    """What is asked: the use case's routine over one version of each of its datasets."""
    chosen: dict[str, int] = {}
    for number in use_case.datasets:
        found = catalogue.dataset(session, number)
        version = versions.get(found.name, found.versions)
        if version < 1 or version > found.versions:
            raise WrongRequestError(f"The dataset {found.name!r} has no version {version}.")
        chosen[found.name] = version
    if unknown := set(versions) - set(chosen):
        raise WrongRequestError(f"The use case does not use {sorted(unknown)[0]!r}.")
    return {
        "v": 1,
        "useCase": use_case.number,
        "routine": "0x" + use_case.routine_digest.hex(),
        "versions": chosen,
    }


def place_order(
    session: Session,
    house: House,
    *,
    buyer: Participant,
    quoted: OrderQuote,
    request: dict[str, Any],
    payment: Payment,
) -> bytes:
    """Order one run under a licence. Returns the order's id.

    The order's job and the message that opens it on the ledger are written together. The message is sent after this
    transaction has committed, and never if it has not.

    Raises:
        UnknownLicenceError, LicenceEndedError, UseCaseNotAllowedError, QuoteExpiredError, DeadlineOutOfRangeError,
        WrongRequestError, WrongPaymentError, NotEnoughCreditError
    """
    now = head(session).timestamp
    held = usable_licence(session, quoted.licence, buyer, now)
    use_case = require_open(session, held.use_case, buyer)
    tariff = licences.tariff_for(session, held.use_case, buyer.class_)
    if quoted.tariff != tariff.number or quoted.cap < less(tariff.unit_price, held.discount):
        raise QuoteExpiredError(
            "The price has changed since the quote. Ask for a new one; nothing was charged."
        )
    if quoted.deadline <= now:
        raise QuoteExpiredError("The order's deadline has passed. Ask for a new quote; nothing was charged.")
    require_duration(house, quoted.deadline - now)
    versions = request.get("versions")
    if not isinstance(versions, dict) or request != request_document(session, use_case, versions):
        raise WrongRequestError("The request is not one for this use case.")
    if sha256(canonical(request)) != quoted.request:
        raise WrongRequestError("The request is not the one whose digest the quote names.")
    id_ = order_id(quoted)
    require_payment(session, house, buyer=buyer, payment=payment, amount=quoted.cap, nonce=id_, now=now)

    artefacts.keep_document(session, "request", request)
    if session.get(JobRow, id_) is None:
        session.add(fresh_job(id_))
    messages.put(
        session,
        house.contracts.settlement.open_order(quoted, payment),
        key=f"order:{id_.hex()}",
        signer="relay",
        expires_at=quoted.deadline,
    )
    return id_


def result(house: House, *, id_: bytes, buyer: Participant) -> bytes:
    """The result's canonical bytes, once the order is settled.

    Whatever the answer is, an access record of it is durable before it leaves.

    Raises:
        UnknownOrderError, NotReadyYetError, RefundedError, ResultDestroyedError
    """
    with house.database.reading() as session:
        found = queries.order_or_none(session, id_)
        if found is None:
            raise queries.unknown_order(session, buyer.account)
        use_case = use_cases.use_case(session, licences.licence(session, found.licence).use_case)
        sealed = None if found.result_digest is None else session.get(SealedRow, found.result_digest)
    with house.vault.reading() as vault:
        key = vault.get(ResultKeyRow, id_)
    with house.database.writing() as session:
        access_log.record(
            session,
            who=f"participant:{buyer.number}",
            did="serve-result",
            outcome=_outcome(found, buyer, is_kept=sealed is not None and key is not None),
            use_case=use_case.number,
            purpose=use_case.purpose,
            datasets=[str(number) for number in use_case.datasets],
            order=id_,
        )
    if found.buyer != buyer.account:
        with house.database.reading() as session:
            raise queries.unknown_order(session, buyer.account)
    if found.state is OrderState.REFUNDED:
        raise RefundedError(told(found.reason))
    if found.state is not OrderState.SETTLED:
        raise NotReadyYetError("The order is not settled yet. Ask again in a moment.")
    if sealed is None or key is None:
        raise ResultDestroyedError("The result's key has been destroyed; its digest stays on the ledger.")
    return opened(sealed, key.key)


def _outcome(found: Order, buyer: Participant, *, is_kept: bool) -> str:
    """What the access log says of a request for a result."""
    if found.buyer != buyer.account:
        return "refused"
    if found.state is OrderState.SETTLED and not is_kept:
        return "gone"
    return OUTCOMES[found.state]


OUTCOMES = {
    OrderState.NONE: "not-ready",
    OrderState.ESCROWED: "not-ready",
    OrderState.SETTLED: "served",
    OrderState.REFUNDED: "refunded",
}


def result_salt(vault: Session, id_: bytes) -> bytes:
    """The salt with which the buyer checks the ledger's digest: SHA-256(salt || content digest)."""
    key = vault.get(ResultKeyRow, id_)
    if key is None:
        raise ResultDestroyedError("The result's key has been destroyed; its digest stays on the ledger.")
    return key.salt
