"""Writes the digests of the compiled contracts for the auditor: `python -m tests.auditor.builds`."""

import hashlib
import json
from pathlib import Path

from stoa_audit.contracts import NAMES

ROOT = Path(__file__).parents[2]
FILE = ROOT / "auditor" / "stoa_audit" / "builds.json"


def compiled(name: str) -> dict[str, int]:
    """SHA-256 and length of a contract's creation code without arguments."""
    artifact = json.loads((ROOT / "contracts" / "artifacts" / f"{name}.json").read_text())
    code = bytes.fromhex(artifact["bytecode"].removeprefix("0x"))
    return {"0x" + hashlib.sha256(code).hexdigest(): len(code)}


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: compiled(name) for name in NAMES}, indent=1) + "\n")
