"""`stoa audit ...`: hand the evidence over, and have it verified by the independent auditor."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import Opened, opened
from api.cli.terminal import Exit, plain, progressing, refuse, say, speaking
from api.cli.typed import digest_of
from ledger.digests import hexed
from marketplace.errors import InvalidError
from marketplace.provenance import bundle

CityDigest = Annotated[
    str | None,
    typer.Option("--city", metavar="DIGEST", help="the city you expect; by default this home's city.json"),
]


class NotAuditableError(InvalidError):
    """What was given is no receipt, proof or bundle, so that nothing was checked (exit code 2)."""

    code = "not_auditable"


app = typer.Typer(no_args_is_help=True, help="Export the city's evidence and verify it independently.")


@app.command("export", epilog="Example: stoa audit export evidence")
def export_(
    target: Annotated[Path, typer.Argument(help="a folder that does not exist yet")],
) -> None:
    """Write the bundle: sealed blocks, documents, statements, access log, and what the database says."""
    with speaking(), opened() as city:
        last = exported(city, target)
        say(f"{plain(target)} holds everything up to block {last:,}. Anybody can check it with stoa-audit.")


def exported(city: Opened, target: Path) -> int:
    with progressing("exporting blocks") as progress:
        return bundle.export(city.house, city.node, target, progress)


@app.command(epilog="Example: stoa audit verify --json verdict.json, or stoa audit verify evidence")
def verify(
    target: Annotated[
        Path | None, typer.Argument(help="a bundle; a fresh one is exported if none is named")
    ] = None,
    city_digest: CityDigest = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the verdict here as well")] = None,
) -> None:
    """Have the independent auditor replay the ledger from genesis and compare everything."""
    with speaking(), opened() as city, tempfile.TemporaryDirectory(prefix="stoa-audit-") as folder:
        chosen = target or Path(folder) / "bundle"
        arguments = ["verify", "--bundle", str(chosen), *expected(city, city_digest)]
        if target is None:
            exported(city, chosen)
        if json_file is not None:
            arguments += ["--json", str(json_file)]
        code = run_auditor(arguments, f"{chosen} is no bundle that can be audited")
    raise typer.Exit(code)


@app.command(epilog="Example: stoa audit receipt receipt.json")
def receipt(
    file: Annotated[Path, typer.Argument(help="a receipt or proof (JSON)")],
    city_digest: CityDigest = None,
) -> None:
    """Check a receipt or a proof against the city's node."""
    with speaking(), opened() as city:
        file.open("rb").close()
        code = run_auditor(
            ["receipt", str(file), *expected(city, city_digest)],
            f"{file} is no receipt and no proof, such as `stoa partner receipt` or a citizen's page gives",
        )
    raise typer.Exit(code)


def expected(city: Opened, digest: str | None) -> list[str]:
    """What the auditor is to measure against. The city's own file is what its operator knows; whoever does not
    trust this machine names the digest that is printed on a receipt, or runs stoa-audit on another one.

    Raises:
        DigestMistypedError
    """
    expected_digest = city.house.city.digest if digest is None else digest_of(digest, "a city")
    return ["--node", city.home.settings.node, "--city", hexed(expected_digest)]


def run_auditor(arguments: list[str], unreadable: str) -> int:
    """Its exit code, once it has said what it found. That it can read nothing is a refusal, which says `unreadable`.

    The auditor is a distribution of its own and shares no code with this one: it runs as its own process.
    """
    command = [sys.executable, "-m", "stoa_audit", *arguments]
    with progressing("the auditor replays everything"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == Exit.WRONG_USAGE:
        why = done.stderr.strip().removeprefix("stoa-audit: ").removeprefix("INVALID: ").rstrip(".")
        refuse(NotAuditableError.code, f"{unreadable}: {why}. Nothing was checked.", Exit.WRONG_USAGE)
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done.returncode
