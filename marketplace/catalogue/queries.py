from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger.outbox import messages
from ledger.outbox.letters import reason_digest_of
from marketplace.catalogue import artefacts
from marketplace.catalogue.description import DatasetDescription, parse_description
from marketplace.catalogue.documents import listed
from marketplace.catalogue.tables import (
    DatasetRow,
    LeafSaltRow,
    SubjectRow,
    VersionFileRow,
    VersionKeyRow,
    VersionRow,
)
from marketplace.errors import NotFoundError


class UnknownDatasetError(NotFoundError):
    """There is no such dataset."""

    code = "unknown_dataset"


class UnknownVersionError(NotFoundError):
    """The dataset has no such version."""

    code = "unknown_version"


@dataclass(frozen=True, slots=True)
class Dataset:
    number: int
    steward: int
    personal: bool
    sensitive: bool
    versions: int
    description: DatasetDescription

    @property
    def name(self) -> str:
        return self.description.name


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version whose rows are here, with the key of its file."""

    dataset: int
    number: int
    name: str
    key: bytes
    rows: int
    subjects: int


def dataset(session: Session, number: int) -> Dataset:
    row = session.get(DatasetRow, number)
    if row is None:
        raise UnknownDatasetError(f"There is no dataset {number}.")
    return _model(session, row)


def datasets(session: Session) -> list[Dataset]:
    return [_model(session, row) for row in session.scalars(select(DatasetRow).order_by(DatasetRow.number))]


@dataclass(frozen=True, slots=True)
class Declared:
    """The newest word of one of two persons that nobody can be found in a dataset."""

    speaker: str
    reason: str | None


def last_declared(session: Session, number: int) -> Declared | None:
    word = messages.last_word(session, f"not-personal:{number}")
    if word is None:
        return None
    return Declared(word.signer, artefacts.text(session, reason_digest_of(word.signature, word.calldata)))


def dataset_named(session: Session, name: str) -> Dataset:
    there = datasets(session)
    for found in there:
        if found.name == name:
            return found
    names = listed(found.name for found in there)
    raise UnknownDatasetError(f"There is no dataset named {name[:60]!r}. There are: {names}.")


def version(session: Session, dataset_number: int, number: int) -> VersionRow:
    row = session.get(VersionRow, (dataset_number, number))
    if row is None:
        raise UnknownVersionError(f"Dataset {dataset_number} has no version {number}.")
    return row


def newest_version(session: Session, found: Dataset) -> VersionRow | None:
    """The last delivery; None: nothing was delivered yet."""
    return version(session, found.number, found.versions) if found.versions else None


def kept_version(session: Session, vault: Session, dataset_number: int, number: int) -> KeptVersion:
    version(session, dataset_number, number)
    row = session.get(VersionFileRow, (dataset_number, number))
    key = vault.get(VersionKeyRow, (dataset_number, number))
    if row is None or key is None:
        raise UnknownVersionError(f"The rows of version {number} of dataset {dataset_number} are not here.")
    return KeptVersion(dataset_number, number, row.name, key.key, row.rows, row.subjects)


def subject_indexes(vault: Session, kind: str) -> dict[str, int]:
    """Key -> dense index of every subject of a kind."""
    rows = vault.execute(select(SubjectRow.key, SubjectRow.index).where(SubjectRow.kind == kind))
    return {str(key): int(index) for key, index in rows}


def subject_marks(vault: Session, kind: str) -> dict[int, bytes]:
    """Dense index -> mark of every subject of a kind."""
    rows = vault.execute(select(SubjectRow.index, SubjectRow.mark).where(SubjectRow.kind == kind))
    return {int(index): bytes(mark) for index, mark in rows}


def delivered_subjects(session: Session, vault: Session) -> set[tuple[str, str]]:
    """(kind, key) of everybody with rows in a delivered version. Whoever has only consented is not among them."""
    personal = [found.number for found in datasets(session) if found.description.subject is not None]
    with_rows = select(LeafSaltRow.subject).where(LeafSaltRow.dataset.in_(personal))
    found = vault.execute(select(SubjectRow.kind, SubjectRow.key).where(SubjectRow.index.in_(with_rows)))
    return {(str(kind), str(key)) for kind, key in found}


def next_subject_index(vault: Session) -> int:
    highest = vault.scalar(select(func.max(SubjectRow.index)))
    return 0 if highest is None else highest + 1


def _model(session: Session, row: DatasetRow) -> Dataset:
    return Dataset(
        number=row.number,
        steward=row.steward,
        personal=row.personal,
        sensitive=row.sensitive,
        versions=row.versions,
        description=parse_description(artefacts.content(session, row.metadata_digest)),
    )
