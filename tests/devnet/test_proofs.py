"""What an auditor can check with block headers alone: proofs, receipts roots, seals."""

import json
from pathlib import Path
from typing import Any

import rlp
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from ledger.devnet.chain import Devnet
from ledger.devnet.genesis import checksum_of
from ledger.devnet.seal import sealer_of
from ledger.keys import LocalSigner, checksum
from tests.devnet.conftest import Clock
from tests.devnet.contracts import keep, keep_twice, word
from tests.devnet.people import Person, ask


def proven(root: str, key: bytes, proof: list[str]) -> bytes:
    """What the proof shows to be under `key`; raises when it shows nothing."""
    nodes = [rlp.decode(bytes.fromhex(part[2:])) for part in proof]
    return HexaryTrie.get_from_proof(bytes.fromhex(root[2:]), keccak(key), nodes)  # type: ignore[arg-type]


def account_in(told: dict[str, Any]) -> bytes:
    fields = [told["nonce"], told["balance"], told["storageHash"], told["codeHash"]]
    nonce, balance = (int(each, 16) for each in fields[:2])
    return rlp.encode([nonce, balance, *(bytes.fromhex(each[2:]) for each in fields[2:])])


def test_a_proof_leads_from_the_state_root_to_account_and_slots(
    devnet: Devnet, anna: Person, register: str
) -> None:
    for key in range(1, 40):
        anna.send_raw(anna.sign(register, keep(key, key + 100)))
    wanted = [0x01, 0x07, 0x27, 0x999]

    told = ask(devnet.rpc, "eth_getProof", register, [hex(key) for key in wanted], "latest")

    root = ask(devnet.rpc, "eth_getBlockByNumber", "latest", False)["stateRoot"]
    assert proven(root, bytes.fromhex(register[2:]), told["accountProof"]) == account_in(told)
    for key, slot in zip(wanted, told["storageProof"], strict=True):
        value = key + 100 if key < 40 else 0
        assert int(slot["value"], 16) == value
        assert proven(told["storageHash"], word(key), slot["proof"]) == (rlp.encode(value) if value else b"")


def test_a_proof_at_an_old_block_fits_its_root(devnet: Devnet, anna: Person, register: str) -> None:
    old = anna.send(register, keep(5, 7))["blockNumber"]
    anna.send(register, keep(5, 8))

    told = ask(devnet.rpc, "eth_getProof", register, ["0x5"], old)

    root = ask(devnet.rpc, "eth_getBlockByNumber", old, False)["stateRoot"]
    assert told["storageProof"][0]["value"] == "0x7"
    assert proven(root, bytes.fromhex(register[2:]), told["accountProof"]) == account_in(told)
    assert proven(told["storageHash"], word(5), told["storageProof"][0]["proof"]) == rlp.encode(7)


def test_the_absence_of_an_account_is_proven(devnet: Devnet, anna: Person, register: str) -> None:
    stranger = "0x" + "99" * 20

    told = ask(devnet.rpc, "eth_getProof", stranger, ["0x0"], "latest")

    root = ask(devnet.rpc, "eth_getBlockByNumber", "latest", False)["stateRoot"]
    assert proven(root, bytes.fromhex(stranger[2:]), told["accountProof"]) == b""
    assert told["storageProof"] == [{"key": "0x0", "value": "0x0", "proof": []}]


def test_the_receipts_root_is_that_of_the_receipts_told(devnet: Devnet, anna: Person, register: str) -> None:
    raws = [anna.sign(register, keep_twice(key, 1)) for key in range(1, 4)]
    raws += [anna.sign(register, keep(9, 9), gasPrice=0), anna.sign(register, keep(0, 0))]
    for answer in devnet.sequencer.intake.submit_all(raws):
        answer.result()

    block = ask(devnet.rpc, "eth_getBlockByNumber", "latest", False)
    receipts = ask(devnet.rpc, "eth_getBlockReceipts", "latest")

    trie = HexaryTrie({})
    for position, receipt in enumerate(receipts):
        trie[rlp.encode(position)] = encoded_receipt(receipt)
    assert len(receipts) == 5
    assert "0x" + trie.root_hash.hex() == block["receiptsRoot"]


def encoded_receipt(receipt: dict[str, Any]) -> bytes:
    logs = [
        [
            bytes.fromhex(log["address"][2:]),
            [bytes.fromhex(topic[2:]) for topic in log["topics"]],
            bytes.fromhex(log["data"][2:]),
        ]
        for log in receipt["logs"]
    ]
    bloom = bytes.fromhex(receipt["logsBloom"][2:])
    payload = rlp.encode([int(receipt["status"], 16), int(receipt["cumulativeGasUsed"], 16), bloom, logs])
    kind = int(receipt["type"], 16)
    return (bytes([kind]) if kind else b"") + payload


def raw_header(devnet: Devnet, number: int) -> bytes:
    return bytes.fromhex(ask(devnet.rpc, "debug_getRawHeader", hex(number))[2:])


def test_every_block_is_sealed_by_the_sequencer_that_genesis_names(
    devnet: Devnet, anna: Person, register: str
) -> None:
    anna.send(register, keep(5, 7))
    devnet.mine()

    genesis = ask(devnet.rpc, "eth_getBlockByNumber", "0x0", False)
    assert genesis["extraData"] == "0x" + devnet.genesis.sequencer.hex()
    for number in range(1, devnet.head.block_number + 1):
        assert sealer_of(raw_header(devnet, number)) == checksum_of(devnet.genesis.sequencer)


def test_a_header_with_a_changed_byte_is_not_sealed(devnet: Devnet, anna: Person, register: str) -> None:
    anna.send(register, keep(5, 7))
    header = raw_header(devnet, devnet.head.block_number)
    sequencer = checksum_of(devnet.genesis.sequencer)

    for place in range(len(header)):
        changed = header[:place] + bytes([header[place] ^ 1]) + header[place + 1 :]
        assert sealer_of(changed) != sequencer, f"byte {place}"


@given(st.binary(max_size=700))
@settings(max_examples=200)
def test_bytes_that_are_no_header_have_no_sealer(junk: bytes) -> None:
    assert sealer_of(junk) is None


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.lists(st.binary(max_size=3), max_size=2)),
        min_size=21,
        max_size=21,
    )
)
@settings(max_examples=200)
def test_a_list_of_21_fields_that_is_no_header_has_no_sealer(fields: list[Any]) -> None:
    fields[12], fields[19] = b"\xff" * 32, b"\xff" * 32

    assert sealer_of(rlp.encode(fields)) is None


def test_another_key_does_not_make_this_chain_s_seal(devnet: Devnet) -> None:
    with Devnet.in_memory(signer=LocalSigner.fresh()) as other:
        other.mine()
        header = raw_header(other, 1)

    assert sealer_of(header) not in (None, checksum_of(devnet.genesis.sequencer))


def test_block_times_may_be_equal_and_never_decrease(devnet: Devnet, clock: Clock) -> None:
    start = devnet.genesis.timestamp
    times: list[int] = []
    for now in (start, start, start - 50, start + 5):
        clock.now = now
        devnet.mine()
        times.append(devnet.head.timestamp)

    assert times == [start, start, start, start + 5]


def test_the_published_example_of_a_seal_verifies() -> None:
    """`docs/devnet.md` gives it to whoever writes the rule again."""
    example: dict[str, str] = json.loads((Path(__file__).parent / "seal.json").read_text())
    header = bytes.fromhex(example["header"][2:])
    fields: list[bytes] = rlp.decode(header)  # type: ignore[assignment]
    blank = [*fields[:12], b"", *fields[13:19], bytes(32), fields[20]]

    assert sealer_of(header) == checksum(example["sequencer"])
    assert "0x" + keccak(header).hex() == example["block_hash"]
    assert "0x" + keccak(rlp.encode(blank)).hex() == example["signed_digest"]
    assert ["0x" + fields[19].hex(), "0x" + fields[12].hex()] == [example["r"], example["vs"]]
