"""JSON documents read strictly: what the schema does not name is refused by name.

Every number in a document is a whole number that JSON carries exactly (at most 2^53 - 1 in size), so one
document has the same RFC 8785 bytes, and the same digest, in every language.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from typing import NoReturn, TypeVar, cast

from ledger.digests import canonical
from marketplace.errors import InvalidError

LARGEST_NUMBER = 2**53 - 1
LARGEST_DOCUMENT = 1_000_000
DEEPEST_NESTING = 32
MOST_MISTAKES_NAMED = 30
MOST_NAMES_LISTED = 30

T = TypeVar("T")
Read = Callable[[object, str], T]
"""From a value and its place in the document to what it means. Raises DocumentError."""

# A string without its end matches as well, so that no text is looked at twice.
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")

SLUG = re.compile(r"[a-z][a-z0-9_-]{0,62}")
# What a schema, a table or a spreadsheet calls a column. No quotes, backslashes or control characters.
COLUMN_NAME = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_ .()\[\]/%-]{0,78}[A-Za-z0-9_.)\]%])?")
_IN_WORDS = {
    SLUG: "be a name of small letters, digits, _ and -, a letter first, at most 63 in all",
    COLUMN_NAME: "be a column's name of letters, digits, spaces and _.()[]/%-, a letter or _ first, at most 80",
}


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
    except json.JSONDecodeError as error:
        raise NotJsonError(
            f"The document is not JSON from line {error.lineno}, column {error.colno} on. A comma, a quote or a "
            "bracket is missing there, or one too many."
        ) from None
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


def listed(names: Iterable[str]) -> str:
    """Names for a message, in the order given; of many, the first."""
    all_names = list(names)
    named = ", ".join(shown(name) for name in all_names[:MOST_NAMES_LISTED])
    more = len(all_names) - MOST_NAMES_LISTED
    return f"{named} and {more} more" if more > 0 else named or "none"


class PartUnreadableError(Exception):
    """A part of a document was given up because its mistakes are noted. Never leaves the reading of a document."""


class Mistakes:
    """What is wrong with one document, gathered while the rest of it is read: one answer names it all.

    Whoever starts reading a document ends with `refuse`; until then, what was read may have stand-ins in it.
    """

    def __init__(self) -> None:
        self._found: dict[str, DocumentError] = {}

    def note(self, error: DocumentError) -> None:
        self._found.setdefault(str(error), error)

    def refuse(self) -> None:
        """Nothing, when nothing was noted.

        Raises:
            DocumentError: of the first mistake's class; its sentence names every one.
        """
        found = list(self._found.values())
        if len(found) == 1:
            raise found[0]
        if found:
            named = " ".join(f"({n}) {error}" for n, error in enumerate(found[:MOST_MISTAKES_NAMED], start=1))
            more = len(found) - MOST_MISTAKES_NAMED
            rest = f" And {more} more." if more > 0 else ""
            raise type(found[0])(f"There are {len(found)} mistakes. {named}{rest}")


class Fields:
    """One JSON object, read field by field; `at` is where it stands in the document, for messages.

    A field that cannot be read is noted, and something harmless stands in for it, so that the others are read too.
    `require_sound` comes before anything that follows from several fields.
    """

    def __init__(self, value: object, at: str, mistakes: Mistakes, *, allowed: Collection[str]) -> None:
        if not isinstance(value, dict):
            raise WrongTypeError(f"{at} must be an object.")
        self._values = cast(dict[str, object], value)
        self._sound = True
        self.at = at
        self.mistakes = mistakes
        for name in self._values:
            if name not in allowed:
                self._note(
                    UnknownFieldError(
                        f"{at} has a field {shown(name)} that is not known. Remove it; there may be: "
                        f"{listed(sorted(allowed))}."
                    )
                )

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _note(self, error: DocumentError | PartUnreadableError) -> None:
        self._sound = False
        if isinstance(error, DocumentError):
            self.mistakes.note(error)

    @contextmanager
    def noting(self) -> Generator[None]:
        """What is wrong in this block is noted, and the reading goes on after it."""
        try:
            yield
        except (DocumentError, PartUnreadableError) as error:
            self._note(error)

    def require_sound(self) -> None:
        """Raises PartUnreadableError: something of this object is noted already; what follows from it would mislead."""
        if not self._sound:
            raise PartUnreadableError

    def value(self, name: str) -> object:
        """Raises MissingFieldError."""
        if name not in self._values:
            raise MissingFieldError(f'{self.at} lacks the field "{name}".')
        return self._values[name]

    def read(self, name: str, read: Read[T], instead: T) -> T:
        """The field as `read` takes it; where it does not, that is noted and `instead` stands in."""
        try:
            return read(self.value(name), f"{self.at}.{name}")
        except (DocumentError, PartUnreadableError) as error:
            self._note(error)
            return instead

    def unless_null(self, name: str, read: Read[T]) -> T | None:
        return self.read(name, lambda value, at: None if value is None else read(value, at), None)

    def integer(self, name: str, lowest: int = -LARGEST_NUMBER, highest: int = LARGEST_NUMBER) -> int:
        return self.read(name, lambda value, at: whole_number_of(value, at, lowest, highest), lowest)

    def flag(self, name: str) -> bool:
        return self.read(name, flag_of, False)

    def text(self, name: str, longest: int = 500) -> str:
        return self.read(name, lambda value, at: text_of(value, at, longest), "")

    def matching(self, name: str, pattern: re.Pattern[str], words: str | None = None) -> str:
        return self.read(name, lambda value, at: matching_of(value, at, pattern, words), "")

    def one_of(self, name: str, options: Collection[str]) -> str:
        return self.read(name, lambda value, at: one_of(value, at, options), min(options))

    def items(self, name: str, fewest: int = 0, most: int = 1000) -> list[tuple[object, str]]:
        """The items of a list, each with its place in the document."""
        return self.read(name, lambda value, at: items_of(value, at, fewest, most), [])

    def each(self, name: str, read: Read[T], fewest: int = 0, most: int = 1000) -> list[T]:
        """The items of a list as `read` takes them, without those that it does not."""
        found: list[T] = []
        for item, at in self.items(name, fewest, most):
            with self.noting():
                found.append(read(item, at))
        return found


def kind_of(value: object, at: str, field: str, fields_by_kind: dict[str, frozenset[str]]) -> str:
    """Which of the kinds of objects this is, as its `field` says.

    Raises:
        DocumentError: it is none of them. What else is wrong with it depends on its kind.
    """
    if not isinstance(value, dict):
        raise WrongTypeError(f"{at} must be an object.")
    values = cast(dict[str, object], value)
    if field not in values:
        raise MissingFieldError(f'{at} lacks the field "{field}".')
    return one_of(values[field], f"{at}.{field}", fields_by_kind)


def name_in(value: object, field: str) -> str | None:
    """The text in a field of what may be an object that cannot be read."""
    found = cast(dict[str, object], value).get(field) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def flag_of(value: object, at: str) -> bool:
    if not isinstance(value, bool):
        raise WrongTypeError(f"{at} must be true or false.")
    return value


def one_of(value: object, at: str, options: Collection[str]) -> str:
    if not isinstance(value, str) or value not in options:
        raise ValueNotAllowedError(f"{at} must be one of: {', '.join(sorted(options))}.")
    return value


def items_of(value: object, at: str, fewest: int, most: int) -> list[tuple[object, str]]:
    if not isinstance(value, list):
        raise WrongTypeError(f"{at} must be a list.")
    found = cast(list[object], value)
    if not fewest <= len(found) <= most:
        raise ValueNotAllowedError(f"{at} must have from {fewest} to {most} items.")
    return [(item, f"{at}[{place}]") for place, item in enumerate(found)]


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


def matching_of(value: object, at: str, pattern: re.Pattern[str], words: str | None = None) -> str:
    """Text of this pattern; `words` say in a message what it must be."""
    if not isinstance(value, str):
        raise WrongTypeError(f"{at} must be text.")
    if not pattern.fullmatch(value):
        raise ValueNotAllowedError(
            f"{at} must {words or _IN_WORDS.get(pattern) or f'match {pattern.pattern}'}."
        )
    return value


def whole_number_of(
    value: object, at: str, lowest: int = -LARGEST_NUMBER, highest: int = LARGEST_NUMBER
) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongTypeError(f"{at} must be a whole number.")
    if not lowest <= value <= highest:
        raise ValueNotAllowedError(f"{at} must be from {lowest} to {highest}.")
    return value


def refuse_repeats(values: Collection[str], at: str) -> None:
    repeated = [value for value, times in Counter(values).items() if times > 1]
    if repeated:
        raise ValueNotAllowedError(f"{at} names something twice: {listed(repeated)}. Keep one.")
