"""Purposes, datasets and their versions, and whether a routine fits them."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api.http.cursors import Page, Paging
from api.http.dependencies import Reading
from api.http.json_documents import JsonDocument, written
from api.http.policies import Anybody
from api.http.shapes import Answer, Digest, Instant, Number, Shape
from marketplace.analysis.plan import plan
from marketplace.analysis.routine import parse_routine
from marketplace.catalogue import queries
from marketplace.catalogue.queries import Dataset
from marketplace.catalogue.tables import VersionRow
from marketplace.use_cases.purposes import PURPOSES, Purpose

router = APIRouter(prefix="/v1", tags=["catalogue"])


class PurposeAnswer(Answer):
    term: str = Field(examples=["ImproveTransportMobility"])
    iri: str
    phrases: dict[str, str] = Field(description="Per language, what follows 'so that it can'.")

    @classmethod
    def of(cls, purpose: Purpose) -> "PurposeAnswer":
        return cls(term=purpose.term, iri=purpose.iri, phrases=purpose.phrases)


class HonestyAnswer(Answer):
    label: str = Field(examples=["real", "model", "simulated"])
    sentence: str


class DatasetAnswer(Answer):
    number: Number
    name: str
    title: str
    steward: Number
    topic: str
    personal: bool
    sensitive: bool
    versions: int
    honesty: HonestyAnswer
    licence: str

    @classmethod
    def of(cls, one: Dataset) -> "DatasetAnswer":
        described = one.description
        return cls(
            number=one.number,
            name=one.name,
            title=described.title,
            steward=one.steward,
            topic=described.topic.value,
            personal=one.personal,
            sensitive=one.sensitive,
            versions=one.versions,
            honesty=HonestyAnswer(label=described.honesty.label, sentence=described.honesty.sentence),
            licence=described.licence,
        )


class DescribedDataset(DatasetAnswer):
    description: dict[str, Any] = Field(
        description="What its columns may hold, and by what it may be grouped."
    )
    description_digest: Digest


class VersionAnswer(Answer):
    """One delivery, as its steward signed it. Sizes are published; rows never are."""

    dataset: Number
    number: Number
    root: Digest = Field(description="Of the tree over one salted leaf per subject.")
    leaves: int
    rows: int
    content_digest: Digest
    published_in: int = Field(description="Block.")
    published_at: Instant

    @classmethod
    def of(cls, row: VersionRow) -> "VersionAnswer":
        return cls(
            dataset=row.dataset,
            number=row.number,
            root=row.root,
            leaves=row.leaves,
            rows=row.rows,
            content_digest=row.content_digest,
            published_in=row.published_in,
            published_at=row.published_at,
        )


class RoutineCheck(Shape):
    routine: JsonDocument


class CheckedRoutine(Answer):
    digest: Digest = Field(description="Under which it would be registered.")
    routine: dict[str, Any] = Field(description="In its canonical order.")
    personal: bool = Field(description="Whether anybody's rows are used, so that consent and k apply.")
    cells: int
    dimensions: list[dict[str, Any]]


@router.get("/purposes", operation_id="listPurposes", dependencies=[Anybody])
def list_purposes(paging: Paging) -> Page[PurposeAnswer]:
    """What data may be used for at all."""
    return paging.of(PURPOSES, place=lambda one: one.term, show=PurposeAnswer.of)


@router.get("/datasets", operation_id="listDatasets", dependencies=[Anybody])
def list_datasets(
    session: Reading,
    paging: Paging,
) -> Page[DatasetAnswer]:
    """Every dataset of the city."""
    return paging.of(
        queries.datasets(session),
        place=lambda one: one.number,
        show=DatasetAnswer.of,
    )


@router.get("/datasets/{number}", operation_id="getDataset", dependencies=[Anybody])
def get_dataset(number: Number, session: Reading) -> DescribedDataset:
    """One dataset, with its description."""
    found = queries.dataset(session, number)
    return DescribedDataset(
        **DatasetAnswer.of(found).model_dump(),
        description=found.description.document(),
        description_digest=found.description.digest,
    )


@router.get("/datasets/{number}/versions", operation_id="listVersions", dependencies=[Anybody])
def list_versions(
    number: Number,
    session: Reading,
    paging: Paging,
) -> Page[VersionAnswer]:
    """The versions of a dataset, oldest first."""
    found = queries.dataset(session, number)
    return paging.of(
        [queries.version(session, number, version) for version in range(1, found.versions + 1)],
        place=lambda one: one.number,
        show=VersionAnswer.of,
    )


@router.get("/datasets/{number}/versions/{version}", operation_id="getVersion", dependencies=[Anybody])
def get_version(number: Number, version: Number, session: Reading) -> VersionAnswer:
    """One version."""
    return VersionAnswer.of(queries.version(session, number, version))


@router.post("/routines/check", operation_id="checkRoutine", dependencies=[Anybody])
def check_routine(asked: RoutineCheck, session: Reading) -> CheckedRoutine:
    """Whether a routine fits the datasets. Nothing is run and nothing is kept."""
    routine = parse_routine(written(asked.routine))
    used = [queries.dataset_named(session, name) for name in routine.sources]
    planned = plan(routine, {one.name: one.description for one in used})
    return CheckedRoutine(
        digest=routine.digest,
        routine=routine.document(),
        personal=any(one.personal for one in used),
        cells=planned.grid.size,
        dimensions=[
            {"source": one.source, "name": one.name, "grain": one.grain, "labels": list(one.labels)}
            for one in planned.grid.dimensions
        ],
    )
