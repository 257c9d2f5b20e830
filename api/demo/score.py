"""How the demonstration speaks: an act, then one line per step, with its seconds. Details only on request."""

import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from api.demo.gauge import Gauge, Spent
from ledger.node import Node


@dataclass
class Step:
    """One line of the play, while it is being played."""

    title: str
    note: str = ""
    details: list[str] = field(default_factory=list[str])
    done_before: bool = False
    progress: Callable[[int, int], None] = lambda done, total: None
    """Shows how much of a long step is done."""

    def say(self, note: str) -> None:
        """What is shown behind the title when the step is done."""
        self.note = note

    def detail(self, text: str) -> None:
        self.details.append(text)

    def already(self, note: str = "already done") -> None:
        self.done_before = True
        self.note = note


class Score:
    """Prints the play and keeps its record."""

    def __init__(self, console: Console, *, details: bool = False) -> None:
        self._console = console
        self._details = details
        self._started = time.monotonic()
        self.record: dict[str, Any] = {"acts": [], "verdict": None}
        self._act_started = self._started
        self._gauge: Gauge | None = None
        self.spent = Spent()
        """What came to the ledger since the play began to watch it."""

    def watch(self, node: Node) -> None:
        """Count from now on what each step costs this ledger."""
        self._gauge = Gauge(node)

    def act(self, title: str) -> None:
        self.end_act()
        self._act_started = time.monotonic()
        self.record["acts"].append({"title": title, "steps": [], "seconds": None})
        self._console.print(f"\n[bold]{title}[/bold]")

    def end_act(self) -> None:
        acts = self.record["acts"]
        if acts and acts[-1]["seconds"] is None:
            acts[-1]["seconds"] = round(time.monotonic() - self._act_started, 2)
            acts[-1]["gas"] = sum(step["gas"] for step in acts[-1]["steps"])

    @contextmanager
    def step(self, title: str) -> Generator[Step]:
        step = Step(title)
        started = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24))
        seen = self._console.is_terminal  # a file or a pipe would get an empty line for each bar
        with Progress(*columns, console=self._console, transient=True, disable=not seen) as bar:
            task = bar.add_task(title, total=None)
            step.progress = lambda done, total: bar.update(task, completed=done, total=total)
            yield step
        seconds = time.monotonic() - started
        self._print(step, seconds)
        spent = Spent() if self._gauge is None else self._gauge.read()
        self.spent += spent
        self.record["acts"][-1]["steps"].append(
            {
                "title": title,
                "note": step.note,
                "seconds": round(seconds, 3),
                "transactions": spent.transactions,
                "gas": spent.gas,
                "new": not step.done_before,
                "details": step.details,
            }
        )

    def _print(self, step: Step, seconds: float) -> None:
        mark = "[dim]·[/dim]" if step.done_before else "[green]✓[/green]"
        note = f" [dim]{step.note}[/dim]" if step.note else ""
        self._console.print(f"  {mark} {step.title}{note} [dim]{seconds:.1f} s[/dim]", soft_wrap=True)
        if self._details:
            for line in step.details:
                self._console.print(f"      [dim]{line}[/dim]", soft_wrap=True)

    def show(self, text: str) -> None:
        """Something the audience sees: a notice, a chart, a receipt."""
        for line in text.splitlines():
            self._console.print(f"      {line}", markup=False, soft_wrap=True)

    def write(self, path: Path) -> None:
        self.end_act()
        self.record["seconds"] = round(time.monotonic() - self._started, 2)
        self.record |= {"transactions": self.spent.transactions, "gas": self.spent.gas}
        path.write_text(json.dumps(self.record, indent=2) + "\n")
