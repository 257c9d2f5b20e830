"""What the demo plays: a further day and the citizens' answers, both drawn anew by anyone who has the seed."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.sources.keyed_hash import mix, per_mille
from marketplace.sources.next_day import following_working_day, next_day
from marketplace.sources.played_answers import played_answers
from tests.sources.tiny_city import trip

TUESDAY = date(2026, 11, 24)
OUTINGS = [
    trip(person, tour, 1000 * person + 10 * tour + leg, hour)
    for person in range(400)
    for tour in range(3)
    for leg, hour in enumerate((8 + tour, 12 + tour))
]


def test_the_hash_is_splitmix64() -> None:
    """The first two numbers of the published reference generator, seeded with 0."""
    assert mix(0, 0) == 0xE220A8397B1DCDAF
    assert mix(0x9E3779B97F4A7C15, 0) == 0x6E789E6AA1B965F4


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 2**63), min_size=1, max_size=4))
def test_a_draw_is_below_a_thousand_and_depends_on_nothing_else(seed: int, keys: list[int]) -> None:
    assert 0 <= per_mille(seed, *keys) < 1000
    assert per_mille(seed, *keys) == per_mille(seed, *keys)


def test_draws_are_spread_evenly() -> None:
    below_a_tenth = sum(per_mille(7, person) < 100 for person in range(20_000))

    assert 1_800 < below_a_tenth < 2_200


def test_one_persons_day_can_be_drawn_again_alone() -> None:
    everybodys = next_day(OUTINGS, TUESDAY)
    annas = [outing for outing in OUTINGS if outing.person_id == 42]

    assert next_day(annas, TUESDAY) == tuple(outing for outing in everybodys if outing.person_id == 42)


def test_the_order_of_the_trips_does_not_matter() -> None:
    shuffled = random.Random(1).sample(OUTINGS, len(OUTINGS))

    assert next_day(shuffled, TUESDAY) == next_day(OUTINGS, TUESDAY)


def test_days_differ_and_so_do_seeds() -> None:
    def stripped(day: date, seed: int) -> list[tuple[int, int]]:
        drawn = next_day(OUTINGS, day, seed)
        return [(outing.trip_id % 10**10, outing.depart_hour) for outing in drawn]

    tuesday = stripped(TUESDAY, 1)
    assert tuesday != stripped(TUESDAY + timedelta(days=1), 1)
    assert tuesday != stripped(TUESDAY, 2)


def test_an_outing_is_repeated_whole_or_not_at_all() -> None:
    tours: dict[tuple[int, int], list[int]] = {}
    for outing in next_day(OUTINGS, TUESDAY):
        tours.setdefault((outing.person_id, outing.tour_id), []).append(outing.depart_hour)

    assert all(len(hours) == 2 and hours[1] - hours[0] == 4 for hours in tours.values())
    assert {hours[0] - (8 + tour) for (_, tour), hours in tours.items()} == {-1, 0, 1}


def test_most_outings_are_kept_on_a_working_day_and_few_at_a_weekend() -> None:
    tuesday, saturday = (len(next_day(OUTINGS, TUESDAY + timedelta(days=n))) / len(OUTINGS) for n in (0, 4))

    assert 0.80 < tuesday < 0.90
    assert 0.19 < saturday < 0.29


@given(st.integers(5, 23), st.integers(5, 23), st.integers(0, 10_000))
def test_nobody_leaves_before_five_or_after_twenty_three(out: int, back: int, person: int) -> None:
    outing = [trip(person, 1, 1, min(out, back)), trip(person, 1, 2, max(out, back))]

    assert all(5 <= leg.depart_hour <= 23 for leg in next_day(outing, TUESDAY))


def test_trips_of_two_days_never_share_an_id() -> None:
    ids = [{outing.trip_id for outing in next_day(OUTINGS, TUESDAY + timedelta(days=n))} for n in range(2)]

    assert not ids[0] & ids[1]
    assert max(ids[1]) < 2**63


@pytest.mark.parametrize(("day", "following"), [(24, 25), (27, 30), (28, 30), (29, 30)])
def test_the_day_after_is_a_working_day(day: int, following: int) -> None:
    assert following_working_day(date(2026, 11, day)) == date(2026, 11, following)


def test_three_thousand_say_yes_five_hundred_no_and_the_others_nothing() -> None:
    answers = played_answers(range(3_822), seed=7)

    assert (len(answers.yes), len(answers.no), len(answers.silent)) == (3_000, 500, 322)
    assert sorted(answers.yes + answers.no + answers.silent) == list(range(3_822))


def test_answers_follow_the_seed_and_nothing_else() -> None:
    people = list(range(5_000))
    answers = played_answers(people, seed=7)

    assert played_answers(reversed(people), seed=7) == answers
    assert played_answers(people + people, seed=7) == answers
    assert played_answers(people, seed=8) != answers


def test_more_answers_than_people_are_refused() -> None:
    with pytest.raises(ValueError, match="only 10 people"):
        played_answers(range(10), seed=7)
