"""Many people at the desk: each signs her own consent, and all of them are imported together."""

from collections.abc import Sequence

from ledger.consents import Opening, grant_of, sign_consent
from ledger.keys import LocalSigner
from ledger.revocation_code import RevocationCode
from marketplace.consent import service as consents
from marketplace.consent.service import Member, Whose
from marketplace.registrar import service as registrar
from tests.office import Office


def all_say_yes(
    office: Office, use_case: int, keys: Sequence[str], kind: str = "person"
) -> dict[str, RevocationCode]:
    """The code on each one's paper. They are on the ledger when this returns."""
    domain = office.town.city.domains.consents
    with office.house.database.reading() as session:
        terms, _, _ = consents.offered_terms(session, use_case, language="en")
    members: list[Member] = []
    codes: dict[str, RevocationCode] = {}
    with office.registry.writing() as session:
        for key in keys:
            person = registrar.person_at_desk(session, kind=kind, key=key)
            whose = registrar.registered(session, person, use_case)
            office.agree(session, kind, key, terms)
            opening, signer = Opening.of(whose.reference), LocalSigner.fresh()
            codes[key] = RevocationCode.fresh()
            consent = sign_consent(domain, signer, terms, commitment=opening.commitment, code=codes[key])
            countersignature = registrar.countersign_for(
                session,
                person,
                registrar.Ask(terms, consent.own, consent.signature, opening.salt),
                registrar.Pen(
                    domain,
                    office.town.keys["registrar"],
                    office.town.contracts.consents.consent,
                    office.town.clock.now,
                    registrar.objections_on(office.town.contracts),
                ),
            )
            members.append(
                Member(
                    grant_of(consent, countersignature),
                    Whose(whose.kind, whose.key, whose.reference),
                    opening.salt,
                    codes[key],
                )
            )
    with office.house.database.writing() as session, office.house.vault.writing() as vault:
        consents.import_batch(session, vault, office.house, terms=terms, members=members)
    office.pump(100)
    return codes
