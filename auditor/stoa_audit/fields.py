"""Reading JSON that was handed over: the wanted fields, of the wanted kind, and no others."""

import re
from collections.abc import Collection
from typing import Any, cast

import orjson

from stoa_audit.digests import address_bytes, unhexed
from stoa_audit.errors import InvalidError

LARGEST = 2**53 - 1
AMOUNT = re.compile("0|[1-9][0-9]{0,19}")


def parsed_json(content: bytes | str, place: str) -> Any:
    """Raises InvalidError for what is not JSON."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidError(f"this is not JSON ({error.msg})", place) from error


class Fields:
    """A JSON object, read field by field. Everything raises InvalidError with the place."""

    def __init__(self, document: Any, place: str) -> None:
        if not isinstance(document, dict):
            raise InvalidError("a JSON object is wanted", place)
        self.document = cast("dict[str, Any]", document)
        self.place = place

    @classmethod
    def parsed(cls, content: bytes | str, place: str) -> "Fields":
        return cls(parsed_json(content, place), place)

    def only(self, names: Collection[str]) -> "Fields":
        """Require exactly these fields."""
        for name in names:
            self._get(name)
        for name in self.document:
            if name not in names:
                raise InvalidError(f"nobody knows the field {name!r}", self.place)
        return self

    def text(self, name: str) -> str:
        return cast("str", self._of(name, str, "a text"))

    def flag(self, name: str) -> bool:
        return cast("bool", self._of(name, bool, "true or false"))

    def list(self, name: str) -> list[Any]:
        return cast("list[Any]", self._of(name, list, "a list"))

    def inner(self, name: str) -> "Fields":
        return Fields(self._get(name), f"{self.place}, {name}")

    def optional(self, name: str) -> "Fields | None":
        return None if self._get(name) is None else self.inner(name)

    def whole(self, name: str) -> int:
        """A number from 0 to 2^53 - 1."""
        value = self._get(name)
        if type(value) is not int or not 0 <= value <= LARGEST:
            raise self._wrong(name, "a whole number")
        return value

    def whole_or_none(self, name: str) -> int | None:
        return None if self._get(name) is None else self.whole(name)

    def amount(self, name: str) -> int:
        """Micro-credits as a decimal string."""
        value = self.text(name)
        if not AMOUNT.fullmatch(value):
            raise self._wrong(name, "an amount")
        return int(value)

    def bytes_(self, name: str, length: int | None = None) -> bytes:
        value = unhexed(self.text(name), f"{self.place}, {name}")
        if length is not None and len(value) != length:
            raise self._wrong(name, f"{length} bytes")
        return value

    def digest(self, name: str) -> bytes:
        return self.bytes_(name, 32)

    def digest_or_none(self, name: str) -> bytes | None:
        return None if self._get(name) is None else self.digest(name)

    def address(self, name: str) -> str:
        address_bytes(self.text(name), f"{self.place}, {name}")
        return self.text(name)

    def hex_list(self, name: str) -> "list[bytes]":
        return [
            unhexed(value if isinstance(value, str) else "", f"{self.place}, {name} {index}")
            for index, value in enumerate(self.list(name))
        ]

    def _get(self, name: str) -> Any:
        if name not in self.document:
            raise InvalidError(f"the field {name!r} is missing", self.place)
        return self.document[name]

    def _of(self, name: str, kind: type, wanted: str) -> Any:
        value = self._get(name)
        if not isinstance(value, kind):
            raise self._wrong(name, wanted)
        return value

    def _wrong(self, name: str, wanted: str) -> InvalidError:
        return InvalidError(f"the field {name!r} is not {wanted}", self.place)
