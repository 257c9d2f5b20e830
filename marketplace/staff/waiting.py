"""What waits for the city's staff, all of it together."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ledger.enums import OrderState, Status, UseCaseState
from ledger.outbox import scheduling
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.queries import Dataset
from marketplace.orders import queries as orders
from marketplace.participants import queries as participants
from marketplace.participants.model import Participant
from marketplace.provenance.queries import head
from marketplace.staff import acts
from marketplace.staff.acts import Act
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.queries import UseCase
from marketplace.use_cases.service import NameNotKeptError, unpublished_sentences


@dataclass(frozen=True, slots=True)
class Waiting:
    joined: list[Participant]
    """Organisations that nobody has admitted, and that no policy admits."""
    applications: list[UseCase]
    unpublished: list[UseCase]
    """Allowed, and nobody can be asked before their sentences are published."""
    undeclared: list[Dataset]
    """Without a column of persons, and personal until two persons have said that they are not."""
    scheduled: list[scheduling.Act]
    refused: list[Act]
    overdue: int
    """Orders whose deadline has passed and whose money is still in escrow."""


def waiting(session: Session, admitted: Collection[int]) -> Waiting:
    """`admitted`: the classes that the published policy admits as they join."""
    everybody, cases = participants.everybody(session), use_cases.use_cases(session)
    now = head(session).timestamp
    return Waiting(
        joined=[one for one in everybody if one.status is Status.JOINED and one.class_ not in admitted],
        applications=[one for one in cases if one.state is UseCaseState.APPLIED],
        unpublished=[one for one in cases if _lacks_sentences(session, one)],
        undeclared=[
            one for one in catalogue.datasets(session) if one.personal and one.description.subject is None
        ],
        scheduled=scheduling.waiting_acts(session),
        refused=acts.lately_refused(session),
        overdue=sum(
            one.state is OrderState.ESCROWED and one.deadline < now for one in orders.escrowed(session)
        ),
    )


def _lacks_sentences(session: Session, found: UseCase) -> bool:
    try:
        return bool(unpublished_sentences(session, found))
    except NameNotKeptError:
        return True
