"""The committed artifacts are what the sources compile to, and nothing else decides their bytes."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from contracts.toolchain import build
from contracts.toolchain.build import ARTIFACTS, committed_files, differences, fresh_files
from contracts.toolchain.compiler import CONTRACTS, SETTINGS, TOOLCHAIN, CompileError, own_sources

HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"
BOX = {
    "src/Box.sol": HEAD
    + """import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
contract Box is EIP712 {
    struct Slot { uint40 grantedIn; address signer; }
    mapping(bytes32 => Slot) private _slots;
    address private immutable _city;
    constructor(address city) EIP712("Box", "1") { _city = city; }
    function put(bytes32 id) external returns (bytes32) {
        _slots[id].signer = _city;
        return _domainSeparatorV4();
    }
}
"""
}
NEIGHBOUR = {
    "src/A.sol": HEAD + "contract A { struct Before { uint8 x; } Before public first; }\n",
    "src/interfaces/IBox.sol": HEAD + "interface IBox { function put(bytes32 id) external; }\n",
}


needs_solc = pytest.mark.skipif(
    not (TOOLCHAIN / "node_modules" / "solc").is_dir(), reason="the compiler is not installed: make contracts"
)


@pytest.fixture(scope="module")
def box() -> dict[str, bytes]:
    return fresh_files(BOX)


def test_the_lock_file_names_no_registry_host_and_pins_every_package() -> None:
    packages = json.loads((TOOLCHAIN / "package-lock.json").read_text())["packages"]
    del packages[""]

    assert all("integrity" in package and "resolved" not in package for package in packages.values())
    assert "http" not in (TOOLCHAIN / "package.json").read_text() + (TOOLCHAIN / ".npmrc").read_text()


def test_every_source_has_the_digest_that_the_artifacts_were_made_from() -> None:
    recorded = json.loads((ARTIFACTS / "build.json").read_text())["sources"]
    ours = {name: digest for name, digest in recorded.items() if name.startswith("src/")}

    assert ours == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in own_sources().items()}


def test_a_stale_a_missing_and_a_forgotten_artifact_are_told_apart() -> None:
    fresh = {"Kept.json": b"1", "New.json": b"1", "Edited.json": b"2"}
    committed = {"Kept.json": b"1", "Gone.json": b"1", "Edited.json": b"1"}

    assert differences(fresh, committed) == [
        "artifacts/Edited.json differs from what its source compiles to",
        "artifacts/Gone.json has no source any more",
        "artifacts/New.json is not committed",
    ]


def test_writing_replaces_what_changed_and_removes_what_has_no_source(tmp_path: Path) -> None:
    (tmp_path / "Gone.json").write_bytes(b"1")

    build.write({"Box.json": b"2", "interfaces/IBox.json": b"3"}, tmp_path)

    assert committed_files(tmp_path) == {"Box.json": b"2", "interfaces/IBox.json": b"3"}


@pytest.mark.toolchain
@needs_solc
def test_the_committed_artifacts_are_what_the_sources_compile_to() -> None:
    assert differences(fresh_files(own_sources()), committed_files()) == []


@pytest.mark.toolchain
@needs_solc
def test_an_artifact_changes_only_with_its_own_contract(box: dict[str, bytes]) -> None:
    beside_others = fresh_files(BOX | NEIGHBOUR)

    assert beside_others["Box.json"] == box["Box.json"]
    assert {"A.json", "interfaces/IBox.json"} == beside_others.keys() - box.keys()


@pytest.mark.toolchain
@needs_solc
def test_immutables_go_by_name_and_the_places_are_blank_in_the_code(box: dict[str, bytes]) -> None:
    artifact = json.loads(box["Box.json"])
    code = bytes.fromhex(artifact["deployedBytecode"][2:])
    places = artifact["immutableReferences"]

    assert {"Box._city", "EIP712._cachedDomainSeparator"} <= places.keys()
    for place in places["Box._city"]:
        assert code[place["start"] : place["start"] + place["length"]] == bytes(32)


@pytest.mark.toolchain
@needs_solc
def test_equal_code_makes_equal_bytes_whatever_its_comments_say(box: dict[str, bytes]) -> None:
    commented = {"src/Box.sol": BOX["src/Box.sol"] + "// A remark.\n"}
    again = fresh_files(commented)

    assert again["Box.json"] == box["Box.json"]
    assert again["build.json"] != box["build.json"]


@pytest.mark.toolchain
@needs_solc
@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("contract Box { uint256 x }", "ParserError"),
        ("contract Box { function f() external pure { uint256 unused; } }", "Warning: Unused local variable"),
        ("contract Box { function f() external { nobody(); } }", "Undeclared identifier"),
    ],
)
def test_errors_and_warnings_stop_the_build_with_file_and_line(body: str, complaint: str) -> None:
    with pytest.raises(CompileError, match=complaint) as refusal:
        fresh_files({"src/Box.sol": HEAD + body})
    assert "src/Box.sol:3:" in str(refusal.value)


@pytest.mark.toolchain
@needs_solc
def test_two_contracts_of_one_name_are_refused() -> None:
    with pytest.raises(CompileError, match="called Box too"):
        fresh_files({"src/a/Box.sol": HEAD + "contract Box {}", "src/b/Box.sol": HEAD + "contract Box {}"})


@pytest.mark.toolchain
@needs_solc
def test_analysers_can_read_the_compiler_through_combined_json(tmp_path: Path) -> None:
    (tmp_path / "Box.sol").write_text(BOX["src/Box.sol"])
    outputs = "abi,ast,bin,bin-runtime,srcmap,srcmap-runtime,hashes"
    remapping = f"@openzeppelin/={TOOLCHAIN / 'node_modules' / '@openzeppelin'}/"

    answer = subprocess.run(
        [TOOLCHAIN / "solc", "--combined-json", outputs, remapping, "Box.sol", "--allow-paths", "."],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    box = json.loads(answer.stdout)
    assert "put(bytes32)" in box["contracts"]["Box.sol:Box"]["hashes"]
    assert "Box.sol" in box["sourceList"]
    assert box["sources"]["Box.sol"]["AST"]["nodeType"] == "SourceUnit"


@pytest.mark.toolchain
def test_forge_compiles_with_the_same_settings() -> None:
    forge = TOOLCHAIN / "node_modules" / ".bin" / "forge"
    if not forge.exists():
        pytest.skip("forge has no build for this platform")

    answer = subprocess.run([forge, "config", "--json"], cwd=CONTRACTS, check=True, capture_output=True)

    settings = json.loads(answer.stdout)
    assert settings["evm_version"] == SETTINGS["evmVersion"]
    assert settings["optimizer_runs"] == SETTINGS["optimizer"]["runs"]
    assert settings["via_ir"] == SETTINGS["viaIR"]
    assert (settings["bytecode_hash"], settings["cbor_metadata"]) == ("none", False)
    assert settings["remappings"] == SETTINGS["remappings"]
