"""Code: at the contracts' addresses stands the code that the city file names, in the state of the last block."""

from stoa_audit import rlp
from stoa_audit.bundle import Bundle
from stoa_audit.city import City
from stoa_audit.digests import address_bytes, hexed, keccak
from stoa_audit.errors import InvalidError
from stoa_audit.headers import Header
from stoa_audit.report import Check, Report
from stoa_audit.trie import ProofNodes

ACCOUNTS = "chain/accounts.jsonl"
ACCOUNT_FIELDS = 4


def proven_account(nodes: ProofNodes, header: Header, address: str, place: str) -> tuple[bytes, bytes]:
    """Storage root and code hash of an account in a block's state. Raises InvalidError."""
    found = nodes.value_at(header.state_root, keccak(address_bytes(address, place)), place)
    if found is None:
        raise InvalidError(f"there is no account at {address}", place)
    fields = rlp.decoded_list(found, place)
    if len(fields) != ACCOUNT_FIELDS:
        raise InvalidError("this is not an account", place)
    return rlp.fixed(fields[2], 32, place), rlp.fixed(fields[3], 32, place)


def check_code(bundle: Bundle, head: Header, report: Report) -> None:
    check = report["chain.code"]
    check.covered = f"block {head.number}"
    with check.guarded():
        proofs = {
            fields.address("address"): fields.hex_list("proof")
            for fields in (one.only(("address", "proof")) for one in bundle.objects(ACCOUNTS))
        }
        for name, address in bundle.city.addresses.items():
            if address not in proofs:
                check.missed(f"the bundle has no proof of the code of {name}")
                continue
            require_code(check, bundle.city, name, ProofNodes(proofs[address]), head)


def require_code(check: Check, city: City, name: str, nodes: ProofNodes, head: Header) -> bytes:
    """Compare one contract's code in the state of a block; its storage root."""
    place = f"{name} at {city.addresses[name]}"
    storage, code = proven_account(nodes, head, city.addresses[name], f"{place}, block {head.number}")
    check.expect(
        code == city.code_hashes[name],
        place,
        f"has code with the hash {hexed(code)}, the city file names {hexed(city.code_hashes[name])}",
    )
    return storage
