"""`stoa-audit receipt`: which paper is it, and does it hold."""

from pathlib import Path

from stoa_audit.errors import InvalidError, UnreadableError
from stoa_audit.fields import Fields
from stoa_audit.node import Node
from stoa_audit.papers.cohort import check_cohort
from stoa_audit.papers.consent import check_consent
from stoa_audit.papers.paper import Paper
from stoa_audit.papers.purchase import check_purchase
from stoa_audit.report import Report

EVERY = (
    ("paper.city", "The paper is of the expected city", "facts"),
    ("paper.seals", "Its blocks are sealed by the sequencer", "blocks"),
    ("paper.chain", "Its blocks are still in the node's chain", "blocks"),
)
KINDS = {
    "consent-receipt/1": (
        check_consent,
        (
            ("consent.terms", "The id is the digest of the sentences", "facts"),
            ("consent.signatures", "Signed by its key and countersigned by the registrar", "signatures"),
            ("consent.ledger", "The ledger took this very consent", "fields"),
        ),
    ),
    "purchase-receipt/1": (
        check_purchase,
        (
            ("order.quote", "The order is the one that was quoted", "fields"),
            ("order.ended", "The order was settled or refunded", "facts"),
            ("order.paid", "What was charged, what came back and who got it add up", "amounts"),
            ("order.statement", "The statement is signed and says what the ledger says", "fields"),
        ),
    ),
    "cohort-proof/1": (
        check_cohort,
        (
            ("cohort.order", "The settlement is that of the order", "facts"),
            ("cohort.proof", "The consent was, or was not, in the cohort", "proofs"),
        ),
    ),
}


def examine(path: Path, node: Node | None, city: bytes | None) -> Report:
    """Raises UnreadableError when the file is no receipt or proof."""
    report = Report("P0" if node is None else "P1")
    for entry in EVERY:
        report.add(*entry)
    try:
        fields = Fields.parsed(path.read_bytes(), path.name)
        kind = KINDS.get(fields.text("stoa"))
        if kind is None:
            raise InvalidError(f"nobody knows a paper of kind {fields.text('stoa')!r}", path.name)
        paper = Paper(fields, report, node, city)
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}.") from error
    except InvalidError as error:
        raise UnreadableError(str(error)) from error
    report.city = paper.city
    check_paper, checks = kind
    for entry in checks:
        report.add(*entry)
    paper.check_city()
    with report[checks[-1][0]].guarded():
        check_paper(paper)
    return report
