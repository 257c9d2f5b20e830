"""Contract storage, proven by the node against the state root of the last block: it can withhold, not lie."""

from stoa_audit import rlp
from stoa_audit.beside.subject import Subject
from stoa_audit.checks.accounts import require_code
from stoa_audit.digests import keccak
from stoa_audit.expected_state import expected_slots
from stoa_audit.fields import Fields
from stoa_audit.report import Check
from stoa_audit.signatures import word
from stoa_audit.storage import Slots
from stoa_audit.trie import EMPTY_ROOT, ProofNodes

KEYS_PER_PROOF = 500


def check_state(subject: Subject, check: Check) -> None:
    expected = expected_slots(subject.world)
    total, done = sum(map(len, expected.values())), 0
    check.covered = (
        f"all {total} slots that the events determine, and the contracts' code, block {subject.head.number}"
    )
    for name, slots in expected.items():
        wanted = sorted(slots)
        for start in range(0, max(len(wanted), 1), KEYS_PER_PROOF):
            keys = wanted[start : start + KEYS_PER_PROOF]
            _check_slots(subject, check, name, {key: slots[key] for key in keys})
            done += len(keys)
            subject.progress("asking the node for proofs of storage", done, total)


def _check_slots(subject: Subject, check: Check, name: str, slots: Slots) -> None:
    address, head = subject.city.addresses[name], subject.head
    place = f"{name} at {address}"
    answer = Fields(
        subject.node.ask("eth_getProof", address, [hex(slot) for slot in slots], hex(head.number)),
        f"the node's proof about {name}",
    )
    nodes = ProofNodes(answer.hex_list("accountProof"))
    storage = require_code(check, subject.city, name, nodes, head)
    proofs = [
        one for entry in answer.list("storageProof") for one in Fields(entry, answer.place).hex_list("proof")
    ]
    opened = ProofNodes(proofs)
    for slot, (value, mask) in slots.items():
        found = _stored(opened, storage, slot, f"{place}, slot {hex(slot)}")
        check.expect(
            found & mask == value,
            f"{place}, slot {hex(slot)}",
            f"holds {hex(found & mask)}, the events make {hex(value)}",
        )


def _stored(nodes: ProofNodes, storage: bytes, slot: int, place: str) -> int:
    found = None if storage == EMPTY_ROOT else nodes.value_at(storage, keccak(word(slot)), place)
    return 0 if found is None else rlp.number(rlp.decoded(found, place), place)
