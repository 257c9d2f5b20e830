"""The privacy risk of a routine, in figures computed on the versions it would run on.

The city reads this before it decides about a use case. The routine runs as it would for a buyer, in the same
locked process, over everybody who may be asked; only counts come out. The report is deterministic: the same
application on the same versions has the same digest.
"""

from collections.abc import Mapping

from marketplace.analysis.compiler import compile_plan, compile_subjects
from marketplace.analysis.plan import Descriptions, plan
from marketplace.analysis.routine import Routine
from marketplace.analysis.runner import Limits, SourceInput, VersionFile, run
from marketplace.analysis.subjects import NOBODY, SubjectSet, everybody
from marketplace.catalogue.ingest import MOST_SUBJECTS
from marketplace.disclosure.report import AssessmentVerdict, Population, Report, report_on
from marketplace.disclosure.risk import Application, measure

__all__ = ["Application", "AssessmentVerdict", "Population", "Report", "assess", "eligible_subjects"]

Versions = Mapping[str, VersionFile]

MOST_CELLS_ASSESSED = 2_000_000
"""A routine may be too large to be released and still deserves to hear what is wrong with it."""


def assess(
    application: Application,
    routine: Routine,
    descriptions: Descriptions,
    versions: Versions,
    *,
    population: Population | None = None,
    limits: Limits | None = None,
) -> Report:
    """Assess a routine, one nobody has seen before too, on these versions.

    Raises:
        RoutineError: the routine does not fit the datasets, or the period does not.
        RunError: the versions could not be read.
        ValueError: a version is missing, or the population is none of a personal dataset.
    """
    planned = plan(routine, descriptions, most_cells=MOST_CELLS_ASSESSED)
    figures = None
    if planned.personal:
        eligible = eligible_subjects(population, descriptions, versions, limits)
        inputs = {
            source.name: SourceInput(versions[source.name], eligible if source.personal else None)
            for source in planned.sources
        }
        found = run(compile_plan(planned, application.period), inputs, limits)
        figures = measure(planned.grid, found.cells, application)
    return report_on(application, planned, figures, population)


def eligible_subjects(
    population: Population | None,
    descriptions: Descriptions,
    versions: Versions,
    limits: Limits | None = None,
) -> SubjectSet:
    """Everybody in the population; without one, everybody."""
    if population is None:
        return everybody(MOST_SUBJECTS)
    if population.dataset not in descriptions or population.dataset not in versions:
        raise ValueError(f'The population is taken from "{population.dataset}", which is not at hand.')
    query = compile_subjects(
        descriptions[population.dataset], population.column, population.minimum, population.maximum
    )
    anybody = SourceInput(versions[population.dataset], everybody(MOST_SUBJECTS))
    cells = run(query, {population.dataset: anybody}, limits).cells
    return cells[0].contributions.subjects if cells else NOBODY
