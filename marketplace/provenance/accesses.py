"""Reading the access log: its records, newest first, and those among them that somebody looks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.provenance.tables import AccessRow

REFUSALS = frozenset({"refused", "refunded", "withheld", "failed", "gone", "not-ready", "deny"})
"""Outcomes after which nothing left the city."""
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Access:
    number: int
    at: int
    who: str
    did: str
    outcome: str
    use_case: int | None
    purpose: bytes | None
    datasets: tuple[str, ...]
    """As it was written down: a dataset's name with the version behind a slash, its name, or its number."""
    order: bytes | None
    block: int | None

    @property
    def is_refusal(self) -> bool:
        return self.outcome in REFUSALS

    def names(self, dataset: str, number: int) -> bool:
        """Whether it is about this dataset, whichever way it was written down."""
        return any(one.split("/")[0] in {dataset, str(number)} for one in self.datasets)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records somebody looks for; None: all of them."""

    dataset: tuple[str, int] | None = None
    """Its name and its number."""
    use_case: int | None = None
    outcome: str | None = None
    """An outcome, or "refusals" for all after which nothing left."""

    def holds(self, one: Access) -> bool:
        if self.dataset is not None and not one.names(*self.dataset):
            return False
        return self.outcome is None or (
            one.is_refusal if self.outcome == "refusals" else one.outcome == self.outcome
        )


def accesses(session: Session, wanted: Wanted, *, before: int | None = None) -> Iterator[Access]:
    """Newest first; with `before`, only those with a smaller number."""
    query = select(AccessRow.entry).order_by(AccessRow.number.desc())
    if wanted.use_case is not None:
        query = query.where(AccessRow.use_case == wanted.use_case)
    if before is not None:
        query = query.where(AccessRow.number < before)
    for entry in session.scalars(query.execution_options(yield_per=ROWS_AT_ONCE)):
        one = _read(entry)
        if wanted.holds(one):
            yield one


def _read(entry: bytes) -> Access:
    kept = orjson.loads(entry)
    return Access(
        number=kept["number"],
        at=int(datetime.fromisoformat(kept["at"]).timestamp()),
        who=kept["who"],
        did=kept["did"],
        outcome=kept["outcome"],
        use_case=kept["useCase"],
        purpose=_bytes(kept["purpose"]),
        datasets=tuple(kept["datasets"]),
        order=_bytes(kept["order"]),
        block=kept["block"],
    )


def _bytes(written: str | None) -> bytes | None:
    return None if written is None else bytes.fromhex(written.removeprefix("0x"))
