"""An assessment in a terminal: the verdict, why, on which conditions, and the figures that it follows from."""

from api.cli.terminal import plain, say, table
from marketplace.disclosure.assessment import Report

VERDICTS = {"deny": "Deny", "allow_under_conditions": "Allow under conditions", "allow": "Allow"}
SHARE = "_share"
"""How the name of a figure ends that is in basis points."""


def show_report(report: Report) -> None:
    say(f"[bold]{VERDICTS[report.verdict.value]}[/bold]")
    for reason in report.reasons:
        say(f"  {plain(reason.sentence)}  [dim]({reason.code})[/dim]")
    if report.conditions is not None:
        for name, value in report.conditions.document().items():
            say(f"  condition: {worded(name)}: {in_words(name, value)}")
    if report.figures is not None:
        rows = [(worded(name), in_words(name, value)) for name, value in report.figures.document().items()]
        table("Figures", ("figure", "value"), rows, empty="")


def worded(name: str) -> str:
    return name.replace("_", " ")


def in_words(name: str, value: object) -> str:
    """A figure or a condition as people read it: yes or no, per cent, or the number itself."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() if name.endswith(SHARE):
            return f"{value / 100:.2f} %"
        case _:
            return str(value)
