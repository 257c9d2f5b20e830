"""The published schemas describe what cities write and what the auditor takes."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from stoa_audit.__main__ import main

from marketplace.use_cases.notices import TEMPLATES
from tests.auditor import papers
from tests.auditor.conftest import Honest
from tests.auditor.desk import TEMPLATE

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
Json = dict[str, Any]


def schema(name: str) -> Json:
    return json.loads((SCHEMAS / name).read_text())


def validator(kind: str) -> Draft202012Validator:
    """Of one kind of file in a bundle."""
    whole = schema("bundle.schema.json")
    return Draft202012Validator({**whole, "$ref": f"#/$defs/{kind}"})


def require_valid(found: Draft202012Validator, document: Any) -> None:
    faults = [f"{list(error.absolute_path)}: {error.message}" for error in found.iter_errors(document)]
    assert not faults


@pytest.mark.parametrize("name", ["bundle.schema.json", "bundle-receipts.schema.json"])
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize(("path", "kind"), [("manifest.json", "manifest"), ("city.json", "city")])
def test_documents_of_a_bundle_are_as_the_schema_says(path: str, kind: str, honest: Honest) -> None:
    require_valid(validator(kind), json.loads((honest.bundle / path).read_bytes()))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("chain/headers.jsonl", "header"),
        ("chain/bodies.jsonl", "body"),
        ("chain/accounts.jsonl", "account"),
        ("journal/entries.jsonl", "entry"),
        ("projection/orders.jsonl", "row"),
    ],
)
def test_lines_of_a_bundle_are_as_the_schema_says(path: str, kind: str, honest: Honest) -> None:
    found = validator(kind)
    lines = (honest.bundle / path).read_bytes().splitlines()
    assert lines
    for line in lines:
        require_valid(found, json.loads(line))


@pytest.mark.parametrize("template", [TEMPLATE, *(one.document for one in TEMPLATES)])
def test_templates_are_as_the_schema_says(template: Json) -> None:
    require_valid(validator("template"), template)


def test_conditions_are_as_the_schema_says(honest: Honest) -> None:
    rows = (honest.bundle / "projection/use_cases.jsonl").read_bytes().splitlines()
    kept = [json.loads(row)["conditions"] for row in rows]
    decided = [one for one in kept if one not in (None, "0x" + "00" * 32)]
    assert decided
    for digest in decided:
        content = (honest.bundle / "documents" / "sha256" / digest[2:]).read_bytes()
        require_valid(validator("conditions"), json.loads(content))


def test_statements_are_as_the_schema_says(honest: Honest) -> None:
    files = list((honest.bundle / "statements").iterdir())
    assert len(files) == 3
    for file in files:
        envelope = json.loads(file.read_bytes())
        require_valid(validator("envelope"), envelope)
        require_valid(validator("statement"), json.loads(base64.b64decode(envelope["payload"])))


def test_receipts_and_proofs_are_as_the_schema_says(honest: Honest) -> None:
    found = Draft202012Validator(schema("bundle-receipts.schema.json"))
    happened = honest.happened
    assert happened.revoked is not None
    for paper in (
        papers.consent_receipt(honest, happened.given[8]),
        papers.consent_receipt(honest, happened.revoked, revoked=True, signed=False),
        papers.purchase_receipt(honest, happened.settled),
        papers.purchase_receipt(honest, happened.refunded),
        papers.cohort_proof(honest, happened.settled, happened.given[0].consent.id),
        papers.cohort_proof(honest, happened.settled, bytes(32)),
    ):
        require_valid(found, paper)


def test_what_the_auditor_writes_is_as_the_schema_says(honest: Honest, tmp_path: Path) -> None:
    verdict, checkpoint = tmp_path / "verdict.json", tmp_path / "checkpoint.json"
    main(["verify", "--bundle", str(honest.bundle), "--json", str(verdict), "--checkpoint", str(checkpoint)])

    require_valid(validator("verdict"), json.loads(verdict.read_bytes()))
    require_valid(validator("checkpoint"), json.loads(checkpoint.read_bytes()))


def test_a_document_with_an_unknown_field_is_refused_by_the_schema_too(honest: Honest) -> None:
    manifest = json.loads((honest.bundle / "manifest.json").read_bytes())

    assert not validator("manifest").is_valid({**manifest, "extra": 1})
