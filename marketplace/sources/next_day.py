"""A further day of trips, simulated from the model weekday. Say "simulated" wherever it is shown.

Everybody repeats her own outings. Each is kept whole or dropped whole, more often kept by people of regular
habits and on working days, and may start an hour earlier or later. Where she goes and how never changes, so
the days look more alike than real days would. How full a weekday is follows the riders of 20 stations of the
Chicago L, 2001 to 2016 (`modeldata::Chicago`), relative to the fullest day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from marketplace.sources.keyed_hash import per_mille
from marketplace.sources.travel import Trip

KEPT_ON_WEEKDAY = (925, 998, 1000, 988, 956, 279, 216)
"""Per mille of the fullest weekday, Monday first."""

LEAST_REGULAR = 700
"""Per mille of her outings that the least regular person keeps on the fullest day; the most regular keeps all."""

FIRST_HOUR, LAST_HOUR = 5, 23
SHIFTED_EARLIER, SHIFTED_LATER = 150, 150
SEED = 0x53746F61

SATURDAY = 5
REGULARITY, KEEP, SHIFT = 1, 2, 3
IDS_PER_DAY = 10**10


def next_day(trips: Iterable[Trip], day: date, seed: int = SEED) -> tuple[Trip, ...]:
    """The trips of `day`. A person's trips depend on her own alone, so any part can be simulated by itself.

    Trip ids are those of the template plus ten thousand millions per day of the proleptic calendar.
    """
    by_tour = sorted(trips, key=lambda trip: (trip.person_id, trip.tour_id, trip.trip_id))
    tours = groupby(by_tour, key=lambda trip: (trip.person_id, trip.tour_id))
    kept = (shifted(list(tour), day, seed) for key, tour in tours if is_kept(*key, day, seed))
    return tuple(trip for tour in kept for trip in tour)


def following_working_day(day: date) -> date:
    """The next Monday to Friday after `day`: what is modelled is a working day, and weekends are far emptier."""
    following = day + timedelta(days=1)
    return following if following.weekday() < SATURDAY else following_working_day(following)


def is_kept(person_id: int, tour_id: int, day: date, seed: int) -> bool:
    regularity = LEAST_REGULAR + per_mille(seed, REGULARITY, person_id) * (1000 - LEAST_REGULAR) // 999
    fullness = KEPT_ON_WEEKDAY[day.weekday()]
    return per_mille(seed, KEEP, person_id, tour_id, day.toordinal()) * 1000 < regularity * fullness


def shifted(tour: Sequence[Trip], day: date, seed: int) -> list[Trip]:
    """The outing on `day`, all of it moved by the same hours unless that would leave the day."""
    hours = shift_of(tour[0], day, seed)
    departs = [trip.depart_hour + hours for trip in tour]
    if min(departs) < FIRST_HOUR or max(departs) > LAST_HOUR:
        hours = 0
    offset = day.toordinal() * IDS_PER_DAY
    return [
        replace(trip, trip_id=trip.trip_id + offset, depart_hour=trip.depart_hour + hours) for trip in tour
    ]


def shift_of(trip: Trip, day: date, seed: int) -> int:
    draw = per_mille(seed, SHIFT, trip.person_id, trip.tour_id, day.toordinal())
    if draw < SHIFTED_EARLIER:
        return -1
    return 1 if draw >= 1000 - SHIFTED_LATER else 0
