"""Transaction receipts in their consensus form, and the logs in them."""

from dataclasses import dataclass

from stoa_audit import rlp
from stoa_audit.digests import checksummed
from stoa_audit.errors import InvalidError

RECEIPT_FIELDS = 4
LOG_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    succeeded: bool
    logs: tuple[Log, ...]


def parsed(raw: bytes, place: str) -> Receipt:
    """Raises InvalidError for bytes that are no receipt."""
    content = raw[1:] if raw[:1] and raw[0] < 0x80 else raw
    fields = rlp.decoded_list(content, place)
    if len(fields) != RECEIPT_FIELDS or fields[0] not in (b"", b"\x01") or not isinstance(fields[3], list):
        raise InvalidError("this is not a receipt", place)
    logs = tuple(_log(item, f"{place}, log {index}") for index, item in enumerate(fields[3]))
    return Receipt(succeeded=fields[0] == b"\x01", logs=logs)


def _log(item: rlp.Item, place: str) -> Log:
    if not isinstance(item, list) or len(item) != LOG_FIELDS:
        raise InvalidError("this is not a log", place)
    address, topics, data = item
    if not isinstance(topics, list) or not isinstance(data, bytes):
        raise InvalidError("this is not a log", place)
    return Log(
        address=checksummed(rlp.fixed(address, 20, place)),
        topics=tuple(rlp.fixed(topic, 32, place) for topic in topics),
        data=data,
    )
