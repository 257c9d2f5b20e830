"""Documents: each has its digest, and the city hands over those that it owes."""

import unicodedata
from collections.abc import Iterator

from stoa_audit.bundle import Bundle
from stoa_audit.digests import ZERO, canonical, keccak, sha256
from stoa_audit.errors import InvalidError
from stoa_audit.fields import parsed_json
from stoa_audit.report import Report
from stoa_audit.world import OrderState, Status, UseCase, World


def check_digests(bundle: Bundle, report: Report) -> None:
    check = report["documents.digests"]
    for kind, hash_ in (("keccak256", keccak), ("sha256", sha256)):
        for digest, path in bundle.documents(kind):
            with check.guarded():
                content = bundle.content(path)
                if hash_(content) != digest:
                    check.failed(path, "does not have the digest that it is named by")
                    continue
                fault = _form_fault(kind, content, path)
                check.expect(fault is None, path, fault or "")
    check.covered = f"{check.count} documents"
    check.ran = True


def _form_fault(kind: str, content: bytes, path: str) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return "is not UTF-8"
    if kind == "keccak256":
        return None if unicodedata.is_normalized("NFC", text) else "is not in NFC"
    try:
        return None if canonical(parsed_json(content, path), path) == content else "is not canonical JSON"
    except InvalidError as error:
        return error.reason


def check_owed(bundle: Bundle, world: World, report: Report) -> None:
    check = report["documents.owed"]
    city_name = keccak(unicodedata.normalize("NFC", bundle.city.name).encode())
    for digest, what in owed(world):
        if digest == ZERO:
            continue
        if digest != city_name and bundle.document(digest) is None:
            check.missed(f"{what} is not in the bundle (0x{digest.hex()})")
        else:
            check.passed()
    check.covered = f"{check.count + check.gaps} digests on the ledger"
    check.ran = True


def owed(world: World) -> Iterator[tuple[bytes, str]]:
    """Digest and name of every document that stands behind something the city did."""
    for participant in world.participants.values():
        if participant.status != Status.JOINED:
            yield participant.name, f"the name of participant {participant.number}"
    for dataset in world.datasets.values():
        if dataset.versions:
            yield dataset.metadata, f"the description of dataset {dataset.number}"
    for use_case in world.use_cases.values():
        yield from _owed_for(use_case)
    for number, rule in world.rules.items():
        yield rule.terms["text"], f"the text of rule {number}"
    for order in world.orders.values():
        if order.state == OrderState.SETTLED:
            yield order.terms["request"], f"the request of order 0x{order.id.hex()}"
    for digest, what in world.reasons:
        yield digest, f"the reason for {what}"


def _owed_for(use_case: UseCase) -> Iterator[tuple[bytes, str]]:
    """What is owed once a use case is decided."""
    if use_case.decision is None:
        return
    for kind in ("routine", "scope", "terms"):
        yield use_case.application[kind], f"the {kind} of use case {use_case.number}"
    for kind in ("reason", "conditions"):
        yield use_case.decision[kind], f"the {kind} of the decision on use case {use_case.number}"
    for statement in use_case.notices:
        yield statement, f"a notice of use case {use_case.number}"
