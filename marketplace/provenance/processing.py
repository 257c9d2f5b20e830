"""The city's records of processing activities (GDPR art. 30), as far as this house knows them.

Each use case that was allowed is one activity, and keeping a dataset about people is one. What only people know, such
as whom to write to, is left open and named in `OPEN`.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ledger.city import City
from ledger.enums import Class, Ground, UseCaseState
from marketplace.analysis.period import Period
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.queries import Dataset
from marketplace.participants import queries as participants
from marketplace.participants.model import Participant
from marketplace.provenance.queries import head
from marketplace.provenance.transparency import Count, disclosed_use_case
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.purposes import BY_DIGEST, Purpose
from marketplace.use_cases.queries import UseCase

OPEN = ("contact", "officer", "joint_controllers", "third_countries")
"""What art. 30(1) asks for and nobody has told this house."""
MEASURES = (
    "totals_only",
    "smallest_group",
    "differencing",
    "encrypted",
    "consent_before_settlement",
    "access_log",
    "registrar_apart",
    "erasure",
)
"""What protects people here by design (art. 32)."""


@dataclass(frozen=True, slots=True)
class DataUsed:
    """One dataset of an activity. `subject`: what its rows are about, such as "person"; None: no column says whose."""

    dataset: int
    name: str
    title: str
    ground: Ground
    optional: bool
    subject: str | None
    sensitive: bool
    columns: tuple[str, ...]
    origin: str

    @classmethod
    def of(cls, found: Dataset, ground: Ground, *, optional: bool) -> "DataUsed":
        described = found.description
        return cls(
            dataset=found.number,
            name=found.name,
            title=described.title,
            ground=ground,
            optional=optional,
            subject=None if described.subject is None else described.subject.kind,
            sensitive=found.sensitive,
            columns=tuple(column.name for column in described.columns),
            origin=described.origin,
        )

    @property
    def document(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "name": self.name,
            "title": self.title,
            "ground": self.ground.name.lower(),
            "optional": self.optional,
            "dataSubjects": self.subject,
            "specialCategories": self.sensitive,
            "categories": list(self.columns),
            "source": self.origin,
        }


@dataclass(frozen=True, slots=True)
class Activity:
    """One use case as processing. `retention_days`: how long whoever gets the answers may keep them."""

    use_case: int
    state: UseCaseState
    purpose: Purpose | None
    recipient: Participant
    data: tuple[DataUsed, ...]
    period: Period | None
    minimum_cohort: int | None
    longest_days: int
    retention_days: int
    consents: Count
    runs: Count

    @property
    def is_personal(self) -> bool:
        return self.minimum_cohort is not None

    @property
    def document(self) -> dict[str, Any]:
        return {
            "useCase": self.use_case,
            "state": self.state.name.lower(),
            "purpose": None if self.purpose is None else self.purpose.iri,
            "recipient": {
                "participant": self.recipient.number,
                "name": self.recipient.name,
                "class": self.recipient.class_.name.lower(),
            },
            "data": [one.document for one in self.data],
            "period": None if self.period is None else self.period.document(),
            "smallestGroup": self.minimum_cohort,
            "longestConsentDays": self.longest_days,
            "retentionDays": self.retention_days,
            "consents": str(self.consents),
            "runs": str(self.runs),
        }


@dataclass(frozen=True, slots=True)
class Holding:
    """A dataset about people that the city keeps. `erasable`: a row can be found by whose it is, and so taken out."""

    data: DataUsed
    steward: Participant
    versions: int

    @property
    def erasable(self) -> bool:
        return self.data.subject is not None

    @property
    def document(self) -> dict[str, Any]:
        described = self.data.document
        del described["ground"], described["optional"]
        return {
            **described,
            "steward": {
                "participant": self.steward.number,
                "name": self.steward.name,
                "class": self.steward.class_.name.lower(),
            },
            "versions": self.versions,
            "erasable": self.erasable,
        }


def activities(session: Session) -> list[Activity]:
    """Every use case that was ever allowed."""
    processed = {UseCaseState.ALLOWED, UseCaseState.CLOSED}
    return [activity(session, one) for one in use_cases.use_cases(session) if one.state in processed]


def activity(session: Session, found: UseCase) -> Activity:
    counted = disclosed_use_case(session, found.number)
    return Activity(
        use_case=found.number,
        state=found.state,
        purpose=BY_DIGEST.get(found.purpose),
        recipient=participants.by_number(session, found.applicant),
        data=tuple(
            DataUsed.of(catalogue.dataset(session, one.dataset), one.ground, optional=one.optional)
            for one in found.sources
        ),
        period=found.period,
        minimum_cohort=found.minimum_cohort if found.personal else None,
        longest_days=found.longest_days,
        retention_days=found.retention_days,
        consents=counted.consents,
        runs=counted.runs,
    )


def holdings(session: Session) -> list[Holding]:
    """Every dataset that is about people."""
    return [
        Holding(
            data=DataUsed.of(one, Ground.CONSENT, optional=False),
            steward=participants.by_number(session, one.steward),
            versions=one.versions,
        )
        for one in catalogue.datasets(session)
        if one.personal
    ]


def records_document(session: Session, city: City) -> dict[str, Any]:
    """The records, to be handed to the supervisory authority (art. 30(4)) once what is open is filled in."""
    at = head(session)
    operators = [one for one in participants.everybody(session) if one.class_ is Class.CITY]
    return {
        "stoa": "records-of-processing/1",
        "city": city.name,
        "controllers": [{"participant": one.number, "name": one.name} for one in operators],
        "asOf": {"block": at.number, "at": at.timestamp},
        "activities": [one.document for one in activities(session)],
        "holdings": [one.document for one in holdings(session)],
        "measures": list(MEASURES),
        "open": list(OPEN),
    }
