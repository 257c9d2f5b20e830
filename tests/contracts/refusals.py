"""What a contract says when it will not do something: a name, and the values it compared."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

import pytest

from ledger.keys import SECP256K1_ORDER, LocalSigner
from ledger.node import RevertedError
from ledger.typed_data import Signature, signed

HALF_ORDER = SECP256K1_ORDER // 2
NOBODY = "0x" + "00" * 20

Forgery = Callable[[LocalSigner, bytes], Signature]
"""Makes something of a signer and a digest that must not pass for the signer's signature."""


@contextmanager
def refused(name: str, values: Mapping[str, object] | None = None, /, **named: object) -> Generator[None]:
    """The contract refuses what happens inside, by this name and with exactly these values."""
    with pytest.raises(RevertedError) as refusal:
        yield
    assert refusal.value.name == name, refusal.value
    assert _comparable(refusal.value.values) == _comparable({**(values or {}), **named})


def _comparable(values: Mapping[str, object]) -> dict[str, object]:
    """Addresses in revert data have no checksum."""
    return {key: value.lower() if isinstance(value, str) else value for key, value in values.items()}


def no_signature(signer: LocalSigner, digest: bytes) -> Signature:
    return Signature(bytes(32), bytes(32))


def high_s(signer: LocalSigner, digest: bytes) -> Signature:
    """An s above half the order that EIP-2098 can still carry: every signature has such a twin in principle."""
    s = HALF_ORDER + 1
    return Signature(signed(signer, digest).r, s.to_bytes(32, "big"))


def malleated(signer: LocalSigner, digest: bytes) -> Signature:
    """The other point of the same signature: r, n - s, parity flipped, squeezed into one word."""
    good = signed(signer, digest)
    word = int.from_bytes(good.vs, "big")
    twin = (SECP256K1_ORDER - (word & (2**255 - 1))) & (2**255 - 1) | (1 - (word >> 255)) << 255
    return Signature(good.r, twin.to_bytes(32, "big"))


def parity_flipped(signer: LocalSigner, digest: bytes) -> Signature:
    good = signed(signer, digest)
    return Signature(good.r, (int.from_bytes(good.vs, "big") ^ 1 << 255).to_bytes(32, "big"))


def of_a_stranger(signer: LocalSigner, digest: bytes) -> Signature:
    return signed(LocalSigner.fresh(), digest)


def over_something_else(signer: LocalSigner, digest: bytes) -> Signature:
    return signed(signer, b"\x01" * 32)


FORGERIES: tuple[Forgery, ...] = (
    no_signature,
    high_s,
    malleated,
    parity_flipped,
    of_a_stranger,
    over_something_else,
)
