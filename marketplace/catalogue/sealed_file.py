"""Files encrypted at rest with AES-256-GCM, piece by piece, so that size is no limit and a change is noticed.

Layout: 8 bytes that name the format, 32 bytes that bind the file to what it belongs to, a random 7-byte nonce
prefix, then pieces of 1 MiB, each with its 16-byte tag. A piece's nonce is the prefix, its number (4 bytes)
and whether it is the last (1 byte): the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar 2015).
Pieces cannot be swapped, dropped, repeated or cut off. The header is authenticated with every piece.

This module imports nothing of ours: the locked worker process reads versions with it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
BINDING_BYTES = 32

_FORMAT = b"STOASLD1"
_PREFIX_BYTES = 7
_HEADER_BYTES = len(_FORMAT) + BINDING_BYTES + _PREFIX_BYTES
_PIECE_BYTES = 1 << 20
_TAG_BYTES = 16


class SealBrokenError(Exception):
    """The file was changed, cut off, or is not opened by this key."""

    code = "seal_broken"


class WrongBindingError(Exception):
    """The file is whole but belongs to something else."""

    code = "wrong_binding"


def seal(plain: BinaryIO, sealed: BinaryIO, *, key: bytes, binding: bytes) -> int:
    """Write everything left in `plain` encrypted to `sealed`; returns the number of bytes written."""
    if len(binding) != BINDING_BYTES:
        raise ValueError("A binding has 32 bytes.")
    prefix = os.urandom(_PREFIX_BYTES)
    header = _FORMAT + binding + prefix
    cipher = AESGCM(_checked(key))
    written = sealed.write(header)
    for number, piece, is_last in _pieces(plain, _PIECE_BYTES):
        written += sealed.write(cipher.encrypt(_nonce(prefix, number, is_last), piece, header))
    return written


def unseal(sealed: BinaryIO, plain: BinaryIO, *, key: bytes, binding: bytes) -> None:
    """Write what `sealed` holds to `plain`. On an error, what was written so far must be thrown away.

    Raises:
        SealBrokenError: the file was changed or cut off, or the key is another file's.
        WrongBindingError: the file is bound to something else.
    """
    header = sealed.read(_HEADER_BYTES)
    if len(header) != _HEADER_BYTES or not header.startswith(_FORMAT):
        raise SealBrokenError("This is not a sealed file.")
    prefix = header[-_PREFIX_BYTES:]
    cipher = AESGCM(_checked(key))
    for number, piece, is_last in _pieces(sealed, _PIECE_BYTES + _TAG_BYTES):
        try:
            plain.write(cipher.decrypt(_nonce(prefix, number, is_last), piece, header))
        except InvalidTag:
            raise SealBrokenError("The file was changed, cut off, or has another key.") from None
    if header[len(_FORMAT) : -_PREFIX_BYTES] != binding:
        raise WrongBindingError("The file is whole but belongs to something else.")


def unseal_path(path: Path, plain: BinaryIO, *, key: bytes, binding: bytes) -> None:
    with path.open("rb") as sealed:
        unseal(sealed, plain, key=key, binding=binding)


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("A sealing key has 32 bytes.")
    return key


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([is_last])


def _pieces(source: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Pieces of `size` bytes with their number; the last may be shorter, and an empty file has one."""
    number, piece = 0, source.read(size)
    while True:
        following = source.read(size)
        yield number, piece, not following
        if not following:
            return
        number, piece = number + 1, following
