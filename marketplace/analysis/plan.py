"""Whether a routine fits the described datasets, and what exactly it then means."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from marketplace.analysis.grid import Grid, GridDimension
from marketplace.analysis.routine import ChosenDimension, Filter, Join, MeasureKind, Routine
from marketplace.catalogue.columns import IntegerColumn
from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.dimensions import Dimension, Grain, TimeGrid
from marketplace.errors import InvalidError

Descriptions = Mapping[str, DatasetDescription]
Places = range | tuple[int, ...]
"""Places in a domain: a run of them, or listed ones, ascending."""

MOST_CELLS = 20_000


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
    for name in {*routine.sources, routine.measured, *_names_used(routine)}:
        if name not in routine.sources or name not in descriptions:
            raise UnknownDatasetError(f'The routine uses "{name}", which is no source of it, or no dataset.')
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


def _names_used(routine: Routine) -> set[str]:
    return (
        {dimension.source for dimension in routine.dimensions}
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
                "Each join brings one more source to those that the measured one already reaches."
            )
        reached.add(ready.right)
        ordered.append(ready)
        waiting.remove(ready)
    if reached != set(routine.sources):
        raise JoinError("A source is not joined to the measured one. Join it, or leave it out.")
    return tuple(ordered)


def _check_join(join: Join, left: DatasetDescription, right: DatasetDescription) -> None:
    if join.on_subject:
        if left.subject is None or right.subject is None or left.subject.kind != right.subject.kind:
            raise JoinError(f'"{join.left}" and "{join.right}" are not about the same kind of subject.')
        if not right.one_row_per_subject:
            raise JoinError(f'"{join.right}" may have several rows of a subject, so rows would be doubled.')
        return
    assert join.left_column is not None
    assert join.right_column is not None
    left_column, right_column = left.column(join.left_column), right.column(join.right_column)
    if left_column is None or right_column is None:
        raise JoinError(f'"{join.left}" and "{join.right}" are joined on a column that is not described.')
    if right.personal or right.one_row_per != join.right_column:
        raise JoinError(f'"{join.right}" is not a public table with one row per that column.')
    # Stored values are compared, so they must mean the same on both sides.
    if left_column.document() != right_column.document() | {"name": join.left_column}:
        raise JoinError(f'The columns that tie "{join.left}" to "{join.right}" are described differently.')


def _check_measures(routine: Routine, measured: DatasetDescription) -> None:
    for measure in routine.measures:
        if measure.kind is MeasureKind.PEOPLE and not measured.personal:
            raise MeasureError(f'"{measured.name}" is not about persons, so it cannot count people.')
        if measure.kind is MeasureKind.SUM:
            assert measure.column is not None
            if not isinstance(measured.column(measure.column), IntegerColumn):
                raise MeasureError(
                    f'"{measured.name}" can sum only its described whole-number columns, and this is none.'
                )


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
        raise UnknownDimensionError(f'"{source}" has no dimension "{name}".')
    offered = dimension.grains if isinstance(dimension, TimeGrid) else ()
    if grain is None and isinstance(dimension, TimeGrid):
        raise GrainError(f'"{source}.{name}" needs a grain: {", ".join(offered)}.')
    if grain is not None and grain not in offered:
        raise GrainError(f'"{source}.{name}" does not offer this grain.')
    return PlannedDimension(source, dimension, grain)


def _filter(kept: Filter, descriptions: Descriptions) -> PlannedFilter:
    on = _planned(kept.source, kept.dimension, kept.grain, descriptions)
    at = f'The filter on "{kept.source}.{kept.dimension}"'
    place_of = {label: place for place, label in enumerate(on.domain)}
    if on.ordered == (kept.labels is not None):
        way = 'a run, "from" and "to"' if on.ordered else 'listed labels, "in"'
        raise FilterError(f"{at} must be given as {way}.")
    named = kept.labels if kept.labels is not None else kept.run
    assert named is not None
    if not set(named) <= set(place_of):
        raise FilterError(f"{at} has a label outside the domain. Use the labels of the description.")
    if kept.run is not None:
        places: Places = range(place_of[kept.run[0]], place_of[kept.run[1]] + 1)
    else:
        places = tuple(sorted(place_of[label] for label in named))
    if not places:
        raise FilterError(f"{at} ends before it begins.")
    if len(places) == len(place_of):
        raise FilterError(f"{at} keeps everything. Leave it out.")
    return PlannedFilter(on, places)


def _check_size(planned: Plan, most_cells: int) -> None:
    cells = 1
    for dimension in planned.dimensions:
        cells *= len(dimension.labels)
    if cells > most_cells:
        raise GridTooLargeError(
            f"The routine asks for {cells} cells; at most {most_cells} are allowed. "
            "Choose coarser dimensions or fewer of them."
        )
