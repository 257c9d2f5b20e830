"""`stoa-audit result`: is a result the one that was settled for an order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stoa_audit.bundle import Bundle
from stoa_audit.catalogue import new_report
from stoa_audit.contracts import contract_abi
from stoa_audit.digests import canonical, hexed, sha256
from stoa_audit.errors import InvalidError, MissingError, UnreadableError
from stoa_audit.fields import Fields, parsed_json
from stoa_audit.node import Node
from stoa_audit.papers.paper import Paper
from stoa_audit.replaying import Progress, Replay
from stoa_audit.report import Check, Report
from stoa_audit.world import OrderState


@dataclass(frozen=True)
class Claim:
    """A result, its salt, and the order that it is said to answer."""

    file: Path
    salt: bytes
    order: bytes


@dataclass(frozen=True)
class Source:
    """Where the ledger's digest is taken from: the first that is given."""

    bundle: Path | None = None
    receipt: Path | None = None
    node: Node | None = None


def check_result(claim: Claim, source: Source, progress: Progress) -> Report:
    """Raises UnreadableError when the result, or what the digest is taken from, cannot be read."""
    report = Report("R")
    settled = report.add("result.order", "The order was settled", "orders")
    same = report.add("result.digest", "SHA-256(salt, content digest) is what the ledger holds", "digests")
    try:
        result = canonical(parsed_json(claim.file.read_bytes(), claim.file.name), claim.file.name)
    except (OSError, InvalidError) as error:
        raise UnreadableError(f"{claim.file} is not a result: {error}.") from error
    with settled.guarded():
        wanted = _settled_digest(claim, source, settled, progress)
        settled.passed()
        found = sha256(claim.salt + sha256(result))
        same.expect(
            found == wanted,
            f"{claim.file.name}, order {hexed(claim.order)}",
            f"makes {hexed(found)} with this salt, the ledger holds {hexed(wanted)}",
        )
    if not same.ran:
        same.missed("the order's digest is not known")
    return report


def _settled_digest(claim: Claim, source: Source, check: Check, progress: Progress) -> bytes:
    if source.bundle is not None:
        check.covered = "from the bundle's blocks, replayed"
        return _from_bundle(claim, source.bundle, progress)
    if source.receipt is not None:
        check.covered = "from the purchase receipt's evidence"
        return _from_receipt(claim, source.receipt)
    assert source.node is not None
    check.covered = "by the node's word"
    return _from_node(claim, source.node)


def _from_bundle(claim: Claim, folder: Path, progress: Progress) -> bytes:
    replay = Replay(Bundle(folder), new_report("L0", checkpoint=False), progress)
    if not replay.run():
        raise MissingError("the bundle's blocks cannot be believed to the end: run stoa-audit verify")
    order = replay.world.orders.get(claim.order)
    if order is None or order.state != OrderState.SETTLED or order.outcome is None:
        raise InvalidError("was not settled", f"order {hexed(claim.order)}")
    return order.outcome["result"]


def _from_receipt(claim: Claim, path: Path) -> bytes:
    report = Report("P0")
    for id_ in ("paper.city", "paper.seals", "paper.chain"):
        report.add(id_, "", "")
    paper = Paper(_read(path), report, None, None)
    _, ended = paper.proven(paper.fields.inner("ended"), "Settlement", ("OrderSettled",))
    paper.check_city()
    if report.findings:
        raise InvalidError(str(report.findings[0].finding), path.name)
    return _outcome(claim, ended.values, path.name)


def _read(path: Path) -> Fields:
    try:
        return Fields.parsed(path.read_bytes(), path.name)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}.") from error


def _from_node(claim: Claim, node: Node) -> bytes:
    event = next(one for one in contract_abi("Settlement").events.values() if one.name == "OrderSettled")
    asked = {"fromBlock": "0x0", "topics": [hexed(event.topic), hexed(claim.order)]}
    found: Any = node.ask("eth_getLogs", asked)
    if not isinstance(found, list) or len(found) != 1:
        raise InvalidError("was not settled, says the node", f"order {hexed(claim.order)}")
    entry = Fields(found[0], "the node's event")
    return _outcome(
        claim, event.decoded(entry.hex_list("topics"), entry.bytes_("data"), entry.place), entry.place
    )


def _outcome(claim: Claim, values: dict[str, Any], place: str) -> bytes:
    if values["id"] != claim.order:
        raise InvalidError("this is about another order", place)
    return values["outcome"]["result"]
