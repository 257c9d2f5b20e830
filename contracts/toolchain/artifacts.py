"""Turn solc's output into the committed artifact files.

Numbers that solc gives to syntax nodes change when any file changes. They are replaced, so that an artifact
differs exactly when its own contract does: immutables get their name, type ids are numbered from one.
"""

import hashlib
import json
import re
from collections.abc import Iterator

from contracts.toolchain.compiler import CONTRACTS, LIBRARIES, SETTINGS, CompileError, Json, Sources

Files = dict[str, bytes]


def artifact_files(sources: Sources, output: Json, version: str) -> Files:
    """The content of every file below `contracts/artifacts`, by its path there."""
    names = names_of_variables(output)
    files: Files = {"build.json": encode(build_record(sources, output, version))}
    for source, members in sorted(output.get("contracts", {}).items()):
        definitions = {node["name"]: node for node in contract_definitions(output["sources"][source]["ast"])}
        for name, contract in sorted(members.items()):
            made = artifact(name, contract, definitions[name], names)
            if made is None:
                continue
            path, content = made
            if path in files:
                raise CompileError(f"{source}: another contract is called {name} too. Rename one of them.")
            files[path] = encode({"sourceName": source} | content)
    return files


def artifact(name: str, contract: Json, definition: Json, names: dict[str, str]) -> tuple[str, Json] | None:
    """Path and content for one contract; None for what is never deployed and has no interface of its own."""
    kind = definition["contractKind"]
    if kind == "interface":
        selectors = contract["evm"]["methodIdentifiers"]
        return f"interfaces/{name}.json", {
            "contractName": name,
            "abi": contract["abi"],
            "methodIdentifiers": selectors,
        }
    if definition["abstract"] or (kind == "library" and not contract["evm"]["methodIdentifiers"]):
        return None
    return f"{name}.json", deployable(name, contract, names)


def deployable(name: str, contract: Json, names: dict[str, str]) -> Json:
    creation, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if creation["linkReferences"]:
        raise CompileError(f"{name} needs a linked library. Make the library's functions internal.")
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + creation["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": {
            names[node]: places for node, places in deployed["immutableReferences"].items()
        },
        "methodIdentifiers": contract["evm"]["methodIdentifiers"],
        "storageLayout": renumbered(contract["storageLayout"]),
    }


def build_record(sources: Sources, output: Json, version: str) -> Json:
    """What decided the bytes: compiler, settings, and the SHA-256 of every file used, libraries included."""
    used = {name: sources.get(name) or (CONTRACTS / name).read_text("utf-8") for name in output["sources"]}
    return {
        "compiler": version,
        "settings": SETTINGS,
        "sources": {
            name.removeprefix(LIBRARIES): hashlib.sha256(text.encode()).hexdigest()
            for name, text in used.items()
        },
    }


def renumbered(layout: Json) -> Json:
    """The layout without node numbers: `t_struct(Slot)4711_storage` becomes `t_struct(Slot)1_storage`."""
    numbers: dict[str, str] = {}

    def replace(found: re.Match[str]) -> str:
        return ")" + numbers.setdefault(found[1], str(len(numbers) + 1))

    return json.loads(re.sub(r"(?<=\w)\)(\d+)", replace, json.dumps(without_node_numbers(layout))))


def without_node_numbers(value: object) -> object:
    match value:
        case dict():
            return {key: without_node_numbers(inner) for key, inner in value.items() if key != "astId"}
        case list():
            return [without_node_numbers(inner) for inner in value]
        case _:
            return value


def names_of_variables(output: Json) -> dict[str, str]:
    """Name of each state variable, as `Contract.variable`, by the number of its syntax node."""
    return {
        str(node["id"]): f"{definition['name']}.{node['name']}"
        for source in output["sources"].values()
        for definition in contract_definitions(source["ast"])
        for node in definition["nodes"]
        if node["nodeType"] == "VariableDeclaration"
    }


def contract_definitions(tree: Json) -> Iterator[Json]:
    return (node for node in tree["nodes"] if node["nodeType"] == "ContractDefinition")


def encode(content: Json) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
