"""Builds: the contracts were created by the code that was published, not only by what the city file names.

Code on the ledger holds addresses and numbers of its own city, so its hash differs from city to city. The transaction
that created it does not: it begins with the compiler's output, and what follows are the constructor's arguments.
"""

import json
from functools import cache
from importlib import resources

from stoa_audit import transactions
from stoa_audit.bundle import Bundle
from stoa_audit.digests import hexed, sha256
from stoa_audit.report import Report

BODIES = "chain/bodies.jsonl"


@cache
def published() -> dict[str, dict[str, int]]:
    """By contract, the creation codes that were published: SHA-256 and length in bytes."""
    return json.loads((resources.files("stoa_audit") / "builds.json").read_text())


def check_builds(bundle: Bundle, report: Report) -> None:
    check = report["chain.build"]
    with check.guarded():
        created = creations(bundle)
        for name, address in bundle.city.addresses.items():
            data = created.get(address)
            if data is None:
                check.failed(f"{name} at {address}", "was created by no transaction of the bundle")
            elif any(hexed(sha256(data[:size])) == digest for digest, size in published()[name].items()):
                check.passed()
            else:
                check.missed(f"{name} was created by code of no published build that this auditor knows")
    check.covered = f"{len(bundle.city.addresses)} contracts of the city file"


def creations(bundle: Bundle) -> dict[str, bytes]:
    """By address, the data of the transaction that created a contract there."""
    found: dict[str, bytes] = {}
    for fields in bundle.objects(BODIES):
        for raw in fields.hex_list("transactions"):
            sent = transactions.parsed(raw, fields.place)
            if (address := sent.created) is not None:
                found[address] = sent.data
    return found
