"""Consents as the ledger has them, and their end. No account is needed for either."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, status
from pydantic import Field

from api.http.acts import Taken, TypedData, taken
from api.http.consent_shapes import Own, Terms
from api.http.dependencies import Here, HouseHere, Reading, Vault, Writing
from api.http.once import JustOnce
from api.http.policies import Anybody, Ombudsman, Slowly
from api.http.routes.city import BlockAnswer
from api.http.shapes import Answer, CodeOnPaper, Digest, Instant, Shape, SignatureBytes, compact_signature
from ledger.typed_data import last_day
from ledger.typed_documents import revocation_document
from marketplace.catalogue import artefacts
from marketplace.consent import queries, service, stopping
from marketplace.consent.standing import how_it_ended, state_of
from marketplace.provenance import proofs
from marketplace.provenance.queries import head

router = APIRouter(prefix="/v1", tags=["citizens"])


class ConsentReceipt(Answer):
    """Everything that is needed to check a consent on any node, and, with the code, to end it there."""

    consent: Digest
    state: str = Field(examples=["in_force"], description="in_force, stopped or expired.")
    objection: bool = Field(description="True: in force, it keeps somebody out of what needs no consent.")
    statement: str | None = Field(description="The sentence that was signed.")
    recipient: str | None
    until: str = Field(examples=["2027-05-21"], description="The last full day.")
    terms: Terms
    own: Own
    granted_in: int = Field(description="Block.")
    granted_at: Instant
    stopped_in: int | None
    stopped_at: Instant | None
    how: str | None = Field(description="signer, signature, code or mandate.")
    city: Digest = Field(description="Of the city file.")
    newest_block: BlockAnswer = Field(
        description="When this was answered. Its sealed header is in the file to keep, at `receipt`."
    )


class Halves(Shape):
    """Both halves of a consent, as its receipt has them."""

    terms: Terms
    own: Own


class StopByCode(Shape):
    code: CodeOnPaper
    halves: Halves | None = Field(
        default=None,
        description="For a consent that has not reached the ledger yet; it is refused there then.",
    )


class StopBySignature(Shape):
    halves: Halves
    signature: SignatureBytes = Field(description="Of the key that gave the consent, over `Revocation`.")


class RevocationWish(Shape):
    consent: Digest


class OfferedRevocation(Answer):
    typed_data: TypedData


class StopByMandate(Shape):
    consent: Digest
    mandate: Digest = Field(
        description="SHA-256 of the document in which she, or her guardian, asked for it."
    )


@router.get("/consents/{id}", operation_id="getConsent", dependencies=[Anybody])
def get_consent(
    id: Annotated[Digest, Path(description="The consent's id.")], session: Reading, house: HouseHere
) -> ConsentReceipt:
    """The receipt of a consent. It says nothing about who gave it."""
    found = queries.given(session, id)
    now = head(session)
    return ConsentReceipt(
        consent=id,
        state=state_of(found, now).value,
        objection=found.consent.objection,
        statement=artefacts.text(session, found.terms.statement),
        recipient=artefacts.text(session, found.terms.recipient),
        until=last_day(found.terms.valid_until),
        terms=Terms.of(found.terms),
        own=Own.of(found.own),
        granted_in=found.consent.granted_in,
        granted_at=found.granted_at,
        stopped_in=found.consent.revoked_in,
        stopped_at=found.revoked_at,
        how=how_it_ended(found),
        city=house.city.digest,
        newest_block=BlockAnswer.of(now),
    )


@router.get("/consents/{id}/receipt", operation_id="getConsentReceipt", dependencies=[Anybody])
def get_consent_receipt(
    id: Annotated[Digest, Path(description="The consent's id.")], session: Reading, here: Here
) -> dict[str, Any]:
    """The receipt to keep: it proves itself, and any later rewrite of the ledger (docs/bundle.md)."""
    return proofs.consent_receipt(session, here.house, here.node, id)


@router.get("/consents/{id}/proofs/{order}", operation_id="getCohortProof", dependencies=[Anybody])
def get_cohort_proof(
    id: Annotated[Digest, Path(description="The consent's id.")],
    order: Annotated[Digest, Path(description="The order's id.")],
    session: Reading,
    here: Here,
) -> dict[str, Any]:
    """Proof that a consent was, or was not, among those in force for a settled order (docs/bundle.md)."""
    return proofs.cohort_proof(session, here.house, here.node, consent=id, order=order)


@router.post(
    "/revocations",
    operation_id="stopByCode",
    dependencies=[Slowly],
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def stop_by_code(
    sent: StopByCode, session: Writing, vault: Vault, house: HouseHere, once: JustOnce
) -> Response:
    """Stop a consent with the code on the paper. Whoever holds the paper may; stopping is all it can do."""
    if sent.halves is None:
        return taken(once, stopping.stop_by_code(session, vault, house, sent.code))
    terms, own = sent.halves.terms.struct, sent.halves.own.struct
    return taken(once, stopping.stop_by_halves(session, house, terms=terms, own=own, code=sent.code))


@router.post("/revocations/forms", operation_id="prepareRevocation", dependencies=[Anybody])
def prepare_revocation(wish: RevocationWish, house: HouseHere) -> OfferedRevocation:
    """What the key that gave a consent signs to end it."""
    return OfferedRevocation(typed_data=revocation_document(house.city.domains.consents, wish.consent))


@router.post(
    "/revocations/signed",
    operation_id="stopBySignature",
    dependencies=[Slowly],
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def stop_by_signature(sent: StopBySignature, session: Writing, house: HouseHere, once: JustOnce) -> Response:
    """Stop a consent with the key that gave it."""
    key = stopping.stop_by_signature(
        session,
        house,
        terms=sent.halves.terms.struct,
        own=sent.halves.own.struct,
        signature=compact_signature(sent.signature),
    )
    return taken(once, key)


@router.post(
    "/mandates",
    operation_id="stopByMandate",
    dependencies=[Ombudsman],
    status_code=status.HTTP_202_ACCEPTED,
    response_model=Taken,
)
def stop_by_mandate(sent: StopByMandate, session: Writing, house: HouseHere, once: JustOnce) -> Response:
    """Stop a consent on a documented mandate. The ombudsman can end, and never grant."""
    return taken(once, service.revoke_by_mandate(session, house, sent.consent, sent.mandate))
