"""All checks of `stoa-audit verify`: their ids, which never change, and what each counts."""

from stoa_audit.projection import TABLES
from stoa_audit.report import Report

BUNDLE = (
    ("bundle.files", "The files are those that the manifest names", "files"),
    ("city.file", "The city file is the expected one", "files"),
    ("chain.headers", "Every block is named by its successor, from genesis to the last", "blocks"),
    ("chain.seals", "Every block is sealed by the sequencer", "blocks"),
    ("chain.transactions", "Transactions make the root that their block names", "blocks"),
    ("chain.receipts", "Receipts make the root that their block names", "blocks"),
    ("chain.code", "The contracts have the code that the city file names", "contracts"),
    ("chain.build", "The contracts were created by a published build", "contracts"),
    ("events.known", "Every event of the contracts is one that they publish", "events"),
    ("events.follow", "Every event follows from those before it", "events"),
    ("acts.powers", "Restricted functions were called by those who held the role", "calls"),
    ("acts.persons", "Decisions name the person who acted, and two where two are needed", "decisions"),
    ("acts.signed", "Organisations signed what was done in their name", "forms"),
    ("documents.digests", "Documents have the digests that they are named by", "documents"),
    ("documents.owed", "Every document that the city owes is there", "documents"),
    ("notices.rendered", "Notices are what the terms and the templates of the decision make", "notices"),
    ("datasets.erased", "Erased leaves were in their versions", "leaves"),
    ("consents.granted", "Consents match their notice, recipient, dates and use case", "consents"),
    ("consents.signed", "Consents were signed by the keys they name", "consents"),
    ("consents.countersigned", "Consents were countersigned by the registrar", "consents"),
    ("consents.ended", "Revocations carry the signer, a signature, the code or a mandate", "revocations"),
    ("licences.bought", "Licences were sold to the applicant, at the tariff then in force", "licences"),
    ("licences.paid", "Licences were paid under the buyer's signature", "licences"),
    ("orders.opened", "Orders were opened under a valid licence, at the tariff then in force", "orders"),
    ("orders.paid", "Orders were paid under the buyer's signature", "orders"),
    ("orders.ended", "Orders are settled in time or refunded in full, exactly once", "orders"),
    ("orders.charged", "Charges are units times the pinned price, up to the cap", "orders"),
    ("orders.cohort", "Cohorts are the consents in force at the block they name", "orders"),
    (
        "orders.statement",
        "Statements are signed by a trusted attestor and say what the ledger says",
        "orders",
    ),
    ("money.conserved", "Credit in circulation is what came in less what went out", "moments"),
    ("money.covered", "Settlement holds what it owes: escrow, pots and credits", "moments"),
    ("money.split", "Parts add up to the whole, and parties were paid their parts", "tariffs and payments"),
    ("journal.entries", "Entries of the access log are well-formed and in order", "entries"),
    ("journal.roots", "Every anchored root is that of the log handed over", "anchors"),
    ("journal.runs", "Every settled run was recorded, and anchored before it was settled", "orders"),
)
NODE = (
    ("node.ledger", "The node serves this city's ledger", "questions"),
    ("node.headers", "The node has the same blocks", "blocks"),
    ("node.logs", "The node tells the same events", "events"),
    ("node.state", "Contract storage, proven to the last block, is what the events make", "slots and codes"),
    ("node.calls", "What the contracts answer at the last block is what the events make", "answers"),
)
CHECKPOINT = ("checkpoint.continues", "The bundle continues what was verified before", "facts")

NEEDS_REPLAY = (
    "documents.owed",
    "notices.rendered",
    "orders.cohort",
    "orders.statement",
    "journal.entries",
    "journal.roots",
    "journal.runs",
    *(f"projection.{name}" for name in TABLES),
    *(id_ for id_, _, _ in NODE[1:]),
)
"""What cannot be checked when the events could not be replayed to the end."""


def new_report(level: str, *, checkpoint: bool) -> Report:
    """A report in which nothing has been checked."""
    report = Report(level)
    for entry in (*BUNDLE, *((CHECKPOINT,) if checkpoint else ())):
        report.add(*entry)
    for name in TABLES:
        report.add(f"projection.{name}", f"The table {name} says what the ledger says", "rows")
    for entry in NODE:
        report.add(*entry)
    return report
