"""Lint the contracts: forge fmt, forge lint and slither. Prints each tool's seconds.

python -m contracts.toolchain.lint    exit 1 for a finding that accepted.toml does not justify, for a justification that
                                      no tool asks for any more, and for a tool that could not run
"""

import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, cast

from contracts.toolchain.compiler import CONTRACTS, TOOLCHAIN, ToolchainMissingError, require_toolchain

FORGE = TOOLCHAIN / "node_modules" / ".bin" / "forge"
SLITHER = TOOLCHAIN / ".venv" / "bin" / "slither"
ACCEPTED = TOOLCHAIN / "accepted.toml"


class Finding(NamedTuple):
    tool: str
    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.tool} {self.rule}: {self.where}"


class LinterFailedError(Exception):
    """A linter is not installed or did not do its work. Nothing is known about the contracts then."""

    code = "linter_failed"


def main() -> int:
    try:
        require_toolchain()
        require(FORGE, "cd contracts/toolchain && npm ci")
        require(SLITHER, "make lint-contracts")
        complaints = [
            *timed("forge fmt", unformatted),
            *timed("forge lint", lambda: judged("forge", forge_findings())),
            *timed("slither", lambda: judged("slither", slither_findings())),
        ]
    except (LinterFailedError, ToolchainMissingError) as failure:
        print(failure, file=sys.stderr)
        return 1
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


def require(program: Path, remedy: str) -> None:
    if not program.exists():
        raise LinterFailedError(f"{program.name} is not installed. Run: {remedy}")


def timed(name: str, look: Callable[[], list[str]]) -> list[str]:
    started = time.monotonic()
    complaints = look()
    print(f"{name}: {time.monotonic() - started:.1f} s, {len(complaints)} complaints", flush=True)
    return complaints


def unformatted() -> list[str]:
    answer = run([str(FORGE), "fmt", "--check", "src", "test"])
    if answer.returncode == 0:
        return []
    files = [
        line.removeprefix("Diff in ").rstrip(":") for line in answer.stdout.splitlines() if "Diff in" in line
    ]
    if not files:
        raise LinterFailedError(f"forge fmt failed:\n{answer.stderr}")
    return [f"{file} is not formatted. Run: forge fmt" for file in files]


def forge_findings() -> set[Finding]:
    answer = run([str(FORGE), "lint", "--json", "src"], FOUNDRY_PROFILE="lint")
    try:
        messages = [json.loads(line) for line in answer.stderr.splitlines() if line.strip()]
        return {forge_finding(message) for message in messages}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise LinterFailedError(f"forge lint failed:\n{answer.stderr}") from error


def forge_finding(message: dict[str, Any]) -> Finding:
    """Its rule, and the line of code it is about: line numbers would change with every edit."""
    span = next(each for each in message["spans"] if each["is_primary"])
    return Finding(
        "forge", message["code"]["code"], f"{span['file_name']}: {span['text'][0]['text'].strip()}"
    )


def slither_findings() -> set[Finding]:
    answer = run(
        [
            str(SLITHER),
            ".",
            "--foundry-out-directory",
            "cache/slither/out",
            "--filter-paths",
            "node_modules",
            "--json",
            "-",
        ],
        FOUNDRY_PROFILE="slither",
    )
    try:
        report = json.loads(answer.stdout)
        if not report["success"]:
            raise LinterFailedError(f"slither failed:\n{report['error']}")
        return {slither_finding(found) for found in report["results"]["detectors"]}
    except (ValueError, KeyError, TypeError) as error:
        raise LinterFailedError(f"slither failed:\n{answer.stderr}") from error


def slither_finding(found: dict[str, Any]) -> Finding:
    return Finding("slither", found["check"], found["description"].split(" (", 1)[0])


def judged(tool: str, found: set[Finding], path: Path = ACCEPTED) -> list[str]:
    """What is wrong: findings that nobody justified, and justifications that nobody needs.

    A tool that finds nothing because it did not look leaves every justification without a finding.
    """
    known = {each for each in accepted(path) if each.tool == tool}
    return [
        *(f"{each} (mend it, or justify it in {path.name})" for each in sorted(found - known)),
        *(f"{each} is justified in {path.name} and not found any more" for each in sorted(known - found)),
    ]


def accepted(path: Path = ACCEPTED) -> Iterable[Finding]:
    """Every finding that stays.

    Raises:
        LinterFailedError: one of them without a reason.
    """
    for entry in cast("list[dict[str, Any]]", tomllib.loads(path.read_text("utf-8"))["accepted"]):
        if not str(entry.get("why", "")).strip():
            raise LinterFailedError(f"{entry['rule']} is accepted without a reason.")
        for where in entry["where"]:
            yield Finding(entry["tool"], entry["rule"], where)


def run(command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    path = f"{FORGE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path, "FOUNDRY_PROFILE": "default"} | settings
    return subprocess.run(
        command, cwd=CONTRACTS, env=environment, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
