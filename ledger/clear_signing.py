"""How a wallet says what is signed: one ERC-7730 descriptor (version 1) per contract that signatures are for.

What is shown, and in which words, stands in `contracts/clear-signing/`; a city adds where its contracts are.
Source: https://eips.ethereum.org/EIPS/eip-7730.
"""

import json
from pathlib import Path
from typing import Any

from ledger.city import City
from ledger.typed_data import (
    APPLICATION_TYPE,
    CONSENT_TYPE,
    DOMAIN_TYPE,
    JOIN_TYPE,
    RECEIVE_TYPE,
    REGISTRATION_TYPE,
    REVOCATION_TYPE,
    SOURCE_TYPE,
    VERSION_TYPE,
    Domain,
    type_document,
)
from ledger.typed_documents import name_of

FOLDER = Path(__file__).resolve().parent.parent / "contracts" / "clear-signing"
SCHEMA = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"

SIGNED: dict[str, dict[str, tuple[str, ...]]] = {
    "Consents": {"Consent": (CONSENT_TYPE,), "Revocation": (REVOCATION_TYPE,)},
    "Participants": {"Join": (JOIN_TYPE,)},
    "Datasets": {"Registration": (REGISTRATION_TYPE,), "Version": (VERSION_TYPE,)},
    "UseCases": {"Application": (APPLICATION_TYPE, SOURCE_TYPE)},
    "CityCredit": {"ReceiveWithAuthorization": (RECEIVE_TYPE,)},
}
"""Per contract, what is signed for it: the primary type, with the types inside it."""


def descriptor(city: City, contract: str) -> dict[str, Any]:
    """The descriptor of everything that is signed for one contract of a city.

    Raises:
        KeyError: nothing is signed for a contract of this name.
    """
    types = SIGNED[contract]
    shown = json.loads((FOLDER / f"{contract}.json").read_text(encoding="utf-8"))
    domain = _domain(city, contract)
    return {
        "$schema": SCHEMA,
        "context": {
            "$id": f"{domain.name} of {city.name}",
            "eip712": {
                "domain": {"name": domain.name, "version": domain.version},
                "deployments": [{"chainId": city.chain_id, "address": domain.contract}],
                "schemas": [_schema(primary, parts) for primary, parts in types.items()],
            },
        },
        **shown,
    }


def _domain(city: City, contract: str) -> Domain:
    domains = city.domains
    return {
        "Consents": domains.consents,
        "Participants": domains.participants,
        "Datasets": domains.datasets,
        "UseCases": domains.use_cases,
        "CityCredit": domains.credit,
    }[contract]


def _schema(primary: str, parts: tuple[str, ...]) -> dict[str, Any]:
    types = {name_of(one): type_document(one) for one in (DOMAIN_TYPE, *parts)}
    return {"primaryType": primary, "types": types}
