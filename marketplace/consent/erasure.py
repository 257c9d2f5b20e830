"""Forgetting a person: her consents end, her rows and whatever ties them to her are destroyed, the audit stays green.

A wish is written down at once; the rest is carried out step by step, each step safe to repeat, so that a process that
is killed anywhere goes on where it was. What stays on the ledger are commitments that open to nothing.
"""

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ledger.digests import hexed
from ledger.outbox import messages
from ledger.outbox.tables import MessageRow, State
from ledger.tree import OrderedTree
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.tables import (
    LeafSaltRow,
    SubjectRow,
    VersionFileRow,
    VersionKeyRow,
    fresh_mark,
)
from marketplace.catalogue.version_file import erase_subject
from marketplace.consent.standing import Person, grant_key, is_lost, subject_of
from marketplace.consent.stopping import end, stop_everything
from marketplace.consent.tables import (
    ConsentRow,
    EndedByErasureRow,
    ErasedVersionRow,
    ErasureRow,
    LeftOutRow,
    LinkRow,
    RefusalRow,
    StopRow,
)
from marketplace.errors import NotFoundError
from marketplace.house import House
from marketplace.provenance import access_log
from marketplace.requests import service as requests

KEY_BYTES = 32
NAME_BYTES = 4


class UnknownErasureError(NotFoundError):
    """There is no erasure of this number."""

    code = "unknown_erasure"


@dataclass(frozen=True, slots=True)
class ErasedVersion:
    dataset: int
    version: int
    leaf: bytes
    message: str
    """The outbox key by which the ledger hears of it."""
    done: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was forgotten. `done_at` is None while it goes on."""

    id: bytes
    asked_at: int
    done_at: int | None
    register_forgot: bool
    consents: tuple[bytes, ...]
    versions: tuple[ErasedVersion, ...]


def begin(session: Session, vault: Session, *, letter: str | None, person: Person) -> bytes:
    """Write down that somebody wishes to be forgotten. Nothing of hers counts from now on. The erasure's id.

    Asked again while it goes on, it is the same erasure. `letter` is None when the register has forgotten her before.
    """
    stop_everything(session, vault, person=person, spread=0)
    kind, key = person
    known = vault.scalar(select(ErasureRow.id).where(ErasureRow.kind == kind, ErasureRow.key == key))
    if known is not None:
        return known
    id_ = secrets.token_bytes(32)
    subject = subject_of(vault, person)
    row = ErasureRow(
        id=id_, letter=letter, kind=kind, key=key, subject=subject, asked_at=int(time.time()), done_at=None
    )
    vault.add(row)
    vault.flush()
    return id_


def _version_to_erase(name: str, erasure: bytes, leaf: LeafSaltRow) -> ErasedVersionRow:
    return ErasedVersionRow(
        erasure=erasure,
        dataset=leaf.dataset,
        version=leaf.version,
        leaf=leaf.leaf,
        name=f"{name}-{leaf.version}.{secrets.token_hex(NAME_BYTES)}",
        key=secrets.token_bytes(KEY_BYTES),
        done=False,
    )


def unfinished(house: House) -> list[bytes]:
    with house.vault.reading() as vault:
        return list(vault.scalars(select(ErasureRow.id).where(ErasureRow.done_at.is_(None))))


def letter_of(house: House, id_: bytes) -> str | None:
    """Her letter, as long as the register has not forgotten her."""
    with house.vault.reading() as vault:
        return vault.get_one(ErasureRow, id_).letter


def register_forgot(house: House, id_: bytes) -> None:
    with house.vault.writing() as vault:
        vault.get_one(ErasureRow, id_).letter = None


def carry_out(house: House, id_: bytes) -> bool:
    """Do what is left once the register has forgotten her. Whether it is done."""
    _remember(house, id_)
    subject = _collect(house, id_)
    if not _end_consents(house, id_):
        return False
    with house.vault.reading() as vault:
        of_hers = select(ErasedVersionRow).where(ErasedVersionRow.erasure == id_, ~ErasedVersionRow.done)
        waiting = list(vault.scalars(of_hers))
    for one in waiting:
        assert subject is not None
        _rewrite(house, one, subject)
    _unlink(house, id_)
    return _close(house, id_)


def _remember(house: House, id_: bytes) -> None:
    """Put her on the list outside the vault, before anything goes: a delivery or a backup does not bring her back."""
    with house.vault.reading() as vault:
        row = vault.get_one(ErasureRow, id_)
    if row.kind is not None and row.key is not None:
        house.forgotten.add((row.kind, row.key), row.subject)


def repeat_forgotten(house: House) -> int:
    """Ask again for each erasure that a restored vault knows nothing of. How many were asked."""
    forgotten = house.forgotten.reader()
    with house.vault.reading() as vault:
        known = vault.execute(select(SubjectRow.kind, SubjectRow.key, SubjectRow.index)).all()
    back = [(str(kind), str(key)) for kind, key, index in known if forgotten.holds((kind, key), index)]
    for person in back:
        with house.database.writing() as session, house.vault.writing() as vault:
            # The register has a backup of its own; the city has no letter any more to ask it with.
            begin(session, vault, letter=None, person=person)
    return len(back)


def _collect(house: House, id_: bytes) -> int | None:
    """Write down every consent and version that is hers, also what came since she asked. Her index."""
    with house.database.reading() as session, house.vault.writing() as vault:
        subject = vault.get_one(ErasureRow, id_).subject
        for consent in vault.scalars(select(LinkRow.consent).where(LinkRow.subject == subject)):
            vault.merge(EndedByErasureRow(erasure=id_, consent=consent))
        for leaf in vault.scalars(select(LeafSaltRow).where(LeafSaltRow.subject == subject)):
            # A dataset that is not about persons has one leaf, under index 0, and it is nobody's.
            described = catalogue.dataset(session, leaf.dataset).description
            if described.personal and vault.get(ErasedVersionRow, (id_, leaf.dataset, leaf.version)) is None:
                vault.add(_version_to_erase(described.name, id_, leaf))
        return subject


def _end_consents(house: House, id_: bytes) -> bool:
    """Queue the end of every consent of hers. False while one is between the outbox and the ledger."""
    with house.vault.reading() as vault, house.database.writing() as session:
        ended = list(vault.scalars(select(EndedByErasureRow.consent).where(EndedByErasureRow.erasure == id_)))
        all_queued = True
        for consent in ended:
            link = vault.get(LinkRow, consent)
            if link is not None:
                all_queued = _end(session, house, link) and all_queued
        return all_queued


def _end(session: Session, house: House, link: LinkRow) -> bool:
    row = session.get(ConsentRow, link.consent)
    if row is not None:
        if row.revoked_in is None:
            end(session, house, link)
        return True
    grant = MessageRow.business_key == grant_key(link.consent)
    never_sent = update(MessageRow).where(grant, MessageRow.state == State.INTENT)
    session.execute(never_sent.values(state=State.ABANDONED))
    return messages.fate(session, grant_key(link.consent)) is None or is_lost(session, link.consent)


def _rewrite(house: House, one: ErasedVersionRow, subject: int) -> None:
    """Write a version again without her rows, and tell the ledger that her leaf is empty from now on."""
    assert one.key is not None
    with house.database.reading() as session, house.vault.reading() as vault:
        description = catalogue.dataset(session, one.dataset).description
        kept = catalogue.kept_version(session, vault, one.dataset, one.version)
        leaves = vault.scalars(
            select(LeafSaltRow.leaf).where(
                LeafSaltRow.dataset == one.dataset, LeafSaltRow.version == one.version
            )
        )
        proof = OrderedTree(leaves).inclusion(one.leaf)
    if kept.name != one.name:
        written = erase_subject(
            description,
            house.versions / kept.name,
            kept.key,
            subject=subject,
            target=house.versions / one.name,
            new_key=one.key,
        )
        with house.database.writing() as session:
            file = session.get_one(VersionFileRow, (one.dataset, one.version))
            file.name, file.rows, file.subjects = one.name, written.rows, written.subjects
            call = house.contracts.datasets.erase_leaf(
                one.dataset, one.version, proof.index, one.leaf, proof.path
            )
            messages.put(session, call, key=message_of(one), signer="operator")
    _destroy(house, one, subject)
    if kept.name != one.name:
        (house.versions / kept.name).unlink(missing_ok=True)


def _destroy(house: House, one: ErasedVersionRow, subject: int) -> None:
    """Destroy the old file's key and her salt: her leaf stays in the tree and says nothing about anybody."""
    assert one.key is not None
    with house.vault.writing() as vault:
        vault.get_one(VersionKeyRow, (one.dataset, one.version)).key = one.key
        vault.get_one(LeafSaltRow, (one.dataset, one.version, subject)).salt = b""
        row = vault.get_one(ErasedVersionRow, (one.erasure, one.dataset, one.version))
        row.key, row.done = None, True


def _unlink(house: House, id_: bytes) -> None:
    """Destroy what ties consents and rows to her; her index goes to nobody else."""
    with house.vault.reading() as vault:
        if vault.get_one(ErasureRow, id_).key is None:
            return
        hers = vault.scalars(select(EndedByErasureRow.consent).where(EndedByErasureRow.erasure == id_)).all()
    with house.database.writing() as session:
        # An answer that was kept for a repeated request may list several of them together.
        requests.forget_answers(session, naming=[hexed(consent) for consent in hers])
        access_log.record(session, who="citizen", did="erase", outcome="erased")
    with house.vault.writing() as vault:
        row = vault.get_one(ErasureRow, id_)
        ended = select(EndedByErasureRow.consent).where(EndedByErasureRow.erasure == id_)
        vault.execute(delete(StopRow).where(StopRow.consent.in_(ended)))
        vault.execute(delete(LeftOutRow).where(LeftOutRow.consent.in_(ended)))
        vault.execute(delete(LinkRow).where(LinkRow.subject == row.subject))
        vault.execute(delete(RefusalRow).where(RefusalRow.kind == row.kind, RefusalRow.key == row.key))
        vault.execute(
            update(SubjectRow)
            .where(SubjectRow.index == row.subject)
            .values(kind="erased", key=secrets.token_hex(16), mark=fresh_mark())
        )
        row.kind = row.key = None


def _close(house: House, id_: bytes) -> bool:
    """It is done once no byte of hers is in a log on the disk."""
    if not house.forget_deleted():
        return False
    with house.vault.writing() as vault:
        vault.get_one(ErasureRow, id_).done_at = int(time.time())
    return True


def certificate(vault: Session, id_: bytes) -> Certificate:
    """Raises UnknownErasureError."""
    row = vault.get(ErasureRow, id_)
    if row is None:
        raise UnknownErasureError("There is no such erasure.")
    consents = vault.scalars(
        select(EndedByErasureRow.consent)
        .where(EndedByErasureRow.erasure == id_)
        .order_by(EndedByErasureRow.consent)
    )
    versions = vault.scalars(
        select(ErasedVersionRow)
        .where(ErasedVersionRow.erasure == id_)
        .order_by(ErasedVersionRow.dataset, ErasedVersionRow.version)
    )
    return Certificate(
        id=id_,
        asked_at=row.asked_at,
        done_at=row.done_at,
        register_forgot=row.letter is None,
        consents=tuple(consents),
        versions=tuple(
            ErasedVersion(one.dataset, one.version, one.leaf, message_of(one), one.done) for one in versions
        ),
    )


def message_of(one: ErasedVersionRow) -> str:
    return f"erase:{one.dataset}:{one.version}:{one.leaf.hex()}"
