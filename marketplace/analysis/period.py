"""The days of data that a use case may use, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from marketplace.analysis.plan import RoutineError
from marketplace.catalogue.description import DatasetDescription

DAY_SECONDS = 86_400
LAST_SECOND = 253_402_214_399
"""Of 30 December 9999."""


class NoTimeColumnError(RoutineError):
    """A period is asked of a dataset whose rows have no time."""

    code = "routine_no_time"


@dataclass(frozen=True, slots=True)
class Period:
    """Rows whose time is not before `starts_at` and before `ends_at` (seconds since 1970)."""

    starts_at: int
    ends_at: int

    @classmethod
    def of_days(cls, first: date, last: date) -> "Period":
        """Both days included, in UTC."""
        return cls(_midnight(first), _midnight(last) + DAY_SECONDS)

    @property
    def first(self) -> date:
        return _day(self.starts_at)

    @property
    def last(self) -> date:
        """The day of its last second."""
        return _day(max(self.ends_at - 1, 0))

    @property
    def is_whole_days(self) -> bool:
        return self.starts_at < self.ends_at and self == Period.of_days(self.first, self.last)

    def document(self) -> dict[str, object]:
        return {"first": self.first.isoformat(), "last": self.last.isoformat()}


def require_time(sources: Iterable[DatasetDescription]) -> None:
    """Refuse a period over sources of which one has no time.

    Raises:
        NoTimeColumnError
    """
    for source in sources:
        if source.time_column is None:
            raise NoTimeColumnError(
                f'The rows of "{source.name}" have no column of type timestamp, so no period can be kept to. '
                "Leave the period out, or use other datasets."
            )


def _day(at: int) -> date:
    """The ledger takes later seconds than a calendar has days."""
    return datetime.fromtimestamp(min(at, LAST_SECOND), UTC).date()


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
