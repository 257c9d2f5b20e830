"""Whether a routine fits the described datasets, and what exactly it then means."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from marketplace.analysis.grid import Grid, GridDimension
from marketplace.analysis.routine import ChosenDimension, Filter, Join, MeasureKind, Routine
from marketplace.catalogue.columns import Column, IntegerColumn
from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.dimensions import Dimension, Grain, TimeGrid
from marketplace.catalogue.documents import listed
from marketplace.errors import InvalidError

Descriptions = Mapping[str, DatasetDescription]
Places = range | tuple[int, ...]
"""Places in a domain: a run of them, or listed ones, ascending."""

MOST_CELLS = 20_000
MOST_LABELS_LISTED = 24


class RoutineError(InvalidError):
    """A routine asks for something that the datasets do not offer."""

    code = "routine_refused"


class UnknownDatasetError(RoutineError):
    code = "routine_unknown_dataset"


class UnknownDimensionError(RoutineError):
    code = "routine_unknown_dimension"


class GrainError(RoutineError):
    """A time dimension without a grain, a grain it does not offer, or a grain where there is no time."""

    code = "routine_grain"


class MeasureError(RoutineError):
    """A sum of something that is not a whole-number column with bounds, or people where there are none."""

    code = "routine_measure"


class JoinError(RoutineError):
    """Sources that are not tied together, or tied by something else than the subject or a unique public key."""

    code = "routine_join"


class FilterError(RoutineError):
    """A filter that is not made of a dimension's labels, or that filters nothing."""

    code = "routine_filter"


class GridTooLargeError(RoutineError):
    code = "routine_grid_too_large"


@dataclass(frozen=True)
class PlannedDimension:
    """A dimension at its grain. Of a chosen one, only the labels at `kept` places make the grid (None: all)."""

    source: str
    dimension: Dimension
    grain: Grain | None
    kept: "Places | None" = None

    @property
    def domain(self) -> tuple[str, ...]:
        """Every label, whether kept or not."""
        if isinstance(self.dimension, TimeGrid):
            assert self.grain is not None
            return self.dimension.labels_at(self.grain)
        return self.dimension.labels

    @property
    def labels(self) -> tuple[str, ...]:
        domain = self.domain
        return domain if self.kept is None else tuple(domain[place] for place in self.kept)

    @property
    def ordered(self) -> bool:
        if isinstance(self.dimension, TimeGrid):
            assert self.grain is not None
            return self.dimension.ordered_at(self.grain)
        return self.dimension.ordered


@dataclass(frozen=True)
class PlannedFilter:
    """Keep the rows whose label stands at one of `places`."""

    dimension: PlannedDimension
    places: Places


@dataclass(frozen=True)
class Plan:
    """A checked routine: every name is looked up, every label is a place in its domain.

    `sources` starts with the measured one; every other comes after the one it is joined to by `joins`.
    """

    routine: Routine
    sources: tuple[DatasetDescription, ...]
    joins: tuple[Join, ...]
    dimensions: tuple[PlannedDimension, ...]
    filters: tuple[PlannedFilter, ...]

    @property
    def measured(self) -> DatasetDescription:
        return self.sources[0]

    @property
    def personal(self) -> bool:
        """Whether anybody's rows are used. Then the answer passes the disclosure gate.

        The measured source says it for all: persons are joined by subject only, and so to persons only.
        """
        return self.measured.personal

    @property
    def grid(self) -> Grid:
        return Grid(
            dimensions=tuple(
                GridDimension(d.source, d.dimension.name, d.grain.value if d.grain else None, d.labels)
                for d in self.dimensions
            ),
            measures=tuple(measure.name for measure in self.routine.measures),
        )


def check(routine: Routine, descriptions: Descriptions) -> None:
    """Nothing, when the routine can be run on datasets of these descriptions.

    Raises:
        RoutineError: one of its subclasses names what does not fit.
    """
    plan(routine, descriptions)


def plan(routine: Routine, descriptions: Descriptions, *, most_cells: int = MOST_CELLS) -> Plan:
    """What the routine means over these datasets. Raises what `check` raises."""
    _check_sources(routine, descriptions)
    joins = _in_order(routine)
    for join in joins:
        _check_join(join, descriptions[join.left], descriptions[join.right])
    sources = tuple(descriptions[name] for name in (routine.measured, *(join.right for join in joins)))
    _check_measures(routine, descriptions[routine.measured])
    filters = tuple(_filter(kept, descriptions) for kept in routine.filters)
    planned = Plan(
        routine=routine,
        sources=sources,
        joins=joins,
        dimensions=tuple(_dimension(chosen, descriptions, filters) for chosen in routine.dimensions),
        filters=filters,
    )
    _check_size(planned, most_cells)
    return planned


def _check_sources(routine: Routine, descriptions: Descriptions) -> None:
    for name in routine.sources:
        if name not in descriptions:
            raise UnknownDatasetError(
                f'The routine\'s source "{name}" is no dataset. There are: {listed(sorted(descriptions))}.'
            )
    for name in sorted(_names_used(routine)):
        if name not in routine.sources:
            raise UnknownDatasetError(
                f'The routine uses "{name}", which is no source of it. Its sources are: {listed(routine.sources)}.'
            )


def _names_used(routine: Routine) -> set[str]:
    return (
        {routine.measured}
        | {dimension.source for dimension in routine.dimensions}
        | {kept.source for kept in routine.filters}
        | {name for join in routine.joins for name in (join.left, join.right)}
    )


def _in_order(routine: Routine) -> tuple[Join, ...]:
    """The joins, each after the one that brings its left source; they must form a tree over all sources."""
    reached, waiting, ordered = {routine.measured}, list(routine.joins), list[Join]()
    while waiting:
        ready = next((join for join in waiting if join.left in reached and join.right not in reached), None)
        if ready is None:
            raise JoinError(
                "Each join brings one more source to those that the measured one already reaches. Reached are: "
                f"{listed(sorted(reached))}; the routine's sources are: {listed(routine.sources)}."
            )
        reached.add(ready.right)
        ordered.append(ready)
        waiting.remove(ready)
    if reached != set(routine.sources):
        left_over = listed(sorted(set(routine.sources) - reached))
        raise JoinError(
            f'No join brings this to the measured source "{routine.measured}": {left_over}. Join it, or leave it out.'
        )
    return tuple(ordered)


def _check_join(join: Join, left: DatasetDescription, right: DatasetDescription) -> None:
    if join.on_subject:
        if left.subject is None or right.subject is None or left.subject.kind != right.subject.kind:
            raise JoinError(
                f'"{join.left}" and "{join.right}" are not about the same kind of subject: {_about(left)}, '
                f"{_about(right)}."
            )
        if not right.one_row_per_subject:
            raise JoinError(
                f'"{join.right}" may have several rows of a subject, so rows would be doubled. Measure it, and join '
                "what has one row per subject to it."
            )
        return
    assert join.left_column is not None
    assert join.right_column is not None
    left_column = _joined_column(left, join.left_column)
    right_column = _joined_column(right, join.right_column)
    if right.personal:
        raise JoinError(f'"{join.right}" is about people, so it can be joined on "subject" only.')
    if right.one_row_per != join.right_column:
        only = f'"{right.one_row_per}"' if right.one_row_per else "no column"
        raise JoinError(
            f'"{join.right}" may have several rows per "{join.right_column}". It has one row per {only}.'
        )
    # Stored values are compared, so they must mean the same on both sides.
    if left_column.document() != right_column.document() | {"name": join.left_column}:
        raise JoinError(f'The columns that tie "{join.left}" to "{join.right}" are described differently.')


def _about(found: DatasetDescription) -> str:
    kind = "nobody" if found.subject is None else found.subject.kind
    return f'"{found.name}" is about {kind}'


def _joined_column(found: DatasetDescription, name: str) -> Column:
    """Raises JoinError."""
    column = found.column(name)
    if column is None:
        raise JoinError(
            f'"{found.name}" has no column "{name}" to be joined on. It has: '
            f"{listed(one.name for one in found.columns)}."
        )
    return column


def _check_measures(routine: Routine, measured: DatasetDescription) -> None:
    for measure in routine.measures:
        if measure.kind is MeasureKind.PEOPLE and not measured.personal:
            raise MeasureError(
                f'"{measured.name}" is not about persons, so it cannot count people. Its measures are: rows, and sum '
                f"of {_summable(measured)}."
            )
        if measure.kind is MeasureKind.SUM:
            assert measure.column is not None
            if measured.measurable(measure.column) is None:
                raise MeasureError(
                    f'"{measured.name}" can sum only its described whole-number columns, and "{measure.column}" is '
                    f"none. There are: {_summable(measured)}."
                )


def _summable(measured: DatasetDescription) -> str:
    return listed(column.name for column in measured.columns if isinstance(column, IntegerColumn))


def _dimension(
    chosen: ChosenDimension, descriptions: Descriptions, filters: tuple[PlannedFilter, ...]
) -> PlannedDimension:
    found = _planned(chosen.source, chosen.name, chosen.grain, descriptions)
    # Labels that the routine itself leaves out are not cells; they would all be empty.
    kept = next((given.places for given in filters if given.dimension == found), None)
    return replace(found, kept=kept)


def _planned(source: str, name: str, grain: Grain | None, descriptions: Descriptions) -> PlannedDimension:
    dimension = descriptions[source].dimension(name)
    if dimension is None:
        offered = listed(one.name for one in descriptions[source].dimensions)
        raise UnknownDimensionError(f'"{source}" has no dimension "{name}". It has: {offered}.')
    grains = dimension.grains if isinstance(dimension, TimeGrid) else ()
    if grain is None and grains:
        raise GrainError(f'"{source}.{name}" needs a grain: {", ".join(grains)}.')
    if grain is not None and grain not in grains:
        choices = f"It offers: {', '.join(grains)}." if grains else "It has no time, so leave the grain out."
        raise GrainError(f'"{source}.{name}" does not offer the grain {grain}. {choices}')
    return PlannedDimension(source, dimension, grain)


def _filter(kept: Filter, descriptions: Descriptions) -> PlannedFilter:
    on = _planned(kept.source, kept.dimension, kept.grain, descriptions)
    at = f'The filter on "{kept.source}.{kept.dimension}"'
    place_of = {label: place for place, label in enumerate(on.domain)}
    if on.ordered == (kept.labels is not None):
        way = 'a run, "from" and "to"' if on.ordered else 'listed labels, "in"'
        raise FilterError(f"{at} must be given as {way}. {_labels(on)}")
    named = kept.labels if kept.labels is not None else kept.run
    assert named is not None
    strange = next((label for label in named if label not in place_of), None)
    if strange is not None:
        raise FilterError(f'{at} has the label "{strange}", which is none of the dimension. {_labels(on)}')
    if kept.run is not None:
        places: Places = range(place_of[kept.run[0]], place_of[kept.run[1]] + 1)
    else:
        places = tuple(sorted(place_of[label] for label in named))
    if not places:
        raise FilterError(f"{at} ends before it begins.")
    if len(places) == len(place_of):
        raise FilterError(f"{at} keeps everything. Leave it out.")
    return PlannedFilter(on, places)


def _labels(of: PlannedDimension) -> str:
    """The labels that there are, from the description; of many, the first and the last."""
    labels = of.domain
    if len(labels) <= MOST_LABELS_LISTED:
        return f"There are: {', '.join(labels)}."
    return f"There are: {', '.join(labels[: MOST_LABELS_LISTED - 1])}, ..., {labels[-1]}."


def _check_size(planned: Plan, most_cells: int) -> None:
    cells = 1
    for dimension in planned.dimensions:
        cells *= len(dimension.labels)
    if cells > most_cells:
        raise GridTooLargeError(
            f"The routine asks for {cells} cells; at most {most_cells} are allowed. "
            "Choose coarser dimensions or fewer of them."
        )
