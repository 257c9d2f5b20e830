"""Who used her data: each run that she consented to or that needed no consent, with a proof that she was in or out."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.digests import unhexed
from ledger.enums import OrderState
from ledger.node import Block
from ledger.tree import ExclusionProof, InclusionProof
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.tables import LeafSaltRow
from marketplace.consent.rules import Consent, covers
from marketplace.consent.standing import Person, Standing, standings, subject_of
from marketplace.consent.tables import LeftOutRow
from marketplace.consent.trees import cohort_tree
from marketplace.licences.tables import LicenceRow
from marketplace.orders import queries as orders
from marketplace.orders.model import Order
from marketplace.participants import queries as participants
from marketplace.provenance.queries import block
from marketplace.provenance.tables import AccessRow
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST, Purpose
from marketplace.use_cases.queries import UseCase


@dataclass(frozen=True, slots=True)
class Use:
    """One run, as it concerns one consent of hers, or her rows that are used on another ground than her consent.

    `counted`: whether her rows could be in it, as the run itself wrote it down. The proof says whether her consent was
    in force on the ledger: from her wish to stop until the ledger hears of it, it was in force and she was not counted.

    Where no consent is needed, `consent` is her objection, if she has ever objected: in force, it kept her out.

    A run whose answer did not leave the city has no root on the ledger, and so no proof.
    """

    consent: bytes | None
    objection: bool
    order: bytes
    use_case: int
    recipient: str
    purpose: Purpose | None
    versions: dict[str, int]
    at: Block
    counted: bool
    left_the_city: bool
    root: bytes | None
    proof: InclusionProof | ExclusionProof | None


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a use case that has ended, whether or not an answer left."""

    order: Order
    at: Block
    versions: dict[str, int]


def uses_of(session: Session, vault: Session, person: Person) -> list[Use]:
    """Every run since each of her consents began, and every one that needed none, newest first.

    Also those after she stopped or objected, to show that she was out.
    """
    subject = subject_of(vault, person)
    if subject is None:
        return []
    said = standings(session, vault, subject)
    found: list[Use] = []
    for use_case in use_cases.use_cases(session):
        here = [one for one in said if one.use_case == use_case.number]
        if use_case.objection_scope or here:
            found += _uses(session, vault, use_case, here, subject)
    return sorted(found, key=lambda use: (use.at.number, use.order), reverse=True)


def _uses(
    session: Session, vault: Session, use_case: UseCase, said: list[Standing], subject: int
) -> list[Use]:
    consents = [one.given.consent for one in said if one.given is not None and not one.objection]
    objections = [one.given.consent for one in said if one.given is not None and one.objection]
    made: list[Use] = []
    for run in _runs(session, use_case):
        objected = next((one for one in objections if covers(one, use_case.number, run.at)), None)
        for one in consents:
            if one.granted_in <= run.at.number:
                counted = (
                    objected is None
                    and covers(one, use_case.number, run.at)
                    and vault.get(LeftOutRow, (run.order.id, one.id)) is None
                )
                made.append(_use(session, use_case, run, one, counted=counted))
        if not use_case.consent_scope and (objections or _has_rows(session, vault, run, subject)):
            shown = objected or (objections[-1] if objections else None)
            counted = objected is None and _has_rows(session, vault, run, subject)
            made.append(_use(session, use_case, run, shown, counted=counted))
    return made


def _use(session: Session, use_case: UseCase, run: _Run, shown: Consent | None, *, counted: bool) -> Use:
    order = run.order
    root = order.consent_root if order.state is OrderState.SETTLED else None
    return Use(
        consent=None if shown is None else shown.id,
        objection=shown is not None and shown.objection,
        order=order.id,
        use_case=use_case.number,
        recipient=participants.by_number(session, use_case.applicant).name or "",
        purpose=BY_DIGEST.get(use_case.purpose),
        versions=run.versions,
        at=run.at,
        counted=counted,
        left_the_city=order.state is OrderState.SETTLED,
        root=root,
        proof=None
        if root is None or shown is None
        else _proof(session, use_case.number, shown.id, run.at, root),
    )


def _runs(session: Session, use_case: UseCase) -> Iterator[_Run]:
    licences = list(session.scalars(select(LicenceRow.number).where(LicenceRow.use_case == use_case.number)))
    for order in orders.orders_of_use_case(session, licences):
        at = _pinned(session, order)
        if at is not None:
            yield _Run(order, at, artefacts.document(session, order.request_digest)["versions"])


def _has_rows(session: Session, vault: Session, run: _Run, subject: int) -> bool:
    """Whether a version that the run read has rows of hers."""
    return any(
        vault.get(LeafSaltRow, (catalogue.dataset_named(session, name).number, version, subject)) is not None
        for name, version in run.versions.items()
    )


def _pinned(session: Session, order: Order) -> Block | None:
    """The block that a run read the consents at; None if nothing was run."""
    match order.state:
        case OrderState.SETTLED:
            assert order.consent_block is not None
            return block(session, order.consent_block)
        case _:
            number = _withheld_at(session, order.id)
            return None if number is None else block(session, number)


def _withheld_at(session: Session, order: bytes) -> int | None:
    for entry in session.scalars(select(AccessRow.entry).where(AccessRow.order == order)):
        record = orjson.loads(entry)
        if record["did"] == "run" and record["outcome"] == "withheld" and unhexed(record["order"]) == order:
            return int(record["block"])
    return None


def _proof(
    session: Session, use_case: int, consent: bytes, at: Block, root: bytes
) -> InclusionProof | ExclusionProof:
    return cohort_tree(session, use_case, at, root).proof(consent)
