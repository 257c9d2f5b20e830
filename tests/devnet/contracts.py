"""The contracts of these tests, written by hand."""

from typing import Any

from eth_hash.auto import keccak

from tests.devnet.assembly import assemble, deployment


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


KEPT = keccak(b"Kept(uint256,uint256)")
KEEP = selector("keep(uint256,uint256)")
TWICE = selector("keepTwice(uint256,uint256)")
GET = selector("get(uint256)")
NOW = selector("now()")
REFUSED = selector("Refused(uint256)")

# keep: store and log, but refuse the key 0 with an error of its own. keepTwice: log twice. now: number and time.
REGISTER = deployment(
    assemble(f"""
        0 calldataload 224 shr
        dup1 0x{KEEP.hex()} eq @keep jumpi
        dup1 0x{TWICE.hex()} eq @twice jumpi
        dup1 0x{GET.hex()} eq @get jumpi
        dup1 0x{NOW.hex()} eq @now jumpi
        0 0 revert
    get:
        4 calldataload sload 0 mstore
        32 0 return
    now:
        number 0 mstore timestamp 32 mstore
        64 0 return
    twice:
        36 calldataload 0 mstore
        4 calldataload 0x{KEPT.hex()} 32 0 log2
    keep:
        4 calldataload iszero @refuse jumpi
        36 calldataload 4 calldataload sstore
        36 calldataload 0 mstore
        4 calldataload 0x{KEPT.hex()} 32 0 log2
        stop
    refuse:
        0x{REFUSED.hex()} 0 mstore
        36 28 revert
    """)
)

# Passes its input on to the contract whose address is the first word of it, and fails if that fails. The inner call
# gets at most 63/64 of the gas, so an estimate must be higher than what is spent.
FORWARDER = deployment(
    assemble("""
        0 0
        32 calldatasize sub dup1 32 0 calldatacopy
        0 0 0 calldataload gas call
        @passed jumpi
        0 0 revert
    passed:
        stop
    """)
)

# Goes on for ever, until the gas is used up.
LOOP = deployment(assemble("again: @again jump"))

# Calls itself as deep as the gas goes.
DEEP = deployment(assemble("0 0 0 0 0 address gas call stop"))

REGISTER_ABI: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": "keep",
        "stateMutability": "nonpayable",
        "inputs": [{"name": "key", "type": "uint256"}, {"name": "value", "type": "uint256"}],
        "outputs": [],
    },
    {
        "type": "function",
        "name": "get",
        "stateMutability": "view",
        "inputs": [{"name": "key", "type": "uint256"}],
        "outputs": [{"name": "", "type": "uint256"}],
    },
    {
        "type": "event",
        "name": "Kept",
        "anonymous": False,
        "inputs": [
            {"name": "key", "type": "uint256", "indexed": True},
            {"name": "value", "type": "uint256", "indexed": False},
        ],
    },
]


def keep(key: int, value: int) -> bytes:
    return KEEP + word(key) + word(value)


def keep_twice(key: int, value: int) -> bytes:
    return TWICE + word(key) + word(value)


def get(key: int) -> bytes:
    return GET + word(key)


def through(contract: str, payload: bytes) -> bytes:
    """Input of the forwarder."""
    return word(int(contract, 16)) + payload


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")
