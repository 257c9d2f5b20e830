"""Two series without any person in them: shared bikes in use, and water through a pipe."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from marketplace.sources.homes import whole
from marketplace.sources.travel import rows_of

BIKES_FROM = date(2011, 1, 1)
SEASONS = {"1": "winter", "2": "spring", "3": "summer", "4": "autumn"}
WEATHERS = {
    "clear": "clear",
    "cloudy/misty": "cloudy",
    "light rain/snow": "light_rain_or_snow",
    "heavy rain/snow": "heavy_rain_or_snow",
}
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
DAY_KINDS = ("working_day", "weekend", "holiday")

BIKES_HEADER = (
    "started_at",
    "hour",
    "season",
    "weekday",
    "day_kind",
    "weather",
    "temperature_permille",
    "humidity_percent",
    "wind_permille",
    "casual_riders",
    "registered_riders",
    "riders",
)
WATER_HEADER = ("started_at", "flow_ml_per_s")


def bike_hours(folder: Path) -> Iterator[tuple[object, ...]]:
    """Rows under `BIKES_HEADER`, 8,645 hours of 2011 in local time; 115 hours are missing in the source.

    Temperature and wind stay on the source's scale, thousandths of a range it does not state.
    """
    for row in rows_of(folder / "Bikeshare.csv"):
        day, hour = BIKES_FROM + timedelta(days=int(row["day"]) - 1), int(row["hr"])
        yield (
            f"{day.isoformat()}T{hour:02}:00:00",
            hour,
            SEASONS[row["season"]],
            WEEKDAYS[int(row["weekday"])],
            day_kind(row),
            WEATHERS[row["weathersit"]],
            whole(1000 * Decimal(row["temp"])),
            whole(100 * Decimal(row["hum"])),
            whole(1000 * Decimal(row["windspeed"])),
            int(row["casual"]),
            int(row["registered"]),
            int(row["bikers"]),
        )


def day_kind(row: dict[str, str]) -> str:
    if row["holiday"] == "1":
        return "holiday"
    return "working_day" if row["workingday"] == "1" else "weekend"


def water_hours(folder: Path) -> Iterator[tuple[object, ...]]:
    """Rows under `WATER_HEADER`, 1,268 hours in UTC; ten gaps of 2 to 32 hours are left in."""
    for row in rows_of(folder / "water-flow.csv"):
        started_at = datetime.fromisoformat(row["Time"]).astimezone(UTC)
        yield started_at.strftime("%Y-%m-%dT%H:%M:%SZ"), whole(1000 * Decimal(row["Water flow [l/s]"]))
