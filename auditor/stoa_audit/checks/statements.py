"""Statements: what the city signed about each result is what the ledger says."""

from collections.abc import Mapping
from typing import Any

from stoa_audit import dsse
from stoa_audit.bundle import Bundle
from stoa_audit.checks.cohorts import settled_orders
from stoa_audit.digests import canonical, hexed
from stoa_audit.errors import InvalidError, MissingError
from stoa_audit.fields import Fields
from stoa_audit.report import Report
from stoa_audit.rules.licences import less
from stoa_audit.world import Order, World

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:stoa:statement:result:1"
WEAKEST_FIRST = ("simulated", "model", "real, ", "real")


def check_statements(bundle: Bundle, world: World, report: Report, grace: int) -> None:
    """`grace`: seconds after its settlement within which an order need not have its statement yet."""
    check = report["orders.statement"]
    for order in settled_orders(world):
        place, path = f"order {hexed(order.id)}", f"statements/{order.id.hex()}.json"
        if not bundle.has(path):
            assert order.ended_at is not None
            if world.times[-1] - order.ended_at < grace:
                check.missed(f"{place} has no statement yet")
            else:
                check.failed(place, "has no statement")
            continue
        with check.guarded():
            fault = statement_fault(Fields.parsed(bundle.content(path), path), world, bundle, order)
            check.expect(fault is None, place, fault or "")
    known = {f"statements/{order.id.hex()}.json" for order in settled_orders(world)}
    for path in bundle.found_files:
        if path.startswith("statements/") and path not in known:
            check.failed(path, "is a statement about no settled order")
    check.covered = f"{len(known)} settled orders"
    check.ran = True


def statement_fault(envelope: Fields, world: World, bundle: Bundle, order: Order) -> str | None:
    """The first difference between a statement and the ledger, by name. Raises InvalidError."""
    assert order.outcome is not None
    payload, signers = dsse.opened(envelope)
    first, last = order.outcome["consentBlock"], len(world.times) - 1
    trusted = [
        key
        for signer in signers
        if (key := world.keys.get(("attestor", hexed(signer)))) is not None and key.was_trusted(first, last)
    ]
    if not trusted:
        return "has a statement without a valid signature of a trusted attestor"
    fields = Fields.parsed(payload, envelope.place)
    if canonical(fields.document, envelope.place) != payload:
        return "has a statement that is not canonical JSON"
    said = fields.only(("_type", "subject", "predicateType", "predicate")).document
    subject = [{"digest": {"stoaSaltedSha256": order.outcome["result"].hex()}, "name": "result"}]
    if (said["_type"], said["predicateType"]) != (TYPE, PREDICATE_TYPE):
        return "has a statement of another type"
    if said["subject"] != subject:
        return "has a statement about another result"
    return difference(said["predicate"], expected(world, bundle, order))


def difference(said: Any, expected_: Mapping[str, Any]) -> str | None:
    if not isinstance(said, dict):
        return "has a statement without a predicate"
    for name, value in expected_.items():
        if name not in said or said[name] != value or type(said[name]) is not type(value):
            return f"has a statement that says {name} {said.get(name)!r}, the ledger says {value!r}"
    unknown = sorted(set(said) - set(expected_))
    return f"has a statement that says {unknown[0]!r}, which nobody knows" if unknown else None


def expected(world: World, bundle: Bundle, order: Order) -> dict[str, Any]:
    """The predicate as the ledger and the documents make it. Raises InvalidError for a document that is none."""
    assert order.outcome is not None
    outcome, terms = order.outcome, order.terms
    use_case = world.use_cases[world.licences[terms["licence"]].use_case]
    request = _document(bundle, terms["request"], f"the request of order {hexed(order.id)}")
    if (request.whole("useCase"), request.digest("routine")) != (
        use_case.number,
        use_case.application["routine"],
    ):
        raise InvalidError("another use case or routine was asked for", request.place)
    tariff = world.tariffs[terms["tariff"]]
    datasets = [_dataset(world, bundle, number, request, order) for number in use_case.datasets]
    return {
        "charge": str(order.charge),
        "cohortSize": outcome["cohortSize"],
        "consentBlock": outcome["consentBlock"],
        "consentRoot": hexed(outcome["consentRoot"]),
        "datasets": datasets,
        "gate": "released",
        "honesty": weakest_label([one["honesty"] for one in datasets]),
        "k": use_case.minimum_cohort if use_case.personal else None,
        "licence": terms["licence"],
        "manifest": hexed(outcome["manifest"]),
        "order": hexed(order.id),
        "price": str(less(tariff.terms["unitPrice"], terms["discount"])),
        "request": hexed(terms["request"]),
        "result": hexed(outcome["result"]),
        "routine": hexed(use_case.application["routine"]),
        "tariff": terms["tariff"],
        "units": outcome["units"],
        "useCase": use_case.number,
        "city": hexed(world.city.digest),
    }


def _dataset(world: World, bundle: Bundle, number: int, request: Fields, order: Order) -> dict[str, Any]:
    description = _document(bundle, world.datasets[number].metadata, f"the description of dataset {number}")
    name = description.text("name")
    version = request.inner("versions").whole(name)
    published = world.datasets[number].versions.get(version)
    assert order.ended_in is not None
    if published is None or published.published_in > order.ended_in:
        raise InvalidError(f"version {version} of dataset {number} was not published before", request.place)
    return {
        "dataset": number,
        "honesty": description.inner("honesty").text("label"),
        "name": name,
        "root": hexed(published.root),
        "version": version,
    }


def _document(bundle: Bundle, digest: bytes, what: str) -> Fields:
    content = bundle.document(digest)
    if content is None:
        raise MissingError(f"{what} is not in the bundle ({hexed(digest)})")
    return Fields.parsed(content, what)


def weakest_label(labels: list[str]) -> str:
    """A result is no more honest than its weakest source: those that are equally weak are all named."""
    for start in WEAKEST_FIRST:
        found = sorted({label for label in labels if label.startswith(start)})
        if found:
            return "; ".join(found)
    raise InvalidError(f"nobody knows the honesty label {labels[0]!r}", "a dataset's description")
