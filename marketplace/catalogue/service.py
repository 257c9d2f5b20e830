"""Registering datasets and publishing their versions."""

import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.bindings import Registration, VersionForm
from ledger.digests import keccak, sha256
from ledger.keys import Signer
from ledger.outbox import messages
from ledger.tree import OrderedTree
from ledger.typed_data import registration_digest, signed, version_digest
from marketplace.catalogue import artefacts, queries
from marketplace.catalogue.description import DatasetDescription, SourceKind, Topic
from marketplace.catalogue.forgotten import Reader as Forgotten
from marketplace.catalogue.ingest import MarkOf, ingest
from marketplace.catalogue.sources import IngestError, Row, read_csv, read_json_series, read_table
from marketplace.catalogue.tables import LeafSaltRow, SubjectRow, VersionFileRow, VersionKeyRow
from marketplace.catalogue.version_file import subject_digests
from marketplace.errors import ConflictError
from marketplace.house import House
from marketplace.provenance import access_log
from marketplace.provenance.queries import head

TOPICS = list(Topic)
FORM_SECONDS = 600


class DatasetExistsError(ConflictError):
    """A dataset of this name is registered."""

    code = "dataset_exists"


class DeliveryUnderWayError(ConflictError):
    """The next version of this dataset is on its way to the ledger."""

    code = "delivery_under_way"


def register(
    session: Session, house: House, *, description: DatasetDescription, steward: int, signer: Signer
) -> str:
    """Register a dataset under its steward's signature. Returns the outbox key."""
    if any(found.name == description.name for found in queries.datasets(session)):
        raise DatasetExistsError(f"There is a dataset named {description.name!r} already.")
    digest = artefacts.keep_bytes(session, "dataset", description.canonical)
    form = Registration(
        steward=steward,
        topic=TOPICS.index(description.topic) + 1,
        subject=description.personal,
        sensitive=description.sensitive,
        metadata=digest,
        salt=secrets.token_bytes(32),
        deadline=head(session).timestamp + FORM_SECONDS,
    )
    signature = signed(signer, registration_digest(house.city.domains.datasets, form))
    key = f"dataset:{description.name}"
    messages.put(session, house.contracts.datasets.register(form, signature), key=key, signer="relay")
    return key


def declare_not_personal(session: Session, house: House, number: int, reason: str, *, operator: str) -> str:
    """Say, by one of two operators, that nobody can be found in a dataset. Returns the outbox key.

    It holds once the other says the same, in the same words.

    Raises:
        UnknownDatasetError
        SubjectColumnError: its rows name whose they are.
    """
    found = queries.dataset(session, number)
    if found.description.subject is not None:
        raise SubjectColumnError(
            f"{found.name!r} says in column {found.description.subject.column!r} whose each row is, so it is about "
            "people and stays so."
        )
    digest = artefacts.keep_text(session, "reason", reason)
    call = house.contracts.datasets.declare_not_personal(number, digest)
    return messages.put_word(session, call, about=f"not-personal:{number}", signer=operator)


class SubjectColumnError(ConflictError):
    """A dataset that names whose its rows are cannot be declared not personal."""

    code = "subject_column"


def delivered_rows(description: DatasetDescription, source: Path, table: str | None = None) -> Iterator[Row]:
    match description.source:
        case SourceKind.CSV:
            return read_csv(source, description)
        case SourceKind.SQL:
            return read_table(f"sqlite:///{source}", table or description.name, description)
        case SourceKind.JSON:
            return read_json_series(source, description)


def salted_content(key: bytes, digest: bytes) -> bytes:
    """What the ledger holds of a delivery's content: SHA-256(salt || digest of the rows).

    The salt comes from the version's key, which the first erasure destroys, so that nobody can confirm a guess of the
    rows that went.
    """
    return sha256(sha256(b"content" + key) + digest)


def publish(
    session: Session,
    house: House,
    *,
    dataset: queries.Dataset,
    source: Path,
    signer: Signer,
    table: str | None = None,
) -> str:
    """Take a delivery as the next version: encrypted rows, salted leaves, and the steward's signed root.

    Raises:
        IngestError: the delivery breaks its description; nothing was taken.
        DeliveryUnderWayError: the version before is not on the ledger yet, perhaps this very delivery; nothing was
            taken.
    """
    number = dataset.versions + 1
    outbox_key = f"version:{dataset.number}:{number}"
    under_way = messages.fate(session, outbox_key)
    if under_way is not None and (under_way.succeeded or not under_way.is_final):
        # The ledger is told of its root: other salts, another file or key would make it a version of nothing.
        raise DeliveryUnderWayError(
            f"Version {number} of {dataset.name!r} is on its way to the ledger. Nothing was taken; "
            "look again in a moment whether it is this delivery."
        )
    name = f"{dataset.name}-{number}.{secrets.token_hex(4)}"
    key = secrets.token_bytes(32)
    with house.vault.writing() as vault:
        forgotten = house.forgotten.reader()
        indexes = _enrol_subjects(
            vault, dataset.description, delivered_rows(dataset.description, source, table), forgotten
        )
        rows = delivered_rows(dataset.description, source, table)
        written = ingest(
            dataset.description,
            _without_forgotten(dataset.description, rows, indexes, forgotten),
            index_of=indexes.__getitem__,
            mark_of=_marks(vault, dataset.description),
            target=house.versions / name,
            key=key,
        )
        leaves = _salted_leaves(vault, dataset, number, house.versions / name, key)
        vault.merge(VersionKeyRow(dataset=dataset.number, version=number, key=key))
    tree = OrderedTree(leaf for leaf, _ in leaves)
    content = salted_content(key, sha256(b"".join(digest for _, digest in leaves)))
    session.merge(
        VersionFileRow(
            dataset=dataset.number,
            version=number,
            name=name,
            rows=written.rows,
            subjects=written.subjects,
        )
    )
    form = VersionForm(
        dataset=dataset.number,
        root=tree.root,
        leaves=len(tree),
        rows=written.rows,
        content=content,
        deadline=head(session).timestamp + FORM_SECONDS,
    )
    signature = signed(signer, version_digest(house.city.domains.datasets, form))
    call = house.contracts.datasets.publish_version(form, signature)
    messages.put(session, call, key=outbox_key, signer="relay")
    access_log.record(
        session,
        who=f"participant:{dataset.steward}",
        did="publish-version",
        outcome="taken",
        datasets=[f"{dataset.name}/{number}"],
    )
    return outbox_key


@contextmanager
def recording_refusals(house: House, *, who: str, dataset: str) -> Generator[None]:
    """A delivery that is refused was read all the same: the access log says so, whatever else is undone."""
    try:
        yield
    except (IngestError, DeliveryUnderWayError):
        with house.database.writing() as session:
            access_log.record(session, who=who, did="publish-version", outcome="refused", datasets=[dataset])
        raise


def _without_forgotten(
    description: DatasetDescription, rows: Iterator[Row], indexes: dict[str, int], forgotten: Forgotten
) -> Iterator[Row]:
    """The rows of everybody whom the city has not forgotten."""
    subject = description.subject
    for row in rows:
        key = None if subject is None else _key_of(row, subject.column)
        if subject is None or key is None or not forgotten.holds((subject.kind, key), indexes.get(key)):
            yield row


def _key_of(row: Row, column: str) -> str | None:
    """The key of a row's subject; None if it is not one, which the ingest names."""
    key = row.values.get(column)
    if isinstance(key, int):
        key = str(key)
    return key if isinstance(key, str) else None


def _enrol_subjects(
    vault: Session, description: DatasetDescription, rows: Iterator[Row], forgotten: Forgotten
) -> dict[str, int]:
    """Give every subject that a delivery names for the first time the next dense index.

    Somebody whom the city has forgotten is not taken in again.
    """
    if description.subject is None:
        return {}
    kind = description.subject.kind
    known = queries.subject_indexes(vault, kind)
    upcoming = queries.next_subject_index(vault)
    for row in rows:
        key = _key_of(row, description.subject.column)
        if key is not None and key not in known and not forgotten.holds((kind, key), None):
            known[key] = upcoming
            vault.add(SubjectRow(index=upcoming, kind=kind, key=key))
            upcoming += 1
    vault.flush()
    return known


def _marks(vault: Session, description: DatasetDescription) -> MarkOf:
    marks = {} if description.subject is None else queries.subject_marks(vault, description.subject.kind)
    return marks.__getitem__


def _salted_leaves(
    vault: Session, dataset: queries.Dataset, version: int, path: Path, key: bytes
) -> list[tuple[bytes, bytes]]:
    """(leaf, digest of the subject's rows) per subject. The salt makes a leaf unguessable and, once gone, empty."""
    for row in vault.scalars(
        select(LeafSaltRow).where(LeafSaltRow.dataset == dataset.number, LeafSaltRow.version == version)
    ):
        vault.delete(row)
    vault.flush()
    leaves: list[tuple[bytes, bytes]] = []
    for subject, digest in subject_digests(dataset.description, path, key):
        salt = secrets.token_bytes(32)
        leaf = keccak(salt + digest)
        vault.add(LeafSaltRow(dataset=dataset.number, version=version, subject=subject, salt=salt, leaf=leaf))
        leaves.append((leaf, digest))
    return leaves
