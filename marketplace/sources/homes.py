"""Smart meters of 17 homes, hour by hour over one year, out of CityLearn's building files.

The files carry month, hour and weekday but no year. The first row is hour 24 of a Sunday 31 July and the rows
follow the calendar of 2016 and 2017, the years that the project names, without a gap; `read_home` checks it
row by row. Hours are local standard time all year.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from marketplace.sources.travel import rows_of

HOMES = 17
FIRST_HOUR = datetime(2016, 7, 31, 23)  # noqa: DTZ001 - the source names no zone
HOUR = timedelta(hours=1)
HOURS_PER_YEAR = 8_760


@dataclass(frozen=True, slots=True)
class HomeHour:
    """One hour of one home: what it used and what its roof made, in whole watt-hours."""

    home: int
    started_at: datetime
    consumption_wh: int
    solar_wh: int


def read_homes(folder: Path) -> tuple[HomeHour, ...]:
    """All 17 homes, 148,920 hours, by home and then by time."""
    buildings = json.loads((folder / "schema.json").read_text("utf-8"))["buildings"]
    return tuple(
        hour
        for home in range(1, HOMES + 1)
        for hour in read_home(
            folder / f"Building_{home}.csv", home, solar_kw_of(buildings[f"Building_{home}"])
        )
    )


def solar_kw_of(building: dict[str, dict[str, dict[str, float]]]) -> Decimal:
    """The roof's rated power in kW. The files give generation in W per rated kW."""
    return Decimal(str(building["pv"]["attributes"]["nominal_power"]))


def read_home(file: Path, home: int, solar_kw: Decimal) -> list[HomeHour]:
    hours: list[HomeHour] = []
    for number, row in enumerate(rows_of(file)):
        started_at = FIRST_HOUR + number * HOUR
        require_calendar(row, started_at)
        hours.append(
            HomeHour(
                home=home,
                started_at=started_at,
                consumption_wh=whole(1000 * Decimal(row["Equipment Electric Power [kWh]"])),
                solar_wh=whole(solar_kw * Decimal(row["Solar Generation [W/kW]"])),
            )
        )
    return hours


def require_calendar(row: dict[str, str], started_at: datetime) -> None:
    """Hours are counted 1 to 24 by their end, weekdays 1 to 7 from Monday."""
    said = tuple(float(row[name]) for name in ("Month", "Hour", "Day Type"))
    if said != (started_at.month, started_at.hour + 1, started_at.isoweekday()):
        raise ValueError("The rows of a building do not follow the calendar of 2016 and 2017.")


def whole(value: Decimal) -> int:
    """Rounded to a whole number, halves to even."""
    return int(value.quantize(Decimal(1), ROUND_HALF_EVEN))
