"""The examples in docs/routines.md are complete, valid, and do what the text says."""

import json
import re
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from marketplace.analysis.compiler import compile_routine
from marketplace.analysis.runner import SourceInput, VersionFile, run
from marketplace.analysis.subjects import everybody
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.sources import Row
from tests.analysis.samples import by_labels, written
from tests.catalogue.samples import KEY, described

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"<!-- example: ([a-z ]+) -->\n```json\n(.*?)```", re.DOTALL)


def examples() -> dict[str, dict[str, Any]]:
    return {
        name: json.loads(text) for name, text in EXAMPLE.findall((DOCS / "routines.md").read_text("utf-8"))
    }


def schema(name: str) -> dict[str, Any]:
    return json.loads((DOCS / f"schemas/{name}.schema.json").read_text("utf-8"))


def test_the_guides_examples_follow_the_published_schemas() -> None:
    found = examples()

    assert set(found) == {"dataset people", "dataset rides", "routine"}
    jsonschema.validate(found["dataset people"], schema("dataset"))
    jsonschema.validate(found["dataset rides"], schema("dataset"))
    jsonschema.validate(found["routine"], schema("routine"))


def test_the_published_schemas_are_schemas() -> None:
    for name in ("dataset", "routine"):
        jsonschema.Draft202012Validator.check_schema(schema(name))


def named_in(node: Any) -> set[str]:
    """Every field, and every word to choose from, that a schema names at any depth."""
    found: set[str] = set()
    children: list[Any] = []
    if isinstance(node, dict):
        held = cast(dict[str, Any], node)
        children = list(held.values())
        found.update(held.get("properties", {}))
        found.update(word for word in (held.get("const"), *held.get("enum", [])) if isinstance(word, str))
    elif isinstance(node, list):
        children = cast(list[Any], node)
    return found.union(*(named_in(child) for child in children))


def section_of(guide: str, heading: str) -> str:
    _, _, part = guide.partition(f"\n## {heading}\n")
    return part.partition("\n## ")[0]


@pytest.mark.parametrize(("name", "heading"), [("dataset", "A description"), ("routine", "A routine")])
def test_the_guides_tables_name_every_field_of_the_published_schemas(name: str, heading: str) -> None:
    part = section_of((DOCS / "routines.md").read_text("utf-8"), heading)
    prose = re.sub(r"```.*?```", "", part, flags=re.DOTALL)
    published = schema(name)

    assert [field for field in published["properties"] if f"\n| `{field}` | " not in part] == []
    assert {"kind", "column", "day_of_week"} <= named_in(published)
    assert {
        word for word in named_in(published) if f"`{word}`" not in prose.replace('`"subject"`', "`subject`")
    } == set()


def test_the_guides_routine_runs_on_the_guides_datasets(tmp_path: Path) -> None:
    found = examples()
    people, rides = described(found["dataset people"]), described(found["dataset rides"])
    rows = {
        "people": [
            Row(1, {"person_id": "anna", "age": 34, "home_zone": 12}),
            Row(2, {"person_id": "bea", "age": 61, "home_zone": 96}),
        ],
        "rides": [
            Row(1, {"person_id": "anna", "departed_at": "2026-03-01T08:00", "mode": "bus", "minutes": 12}),
            Row(2, {"person_id": "anna", "departed_at": "2026-05-31T23:59", "mode": "tram", "minutes": 7}),
            Row(3, {"person_id": "anna", "departed_at": "2026-06-01T00:00", "mode": "bus", "minutes": 99}),
            Row(4, {"person_id": "bea", "departed_at": "2026-04-01T08:00", "mode": "car", "minutes": 30}),
        ],
    }
    descriptions = {"people": people, "rides": rides}
    inputs: dict[str, SourceInput] = {}
    for name, description in descriptions.items():
        version = VersionFile(tmp_path / name, KEY)
        ingest(description, rows[name], index_of=["anna", "bea"].index, target=version.path, key=KEY)
        inputs[name] = SourceInput(version, everybody(2))

    query = compile_routine(written(found["routine"]), descriptions)

    assert by_labels(query.grid, run(query, inputs).cells) == {("20-39", "east"): (1, 2, 19)}
