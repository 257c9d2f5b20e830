"""Every code a refusal of the API may have, read off the classes that are raised: none can be forgotten here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from api.http.problems import OWN_CODES, status_of, title_of
from ledger.node import LedgerError
from marketplace.errors import StoaError

ELSEWHERE = (
    "api.cli",
    "api.client",
    "api.demo",
    "api.entry",
    "api.home",
    "api.processes",
    "api.registrar.app",
    "api.web",
    "ledger.carrying",
    "ledger.deploy",
    "ledger.outbox",
    "ledger.reader",
    "ledger.transactions",
    "marketplace.catalogue.service",
    "marketplace.projector",
    "marketplace.provenance.bundle",
    "marketplace.sources",
    "marketplace.staff",
)
"""What the server of the API does not do, so that what is refused there is no code of the API."""


@dataclass(frozen=True, slots=True)
class ProblemCode:
    code: str
    status: int
    meaning: str


@cache
def by_code() -> dict[str, ProblemCode]:
    """In the order of their names."""
    found = {code: ProblemCode(code, status, meaning) for code, (status, meaning) in OWN_CODES.items()}
    for kind in (*kinds_of(StoaError), *kinds_of(LedgerError)):
        if not kind.__module__.startswith(ELSEWHERE):
            found.setdefault(kind.code, ProblemCode(kind.code, status_of(kind), title_of(kind)))
    return dict(sorted(found.items()))


def kinds_of(kind: type[StoaError] | type[LedgerError]) -> Iterator[type[StoaError] | type[LedgerError]]:
    yield kind
    for special in kind.__subclasses__():
        yield from kinds_of(special)
