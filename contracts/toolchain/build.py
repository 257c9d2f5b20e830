"""Write `contracts/artifacts`, or say how it differs from what the sources compile to.

python -m contracts.toolchain.build           compile and write
python -m contracts.toolchain.build --check   compile and compare; exit 1 on any difference
"""

import argparse
import os
import sys
from pathlib import Path

from contracts.toolchain.artifacts import Files, artifact_files
from contracts.toolchain.compiler import (
    CONTRACTS,
    CompileError,
    Sources,
    ToolchainMissingError,
    compile_sources,
    compiler_version,
    own_sources,
)

ARTIFACTS = CONTRACTS / "artifacts"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m contracts.toolchain.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args(arguments)
    try:
        fresh = fresh_files(own_sources())
    except (CompileError, ToolchainMissingError) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return report(differences(fresh, committed_files())) if options.check else write(fresh)


def fresh_files(sources: Sources) -> Files:
    return artifact_files(sources, compile_sources(sources), compiler_version())


def committed_files(folder: Path = ARTIFACTS) -> Files:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.json")}


def differences(fresh: Files, committed: Files) -> list[str]:
    """One sentence per file that a rebuild would add, change or remove."""
    sentences = {
        path: "is not committed"
        if path not in committed
        else "has no source any more"
        if path not in fresh
        else "differs from what its source compiles to"
        for path in fresh.keys() | committed.keys()
        if fresh.get(path) != committed.get(path)
    }
    return [f"artifacts/{path} {sentence}" for path, sentence in sorted(sentences.items())]


def report(found: list[str]) -> int:
    if not found:
        print("The committed artifacts are what the sources compile to.")
        return 0
    print(*found, "Rebuild with: python -m contracts.toolchain.build", sep="\n", file=sys.stderr)
    return 1


def write(fresh: Files, folder: Path = ARTIFACTS) -> int:
    """Replace what changed, file by file, so that a reader never sees half a file."""
    committed = committed_files(folder)
    for path in committed.keys() - fresh.keys():
        (folder / path).unlink()
    changed = [path for path in sorted(fresh) if fresh[path] != committed.get(path)]
    for path in changed:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(f".{os.getpid()}.draft")
        draft.write_bytes(fresh[path])
        draft.replace(target)
    print(f"{len(fresh)} artifacts, {len(changed)} of them changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
