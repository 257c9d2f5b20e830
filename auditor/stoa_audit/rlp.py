"""RLP, strictly: one encoding per value, and nothing after it."""

from typing import TypeAlias

from stoa_audit.errors import InvalidError

Item: TypeAlias = bytes | list["Item"]

DEEPEST = 16


def decoded(content: bytes, place: str) -> Item:
    """The one item in `content`. Raises InvalidError, naming the byte, for any other encoding than the canonical."""
    item, end = _read(content, 0, len(content), place, 0)
    if end != len(content):
        raise InvalidError("RLP goes on after its end", f"{place}, byte {end}")
    return item


def decoded_list(content: bytes, place: str) -> list[Item]:
    item = decoded(content, place)
    if isinstance(item, bytes):
        raise InvalidError("a list is wanted", place)
    return item


def encoded(item: Item) -> bytes:
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _head(0x80, len(item)) + item
    content = b"".join(map(encoded, item))
    return _head(0xC0, len(content)) + content


def number(item: Item, place: str) -> int:
    """A whole number: big-endian without leading zeros."""
    if not isinstance(item, bytes) or item[:1] == b"\0" or len(item) > 32:
        raise InvalidError("this is not a number", place)
    return int.from_bytes(item, "big")


def fixed(item: Item, length: int, place: str) -> bytes:
    if not isinstance(item, bytes) or len(item) != length:
        raise InvalidError(f"{length} bytes are wanted", place)
    return item


def whole(value: int) -> bytes:
    """A number as RLP carries it."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _head(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = whole(length)
    return bytes([offset + 55 + len(size)]) + size


def _read(content: bytes, at: int, end: int, place: str, depth: int) -> tuple[Item, int]:
    if at >= end:
        raise InvalidError("RLP ends too early", f"{place}, byte {at}")
    if depth > DEEPEST:
        raise InvalidError("RLP is nested too deeply", f"{place}, byte {at}")
    first = content[at]
    if first < 0x80:
        return content[at : at + 1], at + 1
    is_list = first >= 0xC0
    start, stop = _span(content, at, first - (0xC0 if is_list else 0x80), end, place)
    if not is_list:
        if stop - start == 1 and content[start] < 0x80:
            raise InvalidError("RLP is not canonical", f"{place}, byte {at}")
        return content[start:stop], stop
    items: list[Item] = []
    while start < stop:
        item, start = _read(content, start, stop, place, depth + 1)
        items.append(item)
    return items, stop


def _span(content: bytes, at: int, short: int, end: int, place: str) -> tuple[int, int]:
    """Where the content of the item at `at` starts and stops."""
    start, length = at + 1, short
    if short > 55:
        size = short - 55
        digits = content[start : start + size]
        length = int.from_bytes(digits, "big")
        if len(digits) < size or digits[0] == 0 or length < 56:
            raise InvalidError("RLP is not canonical", f"{place}, byte {at}")
        start += size
    if start + length > end:
        raise InvalidError("RLP ends too early", f"{place}, byte {at}")
    return start, start + length
