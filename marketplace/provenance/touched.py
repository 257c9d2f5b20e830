"""What a dataset touched between two times: whose consents, how many people, which results."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.enums import Ground, OrderState
from marketplace.catalogue.queries import Dataset
from marketplace.catalogue.tables import LeafSaltRow
from marketplace.consent import queries as consents
from marketplace.consent.rules import Cohort
from marketplace.consent.tables import LinkRow
from marketplace.orders import queries as orders
from marketplace.orders.model import Order
from marketplace.provenance.accesses import Access, Wanted, accesses
from marketplace.provenance.queries import block
from marketplace.provenance.transparency import Count
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.queries import UseCase

SMALLEST = 10
"""Below this, a count of people is told as "fewer than" where no use case asks for larger groups."""

STARTED = "started"
"""A run says so before it reads, and afterwards what came of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run that read the dataset. Its order is None where it is not on the ledger (any more)."""

    access: Access
    order: Order | None

    @property
    def left_the_city(self) -> bool:
        return self.order is not None and self.order.state is OrderState.SETTLED


@dataclass(frozen=True, slots=True)
class Touched:
    """`people`: whose rows the runs could read, each counted once; who was forgotten since is in no count."""

    consents: Count
    people: Count
    runs: list[Run]
    others: list[Access]
    """Records of everything else that touched it: deliveries, assessments, results that were served."""

    @property
    def results(self) -> int:
        return len({one.access.order for one in self.runs if one.left_the_city})


def touched(session: Session, vault: Session, dataset: Dataset, *, begin: int, end: int) -> Touched:
    """What the access log says of the dataset from `begin` on and before `end` (seconds since 1970)."""
    found = [
        one
        for one in accesses(session, Wanted(dataset=(dataset.name, dataset.number)))
        if begin <= one.at < end
    ]
    ended = {one.order for one in found if one.did == "run" and one.outcome != STARTED}
    runs = [
        Run(one, None if one.order is None else orders.order_or_none(session, one.order))
        for one in found
        if one.did == "run" and (one.outcome != STARTED or one.order not in ended)
    ]
    given, people, k = set[bytes](), set[int](), SMALLEST
    for run in runs:
        use_case = _use_case(session, run.access)
        if use_case is not None and run.access.block is not None and dataset.personal:
            k = max(k, use_case.minimum_cohort)
            counted, subjects = _read_by(session, vault, run.access, use_case, dataset)
            given |= counted
            people |= subjects
    return Touched(
        consents=Count(len(given), k if dataset.personal else None),
        people=Count(len(people), k if dataset.personal else None),
        runs=runs,
        others=[one for one in found if one.did != "run"],
    )


def _use_case(session: Session, access: Access) -> UseCase | None:
    return None if access.use_case is None else use_cases.use_case(session, access.use_case)


def _read_by(
    session: Session, vault: Session, access: Access, use_case: UseCase, dataset: Dataset
) -> tuple[set[bytes], set[int]]:
    """The consents that covered the dataset in a run, and whose rows it could read."""
    assert access.block is not None
    bit = use_case.datasets.index(dataset.number)
    cohort = consents.cohort_at(session, use_case.number, block(session, access.block))
    if use_case.sources[bit].ground is not Ground.CONSENT:
        return set(), _without_consent(vault, access, cohort, bit, dataset)
    left_out = frozenset[bytes]() if access.order is None else consents.left_out(vault, access.order)
    counted = {
        one.id
        for one in cohort.consents
        if not one.objection and one.scope >> bit & 1 and one.id not in left_out
    }
    links = vault.execute(select(LinkRow.consent, LinkRow.subject).where(LinkRow.use_case == use_case.number))
    return counted, {link.subject for link in links if link.consent in counted}


def _without_consent(vault: Session, access: Access, cohort: Cohort, bit: int, dataset: Dataset) -> set[int]:
    """Everybody with rows in the version, but for those who object."""
    version = next(one.split("/")[1] for one in access.datasets if one.split("/")[0] == dataset.name)
    objecting = {one.id for one in cohort.consents if one.objection and one.scope >> bit & 1}
    links = vault.execute(
        select(LinkRow.consent, LinkRow.subject).where(LinkRow.use_case == cohort.use_case, LinkRow.objection)
    )
    out = {link.subject for link in links if link.consent in objecting}
    rows = vault.scalars(
        select(LeafSaltRow.subject).where(
            LeafSaltRow.dataset == dataset.number, LeafSaltRow.version == int(version)
        )
    )
    return set(rows) - out
