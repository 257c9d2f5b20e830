"""How much code there is: `python -m benchmarks.size`, as Markdown.

Lines per package, and the longest files written by hand, of what git tracks. Counted are Python, Solidity, JavaScript,
templates and styles; lines of code are those that are neither blank nor a comment (a docstring is code).
"""

import argparse
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
SUFFIXES = {".py", ".sol", ".js", ".mjs", ".html", ".css"}
COMMENTS = ("#", "//", "/*", "*", "{#", "<!--")
GENERATED = (
    "contracts/artifacts/",
    "auditor/stoa_audit/abi/",
    "api/web/static/vendor/",
    "ledger/bindings.py",
)
"""Written by a tool or by somebody else: not counted."""
PARTS = ("ledger/devnet",)
"""Shown apart from the package that they are in."""


@dataclass(frozen=True, slots=True)
class File:
    path: str
    lines: int
    code: int

    @classmethod
    def read(cls, path: str) -> "File":
        lines = (ROOT / path).read_text(encoding="utf-8", errors="replace").splitlines()
        code = [line for line in map(str.strip, lines) if line and not line.startswith(COMMENTS)]
        return cls(path, len(lines), len(code))

    @property
    def package(self) -> str:
        part = next((part for part in PARTS if self.path.startswith(part + "/")), None)
        return part or PurePosixPath(self.path).parts[0]


def counted(path: str) -> bool:
    """Whether somebody wrote this file by hand, in a language that is counted, inside a package."""
    return (
        PurePosixPath(path).suffix in SUFFIXES
        and "/" in path
        and not path.startswith(GENERATED)
        and (ROOT / path).is_file()
    )


def tracked() -> list[File]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [File.read(path) for path in listed.split("\0") if counted(path)]


def tables(files: Iterable[File], longest: int) -> list[str]:
    packages: dict[str, list[File]] = defaultdict(list)
    for file in files:
        packages[file.package].append(file)
    shown = ["| Package | Files | Lines | Of them code | Lines a file |", "| --- | --: | --: | --: | --: |"]
    for name, found in sorted(packages.items(), key=lambda one: -sum(file.lines for file in one[1])):
        shown.append(_row(f"`{name}/`", found))
    every = [file for found in packages.values() for file in found]
    shown += [_row("all", every), "", "| Longest files written by hand | Lines |", "| --- | --: |"]
    for file in sorted(every, key=lambda one: -one.lines)[:longest]:
        shown.append(f"| `{file.path}` | {file.lines:,} |")
    return shown


def _row(name: str, files: list[File]) -> str:
    lines, code = sum(file.lines for file in files), sum(file.code for file in files)
    return f"| {name} | {len(files):,} | {lines:,} | {code:,} | {lines / max(1, len(files)):.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.size",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--longest", type=int, default=10, help="how many files (default: %(default)s)")
    print("\n".join(tables(tracked(), parser.parse_args().longest)))


if __name__ == "__main__":
    main()
