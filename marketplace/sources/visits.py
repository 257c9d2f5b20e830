"""Doctor visits per person and study year, out of the RAND Health Insurance Experiment.

Real people. Ids are the study's own pseudonyms; nothing here may be used to look for one of them.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from marketplace.sources.homes import whole
from marketplace.sources.travel import rows_of

PLANS = ("free", "pays_25_percent", "pays_50_percent", "pays_95_percent", "individual_deductible")
HEALTH = ("excellent", "good", "fair", "poor")
PLAN_BY_COINSURANCE = {
    "0": "free",
    "25": "pays_25_percent",
    "50": "pays_50_percent",
    "95": "pays_95_percent",
}

VISITS_HEADER = (
    "person_id",
    "year",
    "plan",
    "age",
    "sex",
    "health",
    "doctor_visits",
    "other_visits",
    "admissions",
    "outpatient_cents",
)


def person_years(folder: Path) -> Iterator[tuple[object, ...]]:
    """Rows under `VISITS_HEADER`: 20,190 years of 5,912 people, by person and year."""
    rows = sorted(rows_of(folder / "randhie.csv"), key=lambda row: (int(row["zper"]), int(row["year"])))
    for row in rows:
        yield (
            int(row["zper"]),
            int(row["year"]),
            plan_of(row),
            int(Decimal(row["xage"])),
            "female" if row["female"] == "1" else "male",
            health_of(row),
            int(row["mdvis"]),
            int(row["notmdvis"]),
            int(row["totadm"]),
            whole(100 * Decimal(row["outpdol"])),
        )


def plan_of(row: dict[str, str]) -> str:
    return "individual_deductible" if row["idp"] == "1" else PLAN_BY_COINSURANCE[row["coins"]]


def health_of(row: dict[str, str]) -> str:
    """How she rated her own health; the three columns leave out `excellent`."""
    stated = {"good": row["hlthg"], "fair": row["hlthf"], "poor": row["hlthp"]}
    return next((word for word, flag in stated.items() if flag == "1"), "excellent")
