"""The city's risk report: figures from the real version, a verdict that follows them, in words people read."""

import copy
import json
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.analysis.plan import UnknownDimensionError
from marketplace.analysis.runner import RunVersionCorruptedError, VersionFile
from marketplace.analysis.subjects import members
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.sources import read_csv
from marketplace.disclosure.assessment import (
    Application,
    AssessmentVerdict,
    Population,
    Report,
    assess,
    eligible_subjects,
)
from marketplace.disclosure.binomial import at_least
from tests.analysis.samples import BAND_BY_DISTRICT, band_and_district, recomputed, written
from tests.catalogue.samples import RESIDENTS, Town, build_town, described, write_residents

ADULTS = Population("residents", "age", 16, 99)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"), 2000)


def by(*names: str) -> dict[str, Any]:
    return copy.deepcopy(BAND_BY_DISTRICT) | {
        "dimensions": [{"source": "residents", "name": name} for name in names]
    }


def report(town: Town, document: dict[str, Any], k: int = 10, **options: Any) -> Report:
    application = Application(k=k, days=options.pop("days", 90), **options)
    return assess(application, written(document), town.descriptions, town.versions, population=ADULTS)


def codes(found: Report) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_age_sex_and_home_zone_is_denied_because_people_are_alone(town: Town) -> None:
    found = report(town, by("age", "sex", "zone"))

    assert found.verdict is AssessmentVerdict.DENY
    assert found.figures is not None
    assert found.figures.smallest_group == 1
    assert {"k_too_small", "too_many_unique"} <= set(codes(found))
    assert "k = 1" in next(r.sentence for r in found.reasons if r.code == "k_too_small")
    assert found.conditions is None


def test_twenty_year_band_and_district_is_allowed_under_conditions(town: Town) -> None:
    found = report(town, by("age_band", "district"), days=200)

    assert found.verdict is AssessmentVerdict.ALLOW_UNDER_CONDITIONS
    assert found.conditions is not None
    assert (found.conditions.active_consent, found.conditions.k, found.conditions.days) == (True, 10, 90)
    assert {"personal", "groups_large_enough", "shortened"} <= set(codes(found))


def test_the_verdict_changes_when_k_is_raised(town: Town) -> None:
    allowed, denied = (
        report(town, by("age_band", "district"), k=10),
        report(town, by("age_band", "district"), k=100),
    )

    assert allowed.verdict is AssessmentVerdict.ALLOW_UNDER_CONDITIONS
    assert denied.verdict is AssessmentVerdict.DENY
    assert codes(denied) == ["k_too_small"]
    assert allowed.digest != denied.digest


def test_the_verdict_changes_when_a_domain_is_made_finer(town: Town) -> None:
    coarse = report(town, by("district"), k=40)
    fine = report(town, by("zone"), k=40)

    assert coarse.verdict is AssessmentVerdict.ALLOW_UNDER_CONDITIONS
    assert fine.verdict is AssessmentVerdict.DENY


def test_the_figures_are_those_of_the_rows(town: Town) -> None:
    adults = {resident.key for resident in town.residents if resident.age >= 16}
    groups = [people for people, _, _ in recomputed(town, adults, band_and_district).values()]

    found = report(town, by("age_band", "district"), k=40).figures

    assert found is not None
    assert found.people == found.places == sum(groups)
    assert found.smallest_group == min(groups)
    assert found.cells_below_k == sum(size < 40 for size in groups)
    assert found.covered_share == sum(size for size in groups if size >= 40) * 10_000 // sum(groups)
    assert found.cells == 20
    assert found.hidden_cells >= found.cells_below_k


def test_nobody_below_the_age_of_consent_is_counted(town: Town) -> None:
    asked = set(members(eligible_subjects(ADULTS, town.descriptions, town.versions)))

    assert asked == {town.index[r.key] for r in town.residents if r.age >= 16}


def test_fewer_yeses_make_a_smaller_expected_coverage(town: Town) -> None:
    shares = [
        figures.expected_covered_share
        for rate in (10_000, 6_000, 3_000)
        if (figures := report(town, by("age_band", "district"), k=20, consent_rate=rate).figures) is not None
    ]

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[2]


def test_sensitive_data_needs_a_second_person_to_decide(town: Town, tmp_path: Path) -> None:
    description = described(RESIDENTS | {"sensitive": True})
    version = VersionFile(tmp_path / "v", bytes(32))
    file = write_residents(tmp_path / "residents.csv", town.residents)
    ingest(
        description,
        read_csv(file, description),
        index_of=town.index.__getitem__,
        target=version.path,
        key=version.key,
    )
    routine = written(
        {
            "v": 1,
            "sources": ["residents"],
            "measures": {"source": "residents", "of": [{"kind": "people"}]},
            "dimensions": [{"source": "residents", "name": "district"}],
        }
    )

    found = assess(Application(10, 90), routine, {"residents": description}, {"residents": version})

    assert found.sensitive
    assert "sensitive" in codes(found)
    assert found.conditions is not None
    assert found.conditions.second_decider


def test_public_data_is_allowed_without_running_anything(town: Town) -> None:
    document = {
        "v": 1,
        "sources": ["zones"],
        "measures": {"source": "zones", "of": [{"kind": "rows"}]},
        "dimensions": [{"source": "zones", "name": "kind"}],
    }

    found = report(town, document)

    assert (found.verdict, codes(found), found.figures) == (AssessmentVerdict.ALLOW, ["not_personal"], None)


def test_the_same_application_has_the_same_report(town: Town) -> None:
    one, other = report(town, by("age_band")), report(town, by("age_band"))

    assert one.canonical == other.canonical
    assert json.loads(one.canonical)["verdict"] == one.verdict.value


def test_the_report_names_nobody_and_no_single_group(town: Town) -> None:
    figures = json.loads(report(town, by("age_band", "district")).canonical)["figures"]

    assert all(isinstance(value, int) for value in figures.values())
    assert len(figures) == 11


def test_a_routine_that_does_not_fit_and_a_lost_version_are_named_errors(town: Town, tmp_path: Path) -> None:
    with pytest.raises(UnknownDimensionError):
        report(town, by("income"))
    lost = town.versions | {"residents": VersionFile(tmp_path / "lost", bytes(32))}
    with pytest.raises(RunVersionCorruptedError):
        assess(Application(10, 90), written(by("district")), town.descriptions, lost)
    with pytest.raises(ValueError, match="not at hand"):
        eligible_subjects(Population("homes", "age", 1, 2), town.descriptions, town.versions)


@given(st.integers(0, 6), st.integers(0, 5), st.fractions(0, 1, max_denominator=10))
def test_the_chance_that_enough_consent_is_exact(wanted: int, people: int, rate: Fraction) -> None:
    outcomes = product((True, False), repeat=people)
    expected = sum(
        (
            prod((rate if yes else 1 - rate for yes in outcome), start=Fraction(1))
            for outcome in outcomes
            if sum(outcome) >= wanted
        ),
        Fraction(0),
    )

    assert at_least(wanted, people, rate) == expected
