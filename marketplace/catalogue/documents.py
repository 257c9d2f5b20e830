"""JSON documents read strictly: what the schema does not name is refused by name.

Every number in a document is a whole number that JSON carries exactly (at most 2^53 - 1 in size), so one
document has the same RFC 8785 bytes, and the same digest, in every language.
"""

import json
import re
import unicodedata
from collections.abc import Collection
from typing import NoReturn, cast

from ledger.digests import canonical
from marketplace.errors import InvalidError

LARGEST_NUMBER = 2**53 - 1
LARGEST_DOCUMENT = 1_000_000
DEEPEST_NESTING = 32

# A string without its end matches as well, so that no text is looked at twice.
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")

SLUG = re.compile(r"[a-z][a-z0-9_-]{0,62}")
# What a schema, a table or a spreadsheet calls a column. No quotes, backslashes or control characters.
COLUMN_NAME = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_ .()\[\]/%-]{0,78}[A-Za-z0-9_.)\]%])?")


class DocumentError(InvalidError):
    """A document does not say what it must say, in the way it must."""

    code = "document_invalid"


class DocumentTooLargeError(DocumentError):
    code = "document_too_large"


class NotJsonError(DocumentError):
    code = "document_not_json"


class DuplicateKeyError(DocumentError):
    code = "document_duplicate_key"


class NumberNotAllowedError(DocumentError):
    """A fraction, an exponent, or a number above 2^53 - 1 in size."""

    code = "document_number_not_allowed"


class UnknownFieldError(DocumentError):
    code = "document_unknown_field"


class MissingFieldError(DocumentError):
    code = "document_missing_field"


class WrongTypeError(DocumentError):
    code = "document_wrong_type"


class ValueNotAllowedError(DocumentError):
    code = "document_value_not_allowed"


def parse_json(raw: bytes, *, limit: int = LARGEST_DOCUMENT) -> object:
    """The value that `raw` spells in JSON.

    Raises:
        DocumentTooLargeError: it is longer than `limit` bytes.
        NotJsonError: it is not UTF-8 JSON, or is nested too deep, or holds half a surrogate pair.
        DuplicateKeyError: an object names a field twice.
        NumberNotAllowedError: a number is not a whole number that JSON carries exactly.
    """
    if len(raw) > limit:
        raise DocumentTooLargeError(f"The document is longer than {limit} bytes. Shorten it.")
    try:
        text = raw.decode("utf-8")
        refuse_deep_nesting(text)
        value: object = json.loads(
            text,
            object_pairs_hook=_object_without_duplicates,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_exact_integer,
        )
        canonical(value)
    except (UnicodeError, ValueError, RecursionError):
        raise NotJsonError("The document is not JSON in UTF-8. Check it with any JSON tool.") from None
    return value


def refuse_deep_nesting(text: str) -> None:
    """Stop before the parser does: where a library has raised the recursion limit, it dies instead of stopping.

    Raises:
        ValueError: lists and objects are nested deeper than any of our documents.
    """
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST_NESTING:
            raise ValueError("nested too deep")


def _object_without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise DuplicateKeyError(f"The field {shown(name)} is given twice in one object. Keep one.")
        found[name] = value
    return found


def _exact_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST_NUMBER:
        _refuse_number(digits)
    return int(digits)


def _refuse_number(_: str) -> NoReturn:
    raise NumberNotAllowedError(
        "Numbers in a document are whole numbers of at most 2^53 - 1 in size. Use a smaller unit or text."
    )


def shown(name: str) -> str:
    """`name` for a message: as it is when it is harmless to print, described otherwise."""
    return f'"{name}"' if COLUMN_NAME.fullmatch(name) else "with an unprintable name"


class Fields:
    """One JSON object, read field by field; `at` is where it stands in the document, for messages."""

    def __init__(self, value: object, at: str, *, allowed: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise WrongTypeError(f"{at} must be an object.")
        self._values = cast(dict[str, object], value)
        self.at = at
        for name in self._values:
            if name not in allowed:
                raise UnknownFieldError(f"{at} has a field {shown(name)} that is not known. Remove it.")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def value(self, name: str) -> object:
        if name not in self._values:
            raise MissingFieldError(f'{self.at} lacks the field "{name}".')
        return self._values[name]

    def is_null(self, name: str) -> bool:
        return self.value(name) is None

    def integer(self, name: str, lowest: int = -LARGEST_NUMBER, highest: int = LARGEST_NUMBER) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise WrongTypeError(f"{self.at}.{name} must be a whole number.")
        if not lowest <= value <= highest:
            raise ValueNotAllowedError(f"{self.at}.{name} must be from {lowest} to {highest}.")
        return value

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise WrongTypeError(f"{self.at}.{name} must be true or false.")
        return value

    def text(self, name: str, longest: int = 500) -> str:
        return text_of(self.value(name), f"{self.at}.{name}", longest)

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        return matching_of(self.value(name), f"{self.at}.{name}", pattern)

    def one_of(self, name: str, options: Collection[str]) -> str:
        value = self.value(name)
        if not isinstance(value, str) or value not in options:
            raise ValueNotAllowedError(f"{self.at}.{name} must be one of: {', '.join(sorted(options))}.")
        return value

    def items(self, name: str, fewest: int = 0, most: int = 1000) -> list[tuple[object, str]]:
        """The items of a list, each with its place in the document."""
        value = self.value(name)
        if not isinstance(value, list):
            raise WrongTypeError(f"{self.at}.{name} must be a list.")
        found = cast(list[object], value)
        if not fewest <= len(found) <= most:
            raise ValueNotAllowedError(f"{self.at}.{name} must have from {fewest} to {most} items.")
        return [(item, f"{self.at}.{name}[{place}]") for place, item in enumerate(found)]


def text_of(value: object, at: str, longest: int = 500, shortest: int = 1) -> str:
    """Text a person can read: NFC, one line, with no control or direction-changing characters in it."""
    if not isinstance(value, str):
        raise WrongTypeError(f"{at} must be text.")
    if not shortest <= len(value) <= longest or value != value.strip():
        raise ValueNotAllowedError(
            f"{at} must have from {shortest} to {longest} characters and no space at its ends."
        )
    if not unicodedata.is_normalized("NFC", value) or any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in value
    ):
        raise ValueNotAllowedError(f"{at} must be plain text: NFC, no control or direction characters.")
    return value


def matching_of(value: object, at: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str):
        raise WrongTypeError(f"{at} must be text.")
    if not pattern.fullmatch(value):
        raise ValueNotAllowedError(f"{at} must match {pattern.pattern}.")
    return value


def whole_number_of(value: object, at: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongTypeError(f"{at} must be a whole number.")
    return value


def refuse_repeats(values: Collection[str], at: str) -> None:
    if len(set(values)) != len(values):
        raise ValueNotAllowedError(f"{at} names something twice. Keep one.")
