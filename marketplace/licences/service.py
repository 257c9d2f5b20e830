"""Quoting and buying licences, and setting tariffs."""

import secrets

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.bindings import LicenceQuote, Payment
from ledger.bindings import Tariff as TariffForm
from ledger.enums import UseCaseState
from ledger.outbox import messages
from ledger.payments import is_signed_by_payer, licence_quote_id
from marketplace.catalogue.tables import DatasetRow, VersionRow
from marketplace.errors import ConflictError, InvalidError, NotAllowedError
from marketplace.house import House
from marketplace.licences import queries
from marketplace.licences.rules import Tariff, less
from marketplace.orders.tables import AccountRow
from marketplace.participants.model import Participant
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases

QUOTE_SECONDS = 600
DAY = 86_400
WHAT_NEXT = {
    UseCaseState.APPLIED: "Nothing can be bought before the city has decided; its operator does.",
    UseCaseState.DENIED: "A decision is final. Apply for another one, with coarser groups or less data.",
    UseCaseState.CLOSED: "It sells nothing any more. Apply for another one.",
}


class UseCaseNotAllowedError(NotAllowedError):
    """No licence or order for a use case that is not allowed, or not the buyer's."""

    code = "use_case_not_allowed"


class QuoteExpiredError(ConflictError):
    """The quote's deadline has passed, or the price changed since."""

    code = "quote_expired"


class WrongPaymentError(InvalidError):
    """The payment is not the buyer's, or not bound to this quote."""

    code = "wrong_payment"


class NotEnoughCreditError(NotAllowedError):
    """The buyer's balance does not cover it."""

    code = "not_enough_credit"


def require_open(session: Session, number: int, buyer: Participant) -> use_cases.UseCase:
    """The use case, if `buyer` may buy for it.

    Raises:
        UnknownUseCaseError, UseCaseNotAllowedError
    """
    try:
        found = use_cases.use_case(session, number)
    except use_cases.UnknownUseCaseError as error:
        raise use_cases.UnknownUseCaseError(f"{error} {_own_use_cases(session, buyer)}") from error
    if found.applicant != buyer.number:
        raise UseCaseNotAllowedError(
            f"Use case {number} is another applicant's. {_own_use_cases(session, buyer)}"
        )
    if found.state is not UseCaseState.ALLOWED:
        raise UseCaseNotAllowedError(
            f"Use case {number} is {found.state.name.lower()}. {WHAT_NEXT[found.state]}"
        )
    if not buyer.is_active:
        raise UseCaseNotAllowedError("You are not admitted, or frozen. Ask the city's operator.")
    return found


def _own_use_cases(session: Session, buyer: Participant) -> str:
    own = use_cases.use_cases_of(session, buyer.number)
    if not own:
        return "You have applied for none: `stoa partner apply` does."
    newest = ", ".join(f"{one.number} ({one.state.name.lower()})" for one in own[-queries.MOST_NAMED :])
    return f"Yours: {newest}."


def sharing_discount(session: Session, tariff: Tariff, buyer: Participant, now: int) -> int:
    """The discount for data the buyer shares, in basis points, as the contract will find it."""
    if not tariff.sharing_discount:
        return 0
    delivered = session.scalar(
        select(func.max(VersionRow.published_at))
        .join(DatasetRow, DatasetRow.number == VersionRow.dataset)
        .where(DatasetRow.steward == buyer.number)
    )
    shares = delivered is not None and now <= delivered + tariff.sharing_days * DAY
    return tariff.sharing_discount if shares else 0


def quote(session: Session, use_case: int, buyer: Participant) -> tuple[LicenceQuote, Tariff]:
    """What a licence costs this buyer now.

    Raises:
        UnknownUseCaseError, UseCaseNotAllowedError, NoTariffError
    """
    require_open(session, use_case, buyer)
    tariff = queries.tariff_for(session, use_case, buyer.class_)
    now = head(session).timestamp
    price = less(tariff.licence_price, sharing_discount(session, tariff, buyer, now))
    return LicenceQuote(use_case, tariff.number, price, now + QUOTE_SECONDS, secrets.token_bytes(32)), tariff


def buy(session: Session, house: House, *, buyer: Participant, quoted: LicenceQuote, payment: Payment) -> str:
    """Queue the purchase. Returns the outbox key.

    Raises:
        UseCaseNotAllowedError, QuoteExpiredError, WrongPaymentError, NotEnoughCreditError
    """
    require_open(session, quoted.use_case, buyer)
    now = head(session).timestamp
    tariff = queries.tariff_for(session, quoted.use_case, buyer.class_)
    price = less(tariff.licence_price, sharing_discount(session, tariff, buyer, now))
    if now > quoted.deadline or quoted.tariff != tariff.number or quoted.price != price:
        raise QuoteExpiredError("The quote is no longer valid. Ask for a new one; nothing was charged.")
    id_ = licence_quote_id(quoted)
    require_payment(session, house, buyer=buyer, payment=payment, amount=quoted.price, nonce=id_, now=now)
    key = f"licence:{id_.hex()}"
    messages.put(session, house.contracts.settlement.buy_licence(quoted, payment), key=key, signer="relay")
    return key


def require_payment(
    session: Session,
    house: House,
    *,
    buyer: Participant,
    payment: Payment,
    amount: int,
    nonce: bytes,
    now: int,
) -> None:
    """Check a payment as the token will.

    Raises:
        WrongPaymentError, NotEnoughCreditError
    """
    if payment.from_ != buyer.account or payment.nonce != nonce:
        raise WrongPaymentError("The payment is not the buyer's, or not for this quote.")
    if not payment.valid_after < now < payment.valid_before:
        raise WrongPaymentError("The payment's time window does not include now. Sign it again.")
    settlement = house.city.addresses["Settlement"]
    if not is_signed_by_payer(house.city.domains.credit, settlement, payment, amount=amount):
        raise WrongPaymentError("The payment's signature is not over this amount and quote.")
    account = session.get(AccountRow, buyer.account)
    balance = 0 if account is None else account.balance
    if balance < amount:
        raise NotEnoughCreditError(
            f"You have {balance / 1_000_000:.2f} credits and this needs {amount / 1_000_000:.2f}. "
            "Nothing was charged. Transfer more to the city, which books it with `stoa city paid-in`, and try again."
        )


def set_tariff(session: Session, house: House, form: TariffForm) -> str:
    """Set the tariff for what is opened from now on, also one that was in force before. Returns the outbox key.

    Set again while it is the newest, it is the same act.
    """
    call = house.contracts.settlement.set_tariff(form)
    return messages.put_word(session, call, about=about_tariff(form.use_case, form.class_), signer="operator")


def about_tariff(use_case: int, class_: int) -> str:
    """What messages about a tariff begin with."""
    return f"tariff:{use_case}:{class_}"
