"""A sealed file opens with its key, for what it belongs to, whole and unchanged, or not at all."""

import io
import os

import pytest

from marketplace.catalogue.sealed_file import SealBrokenError, WrongBindingError, seal, unseal

KEY, BINDING = bytes(range(32)), b"b" * 32
HEADER, PIECE = 8 + 32 + 7, (1 << 20) + 16
CONTENT = os.urandom(2 * (1 << 20) + 500)


def sealed(content: bytes = CONTENT) -> bytes:
    written = io.BytesIO()
    size = seal(io.BytesIO(content), written, key=KEY, binding=BINDING)
    assert size == len(written.getvalue())
    return written.getvalue()


def opened(raw: bytes, *, key: bytes = KEY, binding: bytes = BINDING) -> bytes:
    plain = io.BytesIO()
    unseal(io.BytesIO(raw), plain, key=key, binding=binding)
    return plain.getvalue()


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, len(CONTENT)])
def test_what_was_sealed_is_read_back(size: int) -> None:
    assert opened(sealed(CONTENT[:size])) == CONTENT[:size]


def test_the_same_content_is_never_sealed_the_same_way() -> None:
    assert sealed(b"rows") != sealed(b"rows")


@pytest.mark.parametrize("pieces", [[0], [0, 1], [1, 0, 2], [0, 0, 1, 2], [0, 2], [0, 1, 2, 2], []])
def test_pieces_cannot_be_dropped_swapped_or_repeated(pieces: list[int]) -> None:
    whole = sealed()
    parts = [whole[HEADER + number * PIECE : HEADER + (number + 1) * PIECE] for number in range(3)]

    with pytest.raises(SealBrokenError):
        opened(whole[:HEADER] + b"".join(parts[number] for number in pieces))


def test_pieces_of_another_file_under_the_same_key_do_not_fit() -> None:
    one, other = sealed(), sealed()

    with pytest.raises(SealBrokenError):
        opened(one[: HEADER + PIECE] + other[HEADER + PIECE :])


@pytest.mark.parametrize("raw", [b"", b"STOASLD1", b"x" * 100])
def test_other_bytes_are_no_sealed_file(raw: bytes) -> None:
    with pytest.raises(SealBrokenError):
        opened(raw)


def test_another_key_and_another_binding_are_told_apart() -> None:
    with pytest.raises(SealBrokenError):
        opened(sealed(), key=bytes(32))
    with pytest.raises(WrongBindingError):
        opened(sealed(), binding=bytes(32))


def test_a_binding_cannot_be_rewritten() -> None:
    changed = bytearray(sealed())
    changed[8:40] = bytes(32)

    with pytest.raises(SealBrokenError):
        opened(bytes(changed), binding=bytes(32))


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        opened(sealed(), key=b"short")
