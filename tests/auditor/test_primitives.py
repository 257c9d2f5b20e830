"""The auditor's own RLP, tries, trees, ABI and signatures, beside implementations of others."""

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import rlp as stock_rlp
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st
from stoa_audit import merkle, rlp
from stoa_audit.abi_words import Parameter, decoded
from stoa_audit.digests import checksummed, sha256
from stoa_audit.errors import InvalidError
from stoa_audit.headers import Header
from stoa_audit.merkle import GrowingLog, Member, holds, lacks
from stoa_audit.rules.consents import is_well_typed, last_day
from stoa_audit.signatures import HALF_ORDER, recovered, signer_of
from stoa_audit.trie import EMPTY_ROOT, ProofNodes, ordered_root
from trie.hexary import HexaryTrie

from ledger import tree
from ledger.digests import keccak
from ledger.keys import LocalSigner, compact
from tests.town import START

items: st.SearchStrategy[Any] = st.recursive(
    st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=20
)


@given(items)
def test_rlp_is_what_everybody_elses_is(item: Any) -> None:
    content = stock_rlp.encode(item)

    assert rlp.encoded(item) == content
    assert rlp.decoded(content, "here") == item


@given(st.binary(max_size=60))
def test_rlp_reads_back_only_what_it_would_have_written(content: bytes) -> None:
    with suppress(InvalidError):
        assert rlp.encoded(rlp.decoded(content, "here")) == content


def test_rlp_nested_without_end_is_refused() -> None:
    with pytest.raises(InvalidError, match="nested too deeply"):
        rlp.decoded(rlp.encoded([[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]), "here")


@given(st.lists(st.binary(min_size=1, max_size=90), max_size=200))
def test_the_root_of_a_block_is_the_tries(values: list[bytes]) -> None:
    trie = HexaryTrie({})
    for place, value in enumerate(values):
        trie[stock_rlp.encode(place)] = value

    assert ordered_root(values) == trie.root_hash


@given(st.dictionaries(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=60), max_size=40))
def test_a_proof_shows_what_is_in_a_trie_and_what_is_not(content: dict[bytes, bytes]) -> None:
    trie = HexaryTrie({})
    for key, value in content.items():
        trie[key] = value
    absent = secrets.token_bytes(32)

    for key in (*content, absent):
        proof = ProofNodes([stock_rlp.encode(node) for node in trie.get_proof(key)])
        assert proof.value_at(trie.root_hash, key, "here") == content.get(key)


def test_a_proof_that_ends_too_early_is_refused() -> None:
    trie = HexaryTrie({})
    for number in range(50):
        trie[keccak(bytes([number]))] = b"value"
    nodes = [stock_rlp.encode(node) for node in trie.get_proof(keccak(b"\x07"))]

    with pytest.raises(InvalidError, match="no node with the hash"):
        ProofNodes(nodes[:-1]).value_at(trie.root_hash, keccak(b"\x07"), "here")
    assert ProofNodes([]).value_at(EMPTY_ROOT, b"anything", "here") is None


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=60), st.binary(min_size=32, max_size=32))
def test_the_ordered_tree_and_its_proofs_are_the_ledgers(leaves: set[bytes], other: bytes) -> None:
    theirs = tree.OrderedTree(leaves)

    assert merkle.ordered_root(leaves) == theirs.root
    for leaf in leaves:
        proof = theirs.inclusion(leaf)
        assert holds(theirs.root, len(leaves), Member(leaf, proof.index, proof.path))
        assert not holds(theirs.root, len(leaves) + 1, Member(other, proof.index, proof.path))
    if other not in leaves:
        absent = theirs.exclusion(other)
        below, above = (
            None if one is None else Member(one.leaf, one.index, one.path)
            for one in (absent.below, absent.above)
        )
        assert lacks(theirs.root, len(leaves), other, below, above)
        if below is not None and above is not None:
            assert not lacks(theirs.root, len(leaves), other, below, None)
            assert not lacks(theirs.root, len(leaves), below.leaf, below, above)


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_a_growing_log_has_the_tree_head_of_rfc_9162_at_every_size(entries: list[bytes]) -> None:
    log = GrowingLog()
    for size, entry in enumerate(entries):
        assert log.root == tree.root_of_log(entries[:size])
        log.append(entry)
    assert log.root == tree.root_of_log(entries)


def test_the_empty_log_has_the_head_of_rfc_9162() -> None:
    assert GrowingLog().root == sha256(b"")


@given(st.integers(0, 2**32 - 1), st.binary(min_size=32, max_size=32), st.lists(st.booleans(), max_size=6))
def test_the_abi_is_read_as_others_write_it(number: int, digest: bytes, flags: list[bool]) -> None:
    member = Parameter("m", "tuple", (Parameter("n", "uint32"), Parameter("d", "bytes32")))
    wanted = [
        Parameter("first", "uint32"),
        Parameter("list", "tuple[]", member.parts),
        Parameter("text", "string"),
        Parameter("flags", "bool[]"),
        member,
    ]
    content = encode(
        ["uint32", "(uint32,bytes32)[]", "string", "bool[]", "(uint32,bytes32)"],
        [number, [(number, digest)] * len(flags), "Anna", flags, (number, digest)],
    )

    assert decoded(wanted, content, "here") == {
        "first": number,
        "list": [{"n": number, "d": digest}] * len(flags),
        "text": b"Anna",
        "flags": flags,
        "m": {"n": number, "d": digest},
    }


@given(st.binary(max_size=400))
def test_whatever_is_no_abi_is_refused_by_name(content: bytes) -> None:
    wanted = [Parameter("list", "tuple[]", (Parameter("n", "uint32"),)), Parameter("text", "string")]
    with suppress(InvalidError):
        assert set(decoded(wanted, content, "here")) == {"list", "text"}


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("bool", (2).to_bytes(32, "big")),
        ("uint40", (1 << 40).to_bytes(32, "big")),
        ("address", b"\x01" * 32),
        ("bytes5", b"\x01" * 32),
        ("uint32", b"\x00" * 31),
    ],
)
def test_a_word_with_bits_that_mean_nothing_is_refused(kind: str, word: bytes) -> None:
    with pytest.raises(InvalidError):
        decoded([Parameter("value", kind)], word, "here")


def test_signers_are_recovered_as_the_ledger_recovers_them() -> None:
    signer, digest = LocalSigner.fresh(), secrets.token_bytes(32)
    signature = signer.sign(digest)
    r, s, parity = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64] - 27

    assert recovered(digest, r, s, parity) == signer.address
    assert signer_of(digest, *compact(signature)) == signer.address


@pytest.mark.parametrize("case", ["high s", "zero s", "zero r", "no parity", "short r"])
def test_a_malleable_or_malformed_signature_is_nobodys(case: str) -> None:
    signer, digest = LocalSigner.fresh(), secrets.token_bytes(32)
    signature = signer.sign(digest)
    r, s, parity = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64] - 27
    order = 2 * HALF_ORDER + 1
    changed = {
        "high s": (r, order - s, 1 - parity),
        "zero s": (r, 0, parity),
        "zero r": (bytes(32), s, parity),
        "no parity": (r, s, 2),
        "short r": (r[1:], s, parity),
    }

    assert recovered(digest, *changed[case]) is None


def test_the_seal_of_the_published_example_is_read() -> None:
    example = json.loads((Path(__file__).parents[1] / "devnet" / "seal.json").read_text())
    header = Header.parsed(bytes.fromhex(example["header"][2:]), "seal.json")

    assert header.sealer is not None
    assert header.sealer.lower() == example["sequencer"]


def test_addresses_are_written_as_eip_55_says() -> None:
    for text in ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"):
        assert checksummed(bytes.fromhex(text[2:])) == text


def test_the_last_day_of_a_consent_is_the_day_before_its_midnight() -> None:
    assert last_day(START // 86_400 * 86_400) == "2026-10-25"
    assert last_day(951_868_800) == "2000-02-29"
    assert last_day(0) == ""


@given(st.integers(0, 31**19 - 1))
def test_a_code_is_well_typed_exactly_with_its_check_digit(random: int) -> None:
    right = [digit for digit in range(31) if is_well_typed(random * 31 + digit)]

    assert len(right) == 1
    assert not is_well_typed(random * 31 + right[0] + 31**20)
