"""A node beside the bundle. A node that lies is named; one that is silent leaves a gap."""

from stoa_audit.beside import answers, blocks, events, state
from stoa_audit.beside.subject import Subject
from stoa_audit.report import Report

LOOKS = {
    "node.headers": blocks.check_headers,
    "node.logs": events.check_logs,
    "node.state": state.check_state,
    "node.calls": answers.check_calls,
}


def check_node(subject: Subject, report: Report) -> None:
    """Hold a node against blocks and events that were believed."""
    ledger = report["node.ledger"]
    with ledger.guarded():
        blocks.check_ledger(subject, ledger)
    for id_, look in LOOKS.items():
        check = report[id_]
        if ledger.finding is not None or ledger.gaps:
            check.missed("the node does not serve this city's ledger" if ledger.finding else ledger.gap)
            continue
        with check.guarded():
            look(subject, check)
            check.ran = True
