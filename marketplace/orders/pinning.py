"""What an order's run is made of, fixed at one block before anything is read of the data."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy.orm import Session

from ledger.digests import canonical, hexed, sha256
from ledger.node import Block
from ledger.tree import ZERO_ROOT
from marketplace.analysis.routine import Routine
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.consent import queries as consent
from marketplace.consent.rules import Cohort
from marketplace.licences import queries as licences
from marketplace.orders.model import Order
from marketplace.provenance import access_log
from marketplace.provenance.queries import head
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.queries import UseCase


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything an order's run is made of, pinned at one block."""

    order: Order
    use_case: UseCase
    routine: Routine
    datasets: tuple[catalogue.Dataset, ...]
    versions: Mapping[str, int]
    at: Block
    cohort: Cohort
    left_out: frozenset[bytes]
    """Consents in the cohort that are not used, since their citizens have asked to stop."""

    @property
    def consent_root(self) -> bytes:
        return self.cohort.root if self.use_case.personal else ZERO_ROOT

    @property
    def cohort_size(self) -> int:
        return len(self.cohort) if self.use_case.personal else 0

    @property
    def answer(self) -> str:
        """What identifies the answer: canonical routine, versions, days of data and consent root."""
        period = self.use_case.period
        named: dict[str, object] = {} if period is None else {"period": period.document()}
        named |= {
            "routine": hexed(self.routine.digest),
            "versions": dict(self.versions),
            "consents": hexed(self.consent_root),
        }
        return sha256(canonical(named)).hex()


def pinned(session: Session, vault: Session, order: Order) -> Asked:
    """Pin the order at the newest block that was read, and at the wishes to stop that are known now."""
    licence = licences.licence(session, order.licence)
    use_case = use_cases.use_case(session, licence.use_case)
    request = orjson.loads(artefacts.content(session, order.request_digest))
    at = head(session)
    cohort = consent.cohort_at(session, use_case.number, at)
    return Asked(
        order=order,
        use_case=use_case,
        routine=use_cases.routine_of(session, use_case),
        datasets=tuple(catalogue.dataset(session, number) for number in use_case.datasets),
        versions=request["versions"],
        at=at,
        cohort=cohort,
        left_out=consent.asked_to_stop(vault, cohort),
    )


def record(session: Session, asked: Asked, outcome: str) -> None:
    """Say in the access log what came of the run."""
    access_log.record(
        session,
        who="role:analysis",
        did="run",
        outcome=outcome,
        use_case=asked.use_case.number,
        purpose=asked.use_case.purpose,
        datasets=[f"{one.name}/{asked.versions[one.name]}" for one in asked.datasets],
        order=asked.order.id,
        block=asked.at.number,
    )
