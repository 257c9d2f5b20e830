"""docs/operating.md says how long acts wait under each profile, as the profiles do."""

import re
from pathlib import Path

from ledger.roles import PROFILES, Profile, Role

GUIDE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
UNITS = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}


def table(name: str) -> dict[str, dict[str, int]]:
    """Profile -> what -> seconds, of the table after its marker."""
    found = re.search(rf"<!-- table: {name} -->\n((?:\|.*\n)+)", GUIDE)
    assert found, f"There is no table of {name}."
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines())
    return {
        profile: {row[0]: seconds(row[column]) for row in rows} for column, profile in enumerate(head[1:], 1)
    }


def seconds(text: str) -> int:
    if text == "at once":
        return 0
    number, unit = text.split()
    return int(number) * UNITS[unit.removesuffix("s")]


def bounds(profile: Profile) -> list[int]:
    return [
        profile.setback,
        profile.grant_delay,
        profile.target_admin_delay,
        profile.journal_bound,
        profile.shortest_order,
        profile.longest_order,
    ]


def test_the_delays_of_every_role_are_those_of_the_profile() -> None:
    told = table("delays")
    assert told.keys() == PROFILES.keys()
    for name, profile in PROFILES.items():
        assert told[name] == {role.name.lower(): profile.execution_delay.get(role, 0) for role in Role}


def test_the_bounds_are_those_of_the_profile() -> None:
    told = table("bounds")
    assert told.keys() == PROFILES.keys()
    for name, profile in PROFILES.items():
        assert list(told[name].values()) == bounds(profile)
