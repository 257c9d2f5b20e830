from sqlalchemy import update
from sqlalchemy.orm import Session

from ledger.bindings import DatasetRegistered, LeafErased, NotPersonalDeclared, VersionPublished
from ledger.reader import Place
from marketplace.catalogue.tables import DatasetRow, ErasedLeafRow, VersionRow


def on_registered(session: Session, event: DatasetRegistered, place: Place) -> None:
    session.add(
        DatasetRow(
            number=event.id,
            steward=event.steward,
            topic=event.topic,
            subject=event.subject,
            sensitive=event.sensitive,
            personal=True,
            versions=0,
            metadata_digest=event.metadata,
            registered_in=place.block,
        )
    )
    session.flush()


def on_not_personal(session: Session, event: NotPersonalDeclared) -> None:
    session.execute(update(DatasetRow).where(DatasetRow.number == event.id).values(personal=False))


def on_version(session: Session, event: VersionPublished, place: Place) -> None:
    session.add(
        VersionRow(
            dataset=event.dataset,
            number=event.version,
            root=event.root,
            leaves=event.leaves,
            rows=event.rows,
            content_digest=event.content,
            published_in=place.block,
            published_at=place.timestamp,
        )
    )
    session.execute(
        update(DatasetRow).where(DatasetRow.number == event.dataset).values(versions=event.version)
    )
    session.flush()


def on_leaf_erased(session: Session, event: LeafErased, place: Place) -> None:
    session.add(
        ErasedLeafRow(
            dataset=event.dataset,
            version=event.version,
            position=event.index,
            leaf=event.leaf,
            erased_in=place.block,
        )
    )
    session.flush()
