"""Who used her data: each run of a use case she consented to, with a proof that she was counted, or was not."""

from dataclasses import dataclass

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.digests import unhexed
from ledger.enums import OrderState
from ledger.node import Block
from ledger.tree import ExclusionProof, InclusionProof
from marketplace.catalogue import artefacts
from marketplace.consent.rules import covers
from marketplace.consent.standing import Person, Standing, standings_of
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


@dataclass(frozen=True, slots=True)
class Use:
    """One run, as it concerns one consent. `proof` is against `root`, which stands on the ledger with the order.

    `counted`: whether her rows could be in it, as the run itself wrote it down. The proof says whether her consent was
    in force on the ledger: from her wish to stop until the ledger hears of it, it was in force and she was not counted.

    A run whose answer did not leave the city has no root on the ledger, and so no proof.
    """

    consent: bytes
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


def uses_of(session: Session, vault: Session, person: Person) -> list[Use]:
    """Every run since each of her consents began, newest first; also those after she stopped, to show she was out."""
    found = [use for one in standings_of(session, vault, person) for use in _uses(session, vault, one)]
    return sorted(found, key=lambda use: (use.at.number, use.order), reverse=True)


def _uses(session: Session, vault: Session, standing: Standing) -> list[Use]:
    if standing.given is None:
        return []
    consent = standing.given.consent
    use_case = use_cases.use_case(session, standing.use_case)
    recipient = participants.by_number(session, use_case.applicant).name or ""
    licences = list(session.scalars(select(LicenceRow.number).where(LicenceRow.use_case == use_case.number)))
    made: list[Use] = []
    for order in orders.orders_of_use_case(session, licences):
        pinned = _pinned(session, order)
        if pinned is None or pinned.number < consent.granted_in:
            continue
        settled = order.state is OrderState.SETTLED
        made.append(
            Use(
                consent=consent.id,
                order=order.id,
                use_case=use_case.number,
                recipient=recipient,
                purpose=BY_DIGEST.get(use_case.purpose),
                versions=artefacts.document(session, order.request_digest)["versions"],
                at=pinned,
                counted=covers(consent, use_case.number, pinned)
                and vault.get(LeftOutRow, (order.id, consent.id)) is None,
                left_the_city=settled,
                root=order.consent_root if settled else None,
                proof=_proof(session, use_case.number, consent.id, pinned, order.consent_root)
                if settled and order.consent_root is not None
                else None,
            )
        )
    return made


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
