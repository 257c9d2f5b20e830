"""Making a result durable before it is settled, and destroying one that will not be served.

The main database is written first and committed last: while its one writer holds it, nobody else seals or destroys the
same result. Killed between the two commits, the next start does the same again.
"""

import secrets
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ledger.digests import canonical, hexed, sha256
from ledger.enums import Meter
from marketplace.catalogue import queries as catalogue
from marketplace.consent.tables import LeftOutRow
from marketplace.disclosure.gate import Released, Withheld
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.orders import refunding
from marketplace.orders.jobs import Ticket, claimed, move
from marketplace.orders.model import JobState
from marketplace.orders.pinning import Asked, record
from marketplace.orders.sealing import fresh_key, salted_digest, sealed
from marketplace.orders.tables import ReleaseRow, ResultKeyRow, SealedRow


def seal(house: House, ticket: Ticket, asked: Asked, released: Released) -> bool:
    """Keep the sealed result, its manifest and their key. False when another worker was faster: nothing is kept."""
    content = released.result.canonical
    key, salt = fresh_key(), secrets.token_bytes(32)
    manifest = canonical(_manifest(asked, gate="released", reason=None))
    digests = salted_digest(salt, content), sha256(manifest)
    id_ = asked.order.id
    with house.database.writing() as session:
        job = claimed(session, ticket)
        if job is None:
            return False
        session.execute(delete(SealedRow).where(SealedRow.order == id_))
        for digest, kind, kept in zip(digests, ("result", "manifest"), (content, manifest), strict=True):
            session.add(sealed(digest=digest, order=id_, kind=kind, content=kept, key=key))
        job.consent_block = asked.at.number
        job.consent_root = asked.consent_root
        job.cohort_size = asked.cohort_size
        job.units = _units(session, asked, released)
        job.result_digest, job.manifest_digest = digests
        move(job, JobState.SEALED)
        record(session, asked, "sealed")
        session.flush()
        with house.vault.writing() as vault:
            vault.merge(ResultKeyRow(order=id_, key=key, salt=salt))
            _note_left_out(vault, asked)
            if released.record is not None:
                vault.merge(
                    ReleaseRow(
                        order=id_,
                        dataset=asked.routine.measured,
                        answer=asked.answer,
                        record=released.record.encode(),
                    )
                )
    return True


def withhold(house: House, ticket: Ticket, asked: Asked, withheld: Withheld) -> bool:
    """Held, empty and suppressed look the same from outside: one text, one refund. False as for `seal`."""
    id_ = asked.order.id
    key = fresh_key()
    manifest = canonical(_manifest(asked, gate="withheld", reason=withheld.reason.value))
    with house.database.writing() as session:
        job = claimed(session, ticket)
        if job is None:
            return False
        session.execute(delete(SealedRow).where(SealedRow.order == id_))
        session.add(sealed(digest=sha256(manifest), order=id_, kind="manifest", content=manifest, key=key))
        record(session, asked, "withheld")
        refunding.put(session, house, job, refunding.NO_ANSWER)
        session.flush()
        with house.vault.writing() as vault:
            vault.merge(ResultKeyRow(order=id_, key=key, salt=bytes(32)))
            _note_left_out(vault, asked)
    return True


def _note_left_out(vault: Session, asked: Asked) -> None:
    vault.execute(delete(LeftOutRow).where(LeftOutRow.order == asked.order.id))
    vault.add_all(LeftOutRow(order=asked.order.id, consent=one) for one in asked.left_out)


def destroy(session: Session, house: House, id_: bytes) -> None:
    """Destroy a result that will not be served: its key, and the record of its release."""
    session.execute(delete(SealedRow).where(SealedRow.order == id_))
    with house.vault.writing() as vault:
        vault.execute(delete(ResultKeyRow).where(ResultKeyRow.order == id_))
        vault.execute(delete(ReleaseRow).where(ReleaseRow.order == id_))
        vault.execute(delete(LeftOutRow).where(LeftOutRow.order == id_))
    house.vault.truncate_log()


def _units(session: Session, asked: Asked, released: Released) -> int:
    meter = licences.tariff(session, asked.order.tariff).meter
    dataset = next(one for one in asked.datasets if one.name == asked.routine.measured)
    version = catalogue.version(session, dataset.number, asked.versions[dataset.name])
    match meter:
        case Meter.RUN:
            return 1
        case Meter.CELL:
            return released.result.released_cells
        case Meter.VERSION_ROWS:
            return version.rows
        case Meter.DEVICE:
            return version.leaves


def _manifest(asked: Asked, *, gate: str, reason: str | None) -> dict[str, Any]:
    """What stays in the house: sealed with the result, known to the ledger by its digest."""
    return {
        "v": 1,
        "order": hexed(asked.order.id),
        "useCase": asked.use_case.number,
        "routine": hexed(asked.routine.digest),
        "versions": dict(asked.versions),
        "consentBlock": asked.at.number,
        "consentRoot": hexed(asked.consent_root),
        "cohortSize": asked.cohort_size,
        "k": asked.use_case.minimum_cohort,
        "gate": gate,
        "reason": reason,
        "answer": asked.answer,
        "salt": secrets.token_hex(32),
    }
