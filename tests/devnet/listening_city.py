"""A small city on a chain that listens, and the task that independent clients are given there."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ledger.artifacts import FOLDER, artifact
from ledger.bindings import Terms
from ledger.devnet.chain import Devnet
from ledger.digests import hexed
from ledger.keys import LocalSigner
from ledger.node import Node
from ledger.revocation_code import RevocationCode
from ledger.typed_data import CONSENT_TYPE, COUNTERSIGNATURE_TYPE, last_day, type_document
from tests.devnet.running import Running, running
from tests.town import STATEMENT, Clock, Town

NO_DEVNET_HERE = cast("Devnet", None)
"""The chain is a process of its own: nobody here makes its blocks, moves its clock or takes it back."""


@dataclass
class ListeningCity:
    chain: Running
    town: Town
    use_case: int

    @property
    def url(self) -> str:
        return self.chain.url

    def consent_slot(self) -> int:
        """The storage place of the mapping that holds the consents."""
        layout = json.loads((FOLDER / "Consents.json").read_text())["storageLayout"]["storage"]
        return next(int(entry["slot"]) for entry in layout if entry["label"] == "_slots")

    def task(self) -> dict[str, Any]:
        """All that a client needs to act in this city, and nothing computed for it but code and terms."""
        town, credit = self.town, artifact("CityCredit")
        terms, code = town.terms(self.use_case), RevocationCode.fresh()
        return {
            "url": self.url,
            "chainId": town.city.chain_id,
            "key": hexed(LocalSigner.fresh().secret),
            "registrarKey": hexed(town.keys["registrar"].secret),
            "deploy": {
                "abi": credit.abi,
                "bytecode": hexed(credit.bytecode),
                "arguments": [town.city.addresses["CityAccess"]],
            },
            "consents": {
                "abi": artifact("Consents").abi,
                "address": town.city.addresses["Consents"],
                "slot": self.consent_slot(),
            },
            "domain": town.city.domains.consents.document,
            "types": {
                "Consent": type_document(CONSENT_TYPE),
                "Countersignature": type_document(COUNTERSIGNATURE_TYPE),
            },
            "sentences": sentences(terms),
            "terms": as_json(terms),
            "code": {"value": str(code.value), "hash": hexed(code.hash)},
            "wrongCode": str(RevocationCode.fresh().value),
        }


def as_json(terms: Terms) -> dict[str, Any]:
    return {
        "statement": hexed(terms.statement),
        "recipient": hexed(terms.recipient),
        "until": hexed(terms.until),
        "useCase": terms.use_case,
        "scope": terms.scope,
        "validUntil": terms.valid_until,
        "deadline": terms.deadline,
    }


def sentences(terms: Terms) -> dict[str, Any]:
    """The same terms as a citizen reads them."""
    return as_json(terms) | {
        "statement": STATEMENT,
        "recipient": "lab",
        "until": last_day(terms.valid_until),
    }


@contextmanager
def listening_city(folder: Path) -> Generator[ListeningCity]:
    with running(folder) as chain:
        clock = Clock()
        clock.now = int(time.time())
        town = Town.on(Node.at(chain.url), NO_DEVNET_HERE, clock)
        yield ListeningCity(chain, town, town.open_use_case())
