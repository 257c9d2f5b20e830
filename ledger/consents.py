"""Making and reading consents: what a citizen's device, the desk and the registrar compute alike."""

import secrets
from dataclasses import dataclass

from ledger.bindings import ConsentGranted, Grant, Own, Revocation, Signature, Terms
from ledger.digests import keccak, text_digest
from ledger.keys import LocalSigner, Signer
from ledger.revocation_code import RevocationCode
from ledger.typed_data import (
    Domain,
    consent_id,
    countersignature_digest,
    last_day,
    recovered,
    revocation_digest,
    signed,
)

NO_SIGNATURE = Signature(bytes(32), bytes(32))


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: a person's reference for this use case, and a salt. Destroyed, it means nothing."""

    reference: bytes
    salt: bytes

    @classmethod
    def of(cls, reference: bytes) -> "Opening":
        return cls(reference, secrets.token_bytes(32))

    @property
    def commitment(self) -> bytes:
        return keccak(self.reference + self.salt)


def terms_of(
    *, statement: str, recipient: str, use_case: int, scope: int, valid_until: int, deadline: int
) -> Terms:
    return Terms(
        statement=text_digest(statement),
        recipient=text_digest(recipient),
        until=text_digest(last_day(valid_until)),
        use_case=use_case,
        scope=scope,
        valid_until=valid_until,
        deadline=deadline,
    )


@dataclass(frozen=True, slots=True)
class SignedConsent:
    """A consent as it leaves a citizen's device: signed, not yet countersigned."""

    id: bytes
    terms: Terms
    own: Own
    signature: Signature


def sign_consent(
    domain: Domain, signer: LocalSigner, terms: Terms, *, commitment: bytes, code: RevocationCode
) -> SignedConsent:
    own = Own(signer.address, commitment, code.hash)
    id_ = consent_id(domain, terms, own)
    return SignedConsent(id_, terms, own, signed(signer, id_))


def countersign(domain: Domain, registrar: Signer, consent: SignedConsent) -> Signature:
    return signed(
        registrar,
        countersignature_digest(domain, consent.terms.use_case, consent.own.commitment, consent.id),
    )


def grant_of(consent: SignedConsent, countersignature: Signature) -> Grant:
    return Grant(consent.own, consent.signature, countersignature)


def is_signed_by_its_key(domain: Domain, terms: Terms, own: Own, signature: Signature) -> bool:
    return recovered(consent_id(domain, terms, own), signature) == own.signer


def is_countersigned_by(domain: Domain, registrar: str, terms: Terms, grant: Grant) -> bool:
    id_ = consent_id(domain, terms, grant.own)
    digest = countersignature_digest(domain, terms.use_case, grant.own.commitment, id_)
    return recovered(digest, grant.countersignature) == registrar


def sign_revocation(domain: Domain, signer: LocalSigner, id_: bytes) -> Signature:
    return signed(signer, revocation_digest(domain, id_))


def revocation_by_code(own: Own, code: RevocationCode) -> Revocation:
    return Revocation(own, code.value, NO_SIGNATURE)


def revocation_by_signature(own: Own, signature: Signature) -> Revocation:
    return Revocation(own, 0, signature)


def struct_of(event: ConsentGranted) -> tuple[Terms, Own]:
    """The two halves of a consent from its event: all that is needed to end it."""
    terms = Terms(
        statement=event.statement,
        recipient=event.recipient,
        until=event.until,
        use_case=event.use_case,
        scope=event.scope,
        valid_until=event.valid_until,
        deadline=event.deadline,
    )
    return terms, Own(event.signer, event.commitment, event.revocation_hash)
