"""Running a pinned order in its own process, and judging whether what it found may leave."""

from sqlalchemy import select

from ledger.enums import Ground
from marketplace.analysis.compiler import compile_routine
from marketplace.analysis.runner import SourceInput, VersionFile, run
from marketplace.analysis.subjects import NOBODY, everybody
from marketplace.catalogue import queries as catalogue
from marketplace.consent import queries as consent
from marketplace.disclosure.gate import Release, Verdict, judge, judge_public
from marketplace.disclosure.release import ReleaseRecord
from marketplace.disclosure.result import HonestSource
from marketplace.house import House
from marketplace.orders.pinning import Asked
from marketplace.orders.tables import ReleaseRow


def judged(house: House, asked: Asked) -> Verdict:
    """Run the order's routine and ask the gate.

    Raises:
        RunError: it could not be run.
    """
    descriptions = {one.name: one.description for one in asked.datasets}
    query = compile_routine(asked.routine, descriptions, asked.use_case.period)
    found = run(query, _inputs(house, asked))
    release = Release(
        routine_digest=asked.routine.digest,
        dataset=asked.routine.measured,
        consent_root=asked.consent_root,
        k=asked.use_case.minimum_cohort,
        sources=tuple(HonestSource(one.name, one.description.honesty) for one in asked.datasets),
    )
    if not asked.use_case.personal:
        return judge_public(release, query.grid, found.cells)
    return judge(release, query.grid, found.cells, _priors(house, asked))


def _inputs(house: House, asked: Asked) -> dict[str, SourceInput]:
    """Per source its file and who may be counted: the runner gets these and nothing else."""
    inputs: dict[str, SourceInput] = {}
    with house.database.reading() as session, house.vault.reading() as vault:
        bits = range(len(asked.use_case.sources))
        covered = consent.subjects_by_bit(vault, asked.cohort, bits, without=asked.left_out)
        for bit, (source, dataset) in enumerate(zip(asked.use_case.sources, asked.datasets, strict=True)):
            kept = catalogue.kept_version(session, vault, dataset.number, asked.versions[dataset.name])
            file = VersionFile(house.versions / kept.name, kept.key)
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


def _priors(house: House, asked: Asked) -> list[ReleaseRecord]:
    """The earlier releases from the same dataset, which a new one must not be compared with to a person's harm."""
    with house.vault.reading() as vault:
        return [
            ReleaseRecord.decode(row.record)
            for row in vault.scalars(
                select(ReleaseRow).where(
                    ReleaseRow.dataset == asked.routine.measured, ReleaseRow.order != asked.order.id
                )
            )
        ]
