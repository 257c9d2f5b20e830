"""Consent records to take along: JSON-LD in the terms of the W3C Data Privacy Vocabulary (after ISO/IEC TS 27560)."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.enums import Ground
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.consent.queries import GivenConsent
from marketplace.consent.standing import Person, Standing, State, how_it_ended, standings_of
from marketplace.consent.tables import LinkRow
from marketplace.house import House
from marketplace.participants import queries as participants
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST

CONTEXT = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "stoa": "urn:stoa:consent:1#",
}
STATES = {
    State.ON_ITS_WAY: "dpv:ConsentRequested",
    State.IN_FORCE: "dpv:ConsentGiven",
    State.STOPPING: "dpv:ConsentWithdrawn",
    State.STOPPED: "dpv:ConsentWithdrawn",
    State.EXPIRED: "dpv:ConsentExpired",
    State.LOST: "dpv:ConsentStatusInvalidForProcessing",
}


def export(session: Session, vault: Session, house: House, person: Person) -> dict[str, Any]:
    """Everything that is kept about her consents. Her rows are not in it: no door of the city lets rows out."""
    found = standings_of(session, vault, person)
    return {
        "@context": CONTEXT,
        "@type": "stoa:ConsentExport",
        "stoa:city": house.city.name,
        "stoa:cityDigest": hexed(house.city.digest),
        "dct:issued": datetime.now(UTC).isoformat(timespec="seconds"),
        "stoa:records": [record(session, house, one, vault.get_one(LinkRow, one.id)) for one in found],
    }


def record(session: Session, house: House, standing: Standing, link: LinkRow) -> dict[str, Any]:
    use_case = use_cases.use_case(session, standing.use_case)
    recipient = participants.by_number(session, use_case.applicant)
    purpose = BY_DIGEST.get(use_case.purpose)
    return {
        **(objection_head() if standing.objection else consent_head(standing)),
        "dct:identifier": hexed(standing.id),
        "stoa:state": standing.state.value,
        "dpv:hasPurpose": None if purpose is None else purpose.iri,
        "dpv:hasRecipient": {"stoa:participant": recipient.number, "dct:title": recipient.name},
        "dpv:hasDataController": {"dct:title": house.city.name},
        "dpv:hasPersonalData": [
            source_record(session, source, link_covers(standing, bit))
            for bit, source in enumerate(use_case.sources)
        ],
        "stoa:smallestGroup": use_case.minimum_cohort,
        "stoa:recipientKeepsDays": use_case.retention_days,
        "stoa:assisted": link.assisted,
        "stoa:opening": {"reference": hexed(link.reference), "salt": hexed(link.salt)},
        **({} if standing.given is None else given_record(session, standing.given)),
    }


def consent_head(standing: Standing) -> dict[str, Any]:
    return {
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr",
        "dpv:hasConsentStatus": STATES[standing.state],
        "dpv:hasLegalBasis": "dpv:Consent",
    }


def objection_head() -> dict[str, Any]:
    """An objection is no consent: the vocabulary's words for one do not fit it."""
    return {"@type": "stoa:ObjectionRecord"}


def link_covers(standing: Standing, bit: int) -> bool:
    return standing.given is not None and bool(standing.given.consent.scope >> bit & 1)


def source_record(session: Session, source: use_cases.Source, covered: bool) -> dict[str, Any]:
    return {
        "dct:title": catalogue.dataset(session, source.dataset).description.title,
        "stoa:dataset": source.dataset,
        "stoa:ground": Ground(source.ground).name.lower(),
        "dpv:hasNecessity": "dpv:Optional" if source.optional else "dpv:Required",
        "stoa:covered": covered,
    }


def given_record(session: Session, given: GivenConsent) -> dict[str, Any]:
    ended = given.revoked_at
    return {
        "dpv:hasNotice": artefacts.text(session, given.terms.statement),
        "dpv:hasExpiryTime": at(given.consent.valid_until),
        "stoa:events": [
            {
                "@type": "dpv:ConsentGiven",
                "dct:date": at(given.granted_at),
                "stoa:block": given.consent.granted_in,
            },
            *(
                []
                if ended is None
                else [
                    {
                        "@type": "dpv:ConsentWithdrawn",
                        "dct:date": at(ended),
                        "stoa:block": given.consent.revoked_in,
                        "stoa:how": how_it_ended(given),
                    }
                ]
            ),
        ],
        "stoa:signer": given.own.signer,
        "stoa:commitment": hexed(given.own.commitment),
        "stoa:revocationHash": hexed(given.own.revocation_hash),
    }


def at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
