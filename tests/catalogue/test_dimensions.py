"""Every admitted value has one label, and times are cut where calendars cut them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.columns import CategoryColumn, IntegerColumn, TimestampColumn
from marketplace.catalogue.dimensions import Bands, Grain, Mapping, TimeGrid
from tests.catalogue.samples import METERS, RESIDENTS, described


def test_bands_are_named_by_their_ends() -> None:
    band = described(RESIDENTS).dimension("age_band")

    assert isinstance(band, Bands)
    assert band.labels == ("0-19", "20-39", "40-59", "60-79", "80-99")


def test_a_mapping_places_each_zone_in_its_district() -> None:
    district = described(RESIDENTS).dimension("district")

    assert isinstance(district, Mapping)
    assert [district.labels[place] for place in district.places] == [
        f"district {(zone - 1) // 10 + 1}" for zone in range(1, 41)
    ]


def test_time_labels_cover_the_period_and_no_more() -> None:
    grid = described(METERS).dimension("at")
    assert isinstance(grid, TimeGrid)

    assert grid.labels_at(Grain.MONTH) == ("2025-12", "2026-01", "2026-02")
    assert grid.labels_at(Grain.DAY)[:3] == ("2025-12-30", "2025-12-31", "2026-01-01")
    assert grid.labels_at(Grain.DAY)[-1] == "2026-02-01"
    assert grid.labels_at(Grain.HOUR)[25] == "2025-12-31T01"
    assert len(grid.labels_at(Grain.HOUR)) == 34 * 24


@given(st.sampled_from(list(Grain)))
def test_the_number_of_labels_is_known_without_making_them(grain: Grain) -> None:
    grid = described(METERS).dimension("at")
    assert isinstance(grid, TimeGrid)

    assert grid.size_at(grain) == len(grid.labels_at(grain))


@given(st.integers(0, 10**9))
def test_a_stored_whole_number_reads_back_as_itself(number: int) -> None:
    column = IntegerColumn("n", 0, 10**9)

    assert column.readable(column.stored(str(number))) == number


def test_fractions_are_rounded_half_to_even_at_the_declared_decimals() -> None:
    column = IntegerColumn("wh", 0, 10_000, decimals=3)

    assert [column.stored(text) for text in ("0.0005", "0.0015", "2.2757999897003174", 1.5)] == [
        0,
        2,
        2276,
        1500,
    ]


def test_an_instant_with_another_zone_is_stored_in_utc() -> None:
    column = TimestampColumn("at", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

    assert column.stored("2026-01-01T01:30:00+01:00") == column.stored("2026-01-01T00:30:00")
    assert column.readable(column.stored("2026-01-01T01:30:00+01:00")) == "2026-01-01T00:30:00Z"


def test_a_word_is_spelled_exactly() -> None:
    column = CategoryColumn("mode", ("bus", "Bus"))

    assert (column.stored("bus"), column.stored("Bus")) == (0, 1)
