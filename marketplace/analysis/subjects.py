"""Sets of data subjects as bitmaps: bit i of a whole number stands for subject index i."""

from collections.abc import Iterable, Iterator

SubjectSet = int

NOBODY: SubjectSet = 0

_LOW_FIRST = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def subject_set(indexes: Iterable[int]) -> SubjectSet:
    """The set of these indexes.

    Raises:
        ValueError: an index is negative.
    """
    found = list(indexes)
    bits = bytearray(max(found, default=0) // 8 + 1)
    for index in found:
        if index < 0:
            raise ValueError("A subject index is not negative.")
        bits[index // 8] |= 1 << index % 8
    return int.from_bytes(bits, "little")


def everybody(count: int) -> SubjectSet:
    """The subjects 0 to `count` - 1."""
    return (1 << count) - 1


def members(subjects: SubjectSet) -> Iterator[int]:
    """The indexes in the set, ascending."""
    for place, byte in enumerate(to_bytes(subjects)):
        for bit in _LOW_FIRST[byte]:
            yield place * 8 + bit


def to_bytes(subjects: SubjectSet) -> bytes:
    """Index i is bit i % 8 of byte i // 8; as short as it can be."""
    return subjects.to_bytes((subjects.bit_length() + 7) // 8, "little")


def from_bytes(raw: bytes) -> SubjectSet:
    return int.from_bytes(raw, "little")


def engine_bits(subjects: SubjectSet) -> bytes:
    """As the engine counts bits: index i is the i-th from the left."""
    return to_bytes(subjects).translate(_MIRRORED)
