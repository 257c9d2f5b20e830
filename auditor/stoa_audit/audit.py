"""`stoa-audit verify`: everything, in order."""

from dataclasses import dataclass
from pathlib import Path

from stoa_audit.beside import check_node
from stoa_audit.beside.subject import Subject
from stoa_audit.bundle import Bundle
from stoa_audit.catalogue import NEEDS_REPLAY, NODE, new_report
from stoa_audit.checkpoint import Checkpoint
from stoa_audit.checks.accounts import check_code
from stoa_audit.checks.builds import check_builds
from stoa_audit.checks.cohorts import check_cohorts, check_open_orders
from stoa_audit.checks.documents import check_digests, check_owed
from stoa_audit.checks.files import check_city, check_files
from stoa_audit.checks.journal import Journal
from stoa_audit.checks.notices import check_notices
from stoa_audit.checks.projection import check_projection
from stoa_audit.checks.statements import check_statements
from stoa_audit.headers import Header
from stoa_audit.node import Node
from stoa_audit.replaying import Progress, Replay
from stoa_audit.report import Report
from stoa_audit.world import World

GRACE = 600
"""Seconds of the ledger's time that the city has to refund an order after its deadline, and to sign a statement after
its settlement: what is younger is not held against it."""


@dataclass(frozen=True)
class Task:
    """What is to be verified, against what."""

    bundle: Path
    node: Node | None = None
    city: bytes | None = None
    """The digest of the city file that the caller expects."""
    checkpoint: Path | None = None


def verify(task: Task, progress: Progress = lambda what, done, total: None) -> Report:
    """Check a bundle, and a node beside it if one is named.

    Raises:
        UnreadableError: there is no bundle of this version, or no checkpoint, where the task says.
    """
    bundle = Bundle(task.bundle)
    checkpoint = None if task.checkpoint is None else Checkpoint(task.checkpoint)
    report = new_report("L0" if task.node is None else "L1", checkpoint=checkpoint is not None)
    report.city = bundle.city
    check_files(bundle, report)
    check_city(bundle, report, task.city)
    check_digests(bundle, report)
    replay = Replay(bundle, report, progress)
    followed = replay.run()
    report.last = len(replay.world.times) - 1
    if not followed or replay.head is None:
        for id_ in (
            *NEEDS_REPLAY,
            "chain.code",
            "chain.build",
            *(("checkpoint.continues",) if checkpoint else ()),
        ):
            report[id_].missed("the blocks or their events could not be followed to the end")
    else:
        _check_replayed(bundle, replay.world, replay.head, report, checkpoint, progress)
    _check_beside(task, replay, report, progress, followed=followed)
    if checkpoint is not None and not report.findings:
        checkpoint.write()
    return report


def _check_replayed(
    bundle: Bundle,
    world: World,
    head: Header,
    report: Report,
    checkpoint: Checkpoint | None,
    progress: Progress,
) -> None:
    progress("comparing documents, statements and log", 0, 0)
    check_code(bundle, head, report)
    check_builds(bundle, report)
    check_owed(bundle, world, report)
    check_notices(bundle, world, report)
    check_open_orders(world, report, GRACE)
    check_cohorts(world, report)
    check_statements(bundle, world, report, GRACE)
    journal = Journal(bundle, world, report)
    known = journal.check(None if checkpoint is None else checkpoint.entries)
    if checkpoint is not None:
        checkpoint.check(world, journal.log, known, report["checkpoint.continues"])
    progress("comparing tables", 0, 0)
    check_projection(bundle, world, report)


def _check_beside(task: Task, replay: Replay, report: Report, progress: Progress, *, followed: bool) -> None:
    if task.node is None:
        for id_, _, _ in NODE:
            report[id_].missed("no node was named (--node URL)")
    elif followed and replay.head is not None:
        check_node(Subject(task.node, replay.world, replay.head, replay.logs, progress), report)
