"""docs/cli.md, written off the commands themselves: `python -m api.cli.reference --write`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from api.cli.later import everything
from api.cli.main import app
from api.cli.refusing import MEANINGS, Exit
from api.entry.saying import NAMED
from api.http.problem_codes import by_code
from api.http.problems import title_of

TARGET = Path("docs") / "cli.md"
ELSEWHERE = ("api.web", "api.registrar", "tests")
"""What no command meets."""
HEAD = """\
# The command line

`stoa` is one command for everybody: who runs a city, who buys from it, who decides about her own data, and who checks
it. This page is written off the commands (`python -m api.cli.reference --write`), and a test holds it to them.

`stoa --home FOLDER COMMAND ...` works on the city in that folder; by default it is `STOA_HOME`, or `.stoa` here. `stoa`
alone says who you are, which city this is, whether it runs, and the next three things that you can do. `--help` behind
any command shows its options; `stoa --version` says which Stoa this is.

A refusal is one line on standard error, `code: what is wrong, and what to do`, and nothing was changed. Codes never
change; sentences may. What a command answers goes to standard output; progress goes to standard error, bars only where
that is a terminal.

## Exit codes

| Code | Means |
| --- | --- |
"""
CODES = """
## Codes of refusals

These are the codes of the command line itself, of the files that it keeps, and of the processes that it starts; each
ends with exit code 1 unless it says otherwise. What the city refuses has the codes that [api.md](api.md) tells.

| Code | Means |
| --- | --- |
"""


def reference() -> str:
    """The whole page."""
    root: Any = get_command(app)
    root.commands = everything()
    exits = [f"| {code.value} | {said} |\n" for code, said in MEANINGS.items()]
    codes = [f"| `{code}` | {meaning} |\n" for code, meaning in sorted(own_codes().items())]
    return HEAD + "".join(exits) + "".join(sections(root, "stoa")) + CODES + "".join(codes)


def sections(command: Any, path: str) -> Iterator[str]:
    """A section per group, a part per command, in the order in which `--help` shows them."""
    commands: dict[str, Any] = command.commands
    alone = {name: one for name, one in commands.items() if not hasattr(one, "commands")}
    yield f"\n## `{path}`\n\n{one_line(command.help)}\n"
    for name, one in alone.items():
        yield part(one, f"{path} {name}")
    for name, one in commands.items():
        if name not in alone:
            yield from sections(one, f"{path} {name}")


def part(command: Any, path: str) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = " ".join([path, *(shown_argument(one) for one in arguments), *(["[OPTIONS]"] if options else [])])
    rows = [f"| `{shown_argument(one)}` | {told(one)} |\n" for one in arguments]
    rows += [f"| `{shown_option(one)}` | {told(one)} |\n" for one in options]
    table = "\n| | |\n| --- | --- |\n" + "".join(rows) if rows else ""
    return f"\n### `{usage}`\n\n{one_line(command.help)}\n{table}\n{one_line(command.epilog)}\n"


def shown_argument(one: Any) -> str:
    name = str(one.metavar or one.name.rstrip("_").upper())
    return name if one.required else f"[{name}]"


def shown_option(one: Any) -> str:
    name = ", ".join(one.opts)
    return name if one.is_flag else f"{name} {one.metavar or one.name.rstrip('_').upper()}"


def told(one: Any) -> str:
    """What it is for, whether it must be there or may be repeated, and what stands for it when it is left out."""
    notes: list[str] = []
    if one.required and one.param_type_name == "option":
        notes.append("asked for when left out" if one.prompt else "required")
    if one.multiple:
        notes.append("may be repeated")
    if isinstance(one.show_default, str):
        notes.append(f"by default {one.show_default}")
    elif one.default is not None and one.default is not False and not callable(one.default):
        notes.append(f"by default {getattr(one.default, 'value', one.default)}")
    if one.envvar:
        notes.append(f"or `{one.envvar}`")
    return one_line(one.help) + (f" ({'; '.join(notes)})" if notes else "")


def one_line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def own_codes() -> dict[str, str]:
    """The codes that only commands answer with, and what each means."""
    of_the_api = by_code()
    found = {
        "not_confirmed": "A question was not answered with yes, or the ledger has not confirmed in time.",
        "wrong_usage": "The command line itself is not understood (exit code 2).",
    }
    for kind in NAMED:
        for special in below(kind):
            if special.code not in of_the_api and not special.__module__.startswith(ELSEWHERE):
                found.setdefault(special.code, title_of(special))
    return found


def below(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for special in kind.__subclasses__():
        yield from below(special)


def main() -> None:
    if sys.argv[1:] != ["--write"]:
        raise typer.Exit(Exit.WRONG_USAGE)
    TARGET.write_text(reference(), "utf-8")


if __name__ == "__main__":
    main()
