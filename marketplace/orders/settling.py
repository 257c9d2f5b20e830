"""Settling a sealed order, or running it again when a consent that it used is gone."""

from sqlalchemy.orm import Session

from ledger.bindings import Outcome
from ledger.node import Block
from ledger.outbox import messages
from marketplace.consent import queries as consent
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.orders import refunding, results
from marketplace.orders.jobs import Ticket, claimed, move
from marketplace.orders.model import JobState, Order
from marketplace.orders.tables import JobRow
from marketplace.provenance import access_log
from marketplace.provenance.queries import block, head
from marketplace.use_cases import queries as use_cases

MOST_ATTEMPTS = 3
SETTLE_MARGIN = 3
"""Seconds before the deadline in which no settlement is sent any more."""


def is_too_late(order: Order, now: Block) -> bool:
    return now.timestamp + SETTLE_MARGIN >= order.deadline


def settle(house: House, ticket: Ticket) -> bool:
    """Queue the settlement if every consent the result used is still in force and wanted; else run again."""
    order = ticket.order
    # One transaction looks and queues: a revocation that is applied in between would be settled all the same. Whoever
    # asks to stop holds this database too until her wish is written, so the vault is read after it is held.
    with house.database.writing() as session, house.vault.reading() as vault:
        job = claimed(session, ticket)
        if job is None:
            return False
        now = head(session)
        if not _is_covered(session, vault, order, job, now):
            _run_again(session, house, job)
        elif is_too_late(order, now):
            results.destroy(session, house, order.id)
            refunding.put(session, house, job, refunding.CANNOT_RUN)
        else:
            _put(session, house, job)
            move(job, JobState.SETTLING)
    return True


def watch(house: House, ticket: Ticket) -> bool:
    """A settlement that the ledger refused is not sent again as it was: run anew, or refund."""
    key = settle_key(ticket.order.id, ticket.attempt)
    with house.database.reading() as session:
        fate = messages.fate(session, key)
    if fate is None or not fate.is_final or fate.succeeded:
        return False
    return run_again(house, ticket)


def run_again(house: House, ticket: Ticket) -> bool:
    """Drop what was made of a run and ask for another; after the last one, refund."""
    with house.database.writing() as session:
        job = claimed(session, ticket)
        if job is not None:
            _run_again(session, house, job)
    return job is not None


def _run_again(session: Session, house: House, job: JobRow) -> None:
    results.destroy(session, house, job.order)
    job.attempts += 1
    if job.attempts < MOST_ATTEMPTS:
        move(job, JobState.ASKED)
    else:
        refunding.put(session, house, job, refunding.CANNOT_RUN)


def _is_covered(session: Session, vault: Session, order: Order, job: JobRow, now: Block) -> bool:
    """Whether every consent that the result used is in force at `now`, and nobody has asked to stop one of them.

    Nor may anybody have objected since.
    """
    use_case = use_cases.use_case(session, licences.licence(session, order.licence).use_case)
    if not use_case.personal:
        return True
    assert job.consent_block is not None
    pinned = consent.cohort_at(session, use_case.number, block(session, job.consent_block))
    used = {one.id for one in pinned.consents} - consent.left_out(vault, order.id)
    newest = consent.cohort_at(session, use_case.number, now).consents
    objections = {one.id for one in newest if one.objection}
    known = {one.id for one in pinned.consents if one.objection}
    return (
        used - known <= {one.id for one in newest}
        and objections <= known
        and used.isdisjoint(consent.asked_to_stop(vault, pinned))
    )


def _put(session: Session, house: House, job: JobRow) -> None:
    assert job.result_digest is not None
    assert job.manifest_digest is not None
    assert job.consent_root is not None
    outcome = Outcome(
        units=job.units or 0,
        result=job.result_digest,
        manifest=job.manifest_digest,
        consent_block=job.consent_block or 0,
        consent_root=job.consent_root,
        cohort_size=job.cohort_size or 0,
    )
    # The records of this run are anchored first: the same key sends both, so in this order.
    access_log.anchor(session, house)
    messages.put(
        session,
        house.contracts.settlement.settle(job.order, outcome),
        key=settle_key(job.order, job.attempts),
        signer="settler",
    )


def settle_key(order: bytes, attempt: int) -> str:
    return f"settle:{order.hex()}:{attempt}"
