"""From a routine to SQL that we wrote: names are generated, values are bound, nothing of the document is in it.

The query reads one view per source (s0 is the measured one) with the columns of a version's file. Consent is one
bit probe per row of every personal source. It answers one row per cell that has rows, in a fixed order, made of
whole numbers only, so any engine and any number of threads give the same answer.
"""

# ruff: noqa: S608  (every name in the SQL is generated here and every value is bound)

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.analysis.grid import Grid
from marketplace.analysis.period import Period, require_time
from marketplace.analysis.plan import Descriptions, Plan, PlannedDimension, PlannedFilter, plan
from marketplace.analysis.routine import MeasureKind, Routine
from marketplace.catalogue.description import DatasetDescription
from marketplace.catalogue.dimensions import Bands, Grain, Identity, TimeGrid
from marketplace.catalogue.dimensions import Mapping as MappedDimension

Parameter = int | tuple[int, ...]


@dataclass(frozen=True)
class CompiledSource:
    """A source as the query knows it: the view s0, s1, ... and, if personal, the bits `consent_0`, ..."""

    dataset: str
    description_digest: bytes
    personal: bool


@dataclass(frozen=True)
class CompiledQuery:
    """SQL, what is bound to it, and the shape of its answer.

    The answer's columns: a place per dimension, a number per measure; for personal sources also the subjects of
    the cell and the tag of each one's rows.
    """

    sql: str
    parameters: Mapping[str, Parameter]
    sources: tuple[CompiledSource, ...]
    grid: Grid
    personal: bool


def compile_routine(
    routine: Routine, descriptions: Descriptions, period: Period | None = None
) -> CompiledQuery:
    """Compile a routine over described datasets; with a `period`, over its rows alone.

    Raises:
        RoutineError: it does not fit them; see marketplace.analysis.plan.check.
        NoTimeColumnError: a period, and rows that have no time.
    """
    return compile_plan(plan(routine, descriptions), period)


def compile_plan(planned: Plan, period: Period | None = None) -> CompiledQuery:
    """Raises NoTimeColumnError."""
    if period is not None:
        require_time(planned.sources)
    compiler = _Compiler(planned, period)
    return CompiledQuery(
        sql=compiler.query(),
        parameters=compiler.parameters,
        sources=tuple(CompiledSource(s.name, s.digest, s.personal) for s in planned.sources),
        grid=planned.grid,
        personal=planned.personal,
    )


def compile_subjects(dataset: DatasetDescription, column: str, minimum: int, maximum: int) -> CompiledQuery:
    """A query with one cell: the subjects of a dataset that have a row with `column` in these bounds.

    For the city's own use (who may be asked at all), never for a buyer.

    Raises:
        ValueError: the dataset is not personal, or the column is not described.
    """
    if not dataset.personal or dataset.column(column) is None:
        raise ValueError("Subjects are found by a described column of a personal dataset.")
    name = f"c{dataset.place_of(column)}"
    return CompiledQuery(
        sql=(
            "SELECT count(*), list(subject ORDER BY subject), list(tag ORDER BY subject) FROM ("
            "SELECT subject_index AS subject, bit_xor(row_tag) AS tag FROM s0 "
            "WHERE get_bit($consent_0::BIT, subject_index) = 1 "
            f"AND {name} BETWEEN $minimum AND $maximum GROUP BY subject_index) HAVING count(*) > 0"
        ),
        parameters={"minimum": minimum, "maximum": maximum},
        sources=(CompiledSource(dataset.name, dataset.digest, True),),
        grid=Grid((), ("people",)),
        personal=True,
    )


class _Compiler:
    def __init__(self, planned: Plan, period: Period | None) -> None:
        self._plan = planned
        self._period = period
        self._alias = {source.name: f"s{number}" for number, source in enumerate(planned.sources)}
        self._description = {source.name: source for source in planned.sources}
        self._lookups: dict[tuple[str, str], str] = {}
        self.parameters: dict[str, Parameter] = {}

    def query(self) -> str:
        places = [f"d{number}" for number in range(len(self._plan.dimensions))]
        columns, where = ", ".join(self._kept_columns()), self._where()
        kept = f"SELECT {columns} FROM s0{self._joins()}{''.join(self._lookups.values())}{where}"
        if not self._plan.personal:
            answer = [*places, *self._totals()]
            return f"SELECT {', '.join(answer)} FROM ({kept}){_by(places)}"
        shares = ["subject", *places, *self._shares(), "bit_xor(tag) AS tag"]
        by_subject = f"SELECT {', '.join(shares)} FROM ({kept}) GROUP BY {', '.join(['subject', *places])}"
        people = ["list(subject ORDER BY subject)", "list(tag ORDER BY subject)"]
        answer = [*places, *self._totals(), *people]
        return f"SELECT {', '.join(answer)} FROM ({by_subject}){_by(places)}"

    def _bound(self, value: Parameter) -> str:
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def _kept_columns(self) -> list[str]:
        columns = [f"{self._kept_place(d)} AS d{number}" for number, d in enumerate(self._plan.dimensions)]
        for number, measure in enumerate(self._plan.routine.measures):
            if measure.column is not None:
                columns.append(f"s0.c{self._plan.measured.place_of(measure.column)} AS m{number}")
        if self._plan.personal:
            columns += ["s0.subject_index AS subject", "s0.row_tag AS tag"]
        return columns or ["1 AS one"]

    def _joins(self) -> str:
        joined = ""
        for join in self._plan.joins:
            left, right = self._alias[join.left], self._alias[join.right]
            if join.on_subject:
                condition = f"{right}.subject_index = {left}.subject_index"
            else:
                assert join.left_column is not None
                assert join.right_column is not None
                left_place = self._description[join.left].place_of(join.left_column)
                right_place = self._description[join.right].place_of(join.right_column)
                condition = f"{right}.c{right_place} = {left}.c{left_place}"
            joined += f" JOIN {right} ON {condition}"
        return joined

    def _where(self) -> str:
        conditions = [
            f"get_bit($consent_{number}::BIT, s{number}.subject_index) = 1"
            for number, source in enumerate(self._plan.sources)
            if source.personal
        ]
        conditions += [self._within(self._period, source) for source in self._plan.sources if self._period]
        conditions += [self._kept_by(kept) for kept in self._plan.filters]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _within(self, period: Period, source: DatasetDescription) -> str:
        assert source.time_column is not None
        time = f"{self._alias[source.name]}.c{source.place_of(source.time_column.name)}"
        return f"{time} >= {self._bound(period.starts_at)} AND {time} < {self._bound(period.ends_at)}"

    def _kept_by(self, kept: PlannedFilter) -> str:
        place = self._place(kept.dimension)
        if isinstance(kept.places, range):
            first, last = self._bound(kept.places[0]), self._bound(kept.places[-1])
            return f"{place} BETWEEN {first} AND {last}"
        return f"list_contains({self._bound(kept.places)}::INTEGER[], {place})"

    def _kept_place(self, planned: PlannedDimension) -> str:
        """SQL for the place of a row's label among those that make the grid."""
        place = self._place(planned)
        match planned.kept:
            case None:
                return place
            case range():
                return f"({place} - {self._bound(planned.kept[0])})"
            case _:
                return f"(list_position({self._bound(planned.kept)}::INTEGER[], {place}) - 1)"

    def _place(self, planned: PlannedDimension) -> str:
        """SQL for the place of a row's label in the dimension's domain."""
        dimension = planned.dimension
        number = self._description[planned.source].place_of(dimension.column.name)
        stored = f"{self._alias[planned.source]}.c{number}"
        lowest, _ = dimension.column.range
        match dimension:
            case Identity():
                return f"({stored} - {self._bound(lowest)})"
            case Bands(first=first, width=width):
                return f"(({stored} - {self._bound(first)}) // {self._bound(width)})"
            case MappedDimension():
                return self._looked_up(planned.source, dimension, stored)
            case TimeGrid():
                assert planned.grain is not None
                return self._time_place(stored, dimension, planned.grain)

    def _looked_up(self, source: str, dimension: MappedDimension, stored: str) -> str:
        """A join to the mapping's table, which costs a row the same however long the table is."""
        key = source, dimension.name
        alias = f"t{list(self._lookups).index(key) if key in self._lookups else len(self._lookups)}"
        if key not in self._lookups:
            lowest, highest = dimension.column.range
            values, first = self._bound(dimension.places), self._bound(lowest)
            last = self._bound(highest + 1)
            self._lookups[key] = (
                f" JOIN (SELECT unnest(range({first}, {last})) AS k, unnest({values}::INTEGER[]) AS v) {alias}"
                f" ON {alias}.k = {stored}"
            )
        return f"{alias}.v"

    def _time_place(self, stored: str, grid: TimeGrid, grain: Grain) -> str:
        first, _ = grid.column.range
        match grain:
            case Grain.HOUR:
                return f"({_floored(stored, 3_600)} - {self._bound(first // 3_600)})"
            case Grain.DAY:
                return f"({_floored(stored, 86_400)} - {self._bound(first // 86_400)})"
            case Grain.MONTH:
                instant = f"make_timestamp({stored}::BIGINT * 1000000)"
                months = f"(year({instant}) * 12 + month({instant}) - 1)"
                return f"({months} - {self._bound(grid.first_month)})"
            case Grain.HOUR_OF_DAY:
                return f"(({_floored(stored, 3_600)} % 24 + 24) % 24)"
            case Grain.DAY_OF_WEEK:
                # The first of January 1970 was a Thursday, which is place 3.
                return f"((({_floored(stored, 86_400)} + 3) % 7 + 7) % 7)"

    def _shares(self) -> list[str]:
        """What each subject brings to a cell, by measure."""
        shares: list[str] = []
        for number, measure in enumerate(self._plan.routine.measures):
            match measure.kind:
                case MeasureKind.ROWS:
                    shares.append(f"count(*) AS m{number}")
                case MeasureKind.SUM:
                    shares.append(f"sum(m{number}) AS m{number}")
                case MeasureKind.PEOPLE:
                    shares.append(f"1 AS m{number}")
        return shares

    def _totals(self) -> list[str]:
        """The measures of a cell, from its subjects' shares or, without persons, from its rows."""
        return [
            f"sum(m{number}) AS m{number}"
            if self._plan.personal or measure.kind is MeasureKind.SUM
            else f"count(*) AS m{number}"
            for number, measure in enumerate(self._plan.routine.measures)
        ]


def _by(places: list[str]) -> str:
    """Group and order by the places; without any there is one cell, if there are rows."""
    if not places:
        return " HAVING count(*) > 0"
    return f" GROUP BY {', '.join(places)} ORDER BY {', '.join(places)}"


def _floored(stored: str, seconds: int) -> str:
    """Whole periods since 1970, rounded down also before it. `seconds` is one of our own constants."""
    return f"(({stored} - (({stored} % {seconds}) + {seconds}) % {seconds}) // {seconds})"
