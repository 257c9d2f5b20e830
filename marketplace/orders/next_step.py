"""What an organisation does next on its way to an answer."""

from collections.abc import Sequence
from enum import StrEnum

from ledger.enums import OrderState, Status, UseCaseState
from marketplace.licences.queries import Licence
from marketplace.orders.model import Order
from marketplace.participants.model import Participant
from marketplace.use_cases.queries import UseCase


class Step(StrEnum):
    FROZEN = "frozen"
    BE_ADMITTED = "be_admitted"
    APPLY = "apply"
    AWAIT_DECISION = "await_decision"
    BUY = "buy"
    ORDER = "order"
    AWAIT_ANSWER = "await_answer"
    READ = "read"


def next_step(
    member: Participant,
    *,
    cases: Sequence[UseCase],
    licences: Sequence[Licence],
    orders: Sequence[Order],
    now: int,
) -> Step:
    """The one thing to do first. What waits for the organisation itself goes before what waits for the city."""
    if not member.is_active:
        return Step.FROZEN if member.status is Status.FROZEN else Step.BE_ADMITTED
    if any(one.state is OrderState.ESCROWED for one in orders):
        return Step.AWAIT_ANSWER
    return _buying(cases, [one for one in licences if is_usable(one, now)], orders) or (
        Step.READ if orders else Step.APPLY
    )


def _buying(cases: Sequence[UseCase], usable: Sequence[Licence], orders: Sequence[Order]) -> Step | None:
    """What is missing between an application and an order; None: nothing is."""
    ordered = {one.licence for one in orders}
    licensed = {one.use_case for one in usable}
    if any(one.number not in ordered for one in usable):
        return Step.ORDER
    if any(one.state is UseCaseState.ALLOWED and one.number not in licensed for one in cases):
        return Step.BUY
    if any(one.state is UseCaseState.APPLIED for one in cases):
        return Step.AWAIT_DECISION
    return None


def is_usable(licence: Licence, now: int) -> bool:
    """Whether it still allows a run."""
    return not licence.terminated and now < licence.ends_at and licence.used < licence.quota
