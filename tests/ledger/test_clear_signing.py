"""What a wallet shows by the descriptors: every field of what is signed, in words, or named as left out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.bindings import Application, Join, LicenceQuote, Own, Registration, Source, Terms, VersionForm
from ledger.clear_signing import SIGNED, descriptor
from ledger.digests import text_digest
from ledger.enums import Class, Ground
from ledger.typed_data import consent_document
from ledger.typed_documents import (
    application_document,
    join_document,
    licence_payment_document,
    registration_document,
    revocation_document,
    version_document,
)
from tests.town import Town

ACCOUNT = "0x" + "11" * 20
WORD = b"\x07" * 32
NOON = 1_800_014_400
"""15 January 2027, 12:00 UTC."""


def rendered(descriptor: dict[str, Any], typed: dict[str, Any]) -> list[tuple[str, str]]:
    """The lines that a wallet shows for a typed document, as ERC-7730 says."""
    shown = descriptor["display"]["formats"][typed["primaryType"]]
    enums = descriptor["metadata"].get("enums", {})
    return [("intent", shown["intent"]), *lines(shown["fields"], typed["message"], enums)]


def lines(fields: list[dict[str, Any]], message: dict[str, Any], enums: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for one in fields:
        if one["path"].endswith(".[]"):
            for part in message[one["path"].removesuffix(".[]")]:
                found += lines(one["fields"], part, enums)
        else:
            found.append((one["label"], written(one, message[one["path"]], enums)))
    return found


def written(field: dict[str, Any], value: Any, enums: Any) -> str:
    params = field.get("params", {})
    match field["format"]:
        case "raw" | "addressName":
            return str(value)
        case "date":
            assert params == {"encoding": "timestamp"}
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M")
        case "unit":
            return f"{value / 10 ** params['decimals']} {params['base']}"
        case "enum":
            return enums[params["$ref"].removeprefix("$.metadata.enums.")][str(value).lower()]
        case other:
            pytest.fail(f"No wallet knows the format {other}.")


@pytest.mark.parametrize("contract", SIGNED)
def test_every_field_of_what_is_signed_is_shown_or_said_to_be_left_out(town: Town, contract: str) -> None:
    made = descriptor(town.city, contract)

    schemas = {one["primaryType"]: one["types"] for one in made["context"]["eip712"]["schemas"]}
    assert set(schemas) == set(SIGNED[contract]) == set(made["display"]["formats"])
    for primary, types in schemas.items():
        shown = made["display"]["formats"][primary]
        paths = [one["path"].removesuffix(".[]") for one in shown["fields"]]
        assert sorted([*paths, *shown["excluded"]]) == sorted(field["name"] for field in types[primary])
        assert set(shown["required"]) <= set(paths)
        for one in shown["fields"]:
            if "fields" in one:
                inner = {field["name"] for field in types["Source"]}
                assert {part["path"] for part in one["fields"]} == inner


@pytest.mark.parametrize("contract", SIGNED)
def test_a_descriptor_is_for_this_citys_contract_alone(town: Town, contract: str) -> None:
    bound = descriptor(town.city, contract)["context"]["eip712"]

    assert bound["deployments"] == [{"chainId": town.city.chain_id, "address": town.city.addresses[contract]}]
    assert set(bound["domain"]) == {"name", "version"}


def test_a_citizen_reads_the_sentence_the_recipient_and_the_end(town: Town) -> None:
    sentence, until = "I allow Lab to have my trips counted.", "2027-01-14"
    terms = Terms(
        statement=text_digest(sentence),
        recipient=text_digest("Lab"),
        until=text_digest(until),
        use_case=3,
        scope=1,
        valid_until=NOON - 12 * 3600,
        deadline=NOON,
    )
    own = Own(ACCOUNT, WORD, WORD)
    typed = consent_document(town.city.domains.consents, terms, own, statement=sentence, recipient="Lab")

    assert rendered(descriptor(town.city, "Consents"), typed) == [
        ("intent", "Say yes or object"),
        ("You say", sentence),
        ("To", "Lab"),
        ("Until the end of (UTC)", until),
        ("Use case", "3"),
        ("Arrives before", "2027-01-15 12:00"),
    ]


def test_a_buyer_reads_what_it_pays_in_credits(town: Town) -> None:
    quote = LicenceQuote(3, 1, 400_500_000, NOON, WORD)
    domains, settlement = town.city.domains, town.city.addresses["Settlement"]

    shown = dict(
        rendered(
            descriptor(town.city, "CityCredit"),
            licence_payment_document(domains.credit, settlement, ACCOUNT, quote),
        )
    )

    assert shown["Pay at most"] == "400.5 credits"
    assert shown["To the city's settlement"] == settlement
    assert shown["Valid before"] == "2027-01-15 12:00"


def test_an_organisation_reads_what_it_joins_delivers_and_applies_for(town: Town) -> None:
    domains = town.city.domains
    join = Join(Class.COMMERCIAL, text_digest("Lab"), ACCOUNT, NOON)
    registration = Registration(4, 3, True, False, WORD, WORD, NOON)
    version = VersionForm(2, WORD, 3, 9, WORD, NOON)
    application = Application(
        4, WORD, [Source(2, Ground.PUBLIC_TASK, True)], WORD, 0, 0, 10, 90, 30, 1, WORD, WORD, WORD, NOON
    )

    shown = {
        "join": rendered(
            descriptor(town.city, "Participants"), join_document(domains.participants, join, "Lab")
        ),
        "register": rendered(
            descriptor(town.city, "Datasets"), registration_document(domains.datasets, registration)
        ),
        "deliver": rendered(descriptor(town.city, "Datasets"), version_document(domains.datasets, version)),
        "apply": rendered(
            descriptor(town.city, "UseCases"), application_document(domains.use_cases, application)
        ),
        "stop": rendered(descriptor(town.city, "Consents"), revocation_document(domains.consents, WORD)),
    }

    assert ("Kind", "company") in shown["join"]
    assert ("Rows are about people", "yes") in shown["register"]
    assert ("Rows", "9") in shown["deliver"]
    assert ("Used on the ground of", "public task") in shown["apply"]
    assert ("May be left out", "yes") in shown["apply"]
    assert ("What leaves the city", "totals only") in shown["apply"]
    assert shown["stop"] == [("intent", "Stop a consent"), ("Consent", "0x" + WORD.hex())]
