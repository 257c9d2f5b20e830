"""What every receipt and proof carries: the city, the genesis block, the newest block, and evidence of events."""

from dataclasses import dataclass

from stoa_audit import receipts, rlp
from stoa_audit.abi_words import Values
from stoa_audit.beside.blocks import header_of
from stoa_audit.checks.files import NO_CITY
from stoa_audit.city import City
from stoa_audit.contracts import contract_abi
from stoa_audit.digests import hexed
from stoa_audit.errors import InvalidError, NodeError
from stoa_audit.fields import Fields
from stoa_audit.header_chain import NO_SEQUENCER
from stoa_audit.headers import Header
from stoa_audit.node import Node
from stoa_audit.report import Check, Report
from stoa_audit.trie import ProofNodes

TRUSTED_BY = {
    "registrar": ("Consents", "RegistrarSet", "registrar"),
    "attestor": ("Journal", "AttestorSet", "key"),
}
"""Which event, and which of its fields, says whom the city trusts."""


@dataclass(frozen=True, slots=True)
class Proven:
    """An event that is in a sealed block."""

    values: Values
    header: Header


class Paper:
    """One paper under examination."""

    def __init__(self, fields: Fields, report: Report, node: Node | None, city: bytes | None) -> None:
        self.fields = fields
        self.report = report
        self.node = node
        self.city = City.parsed(fields.inner("city"))
        self._wanted = city
        self._genesis = Header.parsed(fields.bytes_("genesis"), "genesis")
        self.newest = Header.parsed(fields.bytes_("newest"), "newest")
        self._on_chain: set[int] = set()

    def check_city(self) -> None:
        """Whether the paper is of one city, the expected one, and its blocks are sealed."""
        check = self.report["paper.city"]
        city = self.city
        if self._wanted is None:
            check.missed(NO_CITY)
            check.notes.append(f"compare with what the city publishes: {hexed(city.digest)}")
        else:
            check.expect(city.digest == self._wanted, "city", f"has the digest {hexed(city.digest)}")
        check.expect(self._genesis.hash == city.genesis, "genesis", "is not the genesis block of the city")
        self.check_block(self.newest, "newest")

    def check_block(self, header: Header, place: str) -> None:
        """Whether a block is sealed, and still in the node's chain."""
        seals, chain = self.report["paper.seals"], self.report["paper.chain"]
        sequencer = self._genesis.named_sequencer
        is_genesis = header.hash == self.city.genesis
        if sequencer is None:
            seals.missed(NO_SEQUENCER)
        else:
            seals.expect(
                is_genesis or header.sealer == sequencer,
                f"{place}, block {header.number}",
                f"is sealed by {header.sealer or 'nobody'}, the sequencer is {sequencer}",
            )
        if header.number in self._on_chain:
            return
        self._on_chain.add(header.number)
        if self.node is None:
            chain.missed("no node was named (--node URL)")
            return
        with chain.guarded():
            answer = self.node.ask("eth_getBlockByNumber", hex(header.number), False)
            if answer is None:
                raise NodeError(f"the node does not have block {header.number}")
            chain.expect(
                header_of(answer, f"block {header.number} of the node") == header.raw,
                f"{place}, block {header.number}",
                "is not in the node's chain: the ledger was rewritten, or this is another one",
            )

    def expect_trusted(self, check: Check, kind: str, key: str | None, place: str) -> None:
        """Whether the city trusts, or once trusted, a registrar's address or an attestor's key.

        The city file names the first of each. Later ones are looked up on the ledger, which takes a node.
        """
        first = self.city.registrar if kind == "registrar" else hexed(self.city.attestor)
        if key is None or key == first:
            check.expect(key is not None, place, f"has no valid signature of the {kind}")
        elif self.node is None:
            check.missed(f"signed by the {kind} {key}, not the city's first: name a node to look it up")
        else:
            with check.guarded():
                known = key in self._trusted_keys(self.node, kind)
                check.expect(known, place, f"was signed by {key}, whom the city never trusted as {kind}")

    def _trusted_keys(self, node: Node, kind: str) -> set[str]:
        """Every key that an event of the ledger names, by the node's word."""
        contract, name, field = TRUSTED_BY[kind]
        event = next(one for one in contract_abi(contract).events.values() if one.name == name)
        asked = {"fromBlock": "0x0", "address": self.city.addresses[contract], "topics": [hexed(event.topic)]}
        found = node.ask("eth_getLogs", asked)
        keys: set[str] = set()
        for entry in found if isinstance(found, list) else []:
            said = Fields(entry, f"eth_getLogs of {name}")
            key = event.decoded(said.hex_list("topics"), said.bytes_("data"), said.place)[field]
            keys.add(hexed(key) if isinstance(key, bytes) else key)
        return keys

    def proven(self, evidence: Fields, contract: str, names: tuple[str, ...]) -> tuple[str, Proven]:
        """The event that evidence is about. Raises InvalidError when it does not prove one of `names`."""
        evidence.only(("header", "log", "proof", "transaction"))
        place = evidence.place
        header = Header.parsed(evidence.bytes_("header"), place)
        self.check_block(header, place)
        key = rlp.encoded(rlp.whole(evidence.whole("transaction")))
        raw = ProofNodes(evidence.hex_list("proof")).value_at(header.receipts_root, key, place)
        if raw is None:
            raise InvalidError("there is no such receipt in this block", place)
        logs = receipts.parsed(raw, place).logs
        if evidence.whole("log") >= len(logs):
            raise InvalidError("there is no such log in this receipt", place)
        log = logs[evidence.whole("log")]
        event = contract_abi(contract).events.get(log.topics[0]) if log.topics else None
        if log.address != self.city.addresses[contract] or event is None or event.name not in names:
            raise InvalidError(f"this log is not {' or '.join(names)} of the city's {contract}", place)
        if header.number > self.newest.number:
            raise InvalidError("this block is newer than the newest one of the paper", place)
        return event.name, Proven(event.decoded(log.topics, log.data, place), header)
