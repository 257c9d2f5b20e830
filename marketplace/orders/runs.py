"""Working through orders: pin, run, judge, seal, settle; or refund.

Each step is one transaction and leaves a state from which the next start goes on. A result is durable before its
settlement is sent, and is served only after the settlement is final.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ledger.bindings import Outcome
from ledger.digests import canonical, hexed, sha256
from ledger.enums import Ground, Meter, OrderState
from ledger.node import Block
from ledger.outbox import messages
from ledger.tree import ZERO_ROOT
from marketplace.analysis.compiler import compile_routine
from marketplace.analysis.routine import Routine
from marketplace.analysis.runner import RunError, SourceInput, VersionFile, run
from marketplace.analysis.subjects import NOBODY, everybody
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.consent import queries as consent
from marketplace.consent.rules import Cohort
from marketplace.disclosure.gate import Release, Released, Verdict, Withheld, judge, judge_public
from marketplace.disclosure.release import ReleaseRecord
from marketplace.disclosure.result import HonestSource
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.orders import queries
from marketplace.orders.model import JobState, Order
from marketplace.orders.sealing import fresh_key, salted_digest, sealed
from marketplace.orders.tables import JobRow, ReleaseRow, ResultKeyRow, SealedRow
from marketplace.provenance import access_log, statements
from marketplace.provenance.queries import block, head
from marketplace.provenance.statements import Attestor
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.queries import UseCase

MOST_ATTEMPTS = 3
SETTLE_MARGIN = 3
"""Seconds before the deadline in which no settlement is sent any more."""

NO_ANSWER = "There is no answer that may leave. The order is refunded in full."
CANNOT_RUN = "The order could not be run. It is refunded in full."

FailPoint = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything an order's run is made of, pinned at one block."""

    order: Order
    use_case: UseCase
    routine: Routine
    datasets: tuple[catalogue.Dataset, ...]
    versions: Mapping[str, int]
    at: Block
    cohort: Cohort

    @property
    def consent_root(self) -> bytes:
        return self.cohort.root if self.use_case.personal else ZERO_ROOT

    @property
    def cohort_size(self) -> int:
        return len(self.cohort) if self.use_case.personal else 0

    @property
    def measured_version(self) -> str:
        return f"{self.routine.measured}/{self.versions[self.routine.measured]}"

    @property
    def answer(self) -> str:
        """What identifies the answer: canonical routine, versions and consent root."""
        named = {
            "routine": hexed(self.routine.digest),
            "versions": dict(self.versions),
            "consents": hexed(self.consent_root),
        }
        return sha256(canonical(named)).hex()


class Workbench:
    """Takes one order after the other as far as it goes."""

    def __init__(self, house: House, attestor: Attestor, failpoint: FailPoint = lambda name: None) -> None:
        self._house = house
        self._attestor = attestor
        self._failpoint = failpoint

    def step(self) -> bool:
        """One round over every order that is not finished. Whether anything moved."""
        with self._house.database.reading() as session:
            waiting = [
                *session.scalars(unfinished_jobs()),
                *(order.id for order in queries.escrowed(session)),
            ]
        self._failpoint("O3.orders_listed")
        moved = False
        for id_ in dict.fromkeys(waiting):
            moved = self._advance(id_) or moved
        return moved

    def _advance(self, id_: bytes) -> bool:
        """Do what is next for one order. Job and order are read together: the ledger moves on while we work."""
        with self._house.database.reading() as session:
            job, order = queries.job(session, id_), queries.order_or_none(session, id_)
        if order is None:
            return self._drop_if_refused(id_)
        if order.state is not OrderState.ESCROWED:
            return self._finish(order)
        return self._go_on(order, None if job is None else JobState(job.state))

    def _go_on(self, order: Order, state: JobState | None) -> bool:
        match state:
            case None:
                # Opened past us: what was asked is not known here.
                return self._give_up(order, CANNOT_RUN)
            case JobState.ASKED:
                return self._answer(order)
            case JobState.SEALED:
                return self._settle(order)
            case JobState.SETTLING:
                return self._watch_settlement(order)
            case JobState.REFUNDING | JobState.READY | JobState.ENDED:
                return False

    def _answer(self, order: Order) -> bool:
        with self._house.database.reading() as session:
            now = head(session)
        if now.timestamp + SETTLE_MARGIN >= order.deadline:
            return self._give_up(order, CANNOT_RUN)
        asked = self._ask(order)
        self._record(asked, "run", "started")
        try:
            verdict = self._judged(asked)
        except RunError as error:
            self._record(asked, "run", error.code)
            return self._retry(order)
        self._failpoint("O9.after_run")
        match verdict:
            case Released():
                self._seal(asked, verdict)
                self._failpoint("O10.after_sealed")
            case Withheld():
                self._withhold(asked, verdict)
        return True

    def _ask(self, order: Order) -> Asked:
        """Pin the order at the newest block that was read."""
        with self._house.database.reading() as session:
            licence = licences.licence(session, order.licence)
            use_case = use_cases.use_case(session, licence.use_case)
            request = orjson.loads(artefacts.content(session, order.request_digest))
            at = head(session)
            return Asked(
                order=order,
                use_case=use_case,
                routine=use_cases.routine_of(session, use_case),
                datasets=tuple(catalogue.dataset(session, number) for number in use_case.datasets),
                versions=request["versions"],
                at=at,
                cohort=consent.cohort_at(session, use_case.number, at),
            )

    def _judged(self, asked: Asked) -> Verdict:
        descriptions = {one.name: one.description for one in asked.datasets}
        query = compile_routine(asked.routine, descriptions)
        found = run(query, self._inputs(asked))
        release = Release(
            routine_digest=asked.routine.digest,
            version=asked.measured_version,
            consent_root=asked.consent_root,
            k=asked.use_case.minimum_cohort,
            sources=tuple(HonestSource(one.name, one.description.honesty) for one in asked.datasets),
        )
        if not asked.use_case.personal:
            return judge_public(release, query.grid, found.cells)
        with self._house.vault.reading() as vault:
            priors = [
                ReleaseRecord.decode(row.record)
                for row in vault.scalars(
                    select(ReleaseRow).where(
                        ReleaseRow.version == asked.measured_version, ReleaseRow.order != asked.order.id
                    )
                )
            ]
        return judge(release, query.grid, found.cells, priors)

    def _inputs(self, asked: Asked) -> dict[str, SourceInput]:
        """Per source its file and who may be counted: the runner gets these and nothing else."""
        inputs: dict[str, SourceInput] = {}
        with self._house.database.reading() as session, self._house.vault.reading() as vault:
            bits = range(len(asked.use_case.sources))
            covered = consent.subjects_by_bit(vault, asked.cohort, bits)
            for bit, (source, dataset) in enumerate(zip(asked.use_case.sources, asked.datasets, strict=True)):
                kept = catalogue.kept_version(session, vault, dataset.number, asked.versions[dataset.name])
                file = VersionFile(self._house.versions / kept.name, kept.key)
                match source.ground:
                    case Ground.NOT_PERSONAL:
                        subjects = None
                    case Ground.CONSENT:
                        subjects = covered[bit]
                    case _:
                        enrolled = everybody(catalogue.next_subject_index(vault))
                        subjects = enrolled & ~consent.objecting(vault, asked.cohort, bit) or NOBODY
                inputs[dataset.name] = SourceInput(file, subjects)
        return inputs

    def _seal(self, asked: Asked, released: Released) -> None:
        """Make the result durable: keys first, then the sealed bytes and the job's state together."""
        content = released.result.canonical
        key, salt = fresh_key(), secrets.token_bytes(32)
        manifest = canonical(self._manifest(asked, gate="released", reason=None))
        digests = salted_digest(salt, content), sha256(manifest)
        units = self._units(asked, released)
        id_ = asked.order.id
        with self._house.vault.writing() as vault:
            vault.merge(ResultKeyRow(order=id_, key=key, salt=salt))
            if released.record is not None:
                vault.merge(
                    ReleaseRow(
                        order=id_,
                        version=asked.measured_version,
                        answer=asked.answer,
                        record=released.record.encode(),
                    )
                )
        with self._house.database.writing() as session:
            session.execute(delete(SealedRow).where(SealedRow.order == id_))
            for digest, kind, kept in zip(digests, ("result", "manifest"), (content, manifest), strict=True):
                session.add(sealed(digest=digest, order=id_, kind=kind, content=kept, key=key))
            job = session.get_one(JobRow, id_)
            job.state = JobState.SEALED
            job.consent_block = asked.at.number
            job.consent_root = asked.consent_root
            job.cohort_size = asked.cohort_size
            job.units = units
            job.result_digest, job.manifest_digest = digests
            job.changed_at = int(time.time())
            self._record_in(session, asked, "run", "sealed")

    def _units(self, asked: Asked, released: Released) -> int:
        with self._house.database.reading() as session:
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

    def _manifest(self, asked: Asked, *, gate: str, reason: str | None) -> dict[str, Any]:
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

    def _withhold(self, asked: Asked, withheld: Withheld) -> None:
        """Held, empty and suppressed look the same from outside: one text, one refund."""
        id_ = asked.order.id
        key = fresh_key()
        manifest = canonical(self._manifest(asked, gate="withheld", reason=withheld.reason.value))
        with self._house.vault.writing() as vault:
            vault.merge(ResultKeyRow(order=id_, key=key, salt=bytes(32)))
        with self._house.database.writing() as session:
            session.execute(delete(SealedRow).where(SealedRow.order == id_))
            session.add(
                sealed(digest=sha256(manifest), order=id_, kind="manifest", content=manifest, key=key)
            )
            self._record_in(session, asked, "run", "withheld")
            self._put_refund(session, asked.order, NO_ANSWER)

    def _settle(self, order: Order) -> bool:
        """Send the settlement if every consent the result used is still in force; else run again."""
        with self._house.database.reading() as session:
            job = session.get_one(JobRow, order.id)
            now = head(session)
            licence = licences.licence(session, order.licence)
            use_case = use_cases.use_case(session, licence.use_case)
            assert job.consent_block is not None
            pinned = consent.cohort_at(session, use_case.number, block(session, job.consent_block))
            newest = {one.id for one in consent.cohort_at(session, use_case.number, now).consents}
        if use_case.personal and any(one.id not in newest for one in pinned.consents):
            self._destroy(order.id)
            return self._retry(order)
        if now.timestamp + SETTLE_MARGIN >= order.deadline:
            self._destroy(order.id)
            return self._give_up(order, CANNOT_RUN)
        with self._house.database.writing() as session:
            job = session.get_one(JobRow, order.id)
            self._put_settlement(session, job)
            job.state = JobState.SETTLING
            job.changed_at = int(time.time())
        return True

    def _put_settlement(self, session: Session, job: JobRow) -> None:
        assert job.result_digest is not None
        assert job.manifest_digest is not None
        assert job.consent_root is not None
        outcome = Outcome(
            units=job.units or 0,
            result=job.result_digest,
            manifest=job.manifest_digest,
            consent_block=job.consent_block or 0,
            consent_root=job.consent_root,
            cohort_size=job.cohort_size or 0,
        )
        # The records of this run are anchored first: the same key sends both, so in this order.
        access_log.anchor(session, self._house)
        messages.put(
            session,
            self._house.contracts.settlement.settle(job.order, outcome),
            key=settle_key(job.order, job.attempts),
            signer="settler",
        )

    def _watch_settlement(self, order: Order) -> bool:
        """A settlement that the ledger refused is not sent again as it was: run anew, or refund."""
        with self._house.database.reading() as session:
            job = session.get_one(JobRow, order.id)
            fate = messages.fate(session, settle_key(order.id, job.attempts))
        if fate is None or not fate.is_final or fate.succeeded:
            return False
        self._destroy(order.id)
        return self._retry(order)

    def _retry(self, order: Order) -> bool:
        with self._house.database.writing() as session:
            job = session.get_one(JobRow, order.id)
            job.attempts += 1
            job.changed_at = int(time.time())
            if job.attempts < MOST_ATTEMPTS:
                job.state = JobState.ASKED
                return True
            self._put_refund(session, order, CANNOT_RUN)
        return True

    def _give_up(self, order: Order, why: str) -> bool:
        with self._house.database.writing() as session:
            if session.get(JobRow, order.id) is None:
                session.add(
                    JobRow(order=order.id, state=JobState.ASKED, attempts=0, changed_at=int(time.time()))
                )
                session.flush()
            self._put_refund(session, order, why)
        return True

    def _put_refund(self, session: Session, order: Order, why: str) -> None:
        reason = artefacts.keep_text(session, "reason", why)
        messages.put(
            session,
            self._house.contracts.settlement.refund_early(order.id, reason),
            key=f"refund:{order.id.hex()}",
            signer="settler",
        )
        job = session.get_one(JobRow, order.id)
        job.state = JobState.REFUNDING
        job.changed_at = int(time.time())

    def _finish(self, order: Order) -> bool:
        """The ledger has ended the order: a settled one may be served, a refunded one is destroyed."""
        with self._house.database.reading() as session:
            job = queries.job(session, order.id)
        if job is None or job.state in {JobState.READY, JobState.ENDED}:
            return False
        settled_as_sealed = order.state is OrderState.SETTLED and order.result_digest == job.result_digest
        if not settled_as_sealed:
            self._destroy(order.id)
        with self._house.database.writing() as session:
            job = session.get_one(JobRow, order.id)
            if settled_as_sealed:
                statements.keep(session, self._house, self._attestor, order.id)
            job.state = JobState.READY if settled_as_sealed else JobState.ENDED
            job.changed_at = int(time.time())
        return True

    def _drop_if_refused(self, id_: bytes) -> bool:
        """An order that the ledger refused to open never was: its job ends."""
        with self._house.database.writing() as session:
            fate = messages.fate(session, f"order:{id_.hex()}")
            if fate is None or not fate.is_final or fate.succeeded:
                return False
            session.get_one(JobRow, id_).state = JobState.ENDED
        return True

    def _destroy(self, id_: bytes) -> None:
        """Destroy a result that will not be served: its key, and the record of its release."""
        with self._house.vault.writing() as vault:
            vault.execute(delete(ResultKeyRow).where(ResultKeyRow.order == id_))
            vault.execute(delete(ReleaseRow).where(ReleaseRow.order == id_))
        self._house.vault.truncate_log()
        with self._house.database.writing() as session:
            session.execute(delete(SealedRow).where(SealedRow.order == id_))

    def _record(self, asked: Asked, did: str, outcome: str) -> None:
        with self._house.database.writing() as session:
            self._record_in(session, asked, did, outcome)

    @staticmethod
    def _record_in(session: Session, asked: Asked, did: str, outcome: str) -> None:
        access_log.record(
            session,
            who="role:analysis",
            did=did,
            outcome=outcome,
            use_case=asked.use_case.number,
            purpose=asked.use_case.purpose,
            datasets=[f"{one.name}/{asked.versions[one.name]}" for one in asked.datasets],
            order=asked.order.id,
            block=asked.at.number,
        )


def unfinished_jobs() -> Any:
    return select(JobRow.order).where(JobRow.state.not_in([JobState.READY, JobState.ENDED]))


def settle_key(order: bytes, attempt: int) -> str:
    return f"settle:{order.hex()}:{attempt}"
