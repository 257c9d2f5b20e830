"""Signed statements about results: in-toto Statement v1 in a DSSE envelope, as docs/bundle.md defines them."""

import base64
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ledger.digests import canonical, hexed
from ledger.enums import OrderState
from marketplace.catalogue import artefacts
from marketplace.catalogue import queries as catalogue
from marketplace.disclosure.result import weakest_label
from marketplace.errors import NotFoundError
from marketplace.house import House
from marketplace.licences import queries as licences
from marketplace.licences.rules import less
from marketplace.orders import queries as orders
from marketplace.provenance.tables import StatementRow
from marketplace.use_cases import queries as use_cases

PAYLOAD_TYPE = "application/vnd.in-toto+json"
PREDICATE_TYPE = "urn:stoa:statement:result:1"


class NoStatementError(NotFoundError):
    """There is no signed statement about this order."""

    code = "no_statement"


class Attestor(Protocol):
    """Whoever signs statements for the city with an Ed25519 key that the Journal trusts."""

    @property
    def public_key(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope (version 1.0.2)."""

    payload: bytes
    key: bytes
    signature: bytes

    @property
    def document(self) -> dict[str, Any]:
        return {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": hexed(self.key), "sig": base64.b64encode(self.signature).decode()}],
        }


def pre_authentication(payload: bytes) -> bytes:
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def sign(attestor: Attestor, payload: bytes) -> Envelope:
    return Envelope(payload, attestor.public_key, attestor.sign(pre_authentication(payload)))


def keep(session: Session, house: House, attestor: Attestor, order: bytes) -> None:
    """Sign the statement about a settled order and keep it; once is enough."""
    if session.get(StatementRow, order) is not None:
        return
    payload = canonical(statement(session, house, order))
    envelope = sign(attestor, payload)
    session.add(StatementRow(order=order, envelope=canonical(envelope.document)))
    session.flush()


def statement(session: Session, house: House, order: bytes) -> dict[str, Any]:
    """The in-toto statement about a settled order's result: what the ledger says, and how honest the data is."""
    found = orders.order(session, order)
    assert found.state is OrderState.SETTLED
    assert found.result_digest is not None
    licence = licences.licence(session, found.licence)
    use_case = use_cases.use_case(session, licence.use_case)
    tariff = licences.tariff(session, found.tariff)
    versions = artefacts.document(session, found.request_digest)["versions"]
    datasets = [_dataset(session, number, versions) for number in use_case.datasets]
    predicate = {
        "charge": str(found.charge),
        "city": hexed(house.city.digest),
        "cohortSize": found.cohort_size,
        "consentBlock": found.consent_block,
        "consentRoot": hexed(found.consent_root or bytes(32)),
        "datasets": datasets,
        "gate": "released",
        "honesty": weakest_label([one["honesty"] for one in datasets]),
        "k": use_case.minimum_cohort if use_case.personal else None,
        "licence": found.licence,
        "manifest": hexed(found.manifest_digest or bytes(32)),
        "order": hexed(order),
        "price": str(less(tariff.unit_price, found.discount)),
        "request": hexed(found.request_digest),
        "result": hexed(found.result_digest),
        "routine": hexed(use_case.routine_digest),
        "tariff": found.tariff,
        "units": found.units,
        "useCase": use_case.number,
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"stoaSaltedSha256": found.result_digest.hex()}, "name": "result"}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }


def _dataset(session: Session, number: int, versions: dict[str, int]) -> dict[str, Any]:
    found = catalogue.dataset(session, number)
    version = catalogue.version(session, number, versions[found.name])
    return {
        "dataset": number,
        "honesty": found.description.honesty.label,
        "name": found.name,
        "root": hexed(version.root),
        "version": version.number,
    }


def kept(session: Session, order: bytes) -> bytes:
    """The signed statement about an order's result, as canonical JSON.

    Raises:
        NoStatementError: there is none; only settled orders have one.
    """
    row = session.get(StatementRow, order)
    if row is None:
        raise NoStatementError("There is no statement about this order: only a settled order has one.")
    return row.envelope
