"""A report as people read it, and as programs do."""

from collections import Counter
from typing import Any

from stoa_audit.digests import hexed
from stoa_audit.projection import TABLES
from stoa_audit.report import Check, Exit, Report, Status

LEVELS = {
    "L0": "the bundle alone",
    "L1": "the bundle and one node",
    "P0": "the paper alone",
    "P1": "the paper and one node",
    "R": "one result and its digest on the ledger",
}
VERDICTS = {
    Exit.HOLDS: "Everything was checked, and everything holds.",
    Exit.WRONG: "SOMETHING IS WRONG.",
    Exit.INCOMPLETE: "Nothing wrong was found, but not everything could be checked.",
}
MARKS = {Status.HOLDS: "ok", Status.WRONG: "WRONG", Status.NOT_CHECKED: "NOT CHECKED"}
WIDTH = 11


def lines(report: Report) -> list[str]:
    """The whole report, ready to be printed."""
    city = report.city
    shown = [f"City {city.name}, {hexed(city.digest)}" if city else "", _scope(report), ""]
    for check in report.checks.values():
        shown += _check_lines(check)
    shown += ["", *_not_audited(report), *_acts(report), "", *verdict_lines(report)]
    return shown


def _scope(report: Report) -> str:
    blocks = f"blocks 0 to {report.last}, " if report.last >= 0 else ""
    return f"Level {report.level}: {LEVELS[report.level]}; {blocks}{len(report.checks)} checks"


def _check_lines(check: Check) -> list[str]:
    counted = f"{check.count:,} {check.unit}" + (f" ({check.covered})" if check.covered else "")
    shown = [f"  {MARKS[check.status]:<{WIDTH}}  {check.id:<27} {check.title}: {counted}"]
    indent = " " * (WIDTH + 4)
    if check.finding is not None:
        more = f" (and {check.wrong - 1} more)" if check.wrong > 1 else ""
        shown.append(f"{indent}-> {check.finding}{more}")
    if check.gap:
        more = f" (and {check.gaps - 1} more)" if check.gaps > 1 else ""
        shown.append(f"{indent}not checked: {check.gap}{more}")
    return shown + [f"{indent}note: {note}" for note in check.notes]


def _not_audited(report: Report) -> list[str]:
    if not any(id_.startswith("projection.") for id_ in report.checks):
        return []
    columns = sum(len(table.columns) for table in TABLES.values())
    shown = [f"Compared with the ledger: {columns} columns of {len(TABLES)} tables. Not audited:"]
    return shown + [f"  {entry}" for entry in report.not_audited or ["nothing that the manifest names"]]


def _acts(report: Report) -> list[str]:
    if not report.acts:
        return []
    counted = Counter(act["act"] for act in report.acts)
    kinds = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
    return ["", f"Acts of the city's own people ({len(report.acts)}; --json lists each): {kinds}"]


def verdict_lines(report: Report) -> list[str]:
    """The verdict, with the first thing that is wrong and what was not checked."""
    shown = [VERDICTS[report.exit]]
    shown += [f"  {check.id}: {check.finding}" for check in report.findings]
    if report.gaps:
        shown.append("Not checked: " + ", ".join(check.id for check in report.gaps))
    return shown


def document(report: Report) -> dict[str, Any]:
    """The verdict as JSON (docs/bundle.md)."""
    return {
        "stoa": "verdict/1",
        "verdict": report.exit.name.lower(),
        "exit": int(report.exit),
        "level": report.level,
        "city": hexed(report.city.digest) if report.city else None,
        "range": {"first": 0, "last": report.last} if report.last >= 0 else None,
        "checks": [check.document for check in report.checks.values()],
        "notAudited": report.not_audited,
        "acts": report.acts,
    }
